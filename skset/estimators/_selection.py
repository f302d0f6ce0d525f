"""`QuickSelection`: features selected by training a sparse network on them."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, Literal, Self

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted

from skset.estimators import _feature_records, _fit, _supervision
from skset.estimators._auto import SELECTION_RULES
from skset.estimators._class_targets import ClassTargets
from skset.estimators._columns import check_table
from skset.estimators._docs import documented
from skset.estimators._estimator import shares
from skset.estimators._number_of_features import choose_number, forget_number
from skset.estimators._perceptron import SparsePerceptron
from skset.estimators._ranking import Ranking
from skset.estimators._selection_parameters import FIXED, SELECTION_TABLES
from skset.estimators._sklearn import fit_context, with_callbacks
from skset.estimators._targets import Targets
from skset.estimators._types import (
    Array,
    ClassWeight,
    Matrix,
    MatrixLike,
    Strategy,
    Supervision,
)
from skset.model import Activation, Network
from skset.strategies import SELECTION_METHODS
from skset.topology import checked_indices
from skset.training import GaussianNoise, Training

__all__ = ["QuickSelection"]

# Fitted attributes that not every fit sets anew.
FITTED = "_network", "_scaling", "_targets", "classes_", "supervised_", "_ranking"


@documented(SELECTION_TABLES)
class QuickSelection(SelectorMixin, SparsePerceptron):
    """Select features by training a truly sparse network on them.

    With labels a sparse multilayer perceptron learns to predict them. Without labels a
    sparse denoising autoencoder learns to rebuild each feature from noisy ones. In both
    Sparse Evolutionary Training [1]_ keeps dropping the weakest connections and growing
    new ones. So input units that matter become strong [4]_. One training ranks all
    features. Its time is proportional to the number of connections, about ``2 * epsilon
    * (n_features + n_hidden)``, not to the square of the number of features.

    Features may have any units, see `standardize`: all that is learned and ranked is in
    standardised ones. `transform` gives the features as they are. X is never made dense
    beyond one batch. For the reasons of the defaults see docs/selection.md.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    sklearn.feature_selection.SelectFromModel : Selects by the importances of any
        estimator, for instance of a `SETClassifier`.
    skset.metrics.selection_stability : How much selections differ.

    References
    ----------
    {references}

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skset import QuickSelection
    >>> X, y = load_digits(return_X_y=True)
    >>> selector = QuickSelection(20, random_state=0)
    >>> model = make_pipeline(selector, StandardScaler(), LogisticRegression())
    >>> model.fit(X, y).score(X, y) > 0.9
    True
    >>> int(selector.set_params(n_features_to_select=10).support_.sum())
    10
    """

    _methods = SELECTION_METHODS
    _fixed = FIXED
    supervised_: Supervision
    classes_: Array
    _ranking: Ranking
    _rules = SELECTION_RULES
    ranked_features = _feature_records.ranked_features
    _choose_by_rows = choose_number
    _kinds_of, _take_kind = _supervision.kinds_of, _supervision.take_kind

    def __init__(
        self,
        n_features_to_select: int | float | Literal["all", "auto"] = 50,
        *,
        supervised: bool | str = "auto",
        importance: str = "auto",
        accumulate: bool = True,
        keep_history: bool = False,
        hidden_layer_sizes: int | Sequence[int] = (1000,),
        epsilon: float = 13,
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
        activation: str | Activation | Sequence[str | Activation] = "relu",
        noise: float | Literal["auto"] = "auto",
        resample_noise: bool = True,
        dropout: float = 0.0,
        solver: str = "adam",
        alpha: float = 0.1,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: str | Callable[[float], float] = "cosine",
        learning_rate_init: float = 0.003,
        momentum: float = 0.9,
        max_iter: int | Literal["auto"] = "auto",
        tol: float = 1e-4,
        n_iter_no_change: float = np.inf,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        class_weight: ClassWeight = None,
        standardize: bool | str = "auto",
        dtype: type | str = np.float32,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.n_features_to_select = n_features_to_select
        self.supervised = supervised
        self.importance = importance
        self.accumulate = accumulate
        self.keep_history = keep_history
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
        self.activation = activation
        self.noise = noise
        self.resample_noise = resample_noise
        self.dropout = dropout
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.momentum = momentum
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.class_weight = class_weight
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
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train the network and rank the features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, in any units; see `standardize`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Class labels or numbers, which are standardised; see `supervised`.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; only their proportions matter. The gradient of a batch
            is ``(sum(w * g) + alpha * W) / B``: w in units of the mean of all above 0,
            B the number of samples in the batch with ``w > 0``.

        Returns
        -------
        self : QuickSelection
            The fitted selector.

        Raises
        ------
        ValueError
            If parameters or data are invalid, or training diverges; nothing changes.
        """
        self._forget()
        self.supervised_ = _supervision.resolved(self.supervised, y)
        return _fit.fit(self, X, y, sample_weight)

    @fit_context(prefer_skip_nested_validation=True)
    @_fit.all_or_nothing
    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Train on one pass over the given data, and rank the features anew.

        For tables that do not fit memory. Momentum, topology and the random generators
        are kept from call to call, also through pickling. The learning rate is
        constant, because the number of calls is not known. The ranking of "coverage"
        takes a fraction of a second per call. For many small calls take "strength",
        which takes no time. Callbacks are not called.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Class labels or numbers; see `supervised`. The first call decides whether
            they are learned. Numbers are standardised as in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, as in `fit`; within each call only the proportions
            matter.
        classes : array-like of shape (n_classes,), default=None
            All classes of all calls; by default those in y in the first call.

        Returns
        -------
        self : QuickSelection
            The selector.

        Raises
        ------
        ValueError
            If `classes` are not those of the first call, if y has a label that is not
            among them, if `early_stopping` is True, or if training diverges; or if
            `n_features_to_select` is "auto".
        """
        forget_number(self)
        if not self.__sklearn_is_fitted__():
            self._forget()
        before = vars(self).get("supervised_")
        self.supervised_ = _supervision.resolved(self.supervised, y, classes, before)
        return _fit.partial_fit(self, X, y, sample_weight, classes)

    def transform(self, X: MatrixLike) -> Any:
        """Return X with the selected features only.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        X : {ndarray, CSR matrix, DataFrame} of shape (n_samples, n_selected)
            In the type of the input.
        """
        check_is_fitted(self)
        check_table(X)
        return super().transform(checked_indices(X))

    def inverse_transform(self, X: MatrixLike) -> Any:
        """Return X with columns of zeros where `transform` removed features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_selected)
            Samples.

        Returns
        -------
        X : {ndarray, CSC matrix} of shape (n_samples, n_features)
            With as many features as in the fit.
        """
        check_is_fitted(self)
        return super().inverse_transform(checked_indices(X))

    @property
    def feature_importances_(self) -> Array:
        """Importance of each feature; they add up to 1."""
        return shares(self._learned("_ranking").importances)

    @property
    def ranking_(self) -> Array:
        """Rank of each feature; 1 is the best."""
        ranks: Array = self._learned("_ranking").ranks
        return ranks

    @property
    def support_(self) -> Array:
        """Mask of the selected features."""
        return self.ranking_ <= self.n_features_to_select_

    @property
    def n_features_to_select_(self) -> int:
        """Number of selected features."""
        ranking: Ranking = self._learned("_ranking")
        self._validate_params()  # as it may have been changed since the fit
        return ranking.n_selected(self.n_features_to_select)

    @property
    def importances_history_(self) -> Array:
        """Importances after each epoch."""
        history = self._learned("_ranking").history
        if not (self.keep_history and history):
            raise AttributeError("importances_history_ needs keep_history=True.")
        return np.array(history)

    def _get_support_mask(self) -> Array:
        check_is_fitted(self)
        return self.support_

    def _assigned(self, network: Network) -> None:
        raise AttributeError("Weights cannot be assigned: the ranking is not of them.")

    def _warn_of_result(self) -> None:
        self._ranking.warn(self.n_features_to_select)

    def _forget(self) -> None:
        """Remove all fitted attributes."""
        for name in FITTED:
            self.__dict__.pop(name, None)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self.supervised not in (False, "auto")
        return tags

    # Methods that a fit calls.

    @property
    def _learns_from_y(self) -> bool:
        return bool(self.supervised_)

    def _prepared(
        self, p: SimpleNamespace, X: Matrix, reset: bool
    ) -> tuple[Matrix, Targets]:
        self._ranking = Ranking.of(X, None if reset else self._ranking)
        return super()._prepared(p, X, reset)

    def _targets_for(self, p: SimpleNamespace, n_features: int) -> Targets:
        return _supervision.targets_of(self.supervised_, p, n_features)

    def _check_classes(self, targets: Targets, classes: ArrayLike | None) -> None:
        if isinstance(targets, ClassTargets):
            targets.check_first_call(self, classes, required=False)

    def _noise(self, p: SimpleNamespace, rng: Generator) -> GaussianNoise | None:
        if not p.noise:
            return None
        seed = None if p.resample_noise else int(rng.integers(2**31))
        return GaussianNoise(p.noise, seed)

    def _batch_size(self, p: SimpleNamespace, n_samples: int, partial: bool) -> int:
        if partial or p.batch_size != "auto":
            return super()._batch_size(p, n_samples, partial)
        return _supervision.auto_batch_size(n_samples, bool(self.supervised_))

    def _n_epochs(self, p: SimpleNamespace, n_batches: int) -> int:
        if p.max_iter != "auto":
            return int(p.max_iter)
        return _supervision.auto_n_epochs(n_batches, bool(self.supervised_))

    def _record(self, loss: float, training: Training) -> None:
        super()._record(loss, training)
        self._ranking = self._ranking.after_epoch(self, training)

    def _learned_attributes(self, network: Any, training: Training) -> dict[str, Any]:
        return {
            **super()._learned_attributes(network, training),
            "_ranking": self._ranking.ranked(self, network, training),
        }
