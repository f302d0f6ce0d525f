"""Trainings that go on: a `TopologyUpdate` from its state, and stale optimisers."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from skset.topology import Topology
from skset.torch._linear import SETLinear
from skset.torch._update import TopologyUpdate

__all__ = ["begun_update", "forget_stale", "held_states", "is_on_its_way"]


def begun_update(
    module: nn.Module,
    optimizer: Any,
    given: Mapping[str, Any],
    saved: dict[str, Any] | None = None,
) -> TopologyUpdate:
    """Return an update of a module; with a saved state, as it was then.

    Parameters
    ----------
    module, optimizer
        They are as they were when the state was saved.
    given : dict
        Arguments of `TopologyUpdate`.
    saved : dict, default=None
        Its state.
    """
    if saved is None:
        return TopologyUpdate(module, optimizer, **given)
    # A new one may begin with more connections. So keep what is there.
    states = copy.deepcopy((module.state_dict(), optimizer.state_dict()))
    update = TopologyUpdate(module, optimizer, **given)
    module.load_state_dict(states[0])
    optimizer.load_state_dict(states[1])
    update.load_state_dict(saved)
    return update


class Held(NamedTuple):
    """What an optimiser held for a layer, and the pattern that it belongs to."""

    layer: SETLinear
    topology: Topology
    state: Any


def held_states(optimizer: Any, layers: Iterable[SETLinear]) -> list[Held]:
    """Return what an optimiser holds for each layer."""
    return [
        Held(layer, layer.topology, optimizer.state[layer.weight])
        for layer in layers
        if layer.weight in optimizer.state
    ]


def forget_stale(optimizer: Any, held: Iterable[Held]) -> None:
    """Remove what an optimiser holds for patterns that are no longer there.

    It stays if it was loaded since: then it belongs to the new pattern.
    """
    for layer, topology, state in held:
        same = optimizer.state.get(layer.weight) is state
        if same and not _are_equal(layer.topology, topology):
            del optimizer.state[layer.weight]


def _are_equal(first: Topology, second: Topology) -> bool:
    return first is second or (
        np.array_equal(first.indptr, second.indptr)
        and np.array_equal(first.indices, second.indices)
    )


def is_on_its_way(update: TopologyUpdate | None, saved: Mapping[str, Any]) -> bool:
    """Return whether the density has not come to its end in an interrupted training.

    `saved` is the state of an update that was pickled, and its total.
    """
    if update is None:
        calls, total, goal = (saved.get(key) for key in ("calls", "total", "goal"))
    else:
        calls, total, goal = update.calls, update.total, update._evolver.goal
    return goal is not None and calls != total
