"""`Ranking`: importances and ranks of features, from a trained network."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from numbers import Integral
from typing import Any

import numpy as np

from skset.estimators._blocks import ranges
from skset.estimators._estimator import shares
from skset.estimators._types import Array, Matrix
from skset.estimators._warnings import warn
from skset.model import (
    ExplainedVariance,
    Network,
    Samples,
    attribution,
    contributions,
    coverage,
    path_strength,
    reconstruction_paths,
    strength,
)
from skset.training import Training

__all__ = ["Ranking"]

# After fewer training steps than this, weights are still mostly random.
FEWEST_STEPS = 50
# Share of the part explained by a chosen feature that `coverage` removes from the
# others, without and with labels. Among inputs alone this part is redundant. With
# labels it also confirms what they tell about y.
SHARES = {False: 1.0, True: 0.5}
# Importances of each feature on its own: a sum over the epochs makes sense.
ACCUMULATED = "strength", "attribution"


@dataclass(frozen=True, eq=False)
class Ranking:
    """What a selector has learned about its features.

    An object is never changed: methods return a new one.

    Attributes
    ----------
    low, high : ndarray of shape (n_features,)
        The least and the greatest value of each feature so far.
    accumulated : tuple of str and ndarray, default=None
        Name of the importance that is added up over the epochs, and its sum.
    history : tuple of ndarray of shape (n_features,)
        Importances after each epoch, if they are kept.
    n_steps : int
        Steps that the training took.
    fell_apart : bool
        Whether its network has had no path from an input to an output.
    explained : ExplainedVariance, default=None
        What the targets explain of the features, over all calls, for "relevance".
    importances : ndarray of shape (n_features,)
        Of the features, once they are ranked; before that it is empty.
    n_chosen : int, default=None
        How many of them `fit` chose to keep, if it was to find out.
    """

    low: Array
    high: Array
    accumulated: tuple[str, Array] | None = None
    history: tuple[Array, ...] = ()
    n_steps: int = 0
    fell_apart: bool = False
    explained: ExplainedVariance | None = None
    importances: Array = field(default_factory=partial(np.empty, 0))
    n_chosen: int | None = None

    def __getstate__(self) -> dict[str, Any]:
        # Without the ranks; a selector that was asked for them is still the same.
        return {part.name: getattr(self, part.name) for part in fields(self)}

    @cached_property
    def ranks(self) -> Array:
        """Rank of each feature; 1 is the best. Ties go to the lower index."""
        ranks = np.empty(self.importances.size, int)
        order = np.argsort(-self.importances, kind="stable")
        ranks[order] = range(1, ranks.size + 1)
        return ranks

    @classmethod
    def of(cls, X: Matrix, before: "Ranking | None") -> "Ranking":
        """Return the ranking before a training, with the ranges of these samples too.

        `before` is that of earlier samples, or None.
        """
        low, high = ranges(X, np.float64)
        if before is None:
            return cls(low, high)
        low, high = np.minimum(low, before.low), np.maximum(high, before.high)
        return replace(before, low=low, high=high)

    @classmethod
    def merged(cls, parts: Sequence["Ranking"]) -> "Ranking":
        """Return the ranking before a training, with the ranges of several parts."""
        low = np.min([part.low for part in parts], axis=0)
        return cls(low, np.max([part.high for part in parts], axis=0))

    def after_epoch(self, selector: Any, training: Training) -> "Ranking":
        """Return the ranking with the importances of an epoch, if they are kept."""
        state, kind = training.state, _kind_of(selector)
        noted = replace(self, n_steps=state.steps, fell_apart=state.fell_apart)
        accumulates = _accumulates(selector)
        if not (accumulates or selector.keep_history):
            return noted
        now = _measured(
            selector, state.network, training, self._explained(selector, training)
        )
        if accumulates:
            before: Array | float = 0.0
            if self.accumulated is not None and self.accumulated[0] == kind:
                before = self.accumulated[1]
            noted = replace(noted, accumulated=(kind, before + now))
        if selector.keep_history:
            kept = shares(self._without_constants(now))
            noted = replace(noted, history=(*self.history, kept))
        return noted

    def ranked(self, selector: Any, network: Network, training: Training) -> "Ranking":
        """Return the ranking with the importances of the features."""
        explained = self._explained(selector, training)
        if _accumulates(selector) and self.accumulated is not None:
            _, importances = self.accumulated
        else:
            importances = _measured(selector, network, training, explained)
        kept = self._without_constants(importances)
        return replace(self, importances=kept, explained=explained)

    def _explained(self, selector: Any, training: Training) -> ExplainedVariance | None:
        """Return what the targets explain in the calls so far, this one included."""
        if _kind_of(selector) != "relevance":
            return None
        n_targets = selector._targets.n_outputs
        explained = ExplainedVariance.of(training.samples.at_hand, n_targets)
        return explained if self.explained is None else self.explained + explained

    def n_selected(self, wanted: int | float | str) -> int:
        """Return how many features are kept: a number or share, "all" or "auto"."""
        n = self.importances.size
        if wanted == "auto":
            return self._number_found()
        if isinstance(wanted, str):
            return n
        if not isinstance(wanted, Integral):
            return max(1, round(wanted * n))
        return min(int(wanted), n)

    def _number_found(self) -> int:
        if self.n_chosen is None:
            raise ValueError(
                "n_features_to_select='auto' is found out by fit, and the last fit had "
                "another value. Call fit again, or give a number, a share, or 'all'."
            )
        return self.n_chosen

    def warn(self, n_wanted: int | float | str) -> None:
        """Warn if the selection is less than the user asked for."""
        n = self.importances.size
        if isinstance(n_wanted, Integral) and int(n_wanted) > n:
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
        if self._is_dead() and not self.fell_apart:  # a warning was given before
            warn(
                "All importances are 0, and the features are ranked by their order in "
                "X: nothing gets through the network any more. Scale X, decrease "
                "learning_rate_init, or raise epsilon or density."
            )

    def _without_constants(self, importances: Array) -> Array:
        return np.where(self.low == self.high, 0.0, importances)

    def _is_dead(self) -> bool:
        """Return whether nothing is important though there are features that vary."""
        return not self.importances.any() and bool((self.low < self.high).any())


def _kind_of(selector: Any) -> str:
    """Return the importance by which a selector ranks, also if it is "auto"."""
    kind: str = selector.auto_params_.get("importance", selector.importance)
    return kind


def _accumulates(selector: Any) -> bool:
    """Return whether importances are added up over the epochs."""
    return bool(selector.accumulate) and _kind_of(selector) in ACCUMULATED


def _measured(
    selector: Any,
    network: Network,
    training: Training,
    explained: ExplainedVariance | None,
) -> Array:
    """Return the importances that the network shows now, or raise.

    Products of weights along a path can overflow even if no weight does.
    """
    supervised = bool(selector.supervised_)
    with np.errstate(all="ignore"):  # non-finite values raise an error below
        importances = _shown(
            _kind_of(selector), supervised, network, training.samples.at_hand, explained
        )
    if not np.isfinite(importances).all():
        raise ValueError(
            "The importances of the features are non-finite: the training has nearly "
            f"diverged. {training.rule.remedy}"
        )
    return importances


def _shown(
    importance: str,
    supervised: bool,
    network: Network,
    samples: Samples,
    explained: ExplainedVariance | None,
) -> Array:
    """Return the importances from the present network."""
    if importance == "strength":
        return strength(network)
    # A generator of its own: to read importances must not change the training.
    rng = np.random.default_rng(0)
    if not supervised:
        rows = reconstruction_paths(network, samples, rng)
        if importance == "coverage":
            return coverage(rows, share=SHARES[supervised])
        norms: Array = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=float))
        return norms
    if importance == "attribution":
        return attribution(network, samples, rng)
    rows = contributions(network, samples, rng)
    return _covering(rows, path_strength(network), explained)


def _covering(
    rows: Array, lengths: Array, explained: ExplainedVariance | None
) -> Array:
    """Return the importances of features by how their contributions cover all.

    Parameters
    ----------
    rows : ndarray of shape (n_features, m)
        Contributions, which are changed. Their own lengths depend on a few samples.
    lengths : ndarray of shape (n_features,)
        Their lengths by the weights, which were learned from all samples.
    explained : ExplainedVariance or None
        What the lengths are multiplied by.
    """
    own = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    rows /= np.where(own > 0, own, 1)
    if explained is None:
        rows *= lengths.astype(rows.dtype)[:, None]
        return coverage(rows, share=SHARES[True])
    lengths = lengths * explained.ratios()
    rows *= lengths.astype(rows.dtype)[:, None]
    # Most rows are short now, so that their median says nothing. With the mean as the
    # floor no short row is chosen because it points where long ones do.
    squares = lengths**2
    ridge = squares.mean() / np.median(squares[squares > 0]) if squares.any() else 1.0
    return coverage(rows, share=SHARES[True], ridge=ridge)
