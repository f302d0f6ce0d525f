import numpy as np
import pytest
import reference

from skset.strategies import DROPS, MagnitudeDrop, SETDrop

drops = pytest.mark.parametrize("drop", [d() for d in DROPS.values()], ids=DROPS)
REFERENCES = {
    "set": (SETDrop(), reference.set_drop),
    "magnitude": (MagnitudeDrop(), reference.magnitude_drop),
}


def dropped(drop, weights, zeta, seed=0):
    keep = drop(np.array(weights), zeta, np.random.default_rng(seed))
    assert keep.dtype == bool
    return np.flatnonzero(~keep).tolist()


@pytest.mark.parametrize(
    ("weights", "zeta", "expected"),
    [
        # Half of the 4 positive and half of the 2 negative weights.
        ([0.3, -0.1, 0.1, -0.2, 0.2, 0.4], 0.5, [1, 2, 4]),
        # Each sign on its own: large negative weights go although all others are small.
        ([0.1, 0.2, 0.3, 0.4, -7.0, -8.0], 0.5, [0, 1, 4]),
        # Rounded down in each sign: 0.9 of one is none.
        ([0.1, -0.1], 0.9, []),
        ([0.1, -0.1], 1.0, [0, 1]),
        # A zero counts as positive, the smallest of them; so does a negative zero.
        ([0.5, 0.0, -0.1, 0.6, -0.2], 0.34, [1]),
        ([0.5, -0.0, -0.1, 0.6, -0.2], 0.34, [1]),
        ([0.0, -0.1, -0.2], 0.5, [1]),
        # One sign only.
        ([3.0, 1.0, 2.0, 4.0], 0.5, [1, 2]),
        ([-3.0, -1.0, -2.0, -4.0], 0.5, [1, 2]),
        ([0.5], 0.5, []),
        ([], 0.5, []),
        ([0.3, -0.1, 0.1], 0.0, []),
    ],
)
def test_set_drops_what_is_closest_to_zero_in_each_sign(weights, zeta, expected):
    assert dropped(SETDrop(), weights, zeta) == expected


@pytest.mark.parametrize(
    ("weights", "zeta", "expected"),
    [
        ([0.3, -0.1, 0.1001, -0.2, 0.25, 0.4], 0.5, [1, 2, 3]),
        ([0.1, 0.2, 0.3, 0.4, -7.0, -8.0], 0.5, [0, 1, 2]),
        ([0.5, 0.0, -0.1, 0.6, -0.2], 0.4, [1, 2]),
        ([0.1, -0.2], 0.99, [0]),
        ([0.1, -0.2], 1.0, [0, 1]),
        ([0.5], 0.5, []),
        ([], 0.5, []),
        ([0.3, -0.1], 0.0, []),
    ],
)
def test_magnitude_drops_the_smallest_whatever_the_sign(weights, zeta, expected):
    assert dropped(MagnitudeDrop(), weights, zeta) == expected


@pytest.mark.parametrize(("drop", "slow"), REFERENCES.values(), ids=REFERENCES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("zeta", [0, 0.1, 0.3, 0.5, 0.999, 1])
def test_drops_are_the_sorted_statement(drop, slow, dtype, zeta):
    for n in (1, 2, 3, 50, 301):
        weights = np.random.default_rng(n).standard_normal(n).astype(dtype)
        keep = drop(weights, zeta, np.random.default_rng(0))
        assert keep.tolist() == slow(weights.tolist(), zeta)


@drops
def test_ties_keep_the_count_and_are_broken_at_random(drop):
    weights = [1.0, 1.0, 1.0, 0.5, 1.0, 2.0]
    seen = {tuple(dropped(drop, weights, 0.5, seed)) for seed in range(60)}
    # Of the three, the smallest always, and two of the four tied.
    expected = {(0, 1, 3), (0, 2, 3), (0, 3, 4), (1, 2, 3), (1, 3, 4), (2, 3, 4)}
    assert seen == expected


@drops
def test_weights_are_not_changed(drop):
    weights = np.array([0.3, -0.1, 0.1, -0.2])
    drop(weights, 0.5, np.random.default_rng(0))
    assert weights.tolist() == [0.3, -0.1, 0.1, -0.2]
