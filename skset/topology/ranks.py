"""The smallest of many values: where they end, and all but them."""

import numpy as np

__all__ = ["all_but_smallest", "nth_smallest", "unless_surplus"]

# Of more values than this, a sample tells between which two the n-th smallest lies.
MANY, SAMPLE = 1 << 14, 1 << 12


def nth_smallest(values, n):
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


def unless_surplus(keep, values, bound, n_dropped, n, rng):
    """Keep so many of the values at the bound that n of `n_dropped` are dropped.

    Changes `keep` in place; which of equal values stay is random.
    """
    if n_dropped > n:
        tied = np.flatnonzero(values == bound)
        keep[rng.choice(tied, n_dropped - n, replace=False)] = True


def all_but_smallest(values, n, rng):
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
    keep = values > bound
    unless_surplus(keep, values, bound, np.count_nonzero(~keep), n, rng)
    return keep
