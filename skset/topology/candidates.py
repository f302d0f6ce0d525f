"""Guided growth: the greatest scores among random candidates."""

from collections.abc import Sequence

import numpy as np

from skset import kernels
from skset.topology.arrays import Floats, Integers, in_order
from skset.topology.pattern import Topology
from skset.topology.ranks import all_but_smallest, nth_smallest
from skset.topology.strongest_pairs import fitting, moderate, pair_scores

__all__ = ["best_candidates"]

# Candidates are drawn from a table with at least so many entries, in all and per unit.
TABLE, TABLE_PER_UNIT = 1 << 16, 16


def best_candidates(
    L: Floats,
    R: Floats,
    n: int,
    exclude: Topology,
    n_candidates: int,
    chances: Sequence[Floats],
    rng: np.random.Generator,
) -> Integers:
    """Return the free positions with the greatest scores among random ones.

    The score of the pair of input i and output j is ``|L[i] @ R[j]|``.

    Parameters
    ----------
    L : ndarray of shape (n_in, m)
        A row for each input, such as its activations for m samples; finite.
    R : ndarray of shape (n_out, m)
        A row for each output, such as its deltas for the same samples; finite.
    n : int
        How many are wanted.
    exclude : Topology
        Its connections are left out.
    n_candidates : int
        How many pairs are drawn, with replacement. Existing connections can be among
        them.
    chances : pair of ndarray
        Probability of each input and of each output to be drawn.
    rng : numpy.random.Generator
        Draws them.

    Returns
    -------
    positions : ndarray of shape (at most n,), int64
        Sorted numbers ``input * n_out + output``. Fewer than n if fewer different free
        candidates have a score other than 0.

    Raises
    ------
    ValueError
        If the shapes of L and R do not fit.
    """
    L, R = map(moderate, fitting(L, R, exclude.shape))
    indptr, outputs = _random_pairs(n_candidates, chances, rng)
    scores = np.abs(pair_scores(L, R, indptr, outputs))
    wanted = n + n // 4 + 16  # some are drawn twice, some exist already
    while True:
        rank = n_candidates - wanted
        bound = nth_smallest(scores, rank) if rank > 0 else 0
        places = np.flatnonzero((scores >= bound) & (scores > 0))
        found = _free_pairs(places, indptr, outputs, exclude)
        if found.nnz >= n or rank <= 0:
            break
        wanted *= 2
    scores = np.abs(pair_scores(L, R, found.indptr, found.indices))
    surplus = max(found.nnz - n, 0)
    return found.positions()[all_but_smallest(scores, surplus, rng)]


def _free_pairs(
    places: Integers, indptr: Integers, outputs: Integers, exclude: Topology
) -> Topology:
    """Return the different pairs at these places that are not to be excluded."""
    inputs = np.repeat(np.arange(indptr.size - 1, dtype=np.int64), np.diff(indptr))
    positions: Integers = inputs[places] * exclude.shape[1] + outputs[places]
    positions = in_order(positions, exclude.shape)
    positions = positions[: kernels.squeeze(positions)]
    free = positions[~exclude.has(positions)]
    return Topology.from_positions(exclude.shape, free)


def _random_pairs(
    n: int, chances: Sequence[Floats], rng: np.random.Generator
) -> tuple[Integers, Integers]:
    """Return the index pointer and the outputs, in any order, of n random pairs."""
    of_inputs, of_outputs = chances
    counts = _shares(of_inputs, n, rng)
    n_entries = max(TABLE, TABLE_PER_UNIT * of_outputs.size)
    units = np.arange(of_outputs.size, dtype=np.int32)
    # Drawing entries of a table is much faster than searching among chances.
    table = np.repeat(units, _shares(of_outputs, n_entries, rng))
    outputs = table[rng.integers(n_entries, size=n, dtype=np.uint32)]
    return np.concatenate([[0], np.cumsum(counts)]), outputs


def _shares(chances: Floats, n: int, rng: np.random.Generator) -> Integers:
    """Return how many of n each unit gets: its chance times n, rounded up or down.

    The rounding is random, so that the mean is exact (systematic sampling, Madow 1949).
    """
    ends = np.floor(np.cumsum(chances) * n + rng.random()).astype(np.int64)
    ends[-1] = n
    shares: Integers = np.diff(np.minimum(ends, n), prepend=0)
    return shares
