"""A density that falls in training, and what it ends with."""

from itertools import pairwise

import numpy as np
import pytest
from model.cases import problem, samples_of, sparse_network, training
from reference import assert_canonical
from training.cases import UNITS, dtypes, evolution_of, is_at_goal, nnz

from skset.model import Samples
from skset.strategies import CubicDensity
from skset.topology import erdos_renyi
from skset.training import Adam

intervals = pytest.mark.parametrize("interval", [None, 1, 3, 7, 1000])


def after_every_evolution(running, take):
    """Have ``take(running, share)`` called after evolutions; return what it says."""
    taken, original = [], running.evolve

    def evolve(regrow=True):
        share = running.share_done
        original(regrow)
        taken.append(take(running, share))

    running.evolve = evolve
    return taken


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
