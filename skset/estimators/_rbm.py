"""`SparseRBM`: the restricted Boltzmann machine as a transformer."""

from collections.abc import Callable, Sequence
from functools import partial
from numbers import Integral
from typing import Any, Literal, Self

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_scalar

from skset.estimators import _fit, _machine
from skset.estimators._columns import output_dtype
from skset.estimators._docs import documented
from skset.estimators._estimator import SparseEstimator
from skset.estimators._from_network import adopt_network, check_kind
from skset.estimators._number_targets import InputTargets
from skset.estimators._rbm_parameters import RBM_TABLES
from skset.estimators._sample_weight import weight_of_score
from skset.estimators._sklearn import fit_context, with_callbacks
from skset.estimators._types import Array, MatrixLike, Strategy
from skset.model import RBM

__all__ = ["SparseRBM"]


@documented(RBM_TABLES)
class SparseRBM(ClassNamePrefixFeaturesOutMixin, TransformerMixin, SparseEstimator):
    """Truly sparse restricted Boltzmann machine with binary units.

    Visible units, one for each feature, are joined to hidden ones by a sparse bipartite
    graph. The weights are trained by contrastive divergence [3]_. Meanwhile Sparse
    Evolutionary Training (SET) [1]_ keeps dropping the weakest connections and growing
    new ones. Memory and time are proportional to the number of connections, about
    ``epsilon * (n_features + n_components)``, not to the product of both.

    The machine is a feature extractor: `transform` gives the probabilities of the
    hidden units. It is also a generative model: see `gibbs`, `free_energy`, and
    `skset.metrics.log_likelihood`. Values of X must be in [0, 1]. A value between 0 and
    1 is the probability that the unit is on. X is never made dense beyond one batch.
    For the reasons of the defaults see docs/boltzmann.md.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    sklearn.neural_network.BernoulliRBM : The dense machine.
    skset.metrics.log_likelihood : The likelihood of data under a machine.

    References
    ----------
    {references}

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import MinMaxScaler
    >>> from skset import SparseRBM
    >>> X, y = load_digits(return_X_y=True)
    >>> machine = SparseRBM(random_state=0)
    >>> model = make_pipeline(
    ...     MinMaxScaler(clip=True), machine, LogisticRegression(max_iter=1000)
    ... )
    >>> model.fit(X[:1300], y[:1300]).score(X[1300:], y[1300:]) > 0.85
    True
    >>> machine.density_ < 0.2
    True
    """

    _curve = "reconstruction_error_curve_"
    _learns_from_y = False
    _fixed = _machine.FIXED
    network_: RBM
    reconstruction_error_curve_: list[float]
    _sampler: Generator | None

    def __init__(
        self,
        n_components: int = 256,
        *,
        epsilon: float = 11,
        density: float | None = None,
        init: str | Sequence[float] | Callable[..., Any] = "erdos_renyi",
        method: str = "set",
        zeta: float | None = None,
        drop: Strategy = None,
        grow: Strategy = None,
        zeta_schedule: Strategy = None,
        density_schedule: Strategy = None,
        update_interval: int | Literal["epoch"] | None = None,
        newborn: str | None = None,
        final_drop: bool = True,
        learning_rate: float = 0.1,
        learning_rate_schedule: str = "cosine",
        momentum: float = 0.9,
        alpha: float = 1e-4,
        n_gibbs: int = 1,
        persistent: bool = False,
        batch_size: int = 20,
        n_iter: int = 30,
        warm_start: bool = False,
        dtype: type | str = np.float32,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.n_components = n_components
        self.epsilon = epsilon
        self.density = density
        self.init = init
        self.method = method
        self.zeta = zeta
        self.drop = drop
        self.grow = grow
        self.zeta_schedule = zeta_schedule
        self.density_schedule = density_schedule
        self.update_interval = update_interval
        self.newborn = newborn
        self.final_drop = final_drop
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.momentum = momentum
        self.alpha = alpha
        self.n_gibbs = n_gibbs
        self.persistent = persistent
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.warm_start = warm_start
        self.dtype = dtype
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    @_fit.all_or_nothing
    @with_callbacks
    def fit(
        self, X: MatrixLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train the machine on X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data with values in [0, 1].
        y : object, default=None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights w; only their proportions matter. Means over a batch
            are ``sum(w * x) / sum(w)``.

        Returns
        -------
        self : SparseRBM
            The fitted machine.

        Raises
        ------
        ValueError
            If a parameter is invalid, if X has values outside [0, 1], or if training
            diverges. The machine is then as it was before.
        """
        self._forget()
        return _fit.fit(self, X, y, sample_weight)

    @fit_context(prefer_skip_nested_validation=True)
    @_fit.all_or_nothing
    def partial_fit(
        self, X: MatrixLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train on one pass over X.

        For data that do not fit memory. Momentum, topology, persistent chains and the
        random generators are kept from call to call, also through pickling. After a
        `fit` they begin anew. The topology evolves at the beginning of every call but
        the first, or every `update_interval` steps. The learning rate is constant,
        because the number of calls is not known; `set_params` can change it between
        calls. There is no final drop, and callbacks are not called.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data with values in [0, 1]. The visible biases begin at the
            log-odds of the means in the first call.
        y : object, default=None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, as in `fit`; within each call only the proportions
            matter.

        Returns
        -------
        self : SparseRBM
            The machine.

        Raises
        ------
        ValueError
            As `fit`; also if `n_components` or `dtype` changed.
        """
        return _fit.partial_fit(self, X, y, sample_weight)

    @classmethod
    def from_network(
        cls, network: RBM, *, feature_names: ArrayLike | None = None, **params: Any
    ) -> Self:
        """Return a fitted machine that answers with given weights.

        Parameters
        ----------
        network : skset.model.RBM
            Its arrays are copied.
        feature_names : array-like of str, default=None
            Names of the visible units.
        **params
            Parameters, except `n_components` and `dtype`, which the network determines.

        Returns
        -------
        machine : SparseRBM
            It can learn on with `partial_fit` or `warm_start`.
        """
        check_kind(network, RBM)
        kind, n_components = network.dtype.type, network.n_units[1]
        machine = cls(n_components=n_components, dtype=kind, **params)
        machine._validate_params()
        targets = InputTargets(kind, reconstructs=False)
        return adopt_network(machine, network, targets, feature_names)

    def transform(self, X: MatrixLike) -> Array:
        """Return the probabilities of the hidden units, P(h = 1 | v).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values in [0, 1].

        Returns
        -------
        H : ndarray of shape (n_samples, n_components)
            Probabilities, in float32 if X is, else in float64.
        """
        return self._by_sample(X, output_dtype(X), RBM.mean_hiddens)

    def reconstruct(self, X: MatrixLike) -> Array:
        """Return reconstructions of X: P(v = 1 | h) for h = P(h = 1 | X).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values in [0, 1].

        Returns
        -------
        V : ndarray of shape (n_samples, n_features)
            Probabilities, in float32 if X is, else in float64; dense, whatever X is.
        """
        return self._by_sample(X, output_dtype(X), RBM.reconstructed)

    def gibbs(self, X: MatrixLike, n_steps: int = 1) -> Array:
        """Return samples of the visible units after steps of Gibbs sampling from X.

        After many steps these are samples of the learned distribution. The steps may be
        spread over several calls, each on the result of the last one. All calls use one
        random generator, which `random_state` seeds at the first call after a fit.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Where to begin; values in [0, 1].
        n_steps : int, default=1
            Number of steps. Each samples the hidden units and then the visible ones.

        Returns
        -------
        V : ndarray of bool of shape (n_samples, n_features)
            The sampled units; dense, whatever X is.
        """
        check_scalar(n_steps, "n_steps", Integral, min_val=1)
        rng = _machine.sampler(vars(self).get("_sampler"), self.random_state)
        V = self._by_sample(X, bool, partial(RBM.gibbs, rng=rng, n_steps=n_steps))
        self._sampler = rng
        return V

    def free_energy(self, X: MatrixLike) -> Array:
        """Return the free energy of each row: -log P(v), up to a constant.

        ``F(v) = - a v - sum_j log(1 + exp(c_j + w_j v))`` with visible biases a, hidden
        biases c and weights w. The constant is the logarithm of the partition function:
        see `skset.metrics.log_partition_ais`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values in [0, 1].

        Returns
        -------
        free_energy : ndarray of shape (n_samples,)
            In nats.
        """
        return self._by_sample(X, float, RBM.free_energy)

    def score_samples(self, X: MatrixLike) -> Array:
        """Return the pseudo-log-likelihood of each row.

        That is ``sum_i log P(v_i | all other v)``, exactly and for all features.
        scikit-learn's `BernoulliRBM` estimates it from one random feature. It takes the
        time of some products with the sparse weights.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values in [0, 1]. A value between 0 and 1 is the probability that the unit
            is on; the result is then the expectation.

        Returns
        -------
        pseudo_log_likelihood : ndarray of shape (n_samples,)
            In nats.
        """
        return self._by_sample(X, float, RBM.pseudo_log_likelihood)

    def score(
        self, X: MatrixLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the mean pseudo-log-likelihood of the rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values in [0, 1].
        y : object, default=None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; only their proportions matter.

        Returns
        -------
        score : float
            In nats per row; greater is better.
        """
        scores = self.score_samples(X)
        weight = weight_of_score(sample_weight, scores[:, None])
        return float(np.average(scores, weights=weight))

    @property
    def components_(self) -> Any:
        """Weights as a CSR array (n_components, n_features)."""
        return self._learned("_network").layer.to_csr().T.tocsr()

    @property
    def intercept_hidden_(self) -> Array:
        """Biases of the hidden units."""
        bias: Array = self._learned("_network").layer.bias
        return bias

    @property
    def intercept_visible_(self) -> Array:
        """Biases of the visible units."""
        bias: Array = self._learned("_network").visible_bias
        return bias

    @property
    def _n_features_out(self) -> int:
        n_hidden: int = self._learned("_network").n_units[1]
        return n_hidden

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _forget(self) -> None:
        self._sampler = None

    # What its methods ask for, and what a fit does.

    _by_sample = _machine.by_sample
    _prepared = _machine.prepared
    _facts_of_inputs = _machine.facts_of_inputs
    _unchanged = _machine.unchanged
    _new_network = staticmethod(_machine.new_machine)
    _new_training = _machine.new_training
    _optimiser = staticmethod(_machine.optimiser)
