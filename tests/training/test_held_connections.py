"""Frozen connections keep their weights in every kind of step and in evolutions."""

import numpy as np
import pytest
from model.cases import assert_same_network, epochs, samples_of, sparse_network

from skset.model import Held
from skset.strategies import METHODS
from skset.topology import Rewiring, Topology, random_topology
from skset.training import SGD, Adam, AdamW, backpropagation

UNITS = [6, 30, 20, 3]
RIGL = METHODS["rigl"].evolution(zeta=0.5, update_interval=3)
SET = METHODS["set"].evolution(zeta=0.5)
OPTIMISERS = [SGD(), SGD(0.5, nesterov=False), Adam(), AdamW()]
# Each takes another way through the engine.
WAYS = [{}, {"dropout": 0.2}, {"max_norm": 0.1}, {"halves": True}]
SAMPLES = samples_of("softmax", n_samples=41)


def shared_part(shape, seed=3):
    """Return the connections of earlier tasks in a layer, and their values."""
    topology = random_topology(
        shape, round(0.4 * shape[0] * shape[1]), np.random.default_rng(seed)
    )
    values = np.random.default_rng(seed).standard_normal(topology.nnz)
    return topology, values


def held_network(dtype="float64", activation="relu"):
    """Return a network whose hidden layers have frozen connections."""
    network = sparse_network(UNITS, activation, dtype=dtype, density=0.4)
    layers = list(network.layers)
    for depth in range(2):
        topology, values = shared_part(layers[depth].topology.shape)
        held = Held.of(topology, values.astype(dtype), layers[depth].topology)
        layers[depth] = layers[depth].holding(held)
    return network.with_layers(layers)


def assert_held(network):
    """Hold that all frozen connections have their values, and that there are some."""
    for layer in network.layers[:2]:
        dense = np.full(layer.topology.shape, np.nan).ravel()
        topology, values = shared_part(layer.topology.shape)
        dense[topology.positions()] = values
        frozen = dense[layer.topology.positions()]
        known = ~np.isnan(frozen)
        assert 0 < known.sum() < known.size
        assert np.array_equal(layer.weights[known], frozen[known])


def options(optimiser, **more):
    penalty = 0.0 if isinstance(optimiser, AdamW) else 0.5
    given = {"optimiser": optimiser, "learning_rate": 0.02, "alpha": penalty}
    return {**given, "batch_size": 8, **more}


@pytest.mark.parametrize("evolution", [METHODS["static"].evolution(), SET, RIGL])
@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=str)
def test_frozen_connections_keep_their_weights(optimiser, way, evolution):
    network = held_network()
    given = options(optimiser, evolution=evolution, **way)
    trained, losses = epochs(3, network, SAMPLES, **given)
    assert_held(trained)
    assert (trained.layers[-1].weights != network.layers[-1].weights).any()
    assert np.isfinite(losses).all()


@pytest.mark.parametrize("way", [{}, {"max_norm": 1e6}], ids=str)
def test_a_step_moves_the_others_as_if_none_were_frozen(way):
    network = held_network()
    free = network.with_layers(layer.at_rest() for layer in network.layers)
    given = options(SGD(), batch_size=SAMPLES.n_samples, **way)
    trained, _ = epochs(1, network, SAMPLES, **given)
    expected, _ = epochs(1, free, SAMPLES, **given)
    for layer, other in zip(trained.layers, expected.layers, strict=True):
        moves = np.ones(layer.topology.nnz, bool)
        if layer.held is not None:
            moves = ~layer.held.mask
            assert (layer.weights != other.weights)[~moves].all()
        assert np.array_equal(layer.weights[moves], other.weights[moves])
        assert np.array_equal(layer.bias, other.bias)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_several_steps_in_a_call_are_as_many_calls(n_threads, monkeypatch):
    given = options(Adam(), evolution=SET, n_threads=n_threads)
    together, losses = epochs(3, held_network(), SAMPLES, **given)
    monkeypatch.setattr(backpropagation, "MOST_STEPS", 1)
    one_by_one, expected = epochs(3, held_network(), SAMPLES, **given)
    assert_same_network(together, one_by_one)
    assert losses == expected


def test_steps_by_one_kernel_are_those_layer_by_layer(monkeypatch):
    given = options(SGD(), evolution=SET)
    one, _ = epochs(3, held_network(), SAMPLES, **given)
    monkeypatch.setattr(backpropagation.Backpropagation, "_compiles", lambda *_: False)
    other, _ = epochs(3, held_network(), SAMPLES, **given)
    for x, y in zip(one.layers, other.layers, strict=True):
        np.testing.assert_allclose(x.weights, y.weights, rtol=1e-9, atol=1e-12)


def test_a_frozen_connection_that_grows_again_has_its_value():
    """The published code trains it from 0 and evaluates the old value."""
    layer = held_network().layers[0]
    every = layer.held.shared
    without = layer.topology.kept(~every.has(layer.topology.positions()))
    kept = layer.rewired(Rewiring(*without), 0)
    assert not kept.held.mask.any()
    full = Topology.from_positions(
        layer.topology.shape,
        np.union1d(kept.topology.positions(), every.positions()),
    )
    source = np.where(
        kept.topology.has(full.positions()),
        np.searchsorted(kept.topology.positions(), full.positions()),
        -1,
    )
    grown = kept.rewired(Rewiring(full, source), 0)
    at = np.searchsorted(full.positions(), every.positions())
    assert np.array_equal(grown.weights[at], layer.held.shared_values)


def test_a_layer_at_rest_forgets_what_was_frozen():
    network = held_network()
    assert all(layer.held is None for layer in network.copy().layers)
    assert network.layers[0].copy().held is network.layers[0].held
    with pytest.raises(AssertionError):
        network.layers[0].restricted(np.ones(6, bool), np.ones(30, bool))
