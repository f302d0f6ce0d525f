"""Columns that are no numbers are refused by name, whatever table they come in."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest
from estimators.cases import (
    bits,
    first_call,
    fresh_and_fitted_machines,
    fresh_and_fitted_selectors,
    impatient,
    refused,
    small,
    toy,
)

from skset.estimators import SETClassifier, SETRegressor

pytestmark = impatient

DAY = dt.date(2020, 1, 1)
NOON = dt.datetime(2020, 1, 1, 12)
HOUR = dt.timedelta(hours=1)
NUMPY_DAY = np.datetime64("2020-01-01")
NUMPY_HOUR = np.timedelta64(1, "h")


def of_polars(value):
    return lambda X: pl.DataFrame(X).with_columns(pl.lit(value).alias("when"))


def of_pandas(make):
    return lambda X: pd.DataFrame(X).assign(when=make(len(X)))


def of_objects(value):
    return of_pandas(lambda n: pd.Series([value] * n, dtype=object))


def of_pyarrow(X):
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.table({"size": X[:, 0], "when": [NOON] * len(X)})


def array_of_objects(X):
    X = X.astype(object)
    X[7, 2] = NUMPY_HOUR  # numpy makes a float of it
    return X


# What of a row or of a column is a date, what the message calls it, and where. # row 64
DATES = {
    "polars Date": ("Date in column 'when'", of_polars(DAY)),
    "polars Datetime": ("Datetime.* in column 'when'", of_polars(NOON)),
    "polars Duration": ("Duration.* in column 'when'", of_polars(HOUR)),
    "polars Time": ("Time in column 'when'", of_polars(dt.time(12))),
    "polars dates alone": (
        "Date in column 'when'",
        lambda X: of_polars(DAY)(X).select("when"),
    ),
    "categories": (
        "datetime64.* in column 'when'",
        of_pandas(lambda n: pd.Categorical(pd.to_datetime(["2020"] * n))),
    ),
    "objects of numpy": (r"object \(datetime64\) in.* 'when'", of_objects(NUMPY_DAY)),
    "array of objects": (r"object \(timedelta64\) in column 2", array_of_objects),
}
# These are refused by numpy too, which does not say where they are.
NAMED = {
    "datetime64": (
        "datetime64.* in column 'when'",
        of_pandas(lambda n: pd.to_datetime(["2020"] * n)),
    ),
    "Period": (
        r"period\[D\] in column 'when'",
        of_pandas(lambda n: pd.period_range("2020", periods=n)),
    ),
    "Interval": (
        "interval.* in column 'when'",
        of_pandas(lambda n: pd.interval_range(0, n)),
    ),
    "date": (r"object \(date\) in column 'when'", of_objects(DAY)),
    "datetime": (r"object \(datetime\) in column 'when'", of_objects(NOON)),
    "timedelta": (r"object \(timedelta\) in column 'when'", of_objects(HOUR)),
    "time": (r"object \(time\) in column 'when'", of_objects(dt.time(12))),
    "list": (r"object \(date\) in column 0", lambda X: [[DAY] * 5] * len(X)),
    "list, one row": (
        r"object \(date\) in column 1",
        lambda X: [[1.0, DAY, 0, 0, 0], *X[1:].tolist()],
    ),
    "pyarrow": (r"timestamp\[us\] in column 'when'", of_pyarrow),
}
every_date = pytest.mark.parametrize(("what", "spoil"), DATES.values(), ids=DATES)


def refused_dates(what, *things):
    return refused(TypeError, f"Input X has dtype {what}", *things)


@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict", "score", "X_val"])
@every_date
def test_dates_in_X_are_refused(Estimator, what, spoil, method):  # row 64
    X, y = toy(Estimator)
    bad = spoil(X)
    model = first_call(small(Estimator), X, y)
    model.predict(X)
    calls = {
        "fit": lambda: model.fit(bad, y),
        "partial_fit": lambda: model.partial_fit(bad, y),
        "predict": lambda: model.predict(bad),
        "score": lambda: model.score(bad, y),
        "X_val": lambda: model.fit(X, y, X_val=bad, y_val=y),
    }
    if method == "X_val":
        model.set_params(early_stopping=True)
    with refused_dates(what, model, X, y):
        calls[method]()


@pytest.mark.parametrize("method", ["fit", "partial_fit", "transform"])
@every_date
def test_dates_are_refused_by_what_transforms(what, spoil, method):  # row 64
    X = bits()
    for make, *y in [(fresh_and_fitted_selectors, None), (fresh_and_fitted_machines,)]:
        _, fitted = make(X, *y)
        with refused_dates(what, fitted, X):
            getattr(fitted, method)(spoil(X))


@pytest.mark.parametrize(("what", "spoil"), NAMED.values(), ids=NAMED)
def test_dates_that_numpy_refuses_too_are_named(what, spoil):  # rows 18 and 64
    X, y = toy(SETClassifier)
    model = small(SETClassifier)
    with refused_dates(what, model):
        model.fit(spoil(X), y)


@pytest.mark.parametrize("value", [DAY, NOON, HOUR, dt.time(12)], ids=repr)
def test_dates_in_the_y_of_a_regressor_are_refused(value):  # row 64
    X, y = toy(SETRegressor)
    model = small(SETRegressor)
    series = pl.Series("when", [value] * len(X))
    two = pl.DataFrame({"y": y}).with_columns(series)
    for bad, where in [(series, ""), (two, " in column 'when'")]:
        with refused(TypeError, f"Input y has dtype [DT].*{where}, which", model, X):
            model.fit(X, bad)
    for bad in ([value] * 40, np.array([value] * 40, dtype=object)):
        with refused(TypeError, r"Input y has dtype object \(.*\), which", model, X):
            model.fit(X, bad)


def test_dates_may_be_labels():
    X, y = toy(SETClassifier)
    days = NUMPY_DAY + y
    model = small(SETClassifier).fit(X, days)
    assert model.classes_.tolist() == np.unique(days).tolist()
    assert set(model.predict(X)) <= set(days)


@pytest.mark.parametrize(
    "dtype", [pl.Float32, pl.Int8, pl.Boolean, pl.Decimal(9, 2)], ids=str
)
def test_numbers_of_polars_are_numbers(Estimator, dtype):
    X, y = toy(Estimator)
    X = np.round(X) if dtype != pl.Boolean else X > 0
    frame = pl.DataFrame(X.astype(float)).cast(dtype)
    plain = small(Estimator).fit(X.astype(float), y)
    np.testing.assert_array_equal(
        small(Estimator).fit(frame, y).coefs_[0].data, plain.coefs_[0].data
    )


# What else is no number. # row 17

STRANGE = {
    "strings": (ValueError, "could not convert string to float: 'Rome'", "Rome"),
    "dicts": (TypeError, "must be a string or a real number, not 'dict'", {}),
    "lists": (ValueError, "setting an array element with a sequence", [1, 2]),
}


@pytest.mark.parametrize(("error", "match", "value"), STRANGE.values(), ids=STRANGE)
def test_column_that_is_no_number_is_named(Estimator, error, match, value):  # row 17
    X, y = toy(Estimator)
    X = X.astype(object)
    X[:, 1] = [value] * len(X)
    frame = pd.DataFrame(X, columns=["size", "city", "a", "b", "c"])
    model = small(Estimator)
    for bad, where in [(frame, "'city'"), (X, "1"), (X.tolist(), "1")]:
        named = rf"{match}.* \(input X in column {where}\)"
        with refused(error, named, model, y):
            model.fit(bad, y)


def test_column_of_strings_is_named_whatever_its_type(Estimator):  # row 17
    X, y = toy(Estimator)
    cities = ["Rome", "Oslo"] * 20
    frame, other = pd.DataFrame({"size": X[:, 0]}), pl.DataFrame({"size": X[:, 0]})
    for bad in [
        frame.assign(city=cities),
        frame.assign(city=pd.Categorical(cities)),
        other.with_columns(city=pl.Series(cities)),
        other.with_columns(city=pl.Series(cities, dtype=pl.Enum(["Rome", "Oslo"]))),
    ]:
        named = "could not convert string to float: 'Rome'.* in column 'city'"
        with refused(ValueError, named, model := small(Estimator)):
            model.fit(bad, y)


def test_what_is_no_number_in_y_is_named():  # row 10
    X, y = toy(SETRegressor)
    two = pd.DataFrame({"size": y, "city": ["Rome"] * 40})
    model = small(SETRegressor)
    for bad, where in [(two["city"], r"y\)"), (two, "y in column 'city'")]:
        with refused(ValueError, rf"could not convert .*'Rome' \(input {where}", model):
            model.fit(X, bad)


class Unread:
    """What a matrix of anndata is that stays in its file."""

    shape = (40, 5)

    def to_memory(self):
        return np.zeros(self.shape)


class Cells(Unread):
    """What an AnnData is: it has labels beside its matrix."""

    obs = pd.DataFrame(index=range(40))


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (Unread(), "X is a Unread, a matrix in a file.* skset.anndata"),
        (Cells(), "X is an Cells, not a table.* skset.anndata.select_genes"),
    ],
    ids=["matrix", "cells"],
)
def test_what_has_not_been_read_is_refused(Estimator, given, match):
    _, y = toy(Estimator)
    with refused(TypeError, match, model := small(Estimator)):
        model.fit(given, y)
