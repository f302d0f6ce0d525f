"""`RecentSteps`: samples of the last training steps, from which momentum follows."""

from collections import deque
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.model import Signals
from skset.model.integrity import check_finite, check_type

__all__ = ["RecentSteps"]

Array: TypeAlias = NDArray[Any]


class RecentSteps:
    """Inputs and deltas of the last training steps, a few samples of each.

    The product of inputs and deltas, weighted step by step with powers of `decay`, is
    the momentum of every weight, existing or not. It is known up to a factor, and
    without the samples that were not kept.

    Parameters
    ----------
    decay : float in (0, 1)
        The optimiser's momentum.

    Attributes
    ----------
    steps : deque of list of tuple
        Inputs and deltas of each layer, for each step that is kept.
    n_noted : int
        Number of all steps so far.
    """

    # Number of samples to keep, and the least share of a gradient that is worth
    # keeping.
    N_SAMPLES, LEAST = 128, 0.1

    def __init__(self, decay: float) -> None:
        self.decay = decay
        n_steps = int(np.ceil(np.log(self.LEAST) / np.log(decay)))
        n_steps = min(max(n_steps, 1), self.N_SAMPLES)
        self._n_columns = self.N_SAMPLES // n_steps
        self.steps: deque[list[tuple[Array, Array]]] = deque(maxlen=n_steps)
        self.n_noted = 0

    def __getstate__(self) -> dict[str, Any]:
        # As a list: not every kind of file can hold a deque.
        return {**vars(self), "steps": list(self.steps)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["decay"])  # type: ignore[misc]
        self.n_noted = int(state["n_noted"])
        for step in state["steps"]:
            for factor in (array for pair in step for array in pair):
                check_type("A factor", factor, np.ndarray)
                check_finite("Recent steps", factor)
            self.steps.append(step)

    def note(self, layers: Sequence[Signals]) -> None:
        """Record a step, given the signals of each layer."""
        n = layers[0].inputs.shape[1]
        stride = -(-n // self._n_columns)
        # Other columns each time: those of a Boltzmann machine have two phases.
        columns = slice(self.n_noted % stride, n, stride)
        self.n_noted += 1
        self.steps.append(
            [
                (layer.inputs[:, columns].copy(), layer.deltas[:, columns].copy())
                for layer in layers
            ]
        )

    def factors(self, depth: int) -> tuple[Array, Array]:
        """Return L (n_in, n) and R (n_out, n), whose product is a layer's momentum."""
        pairs = [step[depth] for step in self.steps]
        ages = range(len(pairs) - 1, -1, -1)
        L = np.concatenate([inputs for inputs, _ in pairs], axis=1)
        R = np.concatenate(
            [
                deltas * deltas.dtype.type(self.decay**age)
                for age, (_, deltas) in zip(ages, pairs, strict=True)
            ],
            axis=1,
        )
        return L, R

    def __len__(self) -> int:
        return len(self.steps)
