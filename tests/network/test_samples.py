import numpy as np
import pytest
from scipy import sparse

from skset.network import Samples

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def matrix(dtype):
    rng = np.random.default_rng(0)
    return (rng.standard_normal((9, 5)) * (rng.random((9, 5)) < 0.5)).astype(dtype)


def unsorted(X):
    """Return a CSR matrix with every row backwards."""
    csr = sparse.csr_array(X)
    for start, stop in zip(csr.indptr[:-1], csr.indptr[1:], strict=True):
        csr.indices[start:stop] = csr.indices[start:stop][::-1].copy()
        csr.data[start:stop] = csr.data[start:stop][::-1].copy()
    csr.has_sorted_indices = False
    return csr


def duplicated(X):
    """Return a CSR matrix in which every value comes as two halves."""
    csr = sparse.csr_array(X)
    parts = np.repeat(csr.data / 2, 2), np.repeat(csr.indices, 2), 2 * csr.indptr
    return sparse.csr_array(parts, shape=X.shape)


def with_int64(X):
    csr = sparse.csr_array(X)
    csr.indices, csr.indptr = csr.indices.astype("int64"), csr.indptr.astype("int64")
    return csr


FORMS = {
    "dense": lambda X: X,
    "fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "reversed": lambda X: X[::-1].copy()[::-1],
    "csr_array": sparse.csr_array,
    "csr_matrix": sparse.csr_matrix,
    "unsorted": unsorted,
    "duplicated": duplicated,
    "int64": with_int64,
}


@dtypes
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_gives_the_same_batches(form, dtype):
    X = matrix(dtype)
    given = form(X)
    samples = Samples(given)
    assert (samples.n_samples, samples.n_features) == (9, 5)
    assert samples.dtype == dtype
    for rows in (np.arange(9), np.array([3, 3, 0]), np.array([8])):
        batch = np.full((5, 12), np.nan, dtype)
        samples.gather(rows, batch)
        assert np.array_equal(batch[:, : rows.size], X[rows].T)
        assert not batch[:, rows.size :].any()


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_input_is_not_changed_and_may_be_read_only(form):
    X = form(matrix("float32"))
    parts = (X.data, X.indices, X.indptr) if sparse.issparse(X) else (X,)
    before = [part.copy() for part in parts]
    for part in parts:
        part.flags.writeable = False
    Samples(X).gather(np.arange(9), np.empty((5, 9), np.float32))
    for part, old in zip(parts, before, strict=True):
        assert np.array_equal(part, old)


@dtypes
def test_without_weights_every_sample_counts_1(dtype):
    weight, total = Samples(matrix(dtype)).weights(np.array([2, 5, 7, 7]))
    assert weight.tolist() == [0.25] * 4
    assert weight.dtype == dtype
    assert total == 4


@dtypes
def test_weights_are_scaled_to_add_up_to_1(dtype):
    samples = Samples(matrix(dtype), weight=np.array([0, 1, 3, 0, 0, 0, 4, 0, 0.5]))
    weight, total = samples.weights(np.array([6, 1, 2, 0]))
    assert weight.tolist() == [0.5, 0.125, 0.375, 0]
    assert weight.dtype == dtype
    assert total == 8


def test_weights_of_zero_stay_zero():
    weight, total = Samples(matrix("float32"), weight=np.zeros(9)).weights(np.arange(3))
    assert weight.tolist() == [0, 0, 0]
    assert total == 0


def test_targets_are_columns():
    X, rows = matrix("float64"), np.array([4, 0])
    Y = np.arange(18.0).reshape(9, 2)
    assert Samples(X, Y).targets(rows).tolist() == Y[rows].T.tolist()
    assert Samples(X, np.arange(9)).targets(rows).tolist() == [4, 0]
    assert Samples(X, Y).targets(slice(None)).shape == (2, 9)
