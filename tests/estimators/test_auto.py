"""Parameters that are "auto" follow the data, and the numbers are shown."""

import math

import numpy as np
import pytest
from estimators.cases import BOTH, assert_same_network, brief, impatient, small, toy

from skset import QuickSelection, SETClassifier, SETRegressor
from skset.estimators._auto import CLASSIFIER_RULES, RULES, Shape

pytestmark = impatient

AUTO = dict.fromkeys(RULES, "auto")


def names(Estimator):
    """Return the parameters of an estimator that are "auto"."""
    return set(CLASSIFIER_RULES if Estimator is SETClassifier else RULES)


def chosen(Estimator, n_samples=40, fit="fit", **params):
    X, y = toy(Estimator, n_samples=n_samples)
    model = small(Estimator, **AUTO | params)
    return getattr(model, fit)(X, y).auto_params_


@pytest.mark.parametrize("Estimator", BOTH)
def test_defaults_are_auto(Estimator):
    defaults = Estimator().get_params()
    auto = [name for name in names(Estimator) if defaults[name] == "auto"]
    assert set(auto) == names(Estimator)


def test_the_numbers_are_shown_and_the_parameters_stay(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator, **AUTO).fit(X, y)
    assert set(model.auto_params_) == names(Estimator)
    assert {getattr(model, name) for name in model.auto_params_} == {"auto"}
    assert model.n_iter_ == model.auto_params_["max_iter"] == 25


def test_numbers_that_are_given_stand_for_themselves(Estimator):
    X, y = toy(Estimator)
    given = {"alpha": 0.5, "learning_rate_init": 0.01, "max_iter": 2}
    given |= {"temperature": 1.0} if Estimator is SETClassifier else {}
    model = small(Estimator, **given, n_iter_no_change=10).fit(X, y)
    assert model.auto_params_ == {}


def test_a_fit_with_the_numbers_is_the_same_fit(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator, **AUTO).fit(X, y)
    other = small(Estimator, **model.auto_params_).fit(X, y)
    assert_same_network(model, other)


def params(**given):
    return type("Given", (), {"solver": "adam", "learning_rate": "cosine"} | given)


@pytest.mark.parametrize(
    ("n_rows", "epochs"), [(320, 25), (5000, 25), (20000, 12), (60000, 7), (10**7, 4)]
)
def test_epochs_fall_with_the_rows(n_rows, epochs):
    assert RULES["max_iter"](params(), Shape(n_rows, 32, 2)) == epochs


@pytest.mark.parametrize(
    ("n_rows", "size", "epochs"), [(1, 1, 250), (6, 4, 125), (1000, 1000, 250)]
)
def test_few_rows_or_large_batches_make_more_epochs(n_rows, size, epochs):
    assert RULES["max_iter"](params(), Shape(n_rows, size, 2)) == epochs


@pytest.mark.parametrize(
    ("size", "adam", "sgd"),
    [(4, 0.003, 0.03), (32, 0.003, 0.03), (128, 0.006, 0.12), (9999, 0.006, 0.12)],
)
def test_the_rate_grows_with_the_batch(size, adam, sgd):
    rule, shape = RULES["learning_rate_init"], Shape(1000, size, 2)
    assert rule(params(), shape) == pytest.approx(adam)
    assert rule(params(solver="sgd"), shape) == pytest.approx(sgd)


def test_the_penalty_falls_with_rows_and_classes():
    rule = RULES["alpha"]
    assert rule(params(), Shape(100, 20, 2)) == pytest.approx(0.5)
    assert rule(params(), Shape(100, 20, 10)) == pytest.approx(0.1)
    assert rule(params(), Shape(10000, 20, 2)) == pytest.approx(0.05)
    assert rule(params(), Shape(100, 20, None)) == pytest.approx(0.12)
    for given, partial in [("adamw", False), ("lbfgs", False), ("adam", True)]:
        assert rule(params(solver=given), Shape(8000, 128, 2, partial)) == 0.1


def test_patience_has_no_end_where_the_rate_falls_to_zero():
    rule, shape = RULES["n_iter_no_change"], Shape(100, 4, 2)
    assert rule(params(early_stopping=False), shape) == math.inf
    assert rule(params(early_stopping=True), shape) == 10
    assert rule(params(early_stopping=False, learning_rate="constant"), shape) == 10


def test_what_goes_on_keeps_its_numbers(Estimator):
    X, y = toy(Estimator, n_samples=400)
    model = small(Estimator, **AUTO, warm_start=True).fit(X[:40], y[:40])
    first = model.auto_params_
    assert model.fit(X, y).auto_params_ == first
    assert model.set_params(warm_start=False).fit(X, y).auto_params_ != first


def test_calls_have_the_numbers_of_the_first(Estimator):
    X, y = toy(Estimator, n_samples=400)
    classes = {"classes": [0, 1]} if Estimator is SETClassifier else {}
    model = small(Estimator, **AUTO).partial_fit(X[:40], y[:40], **classes)
    first = model.auto_params_
    assert first["alpha"] == 0.1
    assert model.partial_fit(X, y).auto_params_ == first


def test_a_network_that_is_given_has_none_yet(Estimator):
    X, y = toy(Estimator)
    network = small(Estimator).fit(X, y).network_
    given = ([0, 1],) if Estimator is SETClassifier else ()
    made = Estimator.from_network(network, *given, random_state=0)
    assert made.auto_params_ == {}
    assert set(made.partial_fit(X, y).auto_params_) == names(Estimator)


def test_rows_set_aside_do_not_count():
    given = {"n_samples": 1000, "early_stopping": True, "batch_size": 25}
    aside = chosen(SETRegressor, **given, max_iter=2, validation_fraction=0.5)
    assert aside["alpha"] == pytest.approx(0.06 * 25 / np.sqrt(500))


def test_a_selector_takes_auto_for_its_own_numbers():
    X, y = toy(SETClassifier)
    model = QuickSelection(2, random_state=0)
    auto = QuickSelection(2, random_state=0, alpha="auto", learning_rate_init="auto")
    auto.set_params(n_iter_no_change="auto")
    one, other = model.fit(X, y), auto.fit(X, y)
    assert np.array_equal(one.feature_importances_, other.feature_importances_)
    assert other.auto_params_["alpha"] == model.alpha


WIDE = {"importance": "relevance", "noise": 0.3}
TALL = {"importance": "coverage", "noise": 1.0}


def selection_of(n_samples, n_features, fit="fit", weight=None, **params):
    X, y = toy(SETClassifier, n_samples=n_samples, n_features=n_features)
    params = {"hidden_layer_sizes": 8, "max_iter": 2, "random_state": 0} | params
    model = QuickSelection(2, **params)
    return getattr(model, fit)(X, y, weight)


@brief
@pytest.mark.parametrize(
    ("how", "chosen"),
    [
        ({"n_samples": 40, "n_features": 41}, WIDE),
        ({"n_samples": 40, "n_features": 40}, TALL),
        ({"n_samples": 40, "n_features": 41, "supervised": False}, TALL),
        ({"n_samples": 40, "n_features": 41, "supervised": "regression"}, WIDE),
        ({"n_samples": 40, "n_features": 41, "fit": "partial_fit"}, TALL),
        ({"n_samples": 40, "n_features": 30, "weight": np.arange(40) % 3}, WIDE),
        ({"n_samples": 40, "n_features": 41, "noise": 2}, {"importance": "relevance"}),
        ({"n_samples": 40, "n_features": 41, "importance": "strength"}, {"noise": 0.3}),
    ],
    ids=str,
)
def test_wide_tables_are_ranked_by_what_y_explains_too(how, chosen):
    assert selection_of(**how).auto_params_ == chosen


@brief
@pytest.mark.parametrize(("n_features", "chosen"), [(60, WIDE), (5, TALL)])
def test_a_selection_with_what_was_chosen_is_the_same(n_features, chosen):
    one = selection_of(40, n_features)
    other = selection_of(40, n_features, **chosen)
    assert np.array_equal(one.feature_importances_, other.feature_importances_)
    assert (one.auto_params_, other.auto_params_) == (chosen, {})
