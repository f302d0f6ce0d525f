"""The greatest scores of pairs of units, dot products of what is known of both.

What the growths of dynamic sparse training ask for, gradients, momenta, similarities,
all are products ``L @ R.T`` of two thin matrices L (n_in, n) and R (n_out, n), of which
the greatest entries are wanted. None of it is kept but those. `steps.pair_scores` has
the scores of given pairs.

Almost all pairs are far from strong, and a few bits tell: all pairs are screened by
16-bit codes of the rows, twice as many in an instruction as floats, and only those that
the codes do not rule out are scored.
"""

import math

import numpy as np

from skset.kernels._jit import inlined, kernel
from skset.kernels._lanes import (
    bare,
    cell,
    lanes,
    load,
    lowest_bit,
    multiply_add,
    multiply_add_pairs,
    n_rows,
    reaching,
    total,
    width,
)

__all__ = ["BLOCK", "TILE", "encode", "strong_pairs"]

# Codes are multiplied for so many outputs and for four inputs at a time, which keeps
# all sums in registers; a tile of outputs stays in a near cache for a block of inputs.
TILE, BLOCK = 64, 64
ALL = np.uint64((1 << TILE) - 1)
# Length of a row of codes: no sum of products leaves 32 bits (Cauchy and Schwarz).
LONGEST = (1 << 15) - 1
# What no sum of products reaches.
NEVER = (1 << 31) - 1
# A call makes about so many products, some 50 ms, so that Ctrl-C is not kept waiting.
MOST_PRODUCTS = 1 << 31


@kernel
def encode(rows, units, lengths, codes):
    """Write the codes of some rows: as long as `LONGEST`, in whole numbers.

    `lengths` are those of the units' rows; a row of length 0 has codes 0.
    """
    for k in range(units.size):
        scale = LONGEST / lengths[k] if lengths[k] > 0 else 0.0
        for n in range(rows.shape[1]):
            codes[k, n] = np.int16(np.rint(rows[units[k], n] * scale))


@inlined
def _four_inputs(a, b, c, d, column, inputs, outputs, bounds):
    """Return which codes of four inputs and of a tile of outputs reach the bounds.

    Each input has a bound, and in the result a bit for each output.
    """
    z, pairs = lanes(16, np.int32(0)), lanes(32, np.int16(0))
    a0, a1, a2, a3, b0, b1, b2, b3 = z, z, z, z, z, z, z, z
    c0, c1, c2, c3, d0, d1, d2, d3 = z, z, z, z, z, z, z, z
    first = 2 * column
    for n in range(n_rows(outputs)):
        r0, r1 = load(outputs, n, first, pairs), load(outputs, n, first + 32, pairs)
        r2 = load(outputs, n, first + 64, pairs)
        r3 = load(outputs, n, first + 96, pairs)
        x = cell(inputs, a, n)
        a0, a1 = multiply_add_pairs(x, r0, a0), multiply_add_pairs(x, r1, a1)
        a2, a3 = multiply_add_pairs(x, r2, a2), multiply_add_pairs(x, r3, a3)
        x = cell(inputs, b, n)
        b0, b1 = multiply_add_pairs(x, r0, b0), multiply_add_pairs(x, r1, b1)
        b2, b3 = multiply_add_pairs(x, r2, b2), multiply_add_pairs(x, r3, b3)
        x = cell(inputs, c, n)
        c0, c1 = multiply_add_pairs(x, r0, c0), multiply_add_pairs(x, r1, c1)
        c2, c3 = multiply_add_pairs(x, r2, c2), multiply_add_pairs(x, r3, c3)
        x = cell(inputs, d, n)
        d0, d1 = multiply_add_pairs(x, r0, d0), multiply_add_pairs(x, r1, d1)
        d2, d3 = multiply_add_pairs(x, r2, d2), multiply_add_pairs(x, r3, d3)
    return (
        reaching(a0, a1, a2, a3, bounds[0]),
        reaching(b0, b1, b2, b3, bounds[1]),
        reaching(c0, c1, c2, c3, bounds[2]),
        reaching(d0, d1, d2, d3, bounds[3]),
    )


@inlined
def _screen(bound, n, input_length, output_length):
    """Return what the codes of a pair reach whose score reaches the bound.

    A code is off by a half at most, so that n of them, as long as `LONGEST`, put the
    sum of products off by ``sqrt(n) * LONGEST + n / 4`` at most; a score itself may be
    rounded up.
    """
    product = input_length * output_length
    if product == 0:  # and so is the score
        return np.int32(NEVER)
    doubt = math.sqrt(n) * LONGEST + 65 * n
    least = LONGEST**2 / product * bound - doubt
    if least > 0:  # not so where a length has overflown
        return np.int32(min(least, NEVER))
    return np.int32(0)


@inlined
def _score(zero, i, j, L, R):
    """Return the absolute score of a pair."""
    sums, n, m, score = lanes(16, zero), width(L), 0, zero
    while m + 16 <= n:
        sums = multiply_add(load(L, i, m, sums), load(R, j, m, sums), sums)
        m += 16
    if m > 0:
        score = total(sums)
    while m < n:
        score += cell(L, i, m) * cell(R, j, m)
        m += 1
    return abs(score)


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
    state, L, R, inputs, outputs, reach, indptr, indices, bound, positions, scores
):
    """Append the free pairs whose absolute score reaches the bound, as many as fit.

    L is (n_in, n) and R (n_out, n). `inputs` are three arrays: the units in the order
    in which they are looked at, the lengths of their rows of L, and the rows of their
    codes, which are proportional to those of L, rounded, as long as `LONGEST`, and two
    in a number of 32 bits. `outputs` are the same for R, the lengths in falling order,
    the codes transposed, as numbers of 16 bits, and padded to a multiple of `TILE`
    units. `reach[first]` is the number of outputs with which inputs from `first` on can
    reach the bound. `indptr` and `indices` are the pattern of the pairs that are left
    out. `bound` is positive.

    `state` holds where to go on (input, output) and how many pairs there are; returns
    whether all inputs are done. It stops where another block might not fit, and after
    so much work that Ctrl-C should have a chance.
    """
    rows, input_lengths, input_codes = inputs
    columns, output_lengths, output_codes = outputs
    zero, one = scores.dtype.type(0), np.uint64(1)
    left, right = bare(L), bare(R)
    own, others = bare(input_codes), bare(output_codes)
    likely, hopeful = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.int64)
    taken, marked = np.empty((BLOCK, (columns.size + 63) // 64), np.uint64), -1
    first, column, n = state[0], state[1], state[2]
    n_in, n_out = rows.size, np.int64(columns.size)
    n_blocks = MOST_PRODUCTS // (BLOCK * TILE * max(L.shape[1], 1)) + 1
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
            _mark(taken, first, stop, rows, indptr, indices)
            marked = first
        length = output_lengths[column]  # the greatest of the tile
        n_columns = n_out - column
        there = (one << np.uint64(n_columns)) - one if n_columns < TILE else ALL
        for a in range(first, stop, 4):
            b, c, d = min(a + 1, stop - 1), min(a + 2, stop - 1), min(a + 3, stop - 1)
            bounds = (
                _screen(bound, L.shape[1], input_lengths[a], length),
                _screen(bound, L.shape[1], input_lengths[b], length),
                _screen(bound, L.shape[1], input_lengths[c], length),
                _screen(bound, L.shape[1], input_lengths[d], length),
            )
            some = _four_inputs(a, b, c, d, column, own, others, bounds)
            likely[a - first], likely[b - first] = some[0] & there, some[1] & there
            likely[c - first], likely[d - first] = some[2] & there, some[3] & there
        n_some = 0
        for row in range(stop - first):
            hopeful[n_some] = row
            n_some += 1 if likely[row] else 0
        for row in hopeful[:n_some]:
            bits, i = likely[row], rows[first + row]
            while bits:
                bit = lowest_bit(bits)
                bits &= bits - one
                j = columns[column + bit]
                score = _score(zero, i, j, left, right)
                word = taken[row, j >> 6]
                is_taken = word >> np.uint64(j & 63) & one
                positions[n], scores[n] = i * n_out + j, score
                n += 0 if is_taken or score < bound else 1
        column += TILE
    state[0], state[2] = first, n
    return True
