from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from skset.topology import all_but_smallest, nth_smallest, unless_surplus
from skset.topology.ranks import MANY

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


@pytest.mark.parametrize(
    ("values", "n", "expected"),
    [
        ([5.0], 1, 5),
        ([3.0, 1.0, 2.0], 1, 1),
        ([3.0, 1.0, 2.0], 2, 2),
        ([3.0, 1.0, 2.0], 3, 3),
        ([1.0, 1.0, 0.0, 1.0], 2, 1),
        ([1.0, 1.0, 0.0, 1.0], 4, 1),
        ([-1.0, 2.0, -3.0], 2, -1),
        ([np.inf, 0.0, -np.inf], 3, np.inf),
    ],
)
def test_the_nth_smallest_counts_from_1(values, n, expected):
    assert nth_smallest(np.array(values), n) == expected


def orders(size):
    """Return many values in orders that a sample of them may not foresee."""
    rng = np.random.default_rng(0)
    rising = np.arange(size) / size
    period = np.resize(np.array([0.0] + [1.0] * 3), size)
    few = rng.integers(3, size=size).astype(float)
    heavy = rng.standard_normal(size) ** 9
    return {
        "random": rng.standard_normal(size),
        "rising": rising,
        "falling": rising[::-1].copy(),
        "periodic": period + 0.1 * rng.random(size),
        "few": few,
        "equal": np.ones(size),
        "heavy": heavy,
        "one": np.eye(1, size)[0],
    }


@dtypes
@pytest.mark.parametrize("order", orders(8))
@pytest.mark.parametrize("size", [MANY, MANY + 1, 3 * MANY + 7])
def test_the_nth_smallest_of_many_is_exact(order, size, dtype):
    values = orders(size)[order].astype(dtype)
    before, expected = values.copy(), np.sort(values)
    for n in (1, 2, 70, size // 4, size // 2, size - 70, size - 1, size):
        assert nth_smallest(values, n) == expected[n - 1]
    assert np.array_equal(values, before)


@pytest.mark.parametrize(
    ("values", "n", "expected"),
    [
        ([0.3, 0.1, 0.2], 0, []),
        ([0.3, 0.1, 0.2], 1, [1]),
        ([0.3, 0.1, 0.2], 2, [1, 2]),
        ([0.3, 0.1, 0.2], 3, [0, 1, 2]),
        ([-0.3, 0.1, 0.2], 1, [0]),
        ([0.0, -0.0], 2, [0, 1]),
        ([], 0, []),
    ],
)
def test_all_but_the_smallest(values, n, expected):
    keep = all_but_smallest(np.array(values), n, np.random.default_rng(0))
    assert keep.dtype == bool
    assert np.flatnonzero(~keep).tolist() == expected


@dtypes
@pytest.mark.parametrize("size", [1, 2, 50, MANY + 3])
def test_all_but_the_smallest_are_the_sorted_statement(size, dtype):
    values = np.random.default_rng(size).standard_normal(size).astype(dtype)
    for n in {0, 1, size // 3, size - 1, size}:
        keep = all_but_smallest(values, n, np.random.default_rng(0))
        assert set(np.flatnonzero(~keep)) == set(np.argsort(values)[:n])


def test_of_equal_values_every_set_is_equally_likely():
    values, rng = np.array([1.0, 1, 0, 1, 2, 1]), np.random.default_rng(0)
    counts = dict.fromkeys(combinations([0, 1, 3, 5], 2), 0)
    for _ in range(1200):
        keep = all_but_smallest(values, 3, rng)
        assert not keep[2]
        assert keep[4]
        keep[2] = True
        counts[tuple(np.flatnonzero(~keep).tolist())] += 1
    assert stats.chisquare(list(counts.values())).pvalue > 0.001


def test_a_surplus_is_kept_at_random():
    values = np.array([1.0, 0, 1, 1, 2])
    seen = set()
    for seed in range(40):
        keep = values > 1
        unless_surplus(keep, values, 1, 4, 2, np.random.default_rng(seed))
        seen.add(tuple(keep.tolist()))
    assert seen == {
        (True, False, True, False, True),
        (True, False, False, True, True),
        (False, False, True, True, True),
    }


@pytest.mark.parametrize("n", [2, 3])
def test_without_a_surplus_nothing_changes(n):
    keep, rng = np.array([False, True, False]), np.random.default_rng(0)
    state = rng.bit_generator.state
    unless_surplus(keep, np.array([1.0, 2, 1]), 1, 2, n, rng)
    assert keep.tolist() == [False, True, False]
    assert rng.bit_generator.state == state
