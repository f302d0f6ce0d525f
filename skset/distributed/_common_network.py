"""`CommonNetwork`: the lead's copy of the network that all shards train."""

import zlib
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.estimators import Beginning
from skset.model import RBM, Network
from skset.training.contexts import Look

__all__ = ["CommonNetwork", "arrays_of", "checksum", "put_into"]

Array: TypeAlias = NDArray[Any]


def arrays_of(network: Network | RBM) -> list[Array]:
    """Return the arrays of a model that are averaged: weights and biases."""
    arrays = [a for layer in network.layers for a in (layer.weights, layer.bias)]
    if isinstance(network, RBM):
        arrays.append(network.visible_bias)
    return arrays


def put_into(network: Network | RBM, arrays: Iterable[Array]) -> None:
    """Write arrays like those of `arrays_of` into a model."""
    for own, given in zip(arrays_of(network), arrays, strict=True):
        own[...] = given


def checksum(network: Network | RBM) -> int:
    """Return a number by which copies of one topology know each other."""
    code = 0
    for layer in network.layers:
        for part in (layer.topology.indptr, layer.topology.indices):
            code = zlib.crc32(np.ascontiguousarray(part).data, code)
    return code


class CommonNetwork:
    """The network that all shards have, as it was after the last average.

    It evolves as the copies of the shards do: by the same strategies, with the same
    weights and the same random numbers. So its topology need not travel.

    Parameters
    ----------
    beginning : Beginning
        Its state is taken over.
    """

    def __init__(self, beginning: Beginning) -> None:
        self.state, self.evolver = beginning.state, beginning.evolver
        self.evolver.begin(self.state, beginning.decay)
        self.evolver.note_paths(self.state)

    @property
    def network(self) -> Any:
        """The network as it is now."""
        return self.state.network

    def evolve(self, share: float, look: Look, regrow: bool = True) -> None:
        """Evolve as the schedules say at this share of the training."""
        zeta, surplus = self.evolver.planned(self.network, share)
        if zeta or surplus:
            self.evolver.evolve(self.state, look, share, zeta, surplus, regrow)

    def finish(self, final_drop: bool, share: float, look: Look) -> None:
        """Reach the final density; then drop without regrowth, if that is wanted."""
        self.evolver.reach_goal(self.state)
        if final_drop:
            self.evolve(share, look, regrow=False)

    def put(self, arrays: Iterable[Array]) -> None:
        """Take over averaged weights and biases."""
        put_into(self.network, arrays)
