"""Signals for a growth that looks at rows, pooled from all shards."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skset.model import Signals

__all__ = ["pooled", "rows_of_each"]


def rows_of_each(n: int, shares: Sequence[float]) -> list[int]:
    """Return how many of n random rows each shard gives: at least one."""
    return [max(1, round(n * share)) for share in shares]


def pooled(parts: Sequence[list[Signals]]) -> list[Signals]:
    """Return the signals of each layer for the rows of all parts.

    Deltas of a part are gradients of the mean loss over its rows. Pooled, they are
    those of the mean over all rows.
    """
    if len(parts) == 1:
        return parts[0]
    counts = np.array([part[0].inputs.shape[1] for part in parts])
    shares = counts / counts.sum()
    return [
        _joined([part[depth] for part in parts], shares)
        for depth in range(len(parts[0]))
    ]


def _joined(parts: Sequence[Signals], shares: NDArray[np.float64]) -> Signals:
    deltas = [
        part.deltas * part.deltas.dtype.type(share)
        for part, share in zip(parts, shares, strict=True)
    ]
    return Signals(
        np.concatenate([part.inputs for part in parts], axis=1),
        np.concatenate([part.outputs for part in parts], axis=1),
        np.concatenate(deltas, axis=1),
    )
