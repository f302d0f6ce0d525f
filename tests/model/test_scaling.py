"""Tables in the units of a network have the same bits wherever this is done."""

import numpy as np
import pytest
from scipy import sparse

from skset.model import Reconstruction, Samples, Scaled, Scaling

ROWS = np.array([4, 0, 7, 7, 1, 2, 8, 5, 3])
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
types = pytest.mark.parametrize(
    "kind", ["float32", "float64", "float16", "int16", "uint8", "bool"]
)


def table(kind, n_features=21):
    X = 10 * np.random.default_rng(0).standard_normal((9, n_features))
    X[np.abs(X) < 5] = 0
    return np.abs(X).astype(kind)


def scaling(n_features=21):
    rng = np.random.default_rng(1)
    return Scaling(rng.standard_normal(n_features), rng.random(n_features))


def gathered(samples, dtype, rows=ROWS):
    batch = np.full((samples.n_features, rows.size), np.nan, dtype)
    samples.gather(rows, batch)
    return batch


@types
@dtypes
@pytest.mark.parametrize("order", ["C", "F"])
def test_at_once_and_batch_by_batch_are_the_same_bits(kind, dtype, order):
    X, units = np.asarray(table(kind), order=order), scaling()
    at_once = units.applied(X, dtype)
    assert at_once.dtype == dtype
    assert at_once.flags.c_contiguous
    batch = gathered(Samples(Scaled(X, units), dtype=dtype), dtype)
    assert np.array_equal(batch, at_once[ROWS].T)


@pytest.mark.parametrize("kind", ["float32", "float64", "int16", "uint8", "bool"])
@dtypes
def test_sparse_tables_are_dense_ones(kind, dtype):
    X, units = table(kind), scaling()
    rows = sparse.csr_array(X)
    batch = gathered(Samples(Scaled(rows, units), dtype=dtype), dtype)
    assert np.array_equal(batch, units.applied(X, dtype)[ROWS].T)


def test_numbers_are_standardised_before_they_are_cast():
    X = 1e9 + np.arange(21.0)[None, :] * np.arange(9)[:, None]
    units = Scaling(np.full(21, 1e9), np.full(21, 0.5))
    expected = 0.5 * np.arange(21.0) * np.arange(9)[:, None]
    assert np.array_equal(units.applied(X, np.float32), expected)
    batch = gathered(Samples(Scaled(X, units), dtype=np.float32), "float32")
    assert np.array_equal(batch, expected[ROWS].T)


@dtypes
def test_kernels_read_tables_that_are_standardised_on_their_way(dtype):
    X = Scaled(table(dtype), scaling())
    samples = Samples(X, dtype=dtype)
    address, n_rows, itemsize, *units = samples.source
    assert (address, n_rows) == (X.X.ctypes.data, 9)
    assert itemsize == np.dtype(dtype).itemsize
    assert all(units)
    assert X.shape == (9, 21)
    assert X.dtype == dtype


@pytest.mark.parametrize("kind", ["int16", "uint8"])
def test_kernels_do_not_read_other_tables(kind):
    assert not Samples(Scaled(table(kind), scaling()), dtype="float32").source.any()


def test_targets_of_a_reconstruction_are_in_the_same_units():
    units = scaling()
    samples = Reconstruction(Scaled(table("float64"), units), dtype=np.float32)
    expected = units.applied(table("float64"), np.float32)[ROWS].T
    assert np.array_equal(samples.targets(ROWS), expected)


def test_the_type_in_which_numbers_are_stored_does_not_matter():
    X, units = np.round(table("float64")), scaling()
    expected = units.applied(X, np.float32)
    for kind in ("float32", "int16", "uint8"):
        assert np.array_equal(units.applied(X.astype(kind), np.float32), expected)
        samples = Samples(Scaled(X.astype(kind), units), dtype=np.float32)
        assert np.array_equal(gathered(samples, "float32"), expected[ROWS].T)
