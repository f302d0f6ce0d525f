"""Sample weights: exact where nothing is random, and what is refused."""

import numpy as np
import pytest
from estimators.cases import (
    first_call,
    fresh_and_fitted,
    impatient,
    refused,
    scores,
    small,
    static,
    toy,
)
from sklearn.metrics import accuracy_score, r2_score

from skset.estimators import SETClassifier, SETRegressor

pytestmark = impatient


def full_batch(Estimator, n_samples, **params):
    """Return a network that sees all samples in every step.

    Its beginning depends on `random_state` and the numbers of units only.
    """
    params = {"batch_size": n_samples, "max_iter": 8, "alpha": 0.0, **params}
    return static(Estimator, **params)


def weights_for(X):
    return np.random.default_rng(2).integers(0, 3, len(X))


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_weight_counts_as_often_as_the_row(Estimator, solver, n_classes):
    """A weight of 2 is the row twice, a weight of 0 is no row, but for the penalty."""
    X, y = toy(Estimator, n_classes=n_classes)
    weight = weights_for(X)
    rows = np.repeat(np.arange(40), weight)
    params = {"solver": solver, "learning_rate_init": 0.01}
    weighted = full_batch(Estimator, 40, **params).fit(X, y, sample_weight=weight)
    repeated = full_batch(Estimator, len(rows), **params).fit(X[rows], y[rows])
    np.testing.assert_allclose(scores(weighted, X), scores(repeated, X), rtol=1e-9)
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-10)
    plain = full_batch(Estimator, 40, **params).fit(X, y)
    assert not np.allclose(scores(weighted, X), scores(plain, X))


def test_penalty_counts_rows_with_weight(Estimator):
    """Not their weights (row 61); rows of weight 0 are no rows to it either."""
    X, y = toy(Estimator)
    weight = weights_for(X)
    some = weight > 0
    params = {"alpha": 5.0, "solver": "sgd", "learning_rate_init": 0.1}
    weighted = full_batch(Estimator, 40, **params).fit(X, y, sample_weight=weight)
    without = full_batch(Estimator, some.sum(), **params)
    without.fit(X[some], y[some], sample_weight=weight[some])
    np.testing.assert_allclose(scores(weighted, X), scores(without, X), rtol=1e-9)
    np.testing.assert_allclose(weighted.loss_curve_, without.loss_curve_, rtol=1e-10)
    params["alpha"] = 0.0
    free = full_batch(Estimator, 40, **params).fit(X, y, sample_weight=weight)
    assert not np.allclose(scores(weighted, X), scores(free, X), rtol=1e-4)


def test_step_is_along_the_weighted_mean_and_the_penalty():
    """(sum(w g) + alpha W) / B, written by hand for one linear unit."""
    X, y = toy(SETRegressor)
    weight = weights_for(X) / 7
    params = {"alpha": 5.0, "learning_rate_init": 0.01, "density": 1.0}
    params |= {"solver": "sgd", "momentum": 0.0, "activation": "identity"}
    params |= {"hidden_layer_sizes": (1,), "final_drop": False, "standardize": False}
    before, after = (
        full_batch(SETRegressor, 40, **params, max_iter=n).fit(X, y, weight)
        for n in (1, 2)
    )
    (U, v), (b, c) = [W.toarray() for W in before.coefs_], before.intercepts_
    hidden = X @ U + b
    delta = (hidden @ v + c - y[:, None]) * weight[:, None] / weight.sum()
    penalty = 5.0 / np.count_nonzero(weight)
    steps = X.T @ delta @ v.T + penalty * U, hidden.T @ delta + penalty * v
    for W, gradient, now in zip((U, v), steps, after.coefs_, strict=True):
        np.testing.assert_allclose(now.toarray(), W - 0.01 * gradient, rtol=1e-9)


def test_weights_in_mini_batches_and_partial_fit(Estimator):
    """A row of weight 0 takes its place in a batch and has no say in it."""
    X, y = toy(Estimator)
    weight = weights_for(X)
    spoilt = np.where(weight[:, None] > 0, X, 5.0)
    for fit in (first_call, lambda model, *args, **kw: model.fit(*args, **kw)):
        one = static(Estimator, batch_size=7)
        other = static(Estimator, batch_size=7)
        fit(one, X, y, sample_weight=weight)
        fit(other, spoilt, y, sample_weight=weight)
        np.testing.assert_array_equal(scores(one, X), scores(other, X))


def test_batch_without_any_weight_is_no_harm(Estimator):
    X, y = toy(Estimator)
    weight = np.r_[np.zeros(20), np.ones(20)]
    model = static(Estimator, batch_size=10, solver="sgd", momentum=0.0)
    model.fit(X, y, sample_weight=weight)
    half = static(Estimator, batch_size=10, solver="sgd", momentum=0.0)
    half.fit(X[20:], y[20:])
    np.testing.assert_allclose(scores(model, X), scores(half, X), rtol=1e-12)
    np.testing.assert_allclose(model.loss_curve_, half.loss_curve_, rtol=1e-12)


def test_score_takes_weights(Estimator):
    X, y = toy(Estimator)
    weight = np.linspace(0, 1, 40)
    model = small(Estimator).fit(X, y)
    metric = accuracy_score if Estimator is SETClassifier else r2_score
    expected = metric(y, model.predict(X), sample_weight=weight)
    assert model.score(X, y, sample_weight=weight) == pytest.approx(expected)


# Row 30: the parameter is named, whatever is wrong.
BAD_WEIGHTS = {
    "negative": (np.r_[-1.0, np.ones(39)], r"Negative values.*sample_weight"),  # row 28
    "all zero": (np.zeros(40), "at least one non-zero"),  # row 29
    "NaN": (np.full(40, np.nan), "Input sample_weight contains NaN"),  # row 30
    "infinite": (np.full(40, np.inf), "Input sample_weight contains infinity"),
    # row 30
    "too short": (np.ones(39), r"sample_weight.shape == \(39,\), expected \(40,\)"),
    "2-D": (np.ones((40, 1)), "Sample weights must be 1D"),
    "strings": (np.full(40, "a"), "sample_weight: could not convert string to float"),
    "one string": ("balanced", "sample_weight: could not convert string to float"),
    "NaN alone": (np.nan, "sample_weight: Sample weights must be finite"),
    "complex": (np.full(40, 1j), "sample_weight: Complex data not supported"),
    "complex alone": (1 + 1j, "sample_weight: Complex data not supported"),
}


@pytest.mark.parametrize(("weight", "match"), BAD_WEIGHTS.values(), ids=BAD_WEIGHTS)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_bad_weights_are_refused(Estimator, weight, match, method):
    X, y = toy(Estimator)
    for model in fresh_and_fitted(Estimator, X, y):
        with refused(ValueError, match, model, X, y, weight):
            if method == "fit":
                model.fit(X, y, sample_weight=weight)
            else:
                first_call(model, X, y, sample_weight=weight)


def test_class_without_any_weight_is_never_predicted():  # row 29
    X, y = toy(SETClassifier, n_classes=3)
    model = small(SETClassifier, max_iter=30, learning_rate_init=0.02)
    model.fit(X, y, sample_weight=(y != 1).astype(float))
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    assert 1 not in model.predict(X)


def test_regression_with_one_number_is_weighted_as_a_mean():
    """The prediction for one point is the weighted mean of its targets."""
    X, y = np.ones((3, 1)), np.array([0.0, 1.0, 5.0])
    model = static(SETRegressor, max_iter=400, learning_rate_init=0.05, alpha=0.0)
    model.set_params(tol=0.0, n_iter_no_change=400)
    model.fit(X, y, sample_weight=[1.0, 2.0, 1.0])
    assert model.predict([[1.0]])[0] == pytest.approx(7 / 4, abs=0.02)
