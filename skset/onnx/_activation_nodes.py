"""Nodes of the activations.

onnxruntime has operators for all of them in float32. In float64 it lacks some, which
are made of simpler ones.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from skset.model import (
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
from skset.onnx._graph import Graph

__all__ = ["add_activation", "check_activations"]

# Adds the activation of the sums Z of a type, and returns the name of its output.
Maker: TypeAlias = Callable[[Graph, Any, str, np.dtype[Any]], str]


def check_activations(activations: tuple[Activation, ...]) -> None:
    """Raise if one of the activations has no operators in ONNX."""
    for activation in activations:
        if type(activation) not in MAKERS:
            raise ValueError(
                f"The activation {activation!r} is not one of skset's own. ONNX has no "
                "operator for it."
            )


def add_activation(
    graph: Graph, activation: Activation, Z: str, dtype: DTypeLike
) -> str:
    """Add the activation of weighted sums Z, which have this type; return its name."""
    return MAKERS[type(activation)](graph, activation, Z, np.dtype(dtype))


def _operator(name: str, **attributes: Any) -> Maker:
    """Return a function that adds this operator."""
    return lambda graph, activation, Z, dtype: graph.node(name, Z, **attributes)


def _identity(graph: Graph, activation: Any, Z: str, dtype: Any) -> str:
    return Z


def _leaky_relu(graph: Graph, activation: Any, Z: str, dtype: Any) -> str:
    slope = activation.below_zero
    if slope == 0:
        return graph.node("Relu", Z)
    if dtype == np.float32:  # the type of the operator's parameter
        return graph.node("LeakyRelu", Z, alpha=slope)
    below = graph.node("Mul", _negative(graph, Z, dtype), _number(graph, slope, dtype))
    return graph.node("Add", graph.node("Relu", Z), below)


def _elu(graph: Graph, activation: Any, Z: str, dtype: Any) -> str:
    if dtype == np.float32:
        return graph.node("Elu", Z)
    return graph.node("Add", graph.node("Relu", Z), _saturating(graph, Z, dtype))


def _selu(graph: Graph, activation: Any, Z: str, dtype: Any) -> str:
    if dtype == np.float32:
        return graph.node("Selu", Z)
    scale = _number(graph, activation.scale, dtype)
    saturation = _number(graph, activation.saturation, dtype)
    above = graph.node("Mul", graph.node("Relu", Z), scale)
    below = graph.node("Mul", _saturating(graph, Z, dtype), saturation)
    return graph.node("Add", above, below)


def _number(graph: Graph, number: float, dtype: Any) -> str:
    return graph.constant(np.array(number, dtype))


def _negative(graph: Graph, Z: str, dtype: Any) -> str:
    """Add ``min(z, 0)``."""
    return graph.node("Min", Z, _number(graph, 0, dtype))


def _saturating(graph: Graph, Z: str, dtype: Any) -> str:
    """Add ``exp(min(z, 0)) - 1``."""
    power = graph.node("Exp", _negative(graph, Z, dtype))
    return graph.node("Sub", power, _number(graph, 1, dtype))


def _softplus(graph: Graph, activation: Any, Z: str, dtype: Any) -> str:
    if dtype == np.float32:
        return graph.node("Softplus", Z)
    power = graph.node("Exp", graph.node("Neg", graph.node("Abs", Z)))
    log = graph.node("Log", graph.node("Add", power, _number(graph, 1, dtype)))
    return graph.node("Add", graph.node("Relu", Z), log)


def _silu(graph: Graph, activation: Any, Z: str, dtype: Any) -> str:
    if dtype == np.float32:
        return graph.node("Mul", Z, graph.node("Sigmoid", Z))
    # onnxruntime 1.20 fuses the two into an operator that it lacks in float64.
    power = graph.node("Exp", graph.node("Neg", Z))
    return graph.node("Div", Z, graph.node("Add", power, _number(graph, 1, dtype)))


def _gelu(graph: Graph, activation: Any, Z: str, dtype: Any) -> str:
    """Add ``z (1 + erf(z / sqrt(2))) / 2``.

    onnxruntime has erf in float32 only, so in float64 it has an error of 1e-7.
    """
    inside = graph.node("Mul", Z, _number(graph, np.sqrt(0.5), dtype))
    erf = graph.cast(graph.node("Erf", graph.cast(inside, np.float32)), dtype)
    twice = graph.node("Add", erf, _number(graph, 1, dtype))
    halved = graph.node("Mul", Z, _number(graph, 0.5, dtype))
    return graph.node("Mul", halved, twice)


MAKERS: dict[type[Activation], Maker] = {
    Identity: _identity,
    LeakyReLU: _leaky_relu,
    Logistic: _operator("Sigmoid"),
    Tanh: _operator("Tanh"),
    ELU: _elu,
    SELU: _selu,
    Softplus: _softplus,
    SiLU: _silu,
    GELU: _gelu,
}
