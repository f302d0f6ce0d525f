"""The numbers that optimisers give to the kernels, and the decay of AdamW."""

import numpy as np
import pytest
import reference
from model.cases import problem, sparse_network, training
from reference import assert_close

from skset import kernels
from skset.model import Samples
from skset.training import SGD, Adam, AdamW, LearningRate

FLOAT32 = np.dtype("float32")


@pytest.mark.parametrize("optimiser", [SGD(), Adam(), AdamW()], ids=str)
def test_the_numbers_of_a_step_have_the_dtype_of_the_network(optimiser):
    step = optimiser.step(0.1, 3, 0.0, FLOAT32)
    assert {type(n) for n in step.numbers()} == {np.float32}


def test_adam_has_a_penalty_and_adamw_a_decay():
    rate = 0.1 * np.sqrt(1 - 0.999**3) / (1 - 0.9**3)
    numbers = pytest.approx((rate, 0.9, 0.999, 1e-8, 0.5))
    adam = Adam().step(0.1, 3, 0.5, np.dtype("float64"))
    assert (adam.rate, adam.keep, adam.keep_square, adam.epsilon, adam.l2) == numbers
    assert adam.decay == 0
    adamw = AdamW(alpha=0.5).step(0.1, 3, 0.0, np.dtype("float64"))
    decay = pytest.approx(0.05)  # of the rate without the bias correction
    assert adamw == adam._replace(l2=0, decay=decay)


def test_adamw_refuses_a_penalty_of_the_loss():
    with pytest.raises(ValueError, match=r"decays by itself, but got .* of 0\.1"):
        AdamW().step(0.1, 1, 0.1, FLOAT32)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_adamw_without_a_decay_is_adam(dtype):
    after = []
    for optimiser in (Adam(), AdamW(alpha=0.0)):
        network = sparse_network([6, 8, 3], dtype=dtype)
        X, y, _ = problem("softmax", dtype=dtype)
        with training(network, Samples(X, y), optimiser=optimiser) as running:
            losses = [next(running) for _ in range(5)]
        layers = running.state.network.layers
        after.append([losses, *(a for n in layers for a in (n.weights, n.bias))])
    for adam, adamw in zip(*after, strict=True):
        assert_close(np.array(adamw), np.array(adam), dtype)


def test_the_decay_follows_the_rate_and_not_the_batch():
    """Without gradients a weight shrinks by the rate and alpha alone."""
    numbers = 0.9, 0.999, 1e-8
    w, zero = np.array([2.0, -1.0]), np.zeros(2)
    expected, *_ = reference.adamw_step(
        w, zero, zero, zero, 1, 0.1, *numbers, alpha=0.5
    )
    assert expected.tolist() == pytest.approx([1.9, -0.95])
    for width in (1, 7, 40):
        step = AdamW(alpha=0.5).step(0.1, 1, 0.0, np.dtype("float64"))
        X, D, DX = np.zeros((1, width)), np.zeros((2, width)), np.zeros((0, width))
        weights, mean, square = w.copy(), zero.copy(), zero.copy()
        pattern = np.array([0, 2]), np.array([0, 1], np.int32)
        kernels.backward(0, 1, *pattern, weights, mean, square, X, D, DX, 1.0, step)
        assert weights.tolist() == pytest.approx([1.9, -0.95])
        assert not mean.any()
        assert not square.any()


@pytest.mark.parametrize("schedule", ["constant", "invscaling"])
def test_decayed_weights_follow_the_schedule_of_the_rate(schedule):
    """Inputs of 0 have no gradient: what becomes of their weights is decay alone."""
    network = sparse_network([6, 8, 3])
    X, y, _ = problem("softmax")
    X[:, 0] = 0
    optimiser, rate = AdamW(alpha=0.2), LearningRate(0.1, schedule, 0.5)
    first = slice(0, network.layers[0].topology.indptr[1])
    expected = network.layers[0].weights[first].copy()
    samples = Samples(X, y)
    with training(network, samples, optimiser=optimiser, learning_rate=rate) as running:
        for _ in range(4):
            expected *= 1 - 0.2 * rate.now
            next(running)
    assert_close(running.state.network.layers[0].weights[first], expected)
