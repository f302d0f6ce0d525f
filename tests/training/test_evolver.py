"""How a network evolves: what strategies look at, what drops and what grows."""

from dataclasses import replace

import numpy as np
import pytest
from model.cases import epochs, problem, samples_of, sparse_network, training
from reference import DenseNet, assert_canonical, magnitude_drop
from training.cases import UNITS, dtypes, evolution_of, nnz, positions

from skset.model import Samples
from skset.strategies import GROWS, METHODS, Context, GradientGrow, GuidedGrow, Needs
from skset.topology import Topology
from skset.training import SGD, Adam

SET = evolution_of(zeta=0.4)


# What strategies look at


class Looking:
    """Grows in the first free places, and keeps what it is shown."""

    def __init__(self, samples=256, **needs):
        self.seen = []
        self.needs = Needs(samples=samples, **needs)

    def __call__(self, topology, n, rng, context):
        self.seen.append(context)
        return topology.free_positions(np.arange(n))


def looked_at(grow, n_evolutions=1, **parts):
    """Return what strategies saw of a network in each evolution, and its inputs."""
    X, y, _ = problem("softmax", n_samples=400)
    evolution = evolution_of(grow=grow, **parts)
    network = sparse_network(UNITS)
    with training(network, Samples(X, y), evolution=evolution) as running:
        for _ in range(n_evolutions):
            running.evolve()
    return X, network


def rows_of(context, X):
    """Return which samples the inputs of the first layer are."""
    return [int(np.flatnonzero((row == X).all(axis=1))[0]) for row in context.inputs.T]


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (256, 256),
        (1, 1),
        (lambda topology: 7, 7),
        (lambda topology: 0, 1),
        (lambda topology: 10**9, 400),
        (lambda topology: topology.shape[0], 6),  # what the most costly layer permits
    ],
)
def test_samples_are_a_random_choice_of_as_many_as_are_wanted(n, expected):
    grow = Looking(n)
    X, _ = looked_at(grow, n_evolutions=2)
    first, second = grow.seen[0], grow.seen[3]
    for context in (first, second):
        rows = rows_of(context, X)
        assert len(rows) == expected
        assert rows == sorted(set(rows))
    if 1 < expected < 400:
        assert rows_of(first, X) != rows_of(second, X)
    # All layers see the same samples.
    assert {context.inputs.shape[1] for context in grow.seen} == {expected}


def test_the_strategy_that_wants_most_decides_the_samples():
    class Drop:
        needs = Needs(samples=11)

        def __call__(self, weights, zeta, rng, context):
            seen.append(context.inputs.shape[1])
            return np.arange(weights.size) >= 3

    seen, grow = [], Looking(lambda topology: 5)
    looked_at(grow, drop=Drop())
    assert seen == [context.inputs.shape[1] for context in grow.seen] == [11] * 3


def test_what_a_strategy_sees_is_of_the_network_before_it_evolves():
    grow = Looking()
    X, network = looked_at(grow)
    assert len(grow.seen) == 3
    rows = rows_of(grow.seen[0], X)
    _, inputs, predicted = DenseNet(network).forward(X[rows])
    after = [*inputs[1:], predicted]
    for context, layer, A, B in zip(
        grow.seen, network.layers, inputs, after, strict=True
    ):
        assert context.topology is layer.topology
        assert np.array_equal(context.weights, layer.weights)
        np.testing.assert_allclose(context.inputs.T, A, atol=1e-12)
        np.testing.assert_allclose(context.outputs.T, B, atol=1e-12)
        for name in ("explored", "recent"):
            with pytest.raises(AttributeError, match=f"The context has no {name}"):
                getattr(context, name)


def test_nobody_looks_where_nobody_asks():
    seen = []

    def grow(topology, n, rng, context):
        seen.append(context)
        return topology.free_positions(np.arange(n))

    with training(
        sparse_network(UNITS), samples_of("softmax"), evolution=evolution_of(grow=grow)
    ) as running:
        running.rule.probe = None
        running.evolve()
    assert [context.layer for context in seen] == [0, 1, 2]
    assert not hasattr(seen[0], "gradients")


@pytest.mark.parametrize("grow", ["random", "random_unfired", "momentum"])
def test_no_samples_are_drawn_for_strategies_that_look_at_none(grow):
    evolution = evolution_of(grow=grow)
    given = {"evolution": evolution, "optimiser": SGD(0.9)}
    network = sparse_network(UNITS)
    with training(network, samples_of("softmax"), **given) as running:
        running.rule.probe = None
        running.evolve()
    assert nnz(running.state.network) == nnz(network)


def test_a_drop_that_is_not_called_draws_no_samples():
    evolution = evolution_of(drop="mest", grow="random")
    network = sparse_network(UNITS)
    lost = network.with_layers(replace(layer, n_dropped=2) for layer in network.layers)
    with training(lost, samples_of("softmax"), evolution=evolution) as running:
        running.rule.probe = None
        running.grow_back()
    assert nnz(running.state.network) == [n + 2 for n in nnz(network)]


def test_a_context_tells_when_and_where():
    grow = Looking()
    network, samples = sparse_network(UNITS), samples_of("softmax")
    with training(
        network, samples, evolution=evolution_of(grow=grow), max_epochs=4, batch_size=5
    ) as running:
        running.state.note_stall(2)
        for _ in range(3):
            next(running)
    assert [context.layer for context in grow.seen] == [0, 1, 2] * 2
    assert {context.n_layers for context in grow.seen} == {3}
    assert [context.epoch for context in grow.seen[::3]] == [1, 2]
    assert [context.progress for context in grow.seen[::3]] == [0.25, 0.5]
    assert {context.longest_stall for context in grow.seen} == {2}


@pytest.mark.parametrize("who", ["drop", "grow"])
def test_a_drop_is_served_as_a_grow_is(who):
    """With momentum and explored positions, of the steps and layers before."""
    seen = []

    class Drop:
        needs = Needs(samples=9, explored=True, momentum=True)

        def __call__(self, weights, zeta, rng, context):
            seen.append(context)
            return np.arange(weights.size) >= 3

    class Grow(Looking):
        def __call__(self, topology, n, rng, context):
            seen.append(context)
            return super().__call__(topology, n, rng, context)

    parts = {
        "drop": {"drop": Drop()},
        "grow": {"grow": Grow(9, explored=True, momentum=True)},
    }
    network, samples = sparse_network(UNITS), samples_of("softmax")
    given = {"evolution": evolution_of(**parts[who]), "optimiser": SGD(0.9)}
    with training(network, samples, **given) as running:
        running.evolve()
        next(running)
        history = running.state.recent_steps
        running.evolve()
    assert len(seen) == 6
    for context, layer in zip(seen[:3], network.layers, strict=True):
        n_in, n_out = layer.topology.shape
        assert [part.shape for part in context.recent] == [(n_in, 0), (n_out, 0)]
        assert np.array_equal(context.explored.indices, layer.topology.indices)
    for depth, context in enumerate(seen[3:]):
        for part, factor in zip(context.recent, history.factors(depth), strict=True):
            assert np.array_equal(part, factor)
        assert context.explored.nnz > context.topology.nnz
        assert context.inputs.shape[1] == 9


def test_a_drop_and_a_grow_see_what_they_ask_for_and_no_more():
    class Drop:
        needs = Needs(explored=True)

        def __call__(self, weights, zeta, rng, context):
            assert context.explored.nnz >= context.topology.nnz
            assert np.array_equal(context.weights, weights)
            assert not hasattr(context, "inputs")
            return np.arange(weights.size) >= 3

    grow = Looking(5)
    looked_at(grow, drop=Drop())
    assert len(grow.seen) == 3
    assert not hasattr(grow.seen[0], "explored")


def test_gradients_are_computed_once_for_drop_and_grow():
    seen = []

    class Drop:
        needs = Needs(samples=5)

        def __call__(self, weights, zeta, rng, context):
            seen.append(context.gradients)
            return np.arange(weights.size) >= 3

    grow = Looking(7)
    looked_at(grow, drop=Drop())
    for gradients, context in zip(seen, grow.seen, strict=True):
        assert context.gradients is gradients


def test_a_strategy_that_looks_waits_for_no_step():
    grow = Looking()
    with training(
        sparse_network(UNITS), samples_of("softmax"), evolution=evolution_of(grow=grow)
    ) as running:
        running.state.evolution_due = True
        next(running)
    assert len(grow.seen) == 3


@pytest.mark.parametrize("grow", ["gradient", "guided", "cosine", "neuron"])
def test_what_is_seen_must_be_finite(grow):
    """Finite weights may lead to infinite activations; no score compares these."""
    network = sparse_network(UNITS, "relu", dtype="float32")
    for layer in network.layers:
        layer.weights[:] = 1e30
    X, y, _ = problem("softmax", dtype="float32")
    evolution = evolution_of(grow=grow)
    with (
        training(network, Samples(X, y), evolution=evolution) as running,
        pytest.raises(ValueError, match="non-finite"),
    ):
        running.evolve()


@dtypes
@pytest.mark.parametrize("output", ["softmax", "identity", "logistic", "exp"])
def test_gradient_growth_takes_the_greatest_missing_gradients(output, dtype):
    X, y, Y = problem(output, dtype=dtype)
    weight = np.random.default_rng(3).uniform(0.1, 2, 23)
    network = sparse_network(UNITS, "all_relu", output, dtype)
    evolution = evolution_of(drop="magnitude", grow=GradientGrow())
    with training(network, Samples(X, y, weight), evolution=evolution) as running:
        running.evolve()
    net = DenseNet(network)
    net.masks = [np.ones_like(mask) for mask in net.masks]
    of_W, _ = net.gradients(X.astype(float), Y, weight)
    for old, new, gradient in zip(
        network.layers, running.state.network.layers, of_W, strict=True
    ):
        keep = np.array(magnitude_drop(old.weights, 0.3))
        kept = old.topology.positions()[keep]
        strength = np.abs(gradient).ravel()
        strength[kept] = -1
        n = int(0.3 * old.topology.nnz)
        greatest = np.argsort(-strength)[:n]
        assert positions(new) == {*kept.tolist(), *greatest.tolist()}
        assert new.topology.nnz == old.topology.nnz


def test_growth_by_gradient_is_a_strategy_of_five_lines():
    def gradient(topology, n, rng, context):
        score = np.abs(context.inputs @ context.deltas.T).ravel()
        score[topology.positions()] = -1
        return np.argsort(-score)[:n]

    gradient.needs = Needs(samples=256)
    ours, theirs = (
        epochs(
            3,
            sparse_network(UNITS),
            samples_of("softmax"),
            evolution=evolution_of(grow=grow, drop="magnitude"),
        )
        for grow in ("gradient", gradient)
    )
    for a, b in zip(ours[0].layers, theirs[0].layers, strict=True):
        assert positions(a) == positions(b)


@dtypes
@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 1.0])
@pytest.mark.parametrize("shape", [(6, 1), (1, 6)])
def test_of_one_unit_guided_growth_is_certain(shape, share, dtype):
    """Its probability is 1, however the parts of that are rounded."""
    rng, grow = np.random.default_rng(0), GuidedGrow(uniform_share=share)
    topology = Topology.from_positions(shape, np.array([0, 2, 3]))
    for _ in range(300):
        inputs, deltas = (rng.standard_normal((n, 5)).astype(dtype) for n in shape)
        context = Context(inputs, deltas, deltas, topology, np.ones(3, dtype))
        born = grow(topology, 2, rng, context)
        assert set(born.tolist()) < {1, 4, 5}


@pytest.mark.parametrize("grow", GROWS)
@pytest.mark.parametrize("drop", ["magnitude", "mest"])
def test_every_growth_keeps_the_connections_of_each_layer(grow, drop):
    network = sparse_network(UNITS)
    given = {"optimiser": SGD(0.9), "batch_size": 5, "dropout": 0.2}
    evolution = evolution_of(grow=grow, drop=drop)
    with training(
        network, samples_of("softmax"), evolution=evolution, **given
    ) as running:
        for _ in range(4):
            next(running)
            assert nnz(running.state.network) == nnz(network)
            for layer in running.state.network.layers:
                assert_canonical(layer.topology)
    moved = [
        positions(a) != positions(b)
        for a, b in zip(network.layers, running.state.network.layers, strict=True)
    ]
    assert all(moved)


def test_only_samples_with_weight_are_looked_at():
    X, y, _ = problem("softmax")
    weight = np.zeros(len(X))
    weight[[3, 5, 8]] = 1, 2, 0.5
    grow = Looking()
    evolution = evolution_of(grow=grow)
    with training(
        sparse_network(UNITS), Samples(X, y, weight), evolution=evolution
    ) as running:
        running.evolve()
    assert np.array_equal(grow.seen[0].inputs.T, X[[3, 5, 8]])
    assert Samples(X, y, np.zeros(len(X))).weighted_rows().size == len(X)


# Drop and grow


def test_kept_connections_keep_weight_and_moments():
    with training(
        sparse_network(UNITS), samples_of("softmax"), optimiser=Adam(), evolution=SET
    ) as running:
        next(running)
        before = running.state.network
        running.evolve()
        after = running.state.network
    for old, new in zip(before.layers, after.layers, strict=True):
        places = old.topology.positions(), new.topology.positions()
        _, k_old, k_new = np.intersect1d(*places, return_indices=True)
        # A place that was dropped may have grown again.
        kept = new.weights[k_new] != 0
        assert kept.sum() >= int(0.6 * old.topology.nnz)
        assert np.array_equal(new.weights[k_new][kept], old.weights[k_old][kept])
        for a, b in zip(old.moments, new.moments, strict=True):
            assert np.array_equal(b[k_new][kept], a[k_old][kept])
        newborn = new.weights == 0
        assert newborn.sum() in range(int(0.4 * old.topology.nnz) - 1, old.topology.nnz)
        assert not any(moment[newborn].any() for moment in new.moments)


def test_static_training_never_changes_the_topology():
    network = sparse_network(UNITS)
    with training(network, samples_of("softmax"), batch_size=5) as running:
        for _ in range(3):
            next(running)
            for layer, old in zip(
                running.state.network.layers, network.layers, strict=True
            ):
                assert layer.topology is old.topology
        running.finish(final_drop=True)
    assert nnz(running.state.network) == nnz(network)


def test_the_last_drop_grows_nothing():
    with training(
        sparse_network(UNITS), samples_of("softmax"), evolution=SET
    ) as running:
        next(running)
        before = running.state.network
        running.finish(final_drop=True)
    for old, new in zip(before.layers, running.state.network.layers, strict=True):
        assert_canonical(new.topology)
        kept = np.isin(old.topology.positions(), new.topology.positions())
        assert kept.sum() == new.topology.nnz
        assert np.array_equal(old.weights[kept], new.weights)
        limit = min(0.4 * old.topology.nnz, old.topology.n_free)
        assert limit - 2 < old.topology.nnz - new.topology.nnz <= limit
        for negative in (False, True):  # the weakest of each sign
            sign = (old.weights < 0) == negative
            weakest_kept = np.abs(old.weights[sign & kept]).min()
            assert np.abs(old.weights[sign & ~kept]).max() <= weakest_kept


def test_a_network_may_lose_all_its_connections_and_go_on():
    evolution = METHODS["set"].evolution(zeta=1.0)
    network, samples = sparse_network([6, 30, 3], density=0.2), samples_of("softmax")
    with training(network, samples, evolution=evolution) as running:
        next(running)
        with pytest.warns(UserWarning, match="no path leads"):
            running.finish(final_drop=True)
        assert running.state.network.nnz == 0
        assert np.isfinite([next(running) for _ in range(3)]).all()
    assert np.isfinite(running.state.network.weighted_sums(samples)).all()
