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
from interrupts import await_begin, await_end, helpers, interrupted

import skset
from skset.runtime import gains, helper, parts, spin, team
from skset.runtime.claims import await_done, claim, finish
from skset.runtime.helper import Helper
from skset.runtime.jit import kernel
from skset.runtime.parts import parts_of
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
    monkeypatch.setattr(team, "Gain", Always)
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


class Always:
    """Has all work shared, whether that is faster or not."""

    together = True

    def note(self, seconds):
        pass


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


def meeting(n_threads, kernel):
    """Return a kernel for as many parts as threads, one for each of them."""
    barrier = threading.Barrier(n_threads)

    def meet(*args):
        barrier.wait(TIMEOUT)
        kernel(*args)

    return meet


@kernel
def run_phases(claims, rank, phase, pause, counts):
    """Count each chunk of each phase, a row of counts."""
    for row in range(counts.shape[0]):
        chunk = claim(claims, rank, phase, counts.shape[1])
        while chunk >= 0:
            counts[row, chunk] += 1
            finish(claims, phase)
            chunk = claim(claims, rank, phase, counts.shape[1])
        await_done(claims, phase, counts.shape[1], pause)
        phase += 1
    return phase


def run_together_and_check(workers):
    counts = np.zeros((4, 5), np.int64)
    workers.together(run_phases, WORK, counts)
    assert np.array_equal(counts, np.ones_like(counts))


def run_until_it_fails(workers):
    while True:  # nobody waits for a thread: it may fail after the call
        run_and_check(workers)


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
def test_parts_cover_all_units_and_none_is_too_large(shares, n_threads):
    log, n_parts = Log(), max(n_threads, min(3, 4 * n_threads) * (n_threads > 1))
    with Team(n_threads) as workers:
        workers.run(log, 3 * parts.SMALLEST_WORK, shares)
    assert len(log.calls) == max(1, min(n_parts, shares.size - 1))
    starts, stops = zip(*sorted(log.calls), strict=True)
    assert starts == (0, *stops[:-1])
    assert stops[-1] == shares.size - 1
    largest = np.diff(shares, append=shares[-1]).max()
    for start, stop in log.calls:
        most = shares[-1] / len(log.calls) + largest + 1
        assert shares[stop] - shares[start] <= most


@pytest.mark.parametrize(
    ("work", "n_parts"), [(1, 2), (5, 5), (8, 8), (100, 8), (10**6, 1954)]
)
def test_large_work_is_cut_finer_than_the_number_of_threads(work, n_parts):
    shares = np.arange(10_001)
    assert len(parts_of(work * parts.SMALLEST_WORK, shares, 2)) == n_parts + 1
    assert len(parts_of(8 * parts.SMALLEST_WORK, shares, 1)) == 2


@thread_counts
@promptly
def test_all_threads_take_part(n_threads):
    log = Log()
    with Team(n_threads) as workers:
        workers.run(meeting(n_threads, log), 1, np.arange(n_threads + 1))
    assert len(set(log.threads)) == len(log.threads) == n_threads
    assert threading.get_ident() in log.threads


@promptly
def test_the_calling_thread_does_all_if_nobody_comes(monkeypatch):
    monkeypatch.setattr(Helper, "wake", lambda self: None)
    log = Log()
    with Team(3) as workers:
        workers.run(log, WORK, SHARES["equal"])
        run_together_and_check(workers)
    assert len(log.calls) == 3
    assert set(log.threads) == {threading.get_ident()}


@promptly
def test_a_slow_thread_does_fewer_parts():
    caller, log = threading.get_ident(), Log()
    slow = threading.Event()

    def kernel(start, stop):
        if threading.get_ident() != caller:
            slow.set()
            time.sleep(0.1)
        else:
            slow.wait(TIMEOUT)
        log(start, stop)

    with Team(2) as workers:
        workers.run(kernel, 8 * parts.SMALLEST_WORK, np.arange(9))
    assert len(log.calls) == 8
    assert log.threads.count(caller) >= 6


@promptly
def test_nothing_is_shared_below_the_least_work(monkeypatch):
    monkeypatch.setattr(team, "MIN_WORK", 100)
    with Team(3) as workers:
        assert [workers.threads_for(work) for work in (0, 99, 100)] == [1, 1, 3]
        alone, shared = Log(), Log()
        workers.run(alone, 99, SHARES["equal"])
        workers.run(meeting(3, shared), 100, SHARES["equal"])
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
        deadline = time.monotonic() + TIMEOUT
        while reference() is not None:  # a helper may still be on its way out
            assert time.monotonic() < deadline
            time.sleep(0.001)


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
            assert len(set(log.calls)) == len(log.calls)
            assert set(log.calls) <= {(0, 2), (2, 4), (4, 6)}
            log.failing, log.calls = (), []
            workers.run(log, WORK, np.arange(7))  # nothing is left of the errors
            assert sorted(log.calls) == [(0, 2), (2, 4), (4, 6)]
        run_and_check(workers)
    await_end(before)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, KernelError])
@patiences
@promptly
def test_if_the_caller_is_interrupted_the_others_are_awaited(error, patience):
    begun, done, caller = threading.Event(), [], threading.get_ident()

    def interrupted(start, stop):
        if threading.get_ident() == caller:
            begun.wait(TIMEOUT)
            raise error
        begun.set()
        time.sleep(0.05)
        done.append(start)

    before = helpers()
    with Team(2) as workers:
        with pytest.raises(error):
            workers.run(interrupted, WORK, np.arange(7))
        assert len(done) == 1
        assert not any(helper.at_work for helper in workers._helpers)
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

team.MIN_WORK, spin.LOOKS = 0, 1
done, begun, caller = [], threading.Event(), threading.get_ident()

def slow(start, stop):
    if threading.get_ident() == caller:
        begun.wait()
    else:
        begun.set()
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
        done.append(start)

try:
    with Team(2) as workers:
        workers.run(slow, 1, np.arange(3))
except KeyboardInterrupt:
    print(len(done), [helper.is_serving for helper in workers._helpers])
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
    assert process.stdout == "1 []\n"
    assert process.stderr == ""


# Beginning and end


@thread_counts
@patiences
@promptly
def test_all_threads_end_with_the_block(n_threads, patience):
    before = helpers()
    with Team(n_threads) as workers:
        run_and_check(workers)
        await_begin(n_threads - 1, before)
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
    while not all(h.asleep and h.is_serving for h in workers._helpers):
        time.sleep(0.001)


@pytest.mark.parametrize("name", ["_claim", "_finish_and_claim", "_await", "announce"])
@promptly
def test_an_interrupt_while_working_leaves_no_one_waiting(name, monkeypatch):
    monkeypatch.setattr(spin, "LOOKS", 1)
    done, before = np.zeros(6, np.int64), helpers()
    with Team(3) as workers:
        await_sleep(workers)
        interrupt_once(monkeypatch, helper if name == "announce" else parts, name)
        with pytest.raises(KeyboardInterrupt):
            run_until_it_fails(workers)  # the others may be faster for a while
        workers.run(count, WORK, np.arange(7), done)
        assert done.tolist() == [1] * 6
    await_end(before)


@promptly
def test_an_interrupt_while_leaving_leaves_no_thread_behind(monkeypatch):
    monkeypatch.setattr(spin, "LOOKS", 1)
    before = helpers()
    workers = Team(3).__enter__()
    await_sleep(workers)
    interrupt_once(monkeypatch, helper, "announce")
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
        for _ in range(2):  # and it stays dead
            with pytest.raises(RuntimeError, match="thread of the team has died") as e:
                run_until_it_fails(workers)
            assert isinstance(e.value.__cause__, MemoryError)
    assert not workers._helpers


@promptly
def test_nobody_waits_for_the_part_of_a_thread_that_dies(monkeypatch):
    died = threading.Event()

    def die(call, rank):
        parts._claim(call.ledger.claims, rank, call.phase, 2)
        died.set()
        raise MemoryError

    monkeypatch.setattr(helper.Call, "help", die)
    with (
        Team(2) as workers,
        pytest.raises(RuntimeError, match="thread of the team has died"),
    ):
        workers.run(lambda start, stop: died.wait(TIMEOUT), 1, np.arange(3))


@promptly
def test_a_thread_that_cannot_be_started_is_an_error_too(monkeypatch):
    def refuse(*args):
        raise RuntimeError("can't start new thread")

    with Team(3) as workers, monkeypatch.context() as patched:
        patched.setattr(helper, "start_new_thread", refuse)
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
            run_together_and_check(workers)

    files = [module.__file__ for module in (team, helper, parts)]
    while interrupted(n, work, *files):
        n += 1
    assert n > 300  # it was interrupted at all
    await_end(before)
    for workers in teams:  # all can be used again
        with workers:
            run_and_check(workers)
            run_together_and_check(workers)
    await_end(before)


@pytest.mark.parametrize("n_units", [1, 2, 6, 7, 100, 1000])
@pytest.mark.parametrize("n_threads", [1, 2, 3])
@promptly
def test_large_work_is_done_in_short_parts(n_units, n_threads):
    done, sizes = np.zeros(n_units, np.int64), []

    def log(start, stop, done):
        sizes.append(stop - start)
        done[start:stop] += 1

    with Team(n_threads) as workers:
        work = 20 * parts.LARGEST_WORK
        workers.run(log, work, np.arange(n_units + 1), done)
    assert done.tolist() == [1] * n_units
    assert min(sizes) > 0
    assert len(sizes) == min(20, n_units)


# Kernels that claim their chunks


@thread_counts
@patiences
@promptly
def test_every_chunk_of_every_phase_is_done_once(n_threads, patience):
    counts = np.zeros((30, 7), np.int64)
    with Team(n_threads) as workers:
        for n in range(1, 100):
            workers.together(run_phases, WORK, counts)
            assert np.array_equal(counts, np.full_like(counts, n))
    workers.together(run_phases, WORK, counts)  # by the caller alone
    assert np.array_equal(counts, np.full_like(counts, 100))


@promptly
def test_a_kernel_is_called_by_all_threads_with_the_same_arguments():
    calls, barrier = [], threading.Barrier(3)

    def log(claims, rank, phase, pause, *args):
        calls.append((threading.get_ident(), id(claims), rank, phase, pause, args))
        barrier.wait(TIMEOUT)
        return phase + 5

    with Team(3) as workers:
        workers.together(log, WORK, 1, "two")
        workers.together(log, WORK, 1, "two")
    first, second = calls[:3], calls[3:]
    for found, phase in ((first, 1), (second, 6)):
        assert len({call[0] for call in found}) == 3
        assert len({(call[1], *call[3:]) for call in found}) == 1
        assert sorted(call[2] for call in found) == [0, 1, 2]
        assert found[0][3] == phase
        assert found[0][5] == (1, "two")


@promptly
def test_no_thread_takes_part_twice_in_a_call(monkeypatch):
    # It comes for the first call, and is so late that it finds the second.
    caller, calls = threading.get_ident(), []
    second, came = threading.Event(), threading.Event()

    def at_work(self, value):
        if value:
            second.wait(TIMEOUT)
        self.__dict__["at_work"] = value

    def announce(words, place, value):
        if value == 2:
            second.set()
            came.wait(TIMEOUT)
        spin.announce(words, place, value)

    def log(claims, rank, phase, pause, name):
        if threading.get_ident() == caller:
            time.sleep(0.05)  # it could come again
        else:
            calls.append(name)
            came.set()
        return phase + 1

    late = property(lambda self: self.__dict__["at_work"], at_work)
    monkeypatch.setattr(Helper, "at_work", late, raising=False)
    monkeypatch.setattr(helper, "announce", announce)
    with Team(2) as workers:
        for name in ("first", "second"):
            workers.together(log, WORK, name)
    assert calls == ["second"]


@promptly
def test_a_thread_that_is_late_finds_nothing_to_do():
    caller, begun, go = threading.get_ident(), threading.Event(), threading.Event()
    over = threading.Event()

    def late(claims, rank, phase, pause, counts):
        if threading.get_ident() != caller:
            begun.set()
            go.wait(TIMEOUT)
        else:
            begun.wait(TIMEOUT)
        phase = run_phases(claims, rank, phase, pause, counts)
        if threading.get_ident() != caller:
            over.set()
        return phase

    counts, others = np.zeros((3, 4), np.int64), np.zeros((5, 4), np.int64)
    with Team(2) as workers:
        workers.together(late, WORK, counts)  # returns, though the other waits
        assert np.array_equal(counts, np.ones((3, 4)))
        workers.together(run_phases, WORK, others)
        go.set()
        assert over.wait(TIMEOUT)
        assert np.array_equal(counts, np.ones((3, 4)))
        run_together_and_check(workers)
    assert np.array_equal(others, np.ones((5, 4)))


@pytest.mark.parametrize("who", ["caller", "helper", "both"])
@promptly
def test_an_error_in_a_chunk_leaves_nobody_waiting(who):
    caller, barrier = threading.get_ident(), threading.Barrier(2)

    def fail(claims, rank, phase, pause, counts):
        chunk = parts._claim(claims, rank, phase, 2)
        barrier.wait(TIMEOUT)  # each has claimed one
        is_caller = threading.get_ident() == caller
        if who in ("both", "caller" if is_caller else "helper"):
            raise KernelError(chunk)
        parts._finish_and_claim(claims, rank, phase, 2)
        parts._await(claims, phase, 2, pause)
        return run_phases(claims, rank, phase + 1, pause, counts)

    counts = np.zeros((3, 4), np.int64)
    with Team(2) as workers:
        for _ in range(3):
            with pytest.raises(KernelError):
                workers.together(fail, WORK, counts)
            assert not counts.any()
            run_together_and_check(workers)


@promptly
def test_an_error_outside_of_chunks_is_raised_too():
    caller, failed = threading.get_ident(), threading.Event()

    def fail(claims, rank, phase, pause):
        if threading.get_ident() != caller:
            failed.set()
            raise KernelError
        failed.wait(TIMEOUT)
        time.sleep(0.05)
        return phase

    with Team(2) as workers:
        with pytest.raises(KernelError):
            workers.together(fail, WORK)
        run_together_and_check(workers)


# Whether threads pay


@promptly
def test_work_is_shared_as_its_gain_says(monkeypatch):
    monkeypatch.setattr(team, "Gain", gains.Gain)
    shared, n_calls = [], 2 * gains.CALLS + 1

    def log(claims, rank, phase, pause):
        if threading.get_ident() == caller:
            shared.append(pause > 0)
        return phase

    caller = threading.get_ident()
    with Team(2) as workers:
        for _ in range(n_calls):
            workers.together(log, WORK)
        assert shared == [n % 2 == 0 for n in range(n_calls)]
        assert len(workers._gains) == 1
        workers.together(log, 2 * WORK)  # other sizes are tried apart
        assert len(workers._gains) == 2
        expected = [2 if n % 2 == 0 else 1 for n in range(n_calls)]
        found = []
        for _ in range(n_calls):
            found.append(workers.threads_for(WORK, count))
            workers.run(count, WORK, np.arange(3), np.zeros(2, np.int64))
        assert found == expected
