import tracemalloc
from itertools import combinations

import numpy as np
import pytest
from reference import assert_close, mask_of, strongest_pairs
from scipy import stats

from skset.kernels import BLOCK, TILE
from skset.topology import (
    Topology,
    best_candidates,
    candidates,
    pair_scores,
    random_topology,
    topk_pairs,
)

SHAPES = [
    (1, 1),
    (1, 9),
    (9, 1),
    (7, 12),
    (BLOCK - 1, TILE + 1),
    (BLOCK + 1, TILE - 1),
    (2 * BLOCK + 1, 2 * TILE + 1),
    (3, 3 * TILE),
    (500, 300),  # so large that a first bound is guessed
]
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
shapes = pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"{s[0]}x{s[1]}")
densities = pytest.mark.parametrize("density", [0, 0.02, 0.5, 0.97])


def normal(shape, n, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal((units, n)).astype(dtype) for units in shape)


def whole(shape, n, dtype="float64", seed=0):
    """Return factors with exact products, many of them equal and many 0."""
    rng = np.random.default_rng(seed)
    return tuple(rng.integers(-2, 3, (units, n)).astype(dtype) for units in shape)


def taken_by(shape, density, seed=1):
    n = round(density * shape[0] * shape[1])
    return random_topology(shape, n, np.random.default_rng(seed))


def numbers_of(free):
    """Return how many to ask for: few, many and all free places, and too many."""
    return sorted({1, 2, free // 50, free // 3, free - 1, free, free + 5} - {0, -1})


def assert_valid(positions, exclude):
    """Hold what is true of all that is grown by scores."""
    assert positions.dtype == np.int64
    assert positions.ndim == 1
    assert (np.diff(positions) > 0).all()
    assert positions.size == 0 or positions[0] >= 0
    assert positions.size == 0 or positions[-1] < exclude.shape[0] * exclude.shape[1]
    assert not exclude.has(positions).any()


# The greatest of all


@shapes
@densities
def test_topk_pairs_are_those_of_a_dense_sort(shape, density):
    exclude = taken_by(shape, density)
    L, R = normal(shape, 5)
    for k in numbers_of(exclude.n_free):
        positions = topk_pairs(L, R, k, exclude, np.random.default_rng(2))
        assert_valid(positions, exclude)
        _, expected = strongest_pairs(L, R, k, mask_of(exclude))
        assert np.array_equal(positions, expected)


@shapes
@densities
@dtypes
def test_topk_pairs_have_the_greatest_scores_where_many_are_equal(
    shape, density, dtype
):
    exclude = taken_by(shape, density)
    L, R = whole(shape, 2, dtype)
    dense = np.abs(L @ R.T).ravel()
    for k in numbers_of(exclude.n_free):
        positions = topk_pairs(L, R, k, exclude, np.random.default_rng(2))
        assert_valid(positions, exclude)
        scores, _ = strongest_pairs(L, R, k, mask_of(exclude))
        assert np.sort(dense[positions]).tolist() == np.sort(scores).tolist()


@pytest.mark.parametrize("n", [0, 1, 2, 16, 100, 300])
@dtypes
def test_topk_pairs_of_as_many_samples_as_there_are(n, dtype):
    shape = 40, 70
    exclude = taken_by(shape, 0.1)
    L, R = normal(shape, n, dtype)
    positions = topk_pairs(L, R, 30, exclude, np.random.default_rng(0))
    assert_valid(positions, exclude)
    assert positions.size == (30 if n else 0)
    scores, _ = strongest_pairs(L.astype(float), R.astype(float), 30, mask_of(exclude))
    actual = np.abs(L.astype(float) @ R.astype(float).T).ravel()[positions]
    assert_close(np.sort(actual), np.sort(scores), dtype, factor=10)


@pytest.mark.parametrize("shape", [(1, 1), (7, 12), (400, 400)], ids=str)
def test_topk_pairs_can_be_none(shape):
    for density in (0, 0.3, 1):
        exclude = taken_by(shape, density)
        positions = topk_pairs(*normal(shape, 3), 0, exclude, np.random.default_rng(0))
        assert_valid(positions, exclude)
        assert positions.size == 0


@pytest.mark.parametrize("shape", [(1, 1), (7, 12), (400, 400)], ids=str)
def test_topk_pairs_of_a_full_layer_are_none(shape):
    exclude = taken_by(shape, 1)
    positions = topk_pairs(*normal(shape, 3), 5, exclude, np.random.default_rng(0))
    assert positions.tolist() == []


@shapes
def test_pairs_with_score_0_are_never_among_the_best(shape):
    exclude, rng = taken_by(shape, 0.2), np.random.default_rng(0)
    L, R = normal(shape, 3)
    nothing = topk_pairs(np.zeros_like(L), R, 5, exclude, rng)
    assert nothing.tolist() == []
    L[: shape[0] // 2] = 0
    R[::2] = 0
    k = shape[0] * shape[1]
    expected = np.flatnonzero((L @ R.T != 0) & ~mask_of(exclude))
    assert np.array_equal(topk_pairs(L, R, k, exclude, rng), expected)


def test_a_negative_score_counts_by_its_size():
    L, R = np.array([[1.0, 2], [0, -1]]), np.array([[1.0, 0], [0, 1], [-3, 0]])
    # |L R'| is 1 2 3 / 0 1 0.
    for k, expected in [(1, [2]), (2, [1, 2]), (4, [0, 1, 2, 4]), (6, [0, 1, 2, 4])]:
        positions = topk_pairs(
            L, R, k, Topology.empty((2, 3)), np.random.default_rng(0)
        )
        assert positions.tolist() == expected
    exclude = Topology.from_positions((2, 3), np.array([2]))
    assert topk_pairs(L, R, 1, exclude, np.random.default_rng(0)).tolist() == [1]


@dtypes
def test_the_smallest_scores_are_not_0(dtype):
    smallest = np.sqrt(np.finfo(dtype).tiny)
    L, R = (np.full((units, 1), smallest, dtype) for units in (3, 4))
    positions = topk_pairs(L, R, 12, Topology.empty((3, 4)), np.random.default_rng(0))
    assert positions.tolist() == list(range(12))


def test_units_of_very_different_lengths():
    shape, rng = (200, 150), np.random.default_rng(0)
    L, R = normal(shape, 4)
    L *= 10.0 ** rng.integers(-9, 9, (200, 1))
    R *= 10.0 ** rng.integers(-9, 9, (150, 1))
    exclude = taken_by(shape, 0.1)
    for k in (1, 100, 5000, 20_000):
        _, expected = strongest_pairs(L, R, k, mask_of(exclude))
        positions = topk_pairs(L, R, k, exclude, rng)
        assert np.array_equal(positions, expected)


# Products of such numbers are no numbers of their type any more.
EXTREMES = [("float32", 1e20), ("float32", 1e-25), ("float64", 1e160)]
EXTREMES += [("float64", 1e300), ("float64", 1e-180), ("float64", 1e-305)]


@pytest.mark.parametrize(("dtype", "scale"), EXTREMES)
@pytest.mark.parametrize("shape", [(40, 50), (400, 500)])
def test_scores_neither_overflow_nor_vanish(shape, dtype, scale):
    L, R = (rows.astype(dtype) for rows in normal(shape, 8))
    exclude = taken_by(shape, 0.1)
    for k in (5, 100, 1500):
        usual, extreme = (
            topk_pairs(L * by, R * by, k, exclude, np.random.default_rng(0))
            for by in (np.dtype(dtype).type(1), np.dtype(dtype).type(scale))
        )
        common = np.intersect1d(usual, extreme)
        assert extreme.size == k
        assert common.size >= (k if scale > 1 else 0.99 * k)


@pytest.mark.parametrize(("dtype", "scale"), [("float32", 1e30), ("float64", 1e200)])
def test_one_pair_is_far_beyond_all_others(dtype, scale):
    shape = 400, 500
    L, R = (rows.astype(dtype) for rows in normal(shape, 8))
    L[3] *= scale
    R[7] *= scale
    for k in (1, 5, 1000):
        positions = topk_pairs(L, R, k, taken_by(shape, 0), np.random.default_rng(0))
        assert positions.size == k
        assert 3 * 500 + 7 in positions


@pytest.mark.parametrize(("dtype", "scale"), EXTREMES)
def test_candidates_whose_scores_neither_overflow_nor_vanish(dtype, scale):
    shape = 300, 200
    L, R = (rows.astype(dtype) for rows in normal(shape, 5))
    chances = [np.full(n, 1 / n) for n in shape]
    usual, extreme = (
        best_candidates(
            L * by,
            R * by,
            100,
            taken_by(shape, 0.1),
            5000,
            chances,
            np.random.default_rng(0),
        )
        for by in (np.dtype(dtype).type(1), np.dtype(dtype).type(scale))
    )
    assert extreme.size == 100
    assert np.intersect1d(usual, extreme).size >= 98


def test_more_is_known_than_one_call_takes():
    L, R = normal((2, 3), 600_000)
    expected = np.argsort(-np.abs(L @ R.T).ravel())[:2]
    exclude = Topology.empty((2, 3))
    positions = topk_pairs(L, R, 2, exclude, np.random.default_rng(0))
    assert np.array_equal(positions, np.sort(expected))


def test_the_strongest_of_all_exist_already():
    """What is guessed of the first bound is then far too high."""
    shape = 500, 400
    L, R = normal(shape, 3)
    order = np.argsort(-np.abs(L @ R.T).ravel())
    exclude = Topology.from_positions(shape, order[:100_000])
    positions = topk_pairs(L, R, 50, exclude, np.random.default_rng(0))
    assert np.array_equal(positions, np.sort(order[100_000:100_050]))


def test_few_have_a_score_at_all_among_many():
    shape = 500, 400
    L, R = normal(shape, 3)
    L[np.arange(500) != 77] = 0
    positions = topk_pairs(L, R, 1000, Topology.empty(shape), np.random.default_rng(0))
    assert positions.tolist() == list(range(77 * 400, 78 * 400))


@shapes
@pytest.mark.parametrize("budget", [0, 1 << 12, 1 << 16, 1 << 30])
def test_the_budget_changes_nothing(shape, budget):
    exclude = taken_by(shape, 0.1)
    for factors in (normal(shape, 3), whole(shape, 2), whole(shape, 1)):
        for k in (1, 40, exclude.n_free // 2 + 1):
            usual, other = (
                topk_pairs(*factors, k, exclude, np.random.default_rng(5), **given)
                for given in ({}, {"budget": budget})
            )
            assert np.array_equal(usual, other)


def test_the_seed_decides_between_equal_scores():
    L, R = np.ones((30, 1)), np.ones((20, 1))
    exclude = taken_by((30, 20), 0.1)
    one, same, other = (
        topk_pairs(L, R, 40, exclude, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("budget", [0, 1 << 23])
def test_of_equal_scores_every_place_is_equally_likely(budget):
    """No input before others: the search goes through several blocks and tiles."""
    shape = 2 * BLOCK + 6, TILE + 26
    L, R = (np.ones((units, 1)) for units in shape)
    exclude, rng = taken_by(shape, 0.1), np.random.default_rng(0)
    counts = np.zeros(shape, int)
    for _ in range(150):
        positions = topk_pairs(L, R, 500, exclude, rng, budget=budget)
        assert positions.size == 500
        counts.flat[positions] += 1
    free = ~mask_of(exclude)
    share = 150 * 500 / free.sum()
    # Places of one draw repel each other, which makes the statistic smaller.
    repelled = 1 - 500 / free.sum()
    statistic = ((counts[free] - share) ** 2 / share).sum() / repelled
    assert stats.chi2(free.sum() - 1).sf(statistic) > 0.001
    for axis in (0, 1):
        expected = share * free.sum(axis=axis)
        statistic = ((counts.sum(axis=axis) - expected) ** 2 / expected).sum()
        assert stats.chi2(expected.size - 1).sf(statistic / repelled) > 0.001


@pytest.mark.parametrize("k", [1, 2, 3])
def test_of_equal_scores_every_set_is_equally_likely(k):
    L, R = np.array([[2.0], [-2]]), np.array([[1.0], [-1], [1]])
    rng = np.random.default_rng(0)
    counts = dict.fromkeys(combinations(range(6), k), 0)
    for _ in range(150 * len(counts)):
        counts[tuple(topk_pairs(L, R, k, Topology.empty((2, 3)), rng).tolist())] += 1
    assert stats.chisquare(list(counts.values())).pvalue > 0.001


def test_rows_that_are_the_same_share_the_places_by_chance():
    rng = np.random.default_rng(0)
    L, R = normal((9, 8), 7, "float32")
    inputs, outputs = [1, 4, 8], [0, 3, 7]
    L[inputs] = 3 * L[0]
    R[outputs] = 5 * L[1]
    best = (8 * np.array(inputs)[:, None] + outputs).ravel()
    counts = np.zeros(72, int)
    for _ in range(600):
        counts[topk_pairs(L, R, 4, Topology.empty((9, 8)), rng)] += 1
    assert counts[best].sum() == 2400
    statistic = stats.chisquare(counts[best]).statistic * 8 / 5
    assert stats.chi2(8).sf(statistic) > 0.001


def test_what_is_clearly_best_is_always_there_beside_equal_ones():
    L, R = np.ones((10, 1)), np.ones((10, 1))
    L[3] = 2
    seen = set()
    for seed in range(100):
        rng = np.random.default_rng(seed)
        positions = topk_pairs(L, R, 13, Topology.empty((10, 10)), rng)
        assert set(range(30, 40)) <= set(positions.tolist())
        seen |= set(positions.tolist())
    assert len(seen) > 90


def test_factors_are_not_changed_and_may_have_gaps():
    shape = 20, 30
    L, R = normal(shape, 6)
    exclude, copies = taken_by(shape, 0.2), (L.copy(), R.copy())
    plain = topk_pairs(L, R, 50, exclude, np.random.default_rng(0))
    assert np.array_equal(L, copies[0])
    assert np.array_equal(R, copies[1])
    wide = np.repeat(L, 2, axis=1)[:, ::2], np.asfortranarray(R)
    assert np.array_equal(
        plain, topk_pairs(*wide, 50, exclude, np.random.default_rng(0))
    )
    for factors in ((L, R), wide):
        scores = pair_scores(*factors, exclude.indptr, exclude.indices)
        assert_close(scores, (L @ R.T)[mask_of(exclude)])


def test_no_memory_for_all_pairs():
    """50,000 x 50,000 scores are 10 GB; the best thousand of them are known here."""
    n, shape = 4, (50_000, 50_000)
    L, R = normal(shape, n, "float32")
    L, R = 0.5 * L, 0.5 * R
    exclude, rng = taken_by(shape, 4e-5), np.random.default_rng(3)
    inputs = np.sort(rng.choice(shape[0], 40, replace=False))
    outputs = np.sort(rng.choice(shape[1], 25, replace=False))
    L[inputs], R[outputs] = 0, 0
    L[inputs, 1], R[outputs, 1] = 20, -20
    best = (inputs[:, None] * shape[1] + outputs).ravel()
    exclude = exclude.with_positions(best[5:8])
    topk_pairs(L[:2], R[:2], 1, Topology.empty((2, 2)), rng)  # compiles
    tracemalloc.start()
    positions = topk_pairs(L, R, 1000 - 3, exclude, rng)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40e6
    assert positions[-1] > 2**31
    assert np.array_equal(positions, np.delete(best, [5, 6, 7]))


# Some pairs


@dtypes
def test_pair_scores_are_those_of_the_pairs(dtype):
    shape = 30, 20
    L, R = normal(shape, 12, dtype)
    for density in (0, 0.002, 0.4, 1):
        pairs = taken_by(shape, density)
        scores = pair_scores(L, R, pairs.indptr, pairs.indices)
        assert scores.dtype == dtype
        expected = (L.astype(float) @ R.astype(float).T)[mask_of(pairs)]
        assert_close(scores, expected, dtype)


def even(shape):
    return [np.full(units, 1 / units) for units in shape]


@pytest.mark.parametrize("shape", [(1, 1), (5, 6), (40, 30)], ids=str)
@pytest.mark.parametrize("density", [0, 0.1, 0.5, 1])
def test_with_many_candidates_they_are_the_best_of_all(shape, density):
    exclude = taken_by(shape, density)
    L, R = normal(shape, 4)
    for n in {0, 1, exclude.n_free // 2, exclude.n_free, exclude.n_free + 3}:
        rng = np.random.default_rng(1)
        many = 20 * shape[0] * shape[1] + 50
        positions = best_candidates(L, R, n, exclude, many, even(shape), rng)
        assert_valid(positions, exclude)
        _, expected = strongest_pairs(L, R, n, mask_of(exclude))
        assert np.array_equal(positions, expected)


@pytest.mark.parametrize("n_candidates", [0, 1, 10, 100, 1000])
@pytest.mark.parametrize("n", [0, 1, 20, 300])
@pytest.mark.parametrize("density", [0, 0.3, 0.9])
def test_candidates_are_the_best_of_what_was_drawn(
    n_candidates, n, density, monkeypatch
):
    def draw(n, chances, rng):
        drawn.append((n, pairs := scoring_draw(n, chances, rng)))
        return pairs

    drawn, scoring_draw = [], candidates._random_pairs
    monkeypatch.setattr(candidates, "_random_pairs", draw)
    shape = 25, 20
    exclude = taken_by(shape, density)
    L, R = normal(shape, 3)
    chances, rng = even(shape), np.random.default_rng(0)
    positions = best_candidates(L, R, n, exclude, n_candidates, chances, rng)
    assert_valid(positions, exclude)
    ((n_drawn, (indptr, outputs)),) = drawn
    assert n_drawn == indptr[-1] == outputs.size == n_candidates
    out_of_reach = np.ones(shape, bool)
    out_of_reach[np.repeat(np.arange(25), np.diff(indptr)), outputs] = False
    _, expected = strongest_pairs(L, R, n, mask_of(exclude) | out_of_reach)
    assert np.array_equal(positions, expected)


def test_candidates_go_with_the_product_of_the_chances():
    shape, rng = (3, 4), np.random.default_rng(0)
    chances = np.array([0.5, 0.5, 0]), np.array([0.1, 0.2, 0.3, 0.4])
    L, R = (np.ones((units, 1)) for units in shape)
    counts = np.zeros(12, int)
    for _ in range(3000):
        counts[best_candidates(L, R, 1, Topology.empty(shape), 1, chances, rng)] += 1
    expected = 3000 * np.outer(*chances).ravel()
    assert not counts[8:].any()
    assert stats.chisquare(counts[:8], expected[:8]).pvalue > 0.001


def test_candidates_with_score_0_are_left_out():
    shape, rng = (6, 5), np.random.default_rng(0)
    L, R = normal(shape, 2)
    L[:4] = 0
    positions = best_candidates(L, R, 30, Topology.empty(shape), 5000, even(shape), rng)
    assert positions.tolist() == list(range(20, 30))
    L[:] = 0
    assert (
        best_candidates(L, R, 3, Topology.empty(shape), 50, even(shape), rng).size == 0
    )


def test_equal_candidates_are_chosen_from_by_chance():
    shape, rng = (3, 4), np.random.default_rng(0)
    exclude = Topology.from_positions(shape, np.array([0, 5]))
    L, R = (np.ones((units, 1)) for units in shape)
    counts = np.zeros(12, int)
    for _ in range(1000):
        counts[best_candidates(L, R, 3, exclude, 500, even(shape), rng)] += 1
    free = np.delete(counts, [0, 5])
    assert free.sum() == 3000
    assert stats.chisquare(free).pvalue > 0.001


def test_the_seed_decides_which_candidates_there_are():
    shape = 40, 30
    exclude = taken_by(shape, 0.1)
    one, same, other = (
        best_candidates(
            *normal(shape, 3),
            20,
            exclude,
            100,
            even(shape),
            np.random.default_rng(seed),
        )
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_candidates_of_50_000_units_take_memory_by_their_number():
    shape = 50_000, 50_000
    L, R = normal(shape, 4, "float32")
    exclude, rng = taken_by(shape, 4e-5), np.random.default_rng(0)
    best_candidates(L, R, 2, exclude, 5, even(shape), rng)  # compiles
    tracemalloc.start()
    positions = best_candidates(L, R, 30_000, exclude, 100_000, even(shape), rng)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40e6
    assert_valid(positions, exclude)
    assert positions.size == 30_000
    assert positions[-1] > 2**31


# Factors that do not fit


WRONG = [
    ((30, 3), (20, 3)),  # the wrong way round
    ((20, 4), (30, 3)),
    ((3, 20), (3, 30)),
    ((20,), (30,)),
    ((20, 3), (31, 3)),
]


@pytest.mark.parametrize(("left", "right"), WRONG, ids=str)
def test_factors_that_do_not_fit_are_refused(left, right):
    rng = np.random.default_rng(0)
    topology = random_topology((20, 30), 50, rng)
    L, R = np.ones(left), np.ones(right)
    chances = np.full(20, 1 / 20), np.full(30, 1 / 30)
    for call in (
        lambda: topk_pairs(L, R, 5, topology, rng),
        lambda: best_candidates(L, R, 5, topology, 50, chances, rng),
    ):
        with pytest.raises(ValueError, match="L and R must have a row for each input"):
            call()


def test_pairs_that_do_not_fit_are_refused():
    indptr, L, R = np.array([0, 1, 2]), np.ones((2, 3)), np.ones((4, 3))
    assert pair_scores(L, R, indptr, np.array([0, 3], np.int32)).tolist() == [3, 3]
    for outputs in ([0, 4], [-1, 0]):
        with pytest.raises(ValueError, match="indices must be those of the 4 rows"):
            pair_scores(L, R, indptr, np.array(outputs, np.int32))
    with pytest.raises(ValueError, match="L and R must have a row for each input"):
        pair_scores(np.ones((3, 3)), R, indptr, np.array([0, 3], np.int32))


def test_whole_numbers_are_factors_too():
    rng = np.random.default_rng(0)
    L, R = rng.integers(-9, 9, (7, 3)), rng.integers(-9, 9, (8, 3))
    empty = Topology.empty((7, 8))
    found = topk_pairs(L, R, 10, empty, np.random.default_rng(1))
    expected = topk_pairs(
        L.astype(float), R.astype(float), 10, empty, np.random.default_rng(1)
    )
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("n", [1, 10, 1000])
def test_units_get_their_share_rounded_up_or_down(n):
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.ones(7))
    shares = np.array([candidates._shares(chances, n, rng) for _ in range(4000)])
    assert (shares.sum(axis=1) == n).all()
    assert (np.abs(shares - n * chances) < 1).all()
    np.testing.assert_allclose(shares.mean(axis=0), n * chances, atol=0.05)


@pytest.mark.parametrize("indptr", [[0, 9, 3], [1, 2, 3], [0, 1, 9], [0, 2, 1]])
def test_pointers_of_pairs_are_looked_at(indptr):
    """Row 66: compiled code would read outside its arrays."""
    indices = np.array([0, 1, 0], np.int32)
    with pytest.raises(ValueError, match="indptr must rise from 0 to 3"):
        pair_scores(np.ones((2, 1)), np.ones((2, 1)), np.array(indptr), indices)
