"""`LearningRate`: the learning rate and how it changes."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

__all__ = ["LearningRate"]


@dataclass
class LearningRate:
    """The learning rate of a training: scikit-learn's schedules, cosine, or callable.

    Attributes
    ----------
    initial : float
        At the beginning.
    schedule : {"constant", "invscaling", "adaptive", "cosine"} or callable
        How it changes. "invscaling" is ``initial / samples_seen ** power_t`` after each
        epoch. "adaptive" is divided by 5 at each plateau. "cosine" is half a cosine
        from `initial` to 0. A callable gets the share of the training that is done and
        returns the factor of `initial`.
    power_t : float
        Exponent of "invscaling".
    """

    initial: float
    schedule: str | Callable[[float], float] = "constant"
    power_t: float = 0.5

    def __post_init__(self) -> None:
        self.now = float(self.initial)

    def before_step(self, progress: float) -> None:
        """Record the share of the training that is done.

        Raises
        ------
        ValueError
            If a schedule does not return a finite number of at least 0.
        """
        if callable(self.schedule):
            self.now = self.initial * _checked_factor(self.schedule(progress))
        elif self.schedule == "cosine":
            self.now = 0.5 * self.initial * (1.0 + float(np.cos(np.pi * progress)))

    def after_epoch(self, samples_seen: int) -> None:
        """Record the number of samples trained on so far."""
        if self.schedule == "invscaling":
            self.now = self.initial / (samples_seen + 1) ** self.power_t

    def lowered(self) -> bool:
        """Lower the rate at a plateau; return False if training should stop."""
        if self.schedule != "adaptive" or self.now <= 1e-6:
            return False
        self.now /= 5
        return True


def _checked_factor(returned: Any) -> float:
    """Return the factor that a schedule returned, or raise."""
    number = returned
    if isinstance(number, np.ndarray) and number.ndim == 0:
        number = number.item()
    is_number = isinstance(number, Real) and not isinstance(number, bool)
    if not (is_number and 0 <= number < math.inf):
        raise ValueError(
            "learning_rate must return a finite number of at least 0, the factor of "
            f"learning_rate_init, got {returned!r}."
        )
    return float(number)
