"""`Clipping`: steps along gradients with a limited norm (`max_norm`)."""

from typing import Any

import numpy as np

from skset import kernels
from skset.kernels import Step
from skset.model import Layer, Network
from skset.runtime.team import Team
from skset.topology import read_only

__all__ = ["Clipping"]


class Clipping:
    """Keeps the gradient of a step until its norm is known, then takes the step.

    The norm is that of the gradient by all weights and biases together, including the
    penalty. If it is greater than `max_norm`, the gradient is scaled down to it
    (Pascanu, Mikolov and Bengio 2013, ICML, algorithm 1).

    The backward kernel moves the weights of a layer before the gradient of the next one
    is known. So with clipping it writes the gradient into an array, 4 bytes for each
    connection, and the step is taken afterwards.

    Parameters
    ----------
    max_norm : float
        Greater than 0.
    """

    def __init__(self, max_norm: float) -> None:
        self.max_norm = max_norm
        self._layers: list[Layer] = []

    def backward(
        self, network: Network, depth: int, *arrays: Any, l2: float, team: Team
    ) -> None:
        """Write the gradient of a layer; the arrays are those of `Layer.backward`."""
        X, D, DX, slope = arrays
        step = Step.gradient(network.dtype.type).penalised(l2)
        self._layer(network, depth).backward(X, D, DX, step, team, slope)

    def take_step(self, network: Network, step: Step) -> None:
        """Move all weights and biases along the clipped gradient."""
        gradients = [
            gradient
            for layer in self._layers
            for gradient in (*layer.moments, *layer.bias_moments)
        ]
        squares = [kernels.squared_sum(read_only(gradient)) for gradient in gradients]
        norm = float(np.sqrt(sum(squares)))
        if norm > self.max_norm:
            for gradient in gradients:
                gradient *= gradient.dtype.type(self.max_norm / norm)
        # The penalty is in the gradient already; a decoupled decay is not.
        step = step.penalised(0.0)
        for layer, written in zip(network.layers, self._layers, strict=True):
            layer.move_weights(written.moments[0], step)
            layer.move_bias(written.bias_moments[0], step)

    def _layer(self, network: Network, depth: int) -> Layer:
        """Return a layer on the same arrays, whose velocity is the gradient."""
        if len(self._layers) != len(network.layers):
            self._layers = [layer.at_rest().with_moments(1) for layer in network.layers]
        layer = network.layers[depth]
        if self._layers[depth].weights is not layer.weights:  # the topology evolved
            self._layers[depth] = layer.at_rest().with_moments(1)
        return self._layers[depth]
