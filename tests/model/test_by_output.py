import numpy as np
import pytest
from model.cases import (
    ACTIVATIONS,
    OUTPUTS,
    USUAL_LOSS,
    problem,
    sparse_machine,
    sparse_network,
)

import skset.model.stack as module
from skset.model import RBM, Layer, Network, Reconstruction, Samples
from skset.model.by_output import LayerByOutput
from skset.runtime import team
from skset.runtime.team import Team
from skset.topology import Topology

UNITS = [6, 9, 7, 3]

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def wide_network(n_features):
    topology = Topology.empty((n_features, 10))
    layer = Layer(topology, np.empty(0, np.float32), np.zeros(10, np.float32))
    return Network((layer,), "relu", 0.0, "identity")


def by_output(network):
    return network.with_layers(LayerByOutput.of(layer) for layer in network.layers)


@dtypes
@pytest.mark.parametrize("activation", [*ACTIVATIONS, ("all_relu", "silu")])
def test_it_gives_the_bits_of_the_layer(activation, dtype):
    network = sparse_network(UNITS, activation, dtype=dtype)
    samples = Samples(problem("softmax", n_samples=150, dtype=dtype)[0])
    expected = network.weighted_sums(samples)
    assert np.array_equal(by_output(network).weighted_sums(samples), expected)


@pytest.mark.parametrize("n_threads", [2, 3])
def test_threads_change_no_bit(n_threads, monkeypatch):
    monkeypatch.setattr(team, "MIN_WORK", 0)
    (layer,) = sparse_network([30, 20]).layers
    X = np.random.default_rng(0).standard_normal((30, 64))
    alone, shared = np.empty((2, 20, 64))
    layer.forward(X, alone, Team(), 0.3)
    with Team(n_threads) as workers:
        LayerByOutput.of(layer).forward(X, shared, workers, 0.3)
    assert np.array_equal(alone, shared)


@dtypes
@pytest.mark.parametrize("output", OUTPUTS)
def test_the_loss_has_the_same_bits_with_and_without(output, dtype, monkeypatch):
    network, loss = (
        sparse_network(UNITS, output=output, dtype=dtype),
        USUAL_LOSS[output],
    )
    X, y, _ = problem(output, n_samples=300, n_outputs=3, dtype=dtype)
    expected = network.loss(Samples(X, y), loss)
    assert np.isfinite(expected)
    for many, near in ((1, module.NEAR_BYTES), (512, 1), (1, 1)):
        monkeypatch.setattr(module, "MANY", many)
        monkeypatch.setattr(module, "NEAR_BYTES", near)
        assert network.loss(Samples(X, y), loss) == expected


def test_the_loss_of_a_reconstruction_has_the_same_bits(monkeypatch):
    network, loss = sparse_network([6, 9, 6], output="identity"), USUAL_LOSS["identity"]
    samples = Reconstruction(problem("identity", n_samples=300)[0])
    expected = network.loss(samples, loss)
    monkeypatch.setattr(module, "MANY", 1)
    monkeypatch.setattr(module, "NEAR_BYTES", 1)
    assert network.loss(samples, loss) == expected


@dtypes
@pytest.mark.parametrize(
    "answer", [RBM.mean_hiddens, RBM.reconstructed, RBM.pseudo_log_likelihood]
)
def test_answers_of_a_machine_have_the_same_bits(answer, dtype, monkeypatch):
    machine = sparse_machine(dtype=dtype)
    X = np.random.default_rng(0).random((300, machine.n_units[0])).astype(dtype)
    expected = machine.by_sample(Samples(X), float, answer)
    monkeypatch.setattr(module, "MANY", 1)
    assert np.array_equal(machine.by_sample(Samples(X), float, answer), expected)


@pytest.mark.parametrize("width", [1, 16, 31, 33, 63, 65])
def test_other_numbers_of_samples_are_for_the_layer(width):
    (layer,) = sparse_network([30, 20]).layers
    X = np.random.default_rng(0).standard_normal((30, width))
    Z, expected = np.empty((2, 20, width))
    layer.forward(X, expected, Team(), 0.3)
    LayerByOutput.of(layer).forward(X, Z, Team(), 0.3)
    assert np.array_equal(Z, expected)


@pytest.mark.parametrize(
    ("n_features", "n_samples", "widths"),
    [
        (6, 5, [5]),
        (6, 32, [32]),
        (6, 2100, [1024, 1024, 32, 20]),
        (6000, 100, [64, 32, 4]),
        (6000, 300, [64] * 4 + [32, 12]),
        (530_000, 40, [16, 16, 8]),
    ],
)
def test_samples_are_cut_into_chunks(n_features, n_samples, widths):
    network = wide_network(n_features)
    for start in (0, 7):
        cuts = network._cuts(start, start + n_samples)
        assert (cuts[0], cuts[-1]) == (start, start + n_samples)
        assert np.diff(cuts).tolist() == widths


@pytest.mark.parametrize(
    ("n_features", "least"), [(6, 512), (16_390, 512), (32_000, 1000)]
)
def test_only_many_samples_are_worth_the_copy(n_features, least):
    network = wide_network(n_features)
    assert network.for_many(least - 1) is network
    (layer,) = network.for_many(least).layers
    assert isinstance(layer, LayerByOutput)
    assert layer.weights is network.layers[0].weights
    beyond = wide_network(530_000)
    assert beyond.for_many(10**9) is beyond


@pytest.mark.parametrize(
    ("n_features", "width"),
    [(6, 1024), (500, 768), (6000, 64), (30_000, 32), (520_000, 32), (530_000, 16)],
)
def test_so_many_samples_are_passed_at_once(n_features, width):
    assert wide_network(n_features)._near_width() == width


def test_a_prediction_leaves_the_network_alone():
    network = sparse_network(UNITS)
    layers = network.layers
    network.weighted_sums(Samples(problem("softmax", n_samples=600)[0]))
    assert network.layers is layers
    assert {type(layer) for layer in layers} == {Layer}
