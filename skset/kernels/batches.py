"""Kernels that fill a batch of shape (features, batch)."""

import numpy as np

from skset.kernels.lanes import (
    at,
    bare,
    converted,
    full,
    item,
    load,
    multiply,
    store,
    subtract,
    transposed,
)
from skset.kernels.memory import Array
from skset.runtime.jit import inlined, kernel

__all__ = ["add_slices", "gather_dense", "gather_sparse"]


@inlined
def _piece(b, f, X, rows, shift, factor, as_):
    """Return eight features of the row `rows[b]`, from feature f, standardised."""
    x = converted(load(X, item(rows, b), f, as_), shift)
    return converted(multiply(subtract(x, shift), factor), as_)


@inlined
def _turn_block(b, f, X, rows, shift, factor, as_, batch):
    """Write eight features of eight rows of X, from `rows[b]` and feature f."""
    columns = transposed(
        _piece(b, f, X, rows, shift, factor, as_),
        _piece(b + 1, f, X, rows, shift, factor, as_),
        _piece(b + 2, f, X, rows, shift, factor, as_),
        _piece(b + 3, f, X, rows, shift, factor, as_),
        _piece(b + 4, f, X, rows, shift, factor, as_),
        _piece(b + 5, f, X, rows, shift, factor, as_),
        _piece(b + 6, f, X, rows, shift, factor, as_),
        _piece(b + 7, f, X, rows, shift, factor, as_),
    )
    store(batch, f, b, columns[0])
    store(batch, f + 1, b, columns[1])
    store(batch, f + 2, b, columns[2])
    store(batch, f + 3, b, columns[3])
    store(batch, f + 4, b, columns[4])
    store(batch, f + 5, b, columns[5])
    store(batch, f + 6, b, columns[6])
    store(batch, f + 7, b, columns[7])


@inlined
def turn_rows(start, stop, X, rows, shift, factor, batch):
    """Write the features [start, stop) of rows of X into the columns of `batch`.

    Of a feature its shift is subtracted, then it is multiplied by its factor. Blocks of
    8 x 8 numbers are turned in registers. So every line of the cache that is read or
    written is used for eight numbers at once.
    """
    like, as_ = full(8, shift.dtype.type(0)), full(8, batch.dtype.type(0))
    table, places, columns = bare(X), bare(rows), bare(batch)
    shifts, factors = bare(shift), bare(factor)
    in_blocks = start + (stop - start) // 8 * 8
    b = 0
    while b + 8 <= rows.size:
        for f in range(start, in_blocks, 8):
            by, times = at(shifts, f, like), at(factors, f, like)
            _turn_block(b, f, table, places, by, times, as_, columns)
        for f in range(in_blocks, stop):
            for c in range(b, b + 8):
                batch[f, c] = (X[rows[c], f] - shift[f]) * factor[f]
        b += 8
    for c in range(b, rows.size):
        for f in range(start, stop):
            batch[f, c] = (X[rows[c], f] - shift[f]) * factor[f]


@kernel
def gather_dense(
    start: int,
    stop: int,
    X: Array,
    rows: Array,
    shift: Array,
    factor: Array,
    batch: Array,
) -> None:
    """Write rows of X into the columns of `batch`, the features [start, stop).

    X and `batch` are C-contiguous. Numbers become ``(X - shift) * factor`` in float64,
    then they are cast to the type of `batch`. `shift` and `factor` have a number for
    each feature, in float64. Rows are not negative.
    """
    turn_rows(start, stop, X, rows, shift, factor, batch)


@kernel
def gather_sparse(
    indptr: Array,
    indices: Array,
    data: Array,
    rows: Array,
    shift: Array,
    factor: Array,
    batch: Array,
) -> None:
    """Write the rows of a CSR matrix into the columns of `batch`, standardised.

    Numbers become ``(X - shift) * factor`` in float64, also those that are not stored.
    Duplicate entries add up and need not be sorted, as scipy understands them.
    """
    zero = shift.dtype.type(0)
    for f in range(batch.shape[0]):
        batch[f, :] = (zero - shift[f]) * factor[f]
    numbers = np.zeros(batch.shape[0], shift.dtype)
    for b in range(rows.size):
        low, high = indptr[rows[b]], indptr[rows[b] + 1]
        for k in range(low, high):
            numbers[indices[k]] += data[k]
        for k in range(low, high):
            f = indices[k]
            batch[f, b] = (numbers[f] - shift[f]) * factor[f]
        for k in range(low, high):
            numbers[indices[k]] = 0


@kernel
def add_slices(pool: Array, starts: Array, batch: Array) -> None:
    """Add to row f of `batch` the values of `pool` that begin at ``starts[f]``."""
    width = batch.shape[1]
    for f in range(batch.shape[0]):
        values = pool[starts[f] : starts[f] + width]
        for b in range(width):
            batch[f, b] += values[b]
