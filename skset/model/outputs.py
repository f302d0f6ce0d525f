"""Output functions: what a network predicts, given the sums of its last layer.

Arrays are (outputs, batch).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

__all__ = ["OUTPUTS", "log_softmax", "softmax"]


def log_softmax(Z: NDArray[Any], axis: int = 0) -> NDArray[Any]:
    """Return the logarithm of the softmax over the outputs, finite for finite Z."""
    shifted = Z - Z.max(axis=axis, keepdims=True)
    log_softmax: NDArray[Any] = shifted - np.log(
        np.exp(shifted).sum(axis=axis, keepdims=True)
    )
    return log_softmax


def softmax(Z: NDArray[Any]) -> NDArray[Any]:
    """Return the softmax over the outputs."""
    return np.exp(log_softmax(Z))


def identity(Z: NDArray[Any]) -> NDArray[Any]:
    """Return Z itself."""
    return Z


OUTPUTS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "identity": identity,
    "logistic": expit,
    "softmax": softmax,
    "exp": np.exp,
}
