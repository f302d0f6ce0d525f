"""The visible units of a Boltzmann machine: values in [0, 1], and their means."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from skset.estimators._blocks import column_sums, extremes
from skset.estimators._input import stays_as_given
from skset.estimators._types import Array, Matrix
from skset.topology import canonical

__all__ = ["check_probabilities", "probabilities", "smoothed_means"]

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


def smoothed_means(X: Matrix, weight: Array | None, dtype: Any) -> Array:
    """Return the mean of each column, with half a zero and half a one more.

    So the log-odds of a constant column are finite. Weights are in units of their mean,
    so the added values count the same for any weights as for none.
    """
    weight = np.ones(X.shape[0]) if weight is None else _counts(weight)
    totals = column_sums(X, weight, dtype)
    means = (totals + 0.5) / (weight.sum() + 1)
    tiny = np.finfo(dtype).eps
    inside: Array = np.clip(means, tiny, 1 - tiny)
    return inside


def _counts(weight: Array) -> Array:
    """Return weights scaled to add up to the number of nonzero weights."""
    counts: Array = weight * (np.count_nonzero(weight) / weight.sum())
    return counts
