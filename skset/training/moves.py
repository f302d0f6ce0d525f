"""`Moves`: what some steps of equal width are about to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.kernels import Step
from skset.model import Samples

__all__ = ["Moves"]

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class Moves:
    """Some steps: their samples, and the numbers of the optimiser.

    Attributes
    ----------
    samples : Samples
        Inputs and targets.
    rows : ndarray of shape (n_steps, width)
        The samples of each step.
    weights : ndarray of shape (n_steps, width)
        Their weights, in the network's dtype.
    steps : sequence of Step
        One for each.
    """

    samples: Samples
    rows: Array
    weights: Array
    steps: Sequence[Step]

    @property
    def numbers(self) -> Array:
        """The numbers of the steps, a row for each."""
        return np.array([step.numbers() for step in self.steps], self.weights.dtype)
