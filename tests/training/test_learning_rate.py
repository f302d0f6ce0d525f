import math

import pytest

from skset.training import LearningRate

SCHEDULES = ["constant", "invscaling", "adaptive", "cosine"]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_begins_at_the_initial_rate(schedule):
    rate = LearningRate(0.2, schedule)
    assert rate.now == 0.2
    rate.before_step(0.0)
    assert rate.now == 0.2


def walk(schedule, power_t=0.5):
    """Return the rates before steps at 0, 1/4, ..., with an epoch after each."""
    rate, rates = LearningRate(0.2, schedule, power_t), []
    for step in range(5):
        rate.before_step(step / 4)
        rates.append(rate.now)
        rate.after_epoch(50 * (step + 1))
    return rates


@pytest.mark.parametrize("schedule", ["constant", "adaptive"])
def test_constant_while_nothing_stalls(schedule):
    assert walk(schedule) == [0.2] * 5


@pytest.mark.parametrize("power_t", [0.0, 0.3, 0.5, 1.0])
def test_invscaling_follows_the_samples_seen(power_t):
    expected = [0.2, *(0.2 / (50 * epoch + 1) ** power_t for epoch in range(1, 5))]
    assert walk("invscaling", power_t) == pytest.approx(expected)


def test_cosine_follows_the_share_done():
    expected = [0.1 * (1 + math.cos(math.pi * quarter / 4)) for quarter in range(5)]
    assert walk("cosine") == pytest.approx(expected)
    assert walk("cosine")[-1] == pytest.approx(0, abs=1e-15)


def test_adaptive_is_divided_by_5_at_each_plateau_down_to_a_millionth():
    rate = LearningRate(2e-4, "adaptive")
    seen = []
    while rate.lowered():
        seen.append(rate.now)
    assert seen == pytest.approx([4e-5, 8e-6, 1.6e-6, 3.2e-7])
    assert rate.now == seen[-1]


@pytest.mark.parametrize("schedule", ["constant", "invscaling", "cosine"])
def test_other_schedules_stop_at_a_plateau(schedule):
    rate = LearningRate(0.2, schedule)
    assert rate.lowered() is False
    assert rate.now == 0.2


def test_a_callable_returns_the_factor():
    rate = LearningRate(0.1, lambda share: 1 - share)
    assert rate.now == 0.1
    for share in (0.0, 0.25, 1.0):
        rate.before_step(share)
        assert rate.now == pytest.approx(0.1 * (1 - share))
    rate.after_epoch(10)
    assert rate.now == 0
    assert not rate.lowered()


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf"), None, "1", False])
def test_a_callable_that_returns_no_factor_is_refused(wrong):
    rate = LearningRate(0.1, lambda share: wrong)
    with pytest.raises(ValueError, match="learning_rate must return a finite number"):
        rate.before_step(0.5)
