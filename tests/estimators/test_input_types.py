"""Arrays and frames of every type: the same result as from plain float64."""

import numpy as np
import pandas as pd
import pytest
from estimators.cases import (
    assert_same_network,
    first_call,
    impatient,
    nothing_changes,
    refused,
    scores,
    small,
    toy,
)

from skset.estimators import SETClassifier, SETRegressor

pytestmark = impatient


def negative_strides(X):
    return X[::-1].copy()[::-1]


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


SAME = {
    "longdouble": lambda X: X.astype(np.longdouble),
    "big-endian": lambda X: X.astype(">f8"),
    "Fortran order": np.asfortranarray,
    "negative strides": negative_strides,
    "every second column": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "read-only": read_only,
    "object": lambda X: X.astype(object),
    "list": lambda X: X.tolist(),
    "frame": pd.DataFrame,
    "nullable frame": lambda X: pd.DataFrame(X).convert_dtypes(),
}
# These hold other numbers, so what they are compared with is cast there and back.
ROUNDED = {
    "float32": np.float32,
    "float16": np.float16,
    "int": np.int64,
    "uint8": np.uint8,
    "bool": np.bool_,
}


def assert_equal_fits(Estimator, X, other, y):
    with nothing_changes(X, other, y):
        model = small(Estimator).fit(X, y)
        twin = small(Estimator).fit(other, y)
        predicted = scores(twin, other)
    assert_same_network(model, twin)
    np.testing.assert_allclose(predicted, scores(model, X), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_storage_does_not_matter(Estimator, change):  # row 19
    X, y = toy(Estimator)
    assert_equal_fits(Estimator, X, change(X), y)


@pytest.mark.parametrize("dtype", ROUNDED.values(), ids=ROUNDED)
def test_narrow_types_equal_their_float64_values(Estimator, dtype):  # row 19
    X, y = toy(Estimator)
    narrow = (X + 5).astype(dtype)
    assert_equal_fits(Estimator, narrow.astype(np.float64), narrow, y)


def test_read_only_memory_map(Estimator, tmp_path):  # row 19
    X, y = toy(Estimator)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert_equal_fits(Estimator, X, mapped, y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_network_is_of_the_type_asked_for(Estimator, dtype):
    X, y = toy(Estimator)
    model = small(Estimator, dtype=dtype).fit(X, y)
    assert {W.dtype for W in model.coefs_} == {np.dtype(dtype)}
    assert {b.dtype for b in model.intercepts_} == {np.dtype(dtype)}


def test_probabilities_are_float64_and_numbers_follow_the_input():
    X, y = toy(SETClassifier)
    assert small(SETClassifier).fit(X, y).predict_proba(X).dtype == np.float64
    X, y = toy(SETRegressor)
    model = small(SETRegressor).fit(X, y)
    assert model.predict(X).dtype == np.float64
    assert model.predict(X.astype(np.float32)).dtype == np.float32


# Names of features.


def framed(X):
    return pd.DataFrame(X, columns=[f"f{i}" for i in range(X.shape[1])])


def test_names_are_remembered(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator, early_stopping=True, scoring=None).fit(framed(X), y)
    assert model.feature_names_in_.tolist() == ["f0", "f1", "f2", "f3", "f4"]
    assert model.n_features_in_ == 5
    assert not hasattr(small(Estimator).fit(X, y), "feature_names_in_")


@pytest.mark.parametrize("method", ["predict", "partial_fit", "score", "X_val"])
@pytest.mark.parametrize(
    "change",
    [
        lambda F: F[F.columns[::-1]],
        lambda F: F.drop(columns="f2"),
        lambda F: F.assign(more=0.0),
        lambda F: F.rename(columns={"f0": "g0"}),
    ],
    ids=["reordered", "missing", "extra", "renamed"],
)
def test_other_names_than_in_fit_are_refused(Estimator, change, method):  # row 21
    X, y = toy(Estimator)
    F, other = framed(X), change(framed(X))
    model = first_call(small(Estimator), F, y)
    model.predict(F)
    match = "feature names should match those that were passed during fit"
    if method == "X_val":
        model.set_params(early_stopping=True)
    with refused(ValueError, match, model, other):
        if method == "predict":
            model.predict(other)
        elif method == "score":
            model.score(other, y)
        elif method == "partial_fit":
            model.partial_fit(other, y)
        else:
            model.fit(F, y, X_val=other, y_val=y)


def test_names_on_one_side_only_are_warned_of(Estimator):  # row 22
    X, y = toy(Estimator)
    named, bare = small(Estimator).fit(framed(X), y), small(Estimator).fit(X, y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        from_bare = named.predict(X)
    with pytest.warns(UserWarning, match="has feature names"):
        from_named = bare.predict(framed(X))
    np.testing.assert_array_equal(from_bare, from_named)


def test_names_that_are_not_all_strings_are_refused(Estimator):  # row 23
    X, y = toy(Estimator)
    F = pd.DataFrame(X, columns=["a", 1, "c", 3, "e"])
    model = small(Estimator)
    with refused(TypeError, "only supported if all input features have string", model):
        model.fit(F, y)


def test_names_that_repeat_do_not_crash(Estimator):  # row 23
    X, y = toy(Estimator)
    F = pd.DataFrame(X, columns=list("aabcd"))
    try:
        predicted = small(Estimator).fit(F, y).predict(F)
    except ValueError:  # narwhals' DuplicateError, or scikit-learn's own
        return
    assert predicted.shape == (40,)


# Predictions do not depend on what else is predicted.


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 3, 17, 64])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_predicting_in_chunks_is_bit_for_bit_the_same(
    Estimator, size, dtype, n_classes
):
    # row 58
    X, y = toy(Estimator, n_samples=150, n_classes=n_classes)
    model = small(Estimator, hidden_layer_sizes=(30, 20), dtype=dtype, max_iter=2)
    model.fit(X, y)
    chunks = [scores(model, X[i : i + size]) for i in range(0, 150, size)]
    assert np.concatenate(chunks).tobytes() == scores(model, X).tobytes()


def test_predictions_do_not_depend_on_order(Estimator):
    X, y = toy(Estimator, n_samples=150)
    model = small(Estimator, max_iter=2).fit(X, y)
    order = np.random.default_rng(1).permutation(150)
    assert scores(model, X[order]).tobytes() == scores(model, X)[order].tobytes()
