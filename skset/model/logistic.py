"""The logistic function and softplus, for arguments of any size."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["logistic", "softplus"]

Array: TypeAlias = NDArray[Any]


def logistic(Z: Array, out: Array | None = None) -> Array:
    """Return ``1 / (1 + exp(-Z))``, in `out` if that is given.

    It uses numpy's vectorised exp, in a quarter of the time of scipy's expit in
    float32.
    """
    with np.errstate(over="ignore", under="ignore"):  # the result is then 0 or 1
        A = np.exp(np.negative(Z, out=out), out=out)
    A += 1
    return np.reciprocal(A, out=A)


def softplus(Z: Array) -> Array:
    """Return ``log(1 + exp(Z))``, for Z of any size."""
    A: Array = np.abs(Z)
    np.exp(np.negative(A, out=A), out=A)
    A += 1
    np.log(A, out=A)
    A += np.maximum(Z, 0)
    return A
