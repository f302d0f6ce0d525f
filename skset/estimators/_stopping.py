"""When to stop: a plateau of the training loss, or of a validation score."""

from collections.abc import Callable, Mapping
from numbers import Real
from types import SimpleNamespace
from typing import Any

import numpy as np

from skset.estimators._rows_in_place import rows_to_score
from skset.estimators._types import Matrix, Rows
from skset.model import Network

__all__ = ["LossPlateau", "NeverStopping", "ValidationScore", "new_stopping"]


def new_stopping(
    estimator: Any, p: SimpleNamespace, validation_set: Rows | None, inputs: Matrix
) -> "NeverStopping":
    """Return what says when the training of an estimator stalls.

    Parameters
    ----------
    estimator : SparseEstimator
        Has the targets, and makes copies of itself for scorers.
    p : SimpleNamespace
        Its parameters. A `tol` of None never stops.
    validation_set : tuple or None
        X, y, weights and rows to validate on.
    inputs : Matrix
        The same X in the units of the network.
    """
    if p.tol is None:
        return NeverStopping()
    if validation_set is None:
        return LossPlateau(p.tol, p.n_iter_no_change)
    X, y, weight, rows = validation_set
    if p.scoring == "loss":
        targets = estimator._targets
        samples, loss = targets.samples(inputs, y, weight, rows), targets.loss_function

        def negative_loss(network: Network) -> float:
            return -network.loss(samples, loss)

        return ValidationScore(negative_loss, "loss", p.tol, p.n_iter_no_change)
    # Here, as it brings along what doubles the time of the import.
    from sklearn.metrics import check_scoring

    scorer = check_scoring(estimator, scoring=p.scoring)
    kwargs = {} if weight is None else {"sample_weight": weight}
    X = X if rows is None else rows_to_score(X, rows, p.scoring, p.dtype)

    def score(network: Network) -> Any:
        return scorer(estimator._with_network(network), X, y, **kwargs)

    return ValidationScore(score, p.scoring, p.tol, p.n_iter_no_change)


class NeverStopping:
    """Training goes on for all of its epochs."""

    what: str  # is watched
    scores: list[float] | None = None
    best_network: Network | None = None
    worst = np.inf
    best: float
    n_stalled: int
    # Epochs in a row without an improvement, also after the learning rate was lowered.
    since_best = 0

    def __init__(self) -> None:
        self.forget()

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes of the estimator from it: none."""
        return {}

    def forget(self) -> None:
        """Forget the best epoch: the network did not have its final density yet."""
        self.best, self.n_stalled = self.worst, 0

    def resume(self, fitted: Mapping[str, Any]) -> None:
        """Go on from an earlier fit. Nothing of it is needed."""

    def stalled(self, loss: float, network: Any) -> bool:
        """Record an epoch. Never stops the training."""
        self._count(loss < self.best)
        self.best = min(self.best, loss)
        return False

    def _count(self, improved: bool) -> None:
        """Count the epochs since the last improvement, and since patience ran out."""
        self.n_stalled = 0 if improved else self.n_stalled + 1
        self.since_best = 0 if improved else self.since_best + 1


class LossPlateau(NeverStopping):
    """Training stalls when its loss has not fallen for some epochs.

    Parameters
    ----------
    tol : float
        Smallest fall that counts.
    patience : int or inf
        Number of epochs without such a fall that are tolerated.
    """

    what = "Training loss"
    best: float
    worst = np.inf
    # Smallest loss of the earlier fits.
    earlier_best = np.inf

    def __init__(self, tol: float, patience: float) -> None:
        super().__init__()
        self.tol = tol
        self.patience = patience

    def resume(self, fitted: Mapping[str, Any]) -> None:
        """Go on from an earlier fit, given the attributes that it left."""
        best_loss = fitted.get("best_loss_")
        self.earlier_best = np.inf if best_loss is None else best_loss

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes of the estimator from it, as in scikit-learn's MLP."""
        scored = self.scores is not None
        least = min(self.best, self.earlier_best)
        best = least if np.isfinite(least) else None  # every epoch was forgotten
        return {
            "validation_scores_": self.scores,
            "best_validation_score_": best if scored else None,
            "best_loss_": None if scored else best,
        }

    def stalled(self, loss: float, network: Any) -> bool:
        """Record an epoch; return whether patience has run out."""
        self._count(loss <= self.best - self.tol)
        self.best = min(self.best, loss)
        return self._ran_out()

    def _ran_out(self) -> bool:
        if self.n_stalled <= self.patience:
            return False
        self.n_stalled = 0
        return True


class ValidationScore(LossPlateau):
    """Training stalls when a validation score has not risen; keeps the best network.

    Parameters
    ----------
    score : callable
        ``score(network)``, greater is better.
    scoring : str, callable or None
        The user's parameter, for errors.
    tol : float
        Smallest rise that counts.
    patience : int or inf
        Number of epochs without such a rise that are tolerated.

    Raises
    ------
    ValueError
        From `stalled` and `resume`, if a score is NaN or no number.
    """

    what = "Validation score"
    worst = -np.inf

    def __init__(
        self,
        score: Callable[[Network], Any],
        scoring: Any,
        tol: float,
        patience: float,
    ) -> None:
        super().__init__(tol, patience)
        self.score = score
        self.scoring = scoring

    def resume(self, fitted: Mapping[str, Any]) -> None:
        """Go on from an earlier fit; its network is the first to beat."""
        self.best_network = fitted["_network"].at_rest()
        self.best = self._checked_score(self.best_network)
        self.scores = fitted.get("validation_scores_")

    def forget(self) -> None:
        """Forget the best epoch and its network."""
        super().forget()
        self.best_network = None

    def stalled(self, loss: float, network: Network) -> bool:
        """Record an epoch; return whether patience has run out."""
        score = self._checked_score(network)
        self.scores = [*(self.scores or []), score]
        self._count(score >= self.best + self.tol)
        if score > self.best or self.best_network is None:
            self.best = score
            self.best_network = network.copy()
        return self._ran_out()

    def _checked_score(self, network: Network) -> Any:
        score = self.score(network)
        if not isinstance(score, Real) or np.isnan(float(score)):
            raise ValueError(
                f"The validation score is {score!r}, which cannot be compared: "
                f"scoring={self.scoring!r} must give a number for every network."
            )
        return score
