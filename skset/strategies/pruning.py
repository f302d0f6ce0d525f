"""Unit pruning: which hidden units are removed for good.

A unit pruning is called as ``pruning(strengths)`` with the strength of each unit of a
hidden layer. It returns a boolean array, True where a unit is kept. It is only called
if ``due(before, now)`` is True, given the shares of the training that were done an
epoch ago and now.
"""

from dataclasses import dataclass

import numpy as np

from skset.topology import Booleans, Floats

__all__ = ["ImportancePruning"]


@dataclass(frozen=True)
class ImportancePruning:
    """Remove the hidden units whose strength is at or below a quantile.

    Importance pruning of Curci et al. 2021 (arXiv 2102.01732, algorithm 2). The
    strength of a unit is the sum of ``|w|`` over its incoming connections. The
    strongest unit of a layer always stays. Its name is "strength":
    ``SETClassifier(unit_pruning="strength")``.

    Parameters
    ----------
    quantile : float in [0, 1), default=0.1
        About this share of a layer's units is removed each time, and all units without
        an incoming connection. 0.1 is chosen by us.
    start : float in [0, 1], default=0.4
        Share of the training before the first removal. Weak units can recover until
        then. In the paper 200 of 500 epochs.
    stop : float in [0, 1], default=0.8
        Share of the training after which no unit is removed, so that the others can
        adapt. 0.8 is chosen by us.
    every : float in (0, 1], default=0.08
        Share of the training between removals; in the paper 40 of 500 epochs.
    """

    quantile: float = 0.1
    start: float = 0.4
    stop: float = 0.8
    every: float = 0.08

    def __post_init__(self) -> None:
        if not 0 <= self.quantile < 1:
            raise ValueError(f"quantile must be in [0, 1), got {self.quantile!r}.")
        if not 0 <= self.start <= self.stop <= 1:
            raise ValueError(
                "0 <= start <= stop <= 1 must hold, got "
                f"start={self.start!r}, stop={self.stop!r}."
            )
        if not 0 < self.every <= 1:
            raise ValueError(f"every must be in (0, 1], got {self.every!r}.")

    def due(self, before: float, now: float) -> bool:
        """Return whether a removal is due in (before, now].

        Parameters
        ----------
        before, now : float in [0, 1]
            Shares of the training that were done an epoch ago and are done now.

        Returns
        -------
        due : bool
            True if units of all hidden layers are to be removed.
        """
        return self._times_until(now) > self._times_until(before)

    def _times_until(self, progress: float) -> int:
        progress = min(progress, self.stop)
        # The small number allows for rounding of the shares.
        return (
            1 + int((progress - self.start) / self.every + 1e-9)
            if (progress >= self.start - 1e-9)
            else 0
        )

    def __call__(self, strengths: Floats) -> Booleans:
        """Return which units of a hidden layer are kept.

        Parameters
        ----------
        strengths : ndarray of shape (n_units,)
            Sum of ``|w|`` over the incoming connections of each unit.

        Returns
        -------
        keep : ndarray of shape (n_units,), bool
            True where a unit is kept.
        """
        keep: Booleans = strengths > np.quantile(strengths, self.quantile)
        keep[np.argmax(strengths)] = True
        return keep
