"""Steps of a perceptron: weights, penalty, loss. Gradients: test_gradients.py."""

import numpy as np
import pytest
from model.cases import assert_same_network, epochs, problem, sparse_network, training
from reference import DenseNet, mask_of
from scipy import sparse
from training.cases import UNITS, evolution_of

from skset.model import LOSSES, Samples
from skset.training import Adam

SET = evolution_of(zeta=0.4)


@pytest.mark.parametrize("output", ["identity", "logistic", "softmax", "exp"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_batches_without_any_weight_change_nothing(output, dtype):
    X, y, _ = problem(output, dtype=dtype)
    network = sparse_network(UNITS, output=output, dtype=dtype)
    samples = Samples(X, y, np.zeros(len(X)))
    trained, losses = epochs(2, network, samples, batch_size=10, alpha=0.5)
    assert losses == [0, 0]
    assert_same_network(trained, network)


def test_integer_weights_are_repeated_samples():
    X, y, _ = problem("softmax")
    weight = np.random.default_rng(0).integers(0, 4, len(X))
    repeated = Samples(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    network = sparse_network(UNITS)
    options = {"alpha": 0.0, "optimiser": Adam()}
    a, losses_a = epochs(5, network, Samples(X, y, weight.astype(float)), **options)
    b, losses_b = epochs(5, network, repeated, **options)
    np.testing.assert_allclose(losses_a, losses_b)
    for x, z in zip(a.layers, b.layers, strict=True):
        np.testing.assert_allclose(x.weights, z.weights, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("factor", [2.0**-90, 0.25, 2.0**90])
def test_only_the_proportions_of_weights_count(factor):
    """The penalty too is the same, bit for bit (row 61)."""
    X, y, _ = problem("softmax")
    weight = np.random.default_rng(0).uniform(0, 4, len(X))
    network = sparse_network(UNITS)
    options = {"alpha": 0.5, "batch_size": 10}
    a, losses_a = epochs(3, network, Samples(X, y, weight), **options)
    b, losses_b = epochs(3, network, Samples(X, y, factor * weight), **options)
    assert losses_a == losses_b
    assert_same_network(a, b)


def test_weights_count_between_batches_too():
    """An epoch of small steps goes along the gradient over all samples."""
    X, y, Y = problem("softmax", n_samples=20)
    weight = np.random.default_rng(0).uniform(0.1, 4, 20)
    network = sparse_network(UNITS)
    options = {"batch_size": 1, "learning_rate": 1e-7}
    trained, _ = epochs(1, network, Samples(X, y, weight), **options)
    expected, _ = DenseNet(network).gradients(X, Y, weight)
    for before, after, gradient in zip(
        network.layers, trained.layers, expected, strict=True
    ):
        step = (before.weights - after.weights) / 20e-7
        whole = gradient[mask_of(before.topology)]
        np.testing.assert_allclose(step, whole, rtol=1e-3, atol=1e-5)


def test_the_penalty_is_divided_by_the_number_of_samples_with_weight():
    """Those of weight 0 do not count, as if they were not there."""
    X, y, _ = problem("softmax")
    weight = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)
    some = weight > 0
    network = sparse_network(UNITS)
    a, losses_a = epochs(5, network, Samples(X, y, weight), alpha=0.5)
    rest = Samples(X[some], y[some], weight[some])
    b, losses_b = epochs(5, network, rest, alpha=0.5)
    np.testing.assert_allclose(losses_a, losses_b, rtol=1e-12)
    for x, z in zip(a.layers, b.layers, strict=True):
        np.testing.assert_allclose(x.weights, z.weights, rtol=1e-9)


def test_the_samples_form_changes_no_bit():
    X, y, _ = problem("softmax")
    X[np.abs(X) < 0.5] = 0
    network = sparse_network(UNITS)
    options = {"evolution": SET, "batch_size": 5, "shuffle": True}
    a, losses_a = epochs(3, network, Samples(X, y), **options)
    b, losses_b = epochs(3, network, Samples(sparse.csr_array(X), y), **options)
    assert losses_a == losses_b
    assert_same_network(a, b)


def test_a_loss_that_does_not_go_with_the_output_is_refused_before_any_step():
    network = sparse_network(UNITS, output="softmax")
    X, y, _ = problem("softmax")
    with pytest.raises(ValueError, match="SquaredError goes with the outputs"):
        training(network, Samples(X, y), loss=LOSSES["squared_error"]())
