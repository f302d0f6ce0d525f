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


def _drop_smallest(keep, values, n, rng):
    """Set `keep` to False for the n smallest values, ties broken at random."""
    if n == 0:
        return
    bound = _nth_smallest(values, n)
    below = values < bound
    tied = np.flatnonzero(values == bound)
    n -= np.count_nonzero(below)
    keep &= ~below
    keep[tied if n == tied.size else rng.choice(tied, n, replace=False)] = False


@dataclass(frozen=True)
class SETDrop:
    """Drop the fraction zeta of each sign that is closest to zero.

    Of the positive weights the smallest go, of the negative ones the largest, each sign
    on its own (Mocanu et al. 2018, Nature Communications 9:2383, methods). A weight of
    exactly zero counts as positive.
    """

    def __call__(self, weights, zeta, rng):
        """Return which connections are kept."""
        keep = np.ones(weights.size, bool)
        for values in (weights, -weights):
            own = weights >= 0 if values is weights else weights < 0
            n = int(zeta * np.count_nonzero(own))
            _drop_smallest(keep, np.where(own, values, np.inf), n, rng)
        return keep


@dataclass(frozen=True)
class MagnitudeDrop:
    """Drop the fraction zeta with the smallest absolute weights, whatever the sign.

    As in RigL (Evci et al. 2020, ICML, algorithm 1).
    """

    def __call__(self, weights, zeta, rng):
        """Return which connections are kept."""
        keep = np.ones(weights.size, bool)
        _drop_smallest(keep, np.abs(weights), int(zeta * weights.size), rng)
        return keep
