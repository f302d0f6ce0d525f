"""What a layer computes: for some samples, and in the last steps."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
from model.cases import (
    ACTIVATIONS,
    OUTPUTS,
    USUAL_LOSS,
    assert_same_network,
    problem,
    samples_of,
    sparse_network,
    training,
)
from reference import DenseNet, assert_close

from skset.model import Samples
from skset.runtime import team
from skset.runtime.team import Team
from skset.strategies import METHODS
from skset.training import SGD, Adam
from skset.training.momentum import RecentSteps

UNITS = [6, 9, 7, 3]
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
outputs = pytest.mark.parametrize("output", OUTPUTS)


def some_weight(seed=2):
    """Return sample weights, some of them 0."""
    weight = np.random.default_rng(seed).uniform(0.1, 3, 23)
    weight[::5] = 0
    return weight


def seen(network, samples, rows=np.arange(23), **given):  # noqa: B008 (not changed)
    """Return the signals of each layer for some samples."""
    X = np.empty((samples.n_features, rows.size), network.dtype)
    samples.gather(rows, X)
    weight, _ = samples.weights(rows)
    loss = USUAL_LOSS[network.output]
    return network.signals(X, samples.targets(rows), weight, loss, **given)


def dense_and_whole(network):
    """Return the dense network, in which absent connections have gradients too."""
    net = DenseNet(network)
    net.masks = [np.ones_like(mask) for mask in net.masks]
    return net


# One look


@dtypes
@outputs
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_signals_are_the_gradient_of_every_possible_connection(
    activation, output, dtype
):
    X, y, Y = problem(output, dtype=dtype)
    weight = some_weight()
    network = sparse_network(UNITS, activation, output, dtype)
    layers = seen(network, Samples(X, y, weight))
    net = dense_and_whole(network)
    X = X.astype(float)
    of_W, of_b = net.gradients(X, Y, weight)
    _, inputs, predicted = net.forward(X)
    after = [*inputs[1:], predicted]
    for depth, signals in enumerate(layers):
        assert_close(signals.inputs.T, inputs[depth], dtype, factor=5)
        assert_close(signals.outputs.T, after[depth], dtype, factor=5)
        assert_close(signals.inputs @ signals.deltas.T, of_W[depth], dtype, factor=5)
        assert_close(signals.deltas.sum(axis=1), of_b[depth], dtype, factor=5)
        found = {signals.inputs.dtype, signals.outputs.dtype, signals.deltas.dtype}
        assert found == {np.dtype(dtype)}


@pytest.mark.parametrize("output", ["softmax", "logistic", "exp"])
@pytest.mark.parametrize("activation", ["tanh", "all_relu"])
def test_a_missing_connection_would_change_the_loss_by_its_gradient(activation, output):
    X, y, Y = problem(output)
    weight = some_weight()
    network = sparse_network(UNITS, activation, output)
    net = DenseNet(network)
    for depth, signals in enumerate(seen(network, Samples(X, y, weight))):
        gradient = signals.inputs @ signals.deltas.T
        for i, j in np.argwhere(~net.masks[depth])[:8]:
            losses = []
            for w in (1e-6, -1e-6):
                net.W[depth][i, j] = w
                losses.append(net.loss(X, Y, weight))
            net.W[depth][i, j] = 0
            slope = (losses[0] - losses[1]) / 2e-6
            rounding = 1e-9 * (1 + abs(losses[0]))
            assert slope == pytest.approx(gradient[i, j], rel=1e-4, abs=rounding)


@dtypes
@outputs
def test_gradients_of_the_connections_that_exist(output, dtype):
    X, y, Y = problem(output, dtype=dtype)
    network = sparse_network(UNITS, "relu", output, dtype)
    net = DenseNet(network)
    of_W, _ = net.gradients(X.astype(float), Y)
    for signals, layer, expected, mask in zip(
        seen(network, Samples(X, y)), network.layers, of_W, net.masks, strict=True
    ):
        gradients = signals.gradients(layer.topology)
        assert gradients.dtype == dtype
        assert gradients.shape == (layer.topology.nnz,)
        assert_close(gradients, expected[mask], dtype, factor=5)


@pytest.mark.parametrize("hidden", [[], [9]])
def test_one_layer_has_inputs_and_predictions(hidden):
    X, y, _ = problem("softmax")
    network = sparse_network([6, *hidden, 3])
    layers = seen(network, Samples(X, y))
    assert len(layers) == len(network.layers)
    assert np.array_equal(layers[0].inputs, X.T)
    np.testing.assert_allclose(layers[-1].outputs.sum(axis=0), 1)
    net = DenseNet(network)
    np.testing.assert_allclose(layers[-1].outputs.T, net.forward(X)[2], atol=1e-12)


def test_samples_without_any_weight_have_no_gradient():
    X, y, _ = problem("softmax")
    network = sparse_network(UNITS)
    layers = seen(network, Samples(X, y, np.zeros(23)))
    for signals, layer in zip(layers, network.layers, strict=True):
        assert not signals.deltas.any()
        assert not signals.gradients(layer.topology).any()
        assert signals.inputs.any()


@outputs
def test_looking_changes_nothing_for_any_number_of_threads(output, monkeypatch):
    monkeypatch.setattr(team, "MIN_WORK", 0)
    network, samples = sparse_network(UNITS, output=output), samples_of(output)
    before = network.copy()
    serial = seen(network, samples)
    with Team(2) as two:
        shared = seen(network, samples, team=two)
    assert_same_network(network, before)
    for a, b in zip(serial, shared, strict=True):
        for name in ("inputs", "outputs", "deltas"):
            assert np.array_equal(getattr(a, name), getattr(b, name))


@dtypes
@outputs
def test_sensitivities_are_weights_times_gradients(output, dtype):
    X, y, Y = problem(output, dtype=dtype)
    weight, rows = some_weight(), np.array([1, 2, 3, 7, 12, 21])
    network = sparse_network(UNITS, "tanh", output, dtype)
    net = DenseNet(network)
    of_W, _ = net.gradients(X[rows].astype(float), Y[rows], weight[rows])
    found = network.sensitivities(Samples(X, y, weight), rows, USUAL_LOSS[output])
    for values, W, gradient, mask in zip(found, net.W, of_W, net.masks, strict=True):
        assert values.dtype == dtype
        assert_close(values, np.abs(W * gradient)[mask], dtype, factor=5)


# The last steps


def fake_step(rng, shapes, batch, dtype=float):
    """Return layers with random inputs and deltas."""
    return [
        SimpleNamespace(
            inputs=rng.standard_normal((n_in, batch)).astype(dtype),
            deltas=rng.standard_normal((n_out, batch)).astype(dtype),
        )
        for n_in, n_out in shapes
    ]


@dtypes
@pytest.mark.parametrize(("decay", "n_steps"), [(0.5, 4), (0.9, 22), (0.1, 1)])
def test_factors_are_the_decayed_sum_of_the_last_steps(decay, n_steps, dtype):
    """What is older has less than a tenth of its weight left."""
    rng, shapes = np.random.default_rng(0), [(6, 4), (4, 3)]
    batch = RecentSteps.N_SAMPLES // n_steps  # nothing is left out
    history = RecentSteps(decay)
    steps = [fake_step(rng, shapes, batch, dtype) for _ in range(n_steps + 3)]
    for n, step in enumerate(steps, start=1):
        history.note(step)
        assert len(history) == min(n, n_steps)
    assert decay**n_steps <= 0.1 < decay ** (n_steps - 1) or decay == 0.1
    for depth, shape in enumerate(shapes):
        expected = np.zeros(shape)
        for step in steps[-n_steps:]:
            layer = step[depth]
            product = layer.inputs.astype(float) @ layer.deltas.T.astype(float)
            expected = decay * expected + product
        L, R = history.factors(depth)
        assert L.shape == (shape[0], batch * n_steps)
        assert R.shape == (shape[1], batch * n_steps)
        assert L.dtype == R.dtype == dtype
        assert_close(L @ R.T, expected, dtype, factor=20)


@pytest.mark.parametrize("decay", [1e-9, 0.1, 0.5, 0.9, 0.99, 0.999, 1 - 1e-9])
@pytest.mark.parametrize("batch", [1, 3, 32, 33, 128, 500])
def test_no_more_samples_are_kept_than_are_wanted(decay, batch):
    rng, history = np.random.default_rng(0), RecentSteps(decay)
    for _ in range(200):
        history.note(fake_step(rng, [(2, 3)], batch))
    L, R = history.factors(0)
    assert L.shape[1] == R.shape[1]
    assert 0 < L.shape[1] <= RecentSteps.N_SAMPLES
    assert np.isfinite(L @ R.T).all()


def test_of_large_batches_other_columns_are_kept_from_step_to_step():
    """A Boltzmann machine's have one phase on the left and one on the right."""
    history = RecentSteps(0.5)  # 4 steps of 32 columns
    columns = np.arange(100.0)[None]
    for _ in range(5):
        history.note([SimpleNamespace(inputs=columns, deltas=columns)])
    L, R = history.factors(0)
    kept = [np.arange(start, 100, 4) for start in (1, 2, 3, 0)]
    assert np.array_equal(L[0], np.concatenate(kept))
    ages = np.repeat([3, 2, 1, 0], [len(part) for part in kept])
    np.testing.assert_allclose(R[0], L[0] * 0.5**ages)


def test_what_is_noted_stays_when_its_arrays_are_written_anew():
    history, step = RecentSteps(0.5), fake_step(np.random.default_rng(0), [(6, 4)], 5)
    before = copy.deepcopy(step)
    history.note(step)
    step[0].inputs[:] = step[0].deltas[:] = np.nan
    L, R = history.factors(0)
    assert np.array_equal(L, before[0].inputs)
    assert np.array_equal(R, before[0].deltas)


@pytest.mark.parametrize("activation", ["tanh", "relu", "all_relu"])
@pytest.mark.parametrize(
    "optimiser",
    [SGD(0.5), SGD(0.5, nesterov=False), Adam(beta_1=0.5)],
    ids=str,
)
def test_the_history_of_a_training_is_the_momentum_of_its_weights(
    optimiser, activation
):
    """Up to a factor: that of existing connections is in the optimiser's state."""
    evolution = METHODS["static"].evolution(grow="momentum")
    network = sparse_network(UNITS, activation)
    given = {"batch_size": 8, "learning_rate": 0.01}
    with training(
        network,
        samples_of("softmax"),
        evolution=evolution,
        optimiser=optimiser,
        **given,
    ) as running:
        next(running)
    history = running.state.recent_steps
    assert len(history) == 3
    factor = -100 if isinstance(optimiser, SGD) else 2  # 1 / (1 - beta_1)
    for depth, layer in enumerate(running.state.network.layers):
        L, R = history.factors(depth)
        rows, columns = layer.topology.in_units, layer.topology.indices
        np.testing.assert_allclose(
            (L @ R.T)[rows, columns], factor * layer.moments[0], atol=1e-12
        )


def test_no_history_is_kept_unless_it_is_asked_for():
    network, samples = sparse_network(UNITS), samples_of("softmax")
    for grow in ("random", "gradient"):
        evolution = METHODS["set"].evolution(grow=grow)
        with training(network, samples, evolution=evolution) as running:
            next(running)
        assert running.state.recent_steps is None
