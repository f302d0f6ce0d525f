"""Numbers of numpy's that few bits hold, as a grid of parameters may have them."""

import inspect

import numpy as np
import pytest
from estimators.cases import bits, brief, impatient, toy

from skset.estimators import QuickSelection, SETClassifier, SETRegressor, SparseRBM

pytestmark = [impatient, brief]

COUNTS = {
    "batch_size": 5,
    "update_interval": 2,
    "n_gibbs": 2,
    "n_components": 100,
    "max_iter": 4,
    "n_iter": 4,
    "n_iter_no_change": 3,
    "n_features_to_select": 2,
}
SHARES = {
    "epsilon": 3,
    "zeta": 0.5,
    "alpha": 0.25,
    "dropout": 0.5,
    "tol": 0.25,
    "learning_rate_init": 0.01,
    "power_t": 0.5,
    "noise": 0.5,
    "momentum": 0.9,
    "beta_1": 0.9,
    "beta_2": 0.9,
    "negative_slope": 0.5,
}


@pytest.mark.filterwarnings("ignore:All importances are 0")
@pytest.mark.parametrize("Kind", [SETClassifier, SETRegressor, QuickSelection])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("density", [None, 0.5])
def test_few_bits_are_enough(Kind, solver, density):
    """300 rows are more than 8 bits count, 30,000 connections more than half hold."""
    X, y = toy(SETClassifier, n_samples=300, n_features=100)
    schedule = {"solver": solver, "learning_rate": "invscaling", "random_state": 0}
    assert_same(Kind, X, y, density, hidden_layer_sizes=(600,), **schedule)


@pytest.mark.parametrize("density", [None, 0.5])
def test_few_bits_are_enough_for_a_machine(density):
    X = bits(n_samples=300, n_features=100)
    rate = {"learning_rate": np.float16(0.1)}
    assert_same(SparseRBM, X, None, density, random_state=0, **rate)


def assert_same(Kind, X, y, density, **params):
    names = inspect.signature(Kind).parameters
    few = {name: np.int8(n) for name, n in COUNTS.items() if name in names}
    few |= {name: np.float16(n) for name, n in SHARES.items() if name in names}
    few["density"] = density and np.float16(density)
    many = {name: value and value.item() for name, value in few.items()}
    one = Kind(**params, **few).fit(X, y).network_
    if Kind is SparseRBM:
        params["learning_rate"] = params["learning_rate"].item()
    other = Kind(**params, **many).fit(X, y).network_
    for a, b in zip(one.layers, other.layers, strict=True):
        assert a.topology.indices.tobytes() == b.topology.indices.tobytes()
        assert a.weights.tobytes() == b.weights.tobytes()
