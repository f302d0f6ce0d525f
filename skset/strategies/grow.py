"""Where to grow new connections.

A grow is called as ``grow(topology, n, rng, signals)`` with the topology of the kept
connections and returns n of its free positions (``input * n_out + output``) in any
order. `signals` is the layer's `skset.network.Signals`, for sure only where the grow
has ``needs_signals = True``.
"""

from dataclasses import dataclass

from skset import topology as patterns

__all__ = ["RandomGrow"]


@dataclass(frozen=True)
class RandomGrow:
    """Grow uniformly at random among the free positions.

    Mocanu et al. 2018, Nature Communications 9:2383.
    """

    def __call__(self, topology, n, rng, signals=None):
        """Return n free positions."""
        return patterns.random_free_positions(topology, n, rng)
