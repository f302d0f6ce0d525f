"""Steps along gradients whose norm is bounded."""

import numpy as np
import pytest
from model.cases import problem, samples_of, sparse_network, training
from reference import DenseNet, mask_of

from skset.model import Samples
from skset.strategies import METHODS
from skset.training import SGD, Adam, AdamW

UNITS = [6, 30, 20, 3]
SET = METHODS["set"].evolution(zeta=0.4)
optimisers = pytest.mark.parametrize(
    "optimiser", [SGD(), SGD(0.5, nesterov=False), Adam(), AdamW(alpha=0.1)], ids=str
)


def flat(network):
    return np.concatenate(
        [part for layer in network.layers for part in (layer.weights, layer.bias)]
    )


def trained(n_steps=4, dtype="float64", **given):
    X, y, _ = problem("softmax", dtype=dtype)
    network = sparse_network(UNITS, dtype=dtype)
    with training(network, Samples(X, y), batch_size=10, **given) as running:
        losses = [next(running) for _ in range(n_steps)]
    return flat(running.state.network), losses


@optimisers
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_bound_that_is_never_reached_changes_nothing(optimiser, dtype):
    alpha = 0.0 if isinstance(optimiser, AdamW) else 0.3
    given = {"optimiser": optimiser, "alpha": alpha, "dtype": dtype}
    plain, losses = trained(**given)
    clipped, others = trained(max_norm=1e9, **given)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(clipped, plain, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(others, losses, rtol=tolerance)


@pytest.mark.parametrize("max_norm", [1e-3, 0.1])
@pytest.mark.parametrize("alpha", [0.0, 2.0])
def test_a_plain_step_is_as_long_as_the_bound(max_norm, alpha):
    """And goes along the whole gradient, the penalty included."""
    X, y, Y = problem("softmax")
    network = sparse_network(UNITS)
    of_W, of_b = DenseNet(network).gradients(X, Y, alpha=alpha)
    masks = [mask_of(layer.topology) for layer in network.layers]
    gradient = np.concatenate(
        [
            part
            for W, b, mask in zip(of_W, of_b, masks, strict=True)
            for part in (W[mask], b)
        ]
    )
    assert np.linalg.norm(gradient) > max_norm
    with training(
        network, Samples(X, y), learning_rate=1.0, alpha=alpha, max_norm=max_norm
    ) as running:
        next(running)
    step = flat(network) - flat(running.state.network)
    expected = gradient * (max_norm / np.linalg.norm(gradient))
    np.testing.assert_allclose(step, expected, atol=1e-12)


def test_a_gradient_below_the_bound_is_not_scaled_up():
    X, y, Y = problem("softmax")
    network = sparse_network(UNITS)
    of_W, _ = DenseNet(network).gradients(X, Y)
    with training(network, Samples(X, y), learning_rate=1.0, max_norm=1e3) as running:
        next(running)
    moved = network.layers[0].weights - running.state.network.layers[0].weights
    np.testing.assert_allclose(moved, of_W[0][mask_of(network.layers[0].topology)])


@optimisers
def test_it_goes_with_evolution_dropout_and_batches_of_every_width(optimiser):
    given = {"optimiser": optimiser, "evolution": SET, "dropout": 0.2, "batch_size": 7}
    network = sparse_network(UNITS)
    with training(network, samples_of("softmax"), max_norm=0.5, **given) as running:
        losses = [next(running) for _ in range(8)]
    assert losses[-1] < losses[0]
    assert running.state.network.nnz == network.nnz


@pytest.mark.parametrize("n_threads", [2, 3])
def test_threads_change_no_bit(n_threads, monkeypatch):
    from skset.runtime import team

    monkeypatch.setattr(team, "MIN_WORK", 1)
    one, _ = trained(max_norm=0.1, optimiser=Adam())
    more, _ = trained(max_norm=0.1, optimiser=Adam(), n_threads=n_threads)
    assert np.array_equal(one, more)


def test_weights_do_not_move_before_the_norm_is_known():
    """What AdamW takes away by itself is not clipped."""
    X, y, _ = problem("softmax")
    network = sparse_network(UNITS)
    given = {"optimiser": AdamW(alpha=0.5), "learning_rate": 0.1}
    with training(network, Samples(X, y), max_norm=1e-30, **given) as running:
        next(running)
    for before, after in zip(network.layers, running.state.network.layers, strict=True):
        np.testing.assert_allclose(after.weights, 0.95 * before.weights, atol=1e-9)
