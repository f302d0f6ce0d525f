import threading
import time
from concurrent.futures import Future

import numba
import numpy as np
import pytest

from skset.runtime.spin import announce, watch

TIMEOUT = 30
MANY = 10**4 if numba.config.DISABLE_JIT else 10**9


def test_announce_writes_the_value_and_nothing_else():
    numbers = np.arange(5)
    announce(numbers, 3, 17)
    assert numbers.tolist() == [0, 1, 2, 17, 4]


@pytest.mark.parametrize("looks", [0, 1, 100])
@pytest.mark.parametrize("past", [3, 4])
def test_whoever_watches_too_long_is_told(looks, past):
    numbers = np.arange(5)
    assert watch(numbers, 3, past, looks, 0) is False
    assert numbers.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("past", [2, 0, -7])
@pytest.mark.parametrize("linger", [0, 5])
def test_what_was_passed_already_is_seen_at_the_first_look(past, linger):
    numbers = np.arange(5)
    assert watch(numbers, 3, past, 0, linger) is False  # not one look
    assert watch(numbers, 3, past, 1, linger) is True


def test_a_change_is_seen_by_a_thread_that_is_watching():
    numbers, seen = np.zeros(32, np.int64), Future()

    def look():
        while not watch(numbers, 16, 0, MANY, 0):
            pass
        seen.set_result(int(numbers[16]))

    threading.Thread(target=look, daemon=True).start()
    time.sleep(0.05)  # the thread is busy looking by now
    assert not seen.done()
    announce(numbers, 16, 7)
    assert seen.result(TIMEOUT) == 7


def test_what_another_thread_announces_is_heard_in_turn():
    numbers, heard = np.zeros(32, np.int64), []

    def answer():
        for n in range(100):
            while not watch(numbers, 0, n, 1000, 0):
                pass
            heard.append(int(numbers[0]))
            announce(numbers, 16, n + 1)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    for n in range(1, 101):
        announce(numbers, 0, n)
        while not watch(numbers, 16, n - 1, 1000, 0):
            pass
    thread.join(TIMEOUT)
    assert heard == list(range(1, 101))
