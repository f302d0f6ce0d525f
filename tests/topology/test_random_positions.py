from itertools import combinations

import numpy as np
import pytest
from reference import assert_canonical, mask_of
from scipy import stats

from skset.topology import (
    Topology,
    filled_up,
    random_free_positions,
    random_topology,
    sample_ranks,
    topped_up,
)


@pytest.mark.parametrize("total", [1, 2, 3, 10, 101, 1000])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.51, 0.9, 1])
def test_samples_are_different_sorted_and_exactly_as_many(total, share):
    n = round(share * total)
    ranks = sample_ranks(total, n, np.random.default_rng(0))
    assert_valid(ranks, total, n)


def assert_valid(ranks, total, n):
    assert ranks.dtype == np.int64
    assert ranks.shape == (n,)
    assert (np.diff(ranks) > 0).all()
    assert n == 0 or 0 <= ranks[0] <= ranks[-1] < total


@pytest.mark.parametrize("n", [0, 1, 2, 1000, 499_999, 500_000, 500_001, 10**6])
def test_many_are_exactly_as_many_too(n):
    assert_valid(sample_ranks(10**6, n, np.random.default_rng(0)), 10**6, n)


@pytest.mark.parametrize("total", [0, 1, 2**48, 2**48 + 1, 2**63 - 1])
def test_none_of_any_total(total):
    assert_valid(sample_ranks(total, 0, np.random.default_rng(0)), total, 0)


# Up to 2**48 floating-point numbers are scaled, beyond it integers are drawn.
TOTALS = [2**31, 2**40, 2**48 - 1, 2**48, 2**48 + 1, 2**53 + 1, 2**62, 2**63 - 1]
totals = pytest.mark.parametrize("total", TOTALS)


@totals
def test_totals_beyond_32_bits(total):
    n = 20_000
    ranks = sample_ranks(total, n, np.random.default_rng(0))
    assert_valid(ranks, total, n)
    assert stats.kstest(ranks / total, "uniform").pvalue > 0.001
    # Not only the leading digits are random: 64 bins, and the last 5 bits.
    for places in (ranks // (total // 64 + 1), ranks % 32):
        counts = np.bincount(places)
        assert 0.001 < stats.chisquare(counts).pvalue < 0.999
    spacings = np.diff(ranks) * (n / total)
    assert stats.kstest(spacings, "expon").pvalue > 0.001


@totals
@pytest.mark.parametrize("n", [1, 2, 7])
def test_the_smallest_and_the_largest_are_those_of_uniform_numbers(n, total):
    rng = np.random.default_rng(0)
    draws = np.array([sample_ranks(total, n, rng) for _ in range(1000)])
    for k in range(n):  # the k-th of n uniform numbers
        distribution = stats.beta(k + 1, n - k).cdf
        assert stats.kstest(draws[:, k] / total, distribution).pvalue > 0.001


@pytest.mark.parametrize("total", [50, 51])
@pytest.mark.parametrize("n", [1, 2, 10, 25, 26, 49])  # from 26 on others are drawn
def test_every_rank_is_equally_likely(n, total):
    rng, n_draws = np.random.default_rng(0), 2000
    counts = np.zeros(total, int)
    for _ in range(n_draws):
        counts[sample_ranks(total, n, rng)] += 1
    assert counts.sum() == n * n_draws
    # Ranks of one draw repel each other, which makes the plain statistic smaller.
    statistic = stats.chisquare(counts).statistic * (total - 1) / (total - n)
    assert 0.001 < stats.chi2(total - 1).sf(statistic) < 0.999
    for count in counts[[0, -1]]:
        assert stats.binomtest(int(count), n_draws, n / total).pvalue > 0.001


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


@pytest.mark.parametrize("total", [60, 10**12, 2**62])
def test_the_seed_decides(total):
    a, b, c = (
        sample_ranks(total, 50, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize("given", [[], [1], [1, 3, 10], [1, 2, 3, 4, 7, 8, 9, 10]])
@pytest.mark.parametrize("n", [0, 1, 3, 8])
def test_topped_up_are_the_given_positions_and_random_free_ones(given, n):
    topology = Topology.from_positions((3, 4), np.array([0, 5, 6, 11]))
    seen = set()
    for seed in range(60):
        positions = np.array(given, np.int64)
        chosen = topped_up(topology, positions, n, np.random.default_rng(seed))
        assert chosen.dtype == np.int64
        assert chosen.size == np.unique(chosen).size == n
        assert chosen[: len(given)].tolist() == given[:n]
        assert not topology.has(np.sort(chosen)).any()
        seen |= set(chosen.tolist())
    if len(given) < n:  # every free place has been reached
        assert seen == {1, 2, 3, 4, 7, 8, 9, 10}


def test_topped_up_is_uniform_beside_the_given_positions():
    topology = Topology.from_positions((3, 4), np.array([0, 5, 6, 11]))
    rng, counts = np.random.default_rng(0), np.zeros(12, int)
    for _ in range(2000):
        counts[topped_up(topology, np.array([2, 9]), 4, rng)] += 1
    assert counts[[2, 9]].tolist() == [2000, 2000]
    assert not counts[[0, 5, 6, 11]].any()
    assert stats.chisquare(counts[[1, 3, 4, 7, 8, 10]]).pvalue > 0.001


@pytest.mark.parametrize("nnz", [0, 3, 4, 5, 11, 12])
def test_filled_up_has_so_many_connections_the_old_ones_among_them(nnz):
    topology = Topology.from_positions((3, 4), np.array([0, 5, 6, 11]))
    for seed in range(10):
        full = filled_up(topology, nnz, np.random.default_rng(seed))
        assert_canonical(full)
        assert full.nnz == max(nnz, 4)
        assert mask_of(full)[mask_of(topology)].all()


def test_filled_up_is_uniform():
    topology = Topology.from_positions((3, 4), np.array([0, 5, 6, 11]))
    rng, counts = np.random.default_rng(0), np.zeros(12, int)
    for _ in range(2000):
        counts[filled_up(topology, 7, rng).positions()] += 1
    assert counts[[0, 5, 6, 11]].tolist() == [2000] * 4
    assert stats.chisquare(counts[[1, 2, 3, 4, 7, 8, 9, 10]]).pvalue > 0.001
