"""Early stopping: what is held out, when it ends, and what is given back."""

from dataclasses import dataclass

import numpy as np
import pytest
from estimators.cases import (
    assert_same_network,
    fresh_and_fitted,
    impatient,
    named,
    refused,
    small,
    toy,
)
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import train_test_split

from skset.estimators import SETClassifier, SETRegressor

pytestmark = impatient

# Overfits soon: the validation score has its best long before the end.
EAGER = {
    "hidden_layer_sizes": (40, 40),
    "learning_rate_init": 0.02,
    "max_iter": 30,
    "early_stopping": True,
    "n_iter_no_change": 5,
    "alpha": 0.0,
    "solver": "adam",
}


def noisy(Estimator, n_samples=120):
    X, y = toy(Estimator, n_samples=n_samples)
    rng = np.random.default_rng(1)
    if Estimator is SETRegressor:
        return X, y + rng.standard_normal(n_samples)
    return X, np.where(rng.random(n_samples) < 0.25, 1 - y, y)


def split(Estimator):
    X, y = noisy(Estimator)
    return train_test_split(X, y, test_size=0.5, random_state=0)


def loss_on(model, X, y, sample_weight=None):
    if isinstance(model, SETClassifier):
        said = model.predict_proba(X)
        return log_loss(y, said, sample_weight=sample_weight, labels=model.classes_)
    return 0.5 * mean_squared_error(y, model.predict(X), sample_weight=sample_weight)


def half_score(model, X, y):
    return 0.5 * model.score(X, y)


SCORINGS = {
    "loss": lambda model, X, y: -loss_on(model, X, y),
    None: lambda model, X, y: model.score(X, y),
    half_score: half_score,
}


@pytest.mark.parametrize("scoring", SCORINGS, ids=named)
def test_what_is_given_back_has_the_best_validation_score(Estimator, scoring):
    """Of weights and topology, which differ from those of the last epoch."""
    X, X_val, y, y_val = split(Estimator)
    given = {"scoring": scoring, "dtype": np.float64, "standardize": False}
    model = small(Estimator, **EAGER, **given)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    best = int(np.argmax(model.validation_scores_))
    assert best < model.n_iter_ - 1, "the best epoch must not be the last here"
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert len(model.validation_scores_) == model.n_iter_ == len(model.loss_curve_)
    said = SCORINGS[scoring](model, X_val, y_val)
    assert said == pytest.approx(model.best_validation_score_, rel=1e-9)

    # A fit that ends right there has the very same connections and weights, and as
    # nothing is dropped from what is restored, it must not drop anything either.
    there = small(Estimator, **EAGER, **given)
    there.set_params(max_iter=best + 1, final_drop=False)
    there.fit(X, y, X_val=X_val, y_val=y_val)
    assert_same_network(model, there)


@pytest.mark.parametrize("scoring", ["accuracy", "roc_auc", "neg_log_loss"])
def test_scorers_have_names(scoring):
    X, X_val, y, y_val = split(SETClassifier)
    names = np.array(["no", "yes"])
    model = small(SETClassifier, **EAGER, scoring=scoring)
    model.fit(X, names[y], X_val=X_val, y_val=names[y_val])
    from sklearn.metrics import get_scorer

    said = get_scorer(scoring)(model, X_val, names[y_val])
    assert said == pytest.approx(model.best_validation_score_, rel=1e-9)


def test_final_drop_is_not_applied_to_what_is_restored(Estimator):
    X, y = noisy(Estimator)
    kept, whole = (
        small(Estimator, **EAGER, final_drop=drop, epsilon=2).fit(X, y)
        for drop in (True, False)
    )
    assert_same_network(kept, whole)


def test_training_ends_when_patience_does(Estimator):
    X, y = noisy(Estimator)
    model = small(Estimator, **{**EAGER, "max_iter": 200, "tol": 10.0}).fit(X, y)
    assert model.n_iter_ == 1 + EAGER["n_iter_no_change"] + 1
    endless = small(Estimator, **{**EAGER, "n_iter_no_change": np.inf}).fit(X, y)
    assert endless.n_iter_ == EAGER["max_iter"]


def test_adaptive_rate_is_lowered_before_training_ends(Estimator):
    X, y = noisy(Estimator)
    params = {**EAGER, "solver": "sgd", "tol": 10.0, "max_iter": 60}
    params |= {"learning_rate_init": 0.01}
    constant = small(Estimator, **params).fit(X, y)
    adaptive = small(Estimator, **params, learning_rate="adaptive").fit(X, y)
    assert constant.n_iter_ < adaptive.n_iter_


def test_share_held_out_is_not_trained_on():
    """Samples of the held-out share can change without the training noticing."""
    X, y = noisy(SETClassifier)
    seen = []

    def spy(model, X, y):
        seen.append(len(X))
        return 0.0

    small(SETClassifier, **EAGER, scoring=spy, validation_fraction=0.25).fit(X, y)
    assert set(seen) == {30}


def test_share_held_out_has_the_proportions_of_the_classes():
    X, _ = noisy(SETClassifier)
    y = np.repeat(["rare", "common"], [20, 100])
    counts = []

    def spy(model, X, y):
        counts.append((y == "rare").sum())
        return 0.0

    small(SETClassifier, **EAGER, scoring=spy, validation_fraction=0.2).fit(X, y)
    assert set(counts) == {4}


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["no", "yes"]),
        np.array(["no", "yes"], dtype=object),
        np.array([False, True]),
        np.array([10, 20], dtype=np.int16),
        np.array([0.0, 1.0]),
    ],
    ids=lambda labels: str(labels.dtype),
)
@pytest.mark.parametrize("scoring", ["loss", None])
def test_labels_of_any_type_are_kept(labels, scoring):  # row 11
    X, y = noisy(SETClassifier)
    model = small(SETClassifier, early_stopping=True, scoring=scoring)
    model.fit(X, labels[y])
    np.testing.assert_array_equal(model.classes_, labels)
    assert model.classes_.dtype == model.predict(X).dtype == labels.dtype
    plain = small(SETClassifier, early_stopping=True, scoring=scoring).fit(X, y)
    assert_same_network(model, plain)


def test_validation_weights_count():
    """A weight of 0 is a sample that is not there, a weight of 2 one that is twice."""
    X, X_val, y, y_val = split(SETClassifier)
    weight = np.resize([0.0, 1.0, 2.0], len(y_val))
    rows = np.repeat(np.arange(len(y_val)), weight.astype(int))
    for scoring in ("loss", None):
        params = {**EAGER, "scoring": scoring, "dtype": np.float64}
        weighted = small(SETClassifier, **params).fit(
            X, y, X_val=X_val, y_val=y_val, sample_weight_val=weight
        )
        repeated = small(SETClassifier, **params).fit(
            X, y, X_val=X_val[rows], y_val=y_val[rows]
        )
        np.testing.assert_allclose(
            weighted.validation_scores_, repeated.validation_scores_, rtol=1e-12
        )
        assert_same_network(weighted, repeated)


def test_weights_are_split_with_their_samples():
    X, y = noisy(SETRegressor)
    weight = np.where(y > 0, 1.0, 0.0)
    params = {**EAGER, "scoring": "loss", "dtype": np.float64}
    some = small(SETRegressor, **params).fit(X, y, sample_weight=weight)
    # What has no weight can be anything.
    spoilt = small(SETRegressor, **params)
    spoilt.fit(X, np.where(y > 0, y, 99.0), sample_weight=weight)
    assert_same_network(some, spoilt)


def test_without_early_stopping_no_score_is_kept(Estimator):
    model = small(Estimator).fit(*noisy(Estimator))
    assert model.validation_scores_ is None
    assert model.best_validation_score_ is None
    assert model.best_loss_ == min(model.loss_curve_)
    scored = small(Estimator, early_stopping=True).fit(*noisy(Estimator))
    assert scored.best_loss_ is None


STOPPING = {"early_stopping": True}
GIVEN = {
    "X_val alone": (STOPPING, ["X_val"], "X_val is provided, but y_val was not"),
    "y_val alone": (STOPPING, ["y_val"], "y_val is provided, but X_val was not"),
    "weights alone": (STOPPING, ["sample_weight_val"], "sample_weight_val is provided"),
    "early_stopping off": (
        {"early_stopping": False},
        ["X_val", "y_val"],
        "X_val and y_val are passed to fit while at the same time early_stopping",
    ),
}


@pytest.mark.parametrize(("params", "names", "match"), GIVEN.values(), ids=GIVEN)
def test_validation_data_must_be_whole_and_wanted(Estimator, params, names, match):
    # row 40
    X, y = toy(Estimator)
    given = {"X_val": X, "y_val": y, "sample_weight_val": np.ones(40)}
    for model in fresh_and_fitted(Estimator, X, y, **params):
        with refused(ValueError, match, model, X, y):
            model.fit(X, y, **{name: given[name] for name in names})


BAD_VALIDATION = {
    "features": (lambda X, y: {"X_val": X[:, :4], "y_val": y}, "X has 4 features"),
    "lengths": (
        lambda X, y: {"X_val": X, "y_val": y[:-1]},
        r"inconsistent numbers of samples: \[40, 39\]",
    ),
    "NaN": (lambda X, y: {"X_val": X * np.nan, "y_val": y}, "contains NaN"),
    "weight lengths": (
        lambda X, y: {"X_val": X, "y_val": y, "sample_weight_val": np.ones(3)},
        r"sample_weight.shape == \(3,\)",
    ),
    "negative weights": (
        lambda X, y: {"X_val": X, "y_val": y, "sample_weight_val": -np.ones(40)},
        "Negative values.*sample_weight",
    ),
}


@pytest.mark.parametrize(
    ("given", "match"), BAD_VALIDATION.values(), ids=BAD_VALIDATION
)
def test_bad_validation_data_is_refused(Estimator, given, match):  # row 40
    X, y = toy(Estimator)
    for model in fresh_and_fitted(Estimator, X, y, early_stopping=True):
        with refused(ValueError, match, model, X, y):
            model.fit(X, y, **given(X, y))


@pytest.mark.parametrize("unseen", [np.full(40, 7), np.full(40, "a")])
def test_unseen_class_in_y_val_is_refused(unseen):  # row 40
    X, y = toy(SETClassifier)
    for model in fresh_and_fitted(SETClassifier, X, y, early_stopping=True):
        with refused(ValueError, "y_val.*classes not in", model, X, y):
            model.fit(X, y, X_val=X, y_val=unseen)


def test_y_val_with_another_number_of_outputs_is_refused():
    X, y = toy(SETRegressor)
    for model in fresh_and_fitted(SETRegressor, X, y, early_stopping=True):
        with refused(ValueError, "y_val.*2 outputs", model, X, y):
            model.fit(X, y, X_val=X, y_val=np.stack([y, y], axis=1))


def test_too_few_samples_to_hold_some_out(Estimator):  # row 13
    X, y = toy(Estimator)
    for model in fresh_and_fitted(Estimator, X, y, early_stopping=True):
        with refused(ValueError, "validation_fraction", model, X, y):
            model.fit(X[:1], y[:1])


def test_class_with_one_member_cannot_be_split():  # row 13
    X, y = toy(SETClassifier)
    y[0] = 7
    for model in fresh_and_fitted(SETClassifier, X, y % 2, early_stopping=True):
        with refused(ValueError, "validation_fraction.*only 1 member", model, X, y):
            model.fit(X, y)


def test_scorer_that_does_not_exist_is_refused(Estimator):
    X, y = toy(Estimator)
    params = {"early_stopping": True, "scoring": "foo"}
    for model in fresh_and_fitted(Estimator, X, y, **params):
        with refused(ValueError, "'foo' is not a valid scoring", model, X, y):
            model.fit(X, y)


@dataclass(frozen=True)
class Always:
    """A scorer that says the same of every model."""

    value: object

    def __call__(self, model, X, y):
        return self.value


@pytest.mark.parametrize("value", [np.nan, None, "0.5", 1j], ids=named)  # row 68
def test_score_that_cannot_be_compared_is_refused(Estimator, value):
    X, y = toy(Estimator)
    params = {"early_stopping": True, "scoring": Always(value)}
    match = r"validation score is .*scoring=.*Always.*must give a number"
    for model in fresh_and_fitted(Estimator, X, y, **params):
        for goes_on in (False, True):
            model.set_params(warm_start=goes_on)
            with refused(ValueError, match, model, X, y):
                model.fit(X, y)


def test_validation_loss_that_is_nan_is_refused():  # row 68
    X, y = toy(SETClassifier, n_classes=3)
    model = small(SETClassifier, early_stopping=True, weight_init="he")
    far = np.full_like(X, 3e38)
    with refused(ValueError, "validation score is nan.*scoring='loss'", model, X, y):
        model.fit(X, y, X_val=far, y_val=y)


def test_error_of_a_scorer_comes_out_and_leaves_nothing(Estimator):  # row 46
    X, y = toy(Estimator)

    class BrokenError(Exception):
        pass

    calls = []

    def scoring(model, X, y):
        calls.append(model.predict(X))
        if len(calls) == 2:
            raise BrokenError("in epoch 2")
        return 0.0

    model = small(Estimator, early_stopping=True, scoring=scoring, n_jobs=2)
    before = dict(vars(model))
    with pytest.raises(BrokenError):
        model.fit(X, y)
    assert vars(model) == before
    with pytest.raises(NotFittedError):
        model.predict(X)
    model.fit(X, y)
    twin = small(Estimator, early_stopping=True, scoring=lambda *_: 0.0).fit(X, y)
    assert_same_network(model, twin)
