"""`Lookahead`: rows of a table in Fortran order, read before they are asked for."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Lookahead"]

Array: TypeAlias = NDArray[Any]

# Most bytes that are read at once, and the least number of times that an epoch reads:
# of a small table little is kept.
MOST_BYTES, PARTS = 1 << 27, 32


class Lookahead:
    """The rows of the next batches, picked together in the order of the file.

    In Fortran order each number of a row lies in another page of the file. To pick one
    batch at a time reads nearly all pages for each batch. Here so many batches are
    picked at once that all pages are read a few times in an epoch.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        A table in Fortran order.
    order : ndarray of shape (n_rows,)
        Different rows of X, in the order in which batches will ask for them. There is
        at least one.
    width : int
        Rows of a batch.
    """

    def __init__(self, X: Array, order: Array, width: int) -> None:
        self._X, self._order, self._part = X, order, -1
        row_bytes = max(1, X.shape[1] * X.itemsize)
        n = min(MOST_BYTES, X.nbytes // PARTS) // row_bytes
        # No batch lies in two parts.
        self._n = min(max(n - n % width, width), order.size)
        self._places = np.full(X.shape[0], -1, np.int32)
        self._places[order] = np.arange(order.size)
        self._columns = np.empty((X.shape[1], self._n), X.dtype)

    def columns(self, rows: Array) -> Array | None:
        """Return rows of X as columns (n_features, n_rows); None if not of one part."""
        places = self._places[rows]
        part = places[0] // self._n
        begin = part * self._n
        if places.min() < max(begin, 0) or places.max() >= begin + self._n:
            return None
        if part != self._part:
            self._read(part)
        columns: Array = np.take(self._columns, places - begin, axis=1)
        return columns

    def _read(self, part: int) -> None:
        """Read a part, in the place of the last one."""
        self._part = part
        rows = self._order[part * self._n : (part + 1) * self._n]
        in_file = np.argsort(rows)
        rows = rows[in_file]
        for column, found in zip(self._X.T, self._columns, strict=True):
            found[in_file] = column[rows]
