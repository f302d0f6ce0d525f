"""Products of a sparse layer with a batch.

Arrays: X (n_in, batch) inputs, Z (n_out, batch) outputs, D (n_out, batch) deltas, all
C-contiguous. So every connection is one or two vector operations along the batch.
Pattern, weights and optimiser state are in by-input order, and every kernel walks them
in this order. So only rows of Z or D are not read in sequence. Only
`forward_by_output` takes a copy in by-output order, for predictions of many samples.

Every kernel works on the units, or the tiles of units, from ``start`` to ``stop``, and
writes only their rows. So threads can share a layer without races, and the bits do not
depend on the number of threads.

A batch of any width is cut into pieces of 32 columns and smaller ones for the rest.
A piece of a row is in vector registers. The functions for a piece are compiled into
their callers, once for each of the six widths.
"""

import numpy as np

from skset.kernels.lanes import (
    add,
    at,
    bare,
    behind,
    full,
    item,
    load,
    multiply_add,
    prefetch,
    put,
    store,
    width,
)
from skset.kernels.memory import Array
from skset.runtime.jit import inlined, kernel

__all__ = ["AHEAD", "forward", "forward_by_output", "pull_back"]

# A row is asked for so many connections before it is needed.
AHEAD = 16


@inlined
def _scatter(like, column, n_done, i, low, high, indices, weights, X, Z):
    """Add to each of the rows Z[indices] the piece of X[i] times its weight.

    The first `n_done` columns are done already.
    """
    x = behind(load(X, i, column, like), n_done)
    k = low
    while k + 4 <= high:  # the rows differ: all can be read before one is written
        a, b, c, d = (
            item(indices, k),
            item(indices, k + 1),
            item(indices, k + 2),
            item(indices, k + 3),
        )
        za, zb = load(Z, a, column, x), load(Z, b, column, x)
        zc, zd = load(Z, c, column, x), load(Z, d, column, x)
        store(Z, a, column, multiply_add(item(weights, k), x, za))
        store(Z, b, column, multiply_add(item(weights, k + 1), x, zb))
        store(Z, c, column, multiply_add(item(weights, k + 2), x, zc))
        store(Z, d, column, multiply_add(item(weights, k + 3), x, zd))
        k += 4
    while k < high:
        z = load(Z, item(indices, k), column, x)
        store(Z, item(indices, k), column, multiply_add(item(weights, k), x, z))
        k += 1


@inlined
def _scatter_row(i, low, high, indices, weights, zero, X, Z):
    """Add to each of the rows Z[indices] the row X[i] times its weight.

    The last piece may begin within the one before, which is less work than two narrower
    pieces. There its inputs count as zeros.
    """
    columns, column = width(X), 0
    while columns - column > 16 and columns >= 32:
        first, like = min(column, columns - 32), full(32, zero)
        done = column - first
        _scatter(like, first, done, i, low, high, indices, weights, X, Z)
        column = first + 32
    while columns - column > 8 and columns >= 16:
        first, like = min(column, columns - 16), full(16, zero)
        done = column - first
        _scatter(like, first, done, i, low, high, indices, weights, X, Z)
        column = first + 16
    while columns - column > 4 and columns >= 8:
        first, like = min(column, columns - 8), full(8, zero)
        done = column - first
        _scatter(like, first, done, i, low, high, indices, weights, X, Z)
        column = first + 8
    while columns - column > 2 and columns >= 4:
        first, like = min(column, columns - 4), full(4, zero)
        done = column - first
        _scatter(like, first, done, i, low, high, indices, weights, X, Z)
        column = first + 4
    while columns - column > 1 and columns >= 2:
        first, like = min(column, columns - 2), full(2, zero)
        done = column - first
        _scatter(like, first, done, i, low, high, indices, weights, X, Z)
        column = first + 2
    if column < columns:
        like = full(1, zero)
        _scatter(like, column, 0, i, low, high, indices, weights, X, Z)


@inlined
def _scatter_one(i, low, high, indices, weights, zero, x, z):
    """Add to each of the numbers z[indices] the number x[i] times its weight.

    Nothing is done for an input of 0, as half of the units behind a rectifier are.
    """
    if item(x, i) == 0:
        return
    value = at(x, i, full(1, zero))
    for k in range(low, high):
        j = item(indices, k)
        put(z, j, multiply_add(item(weights, k), value, at(z, j, value)))


@inlined
def _lowest(slope, Z):
    """Return the lowest sum that is multiplied by the slope.

    0 times minus infinity is 0 here, not NaN. NaN stays NaN.
    """
    finite = Z.dtype.type(-np.finfo(Z.dtype).max)
    return finite if slope == 0 else Z.dtype.type(-np.inf)


@inlined
def _bend_row(j, slope, lowest, Z):
    """Multiply by the slope what is not positive in the row Z[j]."""
    for b in range(Z.shape[1]):
        z = max(Z[j, b], lowest)
        Z[j, b] = z if z > 0 else slope * z


@inlined
def forward_tile(tile, n_tiles, starts, indices, weights, bias, slope, X, Z):
    """Write the outputs of a tile, see `forward`."""
    n_in, n_out = X.shape[0], Z.shape[0]
    first, end = tile * n_out // n_tiles, (tile + 1) * n_out // n_tiles
    lowest, one = _lowest(slope, Z), Z.shape[1] == 1
    js, ws, inputs, sums = bare(indices), bare(weights), bare(X), bare(Z)
    x, z = bare(X.reshape(X.size)), bare(Z.reshape(Z.size))
    for j in range(first, end):
        Z[j, :] = bias[j]
    for i in range(n_in):
        low, high = starts[i * n_tiles + tile], starts[i * n_tiles + tile + 1]
        if one:
            _scatter_one(i, low, high, js, ws, slope, x, z)
        else:
            _scatter_row(i, low, high, js, ws, slope, inputs, sums)
    for j in range(first, end):
        _bend_row(j, slope, lowest, Z)


@kernel
def forward(
    start: int,
    stop: int,
    starts: Array,
    indices: Array,
    weights: Array,
    bias: Array,
    slope: float,
    X: Array,
    Z: Array,
) -> None:
    """Write into Z the outputs of the tiles [start, stop) for the inputs X.

    An output is the weighted sum of the inputs plus the bias, times `slope` if it is
    not positive. The outputs are cut into tiles of equal size. The connections of input
    i to tile t begin at ``starts[i * n_tiles + t]``. With one tile, `starts` is the
    index pointer of the pattern. Every output adds up its inputs in their order, so the
    result does not depend on the tiles. If there is one sample only, its inputs that
    are 0 are passed over: the weights must be finite.
    """
    n_tiles = (starts.size - 1) // X.shape[0]
    for tile in range(start, stop):
        forward_tile(tile, n_tiles, starts, indices, weights, bias, slope, X, Z)


@inlined
def _sum(z, j, column, low, high, inputs, weights, X, Z):
    """Write columns of Z[j]: z, and its inputs times their weights in their order."""
    for k in range(low, high):
        prefetch(X, item(inputs, k + AHEAD), column, z)
        z = multiply_add(item(weights, k), load(X, item(inputs, k), column, z), z)
    store(Z, j, column, z)


@inlined
def _sum_row(bias, line, j, low, high, inputs, weights, X, Z):
    """Write the row Z[j]: the bias, and its inputs times their weights."""
    columns, column = width(X), 0
    # As wide as can be, to walk the connections once: half of the registers of AVX2.
    while line == 16 and column + 64 <= columns:
        _sum(full(64, bias), j, column, low, high, inputs, weights, X, Z)
        column += 64
    while column + 32 <= columns:
        _sum(full(32, bias), j, column, low, high, inputs, weights, X, Z)
        column += 32


@kernel
def forward_by_output(
    start: int,
    stop: int,
    starts: Array,
    inputs: Array,
    weights: Array,
    bias: Array,
    slope: float,
    X: Array,
    Z: Array,
) -> None:
    """Write into Z[start:stop] the outputs for the inputs X, bit for bit as `forward`.

    The connections to output j begin at ``starts[j]``, sorted by their inputs. Behind
    the last one `inputs` has `AHEAD` more entries, which are valid units. The number of
    samples is a multiple of 32.
    """
    lowest, line = _lowest(slope, Z), 512 // np.finfo(Z.dtype).bits
    units, ws, values, sums = bare(inputs), bare(weights), bare(X), bare(Z)
    for j in range(start, stop):
        _sum_row(bias[j], line, j, starts[j], starts[j + 1], units, ws, values, sums)
        _bend_row(j, slope, lowest, Z)


@inlined
def _gather(zero, column, i, low, high, indices, weights, D, DX):
    """Add to the piece of DX[i] the rows D[indices], each times its weight."""
    even, odd = load(DX, i, column, zero), zero
    k = low
    while k + 2 <= high:  # two sums in turn: no addition waits for the last
        even = multiply_add(
            item(weights, k), load(D, item(indices, k), column, even), even
        )
        odd = multiply_add(
            item(weights, k + 1), load(D, item(indices, k + 1), column, odd), odd
        )
        k += 2
    if k < high:
        even = multiply_add(
            item(weights, k), load(D, item(indices, k), column, even), even
        )
    store(DX, i, column, add(even, odd))


@inlined
def _gather_row(i, low, high, indices, weights, zero, D, DX):
    """Add to the row DX[i] the rows D[indices], each times its weight."""
    columns = width(D)
    column = 0
    while column + 32 <= columns:
        _gather(full(32, zero), column, i, low, high, indices, weights, D, DX)
        column += 32
    if columns & 16:
        _gather(full(16, zero), column, i, low, high, indices, weights, D, DX)
        column += 16
    if columns & 8:
        _gather(full(8, zero), column, i, low, high, indices, weights, D, DX)
        column += 8
    if columns & 4:
        _gather(full(4, zero), column, i, low, high, indices, weights, D, DX)
        column += 4
    if columns & 2:
        _gather(full(2, zero), column, i, low, high, indices, weights, D, DX)
        column += 2
    if columns & 1:
        _gather(full(1, zero), column, i, low, high, indices, weights, D, DX)


@kernel
def pull_back(
    start: int,
    stop: int,
    indptr: Array,
    indices: Array,
    weights: Array,
    bias: Array,
    D: Array,
    DX: Array,
) -> None:
    """Write into DX[start:stop] the product of the weights with D, plus the bias.

    For a network's deltas the result is the deltas of the layer below. For a Boltzmann
    machine's hidden units it is the weighted sums of the visible units.
    """
    zero = weights.dtype.type(0)
    js, ws, deltas, products = bare(indices), bare(weights), bare(D), bare(DX)
    for i in range(start, stop):
        DX[i, :] = bias[i]
        _gather_row(i, indptr[i], indptr[i + 1], js, ws, zero, deltas, products)
