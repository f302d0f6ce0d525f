"""`SparseRBM`."""

from typing import ClassVar

import numpy as np

from skset.estimators._docs import RBM_PARAMETERS, documented
from skset.estimators._features import column_sums, stays_as_given
from skset.estimators._loop import run_epochs
from skset.estimators._machine import BoltzmannMachine
from skset.estimators._parameters import RBM_CONSTRAINTS, plain
from skset.estimators._sample_weight import scaled
from skset.estimators._sklearn import (
    checked_sample_weight,
    fit_context,
    with_callbacks,
)
from skset.estimators._stopping import NeverStopping
from skset.estimators._validation import all_or_nothing, canonical
from skset.model import RBM, Samples
from skset.training import SGD, ContrastiveDivergence, DivergenceOptions, LearningRate

__all__ = ["SparseRBM"]

# Initial weights are N(0, 0.05^2), as in the authors' code; "normal" is N(0, 0.1^2).
WEIGHT_INIT, SCALE = "normal", 0.05 / 0.1


@documented(own=RBM_PARAMETERS)
class SparseRBM(BoltzmannMachine):
    """Truly sparse restricted Boltzmann machine with binary units.

    Visible units, one for each feature, are joined to hidden ones by a sparse bipartite
    graph. While the weights are trained by contrastive divergence [3]_, Sparse
    Evolutionary Training (SET) [1]_ keeps dropping the weakest connections and growing
    new ones. Memory and time go with the number of connections, about ``epsilon *
    (n_features + n_components)``, not with the product.

    It is a feature extractor, whose `transform` gives the probabilities of the hidden
    units, and a generative model: see `gibbs`, `free_energy`, and
    `skset.metrics.log_likelihood`. Values of X must be in [0, 1]; one between is taken
    for the probability that the unit is on. X is never made dense beyond one batch.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    components_ : scipy.sparse.csr_array of shape (n_components, n_features)
        Weights; a copy.
    intercept_hidden_ : ndarray of shape (n_components,)
        Biases of the hidden units.
    intercept_visible_ : ndarray of shape (n_features,)
        Biases of the visible units.
    n_iter_ : int
        Number of epochs trained; by `partial_fit`, of calls.
    reconstruction_error_curve_ : list of float
        For each epoch the mean squared difference, while training, between X and the
        probabilities of the visible units given hidden ones sampled given X.
    nnz_ : int
        Number of connections.
    density_ : float
        Share of the dense machine's connections that exist.
    feature_importances_ : ndarray of shape (n_features,)
        Strength of each visible unit, that is the sum of its absolute weights,
        normalised to add up to 1.
    t_ : int
        Number of training samples seen.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where X has some.

    See Also
    --------
    sklearn.neural_network.BernoulliRBM : The dense machine.
    skset.metrics.log_likelihood : The likelihood of data under a machine.

    References
    ----------
    .. [1] Mocanu et al. (2018). "Scalable training of artificial neural networks with
       adaptive sparse connectivity inspired by network science." Nature Communications
       9:2383.
    .. [2] Liu et al. (2022). "The unreasonable effectiveness of random pruning." ICLR.
    .. [3] Hinton (2002). "Training products of experts by minimizing contrastive
       divergence." Neural Computation 14.
    .. [4] Tieleman (2008). "Training restricted Boltzmann machines using approximations
       to the likelihood gradient." ICML.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import MinMaxScaler
    >>> from skset import SparseRBM
    >>> X, y = load_digits(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> model = make_pipeline(
    ...     MinMaxScaler(clip=True),
    ...     SparseRBM(random_state=0),
    ...     LogisticRegression(max_iter=1000),
    ... )
    >>> model.fit(X_train, y_train).score(X_test, y_test) > 0.9
    True
    >>> model[1].density_ < 0.2
    True
    """

    _parameter_constraints: ClassVar[dict] = RBM_CONSTRAINTS
    _curve = "reconstruction_error_curve_"
    reconstruction_error_curve_: list

    def __init__(
        self,
        n_components=256,
        *,
        epsilon=11,
        density=None,
        init="erdos_renyi",
        method="set",
        zeta=None,
        drop=None,
        grow=None,
        zeta_schedule=None,
        density_schedule=None,
        update_interval=None,
        newborn=None,
        final_drop=True,
        learning_rate=0.1,
        learning_rate_schedule="cosine",
        momentum=0.9,
        alpha=1e-4,
        n_gibbs=1,
        persistent=False,
        batch_size=20,
        n_iter=30,
        warm_start=False,
        dtype=np.float32,
        random_state=None,
        n_jobs=None,
        verbose=False,
    ):
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
    @all_or_nothing
    @with_callbacks
    def fit(self, X, y=None, sample_weight=None):
        """Train the machine on X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data with values in [0, 1].
        y : object, default=None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights w, of which only the proportions matter: means over a
            batch are ``sum(w * x) / sum(w)``.

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
        goes_on = self.warm_start and self.__sklearn_is_fitted__()
        given_X = X  # has the feature names that callbacks need to transform
        X, weight = self._checked_training_set(X, sample_weight, reset=not goes_on)
        rng = self._generator()
        if goes_on:
            self._check_same_machine("warm_start")
            machine = self._network.copy()
            self._begin_record(t=self.t_, curve=self.reconstruction_error_curve_)
        else:
            machine = self._initial_machine(X, weight, rng)
            self._begin_record()
        self._sampler = None
        samples = Samples(X, weight=weight, dtype=self.dtype)
        batch_size = self._batch_size(samples.n_samples)
        state = self._new_state(rng)
        with self._training(machine, samples, batch_size, **state) as training:
            del machine  # or it would be kept beside what it evolves into
            run_epochs(self, training, NeverStopping(), given_X, y, sample_weight)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def partial_fit(self, X, y=None, sample_weight=None):
        """Train on one pass over X.

        For data that do not fit memory. Momentum, topology, persistent chains and the
        random generator are kept from call to call, also through pickling; after a
        `fit` they begin anew. The topology evolves at the beginning of every call but
        the first, or every `update_interval` steps. The learning rate is constant, as
        nobody knows how many calls there will be, but may be changed between calls by
        `set_params`. There is no final drop, and callbacks are not called.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data with values in [0, 1]. The visible biases begin at the
            log-odds of the means of the first call's.
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
        self._check_partial()
        goes_on = self.__sklearn_is_fitted__()
        X, weight = self._checked_training_set(X, sample_weight, reset=not goes_on)
        if goes_on:
            self._check_same_machine("partial_fit")
            machine = self._network.copy(at_rest=False)
            self._begin_record(self.n_iter_, self.t_, self.reconstruction_error_curve_)
        else:
            machine = None
            self._begin_record()
        # The rate is constant, and may have been changed since the last call.
        state = {**self._state(), "learning_rate": self._learning_rate(ends=False)}
        machine = machine or self._initial_machine(X, weight, state["rng"])
        samples = Samples(X, weight=weight, dtype=self.dtype)
        return self._take_pass(machine, samples, state)

    # Checks.

    def _checked_training_set(self, X, sample_weight, reset):
        X = self._checked_features(X, dtype=self.dtype, reset=reset)
        if not stays_as_given(X, self.dtype):
            X = canonical(X)
        self._check_range(X, self.dtype)
        if sample_weight is not None:
            sample_weight = scaled(checked_sample_weight(sample_weight, X))
        return X, sample_weight

    def _check_same_machine(self, caller):
        machine = self._network
        self._check_unchanged(
            caller,
            n_components=(self.n_components, machine.n_units[1]),
            dtype=(np.dtype(self.dtype).name, machine.dtype.name),
        )

    # What is handed to the machine.

    def _initial_machine(self, X, weight, rng):
        [topology] = self._topologies([(X.shape[1], plain(self.n_components))], rng)
        means = _smoothed_means(X, weight, self.dtype).astype(self.dtype)
        return RBM.initial(topology, rng, means, weight_init=WEIGHT_INIT, scale=SCALE)

    def _learning_rate(self, ends=True):
        schedule = self.learning_rate_schedule if ends else "constant"
        return LearningRate(plain(self.learning_rate), schedule)

    def _optimiser(self):
        return SGD(plain(self.momentum), nesterov=False)

    def _training(self, network, samples, batch_size, rng, learning_rate, progress):
        options = DivergenceOptions(
            batch_size=batch_size,
            shuffle=True,
            alpha=plain(self.alpha),
            max_epochs=plain(self.n_iter),
            weight_init=WEIGHT_INIT,
            edge_scale=SCALE,
            n_threads=self._n_threads(),
            n_gibbs=plain(self.n_gibbs),
            persistent=self.persistent,
            n_chains=plain(self.batch_size),
            final_density=self._final_density,
            final_nnz=self._final_nnz,
        )
        return ContrastiveDivergence(
            network,
            samples,
            self._optimiser(),
            learning_rate,
            self._checked_evolution(),
            options,
            rng,
            progress,
        )


def _smoothed_means(X, weight, dtype):
    """Return the mean of each column, with half a zero and half a one more.

    So that the log-odds of a constant column are finite. Weights are counted in units
    of their mean, so that these two are as small a part of any weights as of none.
    """
    weight = np.ones(X.shape[0]) if weight is None else _counts(weight)
    totals = column_sums(X, weight, dtype)
    means = (totals + 0.5) / (weight.sum() + 1)
    tiny = np.finfo(dtype).eps
    return np.clip(means, tiny, 1 - tiny)


def _counts(weight):
    """Return weights that add up to the number of those that are not 0."""
    return weight * (np.count_nonzero(weight) / weight.sum())
