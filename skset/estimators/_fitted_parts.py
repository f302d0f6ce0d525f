"""What fitted estimators answer with: networks in their own units, classes, masks."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from sklearn.utils.validation import check_is_fitted

from skset.estimators._classifier import SETClassifier
from skset.estimators._continual import ContinualSETClassifier
from skset.estimators._rbm import SparseRBM
from skset.estimators._regressor import SETRegressor
from skset.estimators._task_labels import checked_label
from skset.estimators._types import Array
from skset.model import RBM, Network, Scaling

__all__ = [
    "ClassifierParts",
    "MachineParts",
    "Parts",
    "RegressorParts",
    "SelectorParts",
    "parts_of",
]


@dataclass(frozen=True, eq=False)
class ClassifierParts:
    """What a classifier, or one task of a continual classifier, predicts with.

    Attributes
    ----------
    network : Network
        In its own units, unlike `network_`: its inputs are those of `scaling`.
    scaling : Scaling or None
        Units of the inputs, applied in float64. None takes X as it is.
    classes : ndarray of shape (n_classes,)
        Sorted labels that the network tells apart. With two classes it has one output,
        above 0 for the second; else it has one for each.
    multilabel : bool
        Whether each output decides on a label of its own.
    all_classes : ndarray
        Labels of the columns of `predict_proba`. They are `classes`, but for a task: it
        gives 0 for the classes of other tasks.
    """

    network: Network
    scaling: Scaling | None
    classes: Array
    multilabel: bool
    all_classes: Array

    @property
    def is_binary(self) -> bool:
        """Whether one output decides between two classes."""
        return not self.multilabel and self.classes.size == 2


@dataclass(frozen=True, eq=False)
class RegressorParts:
    """What a regressor predicts with: ``output(sums) * scale + mean``.

    Attributes
    ----------
    network : Network
        In its own units. Its output function is named by ``network.output``, as in
        `skset.model.OUTPUTS`.
    scaling : Scaling or None
        Units of the inputs, applied in float64. None takes X as it is.
    mean, scale : float or ndarray of shape (n_outputs,)
        Units of the targets.
    """

    network: Network
    scaling: Scaling | None
    mean: Any
    scale: Any


@dataclass(frozen=True, eq=False)
class SelectorParts:
    """What a selector transforms with.

    Attributes
    ----------
    support : ndarray of shape (n_features,), bool
        Which features it keeps.
    """

    support: Array


@dataclass(frozen=True, eq=False)
class MachineParts:
    """What a `~skset.SparseRBM` transforms with.

    Attributes
    ----------
    machine : RBM
        Its `mean_hiddens` are the features. X is taken as it is.
    """

    machine: RBM


Parts: TypeAlias = ClassifierParts | RegressorParts | SelectorParts | MachineParts


def parts_of(estimator: Any, *, task: str | int | None = None) -> Parts:
    """Return what a fitted estimator answers with, for exports to other formats.

    All arrays are the estimator's own. Those of networks are read-only.

    Parameters
    ----------
    estimator : estimator of skset
        Fitted.
    task : str or int, default=None
        The task of a `~skset.ContinualSETClassifier`; None is the only one.

    Returns
    -------
    parts : ClassifierParts, RegressorParts, SelectorParts or MachineParts
        `~skset.estimators.ClassifierParts` of a classifier or of one task,
        `~skset.estimators.RegressorParts` of a regressor,
        `~skset.estimators.SelectorParts` of a `~skset.QuickSelection`, or
        `~skset.estimators.MachineParts` of a `~skset.SparseRBM`.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is not an estimator of skset.
    ValueError
        If the task is unknown, if there are several and none is named, or if one is
        named where there are none.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skset import SETClassifier
    >>> from skset.estimators import parts_of
    >>> X, y = load_iris(return_X_y=True)
    >>> parts = parts_of(SETClassifier((20,), random_state=0).fit(X, y))
    >>> parts.classes, parts.network.n_units
    (array([0, 1, 2]), [4, 20, 3])
    """
    if isinstance(estimator, ContinualSETClassifier):
        return _of_task(estimator, task)
    if task is not None:
        raise ValueError(
            f"task is for ContinualSETClassifier; {type(estimator).__name__} has no "
            f"tasks, got {task!r}."
        )
    return _of_simple(estimator)


def _of_task(estimator: ContinualSETClassifier, task: Any) -> ClassifierParts:
    check_is_fitted(estimator)
    label = estimator._known(checked_label(task))
    network = estimator._network.network_of(label)
    classes = estimator._targets[label].classes
    return ClassifierParts(
        network, estimator._scaling, classes, False, estimator.classes_
    )


def _of_simple(estimator: Any) -> Parts:
    from skset.estimators._selection import QuickSelection  # see the package

    kinds = SETClassifier, SETRegressor, SparseRBM, QuickSelection
    if not isinstance(estimator, kinds):
        raise TypeError(f"An estimator of skset is needed, got {estimator!r}.")
    check_is_fitted(estimator)
    if isinstance(estimator, SparseRBM):
        return MachineParts(estimator._network)
    if isinstance(estimator, QuickSelection):
        return SelectorParts(estimator.support_)
    network, scaling = estimator._network, estimator._scaling
    targets: Any = estimator._targets
    if isinstance(estimator, SETRegressor):
        return RegressorParts(network, scaling, targets.mean, targets.scale)
    classes = targets.classes
    return ClassifierParts(network, scaling, classes, targets.multilabel, classes)
