"""Only the proportions of weights count (row 61): alone and in ensembles."""

from functools import partial

import numpy as np
import pytest
from estimators.cases import (
    assert_same_machine,
    assert_same_network,
    bits,
    brief,
    impatient,
    machine,
    scores,
    selector,
    small,
    toy,
)
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    VotingClassifier,
)
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skset.estimators import SETClassifier, SETRegressor, SparseRBM

pytestmark = [impatient, brief]

# Each with data; batches are small, and the last has not as many rows as the others.
SIZES = {"batch_size": 7, "dtype": np.float64}
MODELS = {
    "classifier": (partial(small, SETClassifier, **SIZES), toy(SETClassifier)),
    "regressor": (partial(small, SETRegressor, **SIZES), toy(SETRegressor)),
    "autoencoder": (partial(selector, supervised=False, **SIZES), toy(SETRegressor)),
    "selector, classes": (
        partial(selector, supervised="classification", **SIZES),
        toy(SETClassifier),
    ),
    "selector, numbers": (
        partial(selector, supervised="regression", **SIZES),
        toy(SETRegressor),
    ),
    "machine": (partial(machine, **SIZES), (bits(), None)),
}
every_model = pytest.mark.parametrize(("build", "data"), MODELS.values(), ids=MODELS)


def weights():
    """Return weights of which some are 0 and none is a round number."""
    return np.random.default_rng(2).uniform(0, 3, 40) * (np.arange(40) % 5 > 0)


def fit(model, X, y, weight):
    return model.fit(X, y, sample_weight=weight)


def partial_fit(model, X, y, weight):
    """Make two calls, in the second of which the weights are ten bits less."""
    classes = {"classes": [0, 1]} if isinstance(model, SETClassifier) else {}
    model.partial_fit(X, y, sample_weight=weight, **classes)
    return model.partial_fit(X, y, sample_weight=weight / 1024)


def learned(model):
    """Return all numbers that a model has learned, and its curve."""
    if isinstance(model, SparseRBM):
        W, biases = model.components_, [model.intercept_hidden_]
        biases += [model.intercept_visible_, model.reconstruction_error_curve_]
        return np.concatenate([W.data, *biases])
    layers = [layer.data for layer in model.coefs_] + model.intercepts_
    return np.concatenate([*layers, model.loss_curve_])


def assert_same(one, other):
    """Assert that two models learned the same, bit for bit."""
    if isinstance(one, SparseRBM):
        assert_same_machine(one, other)
    else:
        assert_same_network(one, other)
        assert one.loss_curve_ == other.loss_curve_


@every_model
@pytest.mark.parametrize("train", [fit, partial_fit])
def test_power_of_two_changes_no_bit(build, data, train):
    one = train(build(), *data, weights())
    for factor in (2.0**-1000, 0.5, 2.0**1020):
        assert_same(one, train(build(), *data, factor * weights()))


@every_model
@pytest.mark.parametrize("train", [fit, partial_fit])
def test_constant_changes_nothing_but_roundings(build, data, train):
    one = train(build(method="static"), *data, weights())
    for factor in (1e-30, 1 / 40, 1e30):
        other = train(build(method="static"), *data, factor * weights())
        np.testing.assert_allclose(learned(other), learned(one), rtol=1e-6, atol=1e-9)


@every_model
@pytest.mark.parametrize("value", [1.0, 2.0**-1020, 2.0**1023])
def test_equal_weights_are_no_weights(build, data, value):
    """Their sum is more than a float holds, where they are 2 to the power 1023."""
    X, y = data
    equal = build().fit(X, y, sample_weight=np.full(40, value))
    assert_same(equal, build().fit(X, y))


@pytest.mark.parametrize("value", [1e-30, 1 / 40, 1.7e308])
def test_equal_weights_of_any_size_are_no_weights(Estimator, value):
    X, y = toy(Estimator)
    plain = small(Estimator, **SIZES).fit(X, y)
    equal = small(Estimator, **SIZES).fit(X, y, sample_weight=np.full(40, value))
    np.testing.assert_allclose(scores(equal, X), scores(plain, X), rtol=1e-9)
    assert equal.score(X, y, np.full(40, value)) == pytest.approx(plain.score(X, y))


def test_machine_scores_with_weights_of_any_size():
    X = bits()
    model = machine().fit(X)
    assert model.score(X, sample_weight=np.full(40, 1.7e308)) == pytest.approx(
        model.score(X)
    )


def test_class_weights_of_any_size_are_the_same():
    X, y = toy(SETClassifier)
    one = small(SETClassifier, class_weight={0: 1.0, 1: 3.0})
    one.fit(X, y, sample_weight=weights())
    for factor in (2.0**-1000, 2.0**1020):
        given = {0: factor, 1: 3 * factor}
        other = small(SETClassifier, class_weight=given)
        # Neither the products nor their sums would be numbers above 0.
        other.fit(X, y, sample_weight=factor * weights())
        assert_same_network(one, other)


def test_class_weights_of_many_labels_multiply_to_no_infinity():
    X, y = toy(SETClassifier)
    Y = np.column_stack([y, 1 - y] * 300)
    one, other = (
        small(SETClassifier, class_weight=[given] * 600).fit(X, Y)
        for given in ({0: 10.0, 1: 10.0}, {})
    )
    np.testing.assert_allclose(scores(one, X), scores(other, X), rtol=1e-4)


@pytest.mark.parametrize("scoring", ["loss", None])
def test_validation_weights_too_are_relative(Estimator, scoring):
    X, y = toy(Estimator)
    params = {"early_stopping": True, "scoring": scoring, "max_iter": 8}

    def trained(factor, given):
        validation = {"X_val": X, "y_val": y, "sample_weight_val": factor * weights()}
        model = small(Estimator, **params)
        weight = factor * (1 + weights())
        return model.fit(X, y, sample_weight=weight, **(validation if given else {}))

    for given in (False, True):
        one = trained(1.0, given)
        for factor in (2.0**-100, 2.0**100):
            other = trained(factor, given)
            assert_same_network(one, other)
            assert one.validation_scores_ == other.validation_scores_


def test_part_without_any_weight_is_refused(Estimator):
    X, y = toy(Estimator)
    weight = np.zeros(40)
    weight[0] = 1.0
    model = small(Estimator, early_stopping=True, validation_fraction=0.5)
    with pytest.raises(ValueError, match=r"validation_fraction.*all weights of the"):
        model.fit(X, y, sample_weight=weight)
    with pytest.raises(ValueError, match=r"sample_weight_val.*at least one non-zero"):
        model.fit(X, y, X_val=X, y_val=y, sample_weight_val=np.zeros(40))


def test_scorers_and_callbacks_get_the_weights_as_given(Estimator):
    X, y = toy(Estimator)
    seen = []

    def scorer(model, X, y, sample_weight):
        seen.append(sample_weight)
        return 1.0

    model = small(Estimator, early_stopping=True, scoring=scorer, max_iter=1)
    model.fit(X, y, X_val=X, y_val=y, sample_weight_val=100 * weights())
    np.testing.assert_array_equal(seen[0], 100 * weights())
    model.fit(X, y, sample_weight=np.full(40, 100.0))
    assert set(seen[1]) == {100.0}


# With the default penalty, on real data.


def halves(load, n_train):
    X, y = load(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    if load is load_diabetes:
        y = (y - y.mean()) / y.std()
    return train_test_split(X, y, train_size=n_train, random_state=0)


@pytest.fixture(scope="module")
def digits():
    return halves(load_digits, 900)


@pytest.fixture(scope="module")
def diabetes():
    return halves(load_diabetes, 300)


def classifier():
    return SETClassifier((100,), max_iter=15, random_state=0)


def regressor():
    return SETRegressor((50,), max_iter=30, random_state=0)


@pytest.mark.parametrize("value", [1 / 900, 1e-30, 1e30])
def test_small_weights_do_not_destroy_a_classifier(digits, value):
    X, X_test, y, y_test = digits
    plain = classifier().fit(X, y).score(X_test, y_test)
    equal = classifier().fit(X, y, sample_weight=np.full(900, value))
    by_class = classifier().set_params(class_weight=dict.fromkeys(range(10), value))
    assert plain > 0.9
    assert equal.score(X_test, y_test) == pytest.approx(plain, abs=0.01)
    score = by_class.fit(X, y).score(X_test, y_test)
    assert score == pytest.approx(plain, abs=0.01)


@pytest.mark.parametrize("value", [1 / 300, 1e-30, 1e30])
def test_small_weights_do_not_destroy_a_regressor(diabetes, value):
    X, X_test, y, y_test = diabetes
    plain = regressor().fit(X, y).score(X_test, y_test)
    equal = regressor().fit(X, y, sample_weight=np.full(300, value))
    assert plain > 0.3
    assert equal.score(X_test, y_test) == pytest.approx(plain, abs=0.01)


def voting():
    members = [("one", classifier()), ("other", classifier().set_params(epsilon=10))]
    return VotingClassifier(members, voting="soft")


ENSEMBLES = {
    "bagging": lambda: BaggingClassifier(classifier(), 2, random_state=0),
    "calibration": lambda: CalibratedClassifierCV(classifier(), cv=2),
    "voting": voting,
}


@pytest.mark.parametrize("build", ENSEMBLES.values(), ids=ENSEMBLES)
def test_ensemble_with_weights_is_as_good_as_without(digits, build):
    X, X_test, y, y_test = digits
    plain = build().fit(X, y).score(X_test, y_test)
    weighted = build().fit(X, y, sample_weight=np.full(900, 1 / 900))
    assert plain > 0.9
    assert weighted.score(X_test, y_test) == pytest.approx(plain, abs=0.03)


def test_bagged_regressors_with_weights_are_as_good_as_without(diabetes):
    X, X_test, y, y_test = diabetes
    build = partial(BaggingRegressor, regressor(), 3, random_state=0)
    plain = build().fit(X, y).score(X_test, y_test)
    weighted = build().fit(X, y, sample_weight=np.full(300, 1 / 300))
    assert plain > 0.3
    assert weighted.score(X_test, y_test) == pytest.approx(plain, abs=0.03)


def test_boosted_classifiers_are_as_good_as_one(digits):
    """The weights that AdaBoost gives add up to 1."""
    X, X_test, y, y_test = digits
    one = classifier().fit(X, y).score(X_test, y_test)
    boosted = AdaBoostClassifier(classifier(), n_estimators=2, random_state=0)
    assert one > 0.9
    assert boosted.fit(X, y).score(X_test, y_test) == pytest.approx(one, abs=0.03)


def test_boosted_regressors_are_as_good_as_one(diabetes):
    X, X_test, y, y_test = diabetes
    one = regressor().fit(X, y).score(X_test, y_test)
    boosted = AdaBoostRegressor(regressor(), n_estimators=5, random_state=0)
    assert one > 0.3
    assert boosted.fit(X, y).score(X_test, y_test) > one - 0.03


@brief
@pytest.mark.parametrize("weight", [[5e-324, 1e-30], [1.0, 1e-80], [1e300, 1.0]])
def test_a_row_with_nearly_all_the_weight_does_not_make_the_others_overflow(weight):
    """The deviation that numbers are standardised by is then next to 0."""
    model = selector(1, supervised="regression", max_iter=60, batch_size=2)
    model.fit([[1.5], [0.5]], [1.0, 0.0], sample_weight=weight)
    assert np.isfinite(model.feature_importances_).all()
