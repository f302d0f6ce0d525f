import numba
import numpy as np
import pytest
from reference import assert_close

from skset import kernels
from skset.kernels import sums

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
sizes = pytest.mark.parametrize("n", [0, 1, 7, sums.BLOCK, 2 * sums.BLOCK + 3])


def numbers(n, dtype):
    return np.random.default_rng(0).standard_normal(n).astype(dtype)


@dtypes
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1), (5, 33)])
def test_rows_are_added_up(dtype, shape):
    D = numbers(shape[0] * shape[1], dtype).reshape(shape)
    actual = np.full(shape[0], np.nan, dtype)
    kernels.row_sums(D, actual)
    assert_close(actual, D.sum(axis=1))


@dtypes
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1), (5, 33)])
def test_lengths_of_rows(dtype, shape):
    rows = numbers(shape[0] * shape[1], dtype).reshape(shape)
    lengths = np.full(shape[0], np.nan)
    kernels.row_lengths(rows, lengths)
    wide = rows.astype(float)
    assert_close(lengths, np.sqrt((wide * wide).sum(axis=1)))


def test_lengths_of_rows_neither_overflow_nor_vanish_in_single_precision():
    rows = np.array([[3e30, 4e30], [3e-30, 4e-30], [0, 0]], np.float32)
    lengths = np.full(3, np.nan)
    kernels.row_lengths(rows, lengths)
    np.testing.assert_allclose(lengths, [5e30, 5e-30, 0], rtol=1e-6)


@dtypes
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1), (700, 1), (50, 33)])
def test_columns_are_added_up_each_as_if_alone(dtype, shape):
    A = numbers(shape[0] * shape[1], dtype).reshape(shape)
    sums = np.ones(shape[1])
    kernels.column_sums(A, sums)
    assert_close(sums, 1 + A.sum(axis=0, dtype=float))
    for b in range(shape[1]):
        alone = np.ones(1)
        kernels.column_sums(A[:, b : b + 1].copy(), alone)
        assert alone[0] == sums[b]


@dtypes
@sizes
def test_squares_are_added_up(dtype, n):
    values = numbers(n, dtype)
    expected = np.square(values.astype(float)).sum()
    assert kernels.squared_sum(values) == pytest.approx(expected, rel=1e-5)


def test_many_squares_lose_no_digits():
    values = np.full(3_000_000, 0.1, np.float32)
    if numba.config.DISABLE_JIT:
        values = values[:30_000]
    expected = values.size * float(values[0]) ** 2
    assert kernels.squared_sum(values) == pytest.approx(expected, rel=3e-5)


@dtypes
@sizes
def test_finite_values_are_finite(dtype, n):
    values = numbers(n, dtype)
    values[:1] = np.finfo(dtype).max
    assert kernels.all_finite(values)


@dtypes
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 17, 4098])
def test_a_value_that_is_not_finite_is_found(dtype, bad, place):
    values = numbers(4099, dtype)
    values[place] = bad
    with np.errstate(invalid="ignore"):  # interpreted, numpy warns of inf * 0
        assert not kernels.all_finite(values)


@dtypes
@pytest.mark.parametrize("kernel", [kernels.squared_sum, kernels.all_finite])
def test_values_may_be_read_only(kernel, dtype):
    values = numbers(33, dtype)
    expected = kernel(values)
    values.flags.writeable = False
    assert kernel(values) == expected


@dtypes
@sizes
def test_running_sums_have_the_bits_of_numpy(dtype, n):
    values = np.abs(numbers(n, dtype))
    expected = np.cumsum(values)
    kernels.running_sums(values)
    assert np.array_equal(values, expected)
