"""Calls of `QuickSelection.partial_fit`: what is kept from one to the next."""

from itertools import permutations

import numpy as np
import pytest
from estimators.cases import (
    SUPERVISED,
    assert_same_network,
    assert_same_selection,
    every_supervised,
    impatient,
    refused,
    selector,
    toy_for,
)
from estimators.test_bad_input import with_value
from sklearn.feature_selection import f_classif

pytestmark = impatient


@pytest.mark.parametrize("classes", [None, [2, 1, 0]])
def test_classes_are_those_given_or_those_of_the_first_call(classes):
    X, y = toy_for("classification", n_classes=3)
    model = selector(supervised=True).partial_fit(X, y, classes=classes)
    assert model.classes_.tolist() == [0, 1, 2]
    model.partial_fit(X[y == 2], y[y == 2]).partial_fit(X, y, classes=[0, 1, 2])
    with refused(ValueError, "has classes not in", model, X):
        model.partial_fit(X, y + 1)
    with refused(ValueError, "is not the same as on last call", model, X):
        model.partial_fit(X, y, classes=[0, 1])
    fresh = selector(supervised=True)
    with refused(ValueError, "has classes not in.*2", fresh, X):
        fresh.partial_fit(X, y, classes=[0, 1])


def test_numbers_go_on_by_the_scale_of_the_first_call():
    X, y = toy_for("regression")
    one, other, whole = (selector(supervised=True).partial_fit(X, y) for _ in range(3))
    with pytest.raises(AssertionError):
        assert_same_network(one.partial_fit(X, y), other.partial_fit(X, 1 + y))
    assert not hasattr(whole.partial_fit(X, np.ones(40, int)), "classes_")


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"early_stopping": True}, "does not support early_stopping"),
        ({"class_weight": "balanced"}, "class_weight='balanced' is not supported"),
    ],
)
def test_what_needs_all_data_is_refused_by_partial_fit(params, match):
    X, y = toy_for("classification")
    model = selector(supervised=True, **params)
    with refused(ValueError, match, model, X, y):
        model.partial_fit(X, y)


@pytest.mark.parametrize(("before", "after"), list(permutations(SUPERVISED, 2)))
def test_partial_fit_does_not_go_on_with_another_kind_of_target(before, after):
    X, y = toy_for(False)
    model = selector(supervised=before).partial_fit(X, y).set_params(supervised=after)
    with refused(ValueError, "partial_fit", model, X, y):
        model.partial_fit(X, y)


TWO = np.arange(40) % 2
KINDS_OF_Y = {
    "labels, then numbers": (TWO, np.linspace(0, 1, 40), "Unknown label type"),
    "labels, then sets": (TWO, np.eye(2, dtype=int)[TWO], "multilabel"),
    "sets, then labels": (np.eye(2, dtype=int)[TWO], TWO, "multilabel"),
    "numbers, then pairs": (
        np.linspace(0, 1, 40),
        np.linspace(0, 1, 80).reshape(40, 2),
        "2 outputs, the network 1",
    ),
    "numbers, then words": (np.linspace(0, 1, 40), np.full(40, "a"), "convert"),
}


@pytest.mark.parametrize(("y", "other", "match"), KINDS_OF_Y.values(), ids=KINDS_OF_Y)
def test_partial_fit_does_not_go_on_with_another_kind_of_y(y, other, match):
    X, _ = toy_for(False)
    model = selector(supervised=True).partial_fit(X, y)
    with refused(ValueError, match, model, X, other):
        model.partial_fit(X, other)


@pytest.mark.parametrize("fitted", [False, True])
def test_bad_y_is_refused_before_bad_classes(fitted):
    X, y = toy_for("classification")
    model = selector(supervised=True)
    if fitted:
        model.partial_fit(X, y, classes=[0, 1])
    with refused(ValueError, "inconsistent numbers of samples", model, X):
        model.partial_fit(X, y[:-1], classes=[0])


@pytest.mark.parametrize("supervised", [False, True, "regression"])
def test_classes_and_their_weights_do_not_matter_without_classes(supervised):
    X, y = toy_for("regression")
    params = {"supervised": supervised}
    model = selector(**params, class_weight="balanced").partial_fit(X, y, classes=[0])
    assert not hasattr(model, "classes_")
    assert_same_selection(model, selector(**params).partial_fit(X, y))


@pytest.mark.parametrize("spoil", [lambda X: with_value(X, np.nan), lambda X: X * 1e30])
def test_failing_call_leaves_the_selector_bit_for_bit(spoil):
    X, _ = toy_for(False)
    model, twin = (selector(keep_history=True).partial_fit(X) for _ in range(2))
    with refused(ValueError, "NaN|non-finite", model, X):
        model.partial_fit(spoil(X))
    assert_same_selection(model.partial_fit(X), twin.partial_fit(X))


# What may change between calls of partial_fit.


@pytest.mark.parametrize(
    ("before", "after"), list(permutations(["strength", "attribution"]))
)
@every_supervised
def test_another_importance_is_summed_anew(supervised, before, after):
    """Sums of strengths and of attributions have nothing in common."""
    X, y = toy_for(supervised)
    params = {"supervised": supervised, "importance": before}
    total, last = (selector(**params).partial_fit(X, y) for _ in range(2))
    total.set_params(importance=after).partial_fit(X, y)
    last.set_params(importance=after, accumulate=False).partial_fit(X, y)
    assert_same_selection(total, last)
    total.partial_fit(X, y)
    last.partial_fit(X, y)
    assert_same_network(total, last)
    assert not np.allclose(total.feature_importances_, last.feature_importances_)
    # Back again, nothing of the first sum is left.
    total.set_params(importance=before).partial_fit(X, y)
    last.set_params(importance=before).partial_fit(X, y)
    assert_same_selection(total, last)


def test_relevance_is_learned_from_all_calls():
    X, y = toy_for("classification", n_features=9)
    model = selector(importance="relevance", supervised=True)
    for rows in (slice(0, 15), slice(15, None)):
        model.partial_fit(X[rows], y[rows], classes=np.unique(y))
    F, _ = f_classif(X, y)
    explained = F / (F + len(y) - 2)  # there are two classes
    np.testing.assert_allclose(model._ranking.explained.ratios(), explained, rtol=1e-4)
