"""`SETRegressor`: numbers predicted by a sparse multilayer perceptron."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin

from skset.estimators import _fit
from skset.estimators._columns import output_dtype
from skset.estimators._docs import documented
from skset.estimators._from_network import check_kind
from skset.estimators._number_losses import number_loss
from skset.estimators._number_targets import NumberTargets
from skset.estimators._perceptron import SparsePerceptron, finite_output, takes_steps
from skset.estimators._perceptron_parameters import REGRESSOR_TABLES
from skset.estimators._sample_weight import weight_of_score
from skset.estimators._sklearn import available_if, fit_context, with_callbacks
from skset.estimators._to_mlp import to_mlp
from skset.estimators._types import Array, MatrixLike, Strategy
from skset.estimators._units import raw_outputs
from skset.model import OUTPUTS, Activation, Loss, Network

__all__ = ["SETRegressor"]


@documented(REGRESSOR_TABLES)
class SETRegressor(RegressorMixin, SparsePerceptron):
    """Truly sparse multilayer perceptron regressor.

    The network holds only its connections, from the first step to the last. It trains
    by stochastic gradient descent. Meanwhile Sparse Evolutionary Training (SET) [1]_
    keeps dropping its weakest connections and growing new ones. So the topology adapts
    to the data. It predicts one or more numbers per sample, as scikit-learn's
    `MLPRegressor` does, and shares its parameter names. Targets may have any unit: they
    are standardised for the training, unless the loss is "poisson" or "gamma".
    Defaults without a reason are the MLP's. For the others see docs/defaults.md.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    SETClassifier : The same for classes.
    sklearn.neural_network.MLPRegressor : The dense network.

    References
    ----------
    {references}

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skset import SETRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> SETRegressor(random_state=0).fit(X, y).score(X, y) > 0.4
    True
    """

    _targets: NumberTargets

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (1000,),
        *,
        loss: str | Loss = "squared_error",
        quantile: float = 0.5,
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
        warm_start: bool = False,
        standardize: bool | str = "auto",
        dtype: type | str = np.float32,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.loss = loss
        self.quantile = quantile
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
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers to predict.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; only their proportions matter. The gradient of a batch
            is ``(sum(w * g) + alpha * W) / B``: w in units of the mean of all above 0,
            B the number of samples in the batch with ``w > 0``.
        X_val, y_val : array-like, default=None
            Data for `early_stopping`, in place of a share of the training data.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation data; here too only the proportions matter.

        Returns
        -------
        self : SETRegressor
            The fitted regressor.

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, or if training diverges. The
            regressor is then as it was before.
        """
        held_out = X_val, y_val, sample_weight_val
        return _fit.fit(self, X, y, sample_weight, held_out)

    @available_if(takes_steps)
    @fit_context(prefer_skip_nested_validation=True)
    @_fit.all_or_nothing
    def partial_fit(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
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
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers to predict.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, as in `fit`; within each call only the proportions
            matter.

        Returns
        -------
        self : SETRegressor
            The regressor.

        Raises
        ------
        ValueError
            If y has another number of outputs than before, if `early_stopping` is
            True, or if training diverges.
        """
        return _fit.partial_fit(self, X, y, sample_weight)

    @classmethod
    def from_network(
        cls, network: Network, *, feature_names: ArrayLike | None = None, **params: Any
    ) -> Self:
        """Return a fitted regressor that predicts with a given network.

        Parameters
        ----------
        network : skset.model.Network
            Its arrays are copied. Its output must fit the `loss`: "exp" for "poisson"
            and "gamma", "identity" for the others.
        feature_names : array-like of str, default=None
            Names of the inputs.
        **params
            Parameters of the regressor, except those that the network determines:
            `hidden_layer_sizes`, `activation`, `negative_slope` and `dtype`.

        Returns
        -------
        regressor : SETRegressor
            It predicts, and can learn on with `partial_fit` or `warm_start`.

        Raises
        ------
        ValueError
            If the output of the network does not fit the loss.
        """
        check_kind(network, Network)
        learned = {"n_outputs": network.n_units[-1]}
        return cls._with_learned(network, learned, feature_names, params)

    to_mlp = to_mlp

    def score(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the coefficient of determination R2 of the predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers; R2 is averaged over the outputs.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; only their proportions matter.

        Returns
        -------
        score : float
            At most 1; greater is better.
        """
        return float(super().score(X, y, weight_of_score(sample_weight, X)))

    def predict(self, X: MatrixLike) -> Array:
        """Return the predicted numbers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions; float32 if X is float32, else float64.

        Raises
        ------
        ValueError
            If values in X are so large that a prediction is not finite in its type.
        """
        Z = self._weighted_sums(X)
        dtype = output_dtype(X)
        with np.errstate(over="ignore"):  # an error is raised below
            outputs = OUTPUTS[self.out_activation_](Z.astype(dtype))
            predicted = finite_output(self._targets.decoded(outputs))
        return predicted[0] if self.n_outputs_ == 1 else predicted.T

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _targets_for(self, p: SimpleNamespace, n_features: int) -> NumberTargets:
        loss = number_loss(p.loss, p.quantile)
        standardised = p.standardize is not False and loss.outputs[0] == "identity"
        return NumberTargets(p.dtype, loss, standardised)

    def _in_raw_units(self, network: Network) -> Network:
        network, targets = super()._in_raw_units(network), self._targets
        if np.all(targets.scale == 1) and not np.any(targets.mean):
            return network
        return raw_outputs(network, targets.mean, targets.scale)

    def _assigned(self, network: Network) -> None:
        super()._assigned(network)
        self._targets = replace(self._targets, mean=0.0, scale=1.0)
