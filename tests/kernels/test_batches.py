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
    kernels.gather_sparse(*parts, rows, batch)
    assert np.array_equal(batch, X.toarray()[rows].T)


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
    kernels.gather_sparse(indptr, indices, data, np.array([0]), batch)
    assert batch[:, 0].tolist() == [2, 8, 5]
