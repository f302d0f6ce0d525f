"""The pattern of a layer as tensors, which `state_dict` holds, and as a `Topology`."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import torch

from skset.topology import Topology, all_but_smallest

__all__ = [
    "ARRAYS",
    "checked_topology",
    "greatest",
    "loaded_topology",
    "pattern_tensors",
    "replace_data",
]

# Names of what belongs together in a state dict.
ARRAYS = ("indptr", "indices", "weight")
Tensor: TypeAlias = torch.Tensor


def pattern_tensors(topology: Topology, device: Any = None) -> tuple[Tensor, Tensor]:
    """Return `indptr` (n_in + 1,) int64 and `indices` (nnz,) int32, as copies."""
    return (
        torch.tensor(topology.indptr, device=device),
        torch.tensor(topology.indices, device=device),
    )


def replace_data(parameter: Tensor, values: Tensor) -> None:
    """Give a parameter other numbers, maybe more or fewer."""
    if values.shape != parameter.shape:
        # A loss that is still there keeps the node that accumulates the gradient, and
        # that knows the shape. PyTorch makes a new one if the dtype changes.
        is_single = parameter.dtype == torch.float32
        other = torch.float64 if is_single else torch.float32
        parameter.data = parameter.data.new_empty(0, dtype=other)
    parameter.data = values


def greatest(
    weight: Tensor, nnz: int, rng: np.random.Generator
) -> tuple[Topology, Tensor]:
    """Return the topology and the values of the greatest absolute weights.

    Parameters
    ----------
    weight : Tensor of shape (n_out, n_in)
        As `torch.nn.Linear` has it.
    nnz : int
        How many there are.
    rng : numpy.random.Generator
        Chooses between equal weights.
    """
    W = weight.t().cpu().numpy()
    keep = all_but_smallest(np.abs(W).ravel(), W.size - nnz, rng)
    positions = np.flatnonzero(keep)
    values = torch.tensor(W.ravel()[positions])
    return Topology.from_positions(W.shape, positions), values


def checked_topology(shape: tuple[int, int], indptr: Any, indices: Any) -> Topology:
    """Return the topology of two tensors.

    Raises
    ------
    ValueError
        If they are not a pattern of that shape.
    """
    if not (torch.is_tensor(indptr) and torch.is_tensor(indices)):
        raise ValueError("indptr and indices of a pattern must be tensors.")
    return Topology(shape, indptr.cpu().numpy(), indices.cpu().numpy())


def loaded_topology(
    shape: tuple[int, int], state: Mapping[str, Any], prefix: str
) -> Topology:
    """Return the topology of a layer in a state dict, whose arrays fit it.

    Parameters
    ----------
    shape : tuple of int
        (n_in, n_out) of the layer.
    state : dict
        As `Module.load_state_dict` takes it. Keys of the layer begin with `prefix`.

    Raises
    ------
    ValueError
        If an array of the layer is missing or does not fit.
    """
    names = [f"{prefix}{name}" for name in ARRAYS]
    if absent := [name for name in names if name not in state]:
        raise ValueError(f"weights and their pattern belong together, no {absent[0]}.")
    indptr, indices, weight = (state[name] for name in names)
    topology = checked_topology(shape, indptr, indices)
    _check_numbers(names[2], weight, topology.nnz)
    bias = state.get(f"{prefix}bias")
    if bias is not None:
        _check_numbers(f"{prefix}bias", bias, shape[1])
    return topology


def _check_numbers(name: str, values: Any, size: int) -> None:
    if not (torch.is_tensor(values) and values.is_floating_point()):
        raise ValueError(f"{name} must be a tensor of floating-point numbers.")
    if values.shape != (size,):
        raise ValueError(f"{name} must have shape ({size},), got {(*values.shape,)}.")
