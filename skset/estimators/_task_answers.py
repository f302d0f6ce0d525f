"""Answers of a model of many tasks: of the tasks that are named, or of the surest."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from skset.estimators._input import checked_again
from skset.estimators._perceptron import finite_output
from skset.estimators._task_labels import Label, grouped
from skset.estimators._types import Array, MatrixLike
from skset.estimators._units import scaled_table
from skset.model import Samples

__all__ = [
    *["answers", "check_labels", "class_logits", "in_columns", "log_probabilities"],
    *["n_rows", "part"],
]

# The task, its rows (None is all), and the weighted sums of its outputs for these.
Answer: TypeAlias = tuple[Label, Array | None, Array]


def answers(estimator: Any, X: MatrixLike, task: Any) -> list[Answer]:
    """Return the weighted sums of all rows, task by task.

    Raises
    ------
    ValueError
        If a task is unknown, or none is named where there are several, or if an output
        is not finite.
    """
    X = checked_again(estimator, X)
    table = scaled_table(X, estimator._scaling, estimator._network.dtype)
    if task is None and len(estimator.tasks_) > 1:
        if estimator.unknown_task == "entropy":
            return _surest(estimator, table)
        estimator._known(None)
    groups = [(estimator._known(name), of) for name, of in grouped(task, X.shape[0])]
    return [(name, of, _sums(estimator, table, name, of)) for name, of in groups]


def part(rows: Array | None) -> Any:
    """Return the index of some rows, or of all."""
    return slice(None) if rows is None else rows


def n_rows(given: Sequence[Answer]) -> int:
    """Return for how many rows there are answers."""
    return sum(Z.shape[1] for _, _, Z in given)


def in_columns(
    estimator: Any, given: Sequence[Answer], function: Callable[[Any, Array], Array]
) -> Array:
    """Return numbers of each class (n_samples, n_classes), -inf for those of others.

    ``function(targets, Z)`` returns those of the classes of a task.
    """
    classes = estimator.classes_
    out = np.full((n_rows(given), classes.size), -np.inf)
    for label, rows, Z in given:
        targets = estimator._targets[label]
        columns = np.searchsorted(classes, targets.classes)
        numbered = np.arange(len(out)) if rows is None else rows
        out[numbered[:, None], columns] = function(targets, Z)
    return out


def class_logits(targets: Any, Z: Array) -> Array:
    """Return the logits of the classes of a task; with two classes 0 for the first."""
    logits: Array = targets.logits(Z)
    if targets.is_binary:
        logits = np.hstack([np.zeros_like(logits), logits])
    return logits


def log_probabilities(targets: Any, Z: Array) -> Array:
    """Return the finite log probabilities of the classes of a task."""
    return finite_output(targets.log_probabilities(Z))


def check_labels(estimator: Any, y: Array, task: Any) -> None:
    """Raise if y has labels that the tasks of its rows have not learned."""
    chosen = task is None and len(estimator.tasks_) > 1  # any of them can be right
    for name, rows in grouped(task, y.size):
        known = estimator.classes_
        if not chosen:
            known = estimator.task_classes_[estimator._known(name)]
        unseen = np.setdiff1d(y[part(rows)], known)
        if unseen.size:
            raise ValueError(
                f"y has labels that task {name!r} has not learned: {unseen.tolist()}. "
                f"Its classes are {known.tolist()}."
            )


def _sums(estimator: Any, table: Any, label: Label, rows: Array | None) -> Array:
    """Return the weighted sums of a task's outputs for some rows."""
    network = estimator._network.network_of(label)
    return finite_output(
        network.weighted_sums(Samples(table, rows=rows, dtype=network.dtype))
    )


def _surest(estimator: Any, table: Any) -> list[Answer]:
    """Return the answers of the task with the lowest relative entropy for each row."""
    sums = {label: _sums(estimator, table, label, None) for label in estimator.tasks_}
    entropies = []
    for label, Z in sums.items():
        targets = estimator._targets[label]
        logs = log_probabilities(targets, Z)
        entropy = -np.sum(np.exp(logs) * logs, axis=1)
        entropies.append(entropy / np.log(targets.classes.size))
    chosen = np.argmin(entropies, axis=0)
    found = ((label, np.flatnonzero(chosen == n)) for n, label in enumerate(sums))
    return [(label, rows, sums[label][:, rows]) for label, rows in found if rows.size]
