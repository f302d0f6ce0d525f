"""Sparse X of every kind: same result as dense, never a look outside the arrays."""

import copy

import numpy as np
import pytest
from estimators.cases import (
    assert_same_network,
    first_call,
    fresh_and_fitted,
    impatient,
    nothing_changes,
    refused,
    scores,
    small,
    toy,
)
from scipy import sparse

from skset.estimators import SETClassifier

pytestmark = impatient

FORMATS = ["csr", "csc", "coo", "bsr", "lil", "dia", "dok"]
FAR = 2**31 - 1  # a kernel that followed it would leave the process's memory


def sparse_toy(Estimator):
    X, y = toy(Estimator, n_features=6)
    X[np.abs(X) < 0.8] = 0.0
    return X, y


def with_index_type(X, dtype):
    """Return a copy of X with its indices in the given type."""
    X = X.copy()
    for name in ("indices", "indptr"):
        if hasattr(X, name):
            setattr(X, name, getattr(X, name).astype(dtype))
    if X.format == "coo":
        X.coords = tuple(index.astype(dtype) for index in X.coords)
    return X


@pytest.mark.parametrize("index_type", [np.int32, np.int64])
@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_what_dense_gives(Estimator, form, kind, index_type):
    # row 26
    X, y = sparse_toy(Estimator)
    S = with_index_type(getattr(sparse, f"{form}_{kind}")(X), index_type)
    dense = small(Estimator).fit(X, y)
    with nothing_changes(S, y):
        model = small(Estimator).fit(S, y)
        predicted = scores(model, S)
        partial = first_call(small(Estimator), S, y)
    assert_same_network(model, dense)
    assert_same_network(partial, first_call(small(Estimator), X, y))
    np.testing.assert_array_equal(predicted, scores(dense, X))
    assert S.format == form


def test_unsorted_duplicate_and_zero_entries_count_as_scipy_counts_them(Estimator):
    # row 26
    X, y = sparse_toy(Estimator)
    S = sparse.csr_array(X)
    # Each value twice, halved, in reversed order, and a zero of its own in each row.
    indptr = S.indptr * 2 + np.arange(S.indptr.size)
    indices, data = [], []
    for low, high in zip(S.indptr[:-1], S.indptr[1:], strict=True):
        indices += [5, *S.indices[low:high][::-1], *S.indices[low:high]]
        data += [0.0, *S.data[low:high][::-1] / 2, *S.data[low:high] / 2]
    messy = sparse.csr_array((data, indices, indptr), shape=S.shape)
    assert not messy.has_canonical_format
    np.testing.assert_array_equal(messy.toarray(), X)
    with nothing_changes(messy):
        model = small(Estimator).fit(messy, y)
        predicted = scores(model, messy)
    dense = small(Estimator).fit(X, y)
    assert_same_network(model, dense)
    np.testing.assert_array_equal(predicted, scores(dense, X))


def test_sparse_validation_data(Estimator):
    X, y = sparse_toy(Estimator)
    S = sparse.csc_array(X)
    params = {"early_stopping": True, "scoring": None}
    model = small(Estimator, **params).fit(S, y, X_val=S, y_val=y)
    dense = small(Estimator, **params).fit(X, y, X_val=X, y_val=y)
    assert_same_network(model, dense)
    assert_same_network(
        small(Estimator, **params).fit(S, y), small(Estimator, **params).fit(X, y)
    )


def test_sparse_multilabel_y_gives_what_dense_gives():
    X, _ = toy(SETClassifier)
    Y = (X[:, :3] > 0).astype(int)
    model = small(SETClassifier).fit(X, sparse.csr_array(Y))
    assert_same_network(model, small(SETClassifier).fit(X, Y))


# Ways to spoil a matrix of 40 x 6, done to its arrays behind scipy's back.


def set_index(value):
    def spoil(S):
        S.indices[S.indices.size // 2] = value

    return spoil


def set_pointer(place, value):
    def spoil(S):
        S.indptr[place] = value

    return spoil


def longer(name):
    def spoil(S):
        setattr(S, name, np.concatenate([getattr(S, name)] * 2))

    return spoil


def shorter(name):
    def spoil(S):
        setattr(S, name, getattr(S, name)[:-1])

    return spoil


def too_narrow(S):
    S._shape = (S.shape[0], 3) if S.format != "csc" else (3, S.shape[1])


def there_and_back(S):
    S.indptr[1:-1], S.indptr[-1] = FAR // 64, 0


COMPRESSED = {
    "index == n": set_index(40),
    "index far too large": set_index(FAR),
    "negative index": set_index(-1),
    "very negative index": set_index(-FAR),
    "decreasing pointer": set_pointer(3, FAR // 64),
    "pointer that returns to 0": there_and_back,
    "negative pointer": set_pointer(2, -5),
    "first pointer not 0": set_pointer(0, 1),
    "last pointer too large": set_pointer(-1, FAR),
    "last pointer negative": set_pointer(-1, -1),
    "too many pointers": longer("indptr"),
    "too few pointers": shorter("indptr"),
    "more values than indices": longer("data"),
    "fewer values than indices": shorter("data"),
    "more indices than values": longer("indices"),
    "fewer indices than values": shorter("indices"),
    "narrower than its indices": too_narrow,
}


def set_coordinate(axis, value):
    def spoil(S):
        S.coords[axis][7] = value

    return spoil


def longer_coordinate(S):
    S.coords = (np.repeat(S.coords[0], 2), S.coords[1])


def fewer_values(S):
    S.data = S.data[:2]


COORDINATES = {
    "row too large": set_coordinate(0, 40),
    "row far too large": set_coordinate(0, FAR),
    "negative row": set_coordinate(0, -1),
    "column too large": set_coordinate(1, 6),
    "column far too large": set_coordinate(1, FAR),
    "negative column": set_coordinate(1, -FAR),
    "rows and columns that do not pair": longer_coordinate,
    "fewer values than coordinates": fewer_values,
}


def list_index(value):
    def spoil(S):
        S.rows[3][-1] = value

    return spoil


def list_values(S):
    S.data[3] = [1.0] * 1000


def list_twice(S):
    row = next(row for row in S.rows if len(row) > 1)
    row[1] = row[0]


def blocks_without_pointers(S):
    S.indptr = np.minimum(S.indptr, S.indptr[-1] - 1)


LISTS = {
    "index too large": list_index(FAR),
    "negative index": list_index(-1),
    "more values than indices": list_values,
    "an index twice": list_twice,
}


def diagonals(S):
    S.offsets = np.concatenate([S.offsets, S.offsets])


MALFORMED = [
    pytest.param(form, kind, spoil, id=f"{form}_{kind}-{name}")
    for forms, cases in [
        (["csr", "csc", "bsr"], COMPRESSED),
        (["bsr"], {"more blocks than pointers": blocks_without_pointers}),
        (["coo"], COORDINATES),
        (["lil"], LISTS),
        (["dia"], {"more offsets than diagonals": diagonals}),
    ]
    for form in forms
    for kind in ["array", "matrix"]
    for name, spoil in cases.items()
]


@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict", "X_val"])
@pytest.mark.parametrize(("form", "kind", "spoil"), MALFORMED)
def test_malformed_matrix_is_refused(form, kind, spoil, method):  # row 25
    """Whatever does not hold together is an error, before any kernel follows it.

    One estimator suffices: the door is the same.
    """
    X, y = sparse_toy(SETClassifier)
    bad = getattr(sparse, f"{form}_{kind}")(X)
    spoil(bad)
    fresh, fitted = fresh_and_fitted(SETClassifier, X, y)
    if method == "predict":
        with refused(ValueError, "indices|index", fitted, y):
            fitted.predict(bad)
        return
    for model in (fresh, fitted):
        if method == "X_val":
            model.set_params(early_stopping=True)
        with refused(ValueError, "indices|index", model, y):
            if method == "fit":
                model.fit(bad, y)
            elif method == "partial_fit":
                first_call(model, bad, y)
            else:
                model.fit(X, y, X_val=bad, y_val=y)


@pytest.mark.parametrize("spoil", [set_index(FAR), set_index(-1), longer("indptr")])
def test_malformed_sparse_y_is_refused(spoil):
    X, _ = sparse_toy(SETClassifier)
    bad = sparse.csr_array((X[:, :3] > 0).astype(int))
    good = copy.deepcopy(bad)
    spoil(bad)
    model = small(SETClassifier)
    with refused(ValueError, "Sparse y has invalid indices", model, X):
        model.fit(X, bad)
    assert model.fit(X, good).n_outputs_ == 3
