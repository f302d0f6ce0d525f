"""A fit that goes on from the last one: its connections and its bookkeeping."""

import copy
import pickle

import numpy as np
import pytest
from estimators.cases import (
    assert_same_network,
    bits,
    impatient,
    machine,
    small,
    toy,
)

from skset.estimators import SETClassifier, SETRegressor, SparseRBM

pytestmark = impatient

KINDS = [SETClassifier, SETRegressor, SparseRBM]
every_kind = pytest.mark.parametrize("Kind", KINDS, ids=lambda Kind: Kind.__name__)


def warm(Kind, **params):
    """Return an estimator of many sparse connections that goes on."""
    if Kind is SparseRBM:
        return machine(30, density=0.3, warm_start=True, zeta=0.3, **params)
    params = {"hidden_layer_sizes": (30, 20), "density": 0.3, **params}
    return small(Kind, warm_start=True, **params)


def data(Kind):
    if Kind is SparseRBM:
        return bits(n_features=20), None
    return toy(Kind, n_features=20)


def sizes(model):
    return [layer.topology.nnz for layer in model.network_.layers]


@every_kind
@pytest.mark.parametrize("method", ["set", "ctre", "gse", "mest", "static"])
def test_connections_do_not_melt_away(Kind, method):
    """Each fit begins with as many connections as the first one did."""
    X, y = data(Kind)
    model = warm(Kind, method=method).fit(X, y)
    whole = sizes(warm(Kind, method=method, final_drop=False).fit(X, y))
    seen = [sizes(model.fit(X, y)) for _ in range(3)]
    # How many of each sign a drop takes depends on the weights, by one at most.
    for now in seen:
        assert np.abs(np.subtract(now, seen[0])).max() <= 1
        assert all(n <= m for n, m in zip(now, whole, strict=True))
    model.set_params(final_drop=False).fit(X, y)
    assert sizes(model) == whole
    assert sizes(model.fit(X, y)) == whole


@every_kind
@pytest.mark.parametrize(
    "through", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_what_was_dropped_is_known_to_a_copy_and_after_a_partial_fit(Kind, through):
    X, y = data(Kind)
    model = through(warm(Kind).fit(X, y))
    dropped = sizes(model)
    model.partial_fit(X, y)
    assert sizes(model) == dropped
    model.set_params(final_drop=False).fit(X, y)
    assert sizes(model) == sizes(warm(Kind, final_drop=False).fit(X, y))


def test_a_growth_of_ones_own_grows_back(Estimator):
    X, y = toy(Estimator, n_features=20)
    asked = []

    def grow(topology, n, rng, signals):
        asked.append((topology.nnz, n))
        return topology.free_positions(np.arange(n))

    model = warm(Estimator, max_iter=1).fit(X, y)
    left, whole = sizes(model), sizes(warm(Estimator, final_drop=False).fit(X, y))
    model.set_params(grow=grow).fit(X, y)
    lost = [(n, m - n) for n, m in zip(left, whole, strict=True) if m > n]
    assert asked == lost


def test_a_cold_fit_grows_nothing_back(Estimator):
    X, y = toy(Estimator, n_features=20)
    model = warm(Estimator).fit(X, y).set_params(warm_start=False).fit(X, y)
    assert_same_network(model, warm(Estimator).fit(X, y))


@every_kind
def test_bookkeeping_goes_on(Kind):
    X, y = data(Kind)
    model = warm(Kind).fit(X, y)
    curve = "reconstruction_error_curve_" if Kind is SparseRBM else "loss_curve_"
    first = getattr(model, curve)
    model.fit(X, y)
    assert model.t_ == 2 * 3 * 40
    assert model.n_iter_ == 3
    assert getattr(model, curve)[:3] == first
    assert len(getattr(model, curve)) == 6


def test_best_loss_is_that_of_all_fits(Estimator):
    X, y = toy(Estimator)
    model = warm(Estimator, learning_rate_init=0.01, max_iter=20).fit(X, y)
    model.set_params(max_iter=2, learning_rate_init=1e-9).fit(X, y)
    assert model.best_loss_ == min(model.loss_curve_)


def test_validation_scores_go_on(Estimator):
    X, y = toy(Estimator)
    model = warm(Estimator, early_stopping=True).fit(X, y)
    first = model.validation_scores_
    model.fit(X, y)
    assert model.validation_scores_[:3] == first
    assert len(model.validation_scores_) == len(model.loss_curve_) == 6
    model.set_params(early_stopping=False).fit(X, y)
    assert model.validation_scores_ is None


def test_invscaling_goes_on(Estimator):
    X, y = toy(Estimator)
    params = {"solver": "sgd", "learning_rate": "invscaling", "method": "static"}
    model = warm(Estimator, **params, learning_rate_init=1e-3, power_t=9.0).fit(X, y)
    before = [W.data.copy() for W in model.coefs_]
    model.fit(X, y)  # at a rate of 1e-3 / 121^9
    for W, old in zip(model.coefs_, before, strict=True):
        np.testing.assert_allclose(W.data, old, rtol=1e-6)


def test_cosine_begins_anew(Estimator):
    X, y = toy(Estimator)
    params = {"learning_rate": "cosine", "method": "static"}
    model = warm(Estimator, **params).fit(X, y)
    before = model.coefs_[0].data.copy()
    model.fit(X, y)
    assert np.abs(model.coefs_[0].data - before).max() > 1e-3


@pytest.mark.parametrize("scoring", ["loss", None])
def test_network_that_a_fit_begins_with_is_the_first_to_beat(Estimator, scoring):
    X, y = toy(Estimator, n_samples=200)
    validation = {"X_val": X[100:], "y_val": y[100:]}
    params = {"early_stopping": True, "scoring": scoring, "max_iter": 30}
    model = warm(Estimator, **params, learning_rate_init=0.01)
    model.fit(X[:100], y[:100], **validation)
    before, best = copy.deepcopy(model), model.best_validation_score_
    # What follows only does harm.
    model.set_params(learning_rate_init=3.0, max_iter=3)
    model.fit(X[:100], np.roll(y[:100], 7), **validation)
    assert_same_network(model, before)
    assert model.best_validation_score_ == pytest.approx(best, rel=1e-6)
    assert max(model.validation_scores_[-3:]) <= best + 1e-6
    # It is as it was, and so is what a later fit has to grow back.
    grown = model.set_params(learning_rate_init=0.01, early_stopping=False)
    assert sizes(grown.set_params(final_drop=False).fit(X, y)) == sizes(before)


def test_better_network_beats_the_first(Estimator):
    X, y = toy(Estimator, n_samples=200)
    validation = {"X_val": X[100:], "y_val": y[100:]}
    model = warm(Estimator, early_stopping=True, max_iter=1, learning_rate_init=0.01)
    model.fit(X[:100], y[:100], **validation)
    first = model.best_validation_score_
    model.set_params(max_iter=20).fit(X[:100], y[:100], **validation)
    assert model.best_validation_score_ > first
    assert model.best_validation_score_ == max(model.validation_scores_)
