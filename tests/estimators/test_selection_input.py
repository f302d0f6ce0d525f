"""Bad and odd input of a selector."""

import os
import subprocess
import sys
import tracemalloc
import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from estimators.cases import (
    assert_same_selection,
    brief,
    every_ranking,
    every_supervised,
    fresh_and_fitted_selectors,
    impatient,
    nothing_changes,
    refused,
    selector,
    toy_for,
)
from estimators.test_bad_input import BAD_X
from estimators.test_input_types import ROUNDED, SAME
from estimators.test_sample_weight import BAD_WEIGHTS
from estimators.test_sparse_input import COMPRESSED, FAR, FORMATS, sparse_toy
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.utils.multiclass import type_of_target

from skset.estimators import QuickSelection, SETClassifier

pytestmark = impatient

both_fits = pytest.mark.parametrize("fit", ["fit", "partial_fit"])


@both_fits
@pytest.mark.parametrize(("error", "match", "spoil"), BAD_X.values(), ids=BAD_X)
def test_bad_X_is_refused(error, match, spoil, fit):
    X, y = toy_for(False)
    bad = spoil(X)
    for model in fresh_and_fitted_selectors(X, y):
        with refused(error, match, model, bad):
            getattr(model, fit)(bad)


BAD_Y = {
    "none": ("requires y to be passed, but the target y is None", lambda y: None),
    "NaN": ("Input y contains NaN", lambda y: np.where(y > 0, np.nan, 1.0)),
    "infinity": ("Input y contains infinity", lambda y: np.where(y > 0, np.inf, 1.0)),
    "too short": (r"inconsistent numbers of samples: \[40, 39\]", lambda y: y[:-1]),
    "mixed": ("label|convert", lambda y: np.array([0, "a"] * 20, dtype=object)),
    "letters first": (
        r"labels in y.*\['int', 'str'\]|convert.*input y",
        lambda y: np.array(["a", 0] * 20, dtype=object),
    ),
    "bytes": (
        r"labels in y.*bytes|convert.*input y",
        lambda y: np.array([b"a", b"b"] * 20),
    ),
    "None among objects": (
        "Input y contains None",
        lambda y: np.array([None, "a"] * 20, dtype=object),
    ),
    "NaN among objects": (
        "Input y contains NaN",
        lambda y: np.array([1, np.nan] * 20, dtype=object),
    ),
    "NA among objects": (
        "Input y contains NaN",
        lambda y: np.array([1, pd.NA] * 20, dtype=object),
    ),
}
with warnings.catch_warnings():
    warnings.simplefilter("error")
    try:
        type_of_target(np.array([b"a", b"b"]))
    except FutureWarning:  # scikit-learn before 1.7 only warns of bytes
        del BAD_Y["bytes"]
    except TypeError:
        pass


@both_fits
@pytest.mark.parametrize("supervised", [True, "classification", "regression"])
@pytest.mark.parametrize(("match", "spoil"), BAD_Y.values(), ids=BAD_Y)
def test_bad_y_is_refused(match, spoil, supervised, fit):  # row 10
    X, y = toy_for(supervised)
    bad = spoil(y)
    for model in fresh_and_fitted_selectors(X, y, supervised=supervised):
        with refused((ValueError, TypeError), match, model, X, bad):
            getattr(model, fit)(X, bad)


@both_fits
@pytest.mark.parametrize("supervised", [True, "regression"])
def test_sparse_y_is_no_list_of_numbers(supervised, fit):  # row 10
    X, _ = toy_for(True)
    model = selector(supervised=supervised)
    # The second is what scikit-learn before 1.7 says.
    match = "Sparse data was passed for y.*toarray|Unknown label type"
    with refused((TypeError, ValueError), match, model, X):
        getattr(model, fit)(X, sparse.csr_array(X[:, :2]))


def test_sparse_labels_may_be_1d():
    X, y = toy_for(True)
    labels = sparse.coo_array(y)
    try:
        labels.tocsr()
    except ValueError:  # scipy before 1.15, which scikit-learn asks for this
        with pytest.raises(ValueError, match="1d sparse"):
            selector(supervised=True).fit(X, labels)
        return
    model = selector(supervised=True).fit(X, labels)
    assert_same_selection(model, selector(supervised=True).fit(X, y))


@both_fits
@pytest.mark.parametrize(("weight", "match"), BAD_WEIGHTS.values(), ids=BAD_WEIGHTS)
def test_bad_weights_are_refused(weight, match, fit):
    X, y = toy_for(False)
    for model in fresh_and_fitted_selectors(X, y):
        with refused(ValueError, match, model, X):
            getattr(model, fit)(X, sample_weight=weight)


@both_fits
@every_supervised
@pytest.mark.parametrize(("scale", "rate"), [(1e30, 0.003), (1.0, 1e30)])
def test_divergence_leaves_a_selector_unfitted(supervised, scale, rate, fit):  # row 3
    X, y = toy_for(supervised)
    large = X * scale
    given = {"solver": "sgd", "learning_rate_init": rate, "standardize": False}
    model = selector(supervised=supervised, **given)
    with refused(ValueError, r"(?s)non-finite.*epoch [12]\b.*Scaler", model, large):
        getattr(model, fit)(large, y)
    with pytest.raises(NotFittedError):
        model.transform(X)


def test_wrong_number_of_features_is_refused():  # row 20
    X, _ = toy_for(False)
    model = selector().partial_fit(X)
    match = "X has 4 features, but QuickSelection is expecting 5 features"
    for call in (model.transform, model.partial_fit):
        with refused(ValueError, match, model):
            call(X[:, :4])


def test_unfitted_selector_says_so():  # row 32
    for method in ("transform", "inverse_transform", "get_feature_names_out"):
        with pytest.raises(NotFittedError, match="is not fitted yet"):
            getattr(selector(), method)(toy_for(False)[0])
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        selector().get_support()
    names = ("feature_importances_", "ranking_", "support_", "coefs_")
    for name in (*names, "n_features_to_select_", "importances_history_"):
        with pytest.raises(AttributeError, match="not fitted"):
            getattr(selector(), name)


@every_ranking
def test_constant_features_are_worth_nothing_and_last(supervised, importance):  # row 14
    X, y = toy_for(supervised, n_features=8)
    X[:, [1, 6]] = [7.0, 0.0]
    model = selector(supervised=supervised, importance=importance).fit(X, y)
    assert np.flatnonzero(model.feature_importances_ == 0).tolist() == [1, 6]
    assert model.ranking_[[1, 6]].tolist() == [7, 8]
    assert np.isfinite(model.feature_importances_).all()


def test_constant_features_of_sparse_X_are_worth_nothing():
    """Without an entry, with the same in every row, or with some that cancel."""
    X, _ = toy_for(False)
    X[:, [1, 3]], X[:, 4] = 0.0, 2.0
    S = sparse.csr_array(X)
    rows = [slice(*ends) for ends in pairwise(S.indptr)]
    values = [[*S.data[r], v, -v] for v, r in enumerate(rows, start=1)]
    columns = [[*S.indices[r], 3, 3] for r in rows]
    indptr = S.indptr + 2 * np.arange(41)
    messy = sparse.csr_array(
        (np.concatenate(values), np.concatenate(columns), indptr), shape=X.shape
    )
    for given in (S, messy):
        with nothing_changes(given):
            importances = selector().fit(given).feature_importances_
        assert np.flatnonzero(importances == 0).tolist() == [1, 3, 4]


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_feature_is_constant_that_is_so_in_all_calls_of_partial_fit(container):
    X, _ = toy_for(False)
    X[:, 1], X[:20, 2], X[:, 3], X[20:, 3] = 7.0, 0.0, 4.0, 5.0
    model = selector()
    model.partial_fit(container(X[:20]))
    assert np.flatnonzero(model.feature_importances_ == 0).tolist() == [1, 2, 3]
    model.partial_fit(container(X[20:]))
    assert np.flatnonzero(model.feature_importances_ == 0).tolist() == [1]


@every_ranking
@pytest.mark.parametrize("value", [0.0, 3.0])
def test_constant_X_has_no_feature_of_worth(supervised, importance, value):  # row 14
    X, y = toy_for(supervised)
    model = selector(supervised=supervised, importance=importance)
    model.fit(np.full_like(X, value), y)
    np.testing.assert_array_equal(model.feature_importances_, np.zeros(5))
    assert model.ranking_.tolist() == [1, 2, 3, 4, 5]


@brief
@every_ranking
@pytest.mark.parametrize("n", [1, 3])
def test_few_rows_are_one_batch(supervised, importance, n):
    X, y = toy_for(supervised)
    model = selector(3, supervised=supervised, importance=importance, batch_size="auto")
    model.fit(X[:n], y[:n])
    assert np.isfinite(model.feature_importances_).all()
    assert model.transform(X).shape == (40, 3)


@pytest.mark.parametrize("change", [*SAME.values(), *ROUNDED.values()])
def test_storage_does_not_matter(change):  # row 19
    X = np.round(toy_for(False)[0])  # to numbers that are the same in all types
    X = (X > 0) if change is np.bool_ else X + 5
    other = change(X) if change in SAME.values() else X.astype(change)
    model = selector().fit(X.astype(float))
    with nothing_changes(other):
        twin = selector().fit(other)
    assert_same_selection(twin, model)


@pytest.mark.parametrize("form", FORMATS)
@every_supervised
def test_every_sparse_format_gives_what_dense_gives(form, supervised):  # row 26
    X, y = sparse_toy(SETClassifier)
    S = getattr(sparse, f"{form}_array")(X)
    dense = selector(supervised=supervised).fit(X, y)
    with nothing_changes(S):
        model = selector(supervised=supervised).fit(S, y)
        chosen = model.transform(S)
    assert_same_selection(model, dense)
    assert sparse.issparse(chosen)
    np.testing.assert_array_equal(chosen.toarray(), dense.transform(X))


@pytest.mark.parametrize("spoil", COMPRESSED.values(), ids=COMPRESSED)
@pytest.mark.parametrize("method", ["fit", "partial_fit", "transform"])
def test_malformed_matrix_is_refused(spoil, method):  # row 25
    X, y = sparse_toy(SETClassifier)
    bad = sparse.csr_array(X)
    spoil(bad)
    _, fitted = fresh_and_fitted_selectors(X, y)
    with refused(ValueError, "indices|index", fitted):
        getattr(fitted, method)(bad)


INVERSE = """
from scipy import sparse
from estimators.cases import selector, toy_for
X, _ = toy_for(False)
model = selector().fit(X)
for index in ({0}, -{0}):
    bad = sparse.csr_array(model.transform(X))
    bad.indices[5] = index
    try:
        model.inverse_transform(bad)
    except ValueError as error:
        print("indices" in str(error))
"""


def test_malformed_matrix_is_not_transformed_back():
    """In another process, which a look outside the arrays would end."""
    child = subprocess.run(
        [sys.executable, "-c", INVERSE.format(FAR)],
        env={**os.environ, "PYTHONPATH": os.path.join(os.path.dirname(__file__), "..")},
        capture_output=True,
        check=False,
    )
    assert (child.returncode, child.stdout) == (0, b"True\nTrue\n")


@both_fits
def test_malformed_sparse_y_is_refused(fit):
    X, _ = toy_for(False)
    bad = sparse.csr_array((X[:, :3] > -9).astype(int))
    bad.indices[7] = FAR
    model = selector(supervised=True)
    with refused(ValueError, "Sparse y has invalid indices", model, X):
        getattr(model, fit)(X, bad)


@brief
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("supervised", [False, True])
def test_wide_data_take_memory_in_proportion_to_their_width(supervised, container):
    # row 43
    X = np.random.default_rng(0).standard_normal((60, 8000)).astype(np.float32)
    model = QuickSelection(
        20, hidden_layer_sizes=(100,), max_iter=2, random_state=0, supervised=supervised
    )
    X, y = container(X), np.arange(60) % 2
    model.fit(X, y)
    tracemalloc.start()
    model.fit(X, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100e6  # 8000 x 8000 numbers would take 256 MB
    assert model.transform(X).shape == (60, 20)
