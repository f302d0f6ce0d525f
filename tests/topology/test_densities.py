import numpy as np
import pytest

from skset.topology import erdos_renyi, uniform

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
