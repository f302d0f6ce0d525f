"""Scores of pairs against matrix products.

Where it must be told which scores reach a bound, factors are small whole numbers: their
products and sums are exact in either precision and in any order.
"""

import numba
import numpy as np
import pytest
import reference
from kernels.test_patterns import random_mask
from reference import assert_close

from skset import kernels
from skset.kernels import BLOCK, TILE
from skset.kernels.scores import LONGEST
from skset.topology import Topology

SIZES = [
    (1, 1),
    (1, TILE),
    (BLOCK, 1),
    (3, TILE - 1),
    (BLOCK - 1, TILE + 1),
    (BLOCK, TILE),
    (BLOCK + 1, 2 * TILE + 1),
    (2 * BLOCK + 1, TILE - 1),
    (6, 3 * TILE),
]
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
sizes = pytest.mark.parametrize("shape", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
widths = pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 9, 16, 17, 33, 70])


def whole_numbers(shape, n, dtype, seed=0):
    """Return factors L and R whose products are exact."""
    rng = np.random.default_rng(seed)
    return tuple(rng.integers(-3, 4, (units, n)).astype(dtype) for units in shape)


# Pairs that are given


def random_pairs(counts, n_out, seed=0):
    """Return as many pairs for each input, in no order, some of them twice."""
    indptr = np.concatenate([[0], np.cumsum(counts)])
    rng = np.random.default_rng(seed)
    return indptr, rng.integers(n_out, size=indptr[-1], dtype=np.int32)


def expected_scores(indptr, indices, L, R):
    inputs = np.repeat(np.arange(indptr.size - 1), np.diff(indptr))
    return np.array([L[i] @ R[j] for i, j in zip(inputs, indices, strict=True)])


@dtypes
@widths
@pytest.mark.parametrize(
    "counts", [[1], [0], [8], [0, 7, 9, 0, 1, 16, 0], [25, 0, 3]], ids=str
)
def test_scores_of_pairs_are_dot_products(dtype, n, counts):
    rng = np.random.default_rng(1)
    L = rng.standard_normal((len(counts), n)).astype(dtype)
    R = rng.standard_normal((11, n)).astype(dtype)
    indptr, indices = random_pairs(counts, 11)
    scores = np.full(indices.size, np.nan, dtype)
    kernels.pair_scores(0, len(counts), indptr, indices, L, R, scores)
    wide = L.astype(float), R.astype(float)
    assert_close(scores, expected_scores(indptr, indices, *wide))


@dtypes
def test_all_pairs_of_a_full_pattern_are_the_matrix_product(dtype):
    L, R = whole_numbers((5, 19), 12, dtype)
    indptr, indices = reference.by_input(np.ones((5, 19), bool))
    scores = np.empty(indices.size, dtype)
    kernels.pair_scores(0, 5, indptr, indices, L, R, scores)
    assert np.array_equal(scores.reshape(5, 19), L @ R.T)


@dtypes
def test_scores_without_anything_known_are_0(dtype):
    indptr, indices = random_pairs([9, 0, 2], 4)
    scores = np.full(11, np.nan, dtype)
    L, R = np.empty((3, 0), dtype), np.empty((4, 0), dtype)
    kernels.pair_scores(0, 3, indptr, indices, L, R, scores)
    assert not scores.any()


def test_scores_are_written_for_the_given_inputs_only():
    L, R = whole_numbers((4, 6), 5, "float64")
    indptr, indices = random_pairs([9, 3, 10, 2], 6)
    scores = np.full(24, 77.0)
    kernels.pair_scores(1, 3, indptr, indices, L, R, scores)
    expected = expected_scores(indptr, indices, L, R)
    assert np.array_equal(scores[9:22], expected[9:22])
    assert (np.delete(scores, np.s_[9:22]) == 77).all()


# Pairs that are strong


def coded(rows, order):
    """Return the units in this order, the lengths of their rows, and their codes."""
    lengths = np.sqrt(np.square(rows[order], dtype=float).sum(axis=1))
    codes = np.zeros((len(rows), rows.shape[1] + rows.shape[1] % 2), np.int16)
    some = lengths > 0
    scales = np.divide(LONGEST, lengths, out=np.zeros_like(lengths), where=some)
    codes[:, : rows.shape[1]] = np.rint(rows[order] * scales[:, None])
    return order, lengths, codes.view(np.int32)


def longest_first(rows, order):
    """Return the order, changed so that longer rows come first."""
    lengths = np.square(rows[order], dtype=float).sum(axis=1)
    return order[np.argsort(-lengths, kind="stable")]


class Search:
    """Factors, a pattern to leave out, and a buffer for what is found.

    `inputs` and `outputs` are the orders in which units are looked at, though the
    outputs with longer rows come first.
    """

    def __init__(self, L, R, taken, room=None, inputs=None, outputs=None):
        self.L, self.R, self.taken = L, R, taken
        n_in, n_out = taken.shape
        self.inputs = coded(L, np.arange(n_in) if inputs is None else inputs)
        outputs = np.arange(n_out) if outputs is None else outputs
        order, lengths, codes = coded(R, longest_first(R, outputs))
        padded = np.zeros((codes.shape[1], -(-n_out // TILE) * TILE), np.int32)
        padded[:, :n_out] = codes.T
        self.outputs = order, lengths, padded.view(np.int16)
        self.reach = np.full(n_in, n_out)
        self.room = n_in * n_out + BLOCK * TILE if room is None else room
        self.state = np.zeros(3, np.int64)

    def step(self, bound):
        """Run the kernel once; return whether it is done, and what it has found."""
        positions = np.full(self.room, -1)
        scores = np.full(self.room, np.nan, self.L.dtype)
        done = kernels.strong_pairs(
            self.state,
            self.L,
            self.R,
            self.inputs,
            self.outputs,
            self.reach,
            *reference.by_input(self.taken),
            self.L.dtype.type(bound),
            positions,
            scores,
        )
        n = self.state[2]
        assert (positions[n + 1 :] == -1).all()  # one behind may be written over
        assert np.isnan(scores[n + 1 :]).all()
        return done, dict(zip(positions[:n].tolist(), scores[:n].tolist(), strict=True))

    def run(self, bound):
        """Run the kernel, each time with an empty buffer; return what it has found."""
        found, n_calls, done = {}, 0, False
        while not done:
            self.state[2] = 0
            done, more = self.step(bound)
            assert not found.keys() & more.keys()
            found |= more
            n_calls += 1
        return found, n_calls

    def expected(self, bound):
        scores = np.abs(self.L @ self.R.T)
        strong = np.flatnonzero((scores >= bound) & ~self.taken)
        return dict(zip(strong.tolist(), scores.flat[strong].tolist(), strict=True))


@sizes
@dtypes
@pytest.mark.parametrize("density", [0, 0.3, 1])
def test_strong_pairs_are_the_free_ones_that_reach_the_bound(shape, dtype, density):
    L, R = whole_numbers(shape, 3, dtype)
    search = Search(L, R, random_mask(shape, density))
    bound = max(1, int(np.quantile(np.abs(L @ R.T), 0.9)))
    found, n_calls = search.run(bound)
    assert found == search.expected(bound)
    assert n_calls == 1


@pytest.mark.parametrize("n", [0, 1, 2, 5, 40])
@dtypes
def test_as_many_factors_as_there_are(dtype, n):
    shape = 7, 70
    search = Search(*whole_numbers(shape, n, dtype), random_mask(shape, 0.1))
    assert search.run(1)[0] == search.expected(1)


@dtypes
def test_the_smallest_bound_leaves_out_zeros_alone(dtype):
    L, R = whole_numbers((9, 66), 2, dtype)
    L[3] = R[65] = 0
    search = Search(L, R, np.zeros((9, 66), bool))
    tiny = np.finfo(dtype).smallest_subnormal
    assert search.run(tiny)[0] == search.expected(1)
    assert search.expected(1).keys() == set(np.flatnonzero(L @ R.T).tolist())


@dtypes
def test_inputs_without_and_with_one_connection(dtype):
    taken = np.zeros((5, 70), bool)
    taken[1, 0] = taken[2, 69] = taken[3, 64] = True
    search = Search(np.ones((5, 1), dtype), np.ones((70, 1), dtype), taken)
    found, _ = search.run(1)
    assert sorted(found) == np.flatnonzero(~taken).tolist()


@dtypes
@pytest.mark.parametrize("spare", [0, 1, 100, BLOCK * TILE])
def test_a_full_buffer_is_gone_on_from(dtype, spare):
    shape = 2 * BLOCK + 5, TILE + 6
    L, R = whole_numbers(shape, 2, dtype)
    search = Search(L, R, random_mask(shape, 0.2), room=BLOCK * TILE + spare)
    found, n_calls = search.run(3)
    assert found == search.expected(3)
    assert 1 < n_calls <= 6


def test_it_stops_where_another_block_might_not_fit():
    shape = BLOCK + 3, TILE + 2
    ones = np.ones((shape[0], 1)), np.ones((shape[1], 1))
    search = Search(*ones, np.zeros(shape, bool), room=BLOCK * TILE)
    done, found = search.step(1)
    assert not done
    assert search.state.tolist() == [0, TILE, BLOCK * TILE]
    first = [i * shape[1] + j for i in range(BLOCK) for j in range(TILE)]
    assert sorted(found) == first
    done, found = search.step(1)  # there is no room, and nothing happens
    assert not done
    assert search.state.tolist() == [0, TILE, BLOCK * TILE]
    assert not np.isfinite(list(found.values())).any()
    search.state[2] = 0
    done, found = search.step(1)
    assert not done
    assert search.state.tolist() == [BLOCK, 0, 2 * BLOCK]
    assert sorted(found) == [
        i * shape[1] + j for i in range(BLOCK) for j in (TILE, TILE + 1)
    ]


@dtypes
def test_units_may_be_looked_at_in_any_order(dtype):
    shape, rng = (BLOCK + 6, TILE + 9), np.random.default_rng(3)
    orders = rng.permutation(shape[0]), rng.permutation(shape[1])
    L, R = whole_numbers(shape, 3, dtype)
    search = Search(L, R, random_mask(shape, 0.4), None, *orders)
    assert search.run(5)[0] == search.expected(5)


def test_columns_out_of_reach_are_not_looked_at():
    shape = BLOCK + 4, 3 * TILE
    ones = np.ones((shape[0], 1)), np.ones((shape[1], 1))
    search = Search(*ones, np.zeros(shape, bool))
    search.reach[:BLOCK], search.reach[BLOCK:] = TILE + 1, 0
    found, _ = search.run(1)
    near = np.zeros(shape, bool)
    near[:BLOCK, : 2 * TILE] = True  # a tile is looked at as a whole
    assert sorted(found) == np.flatnonzero(near).tolist()


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_without_units_nothing_is_found(shape):
    search = Search(*whole_numbers(shape, 2, "float64"), np.zeros(shape, bool))
    search.reach[:] = 0
    assert search.run(1) == ({}, 1)


def test_positions_pass_32_bits():
    n_in, n_out = 60_000, 40_000
    taken = Topology.from_positions((n_in, n_out), np.array([n_in * n_out - 2]))
    L, R = np.ones((n_in, 1)), np.zeros((n_out, 1))
    R[[0, n_out - 1, n_out - 2], 0] = 1, -2, 1
    _, *rows = coded(L[-1:], np.zeros(1, int))
    order, lengths, codes = coded(R, longest_first(R, np.arange(n_out)))
    positions = np.empty(2 * BLOCK * TILE, np.int64)
    scores, state = np.empty(positions.size), np.zeros(3, np.int64)
    done = kernels.strong_pairs(
        state,
        L,
        R,
        (np.array([n_in - 1]), *rows),
        (order, lengths, np.ascontiguousarray(codes.T).view(np.int16)),
        np.array([n_out]),
        taken.indptr,
        taken.indices,
        1.0,
        positions,
        scores,
    )
    assert done
    assert positions[: state[2]].tolist() == [n_in * n_out - 1, (n_in - 1) * n_out]
    assert scores[: state[2]].tolist() == [2, 1]


# Codes


@dtypes
@widths
def test_codes_are_rows_as_long_as_the_longest_in_whole_numbers(dtype, n):
    rng = np.random.default_rng(0)
    rows = (rng.standard_normal((9, n)) * 10.0 ** rng.integers(-9, 9, (9, 1))).astype(
        dtype
    )
    rows[4] = 0
    order, lengths, expected = coded(rows, rng.permutation(9))
    codes = np.full((9, n + n % 2), 77, np.int16)
    kernels.encode(rows, order, lengths, codes)
    assert (codes[:, n:] == 77).all()
    assert np.array_equal(codes[:, :n], expected.view(np.int16)[:, :n])
    longest = np.sqrt(np.square(codes[:, :n], dtype=float).sum(axis=1))
    assert np.abs(longest[lengths > 0] - LONGEST).max() <= np.sqrt(n) / 2
    assert not longest[lengths == 0].any()


@pytest.mark.parametrize("n", [1, 2, 5, 16, 31, 200])
@pytest.mark.parametrize("magnitudes", [0, 1, 9])
@dtypes
def test_codes_rule_out_no_pair_that_reaches_the_bound(dtype, n, magnitudes):
    """Whatever a score is, a pair with it is found if it is the bound."""
    shape, rng = (70, 2 * TILE + 3), np.random.default_rng(0)
    L, R = (rng.standard_normal((units, n)) for units in shape)
    L *= 10.0 ** rng.integers(-magnitudes, magnitudes, (shape[0], 1), endpoint=True)
    R *= 10.0 ** rng.integers(-magnitudes, magnitudes, (shape[1], 1), endpoint=True)
    L[:, : n // 2] = np.maximum(L[:, : n // 2], 0)
    R[::7] = R[3]  # many scores are the same
    search = Search(L.astype(dtype), R.astype(dtype), random_mask(shape, 0.1))
    scores, _ = search.run(np.finfo(dtype).smallest_subnormal)
    assert len(scores) >= 0.4 * L.shape[0] * R.shape[0]
    values = np.array(list(scores.values()))
    wide = search.L.astype(float), search.R.astype(float)
    lengths = np.outer(*(np.linalg.norm(rows, axis=1) for rows in wide))
    wrong = values - np.abs(wide[0] @ wide[1].T).flat[list(scores)]
    assert np.abs(wrong / lengths.flat[list(scores)]).max() < 1e-6
    for bound in np.sort(values)[[-1, -2, -50, values.size // 2, 40, 0]]:
        search.state[:] = 0
        found, _ = search.run(bound)
        assert found == {k: score for k, score in scores.items() if score >= bound}


@pytest.mark.parametrize("value", [1, 0.1, 1 / 3, 0.7])
@dtypes
def test_codes_that_are_all_rounded_alike_rule_out_nothing(dtype, value):
    """Of rows that are all the same the codes are off the most."""
    every = range(1, 40) if numba.config.DISABLE_JIT else range(1, 400)
    for n in every:
        L, R = np.full((1, n), value, dtype), np.full((1, n), value, dtype)
        search = Search(L, R, np.zeros((1, 1), bool))
        found, _ = search.run(np.finfo(dtype).tiny)
        search.state[:] = 0
        assert search.run(found[0])[0] == found
        search.state[:] = 0
        above = np.nextafter(np.full(1, found[0], dtype), np.array(np.inf, dtype))
        assert search.run(above[0])[0] == {}


@pytest.mark.parametrize("exponent", [-460, -230, 0, 230, 460])
def test_codes_of_very_short_and_very_long_rows_rule_out_nothing(exponent):
    L, R = (rows * 2.0**exponent for rows in whole_numbers((5, 70), 3, "float64"))
    search = Search(L, R, np.zeros((5, 70), bool))
    scores, _ = search.run(np.finfo(float).smallest_subnormal)
    expected = search.expected(np.finfo(float).smallest_subnormal)
    assert scores.keys() == expected.keys()
    for bound in sorted(scores.values())[::40]:
        search.state[:] = 0
        found, _ = search.run(bound)
        assert found == {k: score for k, score in scores.items() if score >= bound}


@dtypes
def test_what_is_not_a_number_is_not_found(dtype):
    L, R = np.ones((2, 3), dtype), np.ones((70, 3), dtype)
    search = Search(L, R, np.zeros((2, 70), bool))
    search.L = np.array([[1, 1, 1], [np.nan, 1, 1]], dtype)
    assert sorted(search.run(1)[0]) == list(range(70))
