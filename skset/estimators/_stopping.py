"""When to stop: watching the training loss, or a validation score."""

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

    def __init__(self, tol, patience):
        super().__init__()
        self.tol = tol
        self.patience = patience

    @property
    def attributes(self):
        """What the estimator shows of it, as scikit-learn's MLP does."""
        scored = self.scores is not None
        best = self.best if np.isfinite(self.best) else None  # all was forgotten
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
    tol : float
        Smallest rise that counts.
    patience : int or inf
        Epochs without such a rise that are tolerated.
    """

    what = "Validation score"
    worst = -np.inf

    def __init__(self, score, tol, patience):
        super().__init__(tol, patience)
        self.score = score

    def forget(self):
        """Forget the best epoch and its network."""
        super().forget()
        self.best_network = None

    def stalled(self, loss, network):
        """Take note of an epoch; return whether patience has run out."""
        score = self.score(network)
        self.scores = [*(self.scores or []), score]
        self._count(score >= self.best + self.tol)
        if score > self.best or self.best_network is None:
            self.best = score
            self.best_network = network.copy()
        return self._ran_out()
