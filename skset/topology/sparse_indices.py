"""Sparse matrices: a check of their indices, and a canonical form."""

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

__all__ = ["canonical", "checked_indices"]


def checked_indices(X: Any, name: str = "X") -> Any:
    """Return X, after making sure that its sparse indices are within its shape.

    scikit-learn does not look at them, and compiled code that follows a wrong one reads
    outside its arrays.

    Raises
    ------
    ValueError
        If indices or index pointers are out of range or do not fit together.
    """
    if sparse.issparse(X) and X.format in CHECKS:
        try:
            CHECKS[X.format](X)
        except (TypeError, ValueError) as error:  # of lists with anything in them
            raise ValueError(f"Sparse {name} has invalid indices: {error}") from error
    return X


def canonical(X: Any) -> Any:
    """Return a sparse X without duplicates; X itself where it is so, or dense."""
    if sparse.issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def _check_compressed(X: Any) -> None:
    _check_whole(X.indptr, X.indices)
    if X.format == "bsr" and 0 in X.blocksize:
        raise ValueError(f"blocks of shape {X.blocksize}")
    # scipy looks at this only where the last pointer is greater than 0.
    if X.indptr.size > 1 and np.diff(X.indptr.astype(np.int64)).min() < 0:
        raise ValueError("index pointers must not decrease")
    # A second matrix on the same arrays, as check_format may replace attributes.
    twin = type(X)((X.data, X.indices, X.indptr), shape=X.shape, copy=False)
    twin.check_format(full_check=True)
    if X.format != "bsr" and X.data.size != X.indices.size:
        raise ValueError(f"{X.indices.size} indices but {X.data.size} values")
    if X.format == "bsr" and X.indptr[-1] != X.indices.size:  # scipy cannot read it
        raise ValueError(f"{X.indices.size} blocks but pointers to {X.indptr[-1]}")


def _check_coordinates(X: Any) -> None:
    _check_whole(*X.coords)
    for index, size in zip(X.coords, X.shape, strict=True):
        if index.size != X.data.size:
            raise ValueError(f"{index.size} indices but {X.data.size} values")
        if index.size and not (index.min() >= 0 and index.max() < size):
            raise ValueError(f"indices outside [0, {size})")


def _check_lists(X: Any) -> None:
    if not len(X.rows) == len(X.data) == X.shape[0]:
        raise ValueError("not as many lists of indices or of values as rows")
    for row, values in zip(X.rows, X.data, strict=True):
        if len(row) != len(values):
            raise ValueError(f"{len(row)} indices but {len(values)} values in a row")
        if not all(isinstance(index, Integral) for index in row):
            raise ValueError("indices must be whole numbers")
        if len(set(row)) < len(row):
            raise ValueError("an index comes twice in a row of a list of lists")
        if row and not (min(row) >= 0 and max(row) < X.shape[1]):
            raise ValueError(f"indices outside [0, {X.shape[1]})")


def _check_diagonals(X: Any) -> None:
    if X.data.ndim != 2 or X.offsets.shape != X.data.shape[:1]:
        raise ValueError("not as many offsets as diagonals")
    _check_whole(X.offsets)
    if np.unique(X.offsets).size < X.offsets.size:
        raise ValueError("an offset comes twice")


def _check_whole(*arrays: npt.NDArray[Any]) -> None:
    for array in arrays:
        if array.dtype.kind not in "iu":
            raise ValueError(f"indices must be whole numbers, got {array.dtype}")


CHECKS: dict[str, Callable[[Any], None]] = {
    "csr": _check_compressed,
    "csc": _check_compressed,
    "bsr": _check_compressed,
    "coo": _check_coordinates,
    "lil": _check_lists,
    "dia": _check_diagonals,
}
