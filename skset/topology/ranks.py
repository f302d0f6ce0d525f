"""The n smallest of many values."""

from typing import Any

import numpy as np

from skset.topology.arrays import Booleans, Floats

__all__ = ["all_but_smallest", "nth_smallest", "unless_surplus"]

# Of more values than MANY, a sample gives two bounds of the n-th smallest.
MANY, SAMPLE = 1 << 14, 1 << 12


def nth_smallest(values: Floats, n: int) -> Any:
    """Return the n-th smallest of the values, n from 1."""
    if values.size > MANY:
        sample = np.sort(values[:: values.size // SAMPLE])
        # Four standard deviations of the rank that it has in the sample.
        place, margin = n * sample.size // values.size, 4 * int(SAMPLE**0.5 / 2)
        low = sample[place - margin] if place >= margin else -np.inf
        high = sample[place + margin] if place + margin < sample.size else np.inf
        rank = n - 1 - np.count_nonzero(values < low)
        middle = values[(values >= low) & (values <= high)]
        if 0 <= rank < middle.size:
            return np.partition(middle, rank)[rank]
    return np.partition(values, n - 1)[n - 1]


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
