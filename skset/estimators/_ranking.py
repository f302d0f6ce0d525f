"""`FeatureRanking`: from what a network has learned to the features to keep."""

import warnings
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted

from skset.estimators._base import BaseSET
from skset.estimators._learned import shares
from skset.network import (
    attribution,
    contributions,
    coverage,
    path_strength,
    reconstruction_paths,
    strength,
)

__all__ = ["FeatureRanking"]

# After fewer training steps than this, weights are still mostly what was drawn.
FEWEST_STEPS = 50
# How much of what a chosen feature explains `coverage` takes from the others, without
# and with labels. Between inputs it is all redundancy; of what inputs say about y, some
# is confirmation.
SHARES = {False: 1.0, True: 0.5}


class FeatureRanking(SelectorMixin, BaseSET):
    """A network whose inputs are ranked, and the best of them selected.

    Warning: this class is not to be used directly; use `QuickSelection`.
    """

    _lowest: Any
    _highest: Any
    _accumulated: Any
    _history: Any

    @property
    def feature_importances_(self):
        """Importance of each feature; they add up to 1."""
        return shares(self._learned("_importances"))

    @property
    def ranking_(self):
        """Rank of each feature; 1 is the best."""
        return self._learned("_ranking")

    @property
    def support_(self):
        """Mask of the selected features."""
        return self.ranking_ <= self.n_features_to_select_

    @property
    def n_features_to_select_(self):
        """Number of selected features."""
        n, wanted = self._learned("_importances").size, self.n_features_to_select
        if isinstance(wanted, str):
            return n
        if not isinstance(wanted, Integral):
            return max(1, int(wanted * n))
        return min(int(wanted), n)

    def _get_support_mask(self):
        check_is_fitted(self)
        return self.support_

    def _record(self, loss, training):
        super()._record(loss, training)
        accumulates = self.accumulate and self.importance != "coverage"
        if accumulates or self.keep_history:
            now = self._measured(training.network, training)
            self._accumulated = self._accumulated + now
            if self.keep_history:
                self._history = [*self._history, shares(self._without_constants(now))]

    def _note_training(self, training):
        if self.accumulate and self.importance != "coverage":
            importances = self._accumulated
        else:
            importances = self._measured(self._network, training)
        self._importances = self._without_constants(importances)
        order = np.argsort(-self._importances, kind="stable")
        self._ranking = np.empty(order.size, int)
        self._ranking[order] = np.arange(1, order.size + 1)
        if self.keep_history:
            self.importances_history_ = np.array(self._history)
        if self._training_state is None:  # not in partial_fit
            self._warn(training.progress.steps)

    # Importances.

    def _forget(self):
        """Be as new, apart from the parameters."""
        for name in ("_network", "_targets", "classes_", "importances_history_"):
            if name in vars(self):
                delattr(self, name)
        self._accumulated, self._history = 0.0, []

    def _learned(self, name):
        if not self.__sklearn_is_fitted__():
            raise AttributeError("This QuickSelection instance is not fitted yet.")
        return vars(self)[name]

    def _measured(self, network, training):
        """Return the importances that the network shows now."""
        if self.importance == "strength":
            return strength(network)
        samples = training.samples
        rng = training.rng.spawn(1)[0]  # so that what is measured changes nothing
        share = SHARES[bool(self.supervised)]
        if not self.supervised:
            rows = reconstruction_paths(network, samples, rng)
            if self.importance == "coverage":
                return coverage(rows, share=share)
            return np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=float))
        if self.importance == "attribution":
            return attribution(network, samples, rng)
        rows = contributions(network, samples, rng)
        # Their lengths hang on a few samples; the weights are what was learned.
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
        rows /= np.where(lengths > 0, lengths, 1)
        rows *= path_strength(network).astype(rows.dtype)[:, None]
        return coverage(rows, share=share)

    def _without_constants(self, importances):
        return np.where(self._lowest == self._highest, 0.0, importances)

    def _warn(self, n_steps):
        n, wanted = self._importances.size, self.n_features_to_select
        if isinstance(wanted, Integral) and wanted > n:
            warnings.warn(
                f"n_features_to_select={wanted} is greater than n_features={n}. All "
                "the features are selected.",
                UserWarning,
                stacklevel=2,
            )
        if n_steps < FEWEST_STEPS:
            warnings.warn(
                f"The network took only {n_steps} training steps, too few for its "
                "importances to mean much. Increase max_iter or decrease batch_size.",
                UserWarning,
                stacklevel=2,
            )
