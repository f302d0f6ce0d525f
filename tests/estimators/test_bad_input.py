"""What is refused of X, y and the order of calls; the estimator stays as it was."""

import numpy as np
import pandas as pd
import pytest
from estimators.cases import (
    change_layer,
    first_call,
    fresh_and_fitted,
    impatient,
    refused,
    small,
    toy,
)
from scipy import sparse
from sklearn.exceptions import DataConversionWarning, NotFittedError

from skset.estimators import SETClassifier, SETRegressor

pytestmark = impatient

classifier_only = pytest.mark.parametrize("Estimator", [SETClassifier])
regressor_only = pytest.mark.parametrize("Estimator", [SETRegressor])


def with_value(X, value):
    X = np.array(X, dtype=object if isinstance(value, str) else None)
    X[3, 2] = value
    return X


def with_missing_integer(X):
    frame = pd.DataFrame(X.astype(int)).astype("Int64")
    frame.iloc[3, 2] = pd.NA
    return frame


def filled(X, value, **kwargs):
    return np.full(X.shape, value, **kwargs)


DATE = np.datetime64("2020-01-01")
TOO_LARGE = "contains infinity or a value too large for dtype"
NOT_A_NUMBER = "must be a string or a real number"

BAD_X = {
    # row 1
    "NaN": (ValueError, "Input X contains NaN", lambda X: with_value(X, np.nan)),
    "infinity": (ValueError, TOO_LARGE, lambda X: with_value(X, -np.inf)),  # row 2
    # row 2
    "float32 overflow": (ValueError, TOO_LARGE, lambda X: with_value(X, 1e300)),
    "float32 overflow, sparse": (  # row 2
        ValueError,
        TOO_LARGE,
        lambda X: sparse.csr_array(with_value(X, 1e300)),
    ),
    "NaN, sparse": (  # row 27
        ValueError,
        "contains NaN",
        lambda X: sparse.csr_array(with_value(X, np.nan)),
    ),
    "NaN in a frame": (  # row 1
        ValueError,
        "contains NaN",
        lambda X: pd.DataFrame(with_value(X, np.nan)),
    ),
    # row 24
    "NA in a nullable frame": (ValueError, "contains NaN", with_missing_integer),
    "no samples": (ValueError, r"0 sample\(s\)", lambda X: X[:0]),  # row 12
    "no features": (  # row 12
        ValueError,
        r"0 feature\(s\) \(shape=\(40, 0\)\) while a minimum of 1 is required",
        lambda X: X[:, :0],
    ),
    # row 15
    "1-D": (ValueError, "(?s)Expected 2D array.*Reshape your data", lambda X: X[:, 0]),
    "3-D": (ValueError, "dim 3", lambda X: X[:, :, None]),  # row 15
    "3-D sparse": (ValueError, "3D", lambda X: sparse.coo_array(X[:, :, None])),
    "complex": (ValueError, "Complex data not supported", lambda X: X + 1j),  # row 16
    "letters": (  # row 17
        ValueError,
        "could not convert string to float",
        lambda X: with_value(X, "a"),
    ),
    "dicts": (TypeError, NOT_A_NUMBER, lambda X: filled(X, {}, dtype=object)),  # row 17
    "None": (ValueError, "contains NaN", lambda X: filled(X, None)),
    "ragged": (
        ValueError,
        "inhomogeneous|sequence",
        lambda X: [[1.0, 2.0], [3.0]] * 20,
    ),
    "dates": (TypeError, "dtype datetime64", lambda X: filled(X, DATE)),  # row 18
    # row 18
    "durations": (TypeError, "dtype timedelta64", lambda X: filled(X, DATE - DATE)),
    # row 18
    "list of dates": (TypeError, "dtype datetime64", lambda X: [[DATE] * 5] * 40),
    "frame with dates": (  # row 18
        TypeError,
        "dtype datetime64",
        lambda X: pd.DataFrame(X).assign(when=pd.Timestamp("2020", tz="UTC")),
    ),
}
try:
    sparse.coo_array(np.ones((1, 1, 1)))
except ValueError:  # scipy before 1.15 has no such arrays
    del BAD_X["3-D sparse"]


@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict", "score", "X_val"])
@pytest.mark.parametrize(("error", "match", "spoil"), BAD_X.values(), ids=BAD_X)
def test_bad_X_is_refused(Estimator, error, match, spoil, method):
    X, y = toy(Estimator)
    bad = spoil(X)
    fresh, fitted = fresh_and_fitted(Estimator, X, y)
    if method in ("predict", "score"):
        with refused(error, match, fitted, bad, y):
            fitted.predict(bad) if method == "predict" else fitted.score(bad, y)
        return
    for model in (fresh, fitted):
        if method == "X_val":
            model.set_params(early_stopping=True)
        with refused(error, match, model, bad, X, y):
            if method == "fit":
                model.fit(bad, y)
            elif method == "partial_fit":
                first_call(model, bad, y)
            else:
                model.fit(X, y, X_val=bad, y_val=y)


def labels_or_numbers(y, value):
    y = y.astype(float)
    y[3] = value
    return y


def object_y(y, value):
    y = y.astype(object)
    y[3] = value
    return y


BAD_Y = {
    # row 4
    "NaN": (ValueError, "Input y contains NaN", lambda y: labels_or_numbers(y, np.nan)),
    "infinity": (  # row 4
        ValueError,
        "Input y contains.*infinity",
        lambda y: labels_or_numbers(y, np.inf),
    ),
    # row 10
    "object NaN": (ValueError, "Input y contains NaN", lambda y: object_y(y, np.nan)),
    "too short": (  # row 6
        ValueError,
        r"inconsistent numbers of samples: \[40, 39\]",
        lambda y: y[:-1],
    ),
    "not given": (  # row 7
        ValueError,
        "requires y to be passed, but the target y is None",
        lambda y: None,
    ),
    "3-D": (ValueError, "y|dim 3", lambda y: y[:, None, None] + np.zeros((1, 2, 2))),
    "complex": (ValueError, "Complex data not supported", lambda y: y + 1j),
    "empty": (ValueError, r"inconsistent numbers|0 sample\(s\)", lambda y: y[:0]),
    # row 10
    "object None": (ValueError, "Input y contains None", lambda y: object_y(y, None)),
    # row 10
    "object NA": (ValueError, "Input y contains NaN", lambda y: object_y(y, pd.NA)),
    "nullable NA": (
        ValueError,
        "Input y contains NaN",
        lambda y: pd.Series(np.where(y > 0, 1, pd.NA)).astype("Int64"),
    ),
}


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(("error", "match", "spoil"), BAD_Y.values(), ids=BAD_Y)
def test_bad_y_is_refused(Estimator, error, match, spoil, method):
    X, y = toy(Estimator)
    bad = spoil(y)
    for model in fresh_and_fitted(Estimator, X, y):
        with refused(error, match, model, X, bad):
            if method == "fit":
                model.fit(X, bad)
            elif isinstance(model, SETClassifier):
                model.partial_fit(X, bad, classes=[0, 1])
            else:
                model.partial_fit(X, bad)


@classifier_only
@pytest.mark.parametrize(
    ("match", "bad"),
    [
        ("Unknown label type", np.linspace(0, 1, 40)),
        ("Unknown label type", np.linspace(0, 1, 80).reshape(40, 2)),
        ("Unknown label type", np.array([0, "a"] * 20, dtype=object)),
        (r"y must be.*\['int', 'str'\]", np.array(["a", 0] * 20, dtype=object)),
        ("Input y contains None", np.array([None, "a"] * 20, dtype=object)),
        ("multiclass-multioutput|label type", np.array([[0, 1], [2, 3]] * 20)),
    ],
    ids=[
        *("continuous", "2-D continuous", "mixed", "mixed, letters first", "None"),
        "2-D multiclass",
    ],
)
def test_what_is_no_label_is_refused(Estimator, match, bad):  # rows 5 and 10
    X, y = toy(Estimator)
    for model in fresh_and_fitted(Estimator, X, y):
        with refused((ValueError, TypeError), match, model, X, bad):
            model.fit(X, bad)


@regressor_only
@pytest.mark.parametrize(
    ("error", "match", "bad"),
    [
        (ValueError, "could not convert string to float", np.full(40, "a")),
        (TypeError, "dtype datetime64", np.full(40, DATE)),
        (ValueError, "too large", np.full(40, 1e300)),
    ],
    ids=["letters", "dates", "float32 overflow"],
)
def test_what_is_no_number_is_refused(Estimator, error, match, bad):
    X, y = toy(Estimator)
    for model in fresh_and_fitted(Estimator, X, y):
        with refused(error, match, model, X, bad):
            model.fit(X, bad)


@regressor_only
@pytest.mark.parametrize("form", ["csr_array", "csr_matrix", "coo_array"])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_sparse_y_is_no_list_of_numbers(Estimator, form, n_outputs):  # row 10
    X, y = toy(Estimator)
    bad = getattr(sparse, form)(X[:, :n_outputs])
    for model in fresh_and_fitted(Estimator, X, y):
        with refused(TypeError, "Sparse data was passed for y.*toarray", model, X):
            model.fit(X, bad)


@classifier_only
@pytest.mark.parametrize(
    "make", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array]
)
def test_sparse_column_of_labels_is_taken_as_a_dense_one(Estimator, make):
    X, y = toy(Estimator)
    with pytest.warns(DataConversionWarning, match="column-vector"):
        model = small(Estimator).fit(X, make(y[:, None]))
    np.testing.assert_array_equal(
        model.predict_proba(X), small(Estimator).fit(X, y).predict_proba(X)
    )


@regressor_only
@pytest.mark.parametrize("bad", [np.full(40, -1.0), np.zeros(40)])
def test_poisson_refuses_what_has_no_rate(Estimator, bad):
    X, y = toy(Estimator)
    for model in fresh_and_fitted(Estimator, X, y, loss="poisson"):
        with refused(ValueError, "not allowed for loss='poisson'", model, X, bad):
            model.fit(X, bad)


DIVERGING = {
    "large X": {"scale": 1e30},
    "large X, float64": {"scale": 1e300, "dtype": np.float64},
    "large rate": {"learning_rate_init": 1e30, "solver": "sgd", "batch_size": 10},
    "large X, early stopping": {"scale": 1e30, "early_stopping": True},
}


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("params", DIVERGING.values(), ids=DIVERGING)
def test_divergence_is_refused_in_its_epoch(Estimator, params, method):  # row 3
    """Without a RuntimeWarning, which the configuration makes an error."""
    params = {"early_stopping": False, "standardize": False, **params}
    if method == "partial_fit":
        params["early_stopping"] = False  # as it must be
    X, y = toy(Estimator)
    large = X * params.pop("scale", 1.0)
    match = r"(?s)non-finite.*epoch [12]\b.*large values.*preprocessed.*Scaler"
    # As a fitted network wants it.
    same = {"dtype": params.get("dtype", np.float32), "standardize": False}
    for model in fresh_and_fitted(Estimator, X, y, fitted_with=same, **params):
        with refused(ValueError, match, model, large, y):
            model.fit(large, y) if method == "fit" else first_call(model, large, y)


def test_divergence_leaves_an_estimator_unfitted(Estimator):  # row 3
    X, y = toy(Estimator)
    model = small(Estimator, standardize=False)
    with pytest.raises(ValueError, match="non-finite"):
        model.fit(X * 1e30, y)
    with pytest.raises(NotFittedError):
        model.predict(X)
    assert not [name for name in vars(model) if name.endswith("_")]


@pytest.mark.parametrize(
    "method", ["predict", "score", "predict_proba", "decision_function"]
)
def test_unfitted_estimator_says_so(Estimator, method):  # row 32
    X, y = toy(Estimator)
    model = small(Estimator)
    if not hasattr(model, method):
        pytest.skip("not a method of this estimator")
    with refused(NotFittedError, "is not fitted yet", model):
        model.score(X, y) if method == "score" else getattr(model, method)(X)


@pytest.mark.parametrize(
    "name", ["coefs_", "intercepts_", "nnz_", "density_", "feature_importances_"]
)
def test_unfitted_estimator_has_no_fitted_attribute(Estimator, name):
    assert not hasattr(small(Estimator), name)
    with pytest.raises(AttributeError, match="not fitted"):
        getattr(small(Estimator), name)


@pytest.mark.parametrize("method", ["predict", "partial_fit"])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_wrong_number_of_features_is_refused(Estimator, method, container):  # row 20
    X, y = toy(Estimator)
    model = first_call(small(Estimator), X, y)
    model.predict(X)
    few = container(X[:, :4])
    match = f"X has 4 features, but {Estimator.__name__} is expecting 5 features"
    with refused(ValueError, match, model, few):
        model.predict(few) if method == "predict" else model.partial_fit(few, y)


def test_column_vector_y_is_taken_as_1d_with_a_warning(Estimator):  # row 8
    X, y = toy(Estimator)
    with pytest.warns(DataConversionWarning, match="column-vector"):
        column = small(Estimator).fit(X, y[:, None])
    flat = small(Estimator).fit(X, y)
    np.testing.assert_array_equal(column.predict(X), flat.predict(X))
    assert column.predict(X).shape == (40,)


def test_one_sample_is_enough(Estimator):  # row 13
    X, y = toy(Estimator)
    model = small(Estimator).fit(X[:1], y[:1])
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("what", ["constant feature", "all zero", "zero row"])
def test_features_without_information_are_taken(Estimator, what):  # row 14
    X, y = toy(Estimator)
    if what == "constant feature":
        X[:, 2] = 7.0
    else:
        X[0 if what == "zero row" else slice(None)] = 0.0
    model = small(Estimator).fit(X, y)
    assert np.isfinite(model.predict(X)).all()
    assert np.isfinite(model.feature_importances_).all()


def test_batch_larger_than_the_data_is_clipped_with_a_warning(Estimator):  # row 38
    X, y = toy(Estimator)
    with pytest.warns(UserWarning, match="Got batch_size=41.* clipped"):
        clipped = small(Estimator, batch_size=41).fit(X, y)
    full = small(Estimator, batch_size=40).fit(X, y)
    np.testing.assert_array_equal(clipped.coefs_[0].data, full.coefs_[0].data)


def test_rate_that_overflows_is_refused():  # row 65
    X, y = toy(SETRegressor)
    model = small(SETRegressor, loss="poisson", learning_rate_init=0.05, max_iter=30)
    model.fit(X, np.exp(y))
    assert np.isfinite(model.predict(X)).all()
    for far in (X * 1e6, (X * 1e6).astype(np.float32)):
        with refused(ValueError, "Input X .* too large for this network", model, far):
            model.predict(far)


def test_output_that_overflows_only_in_the_type_of_X_is_refused():  # row 65
    X, y = toy(SETRegressor)
    model = small(SETRegressor, dtype=np.float64).fit(X, y)
    for depth, coef in enumerate(model.coefs_):
        change_layer(model, depth, weights=1e25 * coef.data)
    assert np.isfinite(model.predict(X)).all()
    single = X.astype(np.float32)
    with refused(ValueError, "Input X .* too large for this network", model, single):
        model.predict(single)


def test_log_probability_that_overflows_is_refused():  # row 65
    X, y = toy(SETClassifier, n_classes=3)
    model = small(SETClassifier, dtype=np.float64).fit(X, y)
    change_layer(model, -1, bias=np.array([1.5e308, -1.5e308, 0.0]))
    for method in (model.predict_proba, model.predict_log_proba):
        with refused(ValueError, "Input X .* too large for this network", model, X):
            method(X)


def test_output_that_overflows_is_refused(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator).fit(X, y)
    for depth, coef in enumerate(model.coefs_):
        change_layer(model, depth, weights=100 * coef.data)
    with refused(ValueError, "too large for this network", model, X):
        model.predict(np.full_like(X, 3e38))
