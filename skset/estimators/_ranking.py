"""`FeatureRanking`: from what a network has learned to the features to keep."""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted

from skset.estimators._base import BaseSET
from skset.estimators._learned import shares
from skset.estimators._warnings import warn
from skset.model import (
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
# What a fit leaves behind, beside attributes that every fit sets anew.
FITTED = (
    *("_network", "_targets", "classes_", "supervised_"),
    *("_importances", "_ranking"),
)


class FeatureRanking(SelectorMixin, BaseSET):
    """A network whose inputs are ranked, and the best of them selected.

    Warning: this class is not to be used directly; use `QuickSelection`.
    """

    _lowest: Any
    _highest: Any
    _accumulated: Any
    _history: Any
    _n_steps: int
    _fell_apart: bool
    supervised_: Any

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
        n = self._learned("_importances").size
        self._validate_params()  # as it may have been changed since the fit
        wanted = self.n_features_to_select
        if isinstance(wanted, str):
            return n
        if not isinstance(wanted, Integral):
            return max(1, round(wanted * n))
        return min(int(wanted), n)

    def _get_support_mask(self):
        check_is_fitted(self)
        return self.support_

    def _forget(self):
        """Be as new, apart from the parameters."""
        for name in FITTED:
            if name in vars(self):
                delattr(self, name)
        self._accumulated, self._history = {}, []

    # What `BaseSET` tells.

    def _record(self, loss, training):
        super()._record(loss, training)
        self._n_steps = training.progress.steps
        self._fell_apart = training.progress.fell_apart
        accumulates = self.accumulate and self.importance != "coverage"
        if not (accumulates or self.keep_history):
            return
        now = self._measured(training.network, training)
        if accumulates:
            before = self._accumulated.get(self.importance, 0.0)
            self._accumulated = {self.importance: before + now}
        if self.keep_history:
            self._history = [*self._history, shares(self._without_constants(now))]

    def _learned_attributes(self, network, training):
        if self.accumulate and self.importance != "coverage":
            importances = self._accumulated[self.importance]
        else:
            importances = self._measured(network, training)
        importances = self._without_constants(importances)
        ranking = np.empty(importances.size, int)
        ranking[np.argsort(-importances, kind="stable")] = range(1, ranking.size + 1)
        return {
            **super()._learned_attributes(network, training),
            "_importances": importances,
            "_ranking": ranking,
        }

    @property
    def importances_history_(self):
        """Importances after each epoch."""
        history = self._learned("_history")
        if not (self.keep_history and history):
            raise AttributeError("importances_history_ needs keep_history=True.")
        return np.array(history)

    def _measured(self, network, training):
        """Return the importances that the network shows now, or raise.

        Products of weights along a path can overflow where no weight does.
        """
        with np.errstate(all="ignore"):  # raised below
            importances = self._shown(network, training)
        if not np.isfinite(importances).all():
            raise ValueError(
                "The importances of the features are non-finite: the training has "
                f"nearly diverged. {training.remedy}"
            )
        return importances

    def _shown(self, network, training):
        """Return the importances that the network shows now."""
        if self.importance == "strength":
            return strength(network)
        samples, share = training.samples, SHARES[bool(self.supervised_)]
        # A generator of its own: what is looked at must not change what is learned.
        rng = np.random.default_rng(0)
        if not self.supervised_:
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

    def _is_dead(self):
        """Return whether nothing is important though there are features that vary."""
        return not self._importances.any() and (self._lowest < self._highest).any()

    def _warn(self):
        """Say what makes the selection less than what was asked for."""
        n, wanted = self._importances.size, self.n_features_to_select
        if isinstance(wanted, Integral) and wanted > n:
            warn(
                f"n_features_to_select={wanted} is greater than n_features={n}. All "
                "the features are selected."
            )
        if self._n_steps < FEWEST_STEPS:
            warn(
                f"The network took only {self._n_steps} training steps, too few for "
                "its importances to mean much. Increase max_iter or decrease "
                "batch_size."
            )
        if self._is_dead() and not self._fell_apart:  # of which it was warned before
            warn(
                "All importances are 0, and the features are ranked by their order in "
                "X: nothing gets through the network any more. Scale X, decrease "
                "learning_rate_init, or raise epsilon or density."
            )
