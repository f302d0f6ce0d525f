"""Sums of the columns of a table or of some of its rows, for means and variances."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skset import kernels

__all__ = ["add_squares", "add_sums", "column_sums"]

Array: TypeAlias = NDArray[Any]


def add_sums(X: Any, weight: Array, totals: Array, sums: Array) -> None:
    """Add for each column the weights of its nonzero numbers, and these times those.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_rows, n_columns)
        In C order, or in canonical format. Both give the same bits.
    weight : ndarray of shape (n_rows,), float64
        Weight of each row.
    totals, sums : ndarray of shape (n_columns,), float64
        What is added to.
    """
    if sparse.issparse(X):
        kernels.sparse_sums(*_parts(X), weight, totals, sums)
    else:
        kernels.dense_sums(X, weight, totals, sums)


def add_squares(X: Any, weight: Array, mean: Array, squares: Array) -> None:
    """Add for each column the squared distances of its nonzero numbers from a mean.

    The arguments are those of `add_sums`; `mean` has a number for each column.
    """
    if sparse.issparse(X):
        kernels.sparse_squares(*_parts(X), weight, mean, squares)
    else:
        kernels.dense_squares(X, weight, mean, squares)


def column_sums(A: Array, sums: Array | None = None) -> Array:
    """Return the sum of each column of A, added to `sums` if these are given.

    It adds row after row. numpy adds a single column in another order than one of many
    columns, and the order of BLAS depends on its threads.
    """
    sums = np.zeros(A.shape[1]) if sums is None else sums
    kernels.column_sums(A, sums)
    return sums


def _parts(X: Any) -> tuple[Array, Array, Array]:
    return X.indptr.astype(np.int64, copy=False), X.indices, X.data
