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
    values : ndarray of shape (nnz,)
        The frozen weight of each connection of the layer; NaN if it may move.
    """

    shared: Topology
    shared_values: Array
    values: Array

    @classmethod
    def of(cls, shared: Topology, shared_values: Array, topology: Topology) -> Self:
        """Return what is frozen of a layer with this topology."""
        positions = topology.positions()
        places = np.flatnonzero(shared.has(positions))
        values = np.full(topology.nnz, np.nan, shared_values.dtype)
        where = np.searchsorted(shared.positions(), positions[places])
        values[places] = shared_values[where]
        return cls(shared, shared_values, values)

    @property
    def mask(self) -> Array:
        """Which connections of the layer are frozen."""
        mask: Array = ~np.isnan(self.values)
        return mask

    def on(self, topology: Topology) -> "Held":
        """Return the same for a layer that has evolved to this topology."""
        return Held.of(self.shared, self.shared_values, topology)

    def put_back(self, weights: Array) -> None:
        """Give the frozen connections among these weights of the layer their values."""
        kernels.hold(self.values, weights)
