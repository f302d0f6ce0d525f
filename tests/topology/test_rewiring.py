import inspect
from functools import wraps
from itertools import product

import numpy as np
import pytest
from reference import assert_canonical, mask_of
from scipy import stats
from strategies.cases import bound_pair, context_of

from skset.model import Layer
from skset.strategies import (
    DROPS,
    GROWS,
    GuidedGrow,
    RandomGrow,
    SETDrop,
    ThresholdDrop,
    UnfiredGrow,
    bound,
)
from skset.topology import Topology, carry, evolve, random_topology, strongest

SHAPES = [(1, 1), (1, 7), (7, 1), (2, 2), (9, 8), (40, 30), (3000, 5)]
DENSITIES = [0, 0.01, 0.3, 0.6, 0.97, 1]  # 0 stands for one connection
ZETAS = [0, 0.1, 0.3, 0.5, 0.999, 1]

# Whatever a layer weighs is below this threshold.
EVERY_DROP = {name: drop() for name, drop in DROPS.items()} | {
    "threshold": ThresholdDrop(100)
}
EVERY_GROW = {name: grow() for name, grow in GROWS.items()}
# Each drop, and each growth, beside those of SET.
PAIRS = {
    **{(name, "random"): (drop, RandomGrow()) for name, drop in EVERY_DROP.items()},
    **{("set", name): (SETDrop(), grow) for name, grow in EVERY_GROW.items()},
}
drops = pytest.mark.parametrize("drop", EVERY_DROP.values(), ids=EVERY_DROP)
pairs = pytest.mark.parametrize(
    ("drop", "grow"), PAIRS.values(), ids=map("-".join, PAIRS)
)
shapes = pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"{s[0]}x{s[1]}")


def in_every_size(test):
    """Call a test with a layer of each shape and density; say which one has failed.

    Thousands of tests of their own would take longer to be reported than to run.
    """

    @wraps(test)
    def wrapper(**named):
        for shape, density in product(SHAPES, DENSITIES):
            try:
                test(layer=random_layer(shape, density), **named)
            except AssertionError as error:
                error.add_note(f"shape {shape}, density {density}")
                raise

    signature = inspect.signature(test)
    asked = [p for name, p in signature.parameters.items() if name != "layer"]
    wrapper.__signature__ = signature.replace(parameters=asked)
    return wrapper


def random_layer(shape, density, seed=0):
    rng = np.random.default_rng(seed)
    topology = random_topology(shape, max(1, round(density * shape[0] * shape[1])), rng)

    def new(n):
        return rng.standard_normal(n).astype(np.float32)

    weights, bias = new(topology.nnz), new(shape[1])
    weights[rng.random(topology.nnz) < 0.1] = 0
    moments = new(topology.nnz), new(topology.nnz)
    return Layer(topology, weights, bias, moments, (new(shape[1]), new(shape[1])))


def assert_rewired(layer, rewiring, newborn=0):
    """Hold what every evolution keeps, whatever drops and grows; return the layer."""
    topology, source = rewiring
    assert_canonical(topology)
    assert topology.shape == layer.topology.shape
    assert source.dtype == np.int32
    assert source.shape == (topology.nnz,)
    kept, born = source >= 0, source < 0
    assert (source[born] == -1).all()
    assert (np.diff(source[kept]) > 0).all()
    before, after = layer.topology.positions(), topology.positions()
    assert np.array_equal(after[kept], before[source[kept]])
    new = layer.rewired(rewiring, newborn)
    assert new.topology is topology
    pairs = [
        (new.weights, layer.weights),
        *zip(new.moments, layer.moments, strict=True),
    ]
    for values, old in pairs:
        assert values.dtype == old.dtype
        assert values[kept].tobytes() == old[source[kept]].tobytes()
    assert np.array_equal(new.weights[born], np.broadcast_to(newborn, born.shape)[born])
    assert not any(moment[born].any() for moment in new.moments)
    assert new.bias is layer.bias
    assert new.bias_moments is layer.bias_moments
    return new


@pairs
@pytest.mark.parametrize("zeta", ZETAS)
@in_every_size
def test_evolution_keeps_the_number_of_connections(layer, drop, grow, zeta):
    rng = np.random.default_rng(1)
    for _ in range(3):
        before = layer.topology
        rewiring = evolve(
            before,
            layer.weights,
            zeta=zeta,
            rng=rng,
            **bound_pair(drop, grow, context_of(before, layer.weights)),
        )
        layer = assert_rewired(layer, rewiring)
        assert rewiring.topology.nnz == before.nnz
        n_born = (rewiring.source < 0).sum()
        assert n_born <= before.n_free
        assert n_born <= zeta * before.nnz
        if (
            before.n_free >= before.nnz
        ):  # nothing limits: at most 1 per sign by rounding
            assert n_born > zeta * before.nnz - 2


@drops
@in_every_size
def test_without_grow_it_only_drops(layer, drop):
    rng = np.random.default_rng(0)
    topology, weights = layer.topology, layer.weights
    rewiring = evolve(
        topology,
        weights,
        zeta=0.5,
        rng=rng,
        **bound_pair(drop, None, context_of(topology, weights)),
    )
    assert_rewired(layer, rewiring)
    assert (rewiring.source >= 0).all()
    allowed = min(0.5 * topology.nnz, topology.n_free)
    assert 0 <= topology.nnz - rewiring.topology.nnz <= allowed
    assert topology.nnz - rewiring.topology.nnz > allowed - 2


@pairs
@shapes
def test_a_full_layer_is_left_alone(drop, grow, shape):
    layer = random_layer(shape, 1)
    rng = np.random.default_rng(0)
    for growing in (grow, None):
        rewiring = evolve(
            layer.topology, layer.weights, zeta=1, drop=drop, grow=growing, rng=rng
        )
        assert np.array_equal(rewiring.source, np.arange(layer.topology.nnz))
        assert_rewired(layer, rewiring)


@pairs
@pytest.mark.parametrize("n_free", [1, 2, 5])
def test_a_nearly_full_layer_replaces_what_it_can(drop, grow, n_free):
    rng = np.random.default_rng(0)
    topology = random_topology((12, 10), 120 - n_free, rng)
    weights = rng.standard_normal(topology.nnz)
    bound = bound_pair(drop, grow, context_of(topology, weights))
    rewiring = evolve(topology, weights, zeta=0.9, rng=rng, **bound)
    assert n_free - 2 < (rewiring.source < 0).sum() <= n_free
    assert rewiring.topology.nnz == topology.nnz


@pairs
def test_a_layer_that_lost_everything_stays_as_it_is(drop, grow):
    topology = Topology.empty((3, 2))
    rewiring = evolve(
        topology,
        np.empty(0),
        zeta=0.5,
        rng=np.random.default_rng(0),
        **bound_pair(drop, grow, context_of(topology, np.empty(0))),
    )
    assert_canonical(rewiring.topology)
    assert rewiring.topology.nnz == 0


@pairs
def test_the_seed_decides(drop, grow):
    layer = random_layer((40, 30), 0.3)
    one, same, other = (
        evolve(
            layer.topology,
            layer.weights,
            zeta=0.5,
            rng=np.random.default_rng(seed),
            **bound_pair(drop, grow, context_of(layer.topology, layer.weights)),
        )
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one.topology.indices, same.topology.indices)
    assert np.array_equal(one.source, same.source)
    # What scores decide, chance does not, but which candidates are looked at.
    by_chance = isinstance(grow, (RandomGrow, UnfiredGrow, GuidedGrow))
    differs = not np.array_equal(one.topology.positions(), other.topology.positions())
    assert differs == by_chance


def test_the_old_topology_and_weights_are_not_changed():
    layer = random_layer((9, 8), 0.5)
    copies = [a.copy() for a in (layer.topology.indptr, layer.topology.indices)]
    weights = layer.weights.copy()
    rng = np.random.default_rng(0)
    evolve(
        layer.topology,
        layer.weights,
        zeta=1,
        drop=SETDrop(),
        grow=RandomGrow(),
        rng=rng,
    )
    assert np.array_equal(layer.topology.indptr, copies[0])
    assert np.array_equal(layer.topology.indices, copies[1])
    assert np.array_equal(layer.weights, weights)


def two_by_three(grow, zeta=0.5):
    """Evolve a 2 x 3 layer with connections at 0, 1, 4, 5; 0 and 4 are dropped."""
    topology = Topology.from_positions((2, 3), np.array([0, 1, 4, 5]))
    return evolve(
        topology,
        np.array([0.1, 1, 0.2, 2]),
        zeta=zeta,
        drop=SETDrop(),
        grow=lambda *_: np.array(grow),
        rng=np.random.default_rng(0),
    )


def test_a_place_just_dropped_can_grow_again():
    rewiring = two_by_three([4, 2])
    assert rewiring.topology.positions().tolist() == [1, 2, 4, 5]
    assert rewiring.source.tolist() == [1, -1, -1, 3]


def test_random_growth_reaches_places_just_dropped():
    topology = Topology.from_positions((2, 2), np.array([0, 1, 2]))
    weights = np.array([0.1, 1.0, 1.0])
    grown = {
        tuple(
            evolve(
                topology,
                weights,
                zeta=0.34,
                drop=SETDrop(),
                grow=RandomGrow(),
                rng=np.random.default_rng(seed),
            ).topology.positions()
        )
        for seed in range(20)
    }
    assert grown == {(0, 1, 2), (1, 2, 3)}


@pytest.mark.parametrize(
    "grow", [[2, 5], [2, 2], [2], [2, 3, 4], [], [-1, 2], [2, 6]], ids=str
)
def test_wrong_growth_is_refused(grow):
    wrong = r"Positions must be free|must return \d positions"
    with pytest.raises(ValueError, match=wrong):
        two_by_three(grow)


class Blind:
    """A growth that always draws the same ranks."""

    def __init__(self, ranks):
        self.ranks = ranks

    def free_ranks(self, n_free, n, rng):
        assert (n_free, n) == (4, 2)  # of six places two are kept
        return np.array(self.ranks)


@pytest.mark.parametrize(
    ("ranks", "positions"), [([0, 1], [0, 2]), ([1, 3], [2, 4]), ([2, 3], [3, 4])]
)
def test_ranks_are_those_of_places_that_are_free_after_the_drop(ranks, positions):
    topology = Topology.from_positions((2, 3), np.array([0, 1, 4, 5]))
    rewiring = evolve(
        topology,
        np.array([0.1, 1, 0.2, 2]),
        zeta=0.5,
        drop=SETDrop(),
        grow=Blind(ranks),
        rng=np.random.default_rng(0),
    )
    assert rewiring.topology.positions().tolist() == sorted([1, 5, *positions])
    assert (rewiring.source < 0).sum() == 2


@pytest.mark.parametrize(
    "ranks", [[2, 2], [3, 1], [2], [-1, 2], [2, 4], [0.5, 1], None]
)
def test_wrong_ranks_are_refused(ranks):
    topology = Topology.from_positions((2, 3), np.array([0, 1, 4, 5]))
    with pytest.raises(ValueError, match=r"grow must return 2 .* for layer 3"):
        evolve(
            topology,
            np.array([0.1, 1, 0.2, 2]),
            zeta=0.5,
            drop=SETDrop(),
            grow=Blind(ranks),
            rng=np.random.default_rng(0),
            layer=3,
        )


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_carry_moves_values_and_fills_in_newborn(dtype):
    values, source = np.array([5, 6, 7], dtype), np.array([-1, 0, 2, -1])
    assert carry(values, source, 0).tolist() == [0, 5, 7, 0]
    fill = np.array([1, 2, 3, 4], dtype)
    assert carry(values, source, fill).tolist() == [1, 5, 7, 4]
    assert carry(values, source, 0).dtype == dtype


@drops
def test_strategies_are_called_as_the_contract_says(drop):
    def grow(topology, n, rng):
        assert_canonical(topology)
        calls.append((topology.nnz, n, rng))
        return topology.free_positions(np.arange(n))

    calls = []
    layer, rng = random_layer((9, 8), 0.5), np.random.default_rng(0)
    context = context_of(layer.topology, layer.weights)
    evolve(
        layer.topology,
        layer.weights,
        zeta=0.3,
        drop=bound("drop", drop, context),
        grow=grow,
        rng=rng,
    )
    ((nnz, n, given_rng),) = calls
    assert nnz + n == layer.topology.nnz
    assert given_rng is rng


def test_the_largest_weights_can_be_dropped_by_a_strategy_of_three_lines():
    def largest(weights, zeta, rng):
        keep = np.ones(weights.size, bool)
        keep[np.argsort(-np.abs(weights))[: int(zeta * weights.size)]] = False
        return keep

    layer = random_layer((40, 30), 0.3)
    rng = np.random.default_rng(0)
    rewiring = evolve(
        layer.topology,
        layer.weights,
        zeta=0.3,
        drop=largest,
        grow=RandomGrow(),
        rng=rng,
    )
    new = assert_rewired(layer, rewiring)
    assert new.topology.nnz == layer.topology.nnz
    cut = np.quantile(np.abs(layer.weights), 0.7)
    assert np.abs(new.weights).max() <= cut < np.abs(layer.weights).max()


@pytest.mark.parametrize(
    "keep",
    [
        lambda n: np.ones(n - 1, bool),
        lambda n: np.ones(n + 1, bool),
        lambda n: np.ones((n, 1), bool),
        lambda n: np.ones(n, int),
        lambda n: np.arange(n),
    ],
    ids=["short", "long", "two axes", "numbers", "places"],
)
def test_a_drop_must_return_a_boolean_for_each_connection(keep):
    layer = random_layer((9, 8), 0.3)
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="must return an array of 22 booleans"):
        evolve(
            layer.topology,
            layer.weights,
            zeta=0.3,
            drop=lambda weights, zeta, rng: keep(weights.size),
            grow=RandomGrow(),
            rng=rng,
        )


def test_a_drop_may_return_a_strided_array():
    layer = random_layer((9, 8), 0.3)
    keep = np.arange(44) % 3 > 0
    rewiring = evolve(
        layer.topology,
        layer.weights,
        zeta=0.3,
        drop=lambda weights, zeta, rng: keep[::2],
        grow=None,
        rng=np.random.default_rng(0),
    )
    assert rewiring.source.tolist() == np.flatnonzero(keep[::2]).tolist()


# All layers at once


def of(shape, weights):
    """Return a topology and weights, given those of the first places of a layer."""
    weights = np.array(weights)
    return Topology.from_positions(shape, np.arange(weights.size)), weights


def strongest_of(layers, nnz, seed=0, least=None):
    """Return the sources of what is kept of each layer."""
    topologies, weights = zip(*layers, strict=True)
    least = least or [0] * len(layers)
    rng = np.random.default_rng(seed)
    rewirings = strongest(topologies, weights, nnz, least, rng)
    for (topology, source), before in zip(rewirings, topologies, strict=True):
        assert_canonical(topology)
        assert topology.shape == before.shape
        assert np.array_equal(topology.positions(), before.positions()[source])
    return [source.tolist() for _, source in rewirings]


@pytest.mark.parametrize(
    ("nnz", "expected"),
    [
        (7, [[0, 1, 2], [0, 1], [0, 1]]),
        (6, [[0, 1, 2], [0, 1], [0]]),
        (5, [[0, 1, 2], [1], [0]]),  # 0.3 in place of 0.4, as a layer needs one
        (4, [[0, 2], [1], [0]]),
        (3, [[0], [1], [0]]),
        (2, [[0], [1], [0]]),
        (1, [[0], [1], [0]]),
        (0, [[0], [1], [0]]),
    ],
)
def test_the_strongest_of_all_layers_stay(nnz, expected):
    layers = [
        of((2, 3), [3.0, 1.0, -2.0]),
        of((3, 2), [0.4, -5.0]),
        of((2, 2), [0.3, -0.1]),
    ]
    assert strongest_of(layers, nnz) == expected


def test_the_strongest_are_those_of_a_sort_of_all_weights():
    layers = [random_layer((40, 30), 0.5, 1), random_layer((30, 20), 0.9, 2)]
    layers = [(layer.topology, np.abs(layer.weights) + 0.01) for layer in layers]
    every = np.sort(np.concatenate([weights for _, weights in layers]))
    for nnz in (2, 17, 300, 1139, 1140):
        kept = strongest_of(layers, nnz)
        values = [w[source] for (_, w), source in zip(layers, kept, strict=True)]
        assert np.array_equal(np.sort(np.concatenate(values)), every[-nnz:])


def test_of_equal_weights_as_many_are_kept_by_chance():
    layers = [of((4, 5), np.ones(20)), of((5, 4), np.ones(20))]
    counts = np.zeros(40)
    for seed in range(300):
        first, last = strongest_of(layers, 10, seed)
        assert len(first) + len(last) == 10
        assert first
        assert last
        counts[first] += 1
        counts[20 + np.array(last)] += 1
    assert stats.chisquare(counts).pvalue > 0.001


def test_a_layer_keeps_its_share():
    layers = [of((2, 3), [3.0, 1.0, -2.0]), of((2, 3), [0.4, 0.5, -0.3])]
    assert strongest_of(layers, 3) == [[0, 2], [1]]
    assert strongest_of(layers, 3, least=[0, 2]) == [[0], [0, 1]]
    assert strongest_of(layers, 3, least=[9, 9]) == [[0, 1, 2], [0, 1, 2]]


def test_a_layer_without_connections_stays_so():
    empty = Topology.empty((2, 2)), np.empty(0)
    assert strongest_of([empty, of((2, 3), [3.0, 1.0])], 1) == [[], [0]]


def test_the_strongest_leave_what_is_given_unchanged():
    topology, weights = of((2, 3), [3.0, 1.0, -2.0])
    strongest([topology], [weights], 1, [0], np.random.default_rng(0))
    assert weights.tolist() == [3, 1, -2]
    assert mask_of(topology).sum() == 3
