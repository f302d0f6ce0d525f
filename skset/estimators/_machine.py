"""`BoltzmannMachine`: what a trained machine answers."""

import copy
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_scalar

from skset.estimators._columns import output_dtype
from skset.estimators._features import extremes
from skset.estimators._sample_weight import scaled
from skset.estimators._sklearn import checked_sample_weight
from skset.estimators._sparse import SparseEstimator
from skset.model import RBM, Samples

__all__ = ["BoltzmannMachine"]

# Values may be so far outside [0, 1]: what scaling to it leaves in float32.
TOLERANCE = 1e-6


class BoltzmannMachine(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, SparseEstimator
):
    """A restricted Boltzmann machine that can be asked, once it is trained.

    Warning: this class is not to be used directly; use `SparseRBM`.
    """

    _sampler: Any

    def transform(self, X):
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
        return self._by_sample(
            self._checked_again(X), output_dtype(X), RBM.mean_hiddens
        )

    def reconstruct(self, X):
        """Return what the machine makes of X: P(v = 1 | h) for h = P(h = 1 | X).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values in [0, 1].

        Returns
        -------
        V : ndarray of shape (n_samples, n_features)
            Probabilities, in float32 if X is, else in float64; dense, whatever X is.
        """
        return self._by_sample(
            self._checked_again(X), output_dtype(X), RBM.reconstructed
        )

    def gibbs(self, X, n_steps=1):
        """Return samples of the visible units after steps of Gibbs sampling from X.

        Many steps, or many calls on what the last one returned, draw from what the
        machine has learned. Calls draw on from one random generator, which
        `random_state` seeds at the first call after a fit.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Where to begin; values in [0, 1].
        n_steps : int, default=1
            Number of steps, each of which samples the hidden units and then the visible
            ones.

        Returns
        -------
        V : ndarray of bool of shape (n_samples, n_features)
            The sampled units; dense, whatever X is.
        """
        check_scalar(n_steps, "n_steps", Integral, min_val=1)
        X = self._checked_again(X)
        # A copy of the generator: neither a failing call nor a copied machine draws on.
        rng = copy.deepcopy(vars(self).get("_sampler")) or self._generator().spawn(1)[0]

        def sampled(machine, V):
            for _ in range(n_steps):
                V = machine.gibbs(V, rng)
            return V

        V = self._by_sample(X, bool, sampled)
        self._sampler = rng
        return V

    def free_energy(self, X):
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
        return self._by_sample(self._checked_again(X), float, RBM.free_energy)

    def score_samples(self, X):
        """Return the pseudo-log-likelihood of each row.

        That is ``sum_i log P(v_i | all other v)``, exactly and for all features, where
        scikit-learn's `BernoulliRBM` takes one random feature and multiplies. Its cost
        is that of some products with the sparse weights.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values in [0, 1]; for one between the expectation over a unit that is on
            with this probability.

        Returns
        -------
        pseudo_log_likelihood : ndarray of shape (n_samples,)
            In nats.
        """
        return self._by_sample(self._checked_again(X), float, RBM.pseudo_log_likelihood)

    def score(self, X, y=None, sample_weight=None):
        """Return the mean pseudo-log-likelihood of the rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values in [0, 1].
        y : object, default=None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, of which only the proportions matter.

        Returns
        -------
        score : float
            In nats per row; greater is better.
        """
        scores = self.score_samples(X)
        if sample_weight is not None:
            weight = checked_sample_weight(sample_weight, scores[:, None])
            sample_weight = scaled(weight)  # whose sum is finite
        return float(np.average(scores, weights=sample_weight))

    @property
    def components_(self):
        """Weights as a CSR array (n_components, n_features)."""
        layer = self._fitted_network.layer
        return layer.topology.to_csr(layer.weights).T.tocsr()

    @property
    def intercept_hidden_(self):
        """Biases of the hidden units."""
        return self._fitted_network.layer.bias

    @property
    def intercept_visible_(self):
        """Biases of the visible units."""
        return self._fitted_network.visible_bias

    @property
    def _n_features_out(self):
        return self._fitted_network.n_units[1]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _checked_again(self, X):
        X = super()._checked_again(X)
        self._check_range(X, self._network.dtype)
        return X

    def _check_range(self, X, dtype):
        """Raise unless all values are probabilities in the dtype."""
        low, high = extremes(X, dtype)
        if low >= -TOLERANCE and high <= 1 + TOLERANCE:
            return
        name = type(self).__name__
        # The first words are those that scikit-learn has for it.
        negative = (
            f"Negative values in data passed to {name}. " if low < -TOLERANCE else ""
        )
        raise ValueError(
            f"{negative}{name} takes values in [0, 1], probabilities of its visible "
            f"units to be on; X has values from {low:g} to {high:g}. Scale X with "
            "MinMaxScaler(clip=True), or with MaxAbsScaler where it is sparse and not "
            "negative, or make it binary with Binarizer."
        )

    def _by_sample(self, X, dtype, answer):
        """Return what ``answer(machine, V)`` gives for each sample, batch by batch."""
        answers = None
        for rows, V in self._network.gathered(Samples(X, dtype=self._network.dtype)):
            part = answer(self._network, V).T
            if answers is None:
                answers = np.empty((X.shape[0], *part.shape[1:]), dtype)
            answers[rows] = part
        return answers
