"""`ContinualSETClassifier`: many tasks, one after the other, in one sparse network."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.utils import check_consistent_length

from skset.estimators._continual_parameters import CONTINUAL_TABLES
from skset.estimators._docs import documented
from skset.estimators._fit import all_or_nothing
from skset.estimators._sample_weight import weight_of_score
from skset.estimators._sklearn import fit_context
from skset.estimators._task_answers import (
    answers,
    check_labels,
    class_logits,
    in_columns,
    log_probabilities,
    n_rows,
    part,
)
from skset.estimators._task_estimator import TaskEstimator
from skset.estimators._task_labels import Label, TaskLabels, checked_label, grouped
from skset.estimators._task_learning import (
    begin,
    learn,
    learn_sequence,
    single_labels,
)
from skset.estimators._types import Array, ClassWeight, MatrixLike, Strategy
from skset.estimators._warnings import INTERRUPTED, warn
from skset.model import Activation

__all__ = ["ContinualSETClassifier"]


@documented(CONTINUAL_TABLES)
class ContinualSETClassifier(ClassifierMixin, TaskEstimator):
    """Classifier of many tasks that come one after the other; nothing is forgotten.

    All tasks share the hidden layers of one sparse network. Each trains a sub-network
    of its own by Sparse Evolutionary Training [1]_. Connections that earlier tasks use
    are frozen. A task may use them too, with their values, see `reuse`. Biases and the
    output layer belong to a task. So what a task predicts is the same, bit for bit,
    after any number of later tasks. Predictions name the task. The
    default sizes and density are those of the comparisons in docs/continual.md.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    SETClassifier : One task, whose rows may come in many calls.

    References
    ----------
    {references}

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skset import ContinualSETClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> low = y < 5
    >>> model = ContinualSETClassifier((100, 100), density=0.1, random_state=0)
    >>> _ = model.partial_fit(X[low], y[low], task="digits 0-4")
    >>> _ = model.partial_fit(X[~low], y[~low], task="digits 5-9")
    >>> model.score(X[low], y[low], task="digits 0-4") > 0.95
    True
    """

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (400, 400),
        *,
        density: float = 0.05,
        init: str | Sequence[float] | Callable[..., Any] = "erdos_renyi",
        weight_init: str = "auto",
        reuse: str = "when_full",
        grow_network: bool = False,
        zeta: float = 0.5,
        drop: Strategy = None,
        grow: Strategy = None,
        zeta_schedule: Strategy = "cosine",
        update_interval: int | Literal["epoch"] | None = None,
        newborn: str | None = None,
        activation: str | Activation | Sequence[str | Activation] = "relu",
        negative_slope: float | None = None,
        dropout: float = 0.0,
        solver: str = "adam",
        alpha: float | Literal["auto"] = "auto",
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: str | Callable[[float], float] = "cosine",
        learning_rate_init: float | Literal["auto"] = "auto",
        max_iter: int | Literal["auto"] = "auto",
        max_norm: float | None = None,
        shuffle: bool = True,
        label_smoothing: float = 0.0,
        class_weight: ClassWeight = None,
        unknown_task: str = "error",
        standardize: bool | str = "auto",
        dtype: type | str = np.float32,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.density = density
        self.init = init
        self.weight_init = weight_init
        self.reuse = reuse
        self.grow_network = grow_network
        self.zeta = zeta
        self.drop = drop
        self.grow = grow
        self.zeta_schedule = zeta_schedule
        self.update_interval = update_interval
        self.newborn = newborn
        self.activation = activation
        self.negative_slope = negative_slope
        self.dropout = dropout
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.max_norm = max_norm
        self.shuffle = shuffle
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.unknown_task = unknown_task
        self.standardize = standardize
        self.dtype = dtype
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        task: TaskLabels = None,
    ) -> Self:
        """Learn a sequence of tasks anew, in the order in which they appear in `task`.

        Ctrl-C ends the whole call. The task in training is kept as it is then, if an
        epoch of it has passed. A warning says which tasks were learned.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data of all tasks.
        y : array-like of shape (n_samples,)
            Class labels. Tasks may have the same classes or others.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; only their proportions within a task matter.
        task : str, int or array-like of shape (n_samples,), default=None
            The task of all rows, or of each row. None is one task without a label.

        Returns
        -------
        self : ContinualSETClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, a task has one class, the network is
            full, or training diverges. Nothing is changed then.
        TypeError
            If labels of tasks or classes are of mixed types.
        """
        data = begin(self, X, y, sample_weight, anew=True)
        learn_sequence(self, data, grouped(task, data[0].shape[0]))
        return self

    @fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
        *,
        task: Label = None,
        refine: bool = False,
    ) -> Self:
        """Learn one whole task in `max_iter` epochs, and freeze what it has learned.

        Unlike in other classifiers this is not one pass over a part of the data, and
        `classes` is not needed: a task is complete in one call. Ctrl-C ends it. If an
        epoch has passed, the task is kept as it is then; `refine` goes on with it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            All training data of the task.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; only their proportions matter.
        classes : array-like of shape (n_classes,), default=None
            Classes of this task; None means those in y.
        task : str or int, default=None
            Label of the task. None is for a model with one task: a second call goes on
            with it.
        refine : bool, default=False
            Whether to go on with a task that exists. Its own connections train further;
            those that another task uses are frozen.

        Returns
        -------
        self : ContinualSETClassifier
            The classifier.

        Raises
        ------
        ValueError
            If the task exists and `refine` is False, or as for `fit`. Nothing is
            changed then.
        TypeError
            If labels of tasks or classes are of mixed types.
        """
        label = checked_label(task)
        anew = not self.__sklearn_is_fitted__()
        data = begin(self, X, y, sample_weight, anew)
        if learn(self, data, label, classes, refine):
            warn(INTERRUPTED)
        return self

    def predict(self, X: MatrixLike, *, task: TaskLabels = None) -> Array:
        """Return the predicted class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        task : str, int or array-like of shape (n_samples,), default=None
            The task of all rows, or of each row. None is the only task, or what
            `unknown_task` says.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Class labels, each one of its task.
        """
        given = answers(self, X, task)
        y = np.empty(n_rows(given), self.classes_.dtype)
        for label, rows, Z in given:
            y[part(rows)] = self._targets[label].decoded(Z)
        return y

    def decision_function(self, X: MatrixLike, *, task: TaskLabels = None) -> Array:
        """Return the logits: the softmax of a row has the probabilities of its classes.

        Parameters
        ----------
        X, task
            As for `predict`.

        Returns
        -------
        logits : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Columns in the order of `classes_`, -inf for classes of other tasks. A task
            of two classes has 0 for the first. If there are no other classes at all,
            one number, above 0 for the second.
        """
        given = answers(self, X, task)
        if self.classes_.size > 2:
            return in_columns(self, given, class_logits)
        logits = np.empty(n_rows(given))
        for _, rows, Z in given:
            logits[part(rows)] = Z[0]
        return logits

    def predict_log_proba(self, X: MatrixLike, *, task: TaskLabels = None) -> Array:
        """Return the logarithm of the class probabilities.

        Parameters
        ----------
        X, task
            As for `predict`.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`, -inf for classes of other tasks.
        """
        return in_columns(self, answers(self, X, task), log_probabilities)

    def predict_proba(self, X: MatrixLike, *, task: TaskLabels = None) -> Array:
        """Return the class probabilities, computed in float64.

        Parameters
        ----------
        X, task
            As for `predict`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`, 0 for classes of other tasks.
        """
        probabilities: Array = np.exp(self.predict_log_proba(X, task=task))
        return probabilities

    def score(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        task: TaskLabels = None,
    ) -> float:
        """Return the accuracy of the predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; only their proportions matter.
        task
            As for `predict`.

        Returns
        -------
        score : float
            Between 0 and 1; greater is better.

        Raises
        ------
        ValueError
            If y has a label that its task has not learned.
        """
        predicted = self.predict(X, task=task)
        y = single_labels(np.asarray(y))
        check_consistent_length(X, y)
        check_labels(self, y, task)
        weight = weight_of_score(sample_weight, X)
        return float(np.average(y == predicted, weights=weight))
