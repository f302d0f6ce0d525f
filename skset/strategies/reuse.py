"""Reuse: whether a task may have the connections of earlier tasks."""

from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from skset.strategies.contracts import Context, Needs, bound, needs_of
from skset.topology import Integers, Topology, random_free_positions, topped_up
from skset.topology.returned import checked_positions

__all__ = ["REUSES", "FreeFirstGrow", "on_free_places"]

REUSES = ("never", "when_full", "always")


@dataclass(frozen=True, eq=False)
class FreeFirstGrow:
    """Grow as another strategy does, but where no earlier task has a connection.

    If there are too few such places, the rest is grown among the connections of earlier
    tasks. A task that has none of these never needs the rest, because what it drops
    leaves as many places as it grows.

    Parameters
    ----------
    grow : callable
        The strategy that chooses among the places.
    taken : tuple of Topology
        The connections of earlier tasks in each layer; none in the last one.
    """

    grow: Any
    taken: tuple[Topology, ...]

    @property
    def needs(self) -> Needs:
        """What the strategy asks for."""
        return needs_of(self.grow, "grow")

    def __call__(
        self, topology: Topology, n: int, rng: np.random.Generator, context: Context
    ) -> Integers:
        """Return n free positions."""
        taken = self.taken[context.layer]
        blocked = topology.with_positions(taken.positions())
        n_here = min(n, blocked.n_free)
        grown = self._grown(blocked, n_here, rng, context)
        if n_here == n:
            return grown
        now = topology.with_positions(np.sort(grown))
        return np.concatenate([grown, self._grown(now, n - n_here, rng, context)])

    def _grown(
        self, blocked: Topology, n: int, rng: np.random.Generator, context: Context
    ) -> Integers:
        """Return n positions that are not blocked."""
        if n == 0:
            return np.empty(0, np.int64)
        if self.needs.explored:  # as if what is blocked was
            explored = context.explored.with_positions(blocked.positions())
            context = copy(context)
            vars(context)["explored"] = explored
        found = bound("grow", self.grow, context)(blocked, n, rng)
        positions = checked_positions("grow", found, n, context.layer)
        # A strategy that does not look at the topology may not know what is blocked.
        return topped_up(blocked, positions[~blocked.has(positions)], n, rng)


def on_free_places(
    drawn: Topology, taken: Topology, rng: np.random.Generator
) -> tuple[Topology, int]:
    """Return as many random connections where none is taken, as far as there is room.

    Parameters
    ----------
    drawn : Topology
        Says how many connections are wanted.
    taken : Topology
        The connections of earlier tasks, of the same shape or larger.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    topology, n_missing : Topology, int
        In the shape of `taken`, and how many there was no room for.
    """
    n = min(drawn.nnz, taken.n_free)
    positions = random_free_positions(taken, n, rng)
    return Topology.from_positions(taken.shape, positions), drawn.nnz - n
