import ctypes
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numba
import numpy as np
import pytest

import skset
from skset.runtime.atomics import exchange, read, relax, sleep, sleep_address, write
from skset.runtime.jit import kernel

interpreted = bool(numba.config.DISABLE_JIT)


@kernel
def read_kernel(words, place):
    return read(words, place)


@kernel
def write_kernel(words, place, value):
    write(words, place, value)


@kernel
def exchange_kernel(words, place, seen, value):
    return exchange(words, place, seen, value)


@kernel
def sleep_kernel(address, n):
    for _ in range(n):
        sleep(address)


@kernel
def relax_kernel(n):
    for _ in range(n):
        relax()
    return n


@kernel
def add(words, n):
    """Add 1 to the third word, n times, beside other threads."""
    for _ in range(n):
        seen = read(words, 2)
        while not exchange(words, 2, seen, seen + 1):
            seen = read(words, 2)


# The bodies in plain Python, and the instructions.
each_read = pytest.mark.parametrize("function", [read, read_kernel], ids=["py", "jit"])
each_write = pytest.mark.parametrize(
    "function", [write, write_kernel], ids=["py", "jit"]
)
each_exchange = pytest.mark.parametrize(
    "function", [exchange, exchange_kernel], ids=["py", "jit"]
)


@each_read
@pytest.mark.parametrize("value", [0, -1, 2**63 - 1, -(2**63), 3 << 40])
def test_read_returns_the_word(function, value):
    words = np.array([5, value, 6])
    assert function(words, 1) == value


@each_write
@pytest.mark.parametrize("value", [0, -1, 2**63 - 1, -(2**63), 3 << 40])
def test_write_changes_the_word_and_nothing_else(function, value):
    words = np.arange(5)
    function(words, 3, value)
    assert words.tolist() == [0, 1, 2, value, 4]


@each_exchange
@pytest.mark.parametrize("place", [0, 3, 4])
def test_exchange_changes_only_what_is_as_it_was_seen(function, place):
    words = np.arange(5) + (7 << 40)
    before = words.copy()
    assert not function(words, place, before[place] + 1, 9)
    assert not function(words, place, place, 9)  # equal in the lower half only
    assert np.array_equal(words, before)
    assert function(words, place, before[place], -9)
    assert words[place] == -9
    words[place] = before[place]
    assert np.array_equal(words, before)


@pytest.mark.parametrize("n_threads", [2, 4])
def test_no_exchange_is_lost_between_threads(n_threads):
    n = 300 if interpreted else 100_000
    words = np.zeros(5, np.int64)
    add(words, 0)  # compiled
    threads = [threading.Thread(target=add, args=(words, n)) for _ in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert words.tolist() == [0, 0, n * n_threads, 0, 0]


@pytest.mark.skipif(
    not (interpreted or getattr(numba.config, "BOUNDSCHECK", None)),
    reason="numba does not check bounds",
)
def test_places_are_checked_where_numba_checks_bounds():
    words = np.arange(5)
    for call in (
        lambda: read_kernel(words, 5),
        lambda: write_kernel(words, 5, 1),
        lambda: exchange_kernel(words, 5, 5, 1),
    ):
        with pytest.raises(IndexError):
            call()
    assert words.tolist() == [0, 1, 2, 3, 4]


def test_sleep_sleeps_and_does_not_count_on_the_processor():
    n, address = 200, sleep_address()
    sleep_kernel(address, 1)  # compiled
    began, busy = time.perf_counter(), time.thread_time()
    sleep_kernel(address, n)
    assert time.perf_counter() - began >= n * 1e-6
    assert time.thread_time() - busy < time.perf_counter() - began


@pytest.mark.skipif(interpreted, reason="the address is for machine code")
def test_sleep_calls_the_function_at_the_address():
    calls = []
    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(
        lambda n: calls.append(n) or 0
    )
    address = ctypes.cast(function, ctypes.c_void_p).value
    sleep_kernel(address, 3)
    assert calls == [1, 1, 1]


@pytest.mark.skipif(os.name != "posix", reason="another C library")
def test_the_address_is_that_of_the_c_library():
    usleep = ctypes.CDLL(None).usleep
    assert sleep_address() == ctypes.cast(usleep, ctypes.c_void_p).value > 0


def test_without_such_a_function_there_is_no_address(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert sleep_address() == 0

    def fail(name):
        raise OSError

    monkeypatch.setattr(ctypes, "CDLL", fail)
    assert sleep_address() == 0


def test_relax_does_nothing_else():
    assert relax() is None
    assert relax_kernel(5) == 5


CALL = """
import numpy as np
from skset.runtime.atomics import sleep_address
from skset.runtime.claims import new_claims
from runtime.test_claims import run_phases

counts = np.zeros((3, 4), np.int64)
print(run_phases(new_claims(), 0, 1, sleep_address(), 4, counts), counts.sum(), end=" ")
print(sum(getattr(run_phases, "stats").cache_hits.values()))
"""


@pytest.mark.skipif(interpreted, reason="nothing is compiled")
def test_kernels_that_sleep_and_claim_are_kept_on_disk(tmp_path):
    package, tests = Path(skset.__file__).parents[1], Path(__file__).parents[1]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(package), str(tests)]),
        "NUMBA_CACHE_DIR": str(tmp_path),
    }
    for expected in ("4 12 0\n", "4 12 1\n"):
        process = subprocess.run(
            [sys.executable, "-c", CALL],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert process.stdout == expected
