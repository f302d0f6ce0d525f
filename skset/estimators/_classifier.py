"""`SETClassifier`: classes predicted by a sparse multilayer perceptron."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin

from skset.estimators import _fit
from skset.estimators._auto import CLASSIFIER_RULES
from skset.estimators._class_targets import ClassTargets, checked_classes
from skset.estimators._docs import documented
from skset.estimators._from_network import check_kind
from skset.estimators._perceptron import SparsePerceptron, finite_output, takes_steps
from skset.estimators._perceptron_parameters import CLASSIFIER_TABLES
from skset.estimators._sample_weight import weight_of_score
from skset.estimators._sklearn import available_if, fit_context, with_callbacks
from skset.estimators._to_mlp import to_mlp
from skset.estimators._types import Array, ClassWeight, MatrixLike, Strategy
from skset.model import Activation, LogLoss, Network

__all__ = ["SETClassifier"]


@documented(CLASSIFIER_TABLES)
class SETClassifier(ClassifierMixin, SparsePerceptron):
    """Truly sparse multilayer perceptron classifier.

    The network holds only its connections, from the first step to the last. It trains
    by stochastic gradient descent on the cross entropy. Meanwhile Sparse Evolutionary
    Training (SET) [1]_ keeps dropping its weakest connections and growing new ones. So
    the topology adapts to the data. It takes two or more classes, and multilabel
    problems, as scikit-learn's `MLPClassifier` does, and shares its parameter names.
    Defaults without a reason are the MLP's. For the others see docs/defaults.md.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    SETRegressor : The same for numbers.
    sklearn.neural_network.MLPClassifier : The dense network.

    References
    ----------
    {references}

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from skset import SETClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> model = SETClassifier(random_state=0)
    >>> model.fit(X_train, y_train).score(X_test, y_test) > 0.95
    True
    """

    _rules = CLASSIFIER_RULES
    classes_: Array
    _targets: ClassTargets

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (1000,),
        *,
        epsilon: float = 20,
        density: float | None = None,
        init: str | Sequence[float] | Callable[..., Any] = "erdos_renyi",
        weight_init: str = "auto",
        method: str = "set",
        zeta: float | None = None,
        drop: Strategy = None,
        grow: Strategy = None,
        zeta_schedule: Strategy = None,
        density_schedule: Strategy = None,
        update_interval: int | Literal["epoch"] | None = None,
        newborn: str | None = None,
        unit_pruning: Strategy = None,
        final_drop: bool = True,
        activation: str | Activation | Sequence[str | Activation] = "relu",
        negative_slope: float | None = None,
        dropout: float = 0.0,
        solver: str = "adam",
        alpha: float | Literal["auto"] = "auto",
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: str | Callable[[float], float] = "cosine",
        learning_rate_init: float | Literal["auto"] = "auto",
        power_t: float = 0.5,
        max_iter: int | Literal["auto"] = "auto",
        max_norm: float | None = None,
        delta_dtype: str | None = None,
        max_fun: int = 15000,
        shuffle: bool = True,
        tol: float = 1e-4,
        n_iter_no_change: float | Literal["auto"] = "auto",
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = "loss",
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        adam_epsilon: float = 1e-8,
        label_smoothing: float = 0.0,
        temperature: float | Literal["auto"] = "auto",
        class_weight: ClassWeight = None,
        warm_start: bool = False,
        standardize: bool | str = "auto",
        dtype: type | str = np.float32,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.epsilon = epsilon
        self.density = density
        self.init = init
        self.weight_init = weight_init
        self.method = method
        self.zeta = zeta
        self.drop = drop
        self.grow = grow
        self.zeta_schedule = zeta_schedule
        self.density_schedule = density_schedule
        self.update_interval = update_interval
        self.newborn = newborn
        self.unit_pruning = unit_pruning
        self.final_drop = final_drop
        self.activation = activation
        self.negative_slope = negative_slope
        self.dropout = dropout
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.max_norm = max_norm
        self.delta_dtype = delta_dtype
        self.max_fun = max_fun
        self.shuffle = shuffle
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.adam_epsilon = adam_epsilon
        self.label_smoothing = label_smoothing
        self.temperature = temperature
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.standardize = standardize
        self.dtype = dtype
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    @_fit.all_or_nothing
    @with_callbacks
    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: MatrixLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, in any units; see `standardize`.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or a multilabel indicator matrix.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; only their proportions matter. The gradient of a batch
            is ``(sum(w * g) + alpha * W) / B``: w in units of the mean of all above 0,
            B the number of samples in the batch with ``w > 0``.
        X_val, y_val : array-like, default=None
            Data for `early_stopping`, in place of a share of the training data.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation data; only their proportions matter.

        Returns
        -------
        self : SETClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If parameters or data are invalid, or training diverges. Nothing changes.
        """
        return _fit.fit(self, X, y, sample_weight, (X_val, y_val, sample_weight_val))

    @available_if(takes_steps)
    @fit_context(prefer_skip_nested_validation=True)
    @_fit.all_or_nothing
    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Train on one pass over the given data.

        Momentum, topology and the random generators are kept from call to call, also
        through pickling. An evolution that is due (after every call, or every
        `update_interval` steps) is made at the beginning of the next call. So
        predictions in between use only trained connections. Nothing is dropped for
        good. The number of calls is not known, so "cosine" is a constant learning rate
        here. Schedules of zeta and of the density, and a callable `learning_rate`, take
        `max_iter` calls for the whole training. After these a zeta that has fallen to 0
        leaves the topology as it is. Callbacks are not called.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or a multilabel indicator matrix.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, as in `fit`; within each call only the proportions
            matter.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever be seen. Needed in the first call.

        Returns
        -------
        self : SETClassifier
            The classifier.

        Raises
        ------
        ValueError
            If `classes` is missing in the first call or different later, if y has other
            labels, if `early_stopping` is True, or if training diverges.
        """
        return _fit.partial_fit(self, X, y, sample_weight, classes)

    @classmethod
    def from_network(
        cls,
        network: Network,
        classes: ArrayLike,
        *,
        multilabel: bool = False,
        feature_names: ArrayLike | None = None,
        **params: Any,
    ) -> Self:
        """Return a fitted classifier that predicts with a given network.

        Parameters
        ----------
        network : skset.model.Network
            Its arrays are copied. For two classes it must have one "logistic" output,
            else one for each class: "softmax", or "logistic" if `multilabel`.
        classes : array-like of shape (n_classes,)
            Sorted class labels, in the order of the outputs.
        multilabel : bool, default=False
            Whether a sample can have any number of labels.
        feature_names : array-like of str, default=None
            Names of the inputs.
        **params
            Parameters of the classifier, except those that the network determines:
            `hidden_layer_sizes`, `activation`, `negative_slope` and `dtype`.

        Returns
        -------
        classifier : SETClassifier
            It predicts, and can learn on with `partial_fit` or `warm_start`.

        Raises
        ------
        ValueError
            If the outputs of the network do not fit the classes, or if these are not
            sorted and different.
        """
        check_kind(network, Network)
        learned = {"classes": checked_classes(classes), "multilabel": multilabel}
        return cls._with_learned(network, learned, feature_names, params)

    to_mlp = to_mlp

    def score(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the accuracy of the predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or an indicator matrix, where all labels must be right.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; only their proportions matter.

        Returns
        -------
        score : float
            Between 0 and 1; greater is better.
        """
        return float(super().score(X, y, weight_of_score(sample_weight, X)))

    def predict(self, X: MatrixLike) -> Array:
        """Return the predicted class of each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or a multilabel indicator matrix.
        """
        Z = self._weighted_sums(X)  # first, as it says what is not fitted
        return self._targets.decoded(Z)

    def decision_function(self, X: MatrixLike) -> Array:
        """Return the logits, the output layer's weighted sums.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        logits : ndarray of shape (n_samples,) or (n_samples, n_classes)
            One column per class; for two classes one number, above 0 for the second.
        """
        Z = self._weighted_sums(X)
        logits = self._targets.logits(Z)
        return logits[:, 0] if self._targets.is_binary else logits

    def predict_log_proba(self, X: MatrixLike) -> Array:
        """Return the logarithm of the class probabilities, always finite.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.
        """
        Z = self._weighted_sums(X)
        return finite_output(self._targets.log_probabilities(Z))

    def predict_proba(self, X: MatrixLike) -> Array:
        """Return the class probabilities, computed in float64.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`. They add up to 1. In multilabel problems
            they do not: each is the probability of one label.
        """
        probabilities: Array = np.exp(self.predict_log_proba(X))
        return probabilities

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _check_classes(self, targets: ClassTargets, classes: ArrayLike | None) -> None:
        targets.check_first_call(self, classes)

    def _targets_for(self, p: SimpleNamespace, n_features: int) -> ClassTargets:
        return ClassTargets(p.dtype, p.class_weight, LogLoss(p.label_smoothing))
