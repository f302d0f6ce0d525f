import numpy as np
import pytest

from skset.strategies import UNIT_PRUNINGS, ImportancePruning


@pytest.mark.parametrize(
    ("quantile", "strengths", "expected"),
    [
        # The median is 2, and what is at it goes too.
        (0.5, [1.0, 2, 3], [False, False, True]),
        (0.5, [4.0, 1, 3, 2], [True, False, True, False]),
        (0.25, [4.0, 1, 3, 2, 5], [True, False, True, False, True]),
        # The quantile of 0 is the weakest one.
        (0, [4.0, 1, 3, 2], [True, False, True, True]),
        (0.1, [0.0, 0, 0, 7], [False, False, False, True]),
        (0.99, [4.0, 1, 3, 2], [True, False, False, False]),
        # The strongest stays, and of equal ones the first.
        (0.1, [2.0, 2, 2], [True, False, False]),
        (0.1, [0.0, 0], [True, False]),
        (0.9, [5.0], [True]),
    ],
)
def test_units_at_or_below_the_quantile_go(quantile, strengths, expected):
    strengths = np.array(strengths)
    before = strengths.copy()
    keep = ImportancePruning(quantile)(strengths)
    assert keep.dtype == bool
    assert keep.tolist() == expected
    assert np.array_equal(strengths, before)


def times(pruning, n_epochs):
    """Return the epochs, counted from 1, after which units go."""
    shares = np.arange(n_epochs + 1) / n_epochs
    return [e for e in range(1, n_epochs + 1) if pruning.due(shares[e - 1], shares[e])]


@pytest.mark.parametrize(
    ("parameters", "n_epochs", "expected"),
    [
        # The paper's 500 epochs: from 200 on, every 40th.
        ({}, 500, [200, 240, 280, 320, 360, 400]),
        ({}, 100, [40, 48, 56, 64, 72, 80]),
        ({}, 25, [10, 12, 14, 16, 18, 20]),
        # Fewer epochs than times: once an epoch at most.
        ({}, 5, [2, 3, 4]),
        ({}, 1, [1]),
        ({"start": 0.5, "stop": 1.0, "every": 0.25}, 8, [4, 6, 8]),
        ({"start": 0.5, "stop": 0.5}, 10, [5]),
        ({"start": 0.5, "stop": 0.9, "every": 1.0}, 10, [5]),
        ({"start": 1.0, "stop": 1.0}, 10, [10]),
        ({"start": 0.3, "stop": 0.6, "every": 0.1}, 10, [3, 4, 5, 6]),
        ({"start": 0.25, "stop": 0.75, "every": 0.25}, 10, [3, 5, 8]),
    ],
    ids=str,
)
def test_when_units_go(parameters, n_epochs, expected):
    assert times(ImportancePruning(**parameters), n_epochs) == expected


def test_no_time_comes_twice():
    pruning = ImportancePruning(start=0.3, stop=0.7, every=0.1)
    assert pruning.due(0.29, 0.3)
    assert not pruning.due(0.3, 0.3)
    assert not pruning.due(0.3, 0.39)
    assert pruning.due(0.39, 0.41)
    assert pruning.due(0, 1)
    assert not pruning.due(0.7, 1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"quantile": -0.1}, r"quantile must be in \[0, 1\)"),
        ({"quantile": 1}, r"quantile must be in \[0, 1\)"),
        ({"quantile": np.nan}, r"quantile must be in \[0, 1\)"),
        ({"start": -0.1}, "start <= stop"),
        ({"start": 0.9}, "start <= stop"),
        ({"start": np.nan}, "start <= stop"),
        ({"stop": 0.3}, "start <= stop"),
        ({"stop": 1.1}, "start <= stop"),
        ({"stop": np.nan}, "start <= stop"),
        ({"every": 0}, r"every must be in \(0, 1\]"),
        ({"every": 1.1}, r"every must be in \(0, 1\]"),
        ({"every": np.nan}, r"every must be in \(0, 1\]"),
    ],
    ids=str,
)
def test_wrong_parameters_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        ImportancePruning(**wrong)


def test_the_name_and_the_defaults():
    assert {"strength": ImportancePruning} == UNIT_PRUNINGS
    assert ImportancePruning() == ImportancePruning(
        quantile=0.1, start=0.4, stop=0.8, every=0.08
    )
