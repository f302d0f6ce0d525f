"""Ranked features as a table of records: name, column, rank, importance."""

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from skset.estimators._types import Array

__all__ = ["feature_records", "ranked_features"]


def feature_records(
    names: ArrayLike,
    importances: ArrayLike,
    *,
    ranks: ArrayLike | None = None,
    n: int | None = None,
) -> Array:
    """Return the best features as a table, the best one first.

    Parameters
    ----------
    names : array-like of str of shape (n_features,)
        Their names.
    importances : array-like of shape (n_features,)
        Their importances.
    ranks : array-like of int of shape (n_features,), default=None
        Their ranks from 1 to n_features. By default the greatest importance has rank 1,
        and ties go to the lower column.
    n : int, default=None
        How many rows; None or more than there are means all.

    Returns
    -------
    records : ndarray of shape (n,)
        A structured array with the fields "feature" (its name), "index" (its column),
        "rank" and "importance".

    Raises
    ------
    ValueError
        If n is less than 1, or the lengths differ.
    TypeError
        If n is no whole number.
    """
    if n is not None:
        check_scalar(n, "n", Integral, min_val=1)
    names, importances = np.asarray(names, str), np.asarray(importances)
    if names.shape != importances.shape:
        raise ValueError(f"{names.size} names for {importances.size} features.")
    key = -importances if ranks is None else np.asarray(ranks)
    order = np.argsort(key, kind="stable")[:n]
    fields = [("feature", names.dtype), ("index", int), ("rank", int)]
    records = np.empty(order.size, [*fields, ("importance", float)])
    records["feature"], records["importance"] = names[order], importances[order]
    records["index"], records["rank"] = order, np.arange(1, order.size + 1)
    return records


def ranked_features(selector: Any, n: int | None = None) -> Array:
    """Return the best features as a table, the best one first.

    `pandas.DataFrame` takes it as it is. For a selector in a Pipeline see
    `skset.inspection.ranked_features`, which knows the names before the first step.

    Parameters
    ----------
    n : int, default=None
        How many features; None means all, selected or not.

    Returns
    -------
    records : ndarray of shape (n,)
        A structured array with the fields "feature" (its name in the fit, or "x" and
        its column), "index" (its column), "rank" and "importance".

    Raises
    ------
    NotFittedError
        If the selector is not fitted.
    ValueError
        If n is less than 1.
    TypeError
        If n is no whole number.
    """
    check_is_fitted(selector)
    names = vars(selector).get("feature_names_in_")
    if names is None:
        names = [f"x{i}" for i in range(selector.n_features_in_)]
    return feature_records(
        names, selector.feature_importances_, ranks=selector.ranking_, n=n
    )
