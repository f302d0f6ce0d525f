"""Accuracy of a model that learns tasks one after the other, and what it forgets.

All measures take a matrix of accuracies: row t has those of all tasks after task t was
learned. A model that has no output for a task it has not learned has NaN there.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "average_accuracy",
    "backward_transfer",
    "forgetting",
    "forward_transfer",
]

Matrix: TypeAlias = NDArray[np.floating[Any]]


def average_accuracy(accuracies: ArrayLike) -> float:
    """Return the mean accuracy over all tasks at the end.

    Parameters
    ----------
    accuracies : array-like of shape (n_tasks, n_tasks)
        Entry (t, i) is the accuracy on task i after task t was learned.

    Returns
    -------
    accuracy : float
        Mean of the last row.

    Raises
    ------
    ValueError
        If the matrix is not square, or an entry that is needed is not finite.

    Examples
    --------
    >>> from skset.metrics import average_accuracy
    >>> average_accuracy([[0.9, 0.1], [0.7, 0.8]])
    0.75
    """
    return _mean(_square(accuracies)[-1])


def backward_transfer(accuracies: ArrayLike) -> float:
    """Return how much learning the later tasks has changed the earlier ones.

    Parameters
    ----------
    accuracies : array-like of shape (n_tasks, n_tasks)
        Entry (t, i) is the accuracy on task i after task t was learned. At least two
        tasks.

    Returns
    -------
    transfer : float
        Mean over all tasks but the last of the accuracy at the end, less that right
        after the task (Lopez-Paz and Ranzato 2017, NeurIPS). Negative if the model
        forgets, 0 if nothing changes.

    Raises
    ------
    ValueError
        If the matrix is not square, has one task, or an entry that is needed is not
        finite.

    Examples
    --------
    >>> from skset.metrics import backward_transfer
    >>> backward_transfer([[0.75, 0.0], [0.5, 0.75]])
    -0.25
    """
    a = _square(accuracies, least=2)
    return _mean((a[-1] - np.diag(a))[:-1])


def forward_transfer(
    accuracies: ArrayLike, baseline: ArrayLike, *, when: str = "before"
) -> float:
    """Return how much the earlier tasks have helped the later ones.

    Parameters
    ----------
    accuracies : array-like of shape (n_tasks, n_tasks)
        Entry (t, i) is the accuracy on task i after task t was learned. At least two
        tasks.
    baseline : array-like of shape (n_tasks,)
        Accuracy on each task without the earlier ones.
    when : {"before", "after"}, default="before"
        "before": accuracy on a task before it is learned, less the baseline, which is
        the accuracy of an untrained model (Lopez-Paz and Ranzato 2017, NeurIPS).
        "after": accuracy right after the task, less the baseline, which is the accuracy
        of a model trained on that task alone. It serves models with an output layer for
        each task, such as `skset.ContinualSETClassifier`.

    Returns
    -------
    transfer : float
        Mean over all tasks but the first. Positive if the earlier tasks help.

    Raises
    ------
    ValueError
        If `when` is unknown, shapes do not fit, there is one task, or an entry that is
        needed is not finite.

    Examples
    --------
    >>> from skset.metrics import forward_transfer
    >>> forward_transfer([[0.75, 0.5], [0.5, 0.75]], [0.25, 0.25])
    0.25
    """
    a = _square(accuracies, least=2)
    alone = np.asarray(baseline, float)
    if alone.shape != (len(a),):
        raise ValueError(
            f"baseline must have {len(a)} numbers, got the shape {alone.shape}."
        )
    if when not in ("before", "after"):
        raise ValueError(f"when must be 'before' or 'after', got {when!r}.")
    reached = np.diag(a, 1) if when == "before" else np.diag(a)[1:]
    return _mean(reached - alone[1:])


def forgetting(accuracies: ArrayLike) -> float:
    """Return how far tasks have fallen below the best accuracy they have had.

    Parameters
    ----------
    accuracies : array-like of shape (n_tasks, n_tasks)
        Entry (t, i) is the accuracy on task i after task t was learned. At least two
        tasks.

    Returns
    -------
    forgetting : float
        Mean over all tasks but the last: the greatest accuracy from the task itself to
        the last but one, less that at the end (Chaudhry et al. 2018, ECCV). 0 or less
        if nothing was forgotten.

    Raises
    ------
    ValueError
        If the matrix is not square, has one task, or an entry that is needed is not
        finite.

    Examples
    --------
    >>> from skset.metrics import forgetting
    >>> forgetting([[0.75, 0.0], [0.5, 0.75]])
    0.25
    """
    a = _square(accuracies, least=2)
    best = [a[task:-1, task].max() for task in range(len(a) - 1)]
    return _mean(best - a[-1, :-1])


def _square(accuracies: ArrayLike, least: int = 1) -> Matrix:
    """Return the matrix, or raise if it is not square or has too few tasks."""
    a = np.asarray(accuracies, float)
    if a.ndim != 2 or a.shape[0] != a.shape[1] or len(a) < least:
        raise ValueError(
            "accuracies must have a row and a column for each task, of which there are "
            f"{least} at least; got the shape {a.shape}."
        )
    return a


def _mean(values: Any) -> float:
    """Return the mean, or raise if it is not finite."""
    mean = float(np.mean(values))
    if not np.isfinite(mean):
        raise ValueError(
            "accuracies or baseline have entries that are not finite where they are "
            "needed."
        )
    return mean
