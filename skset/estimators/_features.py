"""How X is checked: a large one or a memory map stays as it is, and is cast by batches.

What has to be known of all of X (that its values are finite, their ranges, their sums)
is then found block by block, in the order of the memory.
"""

import mmap

import numpy as np
from scipy import sparse
from sklearn.utils import assert_all_finite
from sklearn.utils.sparsefuncs import min_max_axis
from sklearn.utils.validation import validate_data

from skset import model
from skset.estimators._validation import canonical

__all__ = [
    "column_sums",
    "extremes",
    "picked",
    "ranges",
    "stays_as_given",
    "validated",
]

# Up to so many bytes a table in memory is cast and put in C order once: that is less
# work than in every batch of every epoch, and the second table is soon forgotten beside
# the network. Above it, memory may be what is short.
CAST_AT_ONCE = 32 << 20
# Numbers of a block: a MB or two, small beside anything that is not cast at once.
BLOCK = 1 << 18
REAL_KINDS = "biuf"


def validated(estimator, X, *y, dtype, **checks):
    """Return X, or X and y where y is given, as scikit-learn checks them.

    X is then CSR, or a dense array, in the given dtype and in C order; but one that
    `stays_as_given` is neither cast nor copied.
    """
    stays = stays_as_given(X, dtype)
    checks |= {"dtype": None, "ensure_all_finite": False} if stays else {"dtype": dtype}
    with np.errstate(over="ignore"):  # what overflows is refused as infinite
        checked = validate_data(estimator, X, *y, accept_sparse="csr", **checks)
        X = checked[0] if y else checked
        if stays:
            _check_finite(X, dtype, type(estimator).__name__)
    X = X if stays_as_given(X, dtype) else _in_order(X)
    return (X, checked[1]) if y else X


def stays_as_given(X, dtype):
    """Return whether X is too large to be cast to the dtype at once, or on a disk.

    A table in memory whose rows do not lie together is put in order all the same: to
    pick batches out of its columns can take longer than to train on them.
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


def picked(X, rows, dtype):
    """Return some rows of a checked X, in the dtype and in C order."""
    part = X[rows].astype(dtype, copy=False)
    return part if sparse.issparse(part) else np.ascontiguousarray(part)


def ranges(X, dtype):
    """Return the least and the greatest value of each column of a checked X."""
    if not sparse.issparse(X):
        found = X.min(axis=0), X.max(axis=0)  # the least is cast to the least
        return tuple(values.astype(dtype, copy=False) for values in found)
    low, high = np.full((2, X.shape[1]), [[np.inf], [-np.inf]], dtype)
    for _, block in _sparse_blocks(X, dtype):
        block_low, block_high = min_max_axis(block, axis=0)
        low, high = np.minimum(low, block_low), np.maximum(high, block_high)
    return low, high


def extremes(X, dtype):
    """Return the least and the greatest value of a checked X, but 0 if that is."""
    if not sparse.issparse(X):
        found = np.array([X.min(initial=0), X.max(initial=0)]).astype(dtype)
        return float(found[0]), float(found[1])
    low = high = 0.0
    for _, block in _sparse_blocks(X, dtype):
        low = min(low, float(block.data.min(initial=0)))
        high = max(high, float(block.data.max(initial=0)))
    return low, high


def column_sums(X, weight, dtype):
    """Return the sum of each column of a checked X, each row taken times its weight."""
    if sparse.issparse(X):
        totals = np.zeros(X.shape[1])
        for rows, block in _sparse_blocks(X, dtype):
            of_values = np.repeat(weight[rows], np.diff(block.indptr))
            np.add.at(totals, block.indices, block.data * of_values)
        return totals
    totals = np.zeros(X.shape[1])
    for rows in _row_slices(len(X), X.shape[1]):
        products = X[rows].astype(dtype, copy=False) * weight[rows, None]
        model.column_sums(np.ascontiguousarray(products), totals)
    return totals


def _is_mapped(array):
    """Return whether the memory of an array is a file's, whatever views there are."""
    while array is not None and not isinstance(array, mmap.mmap):
        array = getattr(array, "obj" if isinstance(array, memoryview) else "base", None)
    return array is not None


def _in_order(X):
    """Return X in C order; if sparse, with the indices that kernels take."""
    if not sparse.issparse(X):
        return np.ascontiguousarray(X)
    if X.indices.dtype == np.int32:
        return X
    parts = X.data, X.indices.astype(np.int32), X.indptr
    return type(X)(parts, shape=X.shape)


def _check_finite(X, dtype, name):
    """Raise, in scikit-learn's words, unless all values are finite in the dtype."""
    if X.dtype.kind != "f":
        return  # no whole number is too large
    for block in _blocks(X.data[:, None] if sparse.issparse(X) else X):
        values = block.astype(dtype, copy=False)
        assert_all_finite(values, estimator_name=name, input_name="X")


def _blocks(X):
    """Yield all parts of a dense X, in the order of its memory."""
    lines = X.T if abs(X.strides[0]) < abs(X.strides[1]) else X
    for some in _row_slices(*lines.shape):
        for start in range(0, lines.shape[1], BLOCK):
            yield lines[some, start : start + BLOCK]


def _sparse_blocks(X, dtype):
    """Yield row numbers and rows of X, in canonical format and in the dtype."""
    # A block is no smaller than what is kept for each column.
    for rows in _row_slices(X.shape[0], X.size // X.shape[0], max(BLOCK, X.shape[1])):
        yield rows, canonical(X[rows].astype(dtype, copy=False))


def _row_slices(n_rows, width, size=None):
    """Yield slices of rows of that width, of about so many numbers each."""
    n = max(1, (size or BLOCK) // max(1, width))
    return (slice(start, start + n) for start in range(0, n_rows, n))
