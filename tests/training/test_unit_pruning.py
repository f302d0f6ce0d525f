"""Hidden units that are removed in training."""

import numpy as np
import pytest
from model.cases import problem, samples_of, sparse_network, training
from reference import DenseNet, assert_canonical, dense, mask_of
from training.cases import UNITS, dtypes, evolution_of, is_at_goal

from skset.model import Samples
from skset.strategies import GROWS, CubicDensity, ImportancePruning
from skset.training import SGD, Adam
from skset.training.momentum import RecentSteps


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


def test_the_recent_steps_begin_anew_where_units_went():
    running, pairs = pruned(n_epochs=4, evolution=evolution_of(grow="momentum"))
    recent = running.state.recent_steps
    assert isinstance(recent, RecentSteps)
    assert len(recent) == 0
    assert len(pairs) == 3
    assert recent.decay == 0.9


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
