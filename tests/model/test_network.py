import pickle
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from model.cases import (
    ACTIVATIONS,
    OUTPUTS,
    USUAL_LOSS,
    assert_same_network,
    problem,
    sparse_machine,
    sparse_network,
)
from reference import DenseNet, assert_close
from scipy import sparse
from threadpoolctl import threadpool_limits

import skset.model.stack as module
from skset.model import Activation, Layer, Network, Reconstruction, Samples
from skset.model.activations import LeakyReLU
from skset.topology import Topology

UNITS = [6, 9, 7, 3]


@dataclass(frozen=True)
class Cube(Activation):
    def apply(self, Z, A):
        np.power(Z, 3, out=A)

    def multiply_derivative(self, Z, A, D):
        D *= 3 * Z**2


dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


@dtypes
@pytest.mark.parametrize("activation", [*ACTIVATIONS, ("all_relu", "silu")])
@pytest.mark.parametrize("n_samples", [1, 15, 16, 300])
def test_weighted_sums_are_those_of_the_dense_network(activation, dtype, n_samples):
    network = sparse_network(UNITS, activation, dtype=dtype)
    X, _, _ = problem("softmax", n_samples=n_samples, n_outputs=1, dtype=dtype)
    Z = network.weighted_sums(Samples(X))
    assert Z.dtype == dtype
    assert Z.shape == (3, n_samples)
    assert_close(Z.T, DenseNet(network).forward(X.astype(float))[0][-1], dtype)


@dtypes
def test_a_sample_gets_the_same_bits_whatever_the_others(dtype, monkeypatch):
    network = sparse_network([40, 90, 70, 3], "tanh", dtype=dtype)
    X = problem("softmax", n_samples=300, n_features=40, dtype=dtype)[0]
    together = network.weighted_sums(Samples(X))
    some = [0, 7, 15, 16, 100, 255, 256, 299]
    for s in some:
        alone = network.weighted_sums(Samples(X[s : s + 1]))
        assert np.array_equal(alone[:, 0], together[:, s])
    assert np.array_equal(network.weighted_sums(Samples(X[some])), together[:, some])
    for near_bytes, many in product((1, 1 << 16), (1, 512)):
        monkeypatch.setattr(module, "NEAR_BYTES", near_bytes)
        monkeypatch.setattr(module, "MANY", many)
        assert np.array_equal(network.weighted_sums(Samples(X)), together)


@pytest.mark.parametrize(
    ("n_features", "width"), [(6, 256), (20_000, 208), (300_000, 16)]
)
def test_a_chunk_fits_its_budget_in_whole_lanes(n_features, width):
    topology = Topology.empty((n_features, 10))
    layer = Layer(topology, np.empty(0, np.float32), np.zeros(10, np.float32))
    network = Network((layer,), "relu", 0.0, "identity")
    assert network._chunk_width() == width
    assert width == 16 or width * (n_features + 10) * 4 <= module.CHUNK_BYTES


@dtypes
def test_sparse_input_gives_the_same_bits(dtype):
    network = sparse_network(UNITS, dtype=dtype)
    X = problem("softmax", dtype=dtype)[0]
    X[np.abs(X) < 0.5] = 0
    assert np.array_equal(
        network.weighted_sums(Samples(sparse.csr_array(X))),
        network.weighted_sums(Samples(X)),
    )


@pytest.mark.parametrize("output", OUTPUTS)
def test_loss_is_the_weighted_mean_without_penalty(output):
    network = sparse_network(UNITS, output=output)
    X, y, Y = problem(output)
    weight = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)
    net, loss = DenseNet(network), USUAL_LOSS[output]
    assert network.loss(Samples(X, y), loss) == pytest.approx(net.loss(X, Y), rel=1e-12)
    expected = net.loss(X, Y, weight)
    assert network.loss(Samples(X, y, weight), loss) == pytest.approx(
        expected, rel=1e-12
    )


@dtypes
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("n_samples", [3, 16, 17, 40])
def test_the_loss_does_not_depend_on_the_chunks(output, dtype, n_samples, monkeypatch):
    network = sparse_network(UNITS, output=output, dtype=dtype)
    X, y, Y = problem(output, n_samples=n_samples, n_outputs=3, dtype=dtype)
    weight = np.random.default_rng(0).uniform(0, 3, n_samples)
    weight[16:32] = 0  # the second of three chunks
    net, rel = DenseNet(network), {"float32": 1e-5, "float64": 1e-12}[dtype]
    for chunk_bytes, width in [(module.CHUNK_BYTES, 256), (1, 16)]:
        monkeypatch.setattr(module, "CHUNK_BYTES", chunk_bytes)
        chunks = [rows for rows, _ in network.gathered(Samples(X))]
        assert len(chunks) == -(-n_samples // width)
        assert np.array_equal(np.concatenate(chunks), np.arange(n_samples))
        for given in (None, weight):
            loss = network.loss(Samples(X, y, given), USUAL_LOSS[output])
            assert loss == pytest.approx(net.loss(X, Y, given), rel=rel)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_the_loss_of_a_reconstruction_in_chunks(form, monkeypatch):
    network = sparse_network([6, 9, 7, 6], output="identity")
    X = problem("identity", n_samples=40)[0]
    X[np.abs(X) < 0.5] = 0
    weight = np.random.default_rng(0).uniform(0, 3, 40)
    net = DenseNet(network)
    monkeypatch.setattr(module, "CHUNK_BYTES", 1)
    for given in (None, weight):
        loss = network.loss(Reconstruction(form(X), given), USUAL_LOSS["identity"])
        assert loss == pytest.approx(net.loss(X, X, given), rel=1e-12)


def test_the_loss_of_samples_without_weight_is_0(monkeypatch):
    monkeypatch.setattr(module, "CHUNK_BYTES", 1)
    X, y, _ = problem("softmax")
    samples = Samples(X, y, np.zeros(len(X)))
    assert sparse_network(UNITS).loss(samples, USUAL_LOSS["softmax"]) == 0


@dtypes
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", [[], [9], [9, 7], [9, 7, 8]])
def test_what_is_passed_from_layer_to_layer(activation, dtype, hidden):
    """Activations, their derivatives in the hidden units, and the last sums."""
    network = sparse_network([6, *hidden, 3], activation, dtype=dtype)
    X = problem("softmax", dtype=dtype)[0]
    given = np.ascontiguousarray(X.T)
    activations, slopes, sums = network.passed(given)
    assert np.array_equal(given, X.T)
    net = DenseNet(network)
    dense_sums, inputs, _ = net.forward(X.astype(float))
    of_units = [(units, 23) for units in hidden]
    assert [A.shape for A in activations] == [(6, 23), *of_units]
    assert [slope.shape for slope in slopes] == of_units
    pairs = [
        *zip(activations, inputs, strict=True),
        *zip(slopes, net.hidden_slopes(X.astype(float)), strict=True),
        (sums, dense_sums[-1]),
    ]
    for actual, expected in pairs:
        assert actual.dtype == dtype
        assert_close(actual.T, expected, dtype)


def test_layers_have_activations_of_their_own():
    given = ("tanh", Cube(), "all_relu")
    network = sparse_network([6, 9, 7, 8, 3], given)
    assert network.hidden[1:] == (Cube(), LeakyReLU(0.3))
    X = problem("softmax")[0]
    activations, slopes, sums = network.passed(np.ascontiguousarray(X.T))
    layer = network.layers[1]
    Z = layer.topology.to_csr(layer.weights).T @ activations[1] + layer.bias[:, None]
    np.testing.assert_allclose(activations[2], Z**3, rtol=1e-12)
    np.testing.assert_allclose(slopes[1], 3 * Z**2, rtol=1e-12)
    np.testing.assert_allclose(network.weighted_sums(Samples(X)), sums, rtol=1e-12)


def test_one_activation_for_each_hidden_layer():
    network = sparse_network([6, 9, 7, 3], ("tanh", "relu", "tanh"))
    with pytest.raises(ValueError, match="3 entries, but there are 2 hidden layers"):
        network.weighted_sums(Samples(problem("softmax")[0]))


@dtypes
@pytest.mark.parametrize("batch", [1, 16, 23])
@pytest.mark.parametrize("density", [0.05, 0.5, 1])
def test_pulled_back_is_the_product_with_the_weights(dtype, batch, density):
    network = sparse_network([12, 9], dtype=dtype, density=density)
    (layer,) = network.layers
    D = np.random.default_rng(1).standard_normal((9, batch)).astype(dtype)
    before = D.copy()
    DX = layer.pulled_back(D)
    assert DX.dtype == dtype
    assert_close(DX, DenseNet(network).W[0] @ D.astype(float), dtype)
    assert np.array_equal(D, before)
    unconnected = layer.topology.fan_out == 0
    assert unconnected.any() == (density == 0.05)
    assert not DX[unconnected].any()


def test_sizes():
    network = sparse_network(UNITS, dtype="float32", density=0.5)
    assert network.n_units == UNITS
    assert network.n_possible == 54 + 63 + 21
    assert network.nnz == sum(DenseNet(network).masks[k].sum() for k in range(3))
    assert network.dtype == np.float32
    assert network.squared_norm() == pytest.approx(
        sum((W**2).sum() for W in DenseNet(network).W), rel=1e-6
    )


def test_a_copy_shares_nothing_that_changes():
    network = sparse_network(UNITS)
    network = network.with_layers(layer.with_moments(2) for layer in network.layers)
    copied = network.copy()
    assert_same_network(network, copied)
    for layer, other in zip(network.layers, copied.layers, strict=True):
        assert len(layer.moments) == len(layer.bias_moments) == 2
        assert other.moments == other.bias_moments == ()
        assert other.topology is layer.topology
        assert not np.shares_memory(layer.weights, other.weights)
        assert not np.shares_memory(layer.bias, other.bias)


def test_a_layers_copy_has_its_own_moments():
    layer = sparse_network(UNITS).layers[0].with_moments(1)
    copied = layer.copy()
    assert copied.moments[0].shape == layer.weights.shape
    assert copied.bias_moments[0].shape == layer.bias.shape
    for a, b in zip(
        layer.moments + layer.bias_moments,
        copied.moments + copied.bias_moments,
        strict=True,
    ):
        assert not np.shares_memory(a, b)
    layer.moments[0][:] = 1
    assert layer.with_moments(1).moments[0].all()  # kept where there are as many
    assert not layer.with_moments(2).moments[0].any()


@pytest.mark.parametrize("array", ["weights", "bias"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_it_knows_whether_it_is_finite(array, value):
    network = sparse_network(UNITS)
    assert network.is_finite()
    getattr(network.layers[1], array)[0] = value
    assert not network.is_finite()


def test_a_network_without_any_connection_predicts_its_bias():
    network = sparse_network([6, 3], output="identity", density=0)
    layer = network.layers[0]
    none = np.zeros(layer.topology.nnz, bool)
    empty = type(layer)(layer.topology.kept(none)[0], layer.weights[none], layer.bias)
    network = network.with_layers([empty])
    Z = network.weighted_sums(Samples(problem("identity")[0]))
    assert np.array_equal(Z, np.broadcast_to(layer.bias[:, None], Z.shape))


def test_pickling_keeps_every_bit():
    network = sparse_network(UNITS)
    same = pickle.loads(pickle.dumps(network))
    assert_same_network(network, same)
    samples = Samples(problem("softmax")[0])
    assert np.array_equal(network.weighted_sums(samples), same.weighted_sums(samples))


def test_a_prediction_changes_nothing_that_is_pickled():
    network = sparse_network(UNITS, ("all_relu", Cube()))
    before = pickle.dumps(network)
    samples = Samples(problem("softmax")[0])
    sums = network.weighted_sums(samples)
    assert pickle.dumps(network) == before
    assert np.array_equal(pickle.loads(before).weighted_sums(samples), sums)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_squared_norm_does_not_depend_on_the_threads_of_blas(dtype):
    """It is part of the loss, and so of when training stops."""
    for seed in range(5):
        network = sparse_network([400, 500, 300], density=1, dtype=dtype, seed=seed)
        norms = []
        for n_threads in (1, 2):
            with threadpool_limits(n_threads):
                norms.append(network.squared_norm())
        assert norms[0] == norms[1]


def test_a_model_is_told_in_one_line():
    """Not by all of its arrays."""
    network = sparse_network([6, 5, 3], "relu", "softmax", "float32")
    told = "Network(6-5-3, activation='relu', output='softmax', nnz=23, density=0.511"
    assert repr(network) == f"{told}, dtype=float32)"
    assert repr(network.layers[1]) == "Layer(shape=(5, 3), nnz=8, dtype=float32)"
    assert repr(network.layers[1].topology) == "Topology(shape=(5, 3), nnz=8)"
    assert repr(sparse_machine()) == "RBM(6-5, nnz=15, density=0.5, dtype=float64)"
