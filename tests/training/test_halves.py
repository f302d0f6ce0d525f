"""Deltas of hidden units in 16 bits change a step a little, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from model.cases import (
    assert_same_network,
    epochs,
    problem,
    sparse_network,
    training,
)
from sklearn.datasets import load_digits

from skset import SETClassifier, SETRegressor
from skset.kernels.halves import HALF
from skset.model import Samples
from skset.runtime import team
from skset.strategies import METHODS
from skset.training import SGD, Adam
from skset.training.workspace import Workspace

UNITS = [6, 30, 20, 3]
# Half of the distance of two neighbours, relative to them.
ROUNDING = 2.0**-8

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
activations = pytest.mark.parametrize("activation", ["relu", "all_relu", "tanh"])


def one_step(activation, dtype, halves, **given):
    """Return what a step of plain descent adds to the weights of each layer."""
    X, y, _ = problem("softmax", dtype=dtype)
    network = sparse_network(UNITS, activation, dtype=dtype)
    options = {"optimiser": SGD(0.0), "halves": halves, "learning_rate": 1.0}
    given = options | {"batch_size": len(X)} | given
    trained, _ = epochs(1, network, Samples(X, y), **given)
    pairs = zip(network.layers, trained.layers, strict=True)
    return [(b.weights - a.weights, b.bias - a.bias) for a, b in pairs]


@dtypes
@activations
@pytest.mark.parametrize("given", [{}, {"max_norm": 0.01}, {"dropout": 0.4}], ids=str)
def test_a_step_is_rounded_below_the_last_layer(activation, dtype, given):
    halves = one_step(activation, dtype, True, **given)
    *rounded, last = halves
    *exact, right = one_step(activation, dtype, False, **given)
    for one, other in zip(last, right, strict=True):
        np.testing.assert_allclose(one, other, rtol=0.01, atol=1e-4)
    for pair in zip(rounded, exact, strict=True):
        for one, other in zip(*pair, strict=True):
            size = np.abs(other).max()
            assert 0 < np.abs(one - other).max() < 4 * ROUNDING * size


@pytest.mark.parametrize("method", METHODS)
@activations
def test_threads_change_no_bit_and_every_method_evolves(
    method, activation, monkeypatch
):
    monkeypatch.setattr(team, "MIN_WORK", 0)
    X, y, _ = problem("softmax", dtype="float32")
    network = sparse_network(UNITS, activation, dtype="float32")
    evolution = METHODS[method].evolution()
    if evolution.update_interval is not None:
        evolution = replace(evolution, update_interval=4)
    given = {"evolution": evolution, "batch_size": 7}
    given |= {"optimiser": Adam(), "halves": True, "learning_rate": 0.01}
    a, losses = epochs(4, network, Samples(X, y), n_threads=1, **given)
    b, others = epochs(4, network, Samples(X, y), n_threads=3, **given)
    assert losses == others
    assert np.isfinite(losses).all()
    assert_same_network(a, b)
    patterns = [
        [layer.topology.positions() for layer in one.layers] for one in (a, network)
    ]
    stays = all(map(np.array_equal, *patterns))
    assert stays == (method == "static")


@dtypes
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_only_hidden_deltas_are_halves(dtype, dropout):
    args = [6, 7, 5, 3], 4, np.dtype(dtype), [True, False], dropout
    wide = Workspace(*args, None, True)
    narrow = Workspace([6, 7, 5, 3], 2, np.dtype(dtype), [True, False], dropout, wide)
    for work in (wide, narrow):
        assert [D.dtype for D in work.D] == [HALF, HALF, np.dtype(dtype)]
        others = [*work.A, *work.Z, *work.H, *(work.masks or [])]
        assert {array.dtype for array in others} == {np.dtype(dtype)}
    assert np.shares_memory(wide.D[0], narrow.D[0])


@dtypes
def test_signals_are_numbers(dtype):
    X, y, _ = problem("softmax", dtype=dtype)
    network = sparse_network(UNITS, dtype=dtype)
    deltas = []
    for halves in (True, False):
        with training(network, Samples(X, y), halves=halves) as running:
            next(running)
            signals = running.rule.last_step()
        assert {signal.deltas.dtype for signal in signals} == {np.dtype(dtype)}
        deltas.append(signals[0].deltas)
    np.testing.assert_allclose(*deltas, rtol=0.02, atol=1e-4)
    assert not np.array_equal(*deltas)


def test_estimators_learn_as_well():
    X, y = load_digits(return_X_y=True)
    given = {"hidden_layer_sizes": (60, 60), "max_iter": 10, "random_state": 0}
    scores = [
        SETClassifier(**given, delta_dtype=kind)
        .fit(X[::2], y[::2])
        .score(X[1::2], y[1::2])
        for kind in (None, "bfloat16")
    ]
    assert scores[0] > 0.85
    assert abs(scores[0] - scores[1]) < 0.03


def test_numbers_far_from_one_are_in_the_range():
    """They are not in that of 16 bits with a longer fraction ("float16")."""
    X, y = load_digits(return_X_y=True)
    model = SETRegressor((20,), max_iter=3, delta_dtype="bfloat16", random_state=0)
    model.fit(X, 1e9 * y)
    exact = SETRegressor((20,), max_iter=3, random_state=0).fit(X, 1e9 * y)
    one, other = model.predict(X), exact.predict(X)
    assert np.abs(one - other).max() < 0.05 * np.abs(other).max()
    assert not np.array_equal(one, other)
