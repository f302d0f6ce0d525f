"""Sums of the columns of a table, for their means and variances.

Zeros are left out, and their number is known. So a column has the same sums, to the
bit, whether its zeros are stored or not. All sums are in float64.
"""

import numpy as np

from skset.kernels.memory import Array
from skset.runtime.jit import kernel

__all__ = [
    "dense_squares",
    "dense_sums",
    "sparse_squares",
    "sparse_sums",
]


@kernel
def dense_sums(X: Array, weight: Array, totals: Array, sums: Array) -> None:
    """Add for each column the weights of its nonzero numbers, and these times those."""
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            x = np.float64(X[i, j])
            totals[j] += weight[i] if x != 0 else 0.0
            sums[j] += weight[i] * x


@kernel
def dense_squares(X: Array, weight: Array, mean: Array, squares: Array) -> None:
    """Add for each column the squared distances of its nonzero numbers from a mean."""
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            x = np.float64(X[i, j])
            distance = x - mean[j] if x != 0 else 0.0
            squares[j] += weight[i] * (distance * distance)


@kernel
def sparse_sums(
    indptr: Array,
    indices: Array,
    data: Array,
    weight: Array,
    totals: Array,
    sums: Array,
) -> None:
    """Add up as `dense_sums`, for a CSR matrix in canonical format."""
    for i in range(weight.size):
        for k in range(indptr[i], indptr[i + 1]):
            x = np.float64(data[k])
            totals[indices[k]] += weight[i] if x != 0 else 0.0
            sums[indices[k]] += weight[i] * x


@kernel
def sparse_squares(
    indptr: Array,
    indices: Array,
    data: Array,
    weight: Array,
    mean: Array,
    squares: Array,
) -> None:
    """Add up as `dense_squares`, for a CSR matrix in canonical format."""
    for i in range(weight.size):
        for k in range(indptr[i], indptr[i + 1]):
            x, j = np.float64(data[k]), indices[k]
            distance = x - mean[j] if x != 0 else 0.0
            squares[j] += weight[i] * (distance * distance)
