"""`LayerCache`: what a layer remembers from one call to the next."""

from collections.abc import Callable
from typing import Any, NamedTuple, Self, TypeAlias

import torch

from skset.topology import Topology
from skset.torch._cuda import Patterns
from skset.torch._pattern_tensors import checked_topology
from skset.torch._product_plan import Plan
from skset.torch._recorder import Recorder

__all__ = ["LayerCache"]

Tensor: TypeAlias = torch.Tensor


class Known(NamedTuple):
    """The topology of two tensors, and how to tell whether they have changed."""

    indptr: Tensor
    indices: Tensor
    counts: tuple[int, int]
    topology: Topology

    @classmethod
    def of(cls, indptr: Tensor, indices: Tensor, topology: Topology) -> Self:
        """Return the topology, known for the tensors as they are now."""
        return cls(indptr, indices, (_changes(indptr), _changes(indices)), topology)

    def is_of(self, indptr: Tensor, indices: Tensor) -> bool:
        """Return whether these are the tensors, without a change in place."""
        same = indptr is self.indptr and indices is self.indices
        return same and self.counts == (_changes(indptr), _changes(indices))


def _changes(tensor: Tensor) -> int:
    """Return how often a tensor was changed; in inference mode that is not counted."""
    return -1 if tensor.is_inference() else tensor._version


class LayerCache:
    """What follows from the buffers of a layer, and who records its signals.

    A copy, or what comes back from a file, is empty.
    """

    def __init__(self) -> None:
        self._known: Known | None = None
        self._recorder: Recorder | None = None
        self._plan: Plan | None = None
        self._patterns: Patterns | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return LayerCache, ()

    def know(self, indptr: Tensor, indices: Tensor, topology: Topology) -> Topology:
        """Remember the topology of two tensors as they are now, and return it."""
        self._known = Known.of(indptr, indices, topology)
        return topology

    def topology(
        self, shape: tuple[int, int], indptr: Tensor, indices: Tensor
    ) -> Topology:
        """Return the topology of two tensors; raise a ValueError if there is none."""
        if self._known is not None and self._known.is_of(indptr, indices):
            return self._known.topology
        return self.know(indptr, indices, checked_topology(shape, indptr, indices))

    def record(self, recorder: Recorder | None) -> None:
        """Hand the signals of each backward pass to a recorder from now on."""
        self._recorder, self._plan = recorder, None

    def plan(
        self, topology: Topology, rectifies: bool, has: Callable[[Topology], bool]
    ) -> Plan:
        """Return the plan of a product with this topology."""
        known = self._plan
        if known is None or not known.is_for(topology, rectifies):
            known = Plan(topology, rectifies, self._recorder, has)
            self._plan = known
        return known

    def patterns(self, topology: Topology, device: torch.device) -> Patterns:
        """Return the pattern on a GPU."""
        known = self._patterns
        if known is None or not known.is_for(topology, device):
            known = self._patterns = Patterns(topology, device)
        return known
