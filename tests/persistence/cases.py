"""Fitted estimators of all kinds, for files."""

import numpy as np
import pandas
from sklearn.datasets import load_digits

from skset import (
    ContinualSETClassifier,
    QuickSelection,
    SETClassifier,
    SETRegressor,
    SparseRBM,
    StableSelection,
)
from skset.strategies import GradientGrow

__all__ = ["CASES", "X", "answers", "fitted", "parts", "same", "y"]

X, y = load_digits(return_X_y=True)
X, y = np.ascontiguousarray(X[:200] / 16), y[:200]
SMALL = {"hidden_layer_sizes": 30, "max_iter": 2, "random_state": 0}
NAMES = np.array([f"pixel {n}" for n in range(X.shape[1])])


def with_names(model, *args):
    return model.fit(pandas.DataFrame(X, columns=NAMES), *args)


def tasks():
    model = ContinualSETClassifier((20, 20), max_iter=2, density=0.2, random_state=0)
    return model.partial_fit(X, y % 3, task="a").partial_fit(X, y, task="b")


def only_task():
    model = ContinualSETClassifier((20,), max_iter=2, density=0.2, random_state=0)
    return model.fit(X, y)


def sampled():
    machine = SparseRBM(12, n_iter=2, persistent=True, random_state=0)
    machine.partial_fit(X).partial_fit(X)
    machine.gibbs(X)
    return machine


def selector(*args, **params):
    return QuickSelection(10, **SMALL, **params).fit(X, *args)


# Each makes an estimator; those that are not fitted come last.
CASES = {
    "classifier": lambda: SETClassifier(**SMALL).fit(X, y),
    "binary": lambda: SETClassifier(**SMALL).fit(X, y > 4),
    "one class": lambda: SETClassifier(**SMALL).fit(X, y * 0),
    "strings": lambda: SETClassifier(**SMALL).fit(X, y.astype(str)),
    "objects": lambda: SETClassifier(**SMALL).fit(X, y.astype(str).astype(object)),
    "multilabel": lambda: SETClassifier(**SMALL).fit(
        X, np.c_[y > 2, y % 2].astype(int)
    ),
    "weights": lambda: SETClassifier(
        **SMALL, class_weight={0: 2.0, **dict.fromkeys(range(1, 10), np.float32(1.5))}
    ).fit(X, y),
    "early": lambda: SETClassifier(**SMALL, early_stopping=True).fit(X, y),
    "partial": lambda: SETClassifier(
        **SMALL, grow=GradientGrow(random_share=0.25)
    ).partial_fit(X, y, classes=range(10)),
    "momentum": lambda: SETClassifier(
        **SMALL, grow="momentum", solver="sgd"
    ).partial_fit(X, y, classes=range(10)),
    "double": lambda: SETClassifier(**SMALL, dtype=np.float64).fit(X, y),
    "legacy": lambda: SETClassifier(
        **{**SMALL, "random_state": np.random.RandomState(3)}
    ).fit(X, y),
    "numbers": lambda: SETRegressor(**SMALL).fit(X, y),
    "many numbers": lambda: SETRegressor(**SMALL, loss="huber").fit(X, np.c_[y, -y]),
    "counts": lambda: SETRegressor(**SMALL, loss="poisson").fit(X, y),
    "activations": lambda: SETRegressor(
        **{**SMALL, "hidden_layer_sizes": (9, 8)}, activation=["elu", "all_relu"]
    ).fit(X, y),
    "names": lambda: with_names(SETClassifier(**SMALL), y),
    "selector": lambda: selector(y, keep_history=True),
    "relevance": lambda: selector(y, importance="relevance"),
    "of X alone": selector,
    "number found": lambda: QuickSelection("auto", **SMALL).fit(X, y),
    "pandas": lambda: selector(y).set_output(transform="pandas"),
    "stable": lambda: StableSelection(n_resamples=4, random_state=0).fit(X, y > 4),
    "stable, one's own": lambda: StableSelection(
        QuickSelection(20, **SMALL), n_resamples=4, random_state=0
    ).fit(X, y),
    "machine": lambda: SparseRBM(12, n_iter=2, random_state=0).fit(X),
    "chains": sampled,
    "tasks": tasks,
    "one task": only_task,
    "new": lambda: SETClassifier(hidden_layer_sizes=np.int64(7), tol=np.float32(0.1)),
    "new selector": QuickSelection,
    "new tasks": ContinualSETClassifier,
}


def fitted(name):
    return CASES[name]()


def answers(model, table=X):
    """Return everything that a fitted estimator says of X."""
    if hasattr(model, "feature_names_in_"):
        table = pandas.DataFrame(table, columns=model.feature_names_in_)
    given = {"task": model.tasks_[0]} if hasattr(model, "tasks_") else {}
    names = ("predict", "predict_proba", "decision_function", "transform")
    return {
        name: np.asarray(getattr(model, name)(table, **given))
        for name in names
        if hasattr(model, name)
    }


def parts(model):
    """Return all that an estimator consists of: JSON, and arrays by name."""
    from skset.estimators import stored
    from skset.persistence._values import Writer

    writer, state = Writer(), stored(model, training=True)
    return {k: writer.written(v, k) for k, v in state.items()}, writer.arrays


def same(a, b):
    """Return whether two estimators are the same, bit for bit."""
    return content(*parts(a)) == content(*parts(b))


def content(value, arrays):
    """Return a header with the content of arrays in place of their names."""
    if isinstance(value, dict):
        return {key: content(of, arrays) for key, of in value.items()}
    if isinstance(value, list):
        return [content(of, arrays) for of in value]
    if isinstance(value, str) and value in arrays:
        array = arrays[value]
        return array.dtype.str, array.shape, array.tobytes()
    return value
