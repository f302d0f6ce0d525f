"""The n smallest of many values."""

from typing import Any

import numpy as np

from skset import kernels
from skset.topology.arrays import Booleans, Floats, read_only

__all__ = [
    "all_but_smallest",
    "is_outside",
    "nth_smallest",
    "unless_surplus",
]

# Of more values than MANY, a sample gives two bounds of the n-th smallest. To find the
# values between these takes an eighth of the time of a partition, value by value.
MANY, SAMPLE = 1 << 10, 1 << 9


def nth_smallest(values: Floats, n: int) -> Any:
    """Return the n-th smallest of the values, n from 1."""
    while values.size > MANY:
        sample = np.sort(values[:: values.size // SAMPLE])
        # Three standard deviations of the rank that it has in the sample.
        place, margin = n * sample.size // values.size, 3 * int(SAMPLE**0.5 / 2)
        low = sample[place - margin] if place >= margin else -np.inf
        high = sample[place + margin] if place + margin < sample.size else np.inf
        n_below, near = _between(values, low, high)
        if not n_below < n <= n_below + near.size or near.size == values.size:
            break
        values, n = near, n - n_below
    return np.partition(values, n - 1)[n - 1]


def _between(values: Floats, low: float, high: float) -> tuple[int, Floats]:
    """Return how many values are below a range, and the values in it."""
    found, of = np.empty_like(values), values.dtype.type
    n_below, n = kernels.between(read_only(values), of(low), of(high), found)
    return n_below, found[:n]


def is_outside(values: Floats, low: float, high: float) -> Booleans:
    """Return which values are below low or above high."""
    mask, of = np.empty(values.size, bool), values.dtype.type
    kernels.outside(read_only(values), of(low), of(high), mask)
    return mask


def unless_surplus(
    keep: Booleans,
    values: Floats,
    bound: float,
    n_dropped: int,
    n: int,
    rng: np.random.Generator,
) -> None:
    """Keep some of the values that equal the bound, so that only n are dropped.

    `n_dropped` are dropped so far. Changes `keep` in place, and chooses at random.
    """
    if n_dropped > n:
        tied = np.flatnonzero(values == bound)
        keep[rng.choice(tied, n_dropped - n, replace=False)] = True


def all_but_smallest(values: Floats, n: int, rng: np.random.Generator) -> Booleans:
    """Return a mask of the values that is False for the n smallest.

    Parameters
    ----------
    values : ndarray of shape (size,)
        Finite.
    n : int
        At most `size`.
    rng : numpy.random.Generator
        Chooses between equal values.
    """
    if n == 0:
        return np.ones(values.size, bool)
    bound = nth_smallest(values, n)
    keep: Booleans = values > bound
    unless_surplus(keep, values, bound, int(np.count_nonzero(~keep)), n, rng)
    return keep
