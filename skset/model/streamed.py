"""`StreamedSamples`: samples that come window by window, from blocks of any size."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from skset.model.samples import Samples

__all__ = ["RowBlock", "StreamedSamples", "recut"]

Array: TypeAlias = NDArray[Any]

# Bytes of a table of rows to begin with; it grows if they are not enough.
ROOM = 1 << 20


class RowBlock(NamedTuple):
    """Some rows of a table.

    Attributes
    ----------
    X : ndarray or CSR matrix of shape (n_rows, n_features)
        Inputs.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs), default=None
        Targets.
    weight : ndarray of shape (n_rows,), default=None
        Weights.
    """

    X: Any
    y: Array | None = None
    weight: Array | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.X.shape[0])

    def some(self, rows: Any) -> "RowBlock":
        """Return some of the rows: a slice, or numbers."""
        parts = (None if part is None else part[rows] for part in self)
        return RowBlock(*parts)


def recut(blocks: Iterable[RowBlock], n_rows: int) -> Iterator[RowBlock]:
    """Yield the rows of blocks of any size in windows of so many rows.

    The last window has the rest. It does not matter how the rows were cut before. A
    window that lies in one block is a view of it. Else no more than a window and a
    block are in memory; if they are sparse, the parts of the window for a moment too.
    """
    window = _Window(n_rows)
    for block in blocks:
        start = 0
        while start < block.n_rows:
            stop = min(block.n_rows, start + n_rows - window.n_held)
            window.add(block.some(slice(start, stop)))
            start = stop
            if window.n_held == n_rows:
                yield window.taken()
        del block
    if window.n_held:
        yield window.taken()


class _Window:
    """Rows that are gathered from one block after the other.

    Parameters
    ----------
    n_rows : int
        How many rows it can have.
    """

    def __init__(self, n_rows: int) -> None:
        self.n_rows = n_rows
        self._empty()

    def _empty(self) -> None:
        self.n_held = 0
        self.parts: list[RowBlock] = []
        self.table: Array | None = None  # of dense rows, if they are of several blocks

    def add(self, part: RowBlock) -> None:
        """Add some rows, of which dense ones are copied unless they fill the window."""
        start, self.n_held = self.n_held, self.n_held + part.n_rows
        if sparse.issparse(part.X) or part.n_rows == self.n_rows:
            self.parts.append(part)
            return
        self.table = self._roomy(part.X)
        self.table[start : self.n_held] = part.X
        self.parts.append(RowBlock(None, *map(_copied, part[1:])))

    def _roomy(self, X: Array) -> Array:
        """Return the table, with room for the rows held and of a type for all."""
        dtype, least = X.dtype, max(self.n_held, ROOM // (X.shape[1] * X.itemsize + 1))
        if self.table is not None:
            dtype = np.result_type(dtype, self.table.dtype)
            if dtype == self.table.dtype and len(self.table) >= self.n_held:
                return self.table
            least = max(least, 2 * self.n_held)
        roomy = np.empty((min(self.n_rows, least), X.shape[1]), dtype)
        if self.table is not None:
            held = self.n_held - len(X)
            roomy[:held] = self.table[:held]
        return roomy

    def taken(self) -> RowBlock:
        """Return all rows; from now on the window is empty."""
        parts, table, n = self.parts, self.table, self.n_held
        self._empty()
        if len(parts) == 1 and table is None:
            return parts[0]
        if table is None:
            table = sparse.vstack([part.X for part in parts], "csr")
        ys = [part.y for part in parts if part.y is not None]
        weights = [part.weight for part in parts if part.weight is not None]
        y = np.concatenate(ys) if ys else None
        return RowBlock(table[:n], y, np.concatenate(weights) if weights else None)


def _copied(part: Array | None) -> Array | None:
    return None if part is None else part.copy()  # a view would keep its whole block


class StreamedSamples:
    """Samples that come window by window; some of them are always at hand.

    A training takes its steps window by window, and what looks at random samples takes
    those at hand.

    Parameters
    ----------
    windows : callable
        ``windows(rng, batch_size)`` yields `Samples` of one epoch, in an order drawn
        from the generator, or in the given order if it is None. All but the last have
        a multiple of `batch_size`.
    n_samples : int
        All samples of an epoch.
    at_hand : Samples
        A random part of them.
    """

    def __init__(
        self,
        windows: Callable[[np.random.Generator | None, int], Iterator[Samples]],
        n_samples: int,
        at_hand: Samples,
    ) -> None:
        self.windows = windows
        self.n_samples = n_samples
        self.at_hand = at_hand

    @property
    def n_features(self) -> int:
        """Number of inputs."""
        return self.at_hand.n_features

    @property
    def dtype(self) -> DTypeLike:
        """Type of the network."""
        return self.at_hand.dtype
