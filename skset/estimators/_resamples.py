"""Pairs of disjoint random parts of the rows, alike in their classes."""

from typing import Any

import numpy as np
from numpy.random import Generator
from scipy import sparse
from sklearn.utils import check_random_state

from skset.estimators._supervision import resolved
from skset.estimators._types import Array

__all__ = ["complementary", "drawn_resamples", "labels_of"]


def labels_of(y: Any) -> Array | None:
    """Return the class of each row as a number, or None if y has no classes."""
    if y is None or resolved("auto", y) != "classification" or sparse.issparse(y):
        return None
    labels = np.asarray(y)
    if labels.size != labels.shape[0]:  # several labels at once
        return None
    _, numbers = np.unique(labels.astype(str).ravel(), return_inverse=True)
    return numbers


def drawn_resamples(
    random_state: Any,
    labels: Array | None,
    n_samples: int,
    n_each: int,
    n_resamples: int,
) -> tuple[list[int], list[Array]]:
    """Return a seed and the rows of each resample; each pair has an own stream."""
    seeds = check_random_state(random_state).randint(2**31 - 1, size=4).tolist()
    found: list[int] = []
    rows: list[Array] = []
    for stream in np.random.SeedSequence(seeds).spawn(n_resamples // 2):
        rng = np.random.default_rng(stream)
        rows += complementary(n_samples, n_each, labels, rng)
        found += rng.integers(2**31 - 1, size=2).tolist()
    return found, rows


def complementary(
    n_samples: int, n_each: int, labels: Array | None, rng: Generator
) -> tuple[Array, Array]:
    """Return two disjoint random sets of rows.

    Each row has the same chance to be in them. Classes have their shares in both, up to
    one row: rows are sorted by class, at random within it. Then some are picked at
    equal distances, and of two neighbours one goes to each set.

    Parameters
    ----------
    n_samples : int
        Number of rows to choose from.
    n_each : int
        Size of each set, at most half of the rows.
    labels : ndarray of shape (n_samples,) or None
        Class of each row.
    rng : Generator
        Of this pair.

    Returns
    -------
    one, other : ndarray of shape (n_each,)
        Sorted row numbers.
    """
    rows = rng.permutation(n_samples)
    if labels is not None:
        rows = rows[np.argsort(labels[rows], kind="stable")]
    distance = n_samples / (2 * n_each)
    picked = np.floor((np.arange(2 * n_each) + rng.random()) * distance).astype(int)
    pairs = rng.permuted(rows[picked].reshape(n_each, 2), axis=1)
    return np.sort(pairs[:, 0]), np.sort(pairs[:, 1])
