"""Frozen weights get back their values, and no others change."""

import numpy as np
import pytest

from skset import kernels
from skset.kernels import updates


def case(n, n_held, dtype="float64"):
    """Return weights, the values that are held, and what the weights become."""
    rng = np.random.default_rng(n_held)
    weights = rng.standard_normal(n).astype(dtype)
    held = np.full(n, np.nan, dtype)
    held[rng.choice(n, n_held, replace=False)] = rng.standard_normal(n_held)
    expected = [w if np.isnan(h) else h for w, h in zip(weights, held, strict=True)]
    return weights, held, np.array(expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_held", [0, 1, 7, 50])
def test_held_weights_get_their_values(n_held, dtype):
    weights, held, expected = case(50, n_held, dtype)
    kernels.hold(held, weights)
    assert np.array_equal(weights, expected)


@pytest.mark.parametrize(("low", "high"), [(0, 0), (0, 3), (2, 6), (5, 5), (9, 40)])
def test_a_chunk_puts_back_its_own_weights_only(low, high):
    put_back = getattr(updates.put_back, "py_func", updates.put_back)
    weights, held, expected = case(40, 30)
    before = weights.copy()
    put_back(low, high, held, weights)
    assert np.array_equal(weights[low:high], expected[low:high])
    weights[low:high] = before[low:high]
    assert np.array_equal(weights, before)
