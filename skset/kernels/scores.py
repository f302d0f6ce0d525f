"""The greatest scores of pairs of units, dot products of what is known of both.

What the growths of dynamic sparse training ask for, gradients, momenta, similarities,
all are products ``L @ R.T`` of two thin matrices L (n_in, n) and R (n_out, n), of which
the greatest entries are wanted. No more than a tile of it is kept. `steps.pair_scores`
has the scores of given pairs.
"""

import numpy as np

from skset.kernels._jit import inlined, kernel
from skset.kernels._lanes import (
    bare,
    cell,
    lanes,
    load,
    lowest_bit,
    multiply_add,
    n_rows,
    reaching,
    store,
)

__all__ = ["BLOCK", "TILE", "strong_pairs"]

# Scores are made for so many outputs and for four inputs at a time, which keeps all of
# them in registers; a tile of outputs stays in a near cache for a block of inputs.
TILE, BLOCK = 64, 64
# A call makes about so many products, some 50 ms, so that Ctrl-C is not kept waiting.
MOST_PRODUCTS = 1 << 31


@inlined
def _four_inputs(zero, a, b, c, d, column, L, R, bound, tile):
    """Write the scores of four inputs with a tile of outputs; return which are strong.

    Each input has a bit for each output, set where the score reaches the bound.
    """
    z = lanes(16, zero)
    a0, a1, a2, a3, b0, b1, b2, b3 = z, z, z, z, z, z, z, z
    c0, c1, c2, c3, d0, d1, d2, d3 = z, z, z, z, z, z, z, z
    for n in range(n_rows(R)):
        r0, r1 = load(R, n, column, z), load(R, n, column + 16, z)
        r2, r3 = load(R, n, column + 32, z), load(R, n, column + 48, z)
        x = cell(L, a, n)
        a0, a1 = multiply_add(x, r0, a0), multiply_add(x, r1, a1)
        a2, a3 = multiply_add(x, r2, a2), multiply_add(x, r3, a3)
        x = cell(L, b, n)
        b0, b1 = multiply_add(x, r0, b0), multiply_add(x, r1, b1)
        b2, b3 = multiply_add(x, r2, b2), multiply_add(x, r3, b3)
        x = cell(L, c, n)
        c0, c1 = multiply_add(x, r0, c0), multiply_add(x, r1, c1)
        c2, c3 = multiply_add(x, r2, c2), multiply_add(x, r3, c3)
        x = cell(L, d, n)
        d0, d1 = multiply_add(x, r0, d0), multiply_add(x, r1, d1)
        d2, d3 = multiply_add(x, r2, d2), multiply_add(x, r3, d3)
    return (
        _one_row(tile, 0, a0, a1, a2, a3, bound),
        _one_row(tile, 1, b0, b1, b2, b3, bound),
        _one_row(tile, 2, c0, c1, c2, c3, bound),
        _one_row(tile, 3, d0, d1, d2, d3, bound),
    )


@inlined
def _one_row(tile, row, s0, s1, s2, s3, bound):
    """Write a row of a tile; return the bits of what reaches the bound."""
    store(tile, row, 0, s0)
    store(tile, row, 16, s1)
    store(tile, row, 32, s2)
    store(tile, row, 48, s3)
    return reaching(s0, s1, s2, s3, bound)


@inlined
def _mark(taken, first, stop, inputs, indptr, indices):
    """Set a bit of `taken` for each connection of the rows, clear all others."""
    taken[:, :] = 0
    for row in range(first, stop):
        i = inputs[row]
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            taken[row - first, j >> 6] |= np.uint64(1) << np.uint64(j & 63)


@kernel
def strong_pairs(
    state, L, R, reach, inputs, outputs, indptr, indices, bound, positions, scores
):
    """Append the free pairs whose absolute score reaches the bound, as many as fit.

    L is (n_in, n), R is given transposed and padded with zeros to a multiple of `TILE`
    columns; `inputs` and `outputs` are the units of their rows and columns.
    `reach[first]` is the number of columns with which rows from `first` on can reach
    the bound. `indptr` and `indices` are the pattern of the pairs that are left out.
    `bound` is positive.

    `state` holds where to go on (row, column) and how many pairs there are; returns
    whether all rows are done. It stops where another block might not fit, and after so
    much work that Ctrl-C should have a chance.
    """
    zero, one = scores.dtype.type(0), np.uint64(1)
    left, right = bare(L), bare(R)
    tile = np.empty((4, TILE), scores.dtype)
    scored = bare(tile)
    taken, marked = np.empty((BLOCK, (outputs.size + 63) // 64), np.uint64), -1
    first, column, n = state[0], state[1], state[2]
    n_in, n_out = inputs.size, np.int64(outputs.size)
    n_blocks = MOST_PRODUCTS // (BLOCK * TILE * max(R.shape[0], 1)) + 1
    while first < n_in:
        stop = min(first + BLOCK, n_in)
        if column >= reach[first]:
            first, column = stop, 0
            continue
        n_blocks -= 1
        if n_blocks == 0 or n + BLOCK * TILE > positions.size:
            state[0], state[1], state[2] = first, column, n
            return False
        if marked != first:  # to look a bit up is much faster than to search
            _mark(taken, first, stop, inputs, indptr, indices)
            marked = first
        for a in range(first, stop, 4):
            b, c, d = min(a + 1, stop - 1), min(a + 2, stop - 1), min(a + 3, stop - 1)
            strong = _four_inputs(zero, a, b, c, d, column, left, right, bound, scored)
            for row in range(min(4, stop - a)):
                bits = strong[row]
                i = inputs[a + row]
                while bits:
                    bit = lowest_bit(bits)
                    bits &= bits - one
                    j = outputs[column + bit]
                    word = taken[a + row - first, j >> 6]
                    positions[n] = i * n_out + j
                    scores[n] = abs(tile[row, bit])
                    n += 0 if word >> np.uint64(j & 63) & one else 1
        column += TILE
    state[0], state[2] = first, n
    return True
