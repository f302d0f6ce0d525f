"""Frozen weights get back their values, and no others change."""

import numpy as np
import pytest

from skset import kernels


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_held", [0, 1, 7, 50])
def test_held_places_get_their_values(n_held, dtype):
    rng = np.random.default_rng(n_held)
    weights = rng.standard_normal(50).astype(dtype)
    places = np.sort(rng.choice(50, n_held, replace=False))
    values = rng.standard_normal(n_held).astype(dtype)
    expected = weights.copy()
    for place, value in zip(places, values, strict=True):
        expected[place] = value
    kernels.hold(places, values, weights)
    assert np.array_equal(weights, expected)


@pytest.mark.parametrize(("low", "high"), [(0, 0), (0, 3), (2, 6), (5, 5), (9, 10)])
def test_a_chunk_puts_back_its_own_places_only(low, high):
    put_back = getattr(kernels.updates.put_back, "py_func", kernels.updates.put_back)
    places, values = np.array([0, 2, 5, 9]), np.array([1.0, 2.0, 3.0, 4.0])
    weights = np.zeros(10)
    put_back(low, high, places, values, weights)
    expected = np.zeros(10)
    for place, value in zip(places, values, strict=True):
        expected[place] = value if low <= place < high else 0
    assert np.array_equal(weights, expected)
