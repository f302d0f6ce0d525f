"""Small networks and trainings, and problems for every output function."""

from itertools import pairwise

import numpy as np
from reference import one_hot

from skset.model import LOSSES, RBM, Layer, Network, Samples
from skset.strategies import METHODS
from skset.topology import Topology, random_topology
from skset.training import (
    SGD,
    Backpropagation,
    ContrastiveDivergence,
    DensityGoal,
    Evolver,
    LearningRate,
    State,
    Training,
)

STATIC = METHODS["static"].evolution()
SCIKIT_LEARNS = ["identity", "logistic", "tanh", "relu"]
ACTIVATIONS = [
    *(*SCIKIT_LEARNS, "leaky_relu", "all_relu"),
    *("elu", "selu", "gelu", "silu", "softplus"),
]
OUTPUTS = ["identity", "logistic", "softmax", "exp"]
# The loss that scikit-learn's MLP has for each output.
USUAL_LOSS = {
    "identity": LOSSES["squared_error"](),
    "logistic": LOSSES["log_loss"](),
    "softmax": LOSSES["log_loss"](),
    "exp": LOSSES["poisson"](),
}
# Every loss with every output that it goes with.
LOSS_CASES = [
    *(
        (LOSSES["squared_error"](), "identity"),
        (LOSSES["absolute_error"](), "identity"),
    ),
    *((LOSSES["huber"](delta), "identity") for delta in (0.5, 1.0)),
    *((LOSSES["quantile"](q), "identity") for q in (0.2, 0.5, 0.9)),
    *((LOSSES["poisson"](), "exp"), (LOSSES["gamma"](), "exp")),
    *((LOSSES["log_loss"](s), "logistic") for s in (0.0, 0.2)),
    *((LOSSES["log_loss"](s), "softmax") for s in (0.0, 0.2)),
]


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


def machine_on(mask, dtype="float64", scale=1.0, seed=0):
    """Return a random Boltzmann machine with connections where the mask is True."""
    rng = np.random.default_rng(seed)
    topology = Topology.from_positions(mask.shape, np.flatnonzero(mask))
    means = rng.uniform(0.2, 0.8, mask.shape[0]).astype(dtype)
    machine = RBM.initial(topology, rng, means, weight_init="normal", scale=10 * scale)
    machine.layer.bias[:] = 0.5 * rng.standard_normal(mask.shape[1])
    return machine


def sparse_machine(shape=(6, 5), dtype="float64", density=0.5, seed=0):
    """Return a Boltzmann machine with random connections."""
    size = shape[0] * shape[1]
    places = np.random.default_rng(seed).permutation(size).reshape(shape)
    return machine_on(places < round(density * size), dtype, seed=seed)


def binary(n_samples=23, n_features=6, dtype="float64", seed=1):
    """Return samples of zeros and ones, of which no two features are alike."""
    rng = np.random.default_rng(seed)
    means = np.linspace(0.2, 0.8, n_features)
    return (rng.random((n_samples, n_features)) < means).astype(dtype)


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
        "positive": rng.gamma(1.5, size=(n_samples, n_outputs)),
    }[output].astype(dtype)
    return X, Y, Y.astype("float64")


def targets_for(loss, output):
    """Return the name of the problem whose targets a loss takes."""
    return "positive" if isinstance(loss, LOSSES["gamma"]) else output


def training(
    network,
    samples,
    *,
    loss=None,
    dropout=0.0,
    noise=None,
    max_norm=None,
    halves=False,
    **given,
):
    """Return a training of a copy of the network; a number is a constant rate."""
    loss = loss or USUAL_LOSS[network.output]

    def rule(optimiser, alpha):
        options = {"alpha": alpha, "dropout": dropout, "noise": noise}
        options |= {"max_norm": max_norm, "halves": halves}
        return Backpropagation(optimiser, loss, **options)

    return _begun(rule, network, samples, **{"weight_init": "he"} | given)


def divergence(
    machine, samples, *, n_gibbs=1, persistent=False, n_chains=None, **given
):
    """Return a training of a copy of the machine, as above."""

    def rule(optimiser, alpha):
        return ContrastiveDivergence(
            optimiser,
            alpha=alpha,
            n_gibbs=n_gibbs,
            persistent=persistent,
            n_chains=n_chains,
        )

    return _begun(rule, machine, samples, **{"weight_init": "normal"} | given)


def _begun(
    rule,
    network,
    samples,
    *,
    weight_init,
    optimiser=None,
    learning_rate=0.1,
    evolution=STATIC,
    alpha=0.0,
    edge_scale=1.0,
    final_density=None,
    final_nnz=None,
    unit_pruning=None,
    seed=0,
    state=None,
    **options,
):
    """Return a training; a state that is given goes on with the network given."""
    if not isinstance(learning_rate, LearningRate):
        learning_rate = LearningRate(learning_rate)
    if state is None:
        rng = np.random.default_rng(seed)
        state = State(None, rng, rng)
    state.network, state.learning_rate = network.copy(at_rest=False), learning_rate
    goal = None
    if final_density is not None:
        n_possible = network.n_possible
        goal = DensityGoal(final_density, final_nnz or final_density * n_possible)
    evolver = Evolver(
        evolution,
        weight_init,
        edge_scale=edge_scale,
        goal=goal,
        unit_pruning=unit_pruning,
    )
    defaults = {"batch_size": samples.n_samples, "shuffle": False, "max_epochs": 10}
    return Training(
        state,
        samples,
        rule(optimiser or SGD(momentum=0.0, nesterov=False), alpha),
        evolver,
        **defaults | options,
    )


def epochs(n, *args, begin=training, **kwargs):
    """Train n epochs; return the network and the losses."""
    with begin(*args, **kwargs) as running:
        losses = [next(running) for _ in range(n)]
    return running.state.network, losses


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


def assert_same_machine(a, b):
    """Hold that two Boltzmann machines and their chains are the same bit for bit."""
    assert_same_network(a, b)
    assert np.array_equal(a.visible_bias, b.visible_bias)
    assert (a.chains is None) == (b.chains is None)
    assert a.chains is None or np.array_equal(a.chains, b.chains)


def steps_before_evolutions(running, n_epochs):
    """Train so many epochs; return after how many steps each evolution came."""
    evolved_before, original = [], running.evolve

    def evolve(regrow=True):
        evolved_before.append(running.state.steps)
        original(regrow)

    running.evolve = evolve
    for _ in range(n_epochs):
        next(running)
    return evolved_before
