"""Sums of columns are those of numpy, and the same bits for dense and sparse tables."""

import numpy as np
import pytest
from scipy import sparse

from skset import kernels

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def table(dtype, density=0.4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((40, 23)).astype(dtype)
    X[rng.random(X.shape) > density] = 0
    X[:, 3] = 0
    return X, rng.random(40)


@dtypes
@pytest.mark.parametrize("density", [0.0, 0.4, 1.0])
def test_sums_are_those_of_the_numbers_that_are_not_zero(dtype, density):
    X, weight = table(dtype, density)
    totals, sums, squares = np.zeros((3, 23))
    mean = np.random.default_rng(1).standard_normal(23)
    kernels.dense_sums(X, weight, totals, sums)
    kernels.dense_squares(X, weight, mean, squares)
    wide = X.astype(float)
    np.testing.assert_allclose(totals, weight @ (X != 0))
    np.testing.assert_allclose(sums, weight @ wide, atol=1e-12)
    expected = weight @ np.where(X != 0, wide - mean, 0) ** 2
    np.testing.assert_allclose(squares, expected, atol=1e-12)


@dtypes
@pytest.mark.parametrize("seed", range(5))
def test_stored_zeros_change_no_bit(dtype, seed):
    X, weight = table(dtype, seed=seed)
    mean = np.random.default_rng(seed).standard_normal(23)
    rows = sparse.csr_array(X)
    rows.data[::7] = 0
    X = rows.toarray()
    parts = rows.indptr.astype(np.int64), rows.indices, rows.data
    dense, other = np.zeros((2, 3, 23))
    kernels.dense_sums(X, weight, *dense[:2])
    kernels.dense_squares(X, weight, mean, dense[2])
    kernels.sparse_sums(*parts, weight, *other[:2])
    kernels.sparse_squares(*parts, weight, mean, other[2])
    assert np.array_equal(dense, other)


def test_they_add_to_what_is_there():
    X, weight = table("float64")
    halves, whole = np.zeros((2, 3, 23))
    mean = np.ones(23)
    for rows in (slice(0, 11), slice(11, 40)):
        kernels.dense_sums(X[rows], weight[rows], *halves[:2])
        kernels.dense_squares(X[rows], weight[rows], mean, halves[2])
    kernels.dense_sums(X, weight, *whole[:2])
    kernels.dense_squares(X, weight, mean, whole[2])
    assert np.array_equal(halves, whole)
