"""`parts_of`: what fitted estimators answer with, in units of their own."""

import numpy as np
import pytest
from estimators.continual import sequence
from sklearn.exceptions import NotFittedError

from skset import (
    ContinualSETClassifier,
    QuickSelection,
    SETClassifier,
    SETRegressor,
    SparseRBM,
    estimators,
)
from skset.estimators import (
    ClassifierParts,
    MachineParts,
    RegressorParts,
    SelectorParts,
    parts_of,
)
from skset.model import OUTPUTS, Samples, log_softmax

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 6)) + 1e5
THREE = (X - X.mean(axis=0))[:, :3].argmax(axis=1)
SMALL = {"hidden_layer_sizes": (10,), "max_iter": 2, "random_state": 0}


def sums(parts, X=X):
    """Return the network's weighted sums (n_outputs, n_samples)."""
    dtype = parts.network.dtype
    if parts.scaling is not None:
        X = parts.scaling.applied(X, dtype)
    return parts.network.weighted_sums(Samples(X, dtype=dtype)).astype(float)


@pytest.mark.parametrize("standardize", [True, False])
def test_of_a_classifier(standardize):
    table = X if standardize else X - 1e5
    model = SETClassifier(standardize=standardize, **SMALL).fit(table, THREE)
    parts = parts_of(model)
    assert isinstance(parts, ClassifierParts)
    assert not parts.is_binary
    assert not parts.multilabel
    assert parts.classes is parts.all_classes is model.classes_
    P = np.exp(log_softmax(sums(parts, table)))
    np.testing.assert_allclose(P.T, model.predict_proba(table), rtol=1e-6)
    assert not parts.network.layers[0].weights.flags.writeable


def test_of_two_classes_and_of_two_labels():
    two = parts_of(SETClassifier(**SMALL).fit(X, THREE == 1))
    assert two.is_binary
    assert two.network.n_units[-1] == 1
    both = parts_of(SETClassifier(**SMALL).fit(X, (X[:, :2] > 1e5).astype(int)))
    assert both.multilabel
    assert not both.is_binary


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_of_a_regressor(loss):
    model = SETRegressor(loss=loss, **SMALL).fit(X, THREE + 1000.0)
    parts = parts_of(model)
    assert isinstance(parts, RegressorParts)
    Y = OUTPUTS[parts.network.output](sums(parts)) * parts.scale + parts.mean
    np.testing.assert_allclose(Y[0], model.predict(X), rtol=1e-6)


def test_of_a_selector():
    model = QuickSelection(2, max_iter=60, random_state=0).fit(X, THREE)
    parts = parts_of(model)
    assert isinstance(parts, SelectorParts)
    np.testing.assert_array_equal(parts.support, model.get_support())


def test_of_a_machine():
    table = rng.random((20, 6))
    model = SparseRBM(5, n_iter=2, random_state=0).fit(table)
    parts = parts_of(model)
    assert isinstance(parts, MachineParts)
    assert parts.machine is model.network_


def test_of_a_task():
    X, y, tasks = sequence(2)
    model = ContinualSETClassifier((20, 10), max_iter=2, random_state=0)
    model.fit(X, y, task=tasks)
    first, second = model.tasks_
    parts = parts_of(model, task=second)
    np.testing.assert_array_equal(parts.classes, model.task_classes_[second])
    assert parts.all_classes is model.classes_
    decided = model._targets[second].decoded(sums(parts, X).astype(np.float32))
    np.testing.assert_array_equal(decided, model.predict(X, task=second))
    assert parts_of(model, task=first).network is not parts.network
    with pytest.raises(ValueError, match="There are several tasks"):
        parts_of(model)


@pytest.mark.parametrize(
    "kind",
    [SETClassifier, SETRegressor, QuickSelection, SparseRBM, ContinualSETClassifier],
)
def test_of_what_is_not_fitted(kind):  # row 32
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        parts_of(kind())


@pytest.mark.parametrize("given", [None, "model", SETClassifier, estimators])
def test_of_something_else(given):
    with pytest.raises(TypeError, match="An estimator of skset is needed"):
        parts_of(given)


def test_a_task_where_there_are_none():
    with pytest.raises(ValueError, match="SETClassifier has no tasks, got 'a'"):
        parts_of(SETClassifier(**SMALL).fit(X, THREE), task="a")
