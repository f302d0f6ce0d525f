import numpy as np
import pytest

from skset.topology import erdos_renyi, shared_out, uniform, uniform_plus

NETWORKS = [
    [(784, 1000), (1000, 1000), (1000, 10)],
    [(3, 2), (2, 1)],
    [(10, 10)],
    [(1, 1)],
    [(5, 400), (400, 400), (400, 2)],
]
networks = pytest.mark.parametrize("shapes", NETWORKS, ids=str)


def sizes(shapes):
    return [n_in * n_out for n_in, n_out in shapes]


@networks
@pytest.mark.parametrize("epsilon", [0.001, 0.61, 1, 13, 20, 1e6])
def test_erdos_renyi_counts_are_the_formula(shapes, epsilon):
    expected = [
        max(1, round(min(1, epsilon * (n_in + n_out) / (n_in * n_out)) * n_in * n_out))
        for n_in, n_out in shapes
    ]
    assert erdos_renyi(shapes, epsilon) == expected
    assert all(type(nnz) is int for nnz in erdos_renyi(shapes, epsilon))


def test_erdos_renyi_of_the_published_network():
    shapes = [(784, 1000), (1000, 1000), (1000, 1000), (1000, 10)]
    assert erdos_renyi(shapes, epsilon=20) == [35680, 40000, 40000, 10000]


@networks
@pytest.mark.parametrize("density", [0.01, 0.1, 0.37, 0.9, 0.999, 1])
def test_an_overall_density_is_shared_out(shapes, density):
    counts = erdos_renyi(shapes, density=density)
    assert all(1 <= n <= size for n, size in zip(counts, sizes(shapes), strict=True))
    # Every layer is rounded, and a tiny one gets its connection all the same.
    assert abs(sum(counts) - density * sum(sizes(shapes))) <= len(shapes)
    units = np.array([n_in + n_out for n_in, n_out in shapes])
    open_layers = np.array(counts) < sizes(shapes)
    epsilons = (np.array(counts) / units)[open_layers]
    rounding = (0.5 / units)[open_layers]
    if open_layers.any():  # one epsilon for all, and full layers could not take it
        assert np.ptp(epsilons) <= 2 * rounding.max() + 1e-9
        full = ~open_layers
        assert (epsilons.min() - 1 <= (np.array(sizes(shapes)) / units)[~full]).all()
        assert (
            np.array(sizes(shapes))[full] <= (epsilons.max() + 1) * units[full]
        ).all()


@networks
@pytest.mark.parametrize("density", [1e-9, 0.01, 0.37, 1])
def test_uniform_gives_every_layer_the_density(shapes, density):
    assert uniform(shapes, density=density) == [
        max(1, round(density * size)) for size in sizes(shapes)
    ]


@networks
def test_uniform_with_epsilon_has_the_overall_density_of_erdos_renyi(shapes):
    total = sum(erdos_renyi(shapes, 2))
    counts = uniform(shapes, 2)
    assert abs(sum(counts) - total) <= len(shapes)
    shares = np.array(counts) / sizes(shapes)
    assert np.ptp(shares) <= 1 / min(sizes(shapes))


@pytest.mark.parametrize("rule", [erdos_renyi, uniform])
def test_at_least_one_connection_and_none_beyond_full(rule):
    shapes = [(1000, 1000), (1, 1), (1000, 3)]
    assert rule(shapes, density=1e-12) == [1, 1, 1]
    assert min(rule(shapes, epsilon=1e-12)) == 1
    assert rule(shapes, density=1) == sizes(shapes)
    assert rule(shapes, epsilon=1e12) == sizes(shapes)


@pytest.mark.parametrize("rule", [erdos_renyi, uniform])
def test_sizes_beyond_32_bits(rule):
    shapes = [(300_000, 300_000), (300_000, 100_000)]
    counts = rule(shapes, density=1e-4)
    assert abs(sum(counts) - 1e-4 * sum(sizes(shapes))) <= 2
    assert min(counts) > 2**20


@pytest.mark.parametrize(
    ("shapes", "density", "expected"),
    [
        # 500 of 1,000: all of the first, half of the last, and the others share what
        # is left.
        ([(10, 10), (10, 40), (40, 10), (10, 10)], 0.5, [100, 175, 175, 50]),
        # A fifth of the last one, although a tenth of all.
        ([(2, 10), (10, 100), (100, 10), (10, 5)], 0.1, [20, 88, 88, 10]),
        # All of everything.
        ([(4, 5), (5, 6), (6, 2)], 1, [20, 30, 12]),
        ([(4, 5), (5, 2)], 1, [20, 10]),
        # A single layer is neither first nor last.
        ([(10, 10)], 0.3, [30]),
        ([(10, 10)], 0.001, [1]),
    ],
)
def test_uniform_plus_by_hand(shapes, density, expected):
    counts = uniform_plus(shapes, density=density)
    assert counts == expected
    assert all(type(nnz) is int for nnz in counts)


def test_uniform_plus_with_epsilon_has_the_overall_density_of_erdos_renyi():
    shapes = [(2, 30), (30, 40), (40, 30), (30, 3)]
    counts = uniform_plus(shapes, 2)
    assert abs(sum(counts) - sum(erdos_renyi(shapes, 2))) <= 2
    assert counts[0] == 60
    assert counts[1] == counts[2]
    assert counts[3] >= 0.2 * 90


@pytest.mark.parametrize("density", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(
    "shapes", [[(10, 10), (10, 5)], [(1000, 10), (10, 10), (10, 5)]], ids=str
)
def test_uniform_plus_says_what_to_do_where_it_cannot_be(shapes, density):
    with pytest.raises(ValueError, match="Raise density or epsilon, or choose"):
        uniform_plus(shapes, density=density)


@pytest.mark.parametrize(
    ("shares", "total", "expected"),
    [
        ([1, 1, 2], 20, [5, 5, 10]),
        ([3, 1, 0], 20, [15, 5, 1]),  # at least 1
        ([0, 0, 0], 30, [10, 10, 10]),  # nobody has more than another
        ([1, 1, 1], 100, [40, 40, 20]),  # the last one is full
        ([1, 0, 3], 80, [60, 1, 20]),
        ([1, 2, 3], 200, [100, 80, 20]),
        ([1, 2, 3], 999, [100, 80, 20]),
        ([1, 1, 1], 1, [1, 1, 1]),
    ],
)
def test_a_total_is_shared_out_until_layers_are_full(shares, total, expected):
    counts = shared_out(shares, [(10, 10), (10, 8), (4, 5)], total)
    assert counts == expected
    assert all(type(nnz) is int for nnz in counts)


@networks
@pytest.mark.parametrize("density", [0.01, 0.37, 0.999, 1])
def test_shares_may_be_of_any_scale(shapes, density):
    total = round(density * sum(sizes(shapes)))
    shares = np.random.default_rng(0).random(len(shapes))
    counts = shared_out(shares, shapes, total)
    assert abs(sum(counts) - total) <= len(shapes)
    assert all(1 <= n <= size for n, size in zip(counts, sizes(shapes), strict=True))
    for scale in (1e-3, 1e6):
        assert shared_out(scale * shares, shapes, total) == counts
