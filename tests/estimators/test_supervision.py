"""What `QuickSelection` takes y for when nobody says it."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from estimators.cases import (
    assert_same_selection,
    brief,
    refused,
    selector,
    toy_for,
)
from scipy import sparse
from sklearn.datasets import load_diabetes, load_digits, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skset.estimators import QuickSelection

pytestmark = brief

N = 1000  # the square root is more than 20
CLASSES = {
    "strings": np.array(["a", "b"] * 20),
    "objects": np.array(["a", "b"] * 20, dtype=object),
    "booleans": np.arange(40) % 2 == 0,
    "list": [0, 1] * 20,
    "20 whole numbers": np.arange(40) % 20,
    "whole numbers as floats": np.arange(40) % 7.0 - 3,
    "31 whole numbers in 1000": np.arange(N) % 31,
    "column": (np.arange(40) % 2)[:, None],
    "several labels": np.eye(4, dtype=int)[np.arange(40) % 4],
    "several labels, sparse": sparse.csr_array(np.eye(4)[np.arange(40) % 4]),
    "categories": pd.Series(pd.Categorical(np.arange(50) % 25)),
    "series": pd.Series(["a", "b"] * 20),
    "polars": pl.Series(["a", "b"] * 20),
}
NUMBERS = {
    "fractions": np.linspace(0, 1, 40),
    "two fractions": np.array([0.5, 1.0] * 20),
    "21 whole numbers": np.arange(42) % 21,
    "32 whole numbers in 1000": np.arange(N) % 32,
    "diabetes": load_diabetes().target,
    "two numbers each": np.linspace(0, 1, 80).reshape(40, 2),
    "two whole numbers each": np.arange(80).reshape(40, 2) % 3,
    "fractions as objects": np.linspace(0, 1, 40).astype(object),
    "series": pd.Series(np.linspace(0, 1, 40)),
}
CASES = [(name, y, "classification") for name, y in CLASSES.items()]
CASES += [(name, y, "regression") for name, y in NUMBERS.items()]


def X_for(y):
    n = y.shape[0] if hasattr(y, "shape") else len(y)
    return np.random.default_rng(0).standard_normal((n, 3))


@pytest.mark.filterwarnings("ignore:A column-vector y")
@pytest.mark.parametrize("supervised", ["auto", True])
@pytest.mark.parametrize(("y", "kind"), [c[1:] for c in CASES], ids=lambda c: "")
def test_kind_of_y_is_found(y, kind, supervised):
    X = X_for(y)
    params = {"max_iter": 1, "hidden_layer_sizes": (5,)}
    model = selector(supervised=supervised, **params).fit(X, y)
    assert model.supervised_ == kind
    assert hasattr(model, "classes_") == (kind == "classification")
    assert_same_selection(model, selector(supervised=kind, **params).fit(X, y))


def test_nothing_but_X_is_learned_from_where_there_is_no_y():
    X, _ = toy_for(False)
    model = selector(supervised="auto").fit(X)
    assert model.supervised_ is False
    assert_same_selection(model, selector().fit(X))


def test_false_ignores_y():
    X, y = toy_for("classification")
    model = selector().fit(X, y)
    assert model.supervised_ is False
    assert_same_selection(model, selector().fit(X))


def test_labels_in_a_pipeline_are_learned_from():
    """Class-separated data, of which an unsupervised selection finds six features."""
    X, y = make_classification(
        500, 60, n_informative=10, n_redundant=0, shuffle=False, random_state=0
    )
    pipeline = make_pipeline(
        StandardScaler(), QuickSelection(10, random_state=0), LogisticRegression()
    )
    pipeline.fit(X, y)
    found = set(np.flatnonzero(pipeline[1].support_))
    alone = QuickSelection(10, supervised=False, random_state=0)
    unlabelled = set(
        np.flatnonzero(alone.fit(StandardScaler().fit_transform(X)).support_)
    )
    ten = set(range(10))
    assert len(found & ten) >= 9
    assert len(found & ten) > len(unlabelled & ten)


def test_y_is_required_only_where_labels_are_asked_for():
    X, _ = toy_for(False)
    for supervised, required in [
        ("auto", False),
        (False, False),
        (True, True),
        ("classification", True),
        ("regression", True),
    ]:
        model = selector(supervised=supervised)
        assert model.__sklearn_tags__().target_tags.required == required
        if not required:
            model.fit(X)
            continue
        match = "requires y to be passed, but the target y is None"
        for fit in (model.fit, model.partial_fit):
            with refused(ValueError, match, model, X):
                fit(X)


# Calls of partial_fit.


def test_first_call_decides():
    X, y = load_digits(return_X_y=True)
    model = selector(supervised="auto").partial_fit(X[:300] / 16, y[:300])
    assert model.supervised_ == "classification"
    model.partial_fit(X[300:340] / 16, y[300:340])
    assert model.supervised_ == "classification"
    assert model.classes_.tolist() == list(range(10))


def test_later_numbers_may_be_few():
    X, y = toy_for("regression")
    model = selector(supervised="auto").partial_fit(X, y)
    model.partial_fit(X[:4], [0, 1, 1, 0])
    assert model.supervised_ == "regression"


def test_classes_that_are_given_make_whole_numbers_classes():
    y, many = np.arange(60) % 21, np.arange(100)
    model = selector(supervised="auto").partial_fit(X_for(y), y, classes=many)
    assert model.supervised_ == "classification"
    assert model.classes_.size == 100


@pytest.mark.parametrize(
    ("first", "then", "match"),
    [
        (True, False, "had y, .* has none"),
        (False, True, "had no y, .* has y"),
    ],
)
def test_y_in_every_call_or_in_none(first, then, match):
    X, y = toy_for("classification")
    model = selector(supervised="auto").partial_fit(X, y if first else None)
    with refused(ValueError, f"(?s)supervised='auto'.*{match}", model, X, y):
        model.partial_fit(X, y if then else None)
    assert_same_selection(
        model.partial_fit(X, y if first else None),
        selector(supervised="classification" if first else False)
        .partial_fit(X, y)
        .partial_fit(X, y),
    )


def test_new_fit_decides_anew():
    X, y = toy_for("classification")
    model = selector(supervised="auto").fit(X, y)
    assert model.supervised_ == "classification"
    assert model.fit(X).supervised_ is False
    assert not hasattr(model, "classes_")
    assert model.fit(X, y + 0.5).supervised_ == "regression"


def test_failed_fit_leaves_what_was_decided():
    X, y = toy_for("classification")
    model = selector(supervised="auto").fit(X, y)
    with refused(ValueError, "NaN", model):
        model.fit(X * np.nan)
    assert model.supervised_ == "classification"


@pytest.mark.parametrize("fit", ["fit", "partial_fit"])
def test_relevance_needs_y(fit):
    X, _ = toy_for(False)
    model = selector(importance="relevance", supervised=False)
    with refused(ValueError, "importance=.relevance. needs y", model):
        getattr(model, fit)(X)
