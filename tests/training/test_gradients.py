"""The gradient of whole networks, seen as what one plain step changes."""

from itertools import chain

import numpy as np
import pytest
from model.cases import (
    ACTIVATIONS,
    LOSS_CASES,
    OUTPUTS,
    dense_network,
    problem,
    sparse_network,
    targets_for,
    training,
)
from reference import DenseNet, assert_close

from skset.model import LOSSES, Samples
from skset.training import SGD, Adam, AdamW, LearningRate

RATE = 1e-2
UNITS = [6, 8, 7, 5, 3]
MIXED = ("all_relu", "gelu", "tanh")


def steps(before, after):
    """Return what each W and each b changed by, over the negative rate."""
    pairs = list(zip(before.layers, after.layers, strict=True))
    return (
        [(a.weights - b.weights) / RATE for a, b in pairs],
        [(a.bias - b.bias) / RATE for a, b in pairs],
    )


def one_step(network, samples, **options):
    with training(network, samples, learning_rate=RATE, **options) as running:
        loss = next(running)
    return running, loss


@pytest.mark.parametrize("activation", [*ACTIVATIONS, MIXED])
@pytest.mark.parametrize("output", OUTPUTS)
def test_every_connections_gradient(activation, output):
    network = sparse_network(UNITS, activation, output)
    X, y, Y = problem(output)
    weight = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)
    running, loss = one_step(network, Samples(X, y, weight), alpha=0.7)
    net = DenseNet(network)
    assert loss == pytest.approx(net.loss(X, Y, weight, alpha=0.7), rel=1e-12)
    of_W, of_b = steps(network, running.state.network)
    expected_W, expected_b = net.gradients(X, Y, weight, alpha=0.7)
    for actual, expected, mask in zip(of_W, expected_W, net.masks, strict=True):
        np.testing.assert_allclose(actual, expected[mask], atol=1e-11)
    for actual, expected in zip(of_b, expected_b, strict=True):
        np.testing.assert_allclose(actual, expected, atol=1e-11)


def flat(network):
    """Return all weights, and all biases after them."""
    layers = network.layers
    return np.concatenate([x.weights for x in layers] + [x.bias for x in layers])


def moved(network, change):
    """Return a copy of the network whose flat arrays are changed."""
    network, start = network.copy(), 0
    for name in ("weights", "bias"):
        for layer in network.layers:
            array = getattr(layer, name)
            array += change[start : start + array.size]
            start += array.size
    return network


def gradient(network, samples, loss):
    """Return the flat gradient, seen as a plain step."""
    running, _ = one_step(network, samples, loss=loss)
    return (flat(network) - flat(running.state.network)) / RATE


@pytest.mark.parametrize("activation", [*ACTIVATIONS, MIXED])
@pytest.mark.parametrize(("loss", "output"), LOSS_CASES, ids=str)
def test_the_loss_changes_as_the_gradient_says_in_random_directions(
    activation, loss, output
):
    network = sparse_network(UNITS, activation, output)
    X, y, _ = problem(targets_for(loss, output))
    samples = Samples(X, y)
    found = gradient(network, samples, loss)
    rng = np.random.default_rng(0)
    for _ in range(3):
        step = 1e-6 * rng.standard_normal(found.size)
        above, below = (moved(network, by).loss(samples, loss) for by in (step, -step))
        change = (above - below) / 2
        if isinstance(loss, LOSSES["squared_error"]):
            change *= 3  # scikit-learn's gradient is that of the sum over the outputs
        assert 1e6 * found @ step == pytest.approx(1e6 * change, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(
    "optimiser", [SGD(), SGD(0.5, nesterov=False), Adam()], ids=str
)
@pytest.mark.parametrize("activation", [*ACTIVATIONS, MIXED])
@pytest.mark.parametrize(("loss", "output"), LOSS_CASES, ids=str)
def test_the_steps_of_every_loss_activation_and_optimiser(
    loss, output, activation, optimiser
):
    """They are the textbook's, with the gradient that the test above looks at."""
    network = sparse_network(UNITS, activation, output)
    network.layers[-1].weights[:] *= 0.1  # exp of large sums would soon overflow
    X, y, _ = problem(targets_for(loss, output))
    samples = Samples(X, y)
    expected = flat(network)
    moments = [np.zeros_like(expected) for _ in range(optimiser.n_moments)]
    given = {"optimiser": optimiser, "loss": loss, "learning_rate": RATE}
    with training(network, samples, **given) as running:
        for t in (1, 2, 3):
            g = gradient(moved(network, expected - flat(network)), samples, loss)
            expected, *moments = textbook_step(optimiser, expected, moments, g, t, RATE)
            next(running)
    np.testing.assert_allclose(flat(running.state.network), expected, atol=1e-8)
    assert np.abs(expected - flat(network)).max() > 1e-3


@pytest.mark.parametrize("activation", [*ACTIVATIONS, MIXED])
@pytest.mark.parametrize("output", ["softmax", "identity"])
def test_dropout_forward_and_backward(activation, output):
    network = sparse_network(UNITS, activation, output)
    X, y, Y = problem(output)
    running, loss = one_step(network, Samples(X, y), dropout=0.4, alpha=0.1)
    masks = [mask.T for mask in running.rule._workspaces[len(X)].masks]
    for mask in masks:
        assert set(np.unique(mask)) == {0, 1 / 0.6}
        assert 0.4 < (mask == 0).mean() + 0.15 < 0.7
    net = DenseNet(network)
    expected = net.loss(X, Y, alpha=0.1, dropout=masks)
    assert loss == pytest.approx(expected, rel=1e-12)
    assert loss != pytest.approx(net.loss(X, Y, alpha=0.1), rel=1e-3)
    of_W, of_b = steps(network, running.state.network)
    expected_W, expected_b = net.gradients(X, Y, alpha=0.1, dropout=masks)
    for actual, expected, mask in zip(of_W, expected_W, net.masks, strict=True):
        np.testing.assert_allclose(actual, expected[mask], atol=1e-11)
    for actual, expected in zip(of_b, expected_b, strict=True):
        np.testing.assert_allclose(actual, expected, atol=1e-11)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_drops_its_share_and_no_more(dtype):
    network = sparse_network([6, 200, 100, 3], dtype=dtype, density=0.1)
    X, y, _ = problem("softmax", n_samples=200, dtype=dtype)
    running, _ = one_step(network, Samples(X, y), dropout=0.3)
    for mask in running.rule._workspaces[200].masks:
        assert mask.dtype == dtype
        assert (mask == 0).mean() == pytest.approx(0.3, abs=0.02)
        assert mask.mean() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    "optimiser",
    [SGD(), SGD(0.5, nesterov=False), Adam(), AdamW(alpha=0.2)],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_many_steps_of_a_sparse_network(optimiser, dtype):
    network = sparse_network([6, 8, 3], "relu", "softmax", dtype)
    X, y, Y = problem("softmax", dtype=dtype)
    net = DenseNet(network)
    state = [
        [np.zeros_like(p) for _ in range(optimiser.n_moments)] for p in net.W + net.b
    ]
    alpha = 0.0 if isinstance(optimiser, AdamW) else 0.2
    with training(network, Samples(X, y), optimiser=optimiser, alpha=alpha) as running:
        for t in range(1, 21):
            next(running)
            parameters, gradients = (
                net.W + net.b,
                chain(*net.gradients(X, Y, alpha=alpha)),
            )
            for p, g, moments in zip(parameters, gradients, state, strict=True):
                if isinstance(optimiser, AdamW) and p.ndim == 2:  # no bias decays
                    p -= 0.1 * optimiser.alpha * p
                p[...], *moments[:] = textbook_step(optimiser, p, moments, g, t)
    for layer, W, b, mask in zip(
        running.state.network.layers, net.W, net.b, net.masks, strict=True
    ):
        assert_close(layer.weights, W[mask], factor=10)
        assert_close(layer.bias, b, factor=10)


def textbook_step(optimiser, p, moments, g, t, rate=0.1):
    """Kingma and Ba's algorithm 1, and Sutskever's momentum."""
    if isinstance(optimiser, Adam):
        m = optimiser.beta_1 * moments[0] + (1 - optimiser.beta_1) * g
        v = optimiser.beta_2 * moments[1] + (1 - optimiser.beta_2) * g**2
        c_1, c_2 = 1 - optimiser.beta_1**t, 1 - optimiser.beta_2**t
        epsilon = optimiser.epsilon / np.sqrt(c_2)  # section 2's order of computation
        return p - rate * (m / c_1) / (np.sqrt(v / c_2) + epsilon), m, v
    v = optimiser.momentum * moments[0] - rate * g
    return p + (optimiser.momentum * v - rate * g if optimiser.nesterov else v), v


def test_a_3_2_1_network_by_hand():
    """x = (1, 2, -1), y = 1; tanh-free so that every number can be done on paper.

    z1 = 1*0.5 + 2*0.25 = 1.0, plus bias -0.5 = 0.5, relu 0.5
    z2 = 2*(-1) + (-1)*(-3) = 1.0, plus bias 0.25 = 1.25, relu 1.25
    z = 0.5*2 + 1.25*(-0.4) + 0.3 = 0.8, loss = (0.8 - 1)^2 / 2 = 0.02
    d = -0.2, d1 = -0.2*2 = -0.4, d2 = -0.2*(-0.4) = 0.08
    Gradients: outer weights d*(0.5, 1.25), inner x_i d_j.
    """
    hidden = np.array([[0.5, 0.0], [0.25, -1.0], [0.0, -3.0]])
    network = dense_network(
        [hidden, np.array([[2.0], [-0.4]])],
        [np.array([-0.5, 0.25]), np.array([0.3])],
        "relu",
        "identity",
    )
    keep = network.layers[0].weights != 0
    topology = network.layers[0].topology.kept(keep)[0]
    first = type(network.layers[0])(
        topology, network.layers[0].weights[keep], network.layers[0].bias
    )
    network = network.with_layers([first, network.layers[1]])
    samples = Samples(np.array([[1.0, 2, -1]]), np.array([[1.0]]))
    assert network.nnz == 6
    assert network.weighted_sums(samples) == pytest.approx(0.8)
    with training(network, samples, learning_rate=LearningRate(0.1)) as running:
        assert next(running) == pytest.approx(0.02)
    one, two = running.state.network.layers
    # By input: (0,0), (1,0), (1,1), (2,1).
    expected = [0.5 + 0.04, 0.25 + 0.08, -1 - 0.016, -3 + 0.008]
    assert one.weights.tolist() == pytest.approx(expected)
    assert one.bias.tolist() == pytest.approx([-0.5 + 0.04, 0.25 - 0.008])
    assert two.weights.tolist() == pytest.approx([2 + 0.01, -0.4 + 0.025])
    assert two.bias.tolist() == pytest.approx([0.3 + 0.02])
    # And the second network's prediction: 0.54 + 0.66 - 0.46 = 0.74;
    # 2 * -1.016 + 2.992 + 0.242 = 1.202; 0.74*2.01 - 1.202*0.375 + 0.32 = 1.35665.
    assert running.state.network.weighted_sums(samples) == pytest.approx(1.35665)
