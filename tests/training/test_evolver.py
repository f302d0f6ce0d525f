"""How a network evolves: what strategies see, what grows, shrinks and is joined."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from model.cases import (
    STATIC,
    epochs,
    problem,
    samples_of,
    sparse_network,
    training,
)
from reference import DenseNet, assert_canonical, dense, magnitude_drop, mask_of

from skset.model import Layer, Samples
from skset.strategies import (
    GROWS,
    METHODS,
    Context,
    CosineSchedule,
    CubicDensity,
    GradientGrow,
    GuidedGrow,
    ImportancePruning,
    Needs,
    UnfiredGrow,
)
from skset.topology import Topology, are_joined, erdos_renyi
from skset.training import SGD, Adam
from skset.training.momentum import RecentSteps

UNITS = [6, 30, 20, 3]
NOWHERE = "no path leads from its inputs to its outputs"
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
intervals = pytest.mark.parametrize("interval", [None, 1, 3, 7, 1000])


def evolution_of(method="set", **parts):
    return METHODS[method].evolution(**parts)


def positions(layer):
    return set(layer.topology.positions().tolist())


def nnz(network):
    return [layer.topology.nnz for layer in network.layers]


def after_every_evolution(running, take):
    """Have ``take(running, share)`` called after evolutions; return what it says."""
    taken, original = [], running._evolve

    def evolve(regrow=True):
        share = running.share_done
        original(regrow)
        taken.append(take(running, share))

    running._evolve = evolve
    return taken


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
            running._evolve()
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
        running._evolve()
    assert [context.layer for context in seen] == [0, 1, 2]
    assert not hasattr(seen[0], "gradients")


@pytest.mark.parametrize("grow", ["random", "random_unfired", "momentum"])
def test_no_samples_are_drawn_for_strategies_that_look_at_none(grow):
    evolution = evolution_of(grow=grow)
    given = {"evolution": evolution, "optimiser": SGD(0.9)}
    network = sparse_network(UNITS)
    with training(network, samples_of("softmax"), **given) as running:
        running.rule.probe = None
        running._evolve()
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
        running._evolve()
        next(running)
        history = running.state.recent_steps
        running._evolve()
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
        running._evolve()


@dtypes
@pytest.mark.parametrize("output", ["softmax", "identity", "logistic", "exp"])
def test_gradient_growth_takes_the_greatest_missing_gradients(output, dtype):
    X, y, Y = problem(output, dtype=dtype)
    weight = np.random.default_rng(3).uniform(0.1, 2, 23)
    network = sparse_network(UNITS, "all_relu", output, dtype)
    evolution = evolution_of(drop="magnitude", grow=GradientGrow())
    with training(network, Samples(X, y, weight), evolution=evolution) as running:
        running._evolve()
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


# Newborn weights


@dtypes
def test_newborn_weights_of_he_depend_on_all_inputs(dtype):
    """Not on the few that a unit is connected with."""
    evolution = evolution_of(zeta=0.4, newborn="he_uniform", drop="magnitude")
    with training(
        sparse_network([24, 30, 20, 3], dtype=dtype),
        Samples(*problem("softmax", n_features=24, dtype=dtype)[:2]),
        evolution=evolution,
        optimiser=Adam(),
        edge_scale=0.1,
    ) as running:
        next(running)
        before = [set(layer.weights.tolist()) for layer in running.state.network.layers]
        running._evolve()
    for old, layer in zip(before, running.state.network.layers, strict=True):
        born = np.array([w not in old for w in layer.weights.tolist()])
        assert born.sum() == int(0.4 * len(old))
        limit = np.sqrt(6 / layer.topology.shape[0])
        assert layer.weights.dtype == dtype
        newborn = layer.weights[born] / limit
        assert np.abs(newborn).max() <= 1
        assert newborn.min() < -0.5
        assert newborn.max() > 0.5
        assert not any(moment[born].any() for moment in layer.moments)


# Unexplored positions


def test_what_was_explored_is_all_that_ever_was_connected():
    grow = UnfiredGrow()
    network = sparse_network(UNITS, density=0.2)
    ever = [positions(layer) for layer in network.layers]
    for evolution in (evolution_of(grow=grow), evolution_of(grow=grow, drop="random")):
        with training(
            network, samples_of("softmax"), evolution=evolution, batch_size=5
        ) as running:
            for _ in range(4):
                next(running)
                for known, layer in zip(
                    ever, running.state.network.layers, strict=True
                ):
                    known |= positions(layer)
                    assert_canonical(layer.explored)
                    assert set(layer.explored.positions().tolist()) == known
        network = running.state.network  # as partial_fit does, with its moments


def test_random_unfired_never_repeats_while_there_is_room():
    evolution = evolution_of(grow="random_unfired", drop="random", zeta=0.3)
    network = sparse_network(UNITS, density=0.2)
    ever = [positions(layer) for layer in network.layers]
    places = [
        layer.topology.shape[0] * layer.topology.shape[1] for layer in network.layers
    ]
    ran_out = [0] * 3
    with training(network, samples_of("softmax"), evolution=evolution) as running:
        next(running)
        for _ in range(30):
            before = running.state.network
            next(running)
            for depth, (old, new) in enumerate(
                zip(before.layers, running.state.network.layers, strict=True)
            ):
                assert new.topology.nnz == old.topology.nnz
                n_born = int(0.3 * old.topology.nnz)
                room = places[depth] - len(ever[depth])
                fresh = positions(new) - ever[depth]
                assert len(fresh) == min(n_born, room)
                ran_out[depth] += room < n_born
                ever[depth] |= fresh
    assert all(n > 5 for n in ran_out)  # and it went on, anywhere


def test_explored_positions_are_kept_only_where_they_are_asked_for():
    network, _ = epochs(
        2, sparse_network(UNITS), samples_of("softmax"), evolution=evolution_of()
    )
    assert all(layer.explored is None for layer in network.layers)
    exploring, _ = epochs(
        2,
        sparse_network(UNITS),
        samples_of("softmax"),
        evolution=evolution_of(grow="random_unfired"),
    )
    assert all(layer.explored is not None for layer in exploring.layers)
    assert all(layer.explored is None for layer in exploring.copy().layers)


# Density


def falling(network, samples, final, interval=None, zeta=0.3, stop=0.7, **given):
    """Return a training of 10 epochs that begins with the network's density."""
    initial = network.nnz / network.n_possible
    evolution = evolution_of(
        grow="gradient",
        drop="magnitude",
        zeta=zeta,
        density_schedule=CubicDensity(initial, stop),
        update_interval=interval,
    )
    options = {"final_density": final, "batch_size": 5, "learning_rate": 0.01}
    return training(network, samples, evolution=evolution, **options, **given)


def is_at_goal(running):
    return running.evolver.is_at_goal(running.state.network)


def cubic(share, initial, final, stop=0.7):
    return final + (initial - final) * max(0, 1 - share / stop) ** 3


@intervals
@pytest.mark.parametrize("zeta", [0.0, 0.3])
def test_connections_follow_the_cubic_curve_and_end_as_promised(interval, zeta):
    network = sparse_network(UNITS, density=0.6)
    initial, final = network.nnz / network.n_possible, 0.15
    with falling(network, samples_of("softmax"), final, interval, zeta) as running:
        taken = after_every_evolution(
            running, lambda running, share: (share, running.state.network.nnz)
        )
        for _ in range(10):
            next(running)
        for share, n in taken:
            assert n == round(network.n_possible * cubic(share, initial, final))
        promised = round(0.15 * network.n_possible)
        assert is_at_goal(running) == (running.state.network.nnz == promised)
        running.finish(final_drop=False)
    assert len(taken) == {None: 9, 1: 49, 3: 16, 7: 7, 1000: 0}[interval]
    assert running.state.network.nnz == promised
    assert is_at_goal(running)
    for layer in running.state.network.layers:
        assert_canonical(layer.topology)
        assert layer.weights.size == layer.topology.nnz == layer.moments[0].size


def test_dense_to_sparse():
    network = sparse_network(UNITS, density=1.0)
    with falling(network, samples_of("softmax"), 0.1) as running:
        seen = [nnz(running.state.network)]
        for _ in range(10):
            next(running)
            seen.append(nnz(running.state.network))
        running.finish(final_drop=False)
    assert sum(seen[0]) == network.n_possible
    assert all(sum(a) >= sum(b) for a, b in pairwise(seen))
    assert running.state.network.nnz == round(0.1 * network.n_possible)


@dtypes
def test_the_greatest_weights_of_all_layers_stay_with_their_moments(dtype):
    X, y, _ = problem("softmax", dtype=dtype)
    network, samples = sparse_network(UNITS, dtype=dtype), Samples(X, y)
    with falling(network, samples, 0.1, 1000, optimiser=Adam()) as running:
        next(running)
        before = running.state.network.copy(at_rest=False)
        running.finish(final_drop=False)
        after = running.state.network
    promised = round(0.1 * network.n_possible)
    every = np.sort(np.abs(np.concatenate([layer.weights for layer in before.layers])))
    left = np.sort(np.abs(np.concatenate([layer.weights for layer in after.layers])))
    assert np.array_equal(left, every[-promised:])
    for old, new in zip(before.layers, after.layers, strict=True):
        kept = np.isin(old.topology.positions(), new.topology.positions())
        assert kept.sum() == new.topology.nnz > 0
        assert np.array_equal(old.weights[kept], new.weights)
        for a, b in zip(old.moments, new.moments, strict=True):
            assert np.array_equal(a[kept], b)
        assert np.array_equal(old.bias, new.bias)
        for a, b in zip(old.bias_moments, new.bias_moments, strict=True):
            assert np.array_equal(a, b)


def test_a_layer_of_small_weights_keeps_its_share_and_the_number_is_the_same():
    network = sparse_network(UNITS)
    network.layers[1].weights[:] *= 1e-9
    with falling(network, samples_of("softmax"), 0.1, 1000) as running:
        running.finish(final_drop=False)
        shapes = [layer.topology.shape for layer in network.layers]
        share = int(0.25 * erdos_renyi(shapes, density=0.1)[1])
        strongest = np.sort(np.abs(network.layers[1].weights))[-max(share, 1) :]
        left = np.sort(np.abs(running.state.network.layers[1].weights))
        assert np.array_equal(left, strongest)
        assert running.state.network.nnz == round(0.1 * network.n_possible)
        assert is_at_goal(running)


def test_a_density_never_rises():
    network = sparse_network(UNITS, density=0.1)
    evolution = evolution_of(density_schedule=lambda progress, final: progress)
    with training(
        network, samples_of("softmax"), evolution=evolution, final_density=1.0
    ) as running:
        for _ in range(4):
            next(running)
    assert nnz(running.state.network) == nnz(network)
    assert is_at_goal(running)


def test_without_a_final_density_the_schedule_is_not_asked():
    def schedule(progress, final):
        raise AssertionError

    evolution = evolution_of(density_schedule=schedule)
    with training(
        sparse_network(UNITS), samples_of("softmax"), evolution=evolution
    ) as running:
        next(running)
        next(running)
        assert is_at_goal(running)


# Units


def weakest(network, quantile):
    """Return which units of each hidden layer stay, by dense matrices."""
    kept = []
    for W in DenseNet(network).W[:-1]:
        strengths = np.abs(W).sum(axis=0)
        keep = strengths > np.quantile(strengths, quantile)
        keep[strengths.argmax()] = True
        kept.append(keep)
    return kept


def pruned(n_epochs=5, optimiser=None, dtype="float64", **given):
    """Train; return the networks before and after each time that units go."""
    X, y, _ = problem("softmax", dtype=dtype)
    pruning = ImportancePruning(quantile=0.25, start=0.4, stop=0.8, every=0.2)
    given = {"evolution": evolution_of(), "batch_size": 10, **given}
    pairs = []
    with training(
        sparse_network(UNITS, dtype=dtype),
        Samples(X, y),
        optimiser=optimiser or SGD(0.9),
        unit_pruning=pruning,
        max_epochs=5,
        **given,
    ) as running:
        original = running.evolver.prune_units

        def prune(state, *shares):
            network = state.network
            before = network.copy(at_rest=False)
            have_gone = original(state, *shares)
            if have_gone:
                pairs.append((before, state.network.copy(at_rest=False)))
            else:
                assert state.network is network
            return have_gone

        running.evolver.prune_units = prune
        for _ in range(n_epochs):
            assert np.isfinite(next(running))
    return running, pairs


@dtypes
@pytest.mark.parametrize("optimiser", [SGD(0.9), Adam()], ids=str)
@pytest.mark.parametrize("activation", ["random", "random_unfired", "momentum"])
def test_the_weakest_units_go_with_all_that_belongs_to_them(
    optimiser, dtype, activation
):
    running, pairs = pruned(
        optimiser=optimiser, dtype=dtype, evolution=evolution_of(grow=activation)
    )
    assert len(pairs) == 3  # after epochs 2, 3 and 4
    for before, after in pairs:
        sides = [np.ones(6, bool), *weakest(before, 0.25), np.ones(3, bool)]
        assert after.n_units == [side.sum() for side in sides]
        for depth, (old, new) in enumerate(
            zip(before.layers, after.layers, strict=True)
        ):
            inputs, outputs = sides[depth : depth + 2]
            assert_canonical(new.topology)
            pattern = mask_of(old.topology)
            here = np.ix_(inputs, outputs)
            assert np.array_equal(mask_of(new.topology), pattern[here])
            for a, b in zip(
                [old.weights, *old.moments], [new.weights, *new.moments], strict=True
            ):
                assert b.dtype == dtype
                mask = mask_of(new.topology)
                assert np.array_equal(dense(mask, b), dense(pattern, a)[here])
            for a, b in zip(
                [old.bias, *old.bias_moments],
                [new.bias, *new.bias_moments],
                strict=True,
            ):
                assert np.array_equal(a[outputs], b)
            assert (new.explored is not None) == (activation == "random_unfired")
            if new.explored is not None:
                explored = mask_of(old.explored)[here]
                assert np.array_equal(mask_of(new.explored), explored)
    assert running.state.network.n_units[1] < 30 * 0.75**3 + 1


@pytest.mark.parametrize("given", [{}, {"dropout": 0.3}, {"n_threads": 2}], ids=str)
@pytest.mark.parametrize("grow", GROWS)
def test_training_goes_on_with_fewer_units(grow, given):
    running, pairs = pruned(n_epochs=7, evolution=evolution_of(grow=grow), **given)
    assert len(pairs) == 3
    assert running.state.epochs == 7
    sums = running.state.network.weighted_sums(samples_of("softmax"))
    assert sums.shape == (3, 23)
    assert np.isfinite(sums).all()


def test_the_history_begins_anew_where_units_went():
    running, pairs = pruned(n_epochs=4, evolution=evolution_of(grow="momentum"))
    history = running.state.recent_steps
    assert isinstance(history, RecentSteps)
    assert len(history) == 0
    assert len(pairs) == 3
    assert history.decay == 0.9


def test_units_stay_where_nobody_prunes_them_and_before_the_start():
    running, pairs = pruned(n_epochs=1)
    assert pairs == []
    assert running.state.network.n_units == UNITS


def test_a_pruning_of_ones_own_may_leave_all_units():
    class Never:
        def due(self, before, now):
            shares.append((before, now))
            return True

        def __call__(self, strengths):
            return np.ones(strengths.size, bool)

    shares = []
    with training(
        sparse_network(UNITS),
        samples_of("softmax"),
        unit_pruning=Never(),
        max_epochs=4,
        batch_size=10,
    ) as running:
        for _ in range(4):
            next(running)
    assert running.state.network.n_units == UNITS
    assert shares == [(0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1)]


def test_units_and_density_may_fall_together():
    evolution = evolution_of("granet", density_schedule=CubicDensity(0.5))
    running, pairs = pruned(evolution=evolution, final_density=0.1)
    before, left = sparse_network(UNITS), running.state.network
    running.finish(final_drop=False)
    assert len(pairs) == 3
    assert left.n_possible < before.n_possible
    # Of the units at first: those that went have taken theirs along.
    assert running.state.network.nnz == min(left.nnz, round(0.1 * before.n_possible))
    assert running.state.network.nnz < 0.2 * before.nnz
    assert is_at_goal(running)


# Paths


def torn(dtype="float64", density=0.2):
    """Return a network whose first layer ends where the second does not begin."""
    rng = np.random.default_rng(0)
    network = sparse_network([6, 20, 12, 3], dtype=dtype, density=density)
    first, second, last = network.layers
    places = np.flatnonzero(np.arange(6 * 20) % 20 < 10)
    others = np.arange(10 * 12, 20 * 12)
    layers = []
    for layer, some in ((first, places), (second, others)):
        chosen = rng.choice(some, min(some.size, layer.topology.nnz), replace=False)
        topology = Topology.from_positions(layer.topology.shape, chosen)
        weights = rng.standard_normal(topology.nnz).astype(dtype)
        layers.append(Layer(topology, weights, layer.bias))
    return network.with_layers([*layers, last])


def joined(network):
    """Return whether there is a path, by dense matrices."""
    reached = np.ones(6)
    for layer in network.layers:
        reached = reached @ mask_of(layer.topology)
    return bool(reached.any())


def test_a_torn_network_is_torn():
    assert not joined(torn())
    assert not are_joined([layer.topology for layer in torn().layers])


@dtypes
@pytest.mark.parametrize("method", METHODS)
def test_a_network_without_any_path_is_joined_anew(method, dtype):
    """It warns once, stays finite, and has as many connections as before."""
    X, y, _ = problem("softmax", dtype=dtype)
    network, samples = torn(dtype), Samples(X, y)
    evolution = evolution_of(method, update_interval=1)
    with training(
        network, samples, evolution=evolution, optimiser=Adam(), learning_rate=0.01
    ) as running:
        with pytest.warns(UserWarning, match=NOWHERE) as said:
            losses = [next(running)]
        assert len(said) == 1
        before = [layer.bias.copy() for layer in running.state.network.layers]
        assert not joined(running.state.network)
        running._evolve()
        after = running.state.network
        assert joined(after) == (method != "static")
        assert nnz(after) == nnz(network)
        for layer, bias in zip(after.layers, before, strict=True):
            assert_canonical(layer.topology)
            assert layer.weights.dtype == dtype
            assert np.array_equal(layer.bias, bias)
            assert len(layer.moments) == len(layer.bias_moments) == 2
            assert {m.size for m in layer.moments} == {layer.topology.nnz}
        losses += [next(running) for _ in range(4)]  # whatever tears again is silent
    assert np.isfinite(losses).all()
    assert np.isfinite(running.state.network.weighted_sums(samples)).all()


@pytest.mark.parametrize("grow", GROWS)
def test_every_growth_goes_on_with_a_network_that_was_joined_anew(grow):
    evolution = evolution_of(grow=grow, zeta=0.3)
    network = torn()
    with training(
        network,
        samples_of("softmax"),
        evolution=evolution,
        optimiser=SGD(0.9),
        batch_size=5,
    ) as running:
        with pytest.warns(UserWarning, match=NOWHERE):
            next(running)
        for _ in range(9):
            next(running)
            assert nnz(running.state.network) == nnz(network)
            for layer in running.state.network.layers:
                assert_canonical(layer.topology)
                if layer.explored is not None:
                    explored = set(layer.explored.positions().tolist())
                    assert positions(layer) <= explored


def apart(topology, n, rng, context):
    """Grow where a torn network stays torn."""
    free = topology.free_positions(np.arange(topology.n_free))
    if topology.shape == (6, 20):
        free = free[free % 20 < 10]
    if topology.shape == (20, 12):
        free = free[free >= 10 * 12]
    return free[:n]


@dtypes
def test_what_growth_does_not_join_is_drawn_anew(dtype):
    X, y, _ = problem("softmax", dtype=dtype)
    evolution, network = evolution_of(grow=apart), torn(dtype, density=0.4)
    given = {"optimiser": Adam(), "edge_scale": 0.1}
    with training(network, Samples(X, y), evolution=evolution, **given) as running:
        with pytest.warns(UserWarning, match=NOWHERE):
            next(running)
        before = running.state.network
        running._evolve()
    assert joined(running.state.network)
    assert nnz(running.state.network) == nnz(network)
    for depth, (old, layer) in enumerate(
        zip(before.layers, running.state.network.layers, strict=True)
    ):
        fan_in = layer.topology.fan_in[layer.topology.indices]
        relative = np.abs(layer.weights) / np.sqrt(6 / fan_in)
        assert 0.5 < relative.max() / (0.1 if depth in (0, 2) else 1) <= 1 + 1e-6
        assert layer.weights.dtype == dtype
        assert not any(moment.any() for moment in layer.moments)
        assert layer.bias is old.bias
        assert layer.bias_moments is old.bias_moments


def test_a_network_that_is_torn_again_and_again_is_joined_every_time():
    evolution, network = evolution_of(grow=apart), torn()
    with training(network, samples_of("softmax"), evolution=evolution) as running:
        with pytest.warns(UserWarning, match=NOWHERE):
            next(running)
        for _ in range(5):
            running.state.network = torn()
            running._evolve()
            assert joined(running.state.network)
            assert nnz(running.state.network) == nnz(network)


def test_what_is_drawn_anew_counts_as_explored():
    evolution = evolution_of(grow="random_unfired")
    with training(torn(), samples_of("softmax"), evolution=evolution) as running:
        running.state.network = running.state.network.with_layers(
            layer.exploring() for layer in torn().layers
        )
        with pytest.warns(UserWarning, match=NOWHERE):
            running.evolver.note_paths(running.state, rejoin=True)
        for _ in range(10):
            for layer in running.state.network.layers:
                explored = set(layer.explored.positions().tolist())
                assert positions(layer) <= explored
            running._evolve()
            assert nnz(running.state.network) == nnz(torn())


def test_the_last_drop_joins_nothing_anew():
    with (
        training(torn(), samples_of("softmax"), evolution=evolution_of()) as running,
        pytest.warns(UserWarning, match=NOWHERE),
    ):
        running.finish(final_drop=True)
    assert not joined(running.state.network)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_schedule_that_has_ended_joins_nothing_anew(when):
    stop = {"before": 0.9, "after": 0.05}[when]
    evolution = evolution_of("rigl", zeta_schedule=CosineSchedule(0.3, stop))
    with training(torn(), samples_of("softmax"), evolution=evolution) as running:
        with pytest.warns(UserWarning, match=NOWHERE):
            next(running)
        running._evolve()
    assert joined(running.state.network) == (when == "before")


def test_a_network_with_a_path_is_not_warned_of():
    """Units that nothing reaches are no concern (pytest makes warnings errors)."""
    network = sparse_network([6, 200, 3], density=0.05)
    assert joined(network)
    for evolution in (STATIC, evolution_of()):
        epochs(2, network, samples_of("softmax"), evolution=evolution)


# Samples without weight


def test_only_samples_with_weight_are_looked_at():
    X, y, _ = problem("softmax")
    weight = np.zeros(len(X))
    weight[[3, 5, 8]] = 1, 2, 0.5
    grow = Looking()
    evolution = evolution_of(grow=grow)
    with training(
        sparse_network(UNITS), Samples(X, y, weight), evolution=evolution
    ) as running:
        running._evolve()
    assert np.array_equal(grow.seen[0].inputs.T, X[[3, 5, 8]])
    assert Samples(X, y, np.zeros(len(X))).weighted_rows().size == len(X)


def test_units_that_went_have_taken_their_connections_along():
    network = sparse_network(UNITS, density=0.8)
    evolution = evolution_of(density_schedule="constant")
    given = {"final_density": 0.4, "final_nnz": round(0.4 * network.n_possible)}
    with training(
        network, samples_of("softmax"), evolution=evolution, **given
    ) as running:
        kept = [np.arange(n) < n // 2 for n in UNITS[1:-1]]
        running.state.network = running.state.network.without_units(kept)
        left = running.state.network.nnz
        assert left > 0.4 * running.state.network.n_possible
        running.finish(final_drop=False)
        assert running.state.network.nnz == min(left, given["final_nnz"])
