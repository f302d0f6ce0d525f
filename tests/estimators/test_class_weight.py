"""Weights of classes: what they are worth, which may be left out, what is refused."""

import numpy as np
import pytest
from estimators.cases import (
    assert_same_network,
    assert_same_selection,
    brief,
    first_call,
    fresh_and_fitted,
    fresh_and_fitted_selectors,
    impatient,
    refused,
    selector,
    small,
    static,
    toy,
)
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from skset.estimators import SETClassifier

pytestmark = [impatient, brief]

both_fits = pytest.mark.parametrize("method", ["fit", "partial_fit"])


def train(model, X, y, method, **kwargs):
    return (
        model.fit(X, y, **kwargs)
        if method == "fit"
        else first_call(model, X, y, **kwargs)
    )


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
    one = static(SETClassifier, class_weight={0: 1.0, 1: 9.0})
    other = static(SETClassifier)
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


# row 62: classes that are left out.

PARTIAL = {
    "ints": ([0, 1], {1: 10.0}, [1.0, 10.0]),
    "numpy's ints": ([0, 1], {np.int64(1): np.float32(10)}, [1.0, 10.0]),
    "floats": ([0.0, 1.0], {1: 10}, [1.0, 10.0]),
    "booleans": ([False, True], {True: 10.0}, [1.0, 10.0]),
    "strings": (["no", "yes"], {"yes": 10.0}, [1.0, 10.0]),
    "numpy's strings": (["no", "yes"], {np.str_("no"): 0.25}, [0.25, 1.0]),
    "digits": (["0", "1"], {"1": 10.0}, [1.0, 10.0]),
    "none": ([0, 1], {}, [1.0, 1.0]),
    "one more": ([0, 1], {0: 2.0, 1: 3.0, 7: 4.0}, [2.0, 3.0]),
    "a class without weight": ([0, 1], {1: 0}, [1.0, 0.0]),
    "a large int": ([0, 1], {1: 10**30}, [1.0, 1e30]),
}


@both_fits
@pytest.mark.parametrize(
    ("labels", "given", "each"), PARTIAL.values(), ids=PARTIAL.keys()
)
def test_classes_left_out_weigh_1(labels, given, each, method):
    X, y = toy(SETClassifier)
    labels, each = np.array(labels), np.array(each)
    by_class = train(small(SETClassifier, class_weight=given), X, labels[y], method)
    by_sample = small(SETClassifier)
    train(by_sample, X, labels[y], method, sample_weight=each[y])
    assert_same_network(by_class, by_sample)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_selector_too_gives_1_to_classes_left_out(method):
    X, y = toy(SETClassifier)
    params = {"supervised": "classification"}
    by_class = getattr(selector(class_weight={1: 5.0}, **params), method)(X, y)
    weight = np.array([1.0, 5.0])[y]
    by_sample = getattr(selector(**params), method)(X, y, sample_weight=weight)
    assert_same_selection(by_class, by_sample)


def test_partial_fit_knows_the_classes_of_its_first_call():
    """A chunk may lack classes; what is no class does not change from call to call."""
    X, y = toy(SETClassifier, n_classes=3)
    model = small(SETClassifier, class_weight={0: 1, 1: 10})  # 2 is left out
    model.partial_fit(X, y, classes=[0, 1, 2])
    twin = small(SETClassifier).partial_fit(
        X, y, classes=[0, 1, 2], sample_weight=np.array([1.0, 10.0, 1.0])[y]
    )
    for chunk in (y != 1, y == 2):
        weight = np.array([1.0, 10.0, 1.0])[y[chunk]]
        model.partial_fit(X[chunk], y[chunk])
        twin.partial_fit(X[chunk], y[chunk], sample_weight=weight)
    assert_same_network(model, twin)
    model.set_params(class_weight={5: 10})
    with refused(ValueError, r"class_weight names \['5'\]", model):
        model.partial_fit(X[y != 1], y[y != 1])


def test_warm_start_takes_the_class_weights_of_the_last_call():
    X, y = toy(SETClassifier)
    labels = np.array(["no", "yes"])[y]
    model, twin = (small(SETClassifier, warm_start=True).fit(X, labels) for _ in "ab")
    model.set_params(class_weight={"yes": 10}).fit(X, labels)
    twin.fit(X, labels, sample_weight=np.array([1.0, 10.0])[y])
    assert_same_network(model, twin)


GIVEN = [{1: 10}, {0: 1, 1: 10}, {}, {0: 1, 1: 2, 7: 3}, {7: 3}, {0: 1, 7: 3}]


@pytest.mark.parametrize("given", GIVEN, ids=str)
@pytest.mark.parametrize("classes", [[0, 1], [0, 1, 2]], ids=str)
def test_it_refuses_what_LogisticRegression_refuses(given, classes):
    X, y = toy(SETClassifier, n_classes=len(classes))
    said = []
    for model in (LogisticRegression(), small(SETClassifier)):
        try:
            said.append(model.set_params(class_weight=given).fit(X, y) is model)
        except ValueError as error:
            said.append("class_weight" in str(error) and "refused")
    assert said in ([True, True], ["refused", "refused"])


def test_bags_and_folds_may_lack_a_class():
    X, y = toy(SETClassifier)
    y[:3] = 2
    model = small(SETClassifier, class_weight={0: 1, 1: 2, 2: 8})
    bags = BaggingClassifier(model, 3, max_samples=5, random_state=0).fit(X, y)
    assert bags.score(X, y) > 0.3
    folds = [(np.arange(3, 40), np.arange(3))]
    assert cross_val_score(model, X, y, cv=folds) == [0.0]


@both_fits
def test_labels_left_out_weigh_1_too(method):
    X, _ = toy(SETClassifier)
    Y = (X[:, :3] > 0).astype(int)
    Y[:, 2] = 0  # a column without any 1
    given = [{1: 3.0}, {}, {0: 1.0, 1: 2.0}]
    by_class = train(static(SETClassifier, class_weight=given), X, Y, method)
    weight = np.where(Y[:, 0] == 1, 3.0, 1.0)
    by_sample = static(SETClassifier)
    train(by_sample, X, Y, method, sample_weight=weight)
    assert_same_network(by_class, by_sample)


# row 31: what is refused.

BAD = {
    "unknown and left out": ({0: 1.0, 7: 1.0}, r"class_weight names \['7'\].*\[1\]"),
    "negative": ({0: -1.0, 1: 1.0}, "class_weight must hold finite.*-1.0 for 0"),
    "NaN": ({0: np.nan, 1: 1.0}, "class_weight must hold finite"),
    "infinity": ({0: np.inf, 1: 1.0}, "class_weight must hold finite"),
    "too large": ({0: 10**400, 1: 1.0}, "class_weight must hold finite"),
    "None": ({0: None, 1: 1.0}, "class_weight must hold.*None for 0"),
    "a string": ({0: "a", 1: 1.0}, "class_weight must hold.*'a' for 0"),
    "a digit": ({0: "2", 1: 1.0}, "class_weight must hold.*'2' for 0"),
    "complex": ({0: 1j, 1: 1.0}, "class_weight must hold finite"),
    "a list": ({0: [1.0], 1: 1.0}, "class_weight must hold finite"),
    "a dict": ({0: {0: 1.0}, 1: 1.0}, "class_weight must hold finite"),
    "of no class": ({0: 1.0, 1: 1.0, 7: "a"}, "class_weight must hold.*'a' for 7"),
    "list of a dict": ([{0: 1.0, 1: 1.0}], "class_weight must be a dict or"),
    "list of numbers": ([1.0, 1.0], "class_weight must be a dict or"),
    # Row 63.
    "all 0": ({0: 0, 1: 0}, "class_weight.*at least one non-zero"),
}


@both_fits
@pytest.mark.parametrize(("weight", "match"), BAD.values(), ids=BAD)
def test_bad_class_weight_is_refused(weight, match, method):
    X, y = toy(SETClassifier)
    for model in fresh_and_fitted(SETClassifier, X, y, class_weight=weight):
        with refused(ValueError, match, model, X, y):
            train(model, X, y, method)
    params = {"supervised": "classification"}
    for model in fresh_and_fitted_selectors(X, y, **params):
        model.set_params(class_weight=weight)
        with refused(ValueError, match, model, X, y):
            getattr(model, method)(X, y)


@both_fits
def test_products_that_are_all_0_are_refused(method):
    X, y = toy(SETClassifier)
    weight = (y == 0).astype(float)
    for model in fresh_and_fitted(SETClassifier, X, y, class_weight={0: 0, 1: 5}):
        with refused(ValueError, "class_weight.*at least one non-zero", model, X, y):
            train(model, X, y, method, sample_weight=weight)


BAD_FOR_LABELS = {
    "one dict": ({0: 1.0, 1: 1.0}, "class_weight must be a list of 2 dicts"),
    "too few": ([{0: 1.0}], "class_weight must be a list of 2 dicts"),
    "too many": ([{}, {}, {}], "class_weight must be a list of 2 dicts"),
    "no dicts": ([1.0, 2.0], "class_weight must be a list of 2 dicts"),
    "a number of the label": ([{1: 5.0}, {2: 5.0}], r"class_weight names \['2'\]"),
    "a string": ([{1: 5.0}, {1: "a"}], "class_weight must hold.*'a' for 1"),
    "all 0": ([{1: 5.0}, {0: 0, 1: 0}], "class_weight.*at least one non-zero"),
}


@both_fits
@pytest.mark.parametrize(
    ("weight", "match"), BAD_FOR_LABELS.values(), ids=BAD_FOR_LABELS
)
def test_bad_class_weight_of_labels_is_refused(weight, match, method):
    X, _ = toy(SETClassifier)
    Y = (X[:, :2] > 0).astype(int)
    for model in fresh_and_fitted(SETClassifier, X, Y, class_weight=weight):
        with refused(ValueError, match, model, X, Y):
            train(model, X, Y, method)
