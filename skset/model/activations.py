"""Activations of the hidden layers, with the derivative that belongs to each.

Arrays are (units, batch): Z weighted sums, A activations, D deltas.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

__all__ = ["ACTIVATIONS", "Activation", "logistic", "softplus"]


def logistic(Z, out=None):
    """Return ``1 / (1 + exp(-Z))``, in `out` if that is given.

    By numpy's vectorised exp, at a quarter of the time of scipy's expit in float32.
    """
    with np.errstate(over="ignore", under="ignore"):  # where the result is 0 or 1
        A = np.exp(np.negative(Z, out=out), out=out)
    A += 1
    return np.reciprocal(A, out=A)


def softplus(Z):
    """Return ``log(1 + exp(Z))``, for Z of any size."""
    A = np.abs(Z)
    np.exp(np.negative(A, out=A), out=A)
    A += 1
    np.log(A, out=A)
    A += np.maximum(Z, 0)
    return A


@dataclass(frozen=True)
class Activation:
    """An elementwise function and its derivative.

    Attributes
    ----------
    apply : callable
        ``apply(Z, A, slope)`` writes the activations into A, which may be Z.
    multiply_derivative : callable
        ``multiply_derivative(Z, A, D, slope)`` multiplies D by the derivative, in
        place. Z is A where `in_place` is True.
    leak : callable, default=None
        For a function ``z if z > 0 else leak(slope) * z``, which the kernels apply to
        their sums themselves.
    in_place : bool
        Whether the derivative can be told from A alone, so that Z need not be kept.
    rectifier : bool
        Whether about half of the signal is lost, so that weights start at He's scale.
    alternating : bool
        Whether the sign of the slope alternates from layer to layer.
    """

    apply: Callable[..., None]
    multiply_derivative: Callable[..., None]
    leak: Callable[[float], float] | None = None
    in_place: bool = True
    rectifier: bool = False
    alternating: bool = False

    def slope(self, layer, negative_slope):
        """Return the slope for z < 0 in hidden layer `layer` (0 is the first)."""
        if self.alternating and (layer + 1) % 2 == 0:
            return -negative_slope
        return negative_slope

    def in_kernels(self, slope):
        """Return the slope for kernels, 1 where they are to leave their sums alone."""
        return 1.0 if self.leak is None else self.leak(slope)


def _leaking(leak, **attributes):
    """Return the activation ``z if z > 0 else leak(slope) * z``."""

    def apply(Z, A, slope):
        A[...] = np.where(Z > 0, Z, Z.dtype.type(leak(slope)) * Z)

    def multiply_derivative(Z, A, D, slope):
        factor = D.dtype.type(leak(slope))
        if 0 <= factor <= 1:  # twenty times as fast as with a mask
            D *= np.maximum(Z > 0, factor, dtype=D.dtype)
        else:
            np.multiply(D, factor, out=D, where=Z <= 0)

    return Activation(apply, multiply_derivative, leak, **attributes)


def _logistic(Z, A, slope):
    logistic(Z, A)


def _logistic_derivative(Z, A, D, slope):
    D *= A
    D *= 1 - A


def _tanh(Z, A, slope):
    np.tanh(Z, out=A)


def _tanh_derivative(Z, A, D, slope):
    D *= 1 - A * A


ACTIVATIONS = {
    "identity": _leaking(lambda slope: 1.0),
    "logistic": Activation(_logistic, _logistic_derivative),
    "tanh": Activation(_tanh, _tanh_derivative),
    "relu": _leaking(lambda slope: 0.0, rectifier=True),
    "leaky_relu": _leaking(lambda slope: slope, rectifier=True),
    # Curci et al. 2021 (arXiv 2102.01732). With a negative slope the sign of z is lost
    # in the activation, so Z is kept, and not left to the kernels.
    "all_relu": replace(
        _leaking(lambda slope: slope, rectifier=True, alternating=True),
        leak=None,
        in_place=False,
    ),
}
