"""Data, small models and comparisons that the tests of the estimators share."""

import re
import warnings
from contextlib import contextmanager
from dataclasses import replace

import joblib
import numpy as np
import pytest
from scipy import sparse

from skset.estimators import QuickSelection, SETClassifier, SETRegressor, SparseRBM

BOTH = [SETClassifier, SETRegressor]
SUPERVISED = [False, "classification", "regression"]
IMPORTANCES = ["coverage", "strength", "attribution"]  # "relevance" needs y
every_supervised = pytest.mark.parametrize("supervised", SUPERVISED)
every_importance = pytest.mark.parametrize("importance", IMPORTANCES)
every_ranking = pytest.mark.parametrize(
    ("supervised", "importance"),
    [
        *[(supervised, kind) for supervised in SUPERVISED for kind in IMPORTANCES],
        *[(supervised, "relevance") for supervised in SUPERVISED if supervised],
    ],
)

# Most tests stop long before the loss has settled, and mean to.
impatient = pytest.mark.filterwarnings(
    "ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)
brief = pytest.mark.filterwarnings("ignore:The network took only:UserWarning")


def named(value):
    """Return a name for a case that is the same in every process."""
    return re.sub(r" at 0x[0-9A-Fa-f]+", "", str(value))


def small(Estimator, **params):
    """Return a network that fits in a few milliseconds.

    Its learning rate is constant, so that a short fit is the beginning of a longer one.
    """
    defaults = {
        "hidden_layer_sizes": (8,),
        "learning_rate": "constant",
        "max_iter": 3,
        "random_state": 0,
    }
    return Estimator(**{**defaults, **params})


def static(Estimator, **params):
    """Return a network without any randomness but its beginning."""
    return small(
        Estimator,
        **{"method": "static", "shuffle": False, "dtype": np.float64, **params},
    )


def toy(Estimator, n_samples=40, n_features=5, n_classes=2):
    """Return data with a signal, of the kind that the estimator takes."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_samples, n_features))
    signal = X[:, 0] - X[:, 1]
    if Estimator is SETRegressor:
        return X, signal
    cuts = np.quantile(signal, np.linspace(0, 1, n_classes + 1)[1:-1])
    return X, np.searchsorted(cuts, signal)


def first_call(model, X, y, **kwargs):
    """Make the first call of partial_fit."""
    if isinstance(model, SETClassifier):
        kwargs["classes"] = np.unique(y) if y.ndim == 1 else np.arange(y.shape[1])
    return model.partial_fit(X, y, **kwargs)


def scores(model, X):
    """Return all numbers that a fitted model says about X."""
    return model.predict_proba(X) if hasattr(model, "classes_") else model.predict(X)


def assert_same_network(one, other):
    """Assert that two models have the same connections and weights, bit for bit."""
    for a, b in zip(one.coefs_, other.coefs_, strict=True):
        assert a.shape == b.shape
        np.testing.assert_array_equal(a.indptr, b.indptr)
        np.testing.assert_array_equal(a.indices, b.indices)
        assert a.data.dtype == b.data.dtype
        assert a.data.tobytes() == b.data.tobytes()
    for a, b in zip(one.intercepts_, other.intercepts_, strict=True):
        assert a.tobytes() == b.tobytes()


def change_layer(model, depth, **arrays):
    """Put other weights, or another bias, into a layer of a fitted model."""
    layers = list(model._network.layers)
    layers[depth] = replace(layers[depth], **arrays)
    model._network = model._network.with_layers(layers).frozen()


def fingerprint(thing):
    """Return a hash of all that an estimator or an input holds."""
    if sparse.issparse(thing):  # but not of the flags that scipy caches
        arrays = {k: v for k, v in vars(thing).items() if isinstance(v, np.ndarray)}
        return joblib.hash((type(thing), arrays, getattr(thing, "coords", None)))
    if hasattr(thing, "get_params"):
        return joblib.hash((sorted(vars(thing)), vars(thing)))
    return joblib.hash(thing)


@contextmanager
def nothing_changes(*things):
    """Assert that neither the things nor any global state change inside."""

    def state():
        return [fingerprint(thing) for thing in things], joblib.hash(
            np.random.get_state()  # noqa: NPY002 (the global state is what is meant)
        )

    filters, before = list(warnings.filters), state()
    yield
    assert state() == before
    assert list(warnings.filters) == filters


@contextmanager
def refused(error, match, *things):
    """Assert that an error is raised, and that it leaves everything as it was."""
    with nothing_changes(*things), pytest.raises(error, match=match):
        yield


def fresh_and_fitted(Estimator, X, y, fitted_with=None, **params):
    """Return two models that a failed call must not change: one unfitted, one fitted.

    Both have been used, so that nothing is left to be cached. The parameters are set
    after the fit, but for those in `fitted_with`.
    """
    fitted = small(Estimator, **{"max_iter": 1, **(fitted_with or {})}).fit(X, y)
    fitted.predict(X)
    return small(Estimator, **params), fitted.set_params(**params)


def selector(n_features_to_select=2, **params):
    """Return a selector that takes just enough steps on 40 samples, in milliseconds.

    It learns from X alone, whether there is a y or not.
    """
    defaults = {
        "supervised": False,
        "hidden_layer_sizes": (20,),
        "batch_size": 10,
        "max_iter": 13,
        "random_state": 0,
    }
    return QuickSelection(n_features_to_select, **{**defaults, **params})


def toy_for(supervised, **kwargs):
    """Return data with a signal in the first two of five features."""
    return toy(SETRegressor if supervised == "regression" else SETClassifier, **kwargs)


def assert_same_selection(one, other):
    """Assert that two selectors learned and rank the same, bit for bit."""
    assert_same_network(one, other)
    importances = one.feature_importances_, other.feature_importances_
    assert importances[0].tobytes() == importances[1].tobytes()
    np.testing.assert_array_equal(one.ranking_, other.ranking_)


def fresh_and_fitted_selectors(X, y, **params):
    """Return two selectors that a failed call must not change."""
    fitted = selector(**params).partial_fit(X, y)
    fitted.transform(X)
    return selector(**params), fitted


def machine(n_components=6, **params):
    """Return a sparse machine that fits in milliseconds; all that may change is given.

    As with `small`, a short fit is the beginning of a longer one.
    """
    defaults = {
        "density": 0.5,
        "learning_rate": 0.1,
        "learning_rate_schedule": "constant",
        "momentum": 0.5,
        "alpha": 1e-3,
        "batch_size": 10,
        "n_iter": 3,
        "random_state": 0,
    }
    return SparseRBM(n_components, **{**defaults, **params})


def bits(n_samples=40, n_features=5):
    """Return zeros and ones, which are mostly equal in the first two features."""
    rng = np.random.default_rng(0)
    X = (rng.random((n_samples, n_features)) < 0.4).astype(float)
    X[:, 1] = np.where(rng.random(n_samples) < 0.9, X[:, 0], X[:, 1])
    return X


def assert_same_machine(one, other):
    """Assert that two machines learned the same, bit for bit."""
    for a, b in zip(parts(one), parts(other), strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        assert a.tobytes() == b.tobytes()


def parts(model):
    """Return all arrays that a machine has learned, and its curve."""
    W = model.components_
    curve = np.array(model.reconstruction_error_curve_)
    biases = model.intercept_visible_, model.intercept_hidden_
    return W.indptr, W.indices, W.data, *biases, curve


def fresh_and_fitted_machines(X, fitted_with=None, **params):
    """Return two machines that a failed call must not change, as `fresh_and_fitted`."""
    fitted = machine(**{"n_iter": 1, **(fitted_with or {})}).fit(X)
    fitted.transform(X)
    return machine(**params), fitted.set_params(**params)
