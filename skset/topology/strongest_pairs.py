"""Scores of pairs of units, and the pairs with the greatest scores.

All scored growth is made of this. A score is ``L[i] @ R[j]``, with a row in L (n_in, n)
for each input and in R (n_out, n) for each output. With activations and deltas it is
the gradient of a missing connection; with activations of length 1 it is their cosine.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from skset import kernels
from skset.topology.arrays import Floats, Integers, in_order, read_only
from skset.topology.pattern import Topology
from skset.topology.ranks import nth_smallest

__all__ = ["fitting", "moderate", "pair_scores", "row_lengths", "topk_pairs"]

# A first bound for the greatest scores is guessed from so many random pairs.
N_PROBES = 1 << 14
# Shorter rows count as 0: their squares underflow.
SHORTEST = 1e-140
# Less than 1 by more than the rounding of sums in single precision.
ROUNDING = 0.999
FLOATS = (np.float32, np.float64)
# The greatest scores stay so many powers of two below the greatest number, because
# kernels multiply them by squared lengths of codes.
ROOM = 34


def pair_scores(L: Floats, R: Floats, indptr: Integers, indices: Integers) -> Floats:
    """Return the scores ``L[i] @ R[j]`` of some pairs.

    Parameters
    ----------
    L : ndarray of shape (n_in, n)
        A row for each input, such as its activations for n samples.
    R : ndarray of shape (n_out, n)
        A row for each output, such as its deltas for the same samples.
    indptr : ndarray of shape (n_in + 1,), int64
        Where the pairs of each input begin.
    indices : ndarray of shape (n_pairs,), int32
        Output of each pair, in any order.

    Returns
    -------
    scores : ndarray of shape (n_pairs,)
        With their signs, in the type of L.

    Raises
    ------
    ValueError
        If the shapes of L and R do not fit, or if indices or pointers are wrong.
    """
    L, R = fitting(L, R, (indptr.size - 1, None))
    if indptr[0] != 0 or indptr[-1] != indices.size or (np.diff(indptr) < 0).any():
        raise ValueError(f"indptr must rise from 0 to {indices.size}.")
    if indices.size and not 0 <= indices.min() <= indices.max() < R.shape[0]:
        raise ValueError(f"indices must be those of the {R.shape[0]} rows of R.")
    scores = np.empty(indices.size, L.dtype)
    # numba compiles read-only arrays as another type: all are made read-only.
    given = map(read_only, (indptr, indices, L, R))
    kernels.pair_scores(0, indptr.size - 1, *given, scores)
    return scores


def topk_pairs(
    L: Floats,
    R: Floats,
    k: int,
    exclude: Topology,
    rng: np.random.Generator,
    budget: int = 1 << 23,
) -> Integers:
    """Return the k free positions whose scores ``|L[i] @ R[j]|`` are greatest.

    The result is exact. No array has n_in x n_out entries: the scores are computed tile
    by tile, and those that reach a running bound are kept. Ties are broken at random.
    If fewer than k free pairs have a score other than 0, all of these are returned.

    Parameters
    ----------
    L : ndarray of shape (n_in, n)
        A row for each input, such as its activations for n samples; finite.
    R : ndarray of shape (n_out, n)
        A row for each output, such as its deltas for the same samples; finite.
    k : int
        How many are wanted.
    exclude : Topology
        Its connections are left out.
    rng : numpy.random.Generator
        Breaks ties, and guesses the first bound, on which the result does not depend.
    budget : int, default=2**23
        Bytes for the pairs that are kept; a large k may take more.

    Returns
    -------
    positions : ndarray of shape (at most k,), int64
        Sorted numbers ``input * n_out + output``.

    Raises
    ------
    ValueError
        If the shapes of L and R do not fit.

    Notes
    -----
    A score may count as 0 if it is less than 1e-70 of the greatest possible one in
    single precision, 1e-280 in double. Besides the budget, three copies of L and R take
    memory.
    """
    L, R = map(moderate, fitting(L, R, exclude.shape))
    key = rng.integers(1 << 63, dtype=np.uint64)
    k = min(k, exclude.n_free)
    if k <= 0:
        return np.empty(0, np.int64)
    search = _Search(L, R, exclude, budget, key)
    bound = _likely_bound(L, R, k, exclude, rng)
    positions = search.strongest(k, bound)
    if positions.size < k and bound > 0:  # guessed too high
        positions = search.strongest(k, 0)
    return in_order(positions, exclude.shape)


class _Search:
    """A search for the pairs with the greatest scores."""

    def __init__(
        self, L: Floats, R: Floats, exclude: Topology, budget: int, key: np.uint64
    ) -> None:
        self.factors = L, R
        inputs, self.lengths, codes = _longest_first(L)
        self.inputs = inputs, self.lengths, codes
        outputs, self.others, codes = _longest_first(R)
        n_out, n_pairs = codes.shape
        padded = np.zeros((n_pairs, -(-n_out // kernels.TILE) * kernels.TILE), np.int32)
        padded[:, :n_out] = codes.T
        self.outputs = outputs, self.others, padded.view(np.int16)
        self.pattern = exclude.indptr, exclude.indices
        self.key, self.budget = key, budget

    def strongest(self, k: int, bound: Any) -> Integers:
        """Return the k positions with the greatest scores that reach the bound."""
        dtype = self.factors[0].dtype
        # A pair takes its position and its score.
        room = max(self.budget // (8 + dtype.itemsize), 2 * k)
        room += kernels.BLOCK * kernels.TILE
        positions, scores = np.empty(room, np.int64), np.empty(room, dtype)
        state = np.zeros(3, np.int64)
        bound = max(np.finfo(dtype).smallest_subnormal, dtype.type(bound))
        done = False
        while not done:
            done = kernels.strong_pairs(
                state,
                *self.factors,
                self.inputs,
                self.outputs,
                self._reach(bound),
                *self.pattern,
                bound,
                positions,
                scores,
            )
            n = state[2]
            if n > k:
                best = self._best(positions[:n], scores[:n], k)
                positions[:k], scores[:k] = positions[best], scores[best]
                bound, state[2] = scores[:k].min(), k
        return positions[: state[2]].copy()

    def _reach(self, bound: float) -> Integers:
        """Return for how many outputs the score of each input can reach the bound.

        No score is greater than the product of the lengths (Cauchy and Schwarz).
        """
        with np.errstate(divide="ignore", over="ignore"):
            needed = bound / self.lengths * ROUNDING
        return np.searchsorted(-self.others, -needed, side="right")

    def _best(self, positions: Integers, scores: Floats, k: int) -> Integers:
        """Return the places of the k greatest scores, ties by the hash of the pair."""
        last = nth_smallest(scores, scores.size - k + 1)
        best, tied = np.flatnonzero(scores > last), np.flatnonzero(scores == last)
        n_wanted = k - best.size
        if tied.size > n_wanted:
            hashes = _hashed(positions[tied], self.key)
            tied = tied[np.argpartition(hashes, n_wanted)[:n_wanted]]
        return np.concatenate([best, tied])


def _longest_first(rows: Floats) -> tuple[Integers, Floats, Integers]:
    """Return the units sorted by the lengths of their rows, the lengths, and codes.

    The codes are the rows rounded to integers of 16 bits, two in each int32.
    """
    lengths = row_lengths(rows)
    lengths[lengths < SHORTEST] = 0
    order = np.argsort(-lengths)  # the order of equal ones does not matter
    lengths = lengths[order]
    n_units, n = rows.shape
    codes = np.zeros((n_units, n + n % 2), np.int16)
    kernels.encode(rows, order, lengths, codes)
    return order, lengths, codes.view(np.int32)


def _likely_bound(
    L: Floats, R: Floats, k: int, exclude: Topology, rng: np.random.Generator
) -> float:
    """Return a bound that a few more than k free pairs reach, guessed from a sample."""
    n_in, n_out = exclude.shape
    if n_in * n_out < 4 * N_PROBES:
        return 0
    counts = np.bincount(rng.integers(n_in, size=N_PROBES), minlength=n_in)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    outputs = rng.integers(n_out, size=N_PROBES, dtype=np.int32)
    scores = np.abs(pair_scores(L, R, indptr, outputs))
    expected = N_PROBES * k / exclude.n_free
    rank = int(expected + 3 * np.sqrt(expected)) + 5
    return 0 if rank >= N_PROBES else nth_smallest(scores, N_PROBES - rank + 1)


def _hashed(positions: Integers, key: np.uint64) -> npt.NDArray[np.uint64]:
    """Return a random number for each position (splitmix64, Steele et al. 2014)."""
    x = positions.astype(np.uint64) + key
    x *= np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def fitting(
    L: Floats, R: Floats, n_rows: Sequence[int | None]
) -> tuple[Floats, Floats]:
    """Return L and R as kernels take them, or raise if their shapes do not match.

    `n_rows` are their numbers of rows; None stands for any number.
    """
    found = L.shape, R.shape
    L = np.ascontiguousarray(L, L.dtype if L.dtype in FLOATS else float)
    R = np.ascontiguousarray(R, L.dtype)
    if (
        [len(shape) for shape in found] != [2, 2]
        or L.shape[1] != R.shape[1]
        or any(n not in (None, len(x)) for n, x in zip(n_rows, (L, R), strict=True))
    ):
        raise ValueError(
            "L and R must have a row for each input and for each output, and as many "
            f"columns as each other; their shapes are {found[0]} and {found[1]}, the "
            f"layer has {n_rows[0]} inputs and {n_rows[1] or 'any number of'} outputs."
        )
    return L, R


def moderate(rows: Floats) -> Floats:
    """Return the rows times a power of two, the greatest with which no score overflows.

    Only scores that are tiny beside the greatest ones can then underflow.
    """
    most = np.finfo(rows.dtype).maxexp
    _, exponent = np.frexp(np.abs(rows).max(initial=0))
    _, of_sum = np.frexp(float(rows.shape[1]))
    shift = (most - ROOM - of_sum) // 2 - int(exponent)
    number = rows.dtype.type  # in two steps, as 2**shift may overflow in this type
    shifted = rows * number(2.0 ** (shift // 2))
    shifted *= number(2.0 ** (shift - shift // 2))
    return shifted


def row_lengths(rows: Floats) -> Floats:
    """Return the Euclidean length of each row, in float64."""
    dtype: Any = rows.dtype if rows.dtype in FLOATS else float
    lengths = np.empty(rows.shape[0])
    # numba compiles read-only arrays as another type: all are made read-only.
    rows = read_only(np.ascontiguousarray(rows, dtype))
    kernels.row_lengths(rows, lengths)
    return lengths
