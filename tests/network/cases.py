"""Small networks and trainings, and problems for every output function."""

from itertools import pairwise

import numpy as np
from reference import one_hot

from skset.network import (
    SGD,
    Layer,
    LearningRate,
    Network,
    Samples,
    Training,
    TrainingOptions,
)
from skset.strategies import METHODS
from skset.topology import Topology, random_topology

STATIC = METHODS["static"].evolution()
ACTIVATIONS = ["identity", "logistic", "tanh", "relu", "leaky_relu", "all_relu"]
OUTPUTS = ["identity", "logistic", "softmax", "exp"]


def full_topology(shape):
    return Topology.from_positions(shape, np.arange(shape[0] * shape[1]))


def dense_network(coefs, intercepts, activation, output):
    """Return a network with all connections, given scikit-learn's matrices."""
    layers = tuple(
        Layer(full_topology(W.shape), W.flatten(), b.copy())
        for W, b in zip(coefs, intercepts, strict=True)
    )
    return Network(layers, activation, 0.0, output)


def sparse_network(
    units, activation="tanh", output="softmax", dtype="float64", density=0.5, seed=0
):
    """Return a random network whose biases are not 0 either."""
    rng = np.random.default_rng(seed)
    topologies = [
        random_topology(shape, max(1, round(density * shape[0] * shape[1])), rng)
        for shape in pairwise(units)
    ]
    network = Network.initial(
        topologies,
        "he",
        rng,
        dtype,
        activation=activation,
        negative_slope=0.3,
        output=output,
    )
    for layer in network.layers:
        layer.bias[:] = 0.3 * rng.standard_normal(layer.bias.size)
    return network


def problem(output, n_samples=23, n_features=6, n_outputs=3, dtype="float64", seed=1):
    """Return X, the targets as Samples wants them, and as a matrix."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features)).astype(dtype)
    if output == "softmax":
        y = rng.integers(n_outputs, size=n_samples)
        y[:n_outputs] = np.arange(n_outputs)
        return X, y, one_hot(y, n_outputs)
    Y = {
        "identity": rng.standard_normal((n_samples, n_outputs)),
        "logistic": rng.integers(2, size=(n_samples, n_outputs)),
        "exp": rng.poisson(1.5, (n_samples, n_outputs)),
    }[output].astype(dtype)
    return X, Y, Y.astype("float64")


def training(
    network,
    samples,
    *,
    optimiser=None,
    learning_rate=0.1,
    evolution=STATIC,
    seed=0,
    progress=None,
    **options,
):
    """Return a training of a copy of the network; a number is a constant rate."""
    if not isinstance(learning_rate, LearningRate):
        learning_rate = LearningRate(learning_rate)
    defaults = {
        "batch_size": samples.n_samples,
        "shuffle": False,
        "alpha": 0.0,
        "dropout": 0.0,
        "max_epochs": 10,
        "weight_init": "he",
    }
    return Training(
        network.copy(),
        samples,
        optimiser or SGD(momentum=0.0, nesterov=False),
        learning_rate,
        evolution,
        TrainingOptions(**defaults | options),
        np.random.default_rng(seed),
        progress,
    )


def epochs(n, *args, **kwargs):
    """Train n epochs; return the network and the losses."""
    with training(*args, **kwargs) as running:
        losses = [next(running) for _ in range(n)]
    return running.network, losses


def samples_of(output, **kwargs):
    X, y, _ = problem(output, **kwargs)
    return Samples(X, y)


def assert_same_network(a, b):
    """Hold that two networks are the same bit for bit."""
    for x, y in zip(a.layers, b.layers, strict=True):
        assert np.array_equal(x.topology.indptr, y.topology.indptr)
        assert np.array_equal(x.topology.indices, y.topology.indices)
        assert np.array_equal(x.weights, y.weights)
        assert np.array_equal(x.bias, y.bias)
