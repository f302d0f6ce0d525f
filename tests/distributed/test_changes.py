"""How a layer has evolved, sent as what is new in it."""

from dataclasses import replace

import numpy as np
import pytest

from skset.distributed._changes import changed, changes
from skset.model import Layer
from skset.topology import random_topology


def layer(nnz=40, shape=(9, 11), seed=0):
    rng = np.random.default_rng(seed)
    topology = random_topology(shape, nnz, rng)
    made = Layer.initial(topology, "normal", rng, np.dtype(np.float32))
    moments = tuple(rng.random(nnz, np.float32) for _ in range(2))
    return replace(made, moments=moments)


@pytest.mark.parametrize(("n_kept", "n_born"), [(40, 0), (25, 15), (0, 40), (30, 0)])
def test_the_receiver_gets_the_connections_and_weights_of_the_sender(n_kept, n_born):
    old, rng = layer(), np.random.default_rng(1)
    keep = np.zeros(40, bool)
    keep[rng.permutation(40)[:n_kept]] = True
    free = np.setdiff1d(np.arange(99), old.topology.positions())
    born = np.sort(rng.permutation(free)[:n_born])
    topology, source = old.topology.replaced(keep, born)
    weights = rng.random(source.size, np.float32)
    weights[source >= 0] = old.weights[source[source >= 0]]
    moments = tuple(np.where(source < 0, 0, m[source]) for m in old.moments)
    new = replace(old, topology=topology, weights=weights, moments=moments)
    [change] = changes([old], [new])
    received = changed(old, change)
    for name in ("indptr", "indices"):
        expected = getattr(topology, name)
        np.testing.assert_array_equal(getattr(received.topology, name), expected)
    np.testing.assert_array_equal(received.weights, weights)
    np.testing.assert_array_equal(received.moments, moments)
    assert change.kept.nbytes == 5
    assert change.born.size == n_born


def test_a_connection_that_was_dropped_and_grown_at_its_place_is_newborn():
    old = layer()
    weights = old.weights.copy()
    weights[7] = 0
    [change] = changes([old], [replace(old, weights=weights)])
    received = changed(old, change)
    np.testing.assert_array_equal(received.weights, weights)
    assert received.moments[0][7] == 0
    assert np.count_nonzero(received.moments[0]) == 39
