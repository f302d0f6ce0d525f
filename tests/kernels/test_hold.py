"""Frozen weights get back their values, and no others change."""

import numpy as np
import pytest
from reference import with_held

from skset import kernels
from skset.kernels import updates

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
# Of no weight, of some or of all; a vector of the machine has 4 to 16 of them.
SIZES = [(0, 0), (1, 0), (1, 1), (50, 0), (50, 1), (50, 17), (50, 50), (1000, 400)]
sizes = pytest.mark.parametrize(("n", "n_held"), SIZES)


def case(n, n_held, dtype="float64"):
    """Return weights, and the values that some of them are held at."""
    rng = np.random.default_rng(n_held)
    weights = rng.standard_normal(n).astype(dtype)
    held = np.full(n, np.nan, dtype)
    held[rng.choice(n, n_held, replace=False)] = rng.standard_normal(n_held)
    return weights, held


def interpreted(function):
    return getattr(function, "py_func", function)


def held_by_python(held, weights):
    interpreted(updates.put_back)(0, weights.size, held, weights)


def check(hold, weights, held):
    expected, before = with_held(weights, held), held.copy()
    hold(held, weights)
    assert weights.dtype == expected.dtype
    assert np.array_equal(weights, expected)
    assert np.array_equal(np.signbit(weights), np.signbit(expected))
    assert np.array_equal(held, before, equal_nan=True)


@dtypes
@sizes
def test_held_weights_get_their_values(n, n_held, dtype):
    check(kernels.hold, *case(n, n_held, dtype))


@dtypes
@sizes
def test_interpreted_it_is_the_same(n, n_held, dtype):
    check(held_by_python, *case(n, n_held, dtype))


@pytest.mark.parametrize("value", [0.0, -0.0, np.inf, -np.inf, 5e-324, 1e300])
def test_every_number_can_be_held(value):
    weights, held = case(9, 0)
    held[[0, 4, 8]] = value
    for hold in (kernels.hold, held_by_python):
        check(hold, weights.copy(), held)


def test_a_weight_that_is_not_finite_is_replaced_or_stays():
    """A step that diverges must be seen, unless the weight is held."""
    weights = np.array([np.nan, np.inf, np.nan, 1.0])
    held = np.array([2.0, 3.0, np.nan, np.nan])
    for hold in (kernels.hold, held_by_python):
        now = weights.copy()
        hold(held, now)
        assert np.array_equal(now, with_held(weights, held), equal_nan=True)
        assert np.array_equal(now, [2.0, 3.0, np.nan, 1.0], equal_nan=True)


@pytest.mark.parametrize(("low", "high"), [(0, 0), (0, 3), (2, 6), (5, 5), (9, 40)])
def test_a_chunk_puts_back_its_own_weights_only(low, high):
    weights, held = case(40, 30)
    before, expected = weights.copy(), with_held(weights, held)
    interpreted(updates.put_back)(low, high, held, weights)
    assert np.array_equal(weights[low:high], expected[low:high])
    weights[low:high] = before[low:high]
    assert np.array_equal(weights, before)
