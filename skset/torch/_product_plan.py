"""`Plan`: what a product of a sparse layer needs besides its tensors."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from skset.model import Layer
from skset.topology import Topology
from skset.torch._recorder import Recorder

__all__ = ["Plan"]

Tensor: TypeAlias = torch.Tensor
Array: TypeAlias = NDArray[Any]

EVOLVED = (
    "The topology has evolved since the forward pass. Call backward() before "
    "TopologyUpdate.step()."
)


class Plan:
    """Products with one topology, and what is reused from one to the next.

    Parameters
    ----------
    topology : Topology
        The pattern.
    rectifies : bool
        Whether outputs that are not positive become 0.
    recorder : Recorder or None
        Gets the signals of each backward pass.
    has : callable
        ``has(topology)`` tells whether the layer has this topology now.
    """

    def __init__(
        self,
        topology: Topology,
        rectifies: bool,
        recorder: Recorder | None,
        has: Callable[[Topology], bool],
    ) -> None:
        self.topology, self.rectifies, self.recorder = topology, rectifies, recorder
        self._has = has
        self._addresses: tuple[int, int] | None = None
        self._layer: Layer | None = None
        self._scratch: Array | None = None

    def is_for(self, topology: Topology, rectifies: bool) -> bool:
        """Return whether this is the plan of such products."""
        return topology is self.topology and rectifies == self.rectifies

    def check_current(self) -> None:
        """Raise a RuntimeError if the topology has evolved."""
        if not self._has(self.topology):
            raise RuntimeError(EVOLVED)

    def layer(self, weight: Tensor, bias: Tensor | None) -> Layer:
        """Return a layer on the memory of the tensors."""
        # As long as a layer is kept, no other tensor can have its addresses.
        addresses = weight.data_ptr(), 0 if bias is None else bias.data_ptr()
        if self._layer is not None and addresses == self._addresses:
            return self._layer
        w = weight.detach().contiguous()
        b = w.new_zeros(self.topology.shape[1]) if bias is None else bias.detach()
        b = b.contiguous()
        layer = Layer(self.topology, w.numpy(), b.numpy())
        if addresses == (w.data_ptr(), 0 if bias is None else b.data_ptr()):
            self._layer, self._addresses = layer, addresses  # it is no copy
        return layer

    def scratch(self, like: Array) -> Array:
        """Return an array to work in, for one caller at a time."""
        known = self._scratch
        if known is None or known.shape != like.shape or known.dtype != like.dtype:
            known = self._scratch = np.empty_like(like)
        return known
