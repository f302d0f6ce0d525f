"""The backward pass of a layer, with the training step fused into it.

As in `products.py`, arrays are (units, batch) and C-contiguous. The pattern, the
weights and the optimiser's state are in by-input order and walked in this order. A
kernel works on the units from ``start`` to ``stop`` and writes only their rows.

An input's row of X and the sums for its row of DX stay in registers while the rows of D
pass by, one for each connection. A row of D is used twice: for the sums, and for the
gradient of its connection. Gradients of eight connections are added up in one tree. All
this has to fit into 16 registers of 256 bits: so rows are cut into panels of 128 bytes
and narrower pieces for the rest, and each product is added up to eight numbers at once.
A piece at the end may begin within the one before, which is less work than two narrower
pieces. There its inputs count as zeros.

No gradient of a layer is kept: those of some thousand connections lie in a buffer, and
the optimiser takes its step with these.
"""

import numpy as np

from skset.kernels.lane_sums import (
    folded,
    gathered,
    group_totals,
    products,
    repeated,
    tile_total,
    tiled,
    total,
    totals,
)
from skset.kernels.lanes import (
    add,
    at,
    bare,
    behind,
    eight,
    full,
    has_halves,
    item,
    leak,
    load,
    multiply_add,
    n_lanes,
    n_rows,
    panel,
    prefetch,
    put,
    store,
    width,
    zeros,
)
from skset.kernels.memory import Array
from skset.kernels.updates import Step, move
from skset.runtime.jit import inlined, kernel

__all__ = ["backward"]

# Connections whose gradients lie in the buffer: they stay in a near cache.
CHUNK = 1 << 12
# If D has more numbers than this, its rows are asked for in advance, so many
# connections before they are needed. A first-level cache holds NEAR numbers, about, a
# second-level one NARROW_NEAR: pieces of a few numbers are not worth it before that.
NEAR, NARROW_NEAR, AHEAD = 1 << 15, 1 << 18, 16
# Rows of more numbers than LONG_ROW are read as a whole if D has more than FAR.
LONG_ROW, FAR = 64, 1 << 20


@inlined
def _ask(wanted, k, column, like, indices, D):
    """Load pieces of eight rows of D in advance."""
    if wanted and k + AHEAD + 8 <= width(indices):
        for n in range(k + AHEAD, k + AHEAD + 8):
            prefetch(D, item(indices, n), column, like)


@inlined
def _note(part, place, gradients):
    """Add the part of gradients that some columns have."""
    # Even to zeros: with a choice here, the compiler would do half of the arithmetic
    # behind it, and keep all rows until then.
    put(gradients, place, add(part, at(gradients, place, part)))


@inlined
def _one(k, column, x, dx, indices, weights, D):
    """Return the gradient of a connection in these columns, and dx with its delta."""
    d = load(D, item(indices, k), column, x)
    dx = multiply_add(item(weights, k), d, dx)
    return full(1, total(products(x, d))), dx


@inlined
def _two(a, b, column, x, dx, indices, weights, D):
    """Do the connections a and b: return their folded products, and dx with both."""
    da = load(D, item(indices, a), column, x)
    dx = multiply_add(item(weights, a), da, dx)
    db = load(D, item(indices, b), column, x)
    dx = multiply_add(item(weights, b), db, dx)
    return folded(products(x, da), products(x, db)), dx


@inlined
def _eight(k, column, x, dx, indices, weights, D):
    """Do for eight connections from k on what `_one` does for one."""
    p, dx = _two(k, k + 4, column, x, dx, indices, weights, D)
    q, dx = _two(k + 1, k + 5, column, x, dx, indices, weights, D)
    r, dx = _two(k + 2, k + 6, column, x, dx, indices, weights, D)
    s, dx = _two(k + 3, k + 7, column, x, dx, indices, weights, D)
    return totals(p, q, r, s), dx


@inlined
def _wide(
    x, column, n_done, ask, i, low, high, base, slope, indices, weights, D, DX, out
):
    """Do all connections of input i in as many columns as x has, eight or more.

    The first `n_done` of them are done already: they add nothing to the gradients.
    """
    dx, k, inputs = zeros(x), low, x
    x = behind(x, n_done)
    while k + 8 <= high:
        _ask(ask, k, column, x, indices, D)
        g, dx = _eight(k, column, x, dx, indices, weights, D)
        _note(g, k - base, out)
        k += 8
    while k < high:
        g, dx = _one(k, column, x, dx, indices, weights, D)
        _note(g, k - base, out)
        k += 1
    if n_rows(DX) > 0:
        store(DX, i, column, leak(dx, inputs, slope))


@inlined
def _narrow(
    x, column, n_done, ask, i, low, high, base, slope, indices, weights, D, DX, out
):
    """Do as `_wide` in up to four columns, with eight rows in a vector."""
    dx, k, inputs = zeros(x), low, x
    x = behind(x, n_done)
    xs, dxs = tiled(x), zeros(tiled(x))
    while k + 8 <= high:
        _ask(ask, k, column, x, indices, D)
        ds = gathered(D, eight(indices, k), column, x)
        dxs = multiply_add(repeated(eight(weights, k), x), ds, dxs)
        g = group_totals(multiply_add(xs, ds, zeros(xs)))
        _note(g, k - base, out)
        k += 8
    while k < high:
        g, dx = _one(k, column, x, dx, indices, weights, D)
        _note(g, k - base, out)
        k += 1
    if n_rows(DX) > 0:
        store(DX, i, column, leak(add(dx, tile_total(dxs, x)), inputs, slope))


@inlined
def _panels(end, like, X, i, low, high, base, slope, indices, weights, D, DX, out):
    """Do all connections of input i in the panels up to column `end`, row by row.

    Rows that come from far away are read as a whole. So the sums for DX wait in the
    cache, and are loaded for every eight connections: halves would be rounded then.
    """
    k, bends = low, n_rows(DX) > 0
    while k < high:
        n = 8 if k + 8 <= high else 1
        for column in range(0, end, n_lanes(like)):
            x = load(X, i, column, like)
            dx = load(DX, i, column, x) if bends and k > low else zeros(x)
            if n == 8:
                _ask(True, k, column, x, indices, D)
                gs, dx = _eight(k, column, x, dx, indices, weights, D)
                _note(gs, k - base, out)
            else:
                g, dx = _one(k, column, x, dx, indices, weights, D)
                _note(g, k - base, out)
            if bends:
                store(DX, i, column, leak(dx, x, slope) if k + n == high else dx)
        k += n


@inlined
def _unit(i, low, high, base, slope, indices, weights, X, D, DX, out):
    """Write the gradients of the connections of input i, and the input's row of DX."""
    columns, column, like = width(X), 0, panel(slope)
    unit = i, low, high, base, slope, indices, weights, D, DX, out
    size = n_rows(D) * columns
    ask, ask_narrow = size > NEAR, size > NARROW_NEAR
    if size > FAR and columns > LONG_ROW and not has_halves(DX):
        column = columns // n_lanes(like) * n_lanes(like)
        _panels(column, like, X, *unit)
    while columns - column > n_lanes(like) // 2 and columns >= n_lanes(like):
        first = min(column, columns - n_lanes(like))
        _wide(load(X, i, first, like), first, column - first, ask, *unit)
        column = first + n_lanes(like)
    while columns - column > 8 and columns >= 16:
        first = min(column, columns - 16)
        x16 = load(X, i, first, full(16, slope))
        _wide(x16, first, column - first, ask, *unit)
        column = first + 16
    while columns - column > 4 and columns >= 8:
        first = min(column, columns - 8)
        x8 = load(X, i, first, full(8, slope))
        _wide(x8, first, column - first, ask, *unit)
        column = first + 8
    while columns - column > 2 and columns >= 4:
        first = min(column, columns - 4)
        x4 = load(X, i, first, full(4, slope))
        _narrow(x4, first, column - first, ask_narrow, *unit)
        column = first + 4
    while columns - column > 1 and columns >= 2:
        first = min(column, columns - 2)
        x2 = load(X, i, first, full(2, slope))
        _narrow(x2, first, column - first, ask_narrow, *unit)
        column = first + 2
    if column < columns:
        _narrow(load(X, i, column, full(1, slope)), column, 0, ask_narrow, *unit)


@inlined
def differentiate(start, stop, indptr, indices, weights, X, D, DX, slope, gradients):
    """Write the rows of DX of the units from start to stop, and their gradients."""
    base = indptr[start]
    gradients[: indptr[stop] - base] = 0
    js, ws, out = bare(indices), bare(weights), bare(gradients)
    inputs, deltas, below = bare(X), bare(D), bare(DX)
    for i in range(start, stop):
        low, high = indptr[i], indptr[i + 1]
        if low < high:
            _unit(i, low, high, base, slope, js, ws, inputs, deltas, below, out)
        elif DX.shape[0] > 0:
            DX[i, :] = 0


@inlined
def unit_of_chunk(chunk, n_chunks, indptr):
    """Return the first unit of a chunk; there are about as many connections in each.

    It is the first unit whose connections begin in the chunk. Chunk 0 begins with unit
    0, and chunk `n_chunks` behind the last one.
    """
    n_units = indptr.size - 1
    if chunk == 0 or chunk == n_chunks:
        return 0 if chunk == 0 else n_units
    low, high = 0, n_units
    while low < high:
        middle = (low + high) // 2
        if indptr[middle] < chunk * CHUNK:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def backward(
    start: int,
    stop: int,
    indptr: Array,
    indices: Array,
    weights: Array,
    first: Array,
    second: Array,
    X: Array,
    D: Array,
    DX: Array,
    slope: float,
    step: Step,
) -> None:
    """Write into DX the deltas of the inputs and take a step with the weights.

    DX gets the product with the weights before the step, times the derivative of the
    inputs' activation. This is 1, or `slope` if the input is not positive. A DX without
    rows, as for the first layer, is left alone. D and DX may be halves, see `lanes.py`.
    `first` and `second` are the arrays of the optimiser; those that it does not use may
    be empty.
    """
    gradients = np.empty(CHUNK + D.shape[0], weights.dtype)
    moved = bare(weights), bare(first), bare(second), bare(gradients)
    i = start
    while i < stop:
        begin = i
        while i < stop and indptr[i] - indptr[begin] < CHUNK:
            i += 1
        differentiate(begin, i, indptr, indices, weights, X, D, DX, slope, gradients)
        move(indptr[begin], indptr[i], *moved, step)
