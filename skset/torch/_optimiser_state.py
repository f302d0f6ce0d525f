"""What an optimiser holds for each weight, carried over when the topology evolves."""

from collections.abc import Iterable
from typing import Any, TypeAlias

import torch
from torch import optim

__all__ = ["carried_state", "check_optimiser", "decay_of"]

Tensor: TypeAlias = torch.Tensor

# They look at all weights at once, as a matrix or a vector. So the state of one weight
# means nothing without the others.
NOT_ELEMENTWISE = tuple(
    getattr(optim, name)
    for name in ("Adafactor", "LBFGS", "Muon", "SparseAdam")
    if hasattr(optim, name)  # Muon is newer than the oldest PyTorch that we support
)
# What the optimisers of `torch.optim` begin with where that is not 0: the key of the
# state, and the option of the parameter group that has the number.
FIRST_VALUES = {
    "Adagrad": {"sum": "initial_accumulator_value"},
    "Rprop": {"step_size": "lr"},
}


def check_optimiser(optimizer: Any, weights: Iterable[Tensor]) -> None:
    """Raise if an optimiser cannot train layers whose topology evolves.

    Raises
    ------
    TypeError
        If it is no optimiser, or one that does not treat numbers one by one.
    ValueError
        If it holds none of the weights.
    """
    if not isinstance(optimizer, optim.Optimizer):
        raise TypeError(f"optimizer must be a torch.optim.Optimizer, got {optimizer!r}")
    if isinstance(optimizer, NOT_ELEMENTWISE):
        raise TypeError(
            f"{type(optimizer).__name__} does not treat numbers one by one, so its "
            "state cannot follow connections. Use SGD, Adam, AdamW, RMSprop, Adagrad, "
            "NAdam or another elementwise optimiser."
        )
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not any(id(weight) in held for weight in weights):
        raise ValueError("optimizer holds no weight of a SETLinear that is trained.")


def group_of(optimizer: Any, weight: Tensor) -> dict[str, Any]:
    """Return the parameter group of a weight; an empty one if it has none."""
    for group in optimizer.param_groups:
        if any(p is weight for p in group["params"]):
            return group  # type: ignore[no-any-return]
    return {}


def decay_of(optimizer: Any, weight: Tensor) -> float:
    """Return what is left of a gradient in the momentum, one step later.

    Raises
    ------
    ValueError
        If the optimiser has no momentum.
    """
    group: dict[str, Any] = group_of(optimizer, weight) if optimizer else {}
    decay = float(group.get("momentum", 0) or group.get("betas", (0,))[0])
    if not 0 < decay < 1:
        raise ValueError(
            "The growth needs the momentum of the optimiser, and there is none. Use "
            "SGD with momentum or Adam, or another grow."
        )
    return decay


def carried_state(optimizer: Any, weight: Tensor, source: Tensor) -> dict[str, Tensor]:
    """Return the state of the kept connections in their new places.

    A newborn connection gets the state that the optimiser begins with: mostly 0.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer or None
        It is not changed.
    weight : torch.nn.Parameter of shape (n_before,)
        Of the layer, before the evolution.
    source : Tensor of shape (nnz,), int64
        Old place of each connection; -1 if it is newborn.

    Returns
    -------
    state : dict
        The tensors with a number for each weight. Others, as the count of steps, stay.

    Raises
    ------
    TypeError
        If there is state of another shape, so that it is not known whose it is.
    """
    state = {} if optimizer is None else optimizer.state.get(weight, {})
    firsts = FIRST_VALUES.get(type(optimizer).__name__, {})
    carried = {}
    for name, value in state.items():
        if not torch.is_tensor(value) or value.dim() == 0:
            continue
        if value.shape != weight.shape:
            raise TypeError(
                f"{type(optimizer).__name__} holds {name!r} of shape "
                f"{tuple(value.shape)} for {len(weight)} weights: it is not known "
                "which numbers follow which connection."
            )
        option = firsts.get(name)
        first = float(group_of(optimizer, weight)[option]) if option else 0.0
        carried[name] = moved(value, source, first)
    return carried


def moved(values: Tensor, source: Tensor, first: float) -> Tensor:
    """Return the values of the kept connections in new places, `first` elsewhere."""
    source = source.to(values.device)
    if not values.numel():
        return values.new_full(source.shape, first)
    carried = values[source.clamp(min=0)]
    return torch.where(source >= 0, carried, torch.full_like(carried, first))
