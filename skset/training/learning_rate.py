"""`LearningRate`: the learning rate and how it changes."""

from dataclasses import dataclass

import numpy as np

__all__ = ["LearningRate"]


@dataclass
class LearningRate:
    """The learning rate of a training, with scikit-learn's schedules and the cosine.

    Attributes
    ----------
    initial : float
        At the beginning.
    schedule : {"constant", "invscaling", "adaptive", "cosine"}
        How it changes: not at all; as ``initial / samples_seen ** power_t`` after each
        epoch; divided by 5 at each plateau; along half a cosine from `initial` to 0.
    power_t : float
        Exponent of "invscaling".
    """

    initial: float
    schedule: str = "constant"
    power_t: float = 0.5

    def __post_init__(self):
        self.now = float(self.initial)

    def before_step(self, progress):
        """Take note of the share of the training that is done."""
        if self.schedule == "cosine":
            self.now = 0.5 * self.initial * (1.0 + float(np.cos(np.pi * progress)))

    def after_epoch(self, samples_seen):
        """Take note of the number of samples trained on so far."""
        if self.schedule == "invscaling":
            self.now = self.initial / (samples_seen + 1) ** self.power_t

    def lowered(self):
        """Lower the rate at a plateau; return False if training had better stop."""
        if self.schedule != "adaptive" or self.now <= 1e-6:
            return False
        self.now /= 5
        return True
