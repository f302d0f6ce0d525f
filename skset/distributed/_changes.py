"""`Change`: how a layer has evolved, where the lead has decided it alone."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.model import Layer
from skset.topology import Rewiring

__all__ = ["Change", "changed", "changes"]

Array: TypeAlias = NDArray[Any]


class Change(NamedTuple):
    """What an evolution has done to the connections of a layer.

    It takes a bit for each connection, and 8 bytes and a weight for each newborn one.

    Attributes
    ----------
    kept : ndarray of uint8
        Which connections were kept, as packed bits.
    born : ndarray of int64
        Positions of the newborn ones, sorted.
    weights : ndarray of shape (n_born,)
        Their weights.
    """

    kept: Array
    born: Array
    weights: Array


def changes(before: Sequence[Layer], after: Sequence[Layer]) -> list[Change]:
    """Return how each layer has evolved."""
    return [_change(*pair) for pair in zip(before, after, strict=True)]


def _change(old: Layer, new: Layer) -> Change:
    places, positions = old.topology.positions(), new.topology.positions()
    stays = old.topology.has(positions)
    kept = new.topology.has(places)
    # One that was dropped and grown again at its place is newborn, unless its weight is
    # the same.
    same = new.weights[stays] == old.weights[kept]
    kept[np.flatnonzero(kept)[~same]] = False
    stays[np.flatnonzero(stays)[~same]] = False
    return Change(np.packbits(kept), positions[~stays], new.weights[~stays])


def changed(layer: Layer, change: Change) -> Layer:
    """Return the layer after a change. Moments of newborn connections are 0."""
    nnz = layer.topology.nnz
    kept = np.unpackbits(change.kept, count=nnz).astype(bool)
    topology, source = layer.topology.replaced(kept, change.born)
    weights = np.zeros(source.size, layer.weights.dtype)
    weights[source < 0] = change.weights
    return layer.rewired(Rewiring(topology, source), weights)
