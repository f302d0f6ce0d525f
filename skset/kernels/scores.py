"""The greatest entries of a product of two thin matrices: scores of pairs of units.

Gradients, momenta and similarities of missing connections are all entries of a product
``L @ R.T`` of two thin matrices L (n_in, n) and R (n_out, n). A growth needs the
greatest of them, and only these are kept. `pair_scores` has the scores of given pairs.

Almost all pairs are far below the greatest, and a few bits are enough to see that. So
all pairs are screened by 16-bit codes of the rows, twice as many in an instruction as
floats. Only pairs that the codes cannot exclude are scored.
"""

import math

import numpy as np

from skset.kernels.lane_bits import lowest_bit, multiply_add_pairs, reaching
from skset.kernels.lane_sums import total
from skset.kernels.lanes import (
    bare,
    cell,
    full,
    item,
    load,
    multiply_add,
    n_rows,
    width,
)
from skset.kernels.memory import Array
from skset.kernels.steps import differentiate
from skset.runtime.jit import inlined, kernel

__all__ = ["BLOCK", "TILE", "encode", "pair_scores", "strong_pairs"]

# Codes are multiplied for 16 outputs and six inputs at a time. Their sums fit into
# registers of 256 bits and keep registers of 512 bits busy. A tile of outputs stays in
# a near cache for a block of inputs.
TILE, AT_ONCE, BLOCK = 64, 6, 60
ALL = np.uint64((1 << TILE) - 1)
# Length of a row of codes: no sum of products exceeds 32 bits (Cauchy and Schwarz).
LONGEST = (1 << 15) - 1
# Greater than any sum of products.
NEVER = (1 << 31) - 1
# Number of products in a call, about. They take less than 0.1 s, so Ctrl-C need not
# wait long.
MOST_PRODUCTS = 1 << 31


@kernel
def encode(rows: Array, units: Array, lengths: Array, codes: Array) -> None:
    """Write the codes of some rows: scaled to length `LONGEST`, rounded to integers.

    `lengths` has the lengths of the units' rows. A row of length 0 has codes 0.
    """
    for k in range(units.size):
        scale = LONGEST / lengths[k] if lengths[k] > 0 else 0.0
        for n in range(rows.shape[1]):
            codes[k, n] = np.int16(np.rint(rows[units[k], n] * scale))


@inlined
def _sixteen_outputs(a, b, c, d, e, f, first, inputs, outputs):
    """Return the sums of products of six inputs' codes with those of 16 outputs."""
    z, pairs = full(16, np.int32(0)), full(32, np.int16(0))
    sa, sb, sc, sd, se, sf = z, z, z, z, z, z
    for n in range(n_rows(outputs)):
        codes = load(outputs, n, first, pairs)
        sa = multiply_add_pairs(cell(inputs, a, n), codes, sa)
        sb = multiply_add_pairs(cell(inputs, b, n), codes, sb)
        sc = multiply_add_pairs(cell(inputs, c, n), codes, sc)
        sd = multiply_add_pairs(cell(inputs, d, n), codes, sd)
        se = multiply_add_pairs(cell(inputs, e, n), codes, se)
        sf = multiply_add_pairs(cell(inputs, f, n), codes, sf)
    return sa, sb, sc, sd, se, sf


@inlined
def _six_inputs(a, last, column, inputs, outputs, least, at):
    """Return which outputs of a tile reach the bound by their codes, for six inputs.

    There is a bit for each output. `least` has the bound of each input, beginning at
    place `at`. Inputs past the end are clamped to the last one.
    """
    b, c, d = min(a + 1, last), min(a + 2, last), min(a + 3, last)
    e, f, n = min(a + 4, last), min(a + 5, last), 2 * column
    a0, b0, c0, d0, e0, f0 = _sixteen_outputs(a, b, c, d, e, f, n, inputs, outputs)
    n += 32
    a1, b1, c1, d1, e1, f1 = _sixteen_outputs(a, b, c, d, e, f, n, inputs, outputs)
    n += 32
    a2, b2, c2, d2, e2, f2 = _sixteen_outputs(a, b, c, d, e, f, n, inputs, outputs)
    n += 32
    a3, b3, c3, d3, e3, f3 = _sixteen_outputs(a, b, c, d, e, f, n, inputs, outputs)
    return (
        reaching(a0, a1, a2, a3, item(least, at)),
        reaching(b0, b1, b2, b3, item(least, at + 1)),
        reaching(c0, c1, c2, c3, item(least, at + 2)),
        reaching(d0, d1, d2, d3, item(least, at + 3)),
        reaching(e0, e1, e2, e3, item(least, at + 4)),
        reaching(f0, f1, f2, f3, item(least, at + 5)),
    )


@inlined
def _enough(bound, n, input_length, output_length):
    """Return the least sum of products of codes that a score at the bound can have.

    A code is off by at most 1/2. So for n codes of length `LONGEST` the sum of products
    is off by at most ``sqrt(n) * LONGEST + n / 4``. The score itself may also be
    rounded up.
    """
    product = input_length * output_length
    # No score is greater (Cauchy and Schwarz), except by rounding.
    if product <= bound / 2:
        return np.int32(NEVER)
    doubt = math.sqrt(n) * LONGEST + 65 * n
    least = bound / product * LONGEST**2 - doubt
    return np.int32(min(max(least, 0), NEVER))


@inlined
def _screen(bound, n, first, stop, column, inputs, outputs, least, likely):
    """Write the bits of the pairs of a block and a tile that codes cannot exclude."""
    _, input_lengths, input_codes = inputs
    units, output_lengths, output_codes = outputs
    length = output_lengths[column]  # the greatest of the tile
    for row in range(stop - first):
        least[row] = _enough(bound, n, input_lengths[first + row], length)
    one, n_outputs = np.uint64(1), units.size - column
    there = (one << np.uint64(n_outputs)) - one if n_outputs < TILE else ALL
    own, others, enough = bare(input_codes), bare(output_codes), bare(least)
    for row in range(0, stop - first, AT_ONCE):
        some = _six_inputs(first + row, stop - 1, column, own, others, enough, row)
        for k in range(AT_ONCE):
            likely[row + k] = some[k] & there


@inlined
def _score(zero, i, j, L, R):
    """Return the absolute score of a pair."""
    sums, n, m, score = full(16, zero), width(L), 0, zero
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
    state: Array,
    L: Array,
    R: Array,
    inputs: tuple[Array, Array, Array],
    outputs: tuple[Array, Array, Array],
    reach: Array,
    indptr: Array,
    indices: Array,
    bound: float,
    positions: Array,
    scores: Array,
) -> bool:
    """Append the free pairs whose absolute score reaches the bound, as many as fit.

    L is (n_in, n) and R (n_out, n). `inputs` has three arrays: the units in the order
    in which they are looked at; the lengths of their rows of L, each 0 or at least
    1e-140; and the rows of their codes. These are proportional to the rows of L, of
    length `LONGEST`, rounded, two in a 32-bit number. `outputs` has the same for R, but
    with lengths in falling order, and the codes transposed, as 16-bit numbers, padded
    to a multiple of `TILE` units. `reach[first]` is the number of outputs with which
    inputs from `first` on can reach the bound. `indptr` and `indices` are the pattern
    of the pairs to leave out. `bound` is positive. Any score times ``LONGEST**2`` must
    not overflow.

    `state` has the place to go on from (input, output) and the number of pairs. Returns
    whether all inputs are done. The function stops if another block might not fit, and
    after some work so that Ctrl-C has a chance.
    """
    rows, columns = inputs[0], outputs[0]
    zero, one, n_factors = scores.dtype.type(0), np.uint64(1), L.shape[1]
    left, right = bare(L), bare(R)
    least, likely = np.zeros(BLOCK, np.int32), np.empty(BLOCK, np.uint64)
    hopeful = np.empty(BLOCK, np.int64)
    taken, marked = np.empty((BLOCK, (columns.size + 63) // 64), np.uint64), -1
    first, column, n = state[0], state[1], state[2]
    n_in, n_out = rows.size, np.int64(columns.size)
    n_blocks = MOST_PRODUCTS // (BLOCK * TILE * max(n_factors, 1)) + 2
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
        _screen(bound, n_factors, first, stop, column, inputs, outputs, least, likely)
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
                n += 1 if score >= bound and not is_taken else 0
        column += TILE
    state[0], state[2] = first, n
    return True


@kernel
def pair_scores(
    start: int,
    stop: int,
    indptr: Array,
    indices: Array,
    L: Array,
    R: Array,
    scores: Array,
) -> None:
    """Write the gradient ``L[i] @ R[indices[k]]`` of each pair k of the units i."""
    # No deltas are written, and any weights will do.
    none, slope = np.empty((0, 0), scores.dtype), scores.dtype.type(1)
    pairs = scores[indptr[start] :]
    differentiate(start, stop, indptr, indices, scores, L, R, none, slope, pairs)
