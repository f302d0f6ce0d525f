"""`KeptRows`: a random sample of the rows of a pass, kept in memory."""

import numpy as np
from numpy.random import Generator

from skset.estimators._types import Array
from skset.model import RowBlock, recut

__all__ = ["KeptRows"]

# With more parts they are joined.
MOST_PARTS = 64


class KeptRows:
    """A uniform random sample of rows that come window by window.

    Each row draws a number, and the rows with the least numbers are kept, in the order
    in which they came. Rows without weight are kept only if there is room for all.

    Parameters
    ----------
    n_most : int
        How many rows are kept at most.
    rng : numpy.random.Generator
        Draws the numbers.
    """

    def __init__(self, n_most: int, rng: Generator) -> None:
        self.n_most = n_most
        self.rng = rng
        self.n_seen = 0
        self._parts: list[tuple[RowBlock, Array]] = []

    def add(self, rows: RowBlock) -> None:
        """Keep some of these rows, and fewer of those kept before."""
        draws = self.rng.random(rows.n_rows)
        if rows.weight is not None:
            draws += rows.weight == 0
        self.n_seen += rows.n_rows
        limit = self._limit(draws)
        parts = [_below(limit, *part) for part in self._parts]
        parts.append(_below(limit, rows, draws, own=False))
        self._parts = [part for part in parts if part[1].size]
        if len(self._parts) > MOST_PARTS:
            draws = np.concatenate([draws for _, draws in self._parts])
            self._parts = [(self.rows(), draws)]

    def _limit(self, draws: Array) -> float:
        """Return the number that the draws of kept rows do not exceed."""
        if self.n_seen <= self.n_most:
            return np.inf
        every = np.concatenate([draws, *(part[1] for part in self._parts)])
        return float(np.partition(every, self.n_most - 1)[self.n_most - 1])

    def rows(self) -> RowBlock:
        """Return the rows kept so far."""
        n_kept = sum(rows.n_rows for rows, _ in self._parts)
        [rows] = recut([rows for rows, _ in self._parts], n_kept)
        return rows


def _below(
    limit: float, rows: RowBlock, draws: Array, own: bool = True
) -> tuple[RowBlock, Array]:
    """Return the rows whose draws do not exceed a limit.

    If they are not their own, they are copied: the user may read the next block into
    the same memory.
    """
    stays = draws <= limit
    if stays.all() and own:
        return rows, draws
    return rows.some(np.flatnonzero(stays)), draws[stays]
