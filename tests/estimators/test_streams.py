"""Two random streams: of rows, and of topologies."""

import copy

import numpy as np
import pytest
from sklearn.datasets import load_digits

from skset import SETClassifier, SparseRBM

X, y = load_digits(return_X_y=True)
X /= 16
# Steps so short that they change no weight in float32.
RESTING = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 1e-300, "alpha": 0.0}


def patterns(model):
    return [layer.topology.positions().tolist() for layer in model.network_.layers]


@pytest.mark.parametrize("method", ["set", "rigl", "static"])
def test_rows_do_not_decide_how_equal_networks_evolve(method):
    """They did: the shuffle drew first, from the same stream."""
    params = {"method": method, "grow": "random", "update_interval": 5}
    first = SETClassifier((30, 20), batch_size=10, random_state=0, **RESTING, **params)
    first.partial_fit(X[:100], y[:100], classes=np.arange(10))
    a, b = copy.deepcopy(first), copy.deepcopy(first)
    for _ in range(3):
        a.partial_fit(X[:50], y[:50])
        b.partial_fit(X[100:148], y[100:148])
    assert patterns(a) == patterns(b)
    assert (patterns(a) == patterns(first)) == (method == "static")
    for one, other in zip(a.network_.layers, b.network_.layers, strict=True):
        assert np.array_equal(one.weights, other.weights)


def test_newborn_weights_are_of_the_stream_of_topologies():
    params = {"newborn": "init", "batch_size": 10, "random_state": 0}
    first = SETClassifier((30,), **RESTING, **params)
    first.partial_fit(X[:100], y[:100], classes=np.arange(10))
    a, b = copy.deepcopy(first), copy.deepcopy(first)
    for _ in range(2):
        a.partial_fit(X[:30], y[:30])
        b.partial_fit(X[100:170], y[100:170])
    for one, other in zip(a.network_.layers, b.network_.layers, strict=True):
        assert np.array_equal(one.weights, other.weights)
        assert np.array_equal(one.topology.indices, other.topology.indices)


def test_boltzmann_machines_evolve_alike_too():
    params = {"momentum": 0.0, "learning_rate": 1e-300, "alpha": 0.0}
    first = SparseRBM(30, random_state=0, **params).partial_fit(X[:100])
    a, b = copy.deepcopy(first), copy.deepcopy(first)
    for _ in range(3):
        a.partial_fit(X[:20])
        b.partial_fit(X[100:300])
    assert patterns(a) == patterns(b) != patterns(first)


def test_the_split_of_early_stopping_does_not_change_the_first_network():
    plain = SETClassifier((30,), random_state=0, max_iter=1, method="static", **RESTING)
    early = copy.deepcopy(plain).set_params(early_stopping=True)
    networks = [
        model.set_params(final_drop=False).fit(X, y)._network
        for model in (plain, early)
    ]
    for one, other in zip(*(network.layers for network in networks), strict=True):
        assert np.array_equal(one.topology.indices, other.topology.indices)
        assert np.array_equal(one.weights, other.weights)


def test_a_fit_that_goes_on_explores_other_positions():
    """With the seed alone it drew the same ones again, fit after fit."""
    params = {"warm_start": True, "zeta": 0.5, "max_iter": 3, "random_state": 0}
    model = SETClassifier((30,), final_drop=False, **RESTING, **params)
    seen = [patterns(model.fit(X, y)) for _ in range(3)]
    assert seen[0] != seen[1] != seen[2] != seen[0]
    twin = SETClassifier((30,), final_drop=False, **RESTING, **params)
    assert [patterns(twin.fit(X, y)) for _ in range(3)] == seen
