"""`Turnover`: which connections are new after an epoch, and how old all are."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.topology import Topology
from skset.training.loop import Training

__all__ = ["Turnover"]

Array: TypeAlias = NDArray[Any]


class Turnover:
    """Follows the connections of a network in training from epoch to epoch.

    A connection is known by its place. One that is dropped and grown again in the same
    place within an epoch counts as kept. Strategies are not asked, so any may evolve
    the network.

    Parameters
    ----------
    training : Training
        It is looked at now and in `note_epoch`; it is not changed.
    with_ages : bool, default=True
        Whether to follow the ages too. They take 4 bytes for each connection.

    Attributes
    ----------
    topologies : list of Topology
        Of all layers, after the last epoch.
    ages : list of ndarray of shape (nnz,), int32
        Number of epochs in which each connection was trained, the one in which it grew
        included. Those that are there at the beginning count from there. Empty without
        `with_ages`.
    """

    def __init__(self, training: Training, with_ages: bool = True) -> None:
        self.training = training
        self.topologies = self._topologies()
        self.ages: list[Array] = []
        if with_ages:
            self.ages = [np.zeros(t.nnz, np.int32) for t in self.topologies]

    def _topologies(self) -> list[Topology]:
        return [layer.topology for layer in self.training.state.network.layers]

    def note_epoch(self) -> list[int]:
        """Look at the network after an epoch; return each layer's new connections."""
        if self.training.kept_units is not None:
            self._restrict(self.training.kept_units)
        before, self.topologies = self.topologies, self._topologies()
        depths = range(len(before))
        return [self._follow(depth, before[depth]) for depth in depths]

    def _restrict(self, kept: list[Array]) -> None:
        """Forget the units that a pruning has removed; the others get new numbers."""
        edges = self.topologies[0].shape[0], self.topologies[-1].shape[1]
        units = [np.ones(edges[0], bool), *kept, np.ones(edges[1], bool)]
        for depth, topology in enumerate(self.topologies):
            self.topologies[depth], source = topology.restricted(
                units[depth], units[depth + 1]
            )
            if self.ages:
                self.ages[depth] = self.ages[depth][source]

    def _follow(self, depth: int, before: Topology) -> int:
        """Compare a layer with what it was; return how many connections are new."""
        now = self.topologies[depth]
        if now is before:
            if self.ages:
                self.ages[depth] += 1
            return 0
        is_old = before.has(now.positions())
        if self.ages:
            survives = now.has(before.positions())
            ages = np.ones(now.nnz, np.int32)
            ages[is_old] += self.ages[depth][survives]
            self.ages[depth] = ages
        return now.nnz - int(np.count_nonzero(is_old))
