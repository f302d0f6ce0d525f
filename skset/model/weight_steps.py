"""Steps of an optimiser with some numbers: weights or biases, and its arrays."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset import kernels

__all__ = ["move", "two_moments"]

Array: TypeAlias = NDArray[Any]


def two_moments(moments: tuple[Array, ...], like: Array) -> tuple[Array, Array]:
    """Return the moments, with empty arrays for those that an optimiser lacks."""
    none = np.empty(0, like.dtype)
    first, second, *_ = *moments, none, none
    return first, second


def move(
    values: Array, moments: tuple[Array, ...], gradient: Array, step: kernels.Step
) -> None:
    """Take a step with some numbers, in place, along their gradient."""
    kernels.update(values, *two_moments(moments, values), gradient, step)
