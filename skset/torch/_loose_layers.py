"""`LooseLayers`: the sparse layers of any module, as the evolver sees a network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch

from skset.model import Layer
from skset.topology import Rewiring, Topology
from skset.torch._linear import SETLinear

__all__ = ["LooseLayers", "enlarged", "old_places"]


@dataclass(frozen=True, eq=False)
class LooseLayers:
    """Layers that need not be neighbours, so that nothing is known of paths.

    Attributes
    ----------
    layers : tuple of Layer
        In the order of the module. The only moment of each are the places that its
        connections had before the evolution, plus 1. A newborn connection has 0.
    """

    layers: tuple[Layer, ...]
    is_joined = True

    @classmethod
    def of(
        cls,
        modules: Sequence[SETLinear],
        explored: Sequence[Topology | None] | None = None,
    ) -> Self:
        """Return the connections of modules.

        `explored` has all positions that were ever connected, for each.
        """
        seen = explored or [None] * len(modules)
        return cls(tuple(map(_layer, modules, seen)))

    @property
    def nnz(self) -> int:
        """Number of connections."""
        return sum(layer.topology.nnz for layer in self.layers)

    @property
    def n_possible(self) -> int:
        """Number of connections of dense layers with the same units."""
        shapes = [layer.topology.shape for layer in self.layers]
        return sum(n_in * n_out for n_in, n_out in shapes)

    def with_layers(self, layers: Iterable[Layer]) -> Self:
        """Return other layers."""
        return replace(self, layers=tuple(layers))

    def is_finite(self) -> bool:
        """Return whether all weights are finite."""
        return all(np.isfinite(layer.weights).all() for layer in self.layers)


def _layer(module: SETLinear, explored: Topology | None) -> Layer:
    weights, topology = module.weight.detach().cpu().numpy(), module.topology
    places = np.arange(1, weights.size + 1)
    bias = np.zeros(module.out_features, weights.dtype)
    return Layer(topology, weights, bias, (places,), (), explored)


def old_places(layer: Layer) -> torch.Tensor:
    """Return the old place of each connection, -1 if it is newborn."""
    return torch.from_numpy(layer.moments[0] - 1)


def enlarged(layer: Layer, topology: Topology, weight_init: str, rng: Any) -> Layer:
    """Return a layer with more connections, of random weights.

    `topology` has those of the layer and others. The weights of the former are scaled
    to the fan-in of the new pattern, so that all have one scale.
    """
    before, dtype = layer.topology, layer.weights.dtype
    source = np.full(topology.nnz, -1, np.int64)
    places = np.searchsorted(topology.positions(), before.positions())
    source[places] = np.arange(before.nnz)
    weights = layer.weights
    if weight_init != "normal":  # whose scale does not depend on the fan-in
        shrunk = np.sqrt(before.fan_in / np.maximum(topology.fan_in, 1))
        weights = weights * shrunk.astype(dtype)[before.indices]
    fresh = Layer.initial(topology, weight_init, rng, dtype).weights
    grown = replace(layer, weights=weights)
    return grown.rewired(Rewiring(topology, source), fresh)
