"""Facts about all of X (finite, ranges, sums), found block by block."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike
from scipy import sparse
from sklearn.utils import assert_all_finite
from sklearn.utils.sparsefuncs import min_max_axis

from skset import model
from skset.estimators._types import Array, Matrix
from skset.topology import canonical

__all__ = [
    "check_finite",
    "column_sums",
    "extremes",
    "ranges",
    "row_slices",
    "sparse_blocks",
]

# Numbers in a block: a MB or two, small beside a table that is not cast at once.
BLOCK = 1 << 18


def check_finite(X: Matrix, dtype: DTypeLike, name: str) -> None:
    """Raise, in scikit-learn's words, unless all values are finite in the dtype."""
    if X.dtype.kind != "f":
        return  # integers are never too large
    for block in _blocks(X.data[:, None] if sparse.issparse(X) else X):
        values = block.astype(dtype, copy=False)
        assert_all_finite(values, estimator_name=name, input_name="X")


def ranges(X: Matrix, dtype: DTypeLike) -> tuple[Array, Array]:
    """Return the least and the greatest value of each column of a checked X."""
    if not sparse.issparse(X):
        found = X.min(axis=0), X.max(axis=0)  # the least is cast to the least
        low, high = (values.astype(dtype, copy=False) for values in found)
        return low, high
    low, high = np.full((2, X.shape[1]), [[np.inf], [-np.inf]], dtype)
    for _, block in sparse_blocks(X, dtype):
        block_low, block_high = min_max_axis(block, axis=0)
        low, high = np.minimum(low, block_low), np.maximum(high, block_high)
    return low, high


def extremes(X: Matrix, dtype: DTypeLike) -> tuple[float, float]:
    """Return the least and the greatest value of a checked X and 0."""
    if not sparse.issparse(X):
        found = np.array([X.min(initial=0), X.max(initial=0)]).astype(dtype)
        return float(found[0]), float(found[1])
    low = high = 0.0
    for _, block in sparse_blocks(X, dtype):
        low = min(low, float(block.data.min(initial=0)))
        high = max(high, float(block.data.max(initial=0)))
    return low, high


def column_sums(X: Matrix, weight: Array, dtype: DTypeLike) -> Array:
    """Return the sum of each column of a checked X, each row taken times its weight."""
    if sparse.issparse(X):
        totals = np.zeros(X.shape[1])
        for rows, block in sparse_blocks(X, dtype):
            of_values = np.repeat(weight[rows], np.diff(block.indptr))
            np.add.at(totals, block.indices, block.data * of_values)
        return totals
    totals = np.zeros(X.shape[1])
    for rows in row_slices(len(X), X.shape[1]):
        products = X[rows].astype(dtype, copy=False) * weight[rows, None]
        model.column_sums(np.ascontiguousarray(products), totals)
    return totals


def _blocks(X: Array) -> Iterator[Array]:
    """Yield all parts of a dense X, in the order of its memory."""
    lines = X.T if abs(X.strides[0]) < abs(X.strides[1]) else X
    for some in row_slices(*lines.shape):
        for start in range(0, lines.shape[1], BLOCK):
            yield lines[some, start : start + BLOCK]


def sparse_blocks(X: Matrix, dtype: DTypeLike) -> Iterator[tuple[slice, Matrix]]:
    """Yield row numbers and rows of X, in canonical format and in the dtype."""
    # A block is at least as large as the arrays with an entry for each column.
    for rows in row_slices(X.shape[0], X.size // X.shape[0], max(BLOCK, X.shape[1])):
        yield rows, canonical(X[rows].astype(dtype, copy=False))


def row_slices(n_rows: int, width: int, size: int | None = None) -> Iterator[slice]:
    """Yield slices of rows of that width, of about so many numbers each."""
    n = max(1, (size or BLOCK) // max(1, width))
    return (slice(start, start + n) for start in range(0, n_rows, n))
