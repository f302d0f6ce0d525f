"""Coverage: importances that measure what an input adds to others.

If several inputs do the same, one of them comes early and the others late.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["blocks", "coverage"]

Array: TypeAlias = NDArray[Any]

# Inputs that `coverage` chooses one by one. All others are ranked after them at once.
MAX_PICKS = 256
# Inputs among which it looks for the next one. Gains rarely rise. So it looks at the
# others again only when all of these are well below the last gains of the others.
MAX_POOL, STALE = 4096, 0.7
# Share of the median squared length of a row below which there is nothing to cover.
RIDGE = 0.03


def coverage(
    rows: Array,
    *,
    share: float = 1.0,
    n_picks: int = MAX_PICKS,
    ridge: float = RIDGE,
) -> Array:
    """Return importances in whose order the rows cover one another best, greedily.

    Inputs are chosen one after the other. The next one is the input whose row explains
    most of all rows, after the part that the chosen inputs explain is removed. With ``G
    = rows @ rows.T`` the gain of input i is ``sum_j G_ij^2 / (G_ii + floor)``. When i
    is chosen, G loses ``share G_:i G_i: / (G_ii + floor)`` (Farahat, Ghodsi and Kamel
    2013, Knowledge and Information Systems 35, section 4). Floor and share are ours.
    The floor leaves out rows near 0. With a share below 1, inputs that do the same as a
    strong one come before weak ones that do something else.

    Parameters
    ----------
    rows : ndarray of shape (n_inputs, m)
        A row for each input.
    share : float in (0, 1], default=1.0
        Share of the part explained by a chosen input that is removed.
    n_picks : int, default=256
        Number of inputs to choose one by one, which takes time for each. The others
        follow by their remaining gain.
    ridge : float, default=0.03
        The floor, as a share of the median squared length of the rows that are not 0;
        greater than 0. The default is chosen by us.

    Returns
    -------
    importance : ndarray of shape (n_inputs,)
        The gain of each input when it was chosen, but at most that of the input chosen
        before; 0 for a row of zeros.
    """
    # Fourth powers of the rows are taken; a power of 2 changes their scale exactly.
    exponent = int(np.frexp(np.abs(rows).max())[1])
    rows = np.ldexp(rows, -exponent)
    lengths = np.einsum("ij,ij->i", rows, rows).astype(float)
    waiting = lengths > 0
    gains = np.where(waiting, np.inf, -np.inf)  # none is greater than this
    importance = np.zeros(lengths.size)
    if not waiting.any():
        return importance
    cover = _Cover(rows, ridge * np.median(lengths[waiting]), share)
    pool, last = None, np.inf
    for _ in range(min(n_picks, int(np.count_nonzero(waiting)))):
        if pool is None or gains[pool].max() < STALE * gains[waiting].max():
            left = np.flatnonzero(waiting)
            gains[left] = cover.surveyed(left)
            pool = left[cover.best]
        chosen = pool[gains[pool].argmax()]
        importance[chosen] = last = min(gains[chosen], np.nextafter(last, 0))
        waiting[chosen] = False
        cover.take(chosen)
        gains[pool] = np.where(waiting[pool], cover.gains, -np.inf)
    if waiting.any():
        rest = cover.surveyed(np.flatnonzero(waiting))
        top = min(last, rest.max()) * (1 - 1e-9)
        importance[waiting] = rest * (top / rest.max()) if rest.max() > 0 else 0.0
    return np.ldexp(importance, 2 * exponent)


class _Cover:
    """The rest of ``G = rows @ rows.T`` after some inputs have been chosen.

    G is never formed. It is ``rows @ left @ rows.T``. `left` is small: the identity
    less one outer product for each choice. It is not formed either. The gains of the
    watched inputs are updated after every choice.
    """

    def __init__(self, rows: Array, floor: float, share: float) -> None:
        self.rows, self.floor, self.share = rows, floor, share
        self.products = (rows.T @ rows).astype(float)
        self.taken = np.empty((0, rows.shape[1]))

    def surveyed(self, inputs: Array) -> Array:
        """Compute the gains of all inputs anew, watch the best, and return the gains.

        `best` are the places of these among the inputs, the greatest gain first.
        """
        squares, lengths = self._squares_and_lengths(inputs)
        gains: Array = squares / (lengths + self.floor)
        self.best = np.argsort(-gains, kind="stable")[:MAX_POOL]
        self.watched = self.rows[inputs[self.best]]
        self.squares, self.lengths = squares[self.best], lengths[self.best]
        return gains

    @property
    def gains(self) -> Array:
        """Gains of the inputs that are watched."""
        gains: Array = self.squares / (self.lengths + self.floor)
        return gains

    def take(self, chosen: int) -> None:
        """Remove from G the part that the chosen input explains."""
        row = self.rows[chosen].astype(float)
        u = self._left(row)
        onward = self.products @ u
        both = np.stack([u, self._left(onward)], axis=1).astype(self.rows.dtype)
        column, squared = (self.watched @ both).T.astype(float)
        factor = self.share / (u @ row + self.floor)
        self.squares += factor * column * (factor * column * (u @ onward) - 2 * squared)
        self.lengths -= factor * column**2
        np.maximum(self.squares, 0, out=self.squares)
        np.maximum(self.lengths, 0, out=self.lengths)
        self.taken = np.vstack([self.taken, np.sqrt(factor) * u])

    def _left(self, x: Array) -> Array:
        """Return the product of `left` with a vector or matrix."""
        return x - self.taken.T @ (self.taken @ x)

    def _squares_and_lengths(self, inputs: Array) -> Array:
        """Return sum_j G_ij^2 and G_ii of the given inputs i."""
        parts = []
        to_squares = self._left(self._left(self.products).T).astype(self.rows.dtype)
        to_lengths = self._left(np.eye(self.products.shape[0])).astype(self.rows.dtype)
        for block in blocks(inputs.size):
            rows = self.rows[inputs[block]]
            parts.append(
                [
                    np.einsum("ij,ij->i", rows @ to_squares, rows),
                    np.einsum("ij,ij->i", rows @ to_lengths, rows),
                ]
            )
        both: Array = np.maximum(np.concatenate(parts, axis=1).astype(float), 0)
        return both


def blocks(n: int, size: int = MAX_POOL) -> Iterator[slice]:
    """Yield slices that cover n rows or columns, `size` at a time."""
    return (slice(start, start + size) for start in range(0, n, size))
