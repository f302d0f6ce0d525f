import numpy as np
import pytest

from skset import kernels

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
RANGES = [(-0.5, 0.5), (-np.inf, 0.0), (0.0, np.inf), (0.2, 0.2), (2.0, -2.0), (9, 10)]


def numbers(n, dtype):
    """Return rounded numbers, some of which are equal to the ends of ranges."""
    values = np.random.default_rng(n).standard_normal(n).astype(dtype)
    return np.round(values, 1)


@dtypes
@pytest.mark.parametrize("n", [0, 1, 2, 50])
@pytest.mark.parametrize("ends", RANGES)
def test_values_in_a_range_are_collected_in_their_order(n, ends, dtype):
    values, (low, high) = numbers(n, dtype), np.array(ends, dtype)
    found = np.empty_like(values)
    n_below, n_found = kernels.between(values, low, high, found)
    assert n_below == (values < low).sum()
    assert np.array_equal(found[:n_found], values[(values >= low) & (values <= high)])


@dtypes
@pytest.mark.parametrize("n", [0, 1, 2, 50])
@pytest.mark.parametrize("ends", RANGES)
def test_values_out_of_a_range_are_told(n, ends, dtype):
    values, (low, high) = numbers(n, dtype), np.array(ends, dtype)
    told = np.zeros(n, bool)
    kernels.outside(values, low, high, told)
    assert np.array_equal(told, (values < low) | (values > high))
