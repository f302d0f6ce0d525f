"""Steps of an optimiser along a given gradient, and the numbers of a step.

`steps.py` has the same steps, fused into the backward pass of a layer.
"""

from typing import NamedTuple, Self

import numpy as np

from skset.kernels.memory import Array
from skset.runtime.jit import inlined, kernel

__all__ = ["AdamStep", "SGDStep", "update_adam", "update_sgd"]


class SGDStep(NamedTuple):
    """The numbers of one step of gradient descent, in the network's dtype.

    ``velocity = momentum * velocity - learning_rate * gradient``, then
    ``weight += carry * velocity - push * gradient``, with carry 1 and push 0 for plain
    momentum, carry = momentum and push = learning_rate for Nesterov's.
    """

    learning_rate: float
    momentum: float
    carry: float
    push: float
    l2: float

    def without_penalty(self) -> Self:
        """Return the step of a bias."""
        return self._replace(l2=type(self.l2)(0))


class AdamStep(NamedTuple):
    """The numbers of one step of Adam; `learning_rate` has the bias correction in it.

    `l2` times the weight is part of the gradient. For AdamW it is 0, and `decay` is the
    share of the weight that each step removes. For Adam `decay` is None. This is
    another type, for which the kernels are compiled without decay.
    """

    learning_rate: float
    beta_1: float
    beta_2: float
    epsilon: float
    l2: float
    decay: float | None = None

    def without_penalty(self) -> Self:
        """Return the step of a bias."""
        return self._replace(l2=type(self.l2)(0), decay=None)


@kernel
def update_sgd(weights: Array, velocity: Array, gradient: Array, step: SGDStep) -> None:
    """Take one step of gradient descent with momentum, in place."""
    for k in range(weights.size):
        g = gradient[k] + step.l2 * weights[k]
        velocity[k] = step.momentum * velocity[k] - step.learning_rate * g
        weights[k] += step.carry * velocity[k] - step.push * g


@inlined
def _decay_all(weights, share):
    """Remove a share of all weights; `share` may be None."""
    if share is not None:
        for k in range(weights.size):
            weights[k] -= share * weights[k]


@kernel
def update_adam(
    weights: Array, mean: Array, square: Array, gradient: Array, step: AdamStep
) -> None:
    """Take one step of Adam (Kingma and Ba 2014, algorithm 1), in place.

    With ``step.decay`` it is AdamW (Loshchilov and Hutter 2019, algorithm 2).
    """
    one = weights.dtype.type(1)
    _decay_all(weights, step.decay)
    for k in range(weights.size):
        g = gradient[k] + step.l2 * weights[k]
        mean[k] = step.beta_1 * mean[k] + (one - step.beta_1) * g
        square[k] = step.beta_2 * square[k] + (one - step.beta_2) * g * g
        weights[k] -= step.learning_rate * mean[k] / (np.sqrt(square[k]) + step.epsilon)
