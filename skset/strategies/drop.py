"""Which connections to drop.

A drop is called as ``drop(weights, zeta, rng)`` with the weights of one layer and
returns a boolean array, True where a connection is kept. One that needs more sets
``needs_signals = True`` and gets the layer's `skset.network.Signals` as a fourth
argument.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["MagnitudeDrop", "SETDrop"]


def _smallest(values, n, rng):
    """Return the places of the n smallest values, ties broken at random."""
    if n == 0:
        return np.empty(0, np.intp)
    bound = np.partition(values, n - 1)[n - 1]
    below, tied = np.flatnonzero(values < bound), np.flatnonzero(values == bound)
    return np.concatenate([below, rng.choice(tied, n - below.size, replace=False)])


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
        negative = weights < 0
        for sign in (np.flatnonzero(~negative), np.flatnonzero(negative)):
            n = int(zeta * sign.size)
            keep[sign[_smallest(np.abs(weights[sign]), n, rng)]] = False
        return keep


@dataclass(frozen=True)
class MagnitudeDrop:
    """Drop the fraction zeta with the smallest absolute weights, whatever the sign.

    As in RigL (Evci et al. 2020, ICML, algorithm 1).
    """

    def __call__(self, weights, zeta, rng):
        """Return which connections are kept."""
        keep = np.ones(weights.size, bool)
        keep[_smallest(np.abs(weights), int(zeta * weights.size), rng)] = False
        return keep
