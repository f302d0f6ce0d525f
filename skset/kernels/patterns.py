"""Kernels on patterns: which connections exist, and where new ones can go.

A pattern is (indptr, indices) by input unit, indices sorted within a unit. A position
is the flat int64 number ``input * n_out + output``; sorted positions and the by-input
order are the same order.
"""

import numpy as np

from skset.kernels._jit import kernel

__all__ = ["by_output", "flat_positions", "free_positions", "merge"]


@kernel
def by_output(indptr, indices, out_indptr, out_indices, order):
    """Fill the by-output view of a pattern by a counting sort.

    `out_indptr` (n_out + 1, zeros on entry), `out_indices` and `order` (nnz) are
    written. Connection k of the by-output view is connection ``order[k]`` of the
    by-input view. Inputs come out sorted within each output.
    """
    n_out = out_indptr.size - 1
    for k in range(indices.size):
        out_indptr[indices[k] + 1] += 1
    for j in range(n_out):
        out_indptr[j + 1] += out_indptr[j]
    place = out_indptr[:-1].copy()
    for i in range(indptr.size - 1):
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            out_indices[place[j]] = i
            order[place[j]] = k
            place[j] += 1


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
