"""`regrow`: connections in place of those that a final drop took."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from skset.model import INITIAL_WEIGHTS
from skset.topology import carry, random_free_positions
from skset.torch._linear import SETLinear
from skset.torch._optimiser_state import carried_state
from skset.torch._update_checks import layers_to_evolve

__all__ = ["regrow"]


def regrow(
    module: nn.Module,
    optimizer: Any,
    n_before: Sequence[int],
    newborn: str | None,
    rng: np.random.Generator,
) -> None:
    """Grow connections at random until layers have as many as before.

    Parameters
    ----------
    module : torch.nn.Module
        Has the layers.
    optimizer : torch.optim.Optimizer or None
        What it holds for a connection moves along.
    n_before : sequence of int
        For each layer that evolves. Those that have as many stay as they are.
    newborn : str or None
        Weights of the new ones: 0 for "zero" and None, else initial weights.
    rng : numpy.random.Generator
        Draws positions and weights.
    """
    for layer, nnz in zip(layers_to_evolve(module), n_before, strict=True):
        missing = min(nnz - layer.nnz, layer.topology.n_free)
        if missing > 0:
            _grow(layer, optimizer, missing, newborn, rng)


def _grow(
    layer: SETLinear, optimizer: Any, n: int, newborn: str | None, rng: Any
) -> None:
    before = layer.topology
    new = np.sort(random_free_positions(before, n, rng))
    topology, source = before.replaced(np.ones(before.nnz, bool), new)
    weight = layer.weight.detach().cpu().numpy()
    fresh: Any = 0.0
    if newborn not in (None, "zero"):
        fresh = INITIAL_WEIGHTS[layer.weight_init](topology, rng, weight.dtype)
    weights = carry(weight, source, fresh)
    places = torch.from_numpy(source.astype(np.int64))
    state = carried_state(optimizer, layer.weight, places)
    layer.rewire(topology, torch.from_numpy(weights))
    if state:
        optimizer.state[layer.weight].update(state)
