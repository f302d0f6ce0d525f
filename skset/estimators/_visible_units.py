"""The visible units of a Boltzmann machine: values in [0, 1], and their means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from skset.estimators._blocks import column_sums, extremes
from skset.estimators._input import stays_as_given
from skset.estimators._types import Array, Matrix
from skset.topology import canonical

__all__ = ["VisibleTotals", "check_probabilities", "probabilities"]

# Tolerance around [0, 1]: rounding of scaled float32 values.
TOLERANCE = 1e-6


def probabilities(X: Matrix, dtype: DTypeLike, name: str) -> Matrix:
    """Return X to train on, sparse X in canonical order, or raise."""
    if not stays_as_given(X, dtype):
        X = canonical(X)
    check_probabilities(X, dtype, name)
    return X


def check_probabilities(X: Matrix, dtype: DTypeLike, name: str) -> None:
    """Raise unless all values are probabilities; the error names the estimator."""
    low, high = extremes(X, dtype)
    if low >= -TOLERANCE and high <= 1 + TOLERANCE:
        return
    # The first words are scikit-learn's.
    negative = f"Negative values in data passed to {name}. " if low < -TOLERANCE else ""
    raise ValueError(
        f"{negative}{name} takes values in [0, 1], probabilities of its visible "
        f"units to be on; X has values from {low:g} to {high:g}. Scale X with "
        "MinMaxScaler(clip=True), or with MaxAbsScaler where it is sparse and not "
        "negative, or make it binary with Binarizer."
    )


@dataclass(frozen=True, eq=False)
class VisibleTotals:
    """Sums of the columns of X, each row with its weight; those of parts can be merged.

    Attributes
    ----------
    totals : ndarray of shape (n_features,)
        With weights in units of their mean, so that a row counts as one.
    n_weighted : int
        Rows with weight.
    weight : float
        Sum of the weights in these units; `n_weighted`, but for rounding.
    mean_weight : tuple of float and int
        The unit, as a number and the exponent of a power of two.
    """

    totals: Array
    n_weighted: int
    weight: float
    mean_weight: tuple[float, int] = (1.0, 0)

    @classmethod
    def of(
        cls, X: Matrix, weight: Array | None, dtype: DTypeLike, exponent: int = 0
    ) -> Self:
        """Return the totals of a checked X.

        Parameters
        ----------
        X : ndarray or CSR matrix
            The rows.
        weight : ndarray, default=None
            Of the rows, which must be neither too large nor too small to be added.
        dtype : dtype
            Of the network, to which X is cast.
        exponent : int, default=0
            Of a power of two by which the weights were divided.
        """
        if weight is None:
            counts, n, mean = np.ones(X.shape[0]), X.shape[0], (1.0, 0)
        else:
            n = int(np.count_nonzero(weight))
            mean = (float(weight.sum()) / max(n, 1), exponent)
            counts = _counts(weight)
        return cls(column_sums(X, counts, dtype), n, float(counts.sum()), mean)

    @classmethod
    def merged(cls, parts: Sequence["VisibleTotals"]) -> "VisibleTotals":
        """Return the totals of all rows of several parts."""
        if len(parts) == 1:  # with all of its bits
            return parts[0]
        power = max(part.mean_weight[1] for part in parts)
        means = [
            np.ldexp(mean, own - power)
            for mean, own in (part.mean_weight for part in parts)
        ]
        n = sum(part.n_weighted for part in parts)
        of_all = sum(m * part.n_weighted for m, part in zip(means, parts, strict=True))
        mean = float(of_all) / n
        factors = [m / mean for m in means]
        pairs = list(zip(factors, parts, strict=True))
        totals = sum(factor * part.totals for factor, part in pairs)
        weight = sum(factor * part.weight for factor, part in pairs)
        return cls(np.asarray(totals), n, float(weight), (mean, power))

    def smoothed_means(self, dtype: Any) -> Array:
        """Return the mean of each column, with half a zero and half a one more.

        So the log-odds of a constant column are finite. Weights are in units of their
        mean, so the added values count the same for any weights as for none.
        """
        means = (self.totals + 0.5) / (self.weight + 1)
        tiny = np.finfo(dtype).eps
        inside: Array = np.clip(means, tiny, 1 - tiny)
        return inside


def _counts(weight: Array) -> Array:
    """Return weights scaled to add up to the number of nonzero weights."""
    if not weight.any():
        return weight
    counts: Array = weight * (np.count_nonzero(weight) / weight.sum())
    return counts
