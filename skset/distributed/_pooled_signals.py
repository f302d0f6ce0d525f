"""Signals for a drop or grow that looks at rows, pooled from all shards."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.model import Signals

__all__ = ["Seen", "pooled", "rows_of_each", "seen"]

Array: TypeAlias = NDArray[Any]


class Seen(NamedTuple):
    """What a shard has seen of some rows, each array once.

    Attributes
    ----------
    activations : list of ndarray of shape (units, rows)
        Those of the inputs, of each hidden layer, and of the outputs.
    deltas : list of ndarray of shape (units, rows)
        Of each layer, for the mean loss over these rows.
    """

    activations: list[Array]
    deltas: list[Array]


def seen(signals: Sequence[Signals]) -> Seen:
    """Return what is in the signals of all layers. Outputs are inputs of the next."""
    activations = [layer.inputs for layer in signals]
    deltas = [layer.deltas for layer in signals]
    return Seen([*activations, signals[-1].outputs], deltas)


def rows_of_each(n: int, shares: Sequence[float]) -> list[int]:
    """Return how many of n random rows each shard gives: at least one."""
    return [max(1, round(n * share)) for share in shares]


def pooled(parts: Sequence[Seen]) -> list[Signals]:
    """Return the signals of each layer for the rows of all parts.

    Deltas of a part are gradients of the mean loss over its rows. Pooled, they are
    those of the mean over all rows.
    """
    counts = np.array([part.activations[0].shape[1] for part in parts])
    shares = counts / counts.sum()
    activations = _joined([part.activations for part in parts])
    deltas = _joined([_times(*pair) for pair in zip(parts, shares, strict=True)])
    sides = zip(pairwise(activations), deltas, strict=True)
    return [Signals(inputs, outputs, own) for (inputs, outputs), own in sides]


def _times(part: Seen, share: float) -> list[Array]:
    return [deltas * deltas.dtype.type(share) for deltas in part.deltas]


def _joined(parts: Sequence[list[Array]]) -> list[Array]:
    return [np.concatenate(arrays, axis=1) for arrays in zip(*parts, strict=True)]
