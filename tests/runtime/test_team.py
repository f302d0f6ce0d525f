import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import Future
from itertools import chain, combinations
from pathlib import Path

import numba
import numpy as np
import pytest
from interrupts import await_end, helpers, interrupted

import skset
from skset.runtime import gains, helper, parts, spin, team
from skset.runtime.claims import await_done, claim, finish
from skset.runtime.jit import kernel
from skset.runtime.team import Team

# How long a test may take: much longer than any does.
TIMEOUT = 30
HUNG = []  # the first test that took longer; the threads it left would delay others
WORK = 10**6
# Looks before a thread sleeps: it sleeps always, as it does by default, never.
PATIENCES = {"sleeping": 0, "default": spin.LOOKS, "watching": 10**7}
if numba.config.DISABLE_JIT:
    PATIENCES["watching"] = 100

SHARES = {
    "equal": np.arange(0, 210, 10),
    "heavy first unit": np.array([0, 1000, 1001, 1002, 1003, 1004]),
    "heavy last unit": np.array([0, 1, 2, 3, 4, 1004]),
    "heavy unit in the middle": np.array([0, 1, 2, 1002, 1003, 1004]),
    "units without connections": np.array([0, 0, 0, 5, 5, 9, 9, 9, 9]),
    "no connection": np.zeros(6, np.int64),
    "one unit": np.array([0, 7]),
    "two units": np.array([0, 7, 9]),
    "no unit": np.array([0]),
    "random": np.cumsum([0, *np.random.default_rng(0).integers(0, 50, 40)]),
}

each_share = pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
thread_counts = pytest.mark.parametrize("n_threads", [1, 2, 3, 7])


def promptly(test):
    """Run the test in a thread, so that a team which hangs fails it, not blocks it."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        assert not HUNG, f"{HUNG[0]} left a team that hangs"
        outcome = Future()

        def report():
            try:
                outcome.set_result(test(*args, **kwargs))
            except BaseException as error:
                outcome.set_exception(error)

        threading.Thread(target=report, daemon=True).start()
        try:
            outcome.result(TIMEOUT)
        except TimeoutError:
            HUNG.append(test.__name__)
            raise

    return run


@pytest.fixture(autouse=True)
def _everything_is_shared(monkeypatch):
    monkeypatch.setattr(team, "MIN_WORK", 0)
    # Threads end because they are told to, not because nobody needs them.
    monkeypatch.setattr(helper, "IDLE", 1000)


@pytest.fixture
def patience(request, monkeypatch):
    monkeypatch.setattr(spin, "LOOKS", request.param)


patiences = pytest.mark.parametrize(
    "patience", PATIENCES.values(), ids=PATIENCES, indirect=True
)


@kernel
def count(start, stop, done):
    """Count how often each unit was done."""
    for i in range(start, stop):
        done[i] += 1


@kernel
def mirror(start, stop, before, after):
    """Write what depends on what other threads wrote in the run before."""
    for i in range(start, stop):
        after[i] = before[before.size - 1 - i] + 1


class KernelError(Exception):
    """What a kernel of these tests raises."""


class Log:
    """A kernel that writes down which units each thread was given."""

    def __init__(self, failing=(), error=KernelError):
        self.failing, self.error = failing, error
        self.calls, self.threads = [], []

    def __call__(self, start, stop):
        self.calls.append((start, stop))
        self.threads.append(threading.get_ident())
        if start in self.failing:
            raise self.error(start)


def run_and_check(workers, n_units=5):
    done = np.zeros(n_units, np.int64)
    workers.run(count, WORK, np.arange(n_units + 1), done)
    assert np.array_equal(done, np.ones(n_units))


# Shares


@each_share
@thread_counts
@patiences
@promptly
def test_every_unit_is_done_exactly_once(shares, n_threads, patience):
    done = np.zeros(shares.size - 1, np.int64)
    with Team(n_threads) as workers:
        for n in range(1, 4):
            workers.run(count, WORK, shares, done)
            assert np.array_equal(done, np.full(done.size, n))


@each_share
@thread_counts
@promptly
def test_every_thread_gets_a_range_and_none_too_much(shares, n_threads):
    log = Log()
    with Team(n_threads) as workers:
        workers.run(log, WORK, shares)
    assert len(set(log.threads)) == len(log.threads) == n_threads
    assert threading.get_ident() in log.threads
    starts, stops = zip(*sorted(log.calls), strict=True)
    assert starts == (0, *stops[:-1])
    assert stops[-1] == shares.size - 1
    largest = np.diff(shares, append=shares[-1]).max()
    for start, stop in log.calls:
        assert shares[stop] - shares[start] <= shares[-1] / n_threads + largest + 1


@promptly
def test_the_calling_thread_takes_the_first_units():
    log = Log()
    with Team(2) as workers:
        workers.run(log, WORK, SHARES["equal"])
    given = dict(zip(log.threads, log.calls, strict=True))
    assert given.pop(threading.get_ident()) == (0, 10)
    assert list(given.values()) == [(10, 20)]


@promptly
def test_nothing_is_shared_below_the_least_work(monkeypatch):
    monkeypatch.setattr(team, "MIN_WORK", 100)
    with Team(3) as workers:
        assert [workers.threads_for(work) for work in (0, 99, 100)] == [1, 1, 3]
        alone, shared = Log(), Log()
        workers.run(alone, 99, SHARES["equal"])
        workers.run(shared, 100, SHARES["equal"])
    assert alone.calls == [(0, 20)]
    assert alone.threads == [threading.get_ident()]
    assert len(set(shared.threads)) == 3


def test_a_team_of_one_has_no_threads():
    before = helpers()
    with Team() as workers:
        assert workers.threads_for(WORK) == 1
        run_and_check(workers)
        assert helpers() == before


# Many runs


@pytest.mark.parametrize(
    ("n_threads", "patience", "n_runs"),
    [(2, "default", 3000), (3, "default", 300), (2, "sleeping", 1500)],
)
@promptly
def test_a_run_sees_all_that_was_written_in_the_run_before(
    n_threads, patience, n_runs, monkeypatch
):
    monkeypatch.setattr(spin, "LOOKS", PATIENCES[patience])
    n_runs = n_runs // 20 if numba.config.DISABLE_JIT else n_runs
    rng = np.random.default_rng(0)
    shares = [np.cumsum([0, *rng.integers(0, 9, 64)]) for _ in range(16)]
    before = rng.integers(0, 100, 64)
    expected, after = before.copy(), np.empty_like(before)
    with Team(n_threads) as workers:
        for n in range(n_runs):
            workers.run(mirror, WORK, shares[n % 16], before, after)
            before, after = after, before
            expected = expected[::-1] + 1
            if n % 8 == 0:
                assert np.array_equal(before, expected)
    assert np.array_equal(before, expected)


@patiences
@promptly
def test_threads_that_have_gone_to_sleep_answer(patience):
    with Team(3) as workers:
        for _ in range(3):
            time.sleep(0.05)
            run_and_check(workers)
            run_and_check(workers)
        time.sleep(0.05)


@promptly
def test_no_thread_oversleeps_what_is_posted_while_it_goes_to_sleep(monkeypatch):
    monkeypatch.setattr(spin, "LOOKS", 0)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with Team(3) as workers:
            for _ in range(300):
                run_and_check(workers)
    finally:
        sys.setswitchinterval(interval)


@promptly
def test_the_caller_waits_for_a_slow_thread():
    done = []

    def slow(start, stop):
        if start:
            time.sleep(0.05)
        done.append(start)

    with Team(3) as workers:
        for n in range(1, 4):
            workers.run(slow, WORK, SHARES["equal"])
            assert len(done) == 3 * n


@promptly
def test_nothing_that_was_passed_is_kept():
    array = np.zeros(5)
    reference = weakref.ref(array)
    with Team(3) as workers:
        workers.run(lambda start, stop, array: None, WORK, np.arange(6), array)
        del array
        assert reference() is None


@promptly
def test_two_teams_can_be_at_work_in_two_threads():
    errors = []

    def work(seed):
        try:
            with Team(2) as workers:
                for n in range(200):
                    run_and_check(workers, 1 + (seed + n) % 30)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


# Errors


@pytest.mark.parametrize(
    "failing",
    list(chain.from_iterable(combinations([0, 2, 4], n) for n in (1, 2, 3))),
    ids=str,
)
@patiences
@promptly
def test_errors_are_raised_and_the_team_goes_on(failing, patience):
    before = helpers()
    with Team(3) as workers:
        for _ in range(2):
            log = Log(failing)
            with pytest.raises(KernelError) as raised:
                workers.run(log, WORK, np.arange(7))
            assert raised.value.args[0] in failing
            assert sorted(log.calls) == [(0, 2), (2, 4), (4, 6)]
            log.failing = ()
            workers.run(log, WORK, np.arange(7))  # nothing is left of the errors
            assert len(log.calls) == 6
        run_and_check(workers)
    await_end(before)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, KernelError])
@patiences
@promptly
def test_if_the_caller_is_interrupted_the_others_are_awaited(error, patience):
    done = []

    def interrupted(start, stop):
        if start == 0:
            raise error
        time.sleep(0.05)
        done.append(start)

    before = helpers()
    with Team(3) as workers:
        with pytest.raises(error):
            workers.run(interrupted, WORK, np.arange(7))
        assert sorted(done) == [2, 4]
        run_and_check(workers)
    await_end(before)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@promptly
def test_whatever_another_thread_raises_is_raised(error):
    with Team(2) as workers:
        with pytest.raises(error):
            workers.run(Log([1], error), WORK, np.arange(3))
        run_and_check(workers)


INTERRUPTED_WHILE_WAITING = """
import os, signal, threading, time
import numpy as np
from skset.runtime import spin, team
from skset.runtime.team import Team

team.MIN_WORK, team.PATIENCE = 0, 1
done = []

def slow(start, stop):
    if start:
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
        done.append(start)

try:
    with Team(2) as workers:
        workers.run(slow, 1, np.arange(3))
except KeyboardInterrupt:
    print(done, [helper.is_serving for helper in workers._helpers])
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a signal sent to oneself")
def test_a_team_whose_caller_is_interrupted_while_waiting_can_be_left():
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    process = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_WAITING],
        env={**os.environ, "PYTHONPATH": str(Path(skset.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )
    assert process.stdout == "[1] []\n"
    assert process.stderr == ""


# Beginning and end


@thread_counts
@patiences
@promptly
def test_all_threads_end_with_the_block(n_threads, patience):
    before = helpers()
    with Team(n_threads) as workers:
        run_and_check(workers)
        assert len(helpers() - before) == n_threads - 1
    await_end(before)
    with Team(n_threads):  # nothing was ever run
        pass
    await_end(before)


@promptly
def test_an_error_in_the_block_ends_the_threads_too():
    before = helpers()
    with pytest.raises(KernelError), Team(3) as workers:
        workers.run(Log([0]), WORK, np.arange(4))
    await_end(before)


@patiences
@promptly
def test_a_team_can_be_entered_again(patience):
    workers, log = Team(3), Log()
    for _ in range(4):
        with workers as entered:
            assert entered is workers
            run_and_check(workers)
            workers.run(log, WORK, np.arange(4))
        workers.run(log, WORK, np.arange(4))  # by the caller alone
    assert len(log.calls) == 4 * (3 + 1)


def in_a_child():
    team.MIN_WORK = 0
    with Team(2) as workers:
        for _ in range(20):
            run_and_check(workers)
    await_end()


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="cannot fork"
)
# Other libraries and tests may have threads that Python warns of.
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_new_team_works_in_a_forked_child():  # row 51
    with Team(2) as workers:
        run_and_check(workers)
    child = multiprocessing.get_context("fork").Process(target=in_a_child)
    child.start()
    child.join(TIMEOUT)
    if child.is_alive():
        child.kill()
    assert child.exitcode == 0
    with workers:
        run_and_check(workers)


# Interrupts


def interrupt_once(monkeypatch, owner, name):
    """Have the next call that this thread makes interrupt it when it is done.

    The threads of the team call the same functions, but no signal ever reaches them.
    """
    function, calls, interrupted = getattr(owner, name), [], threading.get_ident()

    def interrupting(*args):
        result = function(*args)
        if threading.get_ident() == interrupted:
            calls.append(args)
            if len(calls) == 1:
                raise KeyboardInterrupt
        return result

    monkeypatch.setattr(owner, name, interrupting)


def await_sleep(workers):
    """Have the threads of the team start, and wait until they sleep."""
    run_and_check(workers)
    while not all(helper.asleep for helper in workers._helpers):
        time.sleep(0.001)


@pytest.mark.parametrize("name", ["arrive", "arrive_and_await"])
@promptly
def test_an_interrupt_before_others_are_woken_leaves_no_one_waiting(name, monkeypatch):
    monkeypatch.setattr(spin, "LOOKS", 1)
    done, before = np.zeros(6, np.int64), helpers()
    with Team(3) as workers:
        await_sleep(workers)
        interrupt_once(monkeypatch, team, name)
        with pytest.raises(KeyboardInterrupt):
            workers.run(count, WORK, np.arange(7), done)
        done[:] = 0
        workers.run(count, WORK, np.arange(7), done)
        assert done.tolist() == [1] * 6
    await_end(before)


@promptly
def test_an_interrupt_while_leaving_leaves_no_thread_behind(monkeypatch):
    monkeypatch.setattr(spin, "LOOKS", 1)
    before = helpers()
    workers = Team(3).__enter__()
    await_sleep(workers)
    interrupt_once(monkeypatch, team, "arrive")
    with pytest.raises(KeyboardInterrupt):
        workers.__exit__()
    await_end(before)


@promptly
def test_a_thread_that_dies_is_an_error_not_a_wait_without_end(monkeypatch):
    def die(*args):
        raise MemoryError

    with Team(3) as workers:
        await_sleep(workers)
        monkeypatch.setattr(workers._helpers[0], "_await_post", die)
        for _ in range(2):  # it dies before it says that it is done, and stays dead
            with pytest.raises(RuntimeError, match="thread of the team has died") as e:
                run_and_check(workers)
            assert isinstance(e.value.__cause__, MemoryError)
    assert not workers._helpers


@promptly
def test_a_thread_that_cannot_be_started_is_an_error_too(monkeypatch):
    def refuse(*args):
        raise RuntimeError("can't start new thread")

    with Team(3) as workers, monkeypatch.context() as patched:
        patched.setattr(team, "start_new_thread", refuse)
        for _ in range(2):
            with pytest.raises(RuntimeError, match="can't start new thread"):
                run_and_check(workers)


# Threads that nobody ends


@promptly
def test_threads_without_work_end_and_are_started_again(monkeypatch):
    monkeypatch.setattr(helper, "IDLE", 0.01)
    before, log = helpers(), Log()
    with Team(3) as workers:
        for n in range(1, 4):
            workers.run(log, WORK, np.arange(7))
            assert len(log.calls) == 3 * n
            await_end(before)


@pytest.mark.parametrize("idle", [0, 1e-4])
@promptly
def test_no_work_is_lost_that_is_posted_while_a_thread_ends(idle, monkeypatch):
    monkeypatch.setattr(spin, "LOOKS", 0)
    monkeypatch.setattr(helper, "IDLE", idle)
    monkeypatch.setattr(helper, "START", 0)
    with Team(3) as workers:
        for n in range(100):
            run_and_check(workers)
            time.sleep(n % 5 * idle / 2)


@promptly
def test_an_interrupt_leaves_no_thread_wherever_it_comes(monkeypatch):
    # Row 44. After many of them the end of the block is never reached.
    monkeypatch.setattr(helper, "IDLE", 0.01)
    monkeypatch.setattr(spin, "LINGER", 0)  # it takes long where it is interpreted
    before, teams, n = helpers(), [], 0

    def work():
        teams.append(Team(2))
        with teams[-1] as workers:
            run_and_check(workers)

    while interrupted(n, work, team.__file__):
        n += 1
    assert n > 300  # it was interrupted at all
    await_end(before)
    for workers in teams:  # all can be used again
        with workers:
            run_and_check(workers)
    await_end(before)


@pytest.mark.parametrize("n_units", [1, 2, 6, 7, 100, 1000])
@pytest.mark.parametrize("n_threads", [1, 2, 3])
@promptly
def test_large_work_is_done_in_rounds_that_occupy_all(n_units, n_threads):
    done, rounds = np.zeros(n_units, np.int64), []

    def log(start, stop, done):
        rounds.append((start, stop))
        done[start:stop] += 1

    with Team(n_threads) as workers:
        work = 20 * parts.LARGEST_WORK * n_threads
        workers.run(log, work, np.arange(n_units + 1), done)
    assert done.tolist() == [1] * n_units
    sizes = [stop - start for start, stop in rounds]
    if n_units >= n_threads:
        assert min(sizes) > 0
        assert len(sizes) >= min(20 * n_threads, n_units // n_threads * n_threads)
