"""How many features a `QuickSelection` keeps if it is "auto": by cross-validation.

Each fold ranks the features anew, without the rows that judge them. A support vector
machine with an RBF kernel learns from the best k features, for some k from 1 to 1,000,
and predicts the rows left out. The least k is chosen whose loss is not more than one
standard error above that of the best k. docs/selection.md says what else was tried.
"""

import copy
import warnings
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import check_random_state

from skset.estimators._types import Array, Matrix, Rows
from skset.estimators._warnings import INTERRUPTED

__all__ = ["choose_number", "forget_number", "least_number", "numbers_tried"]

# Folds, the most features that are tried, and the ratio of two numbers that are.
N_FOLDS, MOST_FEATURES, RATIO = 5, 1000, 2**0.5
# The judge learns from so many rows at most, and judges so many of each fold: its time
# grows with the square of them.
MOST_ROWS = 1000
# Its penalty: less than scikit-learn's 1, because features were selected.
C = 10.0


def choose_number(
    selector: Any, p: SimpleNamespace, training_set: Rows, goes_on: bool
) -> None:
    """Choose the number of features if it is "auto"; it is kept with the ranking."""
    if p.n_features_to_select != "auto" or goes_on:
        return
    if not selector.supervised_:
        raise ValueError(
            "n_features_to_select='auto' needs y: the number is that with which y is "
            "predicted well. Without y give a number, a share, or 'all'."
        )
    number = _number(selector, p, training_set)
    selector._ranking = replace(selector._ranking, n_chosen=number)


def forget_number(selector: Any) -> None:
    """Prepare a `partial_fit`: raise if it is to find the number, forget that of a fit.

    Raises
    ------
    ValueError
        If n_features_to_select is "auto".
    """
    if str(selector.n_features_to_select) == "auto":
        raise ValueError(
            "partial_fit cannot find out the number of features: that takes all rows "
            "at once, and n_features_to_select is 'auto'. Give a number, a share, or "
            "'all', or call fit."
        )
    if "_ranking" in vars(selector):
        selector._ranking = replace(selector._ranking, n_chosen=None)


def numbers_tried(n_features: int) -> list[int]:
    """Return the numbers of features that are tried, from 1 on.

    Each is about the square root of two times the last.
    """
    most, numbers = min(n_features, MOST_FEATURES), [1]
    while numbers[-1] < most:
        grown = max(numbers[-1] + 1, round(numbers[-1] * RATIO))
        numbers.append(min(grown, most))
    return numbers


def least_number(losses: Array, weight: Array) -> int:
    """Return the index of the least number that is as good as the best.

    The one-standard-error rule of Breiman et al. (1984), with the error of the paired
    difference to the best number: both have judged the same rows.

    Parameters
    ----------
    losses : ndarray of shape (n_numbers, n_rows)
        Loss of each row, for numbers in rising order.
    weight : ndarray of shape (n_rows,)
        Positive weights of the rows.
    """
    shares = weight / weight.sum()
    more = losses - losses[np.argmin(losses @ shares)]
    means = more @ shares
    errors = np.sqrt((more - means[:, None]) ** 2 @ shares**2)
    return int(np.argmax(means <= errors))  # the best is within its own error of 0


def _number(selector: Any, p: SimpleNamespace, training_set: Rows) -> int:
    """Return the number of features with which y is predicted well."""
    X, y, weight = _weighted_rows(training_set)
    numbers = numbers_tried(X.shape[1])
    state = check_random_state(copy.deepcopy(p.random_state))  # the fit draws the same
    seeds = state.randint(2**31 - 1, size=N_FOLDS + 1).tolist()
    losses, judged = [], []
    classes = selector.supervised_ == "classification"
    folds = _folds(y, classes, seeds[-1]) if len(y) > 1 else iter(())
    for seed, (train, test) in zip(seeds, folds, strict=False):
        order = _order(selector, p, (X[train], y[train], weight[train]), seed)
        columns = order[: numbers[-1]]
        train, test = train[:MOST_ROWS], test[:MOST_ROWS]
        tables = _standardised(X[train], X[test], columns)
        rows = (y[train], y[test], weight[train])
        losses.append(_losses(*tables, rows, numbers, classes))
        judged.append(weight[test])
    if not losses:
        return 1
    return numbers[least_number(np.hstack(losses), np.concatenate(judged))]


def _weighted_rows(training_set: Rows) -> tuple[Matrix, Array, Array]:
    """Return X, y and the weights of the rows that are learned from."""
    X, y, weight, rows = training_set
    assert y is not None
    weight = np.ones(len(y)) if weight is None else weight
    kept = np.flatnonzero(weight)
    X = X if rows is None and kept.size == len(y) else _picked(X, rows, kept)
    return X, y[kept], weight[kept] / weight[kept].mean()


def _picked(X: Matrix, rows: Array | None, kept: Array) -> Matrix:
    return X[kept if rows is None else rows[kept]]


def _folds(y: Array, classes: bool, seed: int) -> Iterator[tuple[Array, Array]]:
    """Yield the rows to learn from and those to judge, in random order."""
    from sklearn.model_selection import KFold, StratifiedKFold  # slow to import

    rng, n_folds = np.random.default_rng(seed), min(N_FOLDS, len(y))
    folds: Any = KFold(n_folds, shuffle=True, random_state=seed)
    if classes and y.ndim == 1 and np.unique(y, return_counts=True)[1].max() >= n_folds:
        folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a rare class is not in all folds
        found = list(folds.split(np.zeros(len(y)), y))
    for train, test in found:
        yield rng.permutation(train), rng.permutation(test)


def _order(selector: Any, p: SimpleNamespace, rows: Any, seed: int) -> Array:
    """Return the features from the best to the worst, by a selector for some rows."""
    X, y, weight = rows
    own = {
        "n_features_to_select": "all",
        "supervised": selector.supervised_,
        "importance": p.importance,
        "noise": p.noise,
        "class_weight": None,  # the rows' weights have them
        "keep_history": False,
        "random_state": seed,
        "verbose": False,
    }
    judge = type(selector)(**{**selector.get_params(deep=False), **own})
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        judge.fit(X, y, weight)
    if any(str(warning.message) == INTERRUPTED for warning in told):
        raise KeyboardInterrupt
    return np.argsort(judge.ranking_)


def _standardised(X: Matrix, X_test: Matrix, columns: Array) -> tuple[Array, Array]:
    """Return columns of rows to learn from and to judge, in units of the first."""
    first, second = (_dense(rows[:, columns]) for rows in (X, X_test))
    with np.errstate(all="ignore"):
        mean, scale = first.mean(axis=0), first.std(axis=0)
        scale[~(scale > 0)] = 1.0
        tables = (first - mean) / scale, (second - mean) / scale
    return tables[0], np.clip(tables[1], -1e6, 1e6)


def _dense(X: Matrix) -> NDArray[np.float64]:
    return np.asarray(X.toarray() if sparse.issparse(X) else X, np.float64)


def _losses(
    X: Array,
    X_test: Array,
    rows: tuple[Array, Array, Array],
    numbers: list[int],
    classes: bool,
) -> Array:
    """Return the loss of each judged row (n_numbers, n_rows), the mean over outputs.

    It is 1 for a wrong class, and the squared error in units of the variance of y.
    """
    y, y_test, weight = rows
    outputs = list(zip(_columns(y), _columns(y_test), strict=True))
    loss = _error if classes else _squared_error
    return np.array(
        [
            np.mean(
                [loss(X[:, :n], a, weight, X_test[:, :n], b) for a, b in outputs],
                axis=0,
            )
            for n in numbers
        ]
    )


def _columns(y: Array) -> list[Array]:
    return list(y.reshape(len(y), -1).T)


def _error(X: Array, y: Array, weight: Array, X_test: Array, y_test: Array) -> Array:
    from sklearn.svm import SVC

    if len(np.unique(y)) == 1:
        predicted = y[:1]
    else:
        predicted = SVC(C=C).fit(X, y, weight).predict(X_test)
    return np.asarray(predicted != y_test, float)


def _squared_error(
    X: Array, y: Array, weight: Array, X_test: Array, y_test: Array
) -> Array:
    from sklearn.svm import SVR

    mean, scale = y.mean(), y.std()
    if not scale > 0:
        scale = 1.0
    judge = SVR(C=C).fit(X, (y - mean) / scale, weight)
    error: Array = judge.predict(X_test) - (y_test - mean) / scale
    return error**2
