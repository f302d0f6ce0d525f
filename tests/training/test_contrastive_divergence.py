"""Training of Boltzmann machines.

The loop over epochs is the perceptron's, see test_loop.py; here is what is said of
it and of the steps for the machines.
"""

from contextlib import nullcontext
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from model.cases import (
    assert_same_machine,
    binary,
    divergence,
    epochs,
    machine_on,
    sparse_machine,
    steps_before_evolutions,
)
from reference import DenseRBM, assert_canonical, logistic, states
from scipy import sparse
from sklearn.neural_network import BernoulliRBM

from skset.model import Samples
from skset.runtime import team
from skset.strategies import GROWS, METHODS, Needs
from skset.training import SGD, Adam, LearningRate, State

SET = METHODS["set"].evolution(zeta=0.4)
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
MODES = {
    "cd": {},
    "cd-3": {"n_gibbs": 3},
    "persistent": {"persistent": True},
    "persistent-3": {"persistent": True, "n_gibbs": 3},
}
OPTIMISERS = {
    "plain": SGD(0.0, nesterov=False),
    "momentum": SGD(0.8, nesterov=False),
    "nesterov": SGD(0.8, nesterov=True),
}
dtypes = pytest.mark.parametrize("dtype", TOLERANCE)
modes = pytest.mark.parametrize("mode", MODES.values(), ids=MODES)


class SameNumbers:
    """The random numbers of a training with this seed, in matrices (samples, units)."""

    def __init__(self, seed, dtype):
        self._rng, self._dtype = np.random.default_rng(seed), dtype

    def uniform(self, size):
        return self._rng.random(size[::-1], self._dtype).T


def trained(n, machine, X, weight=None, **given):
    """Train n epochs; return the machine and the reconstruction errors."""
    return epochs(n, machine, Samples(X, None, weight), begin=divergence, **given)


def assert_machine_is(machine, dense, atol):
    """Hold that a machine is the dense one, its chains bit for bit."""
    pairs = [
        (machine.layer.weights, dense.W[dense.mask]),
        (machine.layer.bias, dense.c),
        (machine.visible_bias, dense.a),
    ]
    for actual, expected in pairs:
        assert np.isfinite(actual).all()
        np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)
    assert (machine.chains is None) == (dense.chains is None)
    assert machine.chains is None or np.array_equal(machine.chains.T, dense.chains)


# A step


def dense_epoch(dense, X, weight, numbers, batch_size, **given):
    """Take the steps of an epoch; return the mean reconstruction error."""
    errors = totals = 0.0
    for start in range(0, len(X), batch_size):
        batch = slice(start, start + batch_size)
        error = dense.step(X[batch], numbers.uniform, weight=weight[batch], **given)
        errors += error * weight[batch].sum()
        totals += weight[batch].sum()
    return errors / totals


@dtypes
@modes
@pytest.mark.parametrize("optimiser", OPTIMISERS.values(), ids=OPTIMISERS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_steps_are_those_of_the_dense_machine(dtype, mode, optimiser, weighted, alpha):
    X = binary(dtype=dtype)  # 23 samples: the last step has 3
    rng = np.random.default_rng(3)
    weight = rng.uniform(0.1, 3, 23) if weighted else None
    machine = sparse_machine(dtype=dtype)
    dense, numbers = DenseRBM.of(machine), SameNumbers(0, dtype)
    with divergence(
        machine,
        Samples(X, None, weight),
        optimiser=optimiser,
        alpha=alpha,
        batch_size=10,
        **mode,
    ) as running:
        for _ in range(3):
            error = next(running)
            expected = dense_epoch(
                dense,
                X.astype(float),
                np.ones(23) if weight is None else weight,
                numbers,
                10,
                learning_rate=0.1,
                alpha=alpha,
                momentum=optimiser.momentum,
                nesterov=optimiser.nesterov,
                **mode,
            )
            assert error == pytest.approx(expected, rel=TOLERANCE[dtype])
            assert_machine_is(running.state.network, dense, TOLERANCE[dtype])
    moved = running.state.network.layer.weights - machine.layer.weights
    assert np.abs(moved).max() > 0.01
    assert (
        running.state.network.dtype == running.state.network.visible_bias.dtype == dtype
    )


@dtypes
def test_persistent_steps_are_those_of_scikit_learn(dtype):
    n_visible, n_hidden, width = 6, 5, 10
    machine = machine_on(np.ones((n_visible, n_hidden), bool), dtype)
    rng = np.random.default_rng(2)
    chains = rng.integers(2, size=(n_hidden, width)).astype(dtype)
    rbm = BernoulliRBM(n_hidden, learning_rate=0.2, batch_size=width)
    W = machine.layer.weights.reshape(n_visible, n_hidden)
    rbm.components_ = np.array(W.T, order="F")
    rbm.intercept_visible_ = machine.visible_bias.copy()
    rbm.intercept_hidden_ = machine.layer.bias.copy()
    rbm.h_samples_ = chains.T.copy()
    X, numbers = binary(40, dtype=dtype), SameNumbers(0, dtype)
    with divergence(
        machine.with_chains(chains),
        Samples(X),
        learning_rate=0.2,
        batch_size=width,
        persistent=True,
    ) as running:
        for _ in range(3):
            next(running)
            for start in range(0, 40, width):
                numbers.uniform((width, n_hidden))  # for the reconstruction error
                rbm._fit(X[start : start + width], numbers)
            machine_now = running.state.network
            W = machine_now.layer.weights.reshape(n_visible, n_hidden)
            assert np.array_equal(machine_now.chains, rbm.h_samples_.T)
            for actual, expected in [
                (W, rbm.components_.T),
                (machine_now.visible_bias, rbm.intercept_visible_),
                (machine_now.layer.bias, rbm.intercept_hidden_),
            ]:
                assert actual.dtype == expected.dtype == dtype
                np.testing.assert_allclose(actual, expected, atol=TOLERANCE[dtype])
    assert running.state.steps == 12
    assert np.abs(W.ravel() - machine.layer.weights).max() > 0.01


def test_the_decay_is_of_weights_and_not_of_biases():
    machine = sparse_machine()
    X = binary()
    with_decay, _ = trained(1, machine, X, alpha=0.5)
    without, _ = trained(1, machine, X)
    np.testing.assert_allclose(
        with_decay.layer.weights - without.layer.weights,
        -0.1 * 0.5 * machine.layer.weights,
        atol=1e-15,
    )
    assert np.array_equal(with_decay.layer.bias, without.layer.bias)
    assert np.array_equal(with_decay.visible_bias, without.visible_bias)


def test_any_optimiser_takes_the_steps():
    X, machine = binary(), sparse_machine()
    weight = np.random.default_rng(4).uniform(0.1, 3, 23)  # so that no gradient is 0
    moved, _ = trained(1, machine, X, weight, optimiser=Adam(), learning_rate=0.01)
    # The first step of Adam is as long as the rate, whatever the gradient.
    for new, old in [
        (moved.layer.weights, machine.layer.weights),
        (moved.layer.bias, machine.layer.bias),
        (moved.visible_bias, machine.visible_bias),
    ]:
        np.testing.assert_allclose(np.abs(new - old), 0.01, rtol=1e-3)
    assert len(moved.visible_moments) == 2


@modes
def test_the_reconstruction_error_begins_at_the_data(mode):
    """Even where the chains do not."""
    X, machine = binary(), sparse_machine()
    dense, numbers = DenseRBM.of(machine), SameNumbers(0, "float64")
    H = dense.hiddens(X, numbers.uniform)
    expected = ((X - logistic(H @ dense.W.T + dense.a)) ** 2).mean()
    _, (error,) = trained(1, machine, X, **mode)
    assert error == pytest.approx(expected, rel=1e-12)


@modes
def test_the_mean_error_weighs_batches_by_their_samples_weights(mode):
    X, machine = binary(), sparse_machine()
    weight = np.r_[np.full(10, 3.0), np.full(10, 0.5), np.full(3, 2.0)]
    given = {"batch_size": 10, "learning_rate": 0.0, **mode}
    dense, numbers = DenseRBM.of(machine), SameNumbers(0, "float64")
    step = {"learning_rate": 0.0, **mode}
    expected = dense_epoch(dense, X, weight, numbers, 10, **step)
    _, (error,) = trained(1, machine, X, weight, **given)
    assert error == pytest.approx(expected, rel=1e-12)


# The gradient


def exact_gradient(dense, X):
    """Return the gradient of the mean log-likelihood by W, by finite differences."""
    gradient = np.zeros_like(dense.W)
    for place in np.ndindex(*dense.W.shape):
        values = []
        for shift in (1e-5, -1e-5):
            W = dense.W.copy()
            W[place] += shift
            other = DenseRBM(W, dense.a, dense.c)
            values.append(other.log_likelihood(X).mean())
        gradient[place] = (values[0] - values[1]) / 2e-5
    return gradient


def sampled_gradient(machine, X, **mode):
    """Return the gradient of the objective that the signals of a step tell."""
    given = {"learning_rate": 0.0, **mode}
    with divergence(machine, Samples(X), **given) as running:
        next(running)
        (signals,) = running.rule.last_step()
    return -signals.inputs @ signals.deltas.T


@pytest.mark.parametrize("persistent", [False, True])
def test_many_gibbs_steps_sample_the_gradient_of_the_likelihood(persistent):
    machine = machine_on(np.ones((4, 3), bool))
    X = np.repeat(states(4)[[1, 3, 3, 12, 15]], 10_000, axis=0)
    exact = exact_gradient(DenseRBM.of(machine), X[::10_000])
    sampled = sampled_gradient(machine, X, n_gibbs=30, persistent=persistent)
    # Each is a mean over 50000 samples of numbers in [0, 1].
    np.testing.assert_allclose(sampled, exact, atol=4 * 0.5 / np.sqrt(50_000))
    assert np.abs(exact).max() > 0.1


@pytest.mark.parametrize("n_gibbs", [1, 3])
def test_few_gibbs_steps_go_uphill_on_average(n_gibbs):
    for seed in range(5):
        machine = machine_on(np.ones((4, 3), bool), seed=seed)
        X = np.repeat(states(4)[[1, 3, 3, 12, 15]], 2_000, axis=0)
        exact = exact_gradient(DenseRBM.of(machine), X[::2_000]).ravel()
        sampled = sampled_gradient(machine, X, n_gibbs=n_gibbs).ravel()
        cosine = exact @ sampled / np.linalg.norm(exact) / np.linalg.norm(sampled)
        assert cosine > 0.3


@modes
@pytest.mark.parametrize("evolution", ["static", "set"])
def test_the_likelihood_of_the_data_rises(mode, evolution):
    X = np.repeat([[1.0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    machine = sparse_machine((6, 8), density=0.6)
    # The best that independent units can do is 6 log(1/2) = -4.2, the best of all
    # log(1/2) = -0.7.
    before = DenseRBM.of(machine).log_likelihood(X).mean()
    after, errors = trained(
        400,
        machine,
        X,
        max_epochs=400,
        learning_rate=LearningRate(0.1, "cosine"),
        evolution=METHODS[evolution].evolution(),
        optimiser=SGD(0.5, nesterov=False),
        **mode,
    )
    assert before < -3.5
    assert DenseRBM.of(after).log_likelihood(X).mean() > -2
    assert np.mean(errors[-20:]) < 0.3 * np.mean(errors[:5])


# Sample weights


# With more Gibbs steps, chains that get the same random numbers meet.
@pytest.mark.parametrize("mode", [MODES[m] for m in ("cd", "cd-3", "persistent")])
@dtypes
def test_samples_without_weight_have_no_influence(mode, dtype):
    X, machine = binary(dtype=dtype), sparse_machine(dtype=dtype)
    weight = np.random.default_rng(4).uniform(0.1, 3, 23)
    weight[[0, 1, 2, 4, 5, 6, 7, 12, 21]] = 0
    other = X.copy()
    other[weight == 0] = 1 - X[weight == 0]
    given = {"batch_size": 10, "alpha": 0.1, "optimiser": SGD(0.5), **mode}
    a, errors_a = trained(3, machine, X, weight, **given)
    b, errors_b = trained(3, machine, other, weight, **given)
    assert errors_a == errors_b
    assert_same_machine(a, b)


@pytest.mark.parametrize("n_gibbs", [1, 3])
def test_batches_without_any_weight_change_nothing(n_gibbs):
    assert_no_weight_changes_nothing(n_gibbs=n_gibbs)


@pytest.mark.parametrize("n_gibbs", [1, 3])
def test_nor_does_the_decay(n_gibbs):
    assert_no_weight_changes_nothing(n_gibbs=n_gibbs, alpha=0.5)


@pytest.mark.parametrize("n_gibbs", [1, 3])
def test_nor_do_the_chains(n_gibbs):
    assert_no_weight_changes_nothing(n_gibbs=n_gibbs, persistent=True)


def assert_no_weight_changes_nothing(**given):
    X, machine = binary(), sparse_machine()
    after, errors = trained(2, machine, X, np.zeros(23), batch_size=10, **given)
    assert errors == [0, 0]
    assert_same_machine(after.at_rest(), machine)


def test_chains_do_not_begin_where_there_is_no_weight():
    X, machine = binary(), sparse_machine()
    weight = np.ones(23)
    weight[:10] = 0  # the first batch
    other = X.copy()
    other[:10] = 1 - X[:10]
    given = {"batch_size": 10, "persistent": True}
    a, _ = trained(2, machine, X, weight, **given)
    b, _ = trained(2, machine, other, weight, **given)
    assert_same_machine(a, b)


@modes
def test_only_ratios_of_weights_matter(mode):
    X, machine = binary(), sparse_machine()
    weight = np.random.default_rng(4).uniform(0.1, 3, 23)
    given = {"batch_size": 10, "alpha": 0.1, **mode}
    a, errors_a = trained(3, machine, X, weight, **given)
    b, errors_b = trained(3, machine, X, 1024 * weight, **given)
    assert errors_a == errors_b
    assert_same_machine(a, b)
    c, errors_c = trained(3, machine, X, weight / 7, **given)
    assert errors_c == pytest.approx(errors_a, rel=1e-9)
    np.testing.assert_allclose(c.layer.weights, a.layer.weights, atol=1e-12)
    plain, _ = trained(3, machine, X, **given)
    assert np.abs(plain.layer.weights - a.layer.weights).max() > 1e-3


@modes
def test_equal_weights_are_no_weights(mode):
    X, machine = binary(), sparse_machine()
    a, errors_a = trained(2, machine, X, np.full(23, 2.5), batch_size=10, **mode)
    b, errors_b = trained(2, machine, X, batch_size=10, **mode)
    assert errors_a == pytest.approx(errors_b)
    np.testing.assert_allclose(a.layer.weights, b.layer.weights, atol=1e-13)


# The same bits


@dtypes
@modes
def test_the_seed_decides_every_bit_for_every_number_of_threads(
    dtype, mode, monkeypatch
):
    monkeypatch.setattr(team, "MIN_WORK", 0)
    X, machine = binary(dtype=dtype), sparse_machine(dtype=dtype)

    def run(seed, n_threads):
        return trained(
            4,
            machine,
            X,
            optimiser=SGD(0.5),
            evolution=METHODS["set"].evolution(newborn="init"),
            batch_size=5,
            shuffle=True,
            alpha=0.1,
            n_threads=n_threads,
            seed=seed,
            **mode,
        )

    one, errors = run(0, 1)
    for n_threads in (1, 2, 3):
        other, other_errors = run(0, n_threads)
        assert errors == other_errors
        assert_same_machine(one, other)
    assert run(1, 1)[1] != errors


@dtypes
@modes
def test_the_samples_form_changes_no_bit(dtype, mode):
    X, machine = binary(dtype=dtype), sparse_machine(dtype=dtype)
    X *= np.random.default_rng(5).random(X.shape)  # fractions are probabilities
    given = {"evolution": SET, "batch_size": 5, "shuffle": True, **mode}
    a, errors_a = trained(3, machine, X.astype(dtype), **given)
    b, errors_b = trained(3, machine, sparse.csr_array(X.astype(dtype)), **given)
    assert errors_a == errors_b
    assert_same_machine(a, b)


@pytest.mark.parametrize("name", ["full", "one", "none"])
@modes
def test_every_density_can_be_trained(name, mode):
    mask = {
        "full": np.ones((6, 5), bool),
        "one": np.arange(30).reshape(6, 5) == 13,
        "none": np.zeros((6, 5), bool),
    }[name]
    machine, X = machine_on(mask), binary()
    dense, numbers = DenseRBM.of(machine), SameNumbers(0, "float64")
    for _ in range(3):
        dense.step(X, numbers.uniform, learning_rate=0.1, **mode)
    warned = pytest.warns(UserWarning, match="no path leads")
    with warned if name == "none" else nullcontext():
        after, _ = trained(3, machine, X, **mode)
    assert_machine_is(after, dense, 1e-12)


# The chains


def test_chains_are_as_many_as_the_first_batch_and_go_on():
    X, machine = binary(), sparse_machine()
    with divergence(machine, Samples(X), batch_size=10, persistent=True) as running:
        seen = []
        for _ in range(3):
            next(running)
            assert running.state.network.chains.shape == (5, 10)
            assert set(np.unique(running.state.network.chains)) == {0, 1}
            seen.append(running.state.network.chains)
    assert not np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[1], seen[2])


def test_without_persistence_no_chains_are_kept():
    after, _ = trained(2, sparse_machine(), binary(), batch_size=10, n_gibbs=3)
    assert after.chains is None


def test_chains_outlive_an_evolution():
    with divergence(
        sparse_machine(), Samples(binary()), evolution=SET, persistent=True
    ) as running:
        next(running)
        chains, bias = running.state.network.chains, running.state.network.visible_bias
        before = chains.copy(), bias.copy()
        running._evolve()
    assert running.state.network.chains is chains
    assert running.state.network.visible_bias is bias
    assert np.array_equal(chains, before[0])
    assert np.array_equal(bias, before[1])


# Going on


def in_two_parts(machine, X, at_rest, **given):
    """Train for 2 epochs and then, in a new training of a copy, for 2 more."""
    with divergence(machine, Samples(X), **given) as first:
        errors = [next(first), next(first)]
    kept = first.state.network.copy(at_rest=at_rest)
    given = given | {"state": replace(first.state)}
    before = [array.copy() for array in (kept.layer.weights, kept.visible_bias)]
    with divergence(kept, Samples(X), **given) as second:
        errors += [next(second), next(second)]
    for a, b in zip(before, (kept.layer.weights, kept.visible_bias), strict=True):
        assert np.array_equal(a, b)
    return second.state.network, errors


@modes
@pytest.mark.parametrize("optimiser", [SGD(0.8), Adam()], ids=str)
@pytest.mark.parametrize("evolution", [METHODS["static"].evolution(), SET], ids=str)
def test_a_training_can_go_on_where_another_ended(mode, optimiser, evolution):
    X, machine = binary(), sparse_machine()
    given = {
        "optimiser": optimiser,
        "evolution": evolution,
        "batch_size": 10,
        "shuffle": True,
        "learning_rate": 0.05,
        **mode,
    }
    whole, errors = trained(4, machine, X, **given)
    begun, begun_errors = in_two_parts(machine, X, at_rest=False, **given)
    assert begun_errors == errors
    assert_same_machine(whole, begun)
    rested, _ = in_two_parts(machine, X, at_rest=True, **given)
    assert not np.array_equal(rested.visible_bias, whole.visible_bias)


def test_the_chains_alone_make_a_difference_when_going_on():
    X, machine = binary(), sparse_machine()
    given = {"batch_size": 10, "persistent": True, "optimiser": SGD(0.0)}
    whole, errors = trained(4, machine, X, **given)
    rested, rested_errors = in_two_parts(machine, X, at_rest=True, **given)
    assert rested_errors[:2] == errors[:2]
    assert rested_errors[2:] != errors[2:]
    assert not np.array_equal(rested.layer.weights, whole.layer.weights)


# Evolution


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
        running._evolve()
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
        running._evolve()
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


def look(running, n):
    """Return the signals of each layer for the first n samples."""
    given = running.state, running.samples, np.arange(n), running.team
    return running.rule.probe(*given)


def step_everywhere(machine, X, weight, numbers, n_gibbs=1):
    """Return the step of a machine, a gradient for absent connections as well."""
    dense = DenseRBM.of(machine)
    dense.mask = np.ones_like(dense.mask)
    before, given = dense.W, {"weight": weight, "learning_rate": 1, "n_gibbs": n_gibbs}
    dense.step(X.astype(float), numbers.uniform, **given)
    return before - dense.W


@dtypes
@modes
def test_the_last_step_is_a_gradient_of_all_connections(dtype, mode):
    X, machine = binary(dtype=dtype), sparse_machine(dtype=dtype)
    weight = np.random.default_rng(4).uniform(0.1, 3, 23)
    # With learning rate 0 the machine of the last step is the one at hand.
    given = {"batch_size": 10, "alpha": 0.5, "learning_rate": 0.0, **mode}
    with divergence(machine, Samples(X, None, weight), **given) as running:
        next(running)
        (signals,) = running.rule.last_step()
    dense, numbers = DenseRBM.of(machine), SameNumbers(0, dtype)
    dense.mask = np.ones((6, 5), bool)  # absent connections have a gradient as well
    for batch, rate in [(slice(10), 0), (slice(10, 20), 0), (slice(20, 23), 1)]:
        before, given = dense.W, {"weight": weight[batch], "learning_rate": rate}
        dense.step(X[batch].astype(float), numbers.uniform, **given, **mode)
    expected = before - dense.W
    np.testing.assert_allclose(
        signals.inputs @ signals.deltas.T, expected, atol=TOLERANCE[dtype]
    )
    assert np.abs(expected[~DenseRBM.of(machine).mask]).max() > 0.01


@dtypes
@modes
def test_a_look_has_both_phases_and_begins_at_the_data(dtype, mode):
    X, machine = binary(dtype=dtype), sparse_machine(dtype=dtype)
    weight = np.random.default_rng(4).uniform(0.1, 3, 23)
    weight[::6] = 0
    with divergence(machine, Samples(X, None, weight), **mode) as running:
        (signals,) = look(running, 23)
    expected = step_everywhere(
        machine, X, weight, SameNumbers(0, dtype), mode.get("n_gibbs", 1)
    )
    np.testing.assert_allclose(
        signals.inputs @ signals.deltas.T, expected, atol=TOLERANCE[dtype]
    )
    assert np.array_equal(signals.inputs[:, :23], X.T)
    assert set(np.unique(signals.inputs[:, 23:])) == {0, 1}
    dense = DenseRBM.of(machine)
    for part in (slice(23), slice(23, 46)):
        probabilities = dense.mean_hiddens(signals.inputs[:, part].T.astype(float))
        np.testing.assert_allclose(
            signals.outputs[:, part].T, probabilities, atol=TOLERANCE[dtype]
        )
    assert {a.dtype for a in (signals.inputs, signals.outputs, signals.deltas)} == {
        np.dtype(dtype)
    }


@modes
def test_a_look_changes_nothing_but_the_random_numbers(mode):
    with divergence(
        sparse_machine(), Samples(binary()), optimiser=SGD(), **mode
    ) as running:
        next(running)
        machine, last = running.state.network, running.rule.last_step()
        before = machine.copy(at_rest=False)
        (signals,) = look(running, 5)
    assert signals.inputs.shape == (6, 10)
    assert running.state.network is machine
    assert_same_machine(machine, before)
    for now, then in [
        (machine.layer.moments, before.layer.moments),
        (machine.visible_moments, before.visible_moments),
    ]:
        assert np.array_equal(now[0], then[0])
    assert running.rule.last_step()[0] is last[0]


def test_many_samples_of_a_look_tell_the_gradient_of_the_likelihood():
    machine = machine_on(np.ones((4, 3), bool))
    X = np.repeat(states(4)[[1, 3, 3, 12, 15]], 10_000, axis=0)
    exact = exact_gradient(DenseRBM.of(machine), X[::10_000])
    with divergence(machine, Samples(X), n_gibbs=30) as running:
        (signals,) = look(running, len(X))
    sampled = -signals.inputs @ signals.deltas.T
    np.testing.assert_allclose(sampled, exact, atol=4 * 0.5 / np.sqrt(50_000))


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


# Divergence


@dtypes
@modes
def test_divergence_is_an_error_in_its_epoch_and_no_warning(dtype, mode):
    X, machine = binary(dtype=dtype), sparse_machine(dtype=dtype)
    # Decay beyond its size doubles a weight in each step.
    given = {"learning_rate": 3.0, "alpha": 1.0, "batch_size": 10, **mode}
    with (
        divergence(machine, Samples(X), **given) as running,
        pytest.raises(ValueError, match=r"non-finite .* epoch \d") as raised,
    ):
        list(islice(running, 100))  # pytest makes warnings errors
    assert f"epoch {running.state.epochs + 1}. learning_rate" in str(raised.value)
    assert 0 < running.state.epochs < 100


@dtypes
@modes
def test_weights_beyond_any_use_are_an_error_at_once(dtype, mode):
    """The probabilities stay finite, and so does the reconstruction error."""
    X, machine = binary(dtype=dtype), sparse_machine(dtype=dtype)
    with (
        divergence(machine, Samples(X), learning_rate=1e6, **mode) as running,
        pytest.raises(ValueError, match="epoch 1"),
    ):
        next(running)


def test_a_rate_beyond_the_dtype_is_an_error_and_no_warning():
    X, machine = binary(dtype="float32"), sparse_machine(dtype="float32")
    with (
        divergence(machine, Samples(X), learning_rate=1e40) as running,
        pytest.raises(ValueError, match="non-finite weights"),
    ):
        next(running)


def test_an_error_that_is_not_finite_is_found_in_its_step():
    X, machine = binary(), sparse_machine()
    X[3] = np.nan
    with (
        divergence(machine, Samples(X), batch_size=2) as running,
        pytest.raises(ValueError, match="non-finite"),
    ):
        next(running)
    assert running.state.steps == 2


def test_progress_and_learning_rate():
    rate = LearningRate(0.1, "cosine")
    given = {"learning_rate": rate, "batch_size": 10, "max_epochs": 4}
    with divergence(sparse_machine(), Samples(binary()), **given) as running:
        rates = []
        for _ in range(4):
            next(running)
            rates.append(rate.now)
    assert (running.state.steps, running.state.epochs) == (12, 4)
    assert running.state.samples == 92
    expected = [0.05 * (1 + np.cos(np.pi * (3 * e - 1) / 12)) for e in range(1, 5)]
    assert rates == pytest.approx(expected)


def test_only_the_optimisers_state_and_the_chains_are_added_to_the_machine():
    machine = sparse_machine()
    before = machine.copy(at_rest=False)
    running = divergence(machine, Samples(binary()), persistent=True)
    assert running.state.network.visible_moments[0].shape == (6,)
    assert running.rule.loss_name == "reconstruction error"
    with running:
        next(running)
    assert_same_machine(machine, before)
    assert machine.chains is None
    assert machine.visible_moments == ()
