"""Means of networks over the union of their topologies, against dense means."""

import pickle
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from model.cases import assert_same_machine, assert_same_network, sparse_machine
from model.cases import sparse_network as network

from skset.model import RBM, Activation, Layer, Network, averaged
from skset.topology import random_topology

UNITS = [7, 6, 5, 3]
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def networks(n=3, dtype="float64", density=0.4):
    return [
        network(UNITS, dtype=dtype, density=density, seed=seed) for seed in range(n)
    ]


def dense(model):
    return [layer.to_csr().toarray() for layer in model.layers]


def single(weights, bias=(0.0, 0.0), n_dropped=0):
    """Return a network of one layer with two outputs, with a place for each weight."""
    made = Network.from_csr([np.reshape(weights, (-1, 2))], [list(bias)])
    layers = (replace(made.layers[0], n_dropped=n_dropped),)
    return made.with_layers(layers)


@pytest.mark.parametrize("weights", [None, [1, 1, 1], [1, 2, 5], [0.5, 0, 3]])
def test_the_mean_is_that_of_the_dense_matrices(weights):
    some = networks()
    mean = averaged(some, weights)
    of_each = np.ones(3) if weights is None else weights
    for depth, layer in enumerate(mean.layers):
        matrices = [dense(model)[depth] for model in some]
        expected = np.average(matrices, axis=0, weights=of_each)
        assert np.allclose(layer.to_csr().toarray(), expected, rtol=1e-14, atol=1e-16)
        biases = [model.layers[depth].bias for model in some]
        assert np.allclose(layer.bias, np.average(biases, axis=0, weights=of_each))


def test_the_union_has_what_any_network_of_weight_has():
    some = networks()
    for weights, of in ((None, some), ([1, 0, 2], some[::2])):
        for depth, layer in enumerate(averaged(some, weights).layers):
            places = {
                p for model in of for p in model.layers[depth].topology.positions()
            }
            assert layer.topology.positions().tolist() == sorted(places)


@dtypes
@pytest.mark.parametrize("n", [1, 2, 3, 7, 49])
@pytest.mark.parametrize("weights", [None, "random"])
def test_the_mean_of_equal_networks_has_their_bits(n, weights, dtype):
    one = network(UNITS, dtype=dtype)
    one.layers[0].weights[:2] = -0.0, 0.0
    if weights is not None:
        weights = np.random.default_rng(0).random(n)
    mean = averaged([one.copy() for _ in range(n)], weights)
    assert_same_network(mean, one)
    assert mean.dtype == dtype
    assert np.signbit(mean.layers[0].weights[0])
    assert (mean.activation, mean.output) == (one.activation, one.output)
    assert not any(
        np.shares_memory(a.weights, b.weights)
        for a, b in zip(mean.layers, one.layers, strict=True)
    )


@dtypes
def test_machines(dtype):
    some = [sparse_machine(dtype=dtype, seed=seed) for seed in range(3)]
    mean = averaged(some)
    assert isinstance(mean, RBM)
    assert mean.dtype == dtype
    expected = np.mean([dense(machine)[0] for machine in some], axis=0)
    assert np.allclose(dense(mean)[0], expected, rtol=1e-6)
    expected = np.mean([machine.visible_bias for machine in some], axis=0)
    assert np.allclose(mean.visible_bias, expected, rtol=1e-6)
    assert_same_machine(averaged([some[0]] * 3, [1, 2, 4]), some[0])


def test_a_mean_is_at_rest():
    machine = sparse_machine().with_moments(2)
    machine = machine.with_chains(np.zeros((5, 3)))
    mean = averaged([machine, machine])
    assert mean.chains is None
    assert mean.visible_moments == mean.layer.moments == mean.layer.bias_moments == ()


def test_sums_are_taken_in_float64_whatever_the_number_of_networks():
    # In float32 the sum of 300 such numbers loses the last ones.
    values = np.random.default_rng(0).uniform(1, 2, 300).astype(np.float32)
    some = [
        Network.from_csr([np.full((1, 1), v)], [np.zeros(1)], dtype=np.float32)
        for v in values
    ]
    mean = averaged(some).layers[0].weights[0]
    assert mean == np.float32(values.astype(np.float64).mean())


def test_a_network_of_nearly_no_weight_and_huge_weights():
    some = networks(2)
    assert_same_network(averaged(some, [1e308, 1e308]), averaged(some))
    assert_same_network(averaged(some, [5e-324, 5e-324]), averaged(some))
    assert_same_network(averaged(some, [0, 1e-300]), some[1])


# Pruning to nnz.


def test_the_weakest_of_each_sign_go():
    one = single([1.0, -8, 3, -4, 5, -2, 7, -6, 9, 10, -1, 12])
    # 12 connections, 5 negative: of 6 dropped ones, 6 * 5 // 12 = 2 are negative.
    kept = averaged([one, one], nnz=6).layers[0].to_csr().toarray()
    assert kept.ravel().tolist() == [0, -8, 0, -4, 0, 0, 0, -6, 9, 10, 0, 12]


def test_a_connection_that_few_networks_have_is_weaker():
    some = [single([4.0, 3, 0, 0]), single([4.0, 0, 2.5, 0]), single([4.0, 0, 2.5, 0])]
    mean = averaged(some, nnz=2)
    assert np.allclose(mean.layers[0].weights, [4, 5 / 3])
    assert mean.layers[0].topology.positions().tolist() == [0, 2]


@pytest.mark.parametrize("nnz", [3, 4, 17, 30, 37, 10**12])
def test_the_number_is_exact_or_that_of_the_union(nnz):
    some = networks()
    union = averaged(some)
    mean = averaged(some, nnz=nnz)
    assert mean.nnz == min(nnz, union.nnz)
    assert min(layer.topology.nnz for layer in mean.layers) >= 1


def test_a_number_is_shared_out_as_the_networks_connections_are():
    some = networks()
    wanted = [layer.topology.nnz for layer in some[0].layers]
    mean = averaged(some, nnz=sum(wanted))
    assert [layer.topology.nnz for layer in mean.layers] == wanted
    assert_same_network(mean, averaged(some, nnz=wanted))
    assert_same_network(mean, averaged(some, nnz=np.array(wanted)))


def test_equal_networks_are_not_pruned_by_their_own_number():
    one = network(UNITS)
    assert_same_network(averaged([one] * 3, nnz=one.nnz), one)


def test_each_layer_has_its_number():
    mean = averaged(networks(), nnz=[5, 10**6, 2])
    union = averaged(networks()).layers[1].topology.nnz
    assert [layer.topology.nnz for layer in mean.layers] == [5, union, 2]


def test_ties_are_broken_the_same_way_each_time():
    one = single(np.ones(200))
    means = [averaged([one, one], nnz=77) for _ in range(3)]
    assert means[0].nnz == 77
    for mean in means[1:]:
        assert_same_network(mean, means[0])
    places = means[0].layers[0].topology.positions()
    assert 60 < np.median(places) < 140  # no end of the layer is favoured


def test_a_layer_without_connections():
    empty = single(np.zeros(4), bias=(1, 3))
    mean = averaged([empty, single(np.zeros(4))], nnz=1)
    assert mean.nnz == 0
    assert mean.layers[0].bias.tolist() == [0.5, 1.5]


def test_what_the_last_drop_took_is_given_back_up_to_the_mean_number():
    some = [single([4.0, 3, 0, 0], n_dropped=1), single([4.0, 0, 2.5, 0], n_dropped=1)]
    assert averaged(some).layers[0].n_dropped == 0  # 3 connections, as before the drop
    assert averaged(some, nnz=2).layers[0].n_dropped == 1
    assert averaged(some[:1] * 2).layers[0].n_dropped == 1


def test_a_smaller_mean_stays_smaller():
    one = single(np.arange(1.0, 21), n_dropped=10)
    assert averaged([one, one], nnz=10).layers[0].n_dropped == 5


# Wide layers.


def test_a_layer_with_more_than_two_to_the_31_places():
    rng = np.random.default_rng(0)
    shape = (100_000, 50_000)
    layers = [
        Layer(topology, rng.random(1000), np.zeros(shape[1]))
        for topology in (random_topology(shape, 1000, rng) for _ in range(2))
    ]
    some = [Network((layer,), "relu", None, "identity") for layer in layers]
    mean = averaged(some).layers[0]
    every = np.concatenate([layer.topology.positions() for layer in layers])
    assert mean.topology.positions().tolist() == np.unique(every).tolist()
    total = sum(layer.weights.sum() for layer in layers)
    assert np.isclose(mean.weights.sum(), total / 2)
    assert averaged(some, nnz=1000).nnz == 1000


def test_memory_is_a_few_times_that_of_the_union_for_any_number_of_networks():
    rng = np.random.default_rng(0)
    topology = random_topology((3000, 3000), 300_000, rng)
    some = []
    for _ in range(10):
        layer = Layer.initial(topology, "he", rng, np.dtype("float32"))
        some.append(Network((layer,), "relu", None, "identity"))
    averaged(some)  # compiles
    tracemalloc.start()
    averaged(some)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * 8 * topology.nnz


# Bad input.


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, -1, 1], r"weights\[1\]=-1"),
        ([1, 1, np.nan], r"weights\[2\]=nan"),
        ([np.inf, 1, 1], r"weights\[0\]=inf"),
        ([0, 0, 0], "At least one of the weights must be non-zero"),
        ([1, 1], r"weights must have shape \(3,\).*got \(2,\)"),
        (2.0, r"weights must have shape \(3,\)"),
        ([[1, 1, 1]], r"weights must have shape \(3,\)"),
        (["a", "b", "c"], "weights must be numbers"),
    ],
)
def test_bad_weights(weights, message):
    with pytest.raises(ValueError, match=message):
        averaged(networks(), weights)


@pytest.mark.parametrize(
    ("nnz", "error"),
    [
        *((n, ValueError) for n in (0, -1, 2, [1, 1], [3, 0, 3], [])),
        *((n, TypeError) for n in (3.0, True, "many", [1.0, 2, 3])),
    ],
)
def test_bad_nnz(nnz, error):
    with pytest.raises(error, match="nnz must"):
        averaged(networks(), nnz=nnz)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            network([7, 6, 4, 3]),
            r"networks\[1\] has units \[7, 6, 4, 3\], but",
        ),
        (network([7, 6, 3]), r"networks\[1\] has units \[7, 6, 3\]"),
        (network(UNITS, dtype="float32"), r"networks\[1\] has dtype float32"),
        (network(UNITS, "relu"), r"networks\[1\] has activation \(LeakyReLU"),
        (network(UNITS, output="identity"), r"networks\[1\] has output 'identity'"),
    ],
)
def test_networks_that_differ(other, message):
    with pytest.raises(ValueError, match=message):
        averaged([network(UNITS), other])


@pytest.mark.parametrize("other", [sparse_machine(), None, "network"])
def test_networks_of_other_classes(other):
    with pytest.raises(TypeError, match=r"networks\[1\] must be a Network or an RBM"):
        averaged([network(UNITS), other])


def test_no_network():
    with pytest.raises(ValueError, match="at least one network"):
        averaged([])


class Bent(Activation):
    """An activation that defines no equality."""

    def __init__(self, bend):
        self.bend = np.array([bend, bend])

    def apply(self, Z, A):
        np.multiply(Z, self.bend[0], out=A)

    def multiply_derivative(self, Z, A, D):
        D *= self.bend[0]


def test_own_activations_are_compared_by_their_values():
    one, same, other = (network(UNITS, Bent(bend)) for bend in (0.5, 0.5, 0.7))
    assert_same_network(averaged([one, same]), one)
    unpickled = pickle.loads(pickle.dumps(one))
    assert_same_network(averaged([one, unpickled]), one)
    with pytest.raises(ValueError, match=r"networks\[1\] has activation"):
        averaged([one, other])


def test_functions_are_equal_whatever_they_are_called():
    named = network(UNITS, "all_relu")
    resolved = replace(named, activation=named.hidden, negative_slope=None)
    assert_same_network(averaged([named, resolved]), named)
