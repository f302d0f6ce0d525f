"""What the regressor and the classifier make small: losses by name and as objects."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from estimators.cases import assert_same_network, impatient, refused, small, static, toy
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import (
    log_loss,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
)

from skset.estimators import SETClassifier, SETRegressor
from skset.model import Huber, LogLoss, Loss, Network, Quantile, SquaredError

pytestmark = impatient

NAMES = ["squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"]
POSITIVE = ["poisson", "gamma"]
STILL = {
    "learning_rate_init": 1e-12,
    "alpha": 0.0,
    "dtype": np.float64,
    "max_iter": 1,
    "final_drop": False,
}
every_name = pytest.mark.parametrize("name", NAMES)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def data(name, n_outputs=None, n_samples=40):
    """Return X and targets that the loss is defined for."""
    X, y = toy(SETRegressor, n_samples=n_samples)
    if name in POSITIVE:
        y = np.exp(y)
    return X, y if n_outputs is None else np.stack([y] * n_outputs, axis=1)


def huber(y, predicted):
    error = np.abs(y - predicted)
    return np.where(error <= 1, error**2 / 2, error - 0.5).mean()


SAID = {
    "absolute_error": mean_absolute_error,
    "huber": huber,
    "quantile": lambda y, z: mean_pinball_loss(y, z, alpha=0.8),
    "gamma": lambda y, z: mean_gamma_deviance(y, z) / 2,
}


@pytest.mark.parametrize("name", SAID)
def test_loss_is_what_others_call_so(name):
    X, y = data(name)
    given = {"loss": name, "quantile": 0.8, "standardize": False}
    model = small(SETRegressor, **STILL, **given).fit(X, y)
    assert model.loss_ == pytest.approx(SAID[name](y, model.predict(X)), rel=1e-6)


@every_name
@every_dtype
def test_loss_falls_and_has_its_output(name, dtype):
    X, y = data(name)
    params = {"loss": name, "dtype": dtype, "max_iter": 60, "alpha": 0.0}
    model = small(SETRegressor, **params, learning_rate_init=0.01).fit(X, y)
    assert model.loss_ < 0.5 * model.loss_curve_[0]
    assert model.network_.dtype == dtype
    assert model.out_activation_ == ("exp" if name in POSITIVE else "identity")
    if name in POSITIVE:
        assert (model.predict(X) > 0).all()


@every_name
def test_several_outputs(name):
    X, Y = data(name, n_outputs=2)
    model = small(SETRegressor, loss=name).fit(X, Y)
    assert model.predict(X).shape == (40, 2)


@every_name
def test_sparse_input_says_the_same(name):
    X, y = data(name)
    X = np.where(np.abs(X) < 0.5, 0.0, X)
    dense = small(SETRegressor, loss=name).fit(X, y)
    of_sparse = small(SETRegressor, loss=name).fit(sparse.csr_array(X), y)
    assert_same_network(dense, of_sparse)


@every_name
def test_a_weight_of_two_is_a_row_twice(name):
    X, y = data(name)
    weight = np.where(np.arange(40) < 10, 2.0, 1.0)
    twice = np.r_[np.arange(40), np.arange(10)]
    params = {"loss": name, "alpha": 0.0, "solver": "sgd", "learning_rate_init": 0.01}
    one = static(SETRegressor, **params, batch_size=40).fit(X, y, weight)
    other = static(SETRegressor, **params, batch_size=50).fit(X[twice], y[twice])
    np.testing.assert_allclose(one.predict(X), other.predict(X), rtol=1e-9)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_a_share_of_the_targets_lies_below_their_quantile(quantile):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2000, 3))
    y = X[:, 0] + rng.standard_normal(2000)
    model = SETRegressor((30,), loss="quantile", quantile=quantile, random_state=0)
    share = np.mean(y <= model.set_params(max_iter=20).fit(X, y).predict(X))
    assert share == pytest.approx(quantile, abs=0.05)


def test_a_median_minds_no_outliers():
    X, y = data("absolute_error", n_samples=400)
    wild = y.copy()
    wild[::10] += 1000
    params = {"max_iter": 60, "learning_rate": "cosine", "learning_rate_init": 0.01}
    for name in ("absolute_error", "huber"):
        model = small(SETRegressor, loss=name, **params).fit(X, wild)
        tame = np.arange(400) % 10 > 0
        assert np.median(np.abs(model.predict(X) - y)[tame]) < 0.5


# Losses as objects.


@dataclass(frozen=True)
class LogCosh(Loss):
    """``log cosh (z - y)``."""

    def __call__(self, Z, Y, weight):
        Z -= Y
        loss = float((np.logaddexp(Z, -Z) - np.log(2)).sum(axis=0) @ weight)
        np.tanh(Z, out=Z)
        Z *= weight
        return loss


@pytest.mark.parametrize(
    ("name", "loss"),
    [("squared_error", SquaredError()), ("huber", Huber()), ("quantile", Quantile())],
)
def test_an_object_is_the_same_as_its_name(name, loss):
    X, y = data(name)
    by_name = small(SETRegressor, loss=name).fit(X, y)
    assert_same_network(by_name, small(SETRegressor, loss=loss).fit(X, y))


@pytest.mark.parametrize("loss", [Huber(0.5), Quantile(0.9), LogCosh()])
def test_an_object_goes_through_clones_and_pickles(loss):
    X, y = data("huber")
    model = small(SETRegressor, loss=loss)
    assert clone(model).get_params()["loss"] == loss
    model.fit(X, y)
    other = pickle.loads(pickle.dumps(model))
    assert other.loss == loss
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    one, other = (m.set_params(warm_start=True).fit(X, y) for m in (model, other))
    assert_same_network(one, other)


def test_the_quantile_of_an_object_is_its_own():
    X, y = data("quantile")
    one = small(SETRegressor, loss=Quantile(0.9), quantile=0.1).fit(X, y)
    other = small(SETRegressor, loss="quantile", quantile=0.9).fit(X, y)
    assert_same_network(one, other)


# What does not go together.


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"loss": "squared_error"}, {"loss": "absolute_error"}),
        ({"loss": "poisson"}, {"loss": "gamma"}),
        ({"loss": "quantile", "quantile": 0.2}, {"quantile": 0.3}),
        ({"loss": Huber(1.0)}, {"loss": Huber(2.0)}),
    ],
)
@pytest.mark.parametrize("caller", ["warm_start", "partial_fit"])
def test_another_loss_is_refused(caller, before, now):  # row 35
    X, y = data("gamma")
    model = small(SETRegressor, warm_start=True, **before).fit(X, y)
    model.set_params(**now)
    fit = model.fit if caller == "warm_start" else model.partial_fit
    with refused(ValueError, f"{caller} .*where loss is the same", model, X, y):
        fit(X, y)


def test_the_same_loss_in_other_words_goes_on():
    X, y = data("quantile")
    model = small(SETRegressor, loss="quantile", quantile=0.2).partial_fit(X, y)
    model.set_params(loss=Quantile(0.2)).partial_fit(X, y)
    assert model.n_iter_ == 2


@pytest.mark.parametrize(("name", "wrong"), [("poisson", -1.0), ("gamma", 0.0)])
def test_targets_without_a_loss_are_refused(name, wrong):
    X, y = data(name)
    y[3] = wrong
    model = small(SETRegressor, loss=name)
    with refused(ValueError, f"not allowed for loss='{name}'", model):
        model.fit(X, y)


def test_a_network_needs_the_output_of_the_loss():
    X, _ = data("gamma")
    parts = [np.ones((5, 1)) / 5], [np.zeros(1)]
    network = Network.from_csr(*parts, output="exp")
    model = SETRegressor.from_network(network, loss="gamma")
    np.testing.assert_allclose(model.predict(X), np.exp(X.mean(axis=1)))
    with pytest.raises(ValueError, match="1 with 'identity' are needed"):
        SETRegressor.from_network(network, loss="huber")
    with pytest.raises(ValueError, match="The 'loss' parameter of SETRegressor"):
        SETRegressor.from_network(network, loss="foo")


# Label smoothing.


def smoothed_loss(model, X, y, share):
    """Return the cross entropy of smoothed targets, by the probabilities."""
    P = model.predict_log_proba(X)
    T = np.eye(P.shape[1])[y] if y.ndim == 1 else np.stack([1 - y, y])
    P = P if y.ndim == 1 else np.stack([np.log1p(-np.exp(P)), P])
    classes = 1 if y.ndim == 1 else 0
    T = (1 - share) * T + share / T.shape[classes]
    return -(T * P).sum() / len(y)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_smoothed_loss_is_a_cross_entropy(kind):
    X, y = toy(SETClassifier, n_classes=3 if kind == "multiclass" else 2)
    y = np.stack([y, 1 - y, y], axis=1) if kind == "multilabel" else y
    model = small(SETClassifier, **STILL, label_smoothing=0.2).fit(X, y)
    assert model.loss_ == pytest.approx(smoothed_loss(model, X, y, 0.2), rel=1e-6)


@every_dtype
@pytest.mark.parametrize("n_classes", [2, 4])
def test_smoothing_keeps_from_certainty(n_classes, dtype):
    X, y = toy(SETClassifier, n_samples=200, n_classes=n_classes)
    params = {"max_iter": 100, "learning_rate_init": 0.01, "alpha": 0.0}
    sure, unsure = (
        small(SETClassifier, **params, dtype=dtype, label_smoothing=share).fit(X, y)
        for share in (0.0, 0.4)
    )
    most = 1 - 0.4 + 0.4 / n_classes
    means = [m.predict_proba(X).max(axis=1).mean() for m in (sure, unsure)]
    assert means[0] > 0.9
    assert 1 / n_classes < means[1] < most + 0.05
    assert unsure.score(X, y) > 0.8


def test_the_validation_loss_is_smoothed_as_the_training_loss_is():
    X, y = toy(SETClassifier)
    params = {"dtype": np.float64, "max_iter": 20, "learning_rate_init": 0.01}
    model = small(SETClassifier, **params, early_stopping=True, label_smoothing=0.3)
    model.fit(X, y, X_val=X, y_val=y)
    smoothed = smoothed_loss(model, X, y, 0.3)
    assert -model.best_validation_score_ == pytest.approx(smoothed, rel=1e-6)
    assert smoothed != pytest.approx(log_loss(y, model.predict_proba(X)), rel=1e-3)


def test_smoothing_may_change_between_fits():
    """As with alpha, the network still says the same: log-odds of classes."""
    X, y = toy(SETClassifier)
    model = small(SETClassifier, warm_start=True, label_smoothing=0.1).fit(X, y)
    model.set_params(label_smoothing=0.0).fit(X, y)
    assert model._targets.loss_function == LogLoss()
