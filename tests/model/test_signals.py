"""What a layer computes for some samples."""

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
)
from reference import DenseNet, assert_close

from skset.model import Samples, sensitivities, signals_of
from skset.runtime import team
from skset.runtime.team import Team

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
    return signals_of(network, X, samples.targets(rows), weight, loss, **given)


def dense_and_whole(network):
    """Return the dense network, in which absent connections have gradients too."""
    net = DenseNet(network)
    net.masks = [np.ones_like(mask) for mask in net.masks]
    return net


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
    found = sensitivities(network, Samples(X, y, weight), rows, USUAL_LOSS[output])
    for values, W, gradient, mask in zip(found, net.W, of_W, net.masks, strict=True):
        assert values.dtype == dtype
        assert_close(values, np.abs(W * gradient)[mask], dtype, factor=5)
