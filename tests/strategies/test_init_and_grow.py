import numpy as np
import pytest
from reference import assert_canonical
from scipy import stats

from skset import topology
from skset.strategies import GROWS, INITS, ErdosRenyi, RandomGrow, Uniform
from skset.topology import Topology, random_topology

SHAPES = [(30, 40), (40, 20), (20, 3)]
RULES = {"erdos_renyi": topology.erdos_renyi, "uniform": topology.uniform}


@pytest.mark.parametrize("name", INITS)
@pytest.mark.parametrize("given", [{}, {"epsilon": 3}, {"density": 0.1}], ids=str)
def test_every_layer_gets_exactly_its_number_of_connections(name, given):
    topologies = INITS[name](**given)(SHAPES, np.random.default_rng(0))
    expected = RULES[name](SHAPES, **({"epsilon": 20} | given))
    assert [t.shape for t in topologies] == SHAPES
    assert [t.nnz for t in topologies] == expected
    for t in topologies:
        assert_canonical(t)


def test_the_published_formula():
    (layer,) = ErdosRenyi(epsilon=2)([(30, 40)], np.random.default_rng(0))
    assert layer.nnz == 2 * (30 + 40)
    (layer,) = Uniform(density=0.25)([(30, 40)], np.random.default_rng(0))
    assert layer.nnz == 300


def test_the_seed_decides_where_connections_are():
    a, b, c = (
        ErdosRenyi(epsilon=1)(SHAPES, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    for x, y, z in zip(a, b, c, strict=True):
        assert np.array_equal(x.positions(), y.positions())
        assert not np.array_equal(x.positions(), z.positions())


@pytest.mark.parametrize("grow", [g() for g in GROWS.values()], ids=GROWS)
@pytest.mark.parametrize("nnz", [0, 1, 30, 62, 63])
def test_growth_is_free_different_and_as_many_as_asked_for(grow, nnz):
    layer = random_topology((9, 7), nnz, np.random.default_rng(0))
    for n in {0, 1, layer.n_free // 2, layer.n_free}:
        if n <= layer.n_free:
            born = grow(layer, n, np.random.default_rng(1), None)
            assert born.size == np.unique(born).size == n
            assert not np.isin(born, layer.positions()).any()
            assert n == 0 or (born.min() >= 0 and born.max() < 63)


def test_random_growth_is_uniform_over_the_free_places():
    layer = Topology.from_positions((4, 5), np.array([0, 7, 8, 19]))
    rng = np.random.default_rng(0)
    counts = np.zeros(20, int)
    for _ in range(3000):
        counts[RandomGrow()(layer, 2, rng)] += 1
    free = np.delete(counts, [0, 7, 8, 19])
    assert free.sum() == 6000
    assert stats.chisquare(free).pvalue > 0.001
