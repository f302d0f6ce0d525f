"""`Workspace`: arrays of one training step, for one batch width."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.kernels import aligned_empty
from skset.kernels.halves import HALF, widened
from skset.model.signals import Signals

__all__ = ["Workspace"]

Array: TypeAlias = NDArray[Any]


class Workspace:
    """Arrays of shape (units, batch) that every step overwrites.

    Attributes
    ----------
    A : list of ndarray
        Inputs of each layer, after dropout.
    Z : list of ndarray
        Weighted sums of each layer, or only the activations if these are enough.
    H : list of ndarray
        Activations of each hidden layer, before dropout.
    D : list of ndarray
        Deltas of each layer; the output layer's share memory with its Z. Those of
        hidden layers may be halves, see `skset.kernels.halves`.
    width : int
        Samples in the batch.
    masks : list of ndarray or None
        Dropout factors of each hidden layer.
    """

    def __init__(
        self,
        n_units: Sequence[int],
        width: int,
        dtype: np.dtype[Any],
        needs_sums: Sequence[bool],
        dropout: float = 0.0,
        wider: "Workspace | None" = None,
        halves: bool = False,
    ) -> None:
        """Make the arrays, in the memory of a wider workspace if that is given.

        `needs_sums` says for each hidden layer whether both its sums and its
        activations must be kept. With `halves` the hidden deltas have 16 bits.
        """
        self._memory: list[Array] = []
        given = wider and iter(wider._memory)

        def new(units: int, kind: np.dtype[Any] = dtype) -> Array:
            size = units * width
            memory: Array = next(given) if given else aligned_empty(size, kind)
            self._memory.append(memory)
            return memory[:size].reshape(units, width)

        hidden = n_units[1:-1]
        self.width = width
        self.Z = [new(units) for units in n_units[1:]]
        self.H = [
            new(len(Z)) if both else Z
            for Z, both in zip(self.Z[:-1], needs_sums, strict=True)
        ]
        self.masks = [new(units) for units in hidden] if dropout else None
        outputs = [new(units) for units in hidden] if dropout else self.H
        self.A = [new(n_units[0]), *outputs]
        kind = HALF if halves else dtype
        self.D = [*(new(units, kind) for units in hidden), self.Z[-1]]

    def signals(self, layer: int, width: int) -> Signals:
        """Return what the given layer computed for the first samples, `width` of them.

        The outputs of the last layer are its deltas.
        """
        outputs, D = [*self.H, self.Z[-1]], self.D[layer]
        if D.dtype == HALF:
            D = widened(D, self.Z[-1].dtype)
        return Signals(*(a[:, :width] for a in (self.A[layer], outputs[layer], D)))
