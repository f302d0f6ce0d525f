"""Selections of features as masks, and how much each two of them agree."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from skset.metrics import selection_stability

__all__ = ["checked_names", "masks_of", "pairwise_agreement", "support_of"]

Array: TypeAlias = NDArray[Any]


def masks_of(
    selections: Sequence[ArrayLike], names: ArrayLike | None, n_features: int | None
) -> Array:
    """Return selections as masks (n_selections, n_features).

    Parameters
    ----------
    selections : sequence of array-like
        Masks, or indices of columns.
    names : array-like of str or None
        Names of all features, which tell their number.
    n_features : int or None
        Their number.

    Raises
    ------
    ValueError
        If there are none, if one is neither a mask nor indices of columns, or the
        number of features is not known.
    """
    parts = [np.asarray(selection) for selection in selections]
    if not parts:
        raise ValueError("At least one selection is needed.")
    if n_features is None and names is not None:
        n_features = np.asarray(names).size
    if n_features is None and parts[0].dtype == bool:
        n_features = parts[0].size
    if n_features is None:
        raise ValueError("Indices of columns need feature_names or n_features.")
    return np.array([_mask(part, n_features) for part in parts])


def _mask(selection: Array, n_features: int) -> Array:
    if selection.dtype == bool and selection.shape == (n_features,):
        return selection
    mask = np.zeros(n_features, bool)
    if selection.size == 0 and selection.ndim == 1:
        return mask  # an empty list has no type
    whole = selection.ndim == 1 and selection.dtype.kind in "iu"
    if not whole or selection.min() < 0 or selection.max() >= n_features:
        raise ValueError(
            f"Each selection must be a mask of {n_features} features or an array of "
            f"their indices; got {selection!r}."
        )
    mask[selection] = True
    return mask


def support_of(selectors: Sequence[Any]) -> tuple[list[Array], Array | None]:
    """Return the masks of fitted selectors, and the names of the features if known.

    Raises
    ------
    NotFittedError
        If one is not fitted.
    TypeError
        If one is no selector.
    ValueError
        If they were fitted to other columns.
    """
    for selector in selectors:
        if not hasattr(selector, "get_support"):
            raise TypeError(f"A selector has get_support; got {selector!r}.")
        check_is_fitted(selector)
    names: list[Any] = [
        getattr(selector, "feature_names_in_", None) for selector in selectors
    ]
    if any(not np.array_equal(names[0], other) for other in names[1:]):
        raise ValueError("The selectors were fitted to columns with other names.")
    masks = [selector.get_support() for selector in selectors]
    return masks, names[0] if names else None


def checked_names(names: ArrayLike | None, n_features: int) -> Array:
    """Return the names, or "x0", "x1", ...; raise if they are not `n_features`."""
    if names is None:
        names = [f"x{i}" for i in range(n_features)]
    checked = np.asarray(names, str)
    if checked.shape != (n_features,):
        raise ValueError(f"{checked.size} names for {n_features} features.")
    return checked


def pairwise_agreement(masks: Array) -> Array:
    """Return Kuncheva's index of each pair of masks, 1 of a mask and itself."""
    agreement = np.eye(len(masks))
    for i, j in combinations(range(len(masks)), 2):
        agreement[i, j] = agreement[j, i] = selection_stability(masks[[i, j]])
    return agreement
