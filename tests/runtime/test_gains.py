import numpy as np
import pytest

from skset.runtime import gains
from skset.runtime.gains import ALONE, TOGETHER, Gain

TRIAL = 2 * gains.CALLS + 1


def ways(gain, n, alone, together):
    """Do n calls that take so long; return which were shared."""
    shared = []
    for _ in range(n):
        shared.append(gain.together)
        gain.note(together if gain.together else alone)
    return shared


def test_a_trial_takes_both_ways_by_turns():
    gain = Gain()
    assert ways(gain, TRIAL, 1, 1) == [n % 2 == 0 for n in range(TRIAL)]
    assert not gain.is_trying


@pytest.mark.parametrize(
    ("together", "best"),
    [(0.5, TOGETHER), (0.9, TOGETHER), (0.99, ALONE), (1, ALONE), (3, ALONE)],
)
def test_the_faster_way_is_taken_if_it_is_worth_it(together, best):
    gain = Gain()
    ways(gain, TRIAL, 1, together)
    assert ways(gain, 20, 1, together) == [best] * 20


def test_the_first_call_does_not_count():
    gain = Gain()
    gain.note(1000)
    ways(gain, TRIAL - 1, 1, 0.5)
    assert gain.best is TOGETHER


@pytest.mark.parametrize("together", [0.55, 0.8, 1.0, 1.5, 3.0])
def test_trials_cost_little_and_never_end(together):
    gain, n = Gain(), 50_000
    shared = np.array(ways(gain, n, 1.0, together))
    spent = np.where(shared, together, 1).sum()
    assert spent / (n * min(1, together if together < gains.WORTH else 1)) < 1.03
    late = shared[n // 2 :]
    assert late.any()
    assert not late.all()


@pytest.mark.parametrize(("before", "after"), [(2.0, 0.55), (0.55, 2.0)])
def test_a_change_is_noticed(before, after):
    gain = Gain()
    ways(gain, 20_000, 1.0, before)
    ways(gain, 20_000, 1.0, after)
    shared = np.array(ways(gain, 2000, 1.0, after))
    assert abs(shared.mean() - (after < 1)) < 0.05


def test_threads_are_given_up_soon_when_they_become_slow():
    gain = Gain()
    ways(gain, TRIAL + 100, 1.0, 0.55)
    shared = ways(gain, 200, 1.0, 2.0)
    assert 0 < sum(shared) < gains.LATELY


def test_rare_delays_count():
    gain, rng = Gain(), np.random.default_rng(0)
    spent = 0.0
    for _ in range(20_000):
        seconds = 0.7 + 30 * (rng.random() < 0.05) if gain.together else 1.0
        gain.note(seconds)
        spent += seconds
    assert spent < 1.05 * 20_000


@pytest.mark.parametrize("slow", range(TRIAL))
def test_a_compilation_in_the_trial_is_not_taken_for_long(slow):
    gain = Gain()
    for n in range(TRIAL):
        gain.note(10_000 if n == slow else 0.55 if gain.together else 1)
    ways(gain, 5000, 1.0, 0.55)
    assert gain.best is TOGETHER
    assert gain._alone == 1
