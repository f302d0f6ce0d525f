"""`Moves`: what some steps of equal width are about to do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.kernels import Step
from skset.model import Samples

__all__ = ["Moves", "padded_width"]

Array: TypeAlias = NDArray[Any]
LINE_BYTES = 64


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

    def padded(self) -> "Moves":
        """Return these steps with so many samples that rows of memory fill cache lines.

        The first sample of a step is repeated, without weight, unless that would be
        much more work. A vector that crosses the border of a line costs twice.
        """
        n_steps, width = self.rows.shape
        padded = padded_width(width, self.weights.itemsize)
        rows = np.repeat(self.rows[:, :1], padded, axis=1)
        rows[:, :width] = self.rows
        weights = np.zeros((n_steps, padded), self.weights.dtype)
        weights[:, :width] = self.weights
        return replace(self, rows=rows, weights=weights)

    @property
    def numbers(self) -> Array:
        """The numbers of the steps, a row for each."""
        return np.array([step.numbers() for step in self.steps], self.weights.dtype)


def padded_width(width: int, itemsize: int) -> int:
    """Return the width of rows of whole cache lines, or of a part that divides them.

    It is the width itself if the rows would be longer by more than a third.
    """
    line = LINE_BYTES // itemsize
    part = min(line, 1 << (width - 1).bit_length())
    padded = -(-width // part) * part
    return padded if 3 * padded <= 4 * width else width
