"""Small data and models of every kind, and what holds for all that is fitted."""

import copy
import io
import pickle
import re
import warnings
from collections import Counter
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any
from unittest import mock

import joblib
import numpy as np
from hypothesis import strategies as st
from reference import assert_canonical

from skset.estimators import QuickSelection, SETClassifier, SETRegressor, SparseRBM
from skset.runtime import team

ESTIMATORS = [SETClassifier, SETRegressor, QuickSelection, SparseRBM]
# How many examples were refused with a documented error, by property.
refusals: Counter[str] = Counter()
# Small data and short fits are warned of; nothing else is.
WARNED_OF = "|".join(
    [
        *("Maximum iterations", "Got batch_size=", "The network took only"),
        *("n_features_to_select=", "The network is so sparse", "A column-vector y"),
        *("R.2 score is not well-defined", "The least populated class in y"),
        *("The number of unique classes is greater than 50%", "All importances are 0"),
    ]
)
# What may be wrong although every parameter is in its range, by the documentation.
DOCUMENTED = "|".join(
    [
        *("uniform_plus makes the first layer dense", "dense_output=True gives"),
        *("densities were given for", "early_stopping cannot set aside"),
        *("but the solver has none", "non-finite", "does not support early_stopping"),
        *("the whole training set", "balanced' is not supported by partial_fit"),
        *("cannot go on with a density that falls", "is the same as in the"),
        *("Input X contains values too large", "validation score.*scoring"),
        *("is not the same as on last call to partial_fit", "requires y to be passed"),
        *("are negative, or all are 0", "at least one non-zero", "`y` has classes not"),
        *("are negative or 0, which is not allowed", "activation has"),
    ]
)


@dataclass
class Problem:
    """Data that an estimator can be fitted on, and parameters that this asks for."""

    X: Any
    y: Any = None
    weight: Any = None
    classes: Any = None


def assert_mentions(error, pattern=DOCUMENTED):
    """Hold that an error says what the pattern says."""
    assert re.search(pattern, str(error), re.DOTALL), error


def fit(model, problem):
    """Fit the model, with weights if there are some."""
    return model.fit(problem.X, problem.y, sample_weight=problem.weight)


def partial_fit(model, problem):
    """Make one call of partial_fit."""
    kwargs = {"sample_weight": problem.weight}
    if isinstance(model, (SETClassifier, QuickSelection)):
        kwargs["classes"] = problem.classes
    return model.partial_fit(problem.X, problem.y, **kwargs)


METHODS = {"fit": fit, "partial_fit": partial_fit}


def tiny(Estimator, **params):
    """Return a model that fits in a millisecond."""
    defaults = {"random_state": 0, "batch_size": 5}
    if Estimator is SparseRBM:
        defaults |= {"n_components": 5, "n_iter": 2}
    else:
        defaults |= {"hidden_layer_sizes": (6,), "max_iter": 2}
    if Estimator is QuickSelection:
        defaults |= {"n_features_to_select": 2}
    return Estimator(**{**defaults, **params})


@st.composite
def problems(draw, Estimator, supervised=False, steps=4):
    """Return random data whose values are multiples of ``1 / steps``.

    So sums do not depend on their order.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, n_features = draw(st.integers(2, 16)), draw(st.integers(1, 7))
    low, high = (0, steps) if Estimator is SparseRBM else (-2 * steps, 2 * steps)
    X = rng.integers(low, high, (n, n_features), endpoint=True) / steps
    X[rng.random(X.shape) < draw(st.sampled_from([0, 0.3, 0.8, 1]))] = 0
    kind = kind_of(Estimator, supervised)
    if kind is None:
        return Problem(X)
    return Problem(X, *TARGETS[kind](draw, rng, n))


def kind_of(Estimator, supervised):
    """Return the kind of y that is learned from, or None."""
    if Estimator is SETClassifier:
        return "classification"
    if Estimator is SETRegressor:
        return "regression"
    return (supervised or None) if Estimator is QuickSelection else None


def labels(draw, rng, n):
    """Return class labels of every type, and all classes."""
    names = draw(
        st.sampled_from(
            [
                [0, 1],
                [0, 1, 2],
                [-3, 5],
                ["a", "b"],
                ["no", "perhaps", "yes"],
                [False, True],
                [0.0, 1.0],
                "multilabel",
            ]
        )
    )
    if names == "multilabel":
        Y = rng.integers(0, 2, (n, 3))
        return Y, None, np.arange(3)
    names = np.array(names)
    y = names[rng.integers(0, names.size, n)]
    y[: min(n, names.size)] = names[: min(n, names.size)]  # every class, if they fit
    return y, None, np.unique(y)


def numbers(draw, rng, n):
    """Return one number or two for each sample; counts, which every loss takes."""
    shape = draw(st.sampled_from([(n,), (n, 2)]))
    y = rng.integers(0, 4, shape).astype(float)
    y[0] = 1
    return y, None, None


TARGETS = {"classification": labels, "regression": numbers}


@contextmanager
def quiet():
    """Make every warning an error but those that small data bring; print nothing."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", WARNED_OF)
        yield


@contextmanager
def threads_at_work():
    """Make every layer worth sharing."""
    with (
        mock.patch.object(joblib, "cpu_count", return_value=3),
        mock.patch.object(team, "MIN_WORK", 0),
    ):
        yield


# What was learned, and what is answered.


def learned(model):
    """Return all arrays that the model has learned, by name."""
    found = {}
    for depth, layer in enumerate(model.network_.layers):
        topology = layer.topology
        found |= {
            f"indptr of layer {depth}": topology.indptr,
            f"indices of layer {depth}": topology.indices,
            f"weights of layer {depth}": layer.weights,
            f"bias of layer {depth}": layer.bias,
        }
    names = ["loss_curve_", "reconstruction_error_curve_", "intercept_visible_"]
    names += ["feature_importances_", "ranking_", "validation_scores_", "n_iter_", "t_"]
    return found | {
        name: np.asarray(getattr(model, name))
        for name in names
        if getattr(model, name, None) is not None
    }


ANSWERS = [
    *("predict", "predict_proba", "predict_log_proba", "decision_function"),
    *("transform", "reconstruct", "free_energy", "score_samples"),
]


def answers(model, X):
    """Return all that a fitted model says about X, by method."""
    found = {n: getattr(model, n)(X) for n in ANSWERS if hasattr(model, n)}
    if hasattr(model, "get_support"):  # values of X, dense or sparse as it is
        del found["transform"]
    return found


def assert_same(one, other):
    """Assert that two dictionaries of arrays are equal bit for bit."""
    assert one.keys() == other.keys()
    for name, array in one.items():
        a, b = np.asarray(array), np.asarray(other[name])
        assert (a.dtype, a.shape) == (b.dtype, b.shape), name
        if a.dtype.hasobject:
            assert a.tolist() == b.tolist(), name
        else:
            assert a.tobytes() == b.tobytes(), name


def assert_sound(model, X):
    """Hold what is true of every fitted model; X may be what it was fitted on."""
    layers = model.network_.layers
    for layer in layers:
        assert_canonical(layer.topology)
        assert layer.weights.shape == (layer.topology.nnz,)
        assert layer.bias.shape == (layer.topology.shape[1],)
    assert model.nnz_ == sum(layer.topology.nnz for layer in layers)
    assert 0 <= model.density_ <= 1
    for name, array in learned(model).items():
        assert np.isfinite(array).all(), name
    total = model.feature_importances_.sum()
    assert total == 0 or abs(total - 1) < 1e-5
    assert (model.feature_importances_ >= 0).all()
    found = answers(model, X)
    for name, answer in found.items():
        answer = np.asarray(answer)
        assert answer.shape[0] == X.shape[0], name
        if answer.dtype.kind == "f":
            assert np.isfinite(answer).all(), name
    assert_answers(model, X, found)


def assert_answers(model, X, found):
    """Hold what is true of the answers of each kind of model."""
    if isinstance(model, SETClassifier):
        P = found["predict_proba"]
        assert ((P >= 0) & (P <= 1)).all()
        if model.classes_.size and found["predict"].ndim == 1:
            np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-12)
            assert np.isin(found["predict"], model.classes_).all()
            best = P[
                np.arange(len(P)), np.searchsorted(model.classes_, found["predict"])
            ]
            assert (best >= P.max(axis=1) - 1e-12).all()
    elif isinstance(model, QuickSelection):
        n = model.n_features_to_select_
        assert model.get_support().sum() == n == model.transform(X).shape[1]
        assert sorted(model.ranking_) == list(range(1, X.shape[1] + 1))
    elif isinstance(model, SparseRBM):
        for name in ("transform", "reconstruct"):
            assert ((found[name] >= 0) & (found[name] <= 1)).all(), name
        assert (found["score_samples"] <= 0).all()


def assert_copies_equal(model, X):
    """Hold that a pickled, a copied and a deep-copied model are the model."""
    expected, said = learned(model), answers(model, X)
    for twin in (
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
        copy.copy(model),
    ):
        assert_same(learned(twin), expected)
        assert_same(answers(twin, X), said)
