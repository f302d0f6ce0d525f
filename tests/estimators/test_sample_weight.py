"""Sample and class weights: exact where nothing is random, and what is refused."""

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
    """A weight of 2 is the row twice, a weight of 0 is no row."""
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


def test_penalty_too_counts_the_weights(Estimator):
    """alpha is divided by the weight of the batch, as by its number of samples."""
    X, y = toy(Estimator)
    weight = weights_for(X)
    rows = np.repeat(np.arange(40), weight)
    weighted = full_batch(Estimator, 40, alpha=1.0).fit(X, y, sample_weight=weight)
    repeated = full_batch(Estimator, len(rows), alpha=1.0).fit(X[rows], y[rows])
    np.testing.assert_allclose(scores(weighted, X), scores(repeated, X), rtol=1e-9)


@pytest.mark.parametrize("value", [1, 0.125, 1e6])
def test_equal_weights_are_no_weights(Estimator, value):
    X, y = toy(Estimator)
    params = {"batch_size": 7, "alpha": 0.0}
    plain = static(Estimator, **params).fit(X, y)
    equal = static(Estimator, **params).fit(X, y, sample_weight=np.full(40, value))
    np.testing.assert_allclose(scores(equal, X), scores(plain, X), rtol=1e-9)


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


@pytest.mark.parametrize("labels", [[0, 1, 2], ["a", "b", "c"], [-5, 3, 90]], ids=str)
def test_class_weight_is_the_weight_of_its_samples(labels):
    X, y = toy(SETClassifier, n_classes=3)
    labels = np.array(labels)
    class_weight = dict(zip(labels.tolist(), [0.5, 1.0, 4.0], strict=True))
    own = np.linspace(0.5, 1.5, 40)
    by_class = static(SETClassifier, class_weight=class_weight)
    by_class.fit(X, labels[y], sample_weight=own)
    by_sample = static(SETClassifier)
    by_sample.fit(X, labels[y], sample_weight=own * np.array([0.5, 1.0, 4.0])[y])
    np.testing.assert_array_equal(by_class.predict_proba(X), by_sample.predict_proba(X))


def test_balanced_class_weight_gives_every_class_the_same_say():
    X, y = toy(SETClassifier)
    y[:30] = 0
    balanced = static(SETClassifier, class_weight="balanced").fit(X, y)
    weight = 40 / (2 * np.bincount(y))[y]
    by_sample = static(SETClassifier).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(
        balanced.predict_proba(X), by_sample.predict_proba(X), rtol=1e-12
    )


def test_class_weight_in_partial_fit_counts_though_a_class_is_absent():
    X, y = toy(SETClassifier)
    X, y = X[y == 1], y[y == 1]
    one = static(SETClassifier, class_weight={0: 1.0, 1: 9.0}, alpha=0.0)
    other = static(SETClassifier, alpha=0.0)
    for model in (one, other):
        model.partial_fit(X, y, classes=[0, 1])
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=1e-9)


def test_class_weights_of_several_labels_multiply():
    X, _ = toy(SETClassifier)
    Y = (X[:, :2] > 0).astype(int)
    given = [{0: 1.0, 1: 3.0}, {0: 2.0, 1: 1.0}]
    by_class = static(SETClassifier, class_weight=given).fit(X, Y)
    weight = np.where(Y[:, 0] == 1, 3.0, 1.0) * np.where(Y[:, 1] == 1, 1.0, 2.0)
    by_sample = static(SETClassifier).fit(X, Y, sample_weight=weight)
    np.testing.assert_array_equal(by_class.predict_proba(X), by_sample.predict_proba(X))


def test_score_takes_weights(Estimator):
    X, y = toy(Estimator)
    weight = np.linspace(0, 1, 40)
    model = small(Estimator).fit(X, y)
    metric = accuracy_score if Estimator is SETClassifier else r2_score
    expected = metric(y, model.predict(X), sample_weight=weight)
    assert model.score(X, y, sample_weight=weight) == pytest.approx(expected)


BAD_WEIGHTS = {
    "negative": (np.r_[-1.0, np.ones(39)], r"Negative values.*sample_weight"),
    "all zero": (np.zeros(40), "at least one non-zero"),
    "NaN": (np.full(40, np.nan), "Input sample_weight contains NaN"),
    "infinite": (np.full(40, np.inf), "Input sample_weight contains infinity"),
    "too short": (np.ones(39), r"sample_weight.shape == \(39,\), expected \(40,\)"),
    "2-D": (np.ones((40, 1)), "Sample weights must be 1D"),
    "strings": (np.full(40, "a"), "could not convert string to float"),
    "one string": ("balanced", "could not convert string to float"),
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


def test_class_without_any_weight_is_never_predicted():
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
