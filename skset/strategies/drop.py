"""Which connections to drop.

A drop is called as ``drop(weights, zeta, rng)`` with the weights of one layer and
returns a boolean array, True where a connection is kept. One that needs more sets
``needs_signals = True`` and gets the layer's `skset.network.Signals` as a fourth
argument.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["MagnitudeDrop", "SETDrop"]


# Of more values than this, a sample tells between which two the n-th smallest lies.
MANY, SAMPLE = 1 << 14, 1 << 12


def _nth_smallest(values, n):
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


def _keep_surplus(keep, weights, bound, n_dropped, n, rng):
    """Keep so many of the weights at the bound that n of `n_dropped` are dropped."""
    if n_dropped > n:
        tied = np.flatnonzero(weights == bound)
        keep[rng.choice(tied, n_dropped - n, replace=False)] = True


@dataclass(frozen=True)
class SETDrop:
    """Drop the fraction zeta of each sign that is closest to zero.

    Of the positive weights the smallest go, of the negative ones the largest, each sign
    on its own (Mocanu et al. 2018, Nature Communications 9:2383, methods). A weight of
    exactly zero counts as positive.
    """

    def __call__(self, weights, zeta, rng):
        """Return which connections are kept."""
        # In the order of the weights, what is to go are the last of the negative ones
        # and the first of the others.
        negative = weights < 0
        n_negative = np.count_nonzero(negative)
        keep = np.ones(weights.size, bool)
        if n := int(zeta * (weights.size - n_negative)):
            bound = _nth_smallest(weights, n_negative + n)
            keep = (weights > bound) | negative
            _keep_surplus(keep, weights, bound, np.count_nonzero(~keep), n, rng)
        if n := int(zeta * n_negative):
            bound = _nth_smallest(weights, n_negative - n + 1)
            dropped = negative & (weights >= bound)
            keep &= ~dropped
            _keep_surplus(keep, weights, bound, np.count_nonzero(dropped), n, rng)
        return keep


@dataclass(frozen=True)
class MagnitudeDrop:
    """Drop the fraction zeta with the smallest absolute weights, whatever the sign.

    As in RigL (Evci et al. 2020, ICML, algorithm 1).
    """

    def __call__(self, weights, zeta, rng):
        """Return which connections are kept."""
        n = int(zeta * weights.size)
        if n == 0:
            return np.ones(weights.size, bool)
        magnitudes = np.abs(weights)
        bound = _nth_smallest(magnitudes, n)
        keep = magnitudes > bound
        _keep_surplus(keep, magnitudes, bound, np.count_nonzero(~keep), n, rng)
        return keep
