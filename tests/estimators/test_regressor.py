"""What SETRegressor learns."""

import numpy as np
import pandas as pd
import pytest
from estimators.cases import impatient, small, toy
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import (
    load_diabetes,
    load_linnerud,
    make_friedman1,
    make_regression,
)
from sklearn.metrics import d2_tweedie_score, mean_poisson_deviance, r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skset.estimators import SETRegressor

pytestmark = impatient


def scaled(**params):
    return TransformedTargetRegressor(
        make_pipeline(StandardScaler(), SETRegressor(random_state=0, **params)),
        transformer=StandardScaler(),
    )


@pytest.mark.parametrize(
    ("data", "floor"),
    [
        (load_diabetes(return_X_y=True), 0.3),
        (make_friedman1(1000, random_state=0), 0.7),
        (make_regression(800, 10, n_targets=3, noise=5, random_state=0), 0.85),
    ],
    ids=["diabetes", "friedman", "three outputs"],
)
def test_r2_on_what_was_held_out(data, floor):
    X, X_test, y, y_test = train_test_split(*data, random_state=0)
    model = scaled(early_stopping=True).fit(X, y)
    assert model.score(X_test, y_test) > floor


def test_several_outputs_are_told_apart():
    X, Y = load_linnerud(return_X_y=True)
    patient = {"max_iter": 200, "tol": 0.0, "n_iter_no_change": np.inf}
    model = scaled(learning_rate_init=0.01, alpha=1e-4, **patient).fit(X, Y)
    assert model.predict(X).shape == Y.shape
    assert (r2_score(Y, model.predict(X), multioutput="raw_values") > 0.5).all()


def test_one_output_is_1d_and_several_are_2d():
    X, y = toy(SETRegressor)
    one, two = small(SETRegressor).fit(X, y), small(SETRegressor)
    two.fit(X, np.stack([y, y], axis=1))
    assert (one.n_outputs_, two.n_outputs_) == (1, 2)
    assert (one.predict(X).shape, two.predict(X).shape) == ((40,), (40, 2))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_poisson_rates_are_learned(early_stopping):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1500, 5))
    rate = np.exp(0.7 * X[:, 0] + 0.5 * np.abs(X[:, 1]))
    y = rng.poisson(rate)
    model = SETRegressor(
        (50,), loss="poisson", random_state=0, early_stopping=early_stopping
    )
    model.set_params(max_iter=20).fit(X[:1000], y[:1000])
    said = model.predict(X[1000:])
    assert (said > 0).all()
    assert model.out_activation_ == "exp"
    possible = d2_tweedie_score(y[1000:], rate[1000:], power=1)
    assert d2_tweedie_score(y[1000:], said, power=1) > 0.75 * possible


def test_losses_are_half_a_squared_error_and_half_a_deviance():
    X, y = toy(SETRegressor)
    still = {"learning_rate_init": 1e-12, "alpha": 0.0, "dtype": np.float64}
    model = small(SETRegressor, **still, max_iter=1, final_drop=False).fit(X, y)
    squared = np.mean((model.predict(X) - y) ** 2) / np.var(y)
    assert model.loss_ == pytest.approx(squared / 2, rel=1e-6)
    counts = np.abs(y)
    model.set_params(loss="poisson").fit(X, counts)
    deviance = mean_poisson_deviance(counts, model.predict(X))
    assert model.loss_ == pytest.approx(deviance / 2, rel=1e-6)


def test_poisson_takes_several_outputs():
    X, y = toy(SETRegressor)
    Y = np.stack([np.abs(y), np.abs(X[:, 2])], axis=1)
    said = small(SETRegressor, loss="poisson").fit(X, Y).predict(X)
    assert said.shape == (40, 2)
    assert (said > 0).all()


@pytest.mark.parametrize("dtype", [int, np.float32, bool, object])
def test_numbers_of_any_type(dtype):
    X, y = toy(SETRegressor)
    y = (y > 0).astype(dtype)
    model = small(SETRegressor).fit(X, y)
    plain = small(SETRegressor).fit(X, y.astype(float))
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predictions_have_the_type_of_a_frame_too(dtype):
    X, y = toy(SETRegressor)
    frame = pd.DataFrame(X.astype(dtype), columns=list("abcde"))
    model = small(SETRegressor).fit(frame, y)
    assert model.predict(frame).dtype == dtype
    mixed = frame.assign(a=frame["a"].astype("float64"))
    assert model.predict(mixed).dtype == np.float64
