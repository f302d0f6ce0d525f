"""Output functions: predictions from the weighted sums of the last layer.

Arrays are (outputs, batch).
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

__all__ = ["OUTPUTS", "log_softmax", "softmax"]

Array: TypeAlias = NDArray[Any]


def log_softmax(Z: Array, axis: int = 0) -> Array:
    """Return the logarithm of the softmax over the outputs, finite for finite Z."""
    shifted: Array = Z - Z.max(axis=axis, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return shifted


def softmax(Z: Array) -> Array:
    """Return the softmax over the outputs."""
    return np.exp(log_softmax(Z))


def identity(Z: Array) -> Array:
    """Return Z itself."""
    return Z


OUTPUTS: dict[str, Callable[[Array], Array]] = {
    "identity": identity,
    "logistic": expit,
    "softmax": softmax,
    "exp": np.exp,
}
