"""Steps of Boltzmann machines, and what they tell of the gradient."""

from contextlib import nullcontext

import numpy as np
import pytest
from model.cases import (
    assert_same_machine,
    binary,
    divergence,
    machine_on,
    sparse_machine,
)
from reference import DenseRBM, logistic, states
from sklearn.neural_network import BernoulliRBM
from training.machines import (
    TOLERANCE,
    SameNumbers,
    assert_machine_is,
    dtypes,
    modes,
    trained,
)

from skset.model import Samples
from skset.strategies import METHODS
from skset.training import SGD, Adam, LearningRate

OPTIMISERS = {
    "plain": SGD(0.0, nesterov=False),
    "momentum": SGD(0.8, nesterov=False),
    "nesterov": SGD(0.8, nesterov=True),
}


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


# The last step, and a look


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
