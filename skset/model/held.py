"""`Held`: connections of a layer that training must not change."""

from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset import kernels
from skset.topology import Topology

__all__ = ["Held"]

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Held:
    """The frozen connections of a layer in training, and the values they are held at.

    Some connections of a shared network belong to earlier tasks. A training may use
    them, drop them and grow them again, but they always have the same weight. A step
    moves all weights and then puts these back: that is cheaper than to ask at every
    weight whether it may move.

    Attributes
    ----------
    shared : Topology
        All frozen connections, those that the layer does not have included.
    shared_values : ndarray of shape (shared.nnz,)
        Their weights.
    places : ndarray of int64
        Which connections of the layer are frozen, sorted.
    values : ndarray
        Their weights.
    """

    shared: Topology
    shared_values: Array
    places: Array
    values: Array

    @classmethod
    def of(cls, shared: Topology, shared_values: Array, topology: Topology) -> Self:
        """Return what is frozen of a layer with this topology."""
        places, where = common_places(topology, shared)
        return cls(shared, shared_values, places, shared_values[where])

    def on(self, topology: Topology) -> "Held":
        """Return the same for a layer that has evolved to this topology."""
        return Held.of(self.shared, self.shared_values, topology)

    def put_back(self, weights: Array) -> None:
        """Give the frozen connections among these weights of the layer their values."""
        kernels.hold(self.places, self.values, weights)


def common_places(a: Topology, b: Topology) -> tuple[Array, Array]:
    """Return the places in a, and in b, of the connections that both have."""
    positions = a.positions()
    places = np.flatnonzero(b.has(positions))
    where = np.searchsorted(b.positions(), positions[places])
    return places, where
