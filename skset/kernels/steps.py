"""The backward pass of a layer, with the training step fused into it.

As in `products.py`, arrays are (units, batch) and C-contiguous. The pattern, the
weights and the optimiser's state are in by-input order and walked in this order. A
kernel works on the units from ``start`` to ``stop`` and writes only their rows.
"""

import numpy as np

from skset.kernels.lanes import (
    add,
    at,
    bare,
    divide,
    eight,
    full,
    item,
    leak,
    load,
    multiply_add,
    n_rows,
    prefetch,
    put,
    root,
    shifted,
    store,
    subtract,
    total,
    totals,
    width,
    zeros,
)
from skset.kernels.memory import Array
from skset.kernels.updates import AdamStep, SGDStep
from skset.runtime.jit import inlined, kernel

__all__ = ["backward_adam", "backward_sgd", "pair_scores"]

# If the rows have more numbers than a second-level cache holds, a row is loaded in
# advance, this many connections before it is needed.
NEAR, AHEAD = 1 << 18, 16


@inlined
def _eight_columns(sums, column, i, js, ws, first, bend, X, D, DX):
    """Do some columns of `_eight`: return the sums with their products added."""
    s0, s1, s2, s3, s4, s5, s6, s7 = sums
    x = load(X, i, column, s0)
    d0, d1 = load(D, js[0], column, x), load(D, js[1], column, x)
    d2, d3 = load(D, js[2], column, x), load(D, js[3], column, x)
    d4, d5 = load(D, js[4], column, x), load(D, js[5], column, x)
    d6, d7 = load(D, js[6], column, x), load(D, js[7], column, x)
    if n_rows(DX) > 0:
        odd = zeros(x)  # two sums in turn: no addition waits for the last
        even = zeros(x) if first else load(DX, i, column, x)
        even, odd = multiply_add(ws[0], d0, even), multiply_add(ws[1], d1, odd)
        even, odd = multiply_add(ws[2], d2, even), multiply_add(ws[3], d3, odd)
        even, odd = multiply_add(ws[4], d4, even), multiply_add(ws[5], d5, odd)
        even, odd = multiply_add(ws[6], d6, even), multiply_add(ws[7], d7, odd)
        store(DX, i, column, leak(add(even, odd), x, bend))
    return (
        multiply_add(x, d0, s0),
        multiply_add(x, d1, s1),
        multiply_add(x, d2, s2),
        multiply_add(x, d3, s3),
        multiply_add(x, d4, s4),
        multiply_add(x, d5, s5),
        multiply_add(x, d6, s6),
        multiply_add(x, d7, s7),
    )


@inlined
def _eight_totals(z, column, i, js, ws, first, bend, X, D, DX):
    """Return the part of the gradients from as many columns as the zeros z has."""
    s = (z, z, z, z, z, z, z, z)
    return totals(*_eight_columns(s, column, i, js, ws, first, bend, X, D, DX))


@inlined
def _eight(zero, i, k, first, bend, indices, weights, X, D, DX):
    """Return the gradients of eight connections of input i, beginning at connection k.

    A row of D is loaded once, for the gradient and for the deltas. The deltas are added
    to DX, which has those of the input's earlier connections, unless these eight are
    the `first`. They are also multiplied by the slope of the activation.
    """
    columns = width(X)
    js = eight(indices, k)
    ws = eight(weights, k)
    if n_rows(D) * columns > NEAR:
        for ahead in range(k + AHEAD, min(k + AHEAD + 8, width(indices))):
            for c in range(0, columns, 16):
                prefetch(D, item(indices, ahead), c)
    gradients = full(8, zero)
    column = 0
    if columns >= 16:
        z = full(16, zero)
        s = (z, z, z, z, z, z, z, z)
        while column + 16 <= columns:
            s = _eight_columns(s, column, i, js, ws, first, bend, X, D, DX)
            column += 16
        gradients = totals(*s)
    if columns & 8:
        z = full(8, zero)
        g = _eight_totals(z, column, i, js, ws, first, bend, X, D, DX)
        gradients = add(gradients, g)
        column += 8
    if columns & 4:
        z = full(4, zero)
        g = _eight_totals(z, column, i, js, ws, first, bend, X, D, DX)
        gradients = add(gradients, g)
        column += 4
    if columns & 2:
        z = full(2, zero)
        g = _eight_totals(z, column, i, js, ws, first, bend, X, D, DX)
        gradients = add(gradients, g)
        column += 2
    if columns & 1:
        z = full(1, zero)
        g = _eight_totals(z, column, i, js, ws, first, bend, X, D, DX)
        gradients = add(gradients, g)
    return gradients


@inlined
def _one_columns(s, column, i, j, w, first, bend, X, D, DX):
    """Do some columns of `_one`: return the sum with their products added."""
    x, d = load(X, i, column, s), load(D, j, column, s)
    if n_rows(DX) > 0:
        dx = zeros(x) if first else load(DX, i, column, x)
        store(DX, i, column, leak(multiply_add(w, d, dx), x, bend))
    return multiply_add(x, d, s)


@inlined
def _one(zero, i, k, first, bend, indices, weights, X, D, DX):
    """Do for one connection what `_eight` does for eight; return its gradient."""
    columns = width(X)
    j, w = item(indices, k), item(weights, k)
    gradient = zero
    column = 0
    if columns >= 16:
        s = full(16, zero)
        while column + 16 <= columns:
            s = _one_columns(s, column, i, j, w, first, bend, X, D, DX)
            column += 16
        gradient = total(s)
    if columns & 8:
        s = full(8, zero)
        gradient += total(_one_columns(s, column, i, j, w, first, bend, X, D, DX))
        column += 8
    if columns & 4:
        s = full(4, zero)
        gradient += total(_one_columns(s, column, i, j, w, first, bend, X, D, DX))
        column += 4
    if columns & 2:
        s = full(2, zero)
        gradient += total(_one_columns(s, column, i, j, w, first, bend, X, D, DX))
        column += 2
    if columns & 1:
        s = full(1, zero)
        gradient += total(_one_columns(s, column, i, j, w, first, bend, X, D, DX))
    return full(1, gradient)


@inlined
def _decayed(w, share):
    """Return the weights without a share of them; `share` may be None."""
    if share is None:
        return w
    return multiply_add(-share, w, w)


@inlined
def _sgd_step(gradient, k, weights, velocity, step):
    """Take a step of `update_sgd` with as many connections as there are gradients."""
    w, v = at(weights, k, gradient), at(velocity, k, gradient)
    g = multiply_add(step.l2, w, gradient)
    v = multiply_add(step.momentum, v, multiply_add(-step.learning_rate, g, zeros(g)))
    put(velocity, k, v)
    put(weights, k, multiply_add(step.carry, v, multiply_add(-step.push, g, w)))


@inlined
def _adam_step(gradient, k, weights, mean, square, step):
    """Take a step of `update_adam` with as many connections as there are gradients."""
    w, m, s = at(weights, k, gradient), at(mean, k, gradient), at(square, k, gradient)
    g = multiply_add(step.l2, w, gradient)
    m = multiply_add(step.beta_1, subtract(m, g), g)
    gg = multiply_add(g, g, zeros(g))
    s = multiply_add(step.beta_2, subtract(s, gg), gg)
    put(mean, k, m)
    put(square, k, s)
    direction = divide(m, shifted(root(s), step.epsilon))
    w = _decayed(w, step.decay)
    put(weights, k, multiply_add(-step.learning_rate, direction, w))


@kernel
def backward_sgd(
    start: int,
    stop: int,
    indptr: Array,
    indices: Array,
    weights: Array,
    velocity: Array,
    X: Array,
    D: Array,
    DX: Array,
    slope: float,
    step: SGDStep,
) -> None:
    """Write into DX the deltas of the inputs and update the weights by SGD.

    No gradient is kept: the gradients of eight connections at a time are summed over
    the batch, and the step is taken. DX gets the product with the weights before the
    update, times the derivative of the inputs' activation. This is 1, or `slope` if the
    input is not positive. A DX without rows, as for the first layer, is left alone.
    """
    zero, one = weights.dtype.type(0), weights.dtype.type(1)
    js, ws, vs = bare(indices), bare(weights), bare(velocity)
    inputs, deltas, below = bare(X), bare(D), bare(DX)
    for i in range(start, stop):
        low, high = indptr[i], indptr[i + 1]
        if low == high and DX.shape[0] > 0:
            DX[i, :] = 0
        k = low
        while k + 8 <= high:
            bend = slope if k + 8 == high else one
            g = _eight(zero, i, k, k == low, bend, js, ws, inputs, deltas, below)
            _sgd_step(g, k, ws, vs, step)
            k += 8
        while k < high:
            bend = slope if k + 1 == high else one
            g = _one(zero, i, k, k == low, bend, js, ws, inputs, deltas, below)
            _sgd_step(g, k, ws, vs, step)
            k += 1


@kernel
def backward_adam(
    start: int,
    stop: int,
    indptr: Array,
    indices: Array,
    weights: Array,
    mean: Array,
    square: Array,
    X: Array,
    D: Array,
    DX: Array,
    slope: float,
    step: AdamStep,
) -> None:
    """As `backward_sgd`, but by Adam: with two moments in place of the velocity."""
    zero, one = weights.dtype.type(0), weights.dtype.type(1)
    js, ws, ms, ss = bare(indices), bare(weights), bare(mean), bare(square)
    inputs, deltas, below = bare(X), bare(D), bare(DX)
    for i in range(start, stop):
        low, high = indptr[i], indptr[i + 1]
        if low == high and DX.shape[0] > 0:
            DX[i, :] = 0
        k = low
        while k + 8 <= high:
            bend = slope if k + 8 == high else one
            g = _eight(zero, i, k, k == low, bend, js, ws, inputs, deltas, below)
            _adam_step(g, k, ws, ms, ss, step)
            k += 8
        while k < high:
            bend = slope if k + 1 == high else one
            g = _one(zero, i, k, k == low, bend, js, ws, inputs, deltas, below)
            _adam_step(g, k, ws, ms, ss, step)
            k += 1


@kernel
def pair_scores(
    start: int,
    stop: int,
    indptr: Array,
    indices: Array,
    L: Array,
    R: Array,
    scores: Array,
) -> None:
    """Write the gradient ``L[i] @ R[indices[k]]`` of each pair k of the units i."""
    zero, one = scores.dtype.type(0), scores.dtype.type(1)
    js, out = bare(indices), bare(scores)
    # No deltas are written, but the compiler needs a writable array.
    left, right, none = bare(L), bare(R), bare(np.empty((0, 0), scores.dtype))
    for i in range(start, stop):
        k, high = indptr[i], indptr[i + 1]
        while k + 8 <= high:
            put(out, k, _eight(zero, i, k, True, one, js, out, left, right, none))
            k += 8
        while k < high:
            put(out, k, _one(zero, i, k, True, one, js, out, left, right, none))
            k += 1
