import numpy as np
import pytest

from skset.strategies import (
    DENSITY_SCHEDULES,
    SCHEDULES,
    ConstantDensity,
    ConstantSchedule,
    CosineSchedule,
    CubicDensity,
    LinearSchedule,
)

SHARES = 0, 0.125, 0.25, 0.375, 0.5, 0.75, 1
HALF = np.sqrt(0.5) / 2


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (ConstantSchedule(0.4), [0.4] * 7),
        (ConstantSchedule(0.4, stop=0.5), [0.4, 0.4, 0.4, 0.4, 0, 0, 0]),
        (LinearSchedule(0.4), [0.4, 0.35, 0.3, 0.25, 0.2, 0.1, 0]),
        (LinearSchedule(0.4, stop=0.5), [0.4, 0.3, 0.2, 0.1, 0, 0, 0]),
        (
            CosineSchedule(1),
            [1, 0.961940, 0.5 + HALF, 0.691342, 0.5, 0.5 - HALF, 0],
        ),
        (CosineSchedule(1, stop=0.5), [1, 0.5 + HALF, 0.5, 0.5 - HALF, 0, 0, 0]),
        (CosineSchedule(0.3, stop=0.75), [0.3, 0.279904, 0.225, 0.15, 0.075, 0, 0]),
    ],
    ids=str,
)
def test_zeta_at_shares_of_the_training(schedule, expected):
    actual = [schedule(share) for share in SHARES]
    assert actual == pytest.approx(expected, abs=1e-6)
    assert min(actual) >= 0
    assert all(type(zeta) in (int, float) for zeta in actual)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_zeta_is_that_given_at_first_and_nothing_after_the_end(schedule):
    for zeta in (0, 0.3, 1):
        assert schedule(zeta)(0) == zeta
        for stop in (0.2, 1):
            assert schedule(zeta, stop)(1.5) == 0
        assert schedule(zeta, 0.2)(0.2) == 0
    assert schedule() == schedule(zeta=0.3, stop=1.0)


@pytest.mark.parametrize(
    ("schedule", "final", "expected"),
    [
        (ConstantDensity(), 0.1, [0.1] * 7),
        # 0.1 + 0.4 (1, 7/8, 6/8, ...)^3
        (
            CubicDensity(initial=0.5, stop=1),
            0.1,
            [0.5, 0.36796875, 0.26875, 0.19765625, 0.15, 0.10625, 0.1],
        ),
        # Dense to sparse, at half of the training.
        (
            CubicDensity(initial=1, stop=0.5),
            0.2,
            [1, 0.5375, 0.3, 0.2125, 0.2, 0.2, 0.2],
        ),
        # By default three times the final one, but no more than all,
        (
            CubicDensity(stop=0.5),
            0.1,
            [0.3, 0.184375, 0.125, 0.103125, 0.1, 0.1, 0.1],
        ),
        (CubicDensity(stop=0.5), 0.4, [1, 0.653125, 0.475, 0.409375, 0.4, 0.4, 0.4]),
        # and not below the final one.
        (CubicDensity(initial=0.05, stop=0.5), 0.1, [0.1] * 7),
    ],
    ids=str,
)
def test_density_at_shares_of_the_training(schedule, final, expected):
    actual = [schedule(share, final) for share in SHARES]
    assert actual == pytest.approx(expected)
    assert actual[-1] == final
    assert (np.diff(actual) <= 0).all()


def test_densities_after_the_end_are_final():
    assert {schedule()(1.5, 0.2) for schedule in DENSITY_SCHEDULES.values()} == {0.2}
    assert CubicDensity() == CubicDensity(initial=None, stop=0.7)
    assert CubicDensity()(0.7, 0.2) == pytest.approx(0.2)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("zeta", [-0.1, 1.1, np.nan, np.inf])
def test_wrong_zetas_are_refused(schedule, zeta):
    with pytest.raises(ValueError, match=r"zeta must be in \[0, 1\], got"):
        schedule(zeta)


@pytest.mark.parametrize("schedule", [*SCHEDULES.values(), CubicDensity])
@pytest.mark.parametrize("stop", [0, -0.5, 1.01, np.nan])
def test_wrong_stops_are_refused(schedule, stop):
    with pytest.raises(ValueError, match=r"stop must be in \(0, 1\], got"):
        schedule(stop=stop)


@pytest.mark.parametrize("initial", [0, -0.5, 1.01, np.nan])
def test_wrong_initial_densities_are_refused(initial):
    with pytest.raises(ValueError, match=r"initial must be in \(0, 1\], got"):
        CubicDensity(initial=initial)
