"""Optimisers: SGD, Adam and AdamW, and the steps that they take.

An optimiser has no state of its own. The arrays that it needs beside the weights
belong to the layer: `n_moments` of them, zero for a new connection.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from skset.kernels import Step

__all__ = ["SGD", "Accumulation", "Adam", "AdamW", "Optimiser"]


class Optimiser(Protocol):
    """What takes steps.

    Attributes
    ----------
    n_moments : int
        Arrays that it needs beside the weights.
    decay : float
        What is left of a gradient in the momentum, one step later.
    """

    n_moments: ClassVar[int]

    @property
    def decay(self) -> float:
        """As above."""

    def step(self, learning_rate: float, t: int, l2: float, dtype: Any) -> Step:
        """Return the numbers of step t (from 1) for the kernels."""


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent with momentum, as in scikit-learn's MLP.

    Sutskever et al. 2013, ICML, for Nesterov's variant.
    """

    momentum: float = 0.9
    nesterov: bool = True
    n_moments: ClassVar[int] = 1

    @property
    def decay(self) -> float:
        """Share of a gradient that is left in the momentum one step later."""
        return self.momentum

    def step(self, learning_rate: float, t: int, l2: float, dtype: Any) -> Step:
        """Return the numbers of step t (from 1) for the kernels."""
        carry, push = (self.momentum, learning_rate) if self.nesterov else (1.0, 0.0)
        numbers = learning_rate, self.momentum, carry, push
        return Step.descent(dtype.type, *numbers).penalised(l2)


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba 2014, arXiv 1412.6980), with scikit-learn's epsilon."""

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_moments: ClassVar[int] = 2

    @property
    def decay(self) -> float:
        """Share of a gradient that is left in the first moment one step later."""
        return self.beta_1

    def step(self, learning_rate: float, t: int, l2: float, dtype: Any) -> Step:
        """Return the numbers of step t (from 1) for the kernels."""
        correction = np.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        rate = learning_rate * correction
        numbers = rate, self.beta_1, self.beta_2, self.epsilon
        return Step.adam(dtype.type, *numbers).penalised(l2)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, ICLR, algorithm 2).

    In each step a weight loses the share ``learning_rate * alpha`` of itself, as in
    PyTorch; in the paper the share has no constant part of the rate. The decay is not
    part of the loss or the gradient. So it is not scaled by the moments and not divided
    by the size of the batch. Biases do not decay.

    Attributes
    ----------
    alpha : float
        The decay at learning rate 1.
    """

    alpha: float = 0.01

    def step(self, learning_rate: float, t: int, l2: float, dtype: Any) -> Step:
        """Return the numbers of step t (from 1); the loss may have no penalty."""
        if l2:
            raise ValueError(f"AdamW decays by itself, but got a penalty of {l2}.")
        share = learning_rate * self.alpha
        return super().step(learning_rate, t, 0.0, dtype).decayed(share)


@dataclass(frozen=True)
class Accumulation:
    """Moves no weight; the velocity becomes ``keep * velocity + share * gradient``.

    The fused kernel of gradient descent does this with momentum `keep`, the learning
    rate -`share`, and factors of 0 for the change of the weights.
    """

    share: float = 1.0
    keep: float = 1.0
    n_moments: ClassVar[int] = 1
    decay: ClassVar[float] = 0.0

    def step(self, learning_rate: float, t: int, l2: float, dtype: Any) -> Step:
        """Return the numbers of a step for the kernels; only `l2` is used."""
        step = Step.descent(dtype.type, -self.share, self.keep, 0.0, 0.0)
        return step.penalised(l2)
