from itertools import combinations

import numpy as np
import pytest
from reference import assert_canonical
from scipy import stats

from skset.topology import (
    Topology,
    random_free_positions,
    random_topology,
    sample_ranks,
)


@pytest.mark.parametrize("total", [1, 2, 3, 10, 101, 1000])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.51, 0.9, 1])
def test_samples_are_different_sorted_and_exactly_as_many(total, share):
    n = round(share * total)
    ranks = sample_ranks(total, n, np.random.default_rng(0))
    assert ranks.dtype == np.int64
    assert ranks.size == n
    assert (np.diff(ranks) > 0).all()
    assert n == 0 or 0 <= ranks[0] <= ranks[-1] < total


def test_totals_beyond_32_bits():
    total = 2**62
    ranks = sample_ranks(total, 1000, np.random.default_rng(0))
    assert np.unique(ranks).size == 1000
    assert ranks.min() < 0.05 * total
    assert 0.95 * total < ranks.max() < total


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])  # from 4 on the others are drawn
def test_every_set_is_equally_likely(n):
    rng = np.random.default_rng(0)
    counts = dict.fromkeys(combinations(range(6), n), 0)
    for _ in range(200 * len(counts)):
        counts[tuple(sample_ranks(6, n, rng).tolist())] += 1
    assert stats.chisquare(list(counts.values())).pvalue > 0.001


def test_free_positions_are_uniform():
    topology = Topology.from_positions((3, 4), np.array([0, 5, 6, 11]))
    rng = np.random.default_rng(0)
    counts = np.zeros(12, int)
    for _ in range(2000):
        counts[random_free_positions(topology, 3, rng)] += 1
    assert not counts[[0, 5, 6, 11]].any()
    assert counts.sum() == 6000
    free = counts[counts > 0]
    assert free.size == 8
    assert stats.chisquare(free).pvalue > 0.001


@pytest.mark.parametrize("nnz", [0, 1, 20, 34, 35])
def test_a_random_topology_has_exactly_as_many_connections(nnz):
    topology = random_topology((5, 7), nnz, np.random.default_rng(0))
    assert_canonical(topology)
    assert topology.nnz == nnz


def test_random_topologies_reach_every_place_equally():
    rng = np.random.default_rng(0)
    counts = np.zeros(12, int)
    for _ in range(1000):
        counts[random_topology((3, 4), 5, rng).positions()] += 1
    # Places of one draw repel each other, which only makes the statistic smaller.
    assert stats.chisquare(counts).pvalue > 0.001
    assert counts.std() > 1


def test_the_seed_decides():
    a, b, c = (
        sample_ranks(10**12, 50, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
