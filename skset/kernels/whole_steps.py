"""Whole training steps of a perceptron in one call: gather, forward, loss, backward.

Python is entered once for a step, or for several of a small network. All threads of a
team run the same code and share each phase of a step by claiming its chunks, see
`skset.runtime.claims`: the features of the batch, the tiles of a layer's outputs, the
loss, the chunks of a layer's connections, and the sum of the squared weights. What a
chunk is depends on the network alone. So the bits do not depend on the threads.

A network is a table of addresses, a row for each layer, from the input to the output.
The columns are named below. One kernel serves networks of any depth and all optimisers.
"""

import numpy as np

from skset.kernels.addresses import array_at
from skset.kernels.batches import turn_rows
from skset.kernels.column_losses import (
    BINARY,
    CLASSES,
    loss_of_bits,
    loss_of_classes,
    loss_of_numbers,
)
from skset.kernels.lanes import bare
from skset.kernels.memory import Array
from skset.kernels.products import forward_tile
from skset.kernels.steps import CHUNK, differentiate, unit_of_chunk
from skset.kernels.sums import add_up_rows
from skset.kernels.updates import move, put_back, step_of, step_of_bias
from skset.runtime.claims import await_done, claim, finish
from skset.runtime.jit import inlined, kernel

__all__ = ["train"]

# Columns of the table. Sizes: inputs, outputs, connections, tiles of the outputs.
N_IN, N_OUT, NNZ, N_TILES = range(4)
# Addresses: the pattern, its starts by tiles, the weights, the bias, both with the
# optimiser's arrays (0 if it has none), inputs, outputs and their deltas, and a number
# for each chunk of connections. The last is that of the values at which connections are
# held, NaN for those that move; 0 if all move.
INDPTR, INDICES, STARTS, WEIGHTS, FIRST, SECOND = range(4, 10)
BIAS, BIAS_FIRST, BIAS_SECOND, INPUTS, OUTPUTS, DELTAS, SQUARES = range(10, 17)
HELD, N_COLUMNS = 17, 18
# Parts of a step. A loss that is not compiled is computed between the others.
FORWARD, LOSS, BACKWARD = 1, 2, 4
# Features of a batch that a thread gathers at a time.
FEATURES = 256


@inlined
def chunks_of(nnz):
    """Return the number of chunks of so many connections."""
    return max(1, (nnz + CHUNK - 1) // CHUNK)


@inlined
def _optional(address, n, like):
    """Return n numbers at an address, none if it is 0."""
    return array_at(address, (n if address else 0,), like)


@inlined
def _turn(start, stop, source, shape, rows, kind, batch):
    """Write some features of the batch, from an X with numbers like `kind`."""
    X = array_at(source[0], shape, kind)
    shift = array_at(source[3], (shape[1],), np.empty(0, np.float64))
    factor = array_at(source[4], (shape[1],), np.empty(0, np.float64))
    turn_rows(start, stop, X, rows, shift, factor, batch)


@inlined
def _gather(claims, rank, phase, pause, layer, source, rows, like):
    """Write the rows of X into the inputs of the first layer; return the next phase.

    `source` is described at `train`.
    """
    n_samples, itemsize = source[1], source[2]
    n_features = layer[N_IN]
    n = (n_features + FEATURES - 1) // FEATURES if itemsize else 0
    batch = array_at(layer[INPUTS], (n_features, rows.size), like)
    shape = (n_samples, n_features)
    chunk = claim(claims, rank, phase, n)
    while chunk >= 0:
        start = chunk * FEATURES
        stop = min(start + FEATURES, n_features)
        if itemsize == 4:
            _turn(start, stop, source, shape, rows, np.empty(0, np.float32), batch)
        else:
            _turn(start, stop, source, shape, rows, np.empty(0, np.float64), batch)
        finish(claims, phase)
        chunk = claim(claims, rank, phase, n)
    await_done(claims, phase, n, pause)
    return phase + 1


@inlined
def _go_forward(claims, rank, phase, pause, layer, slope, width, like):
    """Write the outputs of a layer; return the next phase."""
    n_in, n_out, n_tiles = layer[N_IN], layer[N_OUT], layer[N_TILES]
    pattern = np.empty(0, np.int64)
    starts = array_at(layer[STARTS], (n_in * n_tiles + 1,), pattern)
    indices = array_at(layer[INDICES], (layer[NNZ],), np.empty(0, np.int32))
    weights = array_at(layer[WEIGHTS], (layer[NNZ],), like)
    bias = array_at(layer[BIAS], (n_out,), like)
    X = array_at(layer[INPUTS], (n_in, width), like)
    Z = array_at(layer[OUTPUTS], (n_out, width), like)
    tile = claim(claims, rank, phase, n_tiles)
    while tile >= 0:
        forward_tile(tile, n_tiles, starts, indices, weights, bias, slope, X, Z)
        finish(claims, phase)
        tile = claim(claims, rank, phase, n_tiles)
    await_done(claims, phase, n_tiles, pause)
    return phase + 1


@inlined
def _compare(
    claims, rank, phase, pause, layer, loss, labels, targets, weights, losses, s
):
    """Write the loss of step s, and the deltas over the last layer's outputs."""
    kind, smoothing = loss
    if claim(claims, rank, phase, 1) == 0:
        Z = array_at(layer[OUTPUTS], (layer[N_OUT], weights.size), weights)
        if kind == CLASSES:
            losses[s] = loss_of_classes(Z, labels, weights, smoothing)
        elif kind == BINARY:
            losses[s] = loss_of_bits(Z, targets, weights, smoothing)
        else:
            losses[s] = loss_of_numbers(Z, targets, weights)
        finish(claims, phase)
    await_done(claims, phase, 1, pause)
    return phase + 1


@inlined
def _move_bias(layer, width, gradient, free):
    """Take a step with the bias of a layer."""
    n = layer[N_OUT]
    bias = array_at(layer[BIAS], (n,), gradient)
    first = _optional(layer[BIAS_FIRST], n, gradient)
    second = _optional(layer[BIAS_SECOND], n, gradient)
    add_up_rows(array_at(layer[DELTAS], (n, width), gradient), gradient)
    move(0, n, bare(bias), bare(first), bare(second), bare(gradient), free)


@inlined
def _go_back(
    claims, rank, phase, pause, layer, DX, slope, width, gradients, step, free
):
    """Write the deltas DX of a layer's inputs and take a step; return the next phase.

    The first chunk is the bias.
    """
    n_in, n_out, nnz = layer[N_IN], layer[N_OUT], layer[NNZ]
    indptr = array_at(layer[INDPTR], (n_in + 1,), np.empty(0, np.int64))
    indices = array_at(layer[INDICES], (nnz,), np.empty(0, np.int32))
    weights = array_at(layer[WEIGHTS], (nnz,), gradients)
    first = _optional(layer[FIRST], nnz, gradients)
    second = _optional(layer[SECOND], nnz, gradients)
    X = array_at(layer[INPUTS], (n_in, width), gradients)
    D = array_at(layer[DELTAS], (n_out, width), gradients)
    n_chunks = chunks_of(nnz)
    squares = array_at(layer[SQUARES], (n_chunks,), np.empty(0, np.float64))
    moved = bare(weights), bare(first), bare(second), bare(gradients)
    held = _optional(layer[HELD], nnz, gradients)
    chunk = claim(claims, rank, phase, n_chunks + 1)
    while chunk >= 0:
        if chunk == 0:
            _move_bias(layer, width, gradients, free)
        else:
            start = unit_of_chunk(chunk - 1, n_chunks, indptr)
            stop = unit_of_chunk(chunk, n_chunks, indptr)
            differentiate(
                start, stop, indptr, indices, weights, X, D, DX, slope, gradients
            )
            squares[chunk - 1] = move(indptr[start], indptr[stop], *moved, step)
            if held.size:
                put_back(indptr[start], indptr[stop], held, weights)
        finish(claims, phase)
        chunk = claim(claims, rank, phase, n_chunks + 1)
    await_done(claims, phase, n_chunks + 1, pause)
    return phase + 1


@inlined
def _penalise(claims, rank, phase, pause, table, l2, losses, s):
    """Add the penalty to the loss of step s; return the next phase."""
    n = 1 if l2 else 0
    if claim(claims, rank, phase, n) == 0:
        total = 0.0
        for depth in range(table.shape[0]):
            n_chunks = chunks_of(table[depth, NNZ])
            address = table[depth, SQUARES]
            squares = array_at(address, (n_chunks,), np.empty(0, np.float64))
            for chunk in range(n_chunks):
                total += squares[chunk]
        losses[s] += 0.5 * np.float64(l2) * total
        finish(claims, phase)
    await_done(claims, phase, n, pause)
    return phase + 1


@kernel
def train(
    claims: Array,
    rank: int,
    phase: int,
    pause: int,
    table: Array,
    slopes: Array,
    source: Array,
    rows: Array,
    loss: tuple[int, float],
    labels: Array,
    targets: Array,
    weights: Array,
    rule: int,
    numbers: Array,
    parts: int,
    losses: Array,
) -> int:
    """Take some steps, or parts of one; return the phase after the last one.

    After a loss that is not finite no more is done.

    Parameters
    ----------
    claims, rank, phase, pause
        See `skset.runtime.claims`.
    table : ndarray of shape (n_layers, N_COLUMNS), int64
        The network, see above.
    slopes : ndarray of shape (n_layers,)
        Of each layer's activation below zero; 1 for the last layer.
    source : ndarray of shape (5,), int64
        Address of a C-contiguous X, its number of rows, the bytes of a number, 4 or 8,
        and the addresses of shift and factor, see `gather_dense`; all are 0 if the
        inputs of the first layer are there already.
    rows : ndarray of shape (n_steps, width), int64
        Rows of X, for each step.
    loss : tuple of int and float
        Kind of loss, see `column_losses.py`, and the label smoothing.
    labels : ndarray of shape (n_steps, width) or (n_steps, 0), int64
        Class numbers.
    targets : ndarray of shape (n_steps, width, n_outputs) or (n_steps, 0, 0)
        Targets of the other losses.
    weights : ndarray of shape (n_steps, width)
        Sample weights.
    rule, numbers : int, ndarray of shape (n_steps, 8)
        The optimiser's rule and the numbers of each step, see `Step`.
    parts : int
        Which of `FORWARD`, `LOSS` and `BACKWARD` is done, added up.
    losses : ndarray of shape (n_steps,), float64
        Where the losses go, penalty included. A loss that is not computed here is there
        already.
    """
    n_layers, widest = table.shape[0], 0
    for depth in range(n_layers):
        widest = max(widest, table[depth, N_OUT])
    gradients = np.empty(CHUNK + widest, weights.dtype)
    width = weights.shape[1]
    for s in range(weights.shape[0]):
        step, free = step_of(rule, numbers[s]), step_of_bias(rule, numbers[s])
        if parts & FORWARD:
            phase = _gather(
                claims, rank, phase, pause, table[0], source, rows[s], gradients
            )
            for depth in range(n_layers):
                layer, slope = table[depth], slopes[depth]
                phase = _go_forward(
                    claims, rank, phase, pause, layer, slope, width, gradients
                )
        if parts & LOSS:
            known = labels[s], targets[s], weights[s], losses, s
            phase = _compare(
                claims, rank, phase, pause, table[n_layers - 1], loss, *known
            )
            if not np.isfinite(losses[s]):
                break
        if parts & BACKWARD:
            for depth in range(n_layers - 1, -1, -1):
                layer, below = table[depth], table[max(depth, 1) - 1]
                slope = slopes[max(depth, 1) - 1]
                shape = (below[N_OUT] if depth else 0, width)
                DX = array_at(below[DELTAS], shape, gradients)
                given = layer, DX, slope, width, gradients, step, free
                phase = _go_back(claims, rank, phase, pause, *given)
            phase = _penalise(claims, rank, phase, pause, table, step.l2, losses, s)
            if not np.isfinite(losses[s]):
                break
    return phase
