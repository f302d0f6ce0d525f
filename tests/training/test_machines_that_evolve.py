"""Boltzmann machines whose topology evolves."""

import numpy as np
import pytest
from model.cases import binary, divergence, sparse_machine, steps_before_evolutions
from reference import assert_canonical
from training.machines import SET, modes

from skset.model import Samples
from skset.strategies import GROWS, METHODS, Needs
from skset.training import SGD, Adam, State


def positions(machine):
    return machine.layer.topology.positions()


@modes
@pytest.mark.parametrize("optimiser", [SGD(), Adam()], ids=str)
def test_evolution_waits_for_the_next_epoch(mode, optimiser):
    with divergence(
        sparse_machine(),
        Samples(binary()),
        optimiser=optimiser,
        evolution=SET,
        batch_size=5,
        **mode,
    ) as running:
        start = positions(running.state.network)
        next(running)
        assert np.array_equal(positions(running.state.network), start)
        assert running.state.evolution_due
        for _ in range(3):
            before = positions(running.state.network)
            next(running)
            assert not np.array_equal(positions(running.state.network), before)
            assert running.state.network.nnz == 15
            assert_canonical(running.state.network.layer.topology)
            assert len(running.state.network.layer.moments) == optimiser.n_moments
            # The newborn are trained since.
            assert running.state.network.layer.weights.all()


@pytest.mark.parametrize("optimiser", [SGD(), Adam()], ids=str)
def test_kept_connections_keep_weight_and_moments(optimiser):
    with divergence(
        sparse_machine((12, 10)),
        Samples(binary(n_features=12)),
        optimiser=optimiser,
        evolution=SET,
    ) as running:
        next(running)
        before = running.state.network
        running.evolve()
        old, new = before.layer, running.state.network.layer
    newborn = new.weights == 0
    n_dropped = sum(int(0.4 * (s * old.weights > 0).sum()) for s in (1, -1))
    assert newborn.sum() == n_dropped
    assert new.topology.nnz == old.topology.nnz == 60
    places = np.searchsorted(old.topology.positions(), new.topology.positions())
    assert np.array_equal(new.weights[~newborn], old.weights[places[~newborn]])
    for a, b in zip(old.moments, new.moments, strict=True):
        assert np.array_equal(b[~newborn], a[places[~newborn]])
        assert a.any()
        assert not b[newborn].any()
    assert new.bias is old.bias
    assert new.bias_moments is old.bias_moments
    assert running.state.network.visible_moments is before.visible_moments


def test_newborn_connections_may_have_a_scaled_weight():
    evolution = METHODS["set"].evolution(newborn="init")
    with divergence(
        sparse_machine((30, 30)),
        Samples(binary(n_features=30)),
        evolution=evolution,
        edge_scale=0.01,
        learning_rate=0.0,
    ) as running:
        next(running)
        old = set(running.state.network.layer.weights.tolist())
        running.evolve()
        new = running.state.network.layer.weights
    fresh = np.array([w for w in new.tolist() if w not in old])
    assert fresh.size in (134, 135)  # 0.3 of 450, rounded down for each sign
    assert 0.0008 < fresh.std() < 0.0012  # 0.01 times 0.1


def test_the_last_drop_grows_nothing():
    with divergence(
        sparse_machine((12, 10)), Samples(binary(n_features=12)), evolution=SET
    ) as running:
        next(running)
        old = running.state.network.layer
        running.finish(final_drop=True)
        new = running.state.network.layer
    assert_canonical(new.topology)
    kept = np.isin(old.topology.positions(), new.topology.positions())
    assert kept.sum() == new.topology.nnz
    assert np.array_equal(old.weights[kept], new.weights)
    for sign in (1, -1):
        mine = sign * old.weights > 0
        assert (mine & ~kept).sum() == int(0.4 * mine.sum()) > 0
        strength = np.abs(old.weights)
        assert strength[mine & ~kept].max() <= strength[mine & kept].min()


@pytest.mark.parametrize("interval", [1, 2, 3, 7])
def test_update_interval_counts_steps_across_epochs(interval):
    evolution = METHODS["set"].evolution(update_interval=interval)
    with divergence(
        sparse_machine(), Samples(binary()), evolution=evolution, batch_size=5
    ) as running:
        evolved_before = steps_before_evolutions(running, 3)
    assert evolved_before == [s for s in range(1, 15) if s % interval == 0]
    assert running.state.evolution_due == (15 % interval == 0)


# What strategies look at


class Looking:
    """Grows in the first free places, and keeps what it is shown."""

    needs = Needs(samples=256)

    def __init__(self):
        self.seen = []

    def __call__(self, topology, n, rng, context):
        self.seen.append(context)
        return topology.free_positions(np.arange(n))


@modes
def test_a_strategy_that_looks_waits_for_no_step(mode):
    """A machine that goes on may evolve before its first step, as in partial_fit."""
    grow = Looking()
    evolution = METHODS["set"].evolution(grow=grow)
    rng = np.random.default_rng(0)
    state = State(None, rng, rng, steps=3, epochs=1, samples=23, evolution_due=True)
    X, machine = binary(), sparse_machine()
    given = {"evolution": evolution, "state": state, **mode}
    with divergence(machine, Samples(X), **given) as running:
        next(running)  # an epoch of one step
    (signals,) = grow.seen
    assert signals.topology is machine.layer.topology
    assert np.array_equal(signals.weights, machine.layer.weights)
    assert signals.inputs.shape == (6, 46)  # both phases
    assert np.array_equal(signals.inputs[:, :23], X.T)


@pytest.mark.parametrize("grow", GROWS)
@modes
def test_every_growth_keeps_the_number_of_connections(grow, mode):
    evolution = METHODS["set"].evolution(grow=grow, drop="magnitude")
    given = {"batch_size": 10, "optimiser": SGD(0.5, nesterov=False), **mode}
    machine = sparse_machine((12, 10))
    with divergence(
        machine, Samples(binary(n_features=12)), evolution=evolution, **given
    ) as running:
        for _ in range(4):
            next(running)
            assert_canonical(running.state.network.layer.topology)
            assert running.state.network.nnz == machine.nnz
    before, after = (
        m.layer.topology.positions() for m in (machine, running.state.network)
    )
    assert not np.array_equal(before, after)


@pytest.mark.parametrize("n_without", [10, 20, 23])
def test_momentum_is_of_the_steps_that_were_taken(n_without):
    """A batch in which no sample has weight takes none."""
    weight = np.r_[np.zeros(n_without), np.ones(23 - n_without)]
    evolution = METHODS["set"].evolution(grow="momentum")
    given = {"batch_size": 10, "optimiser": SGD(0.5, nesterov=False)}
    samples = Samples(binary(), None, weight)
    with divergence(sparse_machine(), samples, evolution=evolution, **given) as running:
        next(running)
        assert len(running.state.recent_steps) == running.state.steps
        next(running)
