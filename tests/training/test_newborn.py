"""What an evolution brings forth: the weights of the newborn, and their places."""

import numpy as np
import pytest
from model.cases import epochs, problem, samples_of, sparse_network, training
from reference import assert_canonical
from training.cases import UNITS, dtypes, evolution_of, positions

from skset.model import Samples
from skset.strategies import METHODS, UnfiredGrow
from skset.training import Adam

# Newborn weights


@pytest.mark.parametrize(("newborn", "zero"), [("zero", True), ("init", False)])
def test_what_newborn_connections_weigh(newborn, zero):
    evolution = METHODS["set"].evolution(zeta=0.4, newborn=newborn)
    with training(
        sparse_network(UNITS), samples_of("softmax"), evolution=evolution, seed=1
    ) as running:
        next(running)
        before = [set(layer.weights.tolist()) for layer in running.state.network.layers]
        running.evolve()
    for old, layer in zip(before, running.state.network.layers, strict=True):
        born = np.array([w not in old for w in layer.weights])
        assert born.sum() in range(int(0.4 * len(old)) - 1, int(0.4 * len(old)) + 1)
        assert (layer.weights[born] == 0).all() == zero
        if not zero:
            fan_in = layer.topology.fan_in[layer.topology.indices[born]]
            bound = np.sqrt(6 / fan_in)
            assert (np.abs(layer.weights[born]) <= bound).all()
            assert np.abs(layer.weights[born] / bound).max() > 0.5
            assert layer.weights.dtype == np.float64


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
        running.evolve()
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
