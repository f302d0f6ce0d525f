"""Kernels that add up many numbers: sums, lengths, squares, and a check for NaN."""

import numpy as np

from skset.kernels.lane_sums import total
from skset.kernels.lanes import add, bare, full, load
from skset.kernels.memory import Array
from skset.runtime.jit import inlined, kernel

__all__ = [
    "all_finite",
    "column_sums",
    "row_lengths",
    "row_sums",
    "running_sums",
    "squared_sum",
]

# So many numbers are added up in their own precision; these sums in float64.
BLOCK = 1 << 10


@inlined
def add_up_rows(D, sums):
    """Write the sum of each row of D; an array of uint16 holds halves."""
    rows, zero = bare(D), sums.dtype.type(0)
    for j in range(D.shape[0]):
        some, one, b = full(16, zero), full(1, zero), 0
        while b + 16 <= D.shape[1]:
            some = add(some, load(rows, j, b, some))
            b += 16
        while b < D.shape[1]:
            one = add(one, load(rows, j, b, one))
            b += 1
        sums[j] = total(some) + total(one)


@kernel
def row_sums(D: Array, sums: Array) -> None:
    """Write the sum of each row of D, which is C-contiguous; see `add_up_rows`."""
    add_up_rows(D, sums)


@kernel
def row_lengths(rows: Array, lengths: Array) -> None:
    """Write the Euclidean length of each row, summed in float64."""
    for i in range(rows.shape[0]):
        total = np.float64(0)
        for n in range(rows.shape[1]):
            value = np.float64(rows[i, n])
            total += value * value
        lengths[i] = np.sqrt(total)


@kernel
def column_sums(A: Array, sums: Array) -> None:
    """Add to `sums` the numbers of each column, one row after the other.

    The sum of a column has the same bits for any other columns.
    """
    for i in range(A.shape[0]):
        for b in range(A.shape[1]):
            sums[b] += A[i, b]


@kernel
def squared_sum(values: Array) -> float:
    """Return the sum of the squares, in float64."""
    total = np.float64(0)
    for start in range(0, values.size, BLOCK):
        block = values[start : start + BLOCK]
        part = values.dtype.type(0)
        for k in range(block.size):
            part += block[k] * block[k]
        total += np.float64(part)
    return total


@kernel
def all_finite(values: Array) -> bool:
    """Return whether all values are finite: infinity and NaN times 0 are not 0."""
    total = values.dtype.type(0)
    for k in range(values.size):
        total += values[k] * values.dtype.type(0)
    return np.isfinite(total)


@kernel
def running_sums(values: Array) -> None:
    """Replace each value by the sum of all up to it, added one after the other."""
    total = values.dtype.type(0)
    for k in range(values.size):
        total += values[k]
        values[k] = total
