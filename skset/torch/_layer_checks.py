"""Checks of what a `SETLinear` is made of, and of its inputs."""

from numbers import Integral
from typing import Any

import numpy as np
import torch

from skset.model import INITIAL_WEIGHTS

__all__ = [
    "check_inputs",
    "check_option",
    "check_weight",
    "checked_dtype",
    "checked_shape",
]

DTYPES = {torch.float32: np.float32, torch.float64: np.float64}
OPTIONS: dict[str, tuple[str | None, ...]] = {
    "activation": (None, "relu"),
    "how": ("magnitude", "random"),
    "weight_init": tuple(INITIAL_WEIGHTS),
}


def checked_shape(in_features: Any, out_features: Any) -> tuple[int, int]:
    """Return the numbers of units, or raise a ValueError."""
    for name, n in (("in_features", in_features), ("out_features", out_features)):
        if not isinstance(n, Integral) or isinstance(n, bool) or n < 1:
            raise ValueError(f"{name} must be a whole number >= 1, got {n!r}.")
    return int(in_features), int(out_features)


def checked_dtype(dtype: torch.dtype | None) -> np.dtype[Any]:
    """Return NumPy's dtype, or raise a ValueError; None is PyTorch's default."""
    kind = torch.get_default_dtype() if dtype is None else dtype
    if kind not in DTYPES:
        raise ValueError(f"dtype must be float32 or float64, got {dtype!r}.")
    return np.dtype(DTYPES[kind])


def check_option(name: str, value: Any) -> None:
    """Raise a ValueError if this is no value of an option."""
    if value not in OPTIONS[name]:
        raise ValueError(f"{name} must be one of {OPTIONS[name]}, got {value!r}.")


def check_weight(weight: torch.Tensor, nnz: int) -> None:
    """Raise a RuntimeError if there is not one weight for each connection."""
    if weight.shape != (nnz,):
        raise RuntimeError(
            f"weight of a SETLinear with {nnz} connections must have shape ({nnz},), "
            f"got {tuple(weight.shape)}."
        )


def check_inputs(x: torch.Tensor, in_features: int, weight: torch.Tensor) -> None:
    """Raise a RuntimeError, as `torch.nn.Linear`, if inputs do not fit a layer."""
    if x.dim() == 0 or x.shape[-1] != in_features:
        raise RuntimeError(
            f"SETLinear expects inputs of shape (..., {in_features}), got "
            f"{tuple(x.shape)}."
        )
    if x.dtype != weight.dtype or x.dtype not in DTYPES:
        raise RuntimeError(
            "SETLinear expects inputs of the dtype of its weights, float32 or float64, "
            f"got inputs of {x.dtype} and weights of {weight.dtype}."
        )
