"""L-BFGS: its objective, its rounds, and what is between two of them."""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
from model.cases import (
    ACTIVATIONS,
    LOSS_CASES,
    OUTPUTS,
    STATIC,
    USUAL_LOSS,
    assert_same_network,
    dense_network,
    problem,
    sparse_network,
    targets_for,
)
from reference import DenseNet, mask_of
from scipy import sparse
from scipy.optimize import minimize
from sklearn.neural_network import MLPClassifier, MLPRegressor
from training.cases import UNITS, evolution_of, nnz

from skset.model import LOSSES, Network, Reconstruction, Samples
from skset.runtime import team
from skset.runtime.team import Team
from skset.training import LBFGS, Backpropagation, Evolver, State, Training
from skset.training.lbfgs import CHUNK, Objective
from skset.training.optimisers import Accumulation

SET = evolution_of(zeta=0.4)


def objective(network, samples, loss=None, alpha=0.0, threads=None):
    """Return the function of a vector that L-BFGS makes small."""
    loss, rng = loss or USUAL_LOSS[network.output], np.random.default_rng(0)
    return Objective(
        State(network, rng, rng),
        samples,
        np.arange(samples.n_samples),
        threads or Team(),
        Backpropagation(Accumulation(1.0), loss, alpha=0.0),
        alpha,
    )


def rounds(
    network,
    samples,
    *n_iter,
    loss=None,
    alpha=0.0,
    max_fun=15000,
    tol=1e-8,
    evolution=STATIC,
    n_threads=1,
):
    """Return a training of a copy of the network in rounds of so many iterations."""
    rng = np.random.default_rng(0)
    return Training(
        State(network.copy(), rng, rng),
        samples,
        LBFGS(
            loss or USUAL_LOSS[network.output],
            alpha=alpha,
            n_iter=list(n_iter),
            max_fun=max_fun,
            tol=tol,
        ),
        Evolver(evolution, "he"),
        batch_size=samples.n_samples,
        max_epochs=len(n_iter),
        shuffle=False,
        n_threads=n_threads,
    )


def trained(*args, **options):
    """Return the network after all rounds, and the losses of all iterations."""
    losses = []
    with rounds(*args, **options) as running:
        for _ in range(running.max_epochs):
            losses += running.rule.epoch_losses(next(running))
    return running.state.network, losses


def flat(arrays, masks):
    """Return the connections of dense matrices, input by input, as one vector."""
    return np.concatenate([W[mask] for W, mask in zip(arrays, masks, strict=True)])


# The objective.


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
@pytest.mark.parametrize(("loss", "output"), LOSS_CASES, ids=str)
def test_the_gradient_is_that_of_the_loss_in_random_directions(
    loss, output, activation
):
    network = sparse_network(UNITS, activation, output)
    X, y, _ = problem(targets_for(loss, output))
    weight = np.random.default_rng(1).uniform(0, 3, len(X))
    f = objective(network, Samples(X, y, weight), loss, alpha=0.7)
    x = f.start()
    _, gradient = f(x)
    rng = np.random.default_rng(0)
    for _ in range(3):
        step = 1e-6 * rng.standard_normal(x.size)
        change = (f(x + step)[0] - f(x - step)[0]) / 2
        assert 1e6 * gradient @ step == pytest.approx(1e6 * change, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_value_and_gradient_are_those_of_the_dense_statement(
    activation, output, weighted
):
    network = sparse_network(UNITS, activation, output)
    X, y, Y = problem(output)
    weight = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)
    weight = weight if weighted else None
    f = objective(network, Samples(X, y, weight), alpha=0.7)
    value, gradient = f(f.start())
    expected, of_net = dense_objective(DenseNet(network), X, Y, weight, 0.7)
    assert value == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, of_net, atol=1e-11)


def dense_objective(net, X, Y, weight, alpha):
    """Return loss and gradient of a dense network, the loss summed over the outputs."""
    loss = net.loss(X, Y, weight, alpha)
    if net.output == "identity":
        loss += (Y.shape[1] - 1) * net.loss(X, Y, weight)
    of_W, of_b = net.gradients(X, Y, weight, alpha)
    return loss, np.concatenate([flat(of_W, net.masks), *of_b])


@pytest.mark.parametrize("n_samples", [3, 255, 256, 257, 512, 600])
@pytest.mark.parametrize("weighted", [False, True])
def test_samples_in_chunks_are_those_in_one(n_samples, weighted, monkeypatch):
    assert CHUNK == 256
    network = sparse_network(UNITS, "relu")
    X, y, _ = problem("softmax", n_samples=n_samples, n_outputs=3)
    weight = None
    if weighted:
        weight = np.random.default_rng(0).integers(0, 3, n_samples).astype(float)
        weight[0] = 1
    f = objective(network, Samples(X, y, weight), alpha=0.3)
    value, gradient = f(f.start())
    monkeypatch.setattr("skset.training.lbfgs.CHUNK", 10**6)
    whole, of_whole = f(f.start())
    assert value == pytest.approx(whole, rel=1e-12)
    np.testing.assert_allclose(gradient, of_whole, atol=1e-13)


def test_the_objective_forgets_where_it_has_been():
    network = sparse_network(UNITS)
    f = objective(network, Samples(*problem("softmax", n_samples=300)[:2]))
    value, gradient = f(f.start())
    f(f.start() + 1)
    again, of_again = f(f.start())
    assert again == value
    assert np.array_equal(of_again, gradient)
    gradient[:] = 0  # scipy may write into what it gets
    assert np.array_equal(f(f.start())[1], of_again)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_network_is_read_and_written_in_its_own_order(dtype):
    network = sparse_network(UNITS, dtype=dtype)
    f = objective(network, Samples(*problem("softmax", dtype=dtype)[:2]))
    assert f.start().dtype == np.float64
    assert_same_network(f.network_at(f.start()), network)
    assert f.network_at(f.start()).dtype == dtype


def test_sparse_samples_and_reconstructions():
    network = sparse_network([6, 5, 6], output="identity")
    X = problem("identity")[0]
    X[np.abs(X) < 0.5] = 0
    given = [Samples(X, X), Reconstruction(X), Reconstruction(sparse.csr_array(X))]
    answers = [f(f.start()) for f in (objective(network, s) for s in given)]
    for value, gradient in answers[1:]:
        assert value == answers[0][0]
        assert np.array_equal(gradient, answers[0][1])


# A round.


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_round_is_scipys_on_the_dense_statement(output):
    network = sparse_network(UNITS, "tanh", output)
    X, y, Y = problem(output)
    masks = [mask_of(layer.topology) for layer in network.layers]

    def dense(x):
        net, start = DenseNet(network), 0
        for W, mask in zip(net.W, masks, strict=True):
            W[mask] = x[start : (start := start + mask.sum())]
        for b in net.b:
            b[:] = x[start : (start := start + b.size)]
        return dense_objective(net, X, Y, None, 0.5)

    layers = network.layers
    start = np.concatenate([x.weights for x in layers] + [x.bias for x in layers])
    options = {"maxiter": 25, "gtol": 1e-8, "maxfun": 15000}
    found = minimize(dense, start, jac=True, method="L-BFGS-B", options=options)
    network, losses = trained(network, Samples(X, y), 25, alpha=0.5)
    layers = network.layers
    ours = np.concatenate([x.weights for x in layers] + [x.bias for x in layers])
    assert len(losses) == found.nit
    assert losses[-1] == pytest.approx(found.fun, rel=1e-9)
    np.testing.assert_allclose(ours, found.x, rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
@pytest.mark.parametrize(
    ("output", "n_outputs"), [("softmax", 4), ("logistic", 1), ("identity", 1)]
)
def test_with_all_connections_it_is_scikit_learns(output, n_outputs):
    X, y, _ = problem(output, n_outputs=n_outputs)
    labels = y.ravel() if n_outputs == 1 else y
    kind = MLPRegressor if output == "identity" else MLPClassifier
    given = {"activation": "tanh", "alpha": 0.3, "solver": "lbfgs", "tol": 1e-8}
    mlp = kind(
        hidden_layer_sizes=(7, 5), random_state=0, **given, warm_start=True, max_fun=1
    )
    mlp.fit(X, labels)  # so that it has weights to begin with
    mlp.set_params(max_fun=15000, max_iter=20)
    network = dense_network(mlp.coefs_, mlp.intercepts_, "tanh", output)
    network, losses = trained(network, Samples(X, y), 20, alpha=0.3)
    mlp.fit(X, labels)
    assert len(losses) == mlp.n_iter_ == 20
    assert losses[-1] == pytest.approx(mlp.loss_, rel=1e-8)
    for layer, W, b in zip(network.layers, mlp.coefs_, mlp.intercepts_, strict=True):
        np.testing.assert_allclose(layer.weights, W.ravel(), atol=1e-6)
        np.testing.assert_allclose(layer.bias, b, atol=1e-6)


def test_samples_without_weight_are_as_if_they_were_not_there():
    X, y, _ = problem("softmax")
    weight = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)
    some = weight > 0
    network = sparse_network(UNITS)
    a, losses_a = trained(network, Samples(X, y, weight), 10, alpha=0.5)
    rest = Samples(X[some], y[some], weight[some])
    b, losses_b = trained(network, rest, 10, alpha=0.5)
    assert losses_a == losses_b
    assert_same_network(a, b)


def test_integer_weights_are_repeated_samples():
    X, y, _ = problem("softmax")
    weight = np.random.default_rng(0).integers(0, 4, len(X))
    repeated = Samples(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    network = sparse_network(UNITS)
    a, losses_a = trained(network, Samples(X, y, weight.astype(float)), 10)
    b, losses_b = trained(network, repeated, 10)
    np.testing.assert_allclose(losses_a, losses_b, rtol=1e-9)
    for x, z in zip(a.layers, b.layers, strict=True):
        np.testing.assert_allclose(x.weights, z.weights, rtol=1e-5, atol=1e-7)


def test_samples_without_any_weight_change_nothing():
    X, y, _ = problem("softmax")
    network = sparse_network(UNITS)
    same, losses = trained(network, Samples(X, y, np.zeros(len(X))), 5, alpha=0.5)
    assert losses == [0]
    assert_same_network(same, network)


def test_any_number_of_threads_gives_the_same_bits(monkeypatch):
    monkeypatch.setattr(team, "MIN_WORK", 0)
    network = sparse_network([6, 40, 30, 3], "relu")
    samples = Samples(*problem("softmax", n_samples=300)[:2])
    alone, losses = trained(network, samples, 5, 5, alpha=0.1, evolution=SET)
    for n_threads in (2, 3):
        options = {"alpha": 0.1, "evolution": SET, "n_threads": n_threads}
        shared, of_shared = trained(network, samples, 5, 5, **options)
        assert of_shared == losses
        assert_same_network(shared, alone)


def test_a_network_of_float32_is_trained_in_float64():
    X, y, _ = problem("softmax", dtype="float32")
    network = sparse_network(UNITS, dtype="float32")
    found, losses = trained(network, Samples(X, y), 15, alpha=0.1)
    assert found.dtype == np.float32
    double = Network.from_csr(
        [layer.to_csr() for layer in network.layers],
        [layer.bias for layer in network.layers],
        activation=network.activation,
        output=network.output,
        dtype="float64",
    )
    _, expected = trained(double, Samples(X.astype(float), y), 15, alpha=0.1)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    assert all(a > b for a, b in pairwise(losses))


def test_a_network_of_one_layer_reaches_the_optimum():
    X, y, Y = problem("identity", n_samples=30)
    network = sparse_network([6, 3], output="identity", density=1.0)
    found, _ = trained(network, Samples(X, y), 200, tol=1e-10)
    layer = found.layers[0]
    X1 = np.c_[X, np.ones(len(X))]
    expected = np.linalg.lstsq(X1, Y, rcond=None)[0]
    np.testing.assert_allclose(layer.to_csr().toarray(), expected[:-1], atol=1e-6)
    np.testing.assert_allclose(layer.bias, expected[-1], atol=1e-6)


# When it ends.


def test_it_converges_where_no_entry_of_the_gradient_is_greater_than_tol():
    network = sparse_network(UNITS)
    samples = Samples(*problem("softmax")[:2])
    with rounds(network, samples, 500, alpha=1.0, tol=1e-3) as running:
        next(running)
    assert running.rule.converged
    assert len(running.rule.epoch_losses(0)) < 500
    f = objective(running.state.network, samples, alpha=1.0)
    assert np.abs(f(f.start())[1]).max() <= 1e-3
    with rounds(network, samples, 3, alpha=1.0, tol=1e-3) as running:
        next(running)
    assert not running.rule.converged


def test_an_optimum_stays_one():
    network = sparse_network(UNITS)
    samples = Samples(*problem("softmax")[:2])
    same, losses = trained(network, samples, 10, tol=1e9)
    assert_same_network(same, network)
    assert losses == [objective(network, samples)(flat_of(network))[0]]


def flat_of(network):
    layers = network.layers
    return np.concatenate([x.weights for x in layers] + [x.bias for x in layers])


def test_max_fun_counts_the_evaluations_of_all_rounds():
    network = sparse_network(UNITS)
    samples = Samples(*problem("softmax")[:2])
    with rounds(network, samples, 5, 50, max_fun=15, evolution=SET) as running:
        assert not running.rule.has_ended
        next(running)
        assert not running.rule.has_ended
        next(running)
    assert running.rule.has_ended
    assert not running.rule.converged
    assert 1 <= len(running.rule.epoch_losses(0)) <= 15


def test_a_loss_that_is_not_finite_is_refused():
    network = sparse_network(UNITS, output="identity")
    X, y, _ = problem("identity")
    with (
        rounds(network, Samples(X, y * 1e200), 5) as running,
        pytest.raises(ValueError, match="non-finite loss in epoch 1"),
    ):
        next(running)


def test_a_loss_that_does_not_go_with_the_output_is_refused_before_any_round():
    network = sparse_network(UNITS)
    samples = Samples(*problem("softmax")[:2])
    with pytest.raises(ValueError, match="SquaredError goes with the outputs"):
        rounds(network, samples, 5, loss=LOSSES["squared_error"]())


@dataclass(frozen=True)
class Interrupting(LOSSES["log_loss"]):
    """A loss at whose tenth call somebody hits Ctrl-C."""

    calls: ClassVar[list] = []

    def __call__(self, Z, Y, weight):
        self.calls.append(None)
        if len(self.calls) == 10:
            raise KeyboardInterrupt
        return super().__call__(Z, Y, weight)


def test_an_interrupt_in_a_round_leaves_the_network_before_it():
    Interrupting.calls.clear()
    network = sparse_network(UNITS)
    samples = Samples(*problem("softmax")[:2])
    with rounds(network, samples, 3, 50, loss=Interrupting()) as running:
        next(running)
        before, steps = running.state.network.copy(), running.state.steps
        with pytest.raises(KeyboardInterrupt):
            next(running)
        assert len(Interrupting.calls) == 10
    assert_same_network(running.state.network, before)
    assert running.state.steps == steps == 1


# Between rounds.


@pytest.mark.parametrize("method", ["set", "rigl", "mest", "ctre", "gse"])
def test_the_topology_evolves_between_rounds(method):
    network = sparse_network([6, 20, 15, 3], "relu", density=0.4)
    samples = Samples(*problem("softmax", n_samples=100)[:2])
    evolution = evolution_of(method)
    with rounds(network, samples, 5, 5, 5, evolution=evolution) as running:
        next(running)
        first = running.state.network.copy()
        assert nnz(first) == nnz(network)
        for before, after in zip(network.layers, first.layers, strict=True):
            assert before.topology is after.topology
        running.evolve()
        evolved = running.state.network
        assert nnz(evolved) == nnz(network)
        for before, after in zip(first.layers, evolved.layers, strict=True):
            assert np.array_equal(before.bias, after.bias)
            old, new = before.to_csr().toarray(), after.to_csr().toarray()
            assert np.isin(new[new != 0], old).mean() >= 0.5  # some may be newborn
        assert any(
            a.topology is not b.topology
            for a, b in zip(first.layers, evolved.layers, strict=True)
        )
        start = objective(evolved, samples)(flat_of(evolved))[0]
        assert next(running) < start
    assert nnz(running.state.network) == nnz(network)


def test_rounds_without_evolution_are_rounds_of_one_network():
    """What is lost in between is only what the method remembers."""
    network = sparse_network(UNITS)
    samples = Samples(*problem("softmax")[:2])
    two, losses = trained(network, samples, 5, 5, alpha=0.1)
    one, of_one = trained(network, samples, 5, alpha=0.1)
    again, of_again = trained(one, samples, 5, alpha=0.1)
    assert losses == of_one + of_again
    assert_same_network(two, again)
