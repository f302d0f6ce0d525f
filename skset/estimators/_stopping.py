"""When to stop: watching the training loss, or a validation score."""

from numbers import Real

import numpy as np

__all__ = ["LossPlateau", "NeverStopping", "ValidationScore"]


class NeverStopping:
    """Training goes on for all of its epochs."""

    scores: list[float] | None = None
    best_network = None
    worst = np.inf
    best: float
    n_stalled: int
    # Epochs in a row without an improvement, whatever was done about them.
    since_best = 0

    def __init__(self):
        self.forget()

    @property
    def attributes(self):
        """What the estimator shows of it: nothing."""
        return {}

    def forget(self):
        """Forget the best epoch; the network was not yet what it is to be."""
        self.best, self.n_stalled = self.worst, 0

    def stalled(self, loss, network):
        """Take note of an epoch; return False."""
        self._count(loss < self.best)
        self.best = min(self.best, loss)
        return False

    def _count(self, improved):
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
        Epochs without such a fall that are tolerated.
    """

    what = "Training loss"
    best: float
    worst = np.inf
    # Smallest loss of earlier fits that this one goes on from.
    earlier_best = np.inf

    def __init__(self, tol, patience):
        super().__init__()
        self.tol = tol
        self.patience = patience

    def resume(self, network, best_loss, scores):
        """Go on from an earlier fit.

        Parameters
        ----------
        network : Network
            As it was; it is kept, not copied.
        best_loss : float or None
            Smallest training loss so far.
        scores : list of float or None
            Validation scores so far.
        """
        self.earlier_best = np.inf if best_loss is None else best_loss

    @property
    def attributes(self):
        """What the estimator shows of it, as scikit-learn's MLP does."""
        scored = self.scores is not None
        least = min(self.best, self.earlier_best)
        best = least if np.isfinite(least) else None  # all was forgotten
        return {
            "validation_scores_": self.scores,
            "best_validation_score_": best if scored else None,
            "best_loss_": None if scored else best,
        }

    def stalled(self, loss, network):
        """Take note of an epoch; return whether patience has run out."""
        self._count(loss <= self.best - self.tol)
        self.best = min(self.best, loss)
        return self._ran_out()

    def _ran_out(self):
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
        Epochs without such a rise that are tolerated.

    Raises
    ------
    ValueError
        From `stalled` and `resume`, if a score is NaN or no number.
    """

    what = "Validation score"
    worst = -np.inf

    def __init__(self, score, scoring, tol, patience):
        super().__init__(tol, patience)
        self.score = score
        self.scoring = scoring

    def resume(self, network, best_loss, scores):
        """Go on from an earlier fit, whose network is the first to beat."""
        self.best, self.best_network = self._checked_score(network), network
        self.scores = scores

    def forget(self):
        """Forget the best epoch and its network."""
        super().forget()
        self.best_network = None

    def stalled(self, loss, network):
        """Take note of an epoch; return whether patience has run out."""
        score = self._checked_score(network)
        self.scores = [*(self.scores or []), score]
        self._count(score >= self.best + self.tol)
        if score > self.best or self.best_network is None:
            self.best = score
            self.best_network = network.copy()
        return self._ran_out()

    def _checked_score(self, network):
        score = self.score(network)
        if not isinstance(score, Real) or np.isnan(float(score)):
            raise ValueError(
                f"The validation score is {score!r}, which cannot be compared: "
                f"scoring={self.scoring!r} must give a number for every network."
            )
        return score
