"""Activations by name, and the activation of each hidden layer of a network."""

from collections.abc import Callable
from typing import TypeAlias

from skset.model.activations import (
    ELU,
    GELU,
    SELU,
    Activation,
    Identity,
    LeakyReLU,
    Logistic,
    SiLU,
    Softplus,
    Tanh,
)

__all__ = ["ACTIVATIONS", "activations_for", "auto_weight_init"]

# Makes the activation of a hidden layer (0 is the first). The second argument is the
# user's slope below zero, or None.
Maker: TypeAlias = Callable[[int, float | None], Activation]

# Default slopes: those of Maas et al. 2013 and of Curci et al. 2021.
LEAKY_RELU_SLOPE, ALL_RELU_SLOPE = 0.01, 0.6


def _leaky_relu(layer: int, negative_slope: float | None) -> Activation:
    return LeakyReLU(LEAKY_RELU_SLOPE if negative_slope is None else negative_slope)


def _all_relu(layer: int, negative_slope: float | None) -> Activation:
    """Slopes of alternating sign (Curci et al. 2021, arXiv 2102.01732)."""
    slope = ALL_RELU_SLOPE if negative_slope is None else negative_slope
    return LeakyReLU(-slope if layer % 2 else slope)


def _everywhere(activation: Activation) -> Maker:
    """Return a function that makes this activation for every layer."""
    return lambda layer, negative_slope: activation


ACTIVATIONS: dict[str, Maker] = {
    "identity": _everywhere(Identity()),
    "logistic": _everywhere(Logistic()),
    "tanh": _everywhere(Tanh()),
    "relu": _everywhere(LeakyReLU(0.0)),
    "leaky_relu": _leaky_relu,
    "all_relu": _all_relu,
    "elu": _everywhere(ELU()),
    "selu": _everywhere(SELU()),
    "gelu": _everywhere(GELU()),
    "silu": _everywhere(SiLU()),
    "softplus": _everywhere(Softplus()),
}


def activations_for(
    activation: str | Activation | tuple[str | Activation, ...],
    n_hidden: int,
    negative_slope: float | None = None,
) -> tuple[Activation, ...]:
    """Return the activation of each hidden layer.

    Parameters
    ----------
    activation : str, Activation or tuple of them
        A key of `ACTIVATIONS` or an object; one for all hidden layers, or one for each.
    n_hidden : int
        Number of hidden layers.
    negative_slope : float, default=None
        Slope below zero of "leaky_relu" and "all_relu"; None is 0.01 and 0.6.
    """
    each = activation if isinstance(activation, tuple) else (activation,) * n_hidden
    if len(each) != n_hidden:
        raise ValueError(
            f"activation has {len(each)} entries, but there are {n_hidden} hidden "
            "layers."
        )
    return tuple(
        _activation(given, layer, negative_slope) for layer, given in enumerate(each)
    )


def _activation(
    given: str | Activation, layer: int, negative_slope: float | None
) -> Activation:
    if isinstance(given, Activation):
        return _checked(given)
    if not isinstance(given, str) or given not in ACTIVATIONS:
        raise ValueError(
            f"activation must be one of {sorted(ACTIVATIONS)} or an Activation, got "
            f"{given!r}."
        )
    return ACTIVATIONS[given](layer, negative_slope)


def _checked(activation: Activation) -> Activation:
    """Return the activation, or raise if kernels cannot apply its slope."""
    slope = activation.slope
    if slope is not None and (slope < 0 or activation.needs_sums):
        raise ValueError(
            "An activation with a slope must have one that is not negative, and "
            f"needs_sums must be False, got {activation!r}."
        )
    return activation


def auto_weight_init(hidden: tuple[Activation, ...]) -> str:
    """Return the key of `INITIAL_WEIGHTS` for a network with these activations.

    It is "he" if any of them asks for it, else "glorot".
    """
    return "he" if any(a.weight_init == "he" for a in hidden) else "glorot"
