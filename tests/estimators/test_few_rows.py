"""A small array without names skips scikit-learn's checks; nothing else shows it."""

import numpy as np
import pytest
from sklearn import config_context

import skset.estimators._input as module
from skset import SETClassifier

RNG = np.random.default_rng(0)
X = RNG.random((40, 6))
Y = np.arange(40) % 3


@pytest.fixture(scope="module", params=["float32", "float64"])
def model(request):
    params = {"hidden_layer_sizes": (8,), "max_iter": 2, "random_state": 0}
    return SETClassifier(dtype=np.dtype(request.param).type, **params).fit(X, Y)


FORMS = {
    "float64": lambda X: X,
    "float32": lambda X: X.astype(np.float32),
    "float16": lambda X: X.astype(np.float16),
    "integers": lambda X: (9 * X).astype(int),
    "booleans": lambda X: X > 0.5,
    "fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "swapped": lambda X: X.astype(">f8"),
    "read-only": lambda X: np.frombuffer(X.tobytes()).reshape(X.shape),
    "list": np.ndarray.tolist,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("n_rows", [1, 3])
def test_the_predictions_are_those_of_the_checked_array(
    model, form, n_rows, monkeypatch
):
    rows = form(X[:n_rows])
    quick = model.decision_function(rows)
    monkeypatch.setattr(module, "FEW_NUMBERS", 0)
    assert np.array_equal(quick, model.decision_function(rows))


def test_scikit_learn_is_not_asked_about_few_valid_rows(model, monkeypatch):
    expected = model.predict(X)
    monkeypatch.setattr(module, "validate_data", None)
    assert np.array_equal(model.predict(X), expected)
    monkeypatch.setattr(module, "FEW_NUMBERS", X.size - 1)
    with pytest.raises(TypeError):
        model.predict(X)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(model, value):  # row 1, row 2
    rows = X[:1].copy()
    rows[0, 3] = value
    with pytest.raises(ValueError, match="Input X contains"):
        model.predict(rows)


def test_values_that_overflow_are_refused():  # row 2
    model = SETClassifier((8,), max_iter=2, random_state=0).fit(X, Y)
    rows = X[:1].copy()
    rows[0, 3] = 1e300
    with pytest.raises(ValueError, match="contains infinity or a value too large"):
        model.predict(rows)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (X[:1, :5], "X has 5 features, but SETClassifier is expecting 6"),
        (X[:0], "0 sample"),
        (X[0], "Expected 2D array"),
        (X[None], "Found array with dim 3"),
        (X[:1].astype(complex), "Complex data"),
    ],
    ids=["features", "no sample", "one dimension", "three dimensions", "complex"],
)
def test_everything_else_is_for_scikit_learn_to_refuse(model, rows, message):
    with pytest.raises(ValueError, match=message):
        model.predict(rows)


def test_an_array_without_the_names_of_the_fit_is_warned_about():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=list("abcdef"))
    model = SETClassifier((8,), max_iter=2, random_state=0).fit(table, Y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X[:1])


def test_what_scikit_learn_may_assume_is_still_assumed(model):
    rows = X[:2].copy()
    rows[0, 0] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model.predict(rows)
    for some in (rows, rows[:1]):
        with (
            config_context(assume_finite=True),
            pytest.raises(ValueError, match="output is not"),
        ):
            model.predict(some)
