"""One task is learned: what a `ContinualSETClassifier` does with its rows."""

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import type_of_target

from skset.estimators._class_targets import checked_labels
from skset.estimators._input import checked
from skset.estimators._sklearn import checked_sample_weight
from skset.estimators._strategy_parameters import given_parameters
from skset.estimators._task_labels import Label, checked_kinds
from skset.estimators._task_perceptron import TaskPerceptron
from skset.estimators._types import Array, Matrix
from skset.estimators._warnings import INTERRUPTED, warn
from skset.model import SharedNetwork

__all__ = ["begin", "learn", "learn_sequence", "single_labels"]

# What is learned; a fit begins without.
LEARNED = ("_network", "_scaling", "n_features_in_", "feature_names_in_")


def single_labels(y: Any) -> Array:
    """Return y as an array of one class label for each row; raise otherwise."""
    labels = checked_labels(y)
    if type_of_target(labels).startswith("multilabel"):
        raise ValueError(
            "Unknown label type: ContinualSETClassifier takes one class for each row, "
            "got a multilabel indicator matrix."
        )
    return labels


def begin(
    estimator: Any, X: Any, y: Any, sample_weight: Any, anew: bool
) -> tuple[Matrix, Array, Array | None]:
    """Return X, y and the weights of a call, checked; anew, forget what was learned."""
    # scikit-learn checks only those of the first call; here each one is a training.
    estimator._validate_params()
    p = given_parameters(estimator)
    if anew:
        for name in LEARNED:
            vars(estimator).pop(name, None)
    else:
        _check_unchanged(estimator, p)
    own = p.standardize is not False if anew else estimator._scaling is not None
    X, y = checked(estimator, X, y, dtype=p.dtype, reset=anew, own=own)
    y = single_labels(y)
    if sample_weight is not None:
        sample_weight = checked_sample_weight(sample_weight, X)
    if anew:
        sizes = _layer_sizes(p.hidden_layer_sizes)
        vars(estimator).update(
            _network=SharedNetwork.empty([X.shape[1], *sizes], p.dtype),
            _scaling=None,
            _targets={},
            _sizes_at_first=sizes,
            _entropy=int(check_random_state(p.random_state).randint(2**31)),
            _n_trainings=0,
            task_classes_={},
        )
    return X, y, sample_weight


def _layer_sizes(given: Any) -> list[int]:
    """Return the sizes of the hidden layers; raise if there is none."""
    sizes = [int(n) for n in (given if hasattr(given, "__iter__") else [given])]
    if not sizes:
        raise ValueError(
            "hidden_layer_sizes must have one layer at least: tasks share the hidden "
            "layers, got ()."
        )
    return sizes


def _check_unchanged(estimator: Any, p: SimpleNamespace) -> None:
    """Raise if a parameter has changed that all tasks must have in common."""
    network = estimator._network
    unchanged = {
        "hidden_layer_sizes": (
            _layer_sizes(p.hidden_layer_sizes),
            estimator._sizes_at_first,
        ),
        "dtype": (np.dtype(p.dtype).name, network.dtype.name),
    }
    for what, (now, before) in unchanged.items():
        if now != before:
            raise ValueError(
                f"All tasks must have the same {what}. Previously it was {before}, now "
                f"{now}."
            )


def learn_sequence(
    estimator: Any,
    data: tuple[Matrix, Array, Array | None],
    groups: Sequence[tuple[Label, Array | None]],
) -> None:
    """Learn tasks one after the other; an interrupt ends the sequence.

    Parameters
    ----------
    estimator : ContinualSETClassifier
        As for `learn`.
    data : tuple
        X, y and the sample weights or None, all checked.
    groups : list of tuple
        Label and row numbers of each task; None for the rows means all.

    Raises
    ------
    KeyboardInterrupt
        If it comes before the first task has passed an epoch. Later the tasks that were
        learned are kept, and a warning names them.
    """
    for label, rows in groups:
        try:
            ended = learn(estimator, data_of(data, rows), label)
        except KeyboardInterrupt:
            if not estimator._network.tasks:
                raise
            ended = True
        if ended:
            _warn_of_interrupt(estimator, [name for name, _ in groups], label)
            return


def data_of(data: Sequence[Any], rows: Array | None) -> Any:
    """Return these rows of X, y and the weights; None means all rows."""
    if rows is None:
        return tuple(data)
    return tuple(None if part is None else part[rows] for part in data)


def _warn_of_interrupt(estimator: Any, labels: Sequence[Label], current: Label) -> None:
    """Warn that a sequence has ended in a task, and name what was learned."""
    text, learned = INTERRUPTED, list(estimator._network.tasks)
    if len(labels) > 1:
        text += f" Learned tasks: {learned}"
        text += f", {current!r} only in part" if current in learned else ""
        missing = [label for label in labels if label not in learned]
        text += f". Not learned: {missing}." if missing else "."
    warn(text)


def learn(
    estimator: Any,
    data: tuple[Matrix, Array, Array | None],
    label: Label,
    classes: ArrayLike | None = None,
    refine: bool = False,
) -> bool:
    """Train the network of one task and add it to the estimator's.

    Parameters
    ----------
    estimator : ContinualSETClassifier
        Its fitted attributes are replaced; none is changed in place.
    data : tuple
        X, y and the sample weights or None, all checked.
    label : str, int or None
        Of the task.
    classes : array-like, default=None
        Of the task; None means those in y, or those it has.
    refine : bool, default=False
        Whether the task exists and goes on; a task without a label always does.

    Returns
    -------
    interrupted : bool
        Whether the user has ended the training. The task is learned as far as it got.

    Raises
    ------
    ValueError
        If the task exists or not against `refine`, or has fewer than two classes.
    TypeError
        If the label, or a class, is of another kind than the earlier ones.
    """
    X, y, weight = data
    shared: SharedNetwork = estimator._network
    # A model whose task has no label is an ordinary classifier, which goes on.
    refine = refine or (label is None and label in shared.tasks)
    _check_task(shared, label, refine)
    if not refine:
        _check_classes(y, classes, label)
    union = _union([*estimator.task_classes_.values(), np.unique(y)])
    seed = np.random.SeedSequence([estimator._entropy, estimator._n_trainings])
    params = estimator._params_of_task(int(seed.generate_state(1)[0]))
    sizes, frozen = estimator._sizes_at_first, shared.without(label)
    perceptron = TaskPerceptron(params, sizes, frozen, label, classes)
    if shared.tasks:
        perceptron.with_units(estimator._scaling)
    if refine:
        perceptron.going_on(shared.wide_network_of(label), estimator._targets[label])
    network = perceptron.learn(X, y, weight)
    targets = {**estimator._targets, label: perceptron._targets}
    union = _union([of.classes for of in targets.values()])
    # Connections that a refined task has left are free from now on.
    now = shared.widened(perceptron.shared.n_units).with_task(label, network)
    vars(estimator).update(
        _network=now,
        _scaling=perceptron._scaling,
        _targets=targets,
        _n_trainings=estimator._n_trainings + 1,
        classes_=union,
        task_classes_={name: of.classes for name, of in targets.items()},
        n_iter_=perceptron.n_iter_,
        loss_curve_=perceptron.loss_curve_,
    )
    return perceptron.interrupted


def _check_task(shared: SharedNetwork, label: Label, refine: bool) -> None:
    tasks = list(shared.tasks)
    if label in tasks and not refine:
        raise ValueError(
            f"Task {label!r} has been learned already. Pass refine=True to go on with "
            "its own connections, or give a new task another label."
        )
    if refine and label not in tasks:
        raise ValueError(
            f"refine=True needs a task that has been learned, got {label!r}; the tasks "
            f"are {tasks}."
        )
    checked_kinds([*tasks, label])


def _check_classes(y: Array, classes: ArrayLike | None, label: Label) -> None:
    known = np.unique(y if classes is None else np.asarray(classes))
    if known.size < 2:
        raise ValueError(
            f"Task {label!r} has one class, {known.tolist()}, but needs two at least. "
            "Give all of them as `classes` if y lacks some."
        )


def _union(classes: Iterable[Array]) -> Array:
    """Return the sorted classes of all tasks; raise if they cannot be compared."""
    parts = [part for part in classes if part.size]
    if len({isinstance(part.flat[0], str) for part in parts}) > 1:
        raise TypeError(
            "The labels in y must be all strings or all numbers, in all tasks; got "
            f"{[part.flat[0] for part in parts]} among others."
        )
    union: Array = np.unique(np.concatenate(parts))
    return union
