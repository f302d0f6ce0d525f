import numpy as np
import pytest
from scipy import sparse

from skset import kernels

DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("density", [0, 0.3, 1])
def test_sparse_samples_become_columns(dtype, density):
    X = sparse.random(9, 6, density=density, format="csr", dtype=dtype, random_state=0)
    rows = np.array([8, 0, 0, 5])
    batch = np.full((6, 4), np.nan, dtype)
    parts = X.indptr.astype(np.int64), X.indices.astype(np.int32), X.data
    shift, factor = np.random.default_rng(0).random((2, 6))
    kernels.gather_sparse(*parts, rows, shift, factor, batch)
    expected = ((X.toarray() - shift) * factor)[rows].T
    assert np.array_equal(batch, expected.astype(dtype))


def test_duplicate_entries_add_up_before_they_are_standardised():
    indptr, indices = np.array([0, 3, 4]), np.array([1, 1, 0, 1], np.int32)
    batch, shift = np.empty((2, 2), np.float32), np.full(2, 10.0)
    data = np.array([1.0, 2.0, 4.0, 8.0])
    args = np.array([0, 1]), shift, np.full(2, 0.5), batch
    kernels.gather_sparse(indptr, indices, data, *args)
    assert batch.tolist() == [[-3, -5], [-3.5, -1]]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("given", DTYPES)
@pytest.mark.parametrize("n_features", [0, 1, 7, 8, 21])
@pytest.mark.parametrize("width", [0, 1, 7, 8, 9, 24, 35])
def test_dense_samples_become_columns(width, n_features, given, dtype):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((9, n_features)).astype(given)
    X.flags.writeable = False
    rows, batch = rng.integers(0, 9, width), np.full((n_features, width), np.nan, dtype)
    shift, factor = rng.standard_normal((2, n_features))
    kernels.gather_dense(0, n_features, X, rows, shift, factor, batch)
    assert np.array_equal(batch, ((X - shift) * factor)[rows].T.astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("part", [(0, 3), (3, 19), (5, 5), (16, 21)], ids=str)
def test_only_some_features_of_dense_samples_are_written(part, dtype):
    start, stop = part
    X = np.random.default_rng(0).standard_normal((9, 21)).astype(dtype)
    rows, batch = np.arange(19) % 9, np.full((21, 19), 7, dtype)
    shift, factor = np.zeros(21), np.ones(21)
    kernels.gather_dense(start, stop, X, rows, shift, factor, batch)
    assert np.array_equal(batch[start:stop], X[rows, start:stop].T)
    assert (np.delete(batch, range(start, stop), axis=0) == 7).all()


def test_numbers_that_are_not_finite_or_too_large_are_cast_as_numpy_does():
    odd = [np.nan, np.inf, -np.inf, 1e300, -1e300, 1e-46, -0.0, 1 + 2**-24]
    X, rows = np.array([np.roll(odd, n) for n in range(9)]), np.arange(9)
    batch, same = np.empty((8, 9), np.float32), (np.zeros(8), np.ones(8))
    with np.errstate(over="ignore"):  # where it is interpreted
        kernels.gather_dense(0, 8, X, rows, *same, batch)
        expected = X.T.astype(np.float32)
    assert np.array_equal(batch, expected, equal_nan=True)
    assert np.array_equal(np.signbit(batch), np.signbit(expected))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", [0, 1, 3, 16, 35])
@pytest.mark.parametrize("n_features", [0, 1, 8])
def test_slices_of_a_pool_are_added(dtype, width, n_features):
    rng = np.random.default_rng(0)
    pool = rng.standard_normal(40).astype(dtype)
    # The first place, the last, and one twice.
    starts = np.array([0, 40 - width, 3, 3, 5, 1, 2, 0])[:n_features]
    batch = rng.standard_normal((n_features, width)).astype(dtype)
    before, untouched = batch.copy(), (pool.copy(), starts.copy())
    kernels.add_slices(pool, starts, batch)
    for f, start in enumerate(starts):
        assert np.array_equal(batch[f], before[f] + pool[start : start + width])
    assert np.array_equal(pool, untouched[0])
    assert np.array_equal(starts, untouched[1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_slice_may_be_the_whole_pool(dtype):
    pool, batch = np.arange(5, dtype=dtype), np.ones((2, 5), dtype)
    kernels.add_slices(pool, np.zeros(2, np.int64), batch)
    assert batch.tolist() == [[1, 2, 3, 4, 5]] * 2


def test_duplicate_and_unsorted_entries_add_up():
    indptr, indices = np.array([0, 4]), np.array([2, 0, 2, 1], np.int32)
    batch = np.empty((3, 1))
    data = np.array([1.0, 2, 4, 8])
    units = np.zeros(3), np.ones(3)
    kernels.gather_sparse(indptr, indices, data, np.array([0]), *units, batch)
    assert batch[:, 0].tolist() == [2, 8, 5]
