"""Kernels on patterns: which connections exist, and where new ones can go.

A pattern is (indptr, indices) by input unit, indices sorted within a unit. A position
is the flat int64 number ``input * n_out + output``; sorted positions and the by-input
order are the same order.
"""

import numpy as np

from skset.kernels._jit import kernel

__all__ = ["add_counts", "flat_positions", "free_positions", "merge", "tile_starts"]


@kernel
def add_counts(indices, counts):
    """Add to `counts` how often each unit occurs among the indices."""
    for k in range(indices.size):
        counts[indices[k]] += 1


@kernel
def tile_starts(indptr, indices, n_out, n_tiles, starts):
    """Write where each input's connections to each tile of the outputs begin.

    The outputs are cut into tiles of equal size. `starts` has n_in * n_tiles + 1
    entries, those of an input side by side.
    """
    n_in = indptr.size - 1
    for i in range(n_in):
        k = indptr[i]
        for tile in range(n_tiles):
            starts[i * n_tiles + tile] = k
            end = (tile + 1) * n_out // n_tiles
            while k < indptr[i + 1] and indices[k] < end:
                k += 1
    starts[n_in * n_tiles] = indptr[n_in]


@kernel
def flat_positions(indptr, indices, n_out, positions):
    """Write the flat position of every connection, in by-input order."""
    for i in range(indptr.size - 1):
        base = np.int64(i) * n_out
        for k in range(indptr[i], indptr[i + 1]):
            positions[k] = base + indices[k]


@kernel
def free_positions(indptr, indices, n_out, ranks, positions):
    """Write the positions of the free places with the given ranks.

    The free places of a pattern are numbered 0, 1, ... in the order of their
    positions. `ranks` is sorted and holds numbers of free places; one walk along the
    pattern turns each into its position: the rank plus the connections before it.
    """
    i = 0
    k = np.int64(0)
    for r in range(ranks.size):
        while k < indices.size:
            while indptr[i + 1] <= k:
                i += 1
            if np.int64(i) * n_out + indices[k] > ranks[r] + k:
                break
            k += 1
        positions[r] = ranks[r] + k


@kernel
def merge(kept, kept_source, born, n_out, indptr, indices, source):
    """Merge kept connections and newborn ones into one sorted pattern.

    `kept` and `born` are sorted positions. `indptr` (n_in + 1, zeros on entry),
    `indices` and `source` are written; ``source[k]`` is the entry of `kept_source` that
    connection k comes from, -1 where it is newborn. Returns whether all positions were
    different, in order and within the layer.
    """
    a = b = 0
    last, end = np.int64(-1), n_out * np.int64(indptr.size - 1)
    for k in range(indices.size):
        if b == born.size or (a < kept.size and kept[a] <= born[b]):
            position, source[k] = kept[a], kept_source[a]
            a += 1
        else:
            position, source[k] = born[b], -1
            b += 1
        if position <= last or position >= end:
            return False
        last = position
        i = position // n_out
        indptr[i + 1] += 1
        indices[k] = position - i * n_out
    for i in range(indptr.size - 1):
        indptr[i + 1] += indptr[i]
    return True
