"""Networks without a path from input to output, and how they are joined anew."""

import numpy as np
import pytest
from model.cases import STATIC, epochs, problem, samples_of, sparse_network, training
from reference import assert_canonical, mask_of
from training.cases import dtypes, evolution_of, nnz, positions

from skset.model import Layer, Samples
from skset.strategies import GROWS, METHODS, CosineSchedule
from skset.topology import Topology, are_joined
from skset.training import SGD, Adam

NOWHERE = "no path leads from its inputs to its outputs"


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
        running.evolve()
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
        running.evolve()
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
            running.evolve()
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
            running.evolve()
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
        running.evolve()
    assert joined(running.state.network) == (when == "before")


def test_a_network_with_a_path_is_not_warned_of():
    """Units that nothing reaches are no concern (pytest makes warnings errors)."""
    network = sparse_network([6, 200, 3], density=0.05)
    assert joined(network)
    for evolution in (STATIC, evolution_of()):
        epochs(2, network, samples_of("softmax"), evolution=evolution)
