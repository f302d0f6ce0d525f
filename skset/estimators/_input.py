"""Checks of X and y; a large X or a memory map stays as it is.

It is cast batch by batch. Facts about all of it are found block by block.
"""

import mmap
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from scipy import sparse
from sklearn.utils.validation import check_is_fitted, validate_data

from skset.estimators._blocks import check_finite
from skset.estimators._columns import check_table, located, refuse_missing
from skset.estimators._types import Array, Matrix
from skset.topology import checked_indices

__all__ = ["checked", "checked_again", "own_type", "picked", "stays_as_given"]

# Up to so many bytes a table in memory is cast and put in C order once. This is less
# work than in every batch of every epoch, and a second table takes little memory beside
# the network. For a larger table memory may be short.
CAST_AT_ONCE = 32 << 20
REAL_KINDS = "biuf"
# Types that X keeps until it is standardised; all others become the first.
OWN_TYPES = [np.float64, np.float32]
# Up to so many numbers the checks can take longer than a prediction.
FEW_NUMBERS = 1 << 16


def checked(
    estimator: Any, X: Any, y: Any, *, dtype: DTypeLike, reset: bool, own: bool = False
) -> tuple[Matrix, Any]:
    """Return X and y to learn from; None for y where the estimator does not need it.

    X is CSR, or a dense array, in the given dtype and in C order. If it
    `stays_as_given`, it is neither cast nor copied. With `own` it stays in float32 or
    float64, in any order: it will be standardised before it is cast.

    Raises
    ------
    TypeError, ValueError
        If X has dates, values that are no numbers or not finite, or wrong indices, or
        is a matrix in a file that is not an array; if y has gaps, or not as many rows.
    """
    checks = {"dtype": dtype, "own": own, "reset": reset}
    if not estimator._learns_from_y:
        return _checked(estimator, X, **checks), None
    if sparse.issparse(y):
        y = checked_indices(y, "y")
    elif not _has_numbers(y):
        refuse_missing(y)
    X, y = _checked(estimator, X, y, multi_output=True, **checks)
    return X, y


def checked_again(estimator: Any, X: Any) -> Matrix:
    """Return X, or raise if it has other features than in the fit."""
    check_is_fitted(estimator)
    dtype, own = estimator._network.dtype, estimator._scaling is not None
    valid = _few_valid_rows(estimator, X, dtype, own)
    if valid is not None:
        return valid
    return _checked(estimator, X, dtype=dtype, own=own, reset=False)


def _few_valid_rows(
    estimator: Any, X: Any, dtype: DTypeLike, own: bool
) -> Array | None:
    """Return X in its type and in C order if that is all that is to be done.

    That is so for a small array of finite numbers without names. Returns None for any
    other X: scikit-learn's checks know what to say of it. They take as long as the
    prediction of one sample by 200,000 connections.
    """
    if type(X) is not np.ndarray or X.ndim != 2 or X.dtype.kind not in "iuf":
        return None
    n_features = getattr(estimator, "n_features_in_", None)
    named = hasattr(estimator, "feature_names_in_")
    if named or X.shape[1] != n_features or not 0 < X.size <= FEW_NUMBERS:
        return None
    with np.errstate(over="ignore"):  # values that overflow are infinite
        rows = np.ascontiguousarray(X, dtype)
        if not np.isfinite(rows).all():
            return None
    return np.ascontiguousarray(X, own_type(X)) if own else rows


def _checked(estimator: Any, X: Any, *y: Any, **checks: Any) -> Any:
    if not _has_numbers(X):
        check_table(X)
    if sparse.issparse(X):
        X = checked_indices(X)
    try:
        return _validated(estimator, X, *y, **checks)
    except (TypeError, ValueError) as error:
        better = located(error, X)
        if better is None:
            raise
        raise better from error


def _validated(
    estimator: Any, X: Any, *y: Any, dtype: DTypeLike, own: bool, **checks: Any
) -> Any:
    """Return X, or X and y if y is given, checked by scikit-learn."""
    stays, types = stays_as_given(X, dtype), OWN_TYPES if own else dtype
    checks["dtype"] = None if stays else types
    if stays or own:  # also what is standardised must fit into the network's type
        checks["ensure_all_finite"] = False
    with np.errstate(over="ignore"):  # values that overflow are refused as infinite
        checked = validate_data(estimator, X, *y, accept_sparse="csr", **checks)
        X = checked[0] if y else checked
        if stays or own:
            check_finite(X, dtype, type(estimator).__name__)
    if not stays_as_given(X, dtype) and (sparse.issparse(X) or not own):
        X = _in_order(X)
    return (X, checked[1]) if y else X


def stays_as_given(X: Any, dtype: DTypeLike) -> bool:
    """Return whether X is too large to be cast to the dtype at once, or on a disk.

    A table in memory in Fortran order is put in C order all the same: to pick batches
    out of its columns can take longer than to train on them.
    """
    if sparse.issparse(X):
        arrays = [X.data, X.indices, X.indptr] if X.format == "csr" else []
    else:
        arrays = [X] if isinstance(X, np.ndarray) and X.ndim == 2 else []
    if not arrays or X.dtype.kind not in REAL_KINDS:
        return False
    large = X.size * np.dtype(dtype).itemsize > CAST_AT_ONCE
    in_rows = sparse.issparse(X) or X.strides[1] == X.itemsize
    return (large and in_rows) or any(_is_mapped(array) for array in arrays)


def picked(X: Matrix, rows: Array, dtype: DTypeLike) -> Matrix:
    """Return some rows of a checked X, in the dtype and in C order."""
    part = X[rows].astype(dtype, copy=False)
    return part if sparse.issparse(part) else np.ascontiguousarray(part)


def own_type(X: Matrix) -> DTypeLike:
    """Return the type of X until it is standardised."""
    return np.float32 if X.dtype == np.float32 else np.float64


def _has_numbers(X: Any) -> bool:
    """Return whether X is an array of numbers, so that no column need be checked."""
    return isinstance(X, np.ndarray) and X.dtype.kind in REAL_KINDS


def _is_mapped(array: Any) -> bool:
    """Return whether the memory of an array, also of a view, is a file."""
    while array is not None and not isinstance(array, mmap.mmap):
        array = getattr(array, "obj" if isinstance(array, memoryview) else "base", None)
    return array is not None


def _in_order(X: Matrix) -> Matrix:
    """Return X in C order; if sparse, with indices of the kernels' type."""
    if not sparse.issparse(X):
        return np.ascontiguousarray(X)
    if X.indices.dtype == np.int32:
        return X
    parts = X.data, X.indices.astype(np.int32), X.indptr
    return type(X)(parts, shape=X.shape)
