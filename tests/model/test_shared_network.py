"""A network of many tasks: who has which connection, and what it weighs."""

import pickle

import numpy as np
import pytest
from model.cases import assert_same_network, sparse_network

from skset.model import SharedNetwork
from skset.topology import random_topology

UNITS = [6, 12, 9]


def network(seed, n_outputs=3, units=UNITS):
    return sparse_network([*units, n_outputs], "relu", density=0.3, seed=seed)


def dense(topology, values):
    """Return a matrix of the values, NaN where there is no connection."""
    matrix = np.full(topology.shape, np.nan)
    matrix[topology.in_units, topology.indices] = values
    return matrix


def shared(labels):
    """Return the shared network of some tasks, and the network of each."""
    whole, networks = SharedNetwork.empty(UNITS, "float64"), {}
    for seed, label in enumerate(labels):
        networks[label] = network(seed, n_outputs=2 + seed)
        whole = whole.with_task(label, networks[label])
    return whole, networks


def test_a_value_is_that_of_the_first_task_and_stays():
    whole, networks = shared("abcd")
    for depth, layer in enumerate(whole.layers):
        expected = np.full(layer.topology.shape, np.nan)
        owners = np.full(layer.topology.shape, np.nan)
        for number, name in enumerate("abcd"):
            own = networks[name].layers[depth]
            values = dense(own.topology, own.weights)
            new = np.isnan(expected) & ~np.isnan(values)
            expected[new], owners[new] = values[new], number
        np.testing.assert_array_equal(dense(layer.topology, layer.values), expected)
        np.testing.assert_array_equal(dense(layer.topology, layer.owner), owners)
        assert layer.owner.dtype == np.int16


def test_the_network_of_a_task_has_shared_values_and_its_own_rest():
    whole, networks = shared("abc")
    assert_same_network(whole.network_of("a"), networks["a"])
    for name in "bc":
        got, own = whole.network_of(name), networks[name]
        for depth, layer in enumerate(whole.layers):
            topology = got.layers[depth].topology
            assert np.array_equal(
                topology.positions(), own.layers[depth].topology.positions()
            )
            values = dense(layer.topology, layer.values)
            weights = values[topology.in_units, topology.indices]
            assert np.array_equal(got.layers[depth].weights, weights)
            assert np.array_equal(got.layers[depth].bias, own.layers[depth].bias)
        assert np.array_equal(got.layers[-1].weights, own.layers[-1].weights)


@pytest.mark.parametrize("order", ["abcd", "dcba"])
def test_later_tasks_change_no_bit(order):
    whole, before = SharedNetwork.empty(UNITS, "float64"), {}
    for label in order:
        whole = whole.with_task(label, network(ord(label)))
        before[label] = whole.network_of(label)
        loaded = pickle.loads(pickle.dumps(whole))
        for earlier, known in before.items():
            assert_same_network(whole.network_of(earlier), known)
            assert_same_network(loaded.network_of(earlier), known)


def test_more_units_leave_the_tasks_as_they_are():
    whole, _ = shared("ab")
    before = [whole.network_of(label) for label in "ab"]
    wide = whole.widened([6, 15, 20])
    assert wide.n_units == [6, 15, 20]
    assert wide.n_shared == whole.n_shared
    for label, known in zip("ab", before, strict=True):
        assert_same_network(wide.network_of(label), known)
        assert wide.wide_network_of(label).n_units[:-1] == [6, 15, 20]
    more = wide.with_task("c", network(7, units=[6, 15, 20]))
    assert_same_network(more.network_of("a"), before[0])
    assert more.common()[0, 0] == before[0].nnz - before[0].layers[-1].topology.nnz


def test_there_is_room_after_the_units_have_grown():
    whole, _ = shared("abc")
    assert whole.with_room([1, 1]).n_units == UNITS
    wanted = [6 * 12, 12 * 9]
    wide = whole.with_room(wanted)
    for layer, n in zip(wide.layers, wanted, strict=True):
        assert layer.topology.n_free >= n
    assert wide.n_units[0] == 6


def test_without_a_task_what_others_use_stays():
    whole, networks = shared("abc")
    rest = whole.without("a")
    for depth, layer in enumerate(rest.layers):
        used = [networks[name].layers[depth].topology.positions() for name in "bc"]
        assert np.array_equal(layer.topology.positions(), np.union1d(*used))
        assert set(np.unique(layer.owner)) <= {1, 2}
        both = layer.topology.has(layer.topology.positions())
        assert both.all()
    again = rest.with_task("a", network(9))
    assert list(again.tasks) == list("abc")
    for name in "bc":
        assert_same_network(again.network_of(name), whole.network_of(name))


def test_common_connections_are_counted():
    whole, networks = shared("ab")
    sets = [
        {
            (depth, place)
            for depth in range(2)
            for place in networks[name].layers[depth].topology.positions().tolist()
        }
        for name in "ab"
    ]
    n = len(sets[0] & sets[1])
    assert whole.common().tolist() == [[len(sets[0]), n], [n, len(sets[1])]]


def test_it_takes_ten_bytes_for_each_connection():
    whole = SharedNetwork.empty([200, 300], "float32")
    for seed in range(4):
        topology = random_topology((200, 300), 3000, np.random.default_rng(seed))
        one = sparse_network([200, 300, 2], dtype="float32", density=0.05)
        layer = one.layers[0]
        weights = np.ones(topology.nnz, "float32")
        own = type(layer)(topology, weights, layer.bias)
        whole = whole.with_task(seed, one.with_layers([own, one.layers[1]]))
    [layer] = whole.layers
    arrays = layer.topology.indices, layer.values, layer.owner
    assert sum(array.nbytes for array in arrays) == 10 * layer.topology.nnz


def test_arrays_are_read_only():
    whole, _ = shared("a")
    for array in (whole.layers[0].values, whole.layers[0].owner):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
