import numpy as np
import pytest
from reference import assert_canonical

from skset import topology
from skset.strategies import (
    INITS,
    Context,
    ErdosRenyi,
    LayerDensities,
    Needs,
    Snip,
    Uniform,
    UniformPlus,
    needs_of,
)

SHAPES = [(30, 40), (40, 20), (20, 3)]
SMALL_FIRST = [(3, 40), (40, 30), (30, 20), (20, 3)]
RULES = {
    "erdos_renyi": topology.erdos_renyi,
    "uniform": topology.uniform,
    "uniform_plus": topology.uniform_plus,
}


def rng(seed=0):
    return np.random.default_rng(seed)


def counts_of(topologies, shapes):
    assert [t.shape for t in topologies] == shapes
    for t in topologies:
        assert_canonical(t)
    return [t.nnz for t in topologies]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("given", [{}, {"epsilon": 3}, {"density": 0.2}], ids=str)
def test_every_layer_gets_exactly_its_number_of_connections(name, given):
    topologies = INITS[name](**given)(SMALL_FIRST, rng())
    expected = RULES[name](SMALL_FIRST, **({"epsilon": 20} | given))
    assert counts_of(topologies, SMALL_FIRST) == expected


@pytest.mark.parametrize(
    ("init", "expected"),
    [
        # 1.3464 connections per unit: 206 of 2,060 places.
        (ErdosRenyi(density=0.1), [94, 81, 31]),
        (ErdosRenyi(epsilon=1), [70, 60, 23]),
        (ErdosRenyi(epsilon=1e9), [1200, 800, 60]),
        (Uniform(density=0.1), [120, 80, 6]),
        (Uniform(epsilon=1), [89, 59, 4]),
        # The output layer has all its 60, the others share 146 as 94 to 81.
        (ErdosRenyi(density=0.1, dense_output=True), [78, 68, 60]),
        (Uniform(density=0.1, dense_output=True), [88, 58, 60]),
        (ErdosRenyi(density=1, dense_output=True), [1200, 800, 60]),
        (LayerDensities([0.5, 0.25, 1]), [600, 200, 60]),
        (LayerDensities((1e-9, 0.01, 0.1)), [1, 8, 6]),
    ],
    ids=str,
)
def test_densities_of_layers_by_hand(init, expected):
    assert counts_of(init(SHAPES, rng()), SHAPES) == expected


def test_uniform_plus_by_hand():
    # 120 of the first; a fifth of the last, and 500 - 120 - 12 for the others.
    shapes, density = SMALL_FIRST, 500 / 1980
    counts = counts_of(UniformPlus(density=density)(shapes, rng()), shapes)
    assert counts[0] == 120
    assert counts[3] == round(60 * density)
    left = 500 - counts[0] - counts[3]
    assert counts[1:3] == [round(left * 2 / 3), round(left / 3)]
    dense = UniformPlus(density=density, dense_output=True)
    counts = counts_of(dense(shapes, rng()), shapes)
    assert counts[3] == 60
    assert abs(sum(counts) - 500) <= 1


def test_the_published_formula():
    (layer,) = ErdosRenyi(epsilon=2)([(30, 40)], rng())
    assert layer.nnz == 2 * (30 + 40)
    (layer,) = Uniform(density=0.25)([(30, 40)], rng())
    assert layer.nnz == 300


@pytest.mark.parametrize("init", INITS.values(), ids=INITS)
def test_a_single_layer_gets_them_all(init):
    for dense_output in (False, True):  # it is no output layer
        one = init(density=0.25, dense_output=dense_output)
        assert counts_of(one([(30, 40)], rng()), [(30, 40)]) == [300]


@pytest.mark.parametrize("init", INITS.values(), ids=INITS)
def test_the_seed_decides_where_connections_are(init):
    a, b, c = (
        init(epsilon=3)(SMALL_FIRST, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    for x, y, z in zip(a, b, c, strict=True):
        assert np.array_equal(x.positions(), y.positions())
        if x.n_free:
            assert not np.array_equal(x.positions(), z.positions())


@pytest.mark.parametrize("init", [ErdosRenyi, Uniform, Snip])
def test_a_dense_output_layer_leaves_one_connection_for_each_other(init):
    wide = [(9, 5), (5, 5), (5, 40)]
    with pytest.raises(ValueError, match=r"output layer 200 connections, but \d+ are"):
        init(density=0.5, dense_output=True)(wide, rng())
    tight = init(density=203 / 270, dense_output=True)
    counts = counts_of(tight(wide, rng()), wide)
    assert counts[2] == 200
    assert min(counts) >= 1
    assert sum(counts) <= 204


def test_a_density_for_each_layer():
    with pytest.raises(ValueError, match="2 densities were given for 3 layers"):
        LayerDensities([0.1, 0.2])(SHAPES, rng())
    assert LayerDensities([0.1, 1]).densities == (0.1, 1)
    assert LayerDensities(np.array([0.1, 1])) == LayerDensities((0.1, 1.0))


# Snip


def probe(values):
    """Return a function that gives these sensitivities, and what it was asked for."""
    asked = []

    def sensitivities(topologies):
        asked.append([t.nnz for t in topologies])
        given = [np.array(of_layer, float) for of_layer in values]
        assert [v.size for v in given] == asked[-1]
        return given

    return sensitivities, asked


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        # Of 0.9 0.8 0.7 0.1, 0.85 0.05 and 0.2 0.3 the n greatest.
        (4, [3, 1, 1]),  # 0.9 0.85 0.8 0.7; of each layer one at least
        (6, [3, 1, 2]),
        (7, [4, 1, 2]),
        (8, [4, 2, 2]),
    ],
)
def test_snip_shares_out_by_the_greatest_sensitivities(n, expected):
    shapes = [(2, 2), (2, 1), (1, 2)]
    sensitivities, asked = probe([[0.9, 0.1, 0.8, 0.7], [0.05, 0.85], [0.2, 0.3]])
    init = Snip(density=n / 8)
    total = sum(topology.erdos_renyi(shapes, density=n / 8))
    assert total == n
    counts = counts_of(
        init(shapes, rng(), Context(sensitivities=sensitivities)), shapes
    )
    assert counts == expected
    assert asked == [[4, 2, 2]]  # of a dense network


def test_snip_with_a_large_network_probes_a_random_part_of_it():
    shapes = [(20, 10), (10, 20)]
    asked = []

    def sensitivities(topologies):
        asked.append([t.nnz for t in topologies])
        first, last = asked[-1]
        # Three quarters of the first layer matter, and a quarter of the second.
        return [
            np.arange(first) + 1000.0 * (np.arange(first) >= first / 4),
            np.arange(last) + 1000.0 * (np.arange(last) >= 3 * last / 4),
        ]

    init = Snip(density=0.5, max_connections=40)
    counts = counts_of(
        init(shapes, rng(), Context(sensitivities=sensitivities)), shapes
    )
    assert asked == [[20, 20]]
    assert counts == [150, 50]


def test_snip_finds_positions_at_random():
    shapes = [(2, 3), (3, 2)]
    seen = set()
    for seed in range(40):
        sensitivities, _ = probe([[6, 5, 4, 0, 0, 0], [3, 2, 1, 0, 0, 0]])
        first, _ = Snip(density=0.25)(
            shapes, rng(seed), Context(sensitivities=sensitivities)
        )
        assert first.nnz == 3
        seen |= set(first.positions().tolist())
    assert seen == set(range(6))


def test_snip_with_a_dense_output_layer():
    shapes = [(4, 5), (5, 4), (4, 2)]
    sensitivities, _ = probe([np.arange(20), np.arange(20), np.zeros(8)])
    counts = counts_of(
        Snip(density=0.5, dense_output=True)(
            shapes, rng(), Context(sensitivities=sensitivities)
        ),
        shapes,
    )
    assert counts == [8, 8, 8]


def test_snip_where_nothing_is_sensitive():
    shapes = [(4, 5), (5, 4), (4, 2)]
    sensitivities, _ = probe([np.zeros(20), np.zeros(20), np.zeros(8)])
    counts = counts_of(
        Snip(density=0.5)(shapes, rng(), Context(sensitivities=sensitivities)), shapes
    )
    assert counts == [8, 8, 8]


def test_snip_says_that_it_needs_sensitivities():
    asking = [
        name for name, init in INITS.items() if needs_of(init(), "init") != Needs()
    ]
    assert asking == ["snip"]
    assert needs_of(Snip(), "init") == Needs(sensitivities=True)
    assert Snip().max_connections == 2**20


# Wrong parameters


@pytest.mark.parametrize("init", INITS.values(), ids=INITS)
@pytest.mark.parametrize(
    "wrong",
    [
        {"epsilon": 0},
        {"epsilon": 1e-8},
        {"epsilon": -1},
        {"epsilon": np.nan},
        {"density": 0},
        {"density": -0.1},
        {"density": 1.1},
        {"density": np.nan},
    ],
    ids=str,
)
def test_wrong_densities_are_refused(init, wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        init(**wrong)


def test_an_epsilon_that_is_meant_for_adam_is_refused():  # row 67
    with pytest.raises(ValueError, match=r"at least 0\.001, got 1e-08.*adam_epsilon"):
        ErdosRenyi(epsilon=1e-8)
    assert ErdosRenyi(epsilon=1e-3)([(2000, 1000)], rng())[0].nnz == 3


@pytest.mark.parametrize("wrong", [[0.5, 0], [1.1], [-0.1, 0.5], [0.5, np.nan]])
def test_wrong_densities_of_layers_are_refused(wrong):
    with pytest.raises(ValueError, match=r"densities must be in \(0, 1\], got"):
        LayerDensities(wrong)


@pytest.mark.parametrize("n", [0, -1, np.nan])
def test_snip_needs_connections_to_look_at(n):
    with pytest.raises(ValueError, match="max_connections must be"):
        Snip(max_connections=n)
