from itertools import combinations

import numpy as np
import pytest
import reference
from scipy import stats
from strategies.cases import layer, literal_context

from skset.strategies import (
    DROPS,
    Context,
    MagnitudeDrop,
    MESTDrop,
    RandomDrop,
    SensitivityDrop,
    SETDrop,
    ThresholdDrop,
    bound,
)

# With a threshold that nothing reaches here.
EVERY = {name: drop() for name, drop in DROPS.items()} | {"threshold": ThresholdDrop(9)}
drops = pytest.mark.parametrize("drop", EVERY.values(), ids=EVERY)
REFERENCES = {
    "set": lambda w, g, zeta: reference.set_drop(w, zeta),
    "magnitude": lambda w, g, zeta: reference.magnitude_drop(w, zeta),
    "threshold": lambda w, g, zeta: reference.magnitude_drop(w, zeta),
    "sensitivity": lambda w, g, zeta: reference.magnitude_drop(w * g, zeta),
    "mest": lambda w, g, zeta: reference.magnitude_drop(abs(w) + abs(g) / 2, zeta),
}


def dropped(drop, weights, zeta, seed=0, gradients=None):
    weights = np.array(weights)
    gradients = np.ones(weights.size) if gradients is None else np.array(gradients)
    keep = called(drop, weights, zeta, seed, gradients)
    assert keep.dtype == bool
    assert keep.shape == weights.shape
    return np.flatnonzero(~keep).tolist()


def called(drop, weights, zeta, seed, gradients):
    """Call a drop in a layer with one input, one sample, and these gradients."""
    gradients = gradients.astype(weights.dtype)
    context = Context(
        np.ones((1, 1), weights.dtype),
        gradients[:, None],
        gradients[:, None],
        topology=layer((1, weights.size), np.arange(weights.size)),
    )
    return bound("drop", drop, context)(weights, zeta, np.random.default_rng(seed))


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


@pytest.mark.parametrize(
    ("weights", "gradients", "zeta", "expected"),
    [
        # |w g| is 0.1, 0.4, 0.03, 2, 0.
        ([1.0, -2.0, 3.0, 0.5, 0.0], [0.1, 0.2, -0.01, 4.0, 9.0], 0.2, [4]),
        ([1.0, -2.0, 3.0, 0.5, 0.0], [0.1, 0.2, -0.01, 4.0, 9.0], 0.4, [2, 4]),
        ([1.0, -2.0, 3.0, 0.5, 0.0], [0.1, 0.2, -0.01, 4.0, 9.0], 0.99, [0, 1, 2, 4]),
        ([1.0, -2.0], [0.1, -0.2], 0.0, []),
        ([1.0, -2.0], [0.1, -0.2], 1.0, [0, 1]),
        ([5.0], [0.0], 0.99, []),
        ([], [], 0.5, []),
    ],
)
def test_sensitivity_drops_what_the_loss_would_miss_least(
    weights, gradients, zeta, expected
):
    assert dropped(SensitivityDrop(), weights, zeta, gradients=gradients) == expected


@pytest.mark.parametrize(
    ("lam", "zeta", "expected"),
    [
        # |w| + |g| / 2 is 1, 2, 2.1, 0.4.
        (0.5, 0.25, [3]),
        (0.5, 0.5, [0, 3]),
        (0.5, 0.75, [0, 1, 3]),
        # |w| is 1, 2, 0.1, 0.3.
        (0.0, 0.25, [2]),
        (0.0, 0.5, [2, 3]),
        # |w| + 2 |g| is 1, 2, 8.1, 0.7.
        (2.0, 0.5, [0, 3]),
        (0.5, 0.0, []),
        (0.5, 1.0, [0, 1, 2, 3]),
    ],
)
def test_mest_spares_weights_that_are_about_to_move(lam, zeta, expected):
    weights, gradients = [1.0, -2.0, 0.1, 0.3], [0.0, 0.0, -4.0, 0.2]
    assert dropped(MESTDrop(lam=lam), weights, zeta, gradients=gradients) == expected


def test_mest_without_weights_drops_nothing():
    assert dropped(MESTDrop(), [], 0.5, gradients=[]) == []


@pytest.mark.parametrize(
    ("threshold", "zeta", "expected"),
    [
        (0.001, 0.5, [1, 2]),
        (0.001, 1.0, [1, 2]),  # no more than are below it
        (0.001, 0.25, [2]),  # no more than zeta, the smallest of them
        (0.01, 0.5, [1, 2]),
        (0.01, 0.75, [1, 2, 3]),
        (0.0005, 1.0, [2]),  # what is at it stays
        (0.0, 1.0, []),
        (1.0, 1.0, [0, 1, 2, 3]),
        (1.0, 0.0, []),
    ],
)
def test_threshold_drops_what_is_below_it(threshold, zeta, expected):
    weights = [0.5, -0.0005, 0.0001, -0.002]
    assert dropped(ThresholdDrop(threshold), weights, zeta) == expected


@pytest.mark.parametrize(
    ("n", "zeta", "n_dropped"),
    [(0, 0.5, 0), (1, 0.99, 0), (5, 0.5, 2), (5, 0.0, 0), (5, 1.0, 5), (200, 0.3, 60)],
)
def test_random_drops_exactly_the_fraction(n, zeta, n_dropped):
    for seed in range(5):
        assert len(dropped(RandomDrop(), np.ones(n), zeta, seed)) == n_dropped


def test_random_drops_every_set_as_often_whatever_the_weights():
    weights, rng = np.array([1e-9, 5, -3, 0, 100]), np.random.default_rng(0)
    counts = dict.fromkeys(combinations(range(5), 2), 0)
    for _ in range(2000):
        counts[tuple(np.flatnonzero(~RandomDrop()(weights, 0.4, rng)))] += 1
    assert stats.chisquare(list(counts.values())).pvalue > 0.001


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("zeta", [0, 0.1, 0.3, 0.5, 0.999, 1])
def test_drops_are_the_sorted_statement(name, dtype, zeta):
    for n in (1, 2, 3, 50, 301):
        weights, gradients = np.random.default_rng(n).standard_normal((2, n))
        weights, gradients = weights.astype(dtype), gradients.astype(dtype)
        keep = called(EVERY[name], weights, zeta, 0, gradients)
        assert keep.tolist() == REFERENCES[name](weights, gradients, zeta)


@pytest.mark.parametrize("name", REFERENCES)
def test_ties_keep_the_count_and_are_broken_at_random(name):
    weights = [1.0, 1.0, 1.0, 0.5, 1.0, 2.0]
    drop = EVERY[name]
    seen = {tuple(dropped(drop, weights, 0.5, seed)) for seed in range(60)}
    # Of the three, the smallest always, and two of the four tied.
    expected = {(0, 1, 3), (0, 2, 3), (0, 3, 4), (1, 2, 3), (1, 3, 4), (2, 3, 4)}
    assert seen == expected


@drops
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_given_is_not_changed(drop, dtype):
    weights = np.array([0.3, -0.1, 0.1, -0.2], dtype)
    gradients = np.array([1.0, -2, 3, -4], dtype)
    before = weights.copy(), gradients.copy()
    called(drop, weights, 0.5, 0, gradients)
    assert weights.tobytes() == before[0].tobytes()
    assert gradients.tobytes() == before[1].tobytes()


@pytest.mark.parametrize("drop", [SensitivityDrop(), MESTDrop(lam=1)], ids=repr)
def test_gradients_are_those_of_the_context(drop):
    # A D' is 1 2 -3 / 0 1 0, and there are connections at 0, 2 and 5.
    context = literal_context(
        [[1, 2], [0, -1]], [[1, 0], [0, 1], [-3, 0]], taken=[0, 2, 5]
    )
    assert context.gradients.tolist() == [1, -3, 0]
    keep = drop(np.array([3.0, 2, 2]), 0.34, np.random.default_rng(0), context)
    assert keep.tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("drop", "wrong", "message"),
    [
        (ThresholdDrop, {"threshold": -1e-9}, "threshold must be >= 0, got"),
        (ThresholdDrop, {"threshold": np.nan}, "threshold must be >= 0, got"),
        (MESTDrop, {"lam": -0.1}, "lam must be >= 0 and finite, got"),
        (MESTDrop, {"lam": np.nan}, "lam must be >= 0 and finite, got"),
    ],
)
def test_wrong_parameters_are_refused(drop, wrong, message):
    with pytest.raises(ValueError, match=message):
        drop(**wrong)
