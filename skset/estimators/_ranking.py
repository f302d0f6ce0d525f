"""`Ranking`: from what a network has learned to the features to keep."""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from numbers import Integral

import numpy as np

from skset.estimators._estimator import shares
from skset.estimators._warnings import warn
from skset.model import (
    attribution,
    contributions,
    coverage,
    path_strength,
    reconstruction_paths,
    strength,
)

__all__ = ["Ranking"]

# After fewer training steps than this, weights are still mostly what was drawn.
FEWEST_STEPS = 50
# How much of what a chosen feature explains `coverage` takes from the others, without
# and with labels. Between inputs it is all redundancy; of what inputs say about y, some
# is confirmation.
SHARES = {False: 1.0, True: 0.5}


@dataclass(frozen=True, eq=False)
class Ranking:
    """What a selector knows of its features.

    An object is never changed: what is learned is in the one that a method returns.

    Attributes
    ----------
    low, high : ndarray of shape (n_features,)
        The least and the greatest value of each feature so far.
    accumulated : tuple of str and ndarray, default=None
        Name of the importance that is added up over the epochs, and the sum.
    history : tuple of ndarray of shape (n_features,)
        Importances after each epoch, if they are kept.
    n_steps : int
        Steps that the training took.
    fell_apart : bool
        Whether its network has had no path from an input to an output.
    importances : ndarray of shape (n_features,), default=None
        Of the features, once they are ranked.
    """

    low: np.ndarray
    high: np.ndarray
    accumulated: tuple[str, np.ndarray] | None = None
    history: tuple[np.ndarray, ...] = ()
    n_steps: int = 0
    fell_apart: bool = False
    importances: np.ndarray | None = None

    def __getstate__(self) -> dict:
        # Without the ranks; a selector that was asked for them is still the same.
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def ranks(self):
        """Rank of each feature; 1 is the best. Ties go to the lower index."""
        ranks = np.empty(self.importances.size, int)
        order = np.argsort(-self.importances, kind="stable")
        ranks[order] = range(1, ranks.size + 1)
        return ranks

    def widened(self, low, high):
        """Return the ranking with the ranges of more samples."""
        low, high = np.minimum(low, self.low), np.maximum(high, self.high)
        return replace(self, low=low, high=high)

    def after_epoch(self, selector, training):
        """Return the ranking with what an epoch has shown, as the selector wants."""
        state, kind = training.state, selector.importance
        noted = replace(self, n_steps=state.steps, fell_apart=state.fell_apart)
        accumulates = _accumulates(selector)
        if not (accumulates or selector.keep_history):
            return noted
        now = _measured(selector, state.network, training)
        if accumulates:
            known = self.accumulated is not None and self.accumulated[0] == kind
            before = self.accumulated[1] if known else 0.0
            noted = replace(noted, accumulated=(kind, before + now))
        if selector.keep_history:
            kept = shares(self._without_constants(now))
            noted = replace(noted, history=(*self.history, kept))
        return noted

    def ranked(self, selector, network, training):
        """Return the ranking with the importances of the features."""
        if _accumulates(selector):
            importances = self.accumulated[1]
        else:
            importances = _measured(selector, network, training)
        return replace(self, importances=self._without_constants(importances))

    def warn(self, n_wanted):
        """Say what makes the selection less than what was asked for."""
        n = self.importances.size
        if isinstance(n_wanted, Integral) and n_wanted > n:
            warn(
                f"n_features_to_select={n_wanted} is greater than n_features={n}. All "
                "the features are selected."
            )
        if self.n_steps < FEWEST_STEPS:
            warn(
                f"The network took only {self.n_steps} training steps, too few for "
                "its importances to mean much. Increase max_iter or decrease "
                "batch_size."
            )
        if self._is_dead() and not self.fell_apart:  # of which it was warned before
            warn(
                "All importances are 0, and the features are ranked by their order in "
                "X: nothing gets through the network any more. Scale X, decrease "
                "learning_rate_init, or raise epsilon or density."
            )

    def _without_constants(self, importances):
        return np.where(self.low == self.high, 0.0, importances)

    def _is_dead(self):
        """Return whether nothing is important though there are features that vary."""
        return not self.importances.any() and (self.low < self.high).any()


def _accumulates(selector):
    """Return whether importances are added up over the epochs."""
    return selector.accumulate and selector.importance != "coverage"


def _measured(selector, network, training):
    """Return the importances that the network shows now, or raise.

    Products of weights along a path can overflow where no weight does.
    """
    with np.errstate(all="ignore"):  # non-finite values raise an error below
        importances = _shown(
            selector.importance, bool(selector.supervised_), network, training.samples
        )
    if not np.isfinite(importances).all():
        raise ValueError(
            "The importances of the features are non-finite: the training has nearly "
            f"diverged. {training.rule.remedy}"
        )
    return importances


def _shown(importance, supervised, network, samples):
    """Return the importances that the network shows now."""
    if importance == "strength":
        return strength(network)
    # A generator of its own: what is looked at must not change what is learned.
    rng = np.random.default_rng(0)
    if not supervised:
        rows = reconstruction_paths(network, samples, rng)
        if importance == "coverage":
            return coverage(rows, share=SHARES[supervised])
        return np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=float))
    if importance == "attribution":
        return attribution(network, samples, rng)
    rows = contributions(network, samples, rng)
    # Their lengths hang on a few samples; the weights are what was learned.
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    rows /= np.where(lengths > 0, lengths, 1)
    rows *= path_strength(network).astype(rows.dtype)[:, None]
    return coverage(rows, share=SHARES[supervised])
