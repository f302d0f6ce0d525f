import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import numba
import numpy as np
import pytest

from skset.runtime.atomics import sleep_address
from skset.runtime.claims import (
    COUNT,
    DONE,
    NEXT,
    await_done,
    break_off,
    claim,
    finish,
    new_claims,
)
from skset.runtime.jit import kernel

interpreted = bool(numba.config.DISABLE_JIT)
TIMEOUT = 30


@kernel
def claim_kernel(claims, phase, n, rank=0):
    return claim(claims, rank, phase, n)


@kernel
def finish_kernel(claims, phase):
    finish(claims, phase)


@kernel
def await_kernel(claims, phase, n, pause):
    await_done(claims, phase, n, pause)


@kernel
def run_phases(claims, rank, phase, pause, n, counts):
    """Count each chunk of each phase, a row of counts, as the documentation says."""
    for row in range(counts.shape[0]):
        chunk = claim(claims, rank, phase, n)
        while chunk >= 0:
            counts[row, chunk] += 1
            finish(claims, phase)
            chunk = claim(claims, rank, phase, n)
        await_done(claims, phase, n, pause)
        phase += 1
    return phase


@kernel
def run_chain(claims, rank, phase, pause, n, rows):
    """Compute each row from the one before, in reverse order of the chunks."""
    for row in range(1, rows.shape[0]):
        chunk = claim(claims, rank, phase, n)
        while chunk >= 0:
            for i in range(chunk, rows.shape[1], n):
                rows[row, i] = rows[row - 1, rows.shape[1] - 1 - i] + i
            finish(claims, phase)
            chunk = claim(claims, rank, phase, n)
        await_done(claims, phase, n, pause)
        phase += 1
    return phase


@kernel
def run_growing(claims, rank, phase, pause, sizes, counts):
    """Have phases of different numbers of chunks, none in some."""
    for row in range(sizes.size):
        n = sizes[row]
        chunk = claim(claims, rank, phase, n)
        while chunk >= 0:
            counts[row, chunk] += 1
            finish(claims, phase)
            chunk = claim(claims, rank, phase, n)
        await_done(claims, phase, n, pause)
        phase += 1
    return phase


def together(n_threads, function, *args):
    """Call a function in several threads at once, each with its rank."""
    barrier = threading.Barrier(n_threads)

    claims, *others = args

    def call(rank):
        barrier.wait(TIMEOUT)
        return function(claims, rank, *others)

    with ThreadPoolExecutor(n_threads) as threads:
        calls = [threads.submit(call, rank) for rank in range(n_threads)]
        return [future.result(TIMEOUT) for future in calls]


def claim_all(claims, phase, n):
    """Claim and finish chunks until none is left; return them."""
    chunks = []
    while (chunk := claim_kernel(claims, phase, n)) >= 0:
        chunks.append(chunk)
        finish_kernel(claims, phase)
    return chunks


pauses = pytest.mark.parametrize("pause", [0, sleep_address()], ids=["look", "sleep"])
thread_counts = pytest.mark.parametrize("n_threads", [1, 2, 3])


def test_chunks_are_claimed_in_order_each_once():
    claims = new_claims()
    assert [claim_kernel(claims, 1, 3) for _ in range(5)] == [0, 1, 2, -1, -1]


def test_a_thread_claims_its_share_first_then_those_of_others():
    claims = new_claims(3)
    assert [claim_kernel(claims, 1, 7, 1) for _ in range(3)] == [2, 3, 4]
    assert [claim_kernel(claims, 1, 7, 0) for _ in range(3)] == [0, 1, 5]
    assert [claim_kernel(claims, 1, 7, 2) for _ in range(2)] == [6, -1]
    assert [claim_kernel(claims, 2, 2, rank) for rank in (0, 0, 1, 2)] == [0, 1, -1, -1]


def test_a_new_phase_begins_at_its_first_chunk_whatever_was_left():
    claims = new_claims()
    for phase, n in ((1, 2), (2, 5), (3, 1), (9, 2), (10, 2)):
        assert claim_all(claims, phase, n) == list(range(n))


def test_a_phase_that_is_past_has_no_chunk():
    claims = new_claims()
    assert claim_kernel(claims, 4, 3) == 0
    for phase in range(4):
        assert claim_kernel(claims, phase, 100) == -1
    assert claim_kernel(claims, 4, 3) == 1


@pytest.mark.parametrize("n", [0, -1])
def test_a_phase_without_chunks_is_passed(n):
    claims = new_claims()
    before = claims.copy()
    assert claim_kernel(claims, 1, n) == -1
    await_kernel(claims, 1, n, 0)
    assert np.array_equal(claims, before)
    assert claim_all(claims, 2, 2) == [0, 1]


@pytest.mark.parametrize("phase", [1, 2**31, 2**38])
def test_numbers_may_be_large(phase):
    claims = new_claims()
    assert claim_all(claims, phase, 3) == [0, 1, 2]
    await_kernel(claims, phase, 3, 0)
    assert claim_kernel(claims, phase - 1, 3) == -1
    assert claim_all(claims, phase + 1, 2) == [0, 1]


def test_the_greatest_number_of_chunks_does_not_reach_the_phase():
    claims = new_claims()
    assert claim_kernel(claims, 5, COUNT) == 0
    claims[NEXT] += COUNT - 2
    assert claim_kernel(claims, 5, COUNT) == COUNT - 1
    assert claim_kernel(claims, 5, COUNT) == -1
    assert claim_kernel(claims, 6, 1) == 0


def test_awaiting_ends_when_the_last_chunk_is_done():
    claims = new_claims()
    for _ in range(3):
        claim_kernel(claims, 1, 3)
    ended = Future()

    def wait():
        await_kernel(claims, 1, 3, sleep_address())
        ended.set_result(None)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    for _ in range(3):
        time.sleep(0.02)
        assert not ended.done()
        finish_kernel(claims, 1)
    ended.result(TIMEOUT)


def test_a_phase_is_done_if_a_later_one_is_being_done():
    claims = new_claims()
    assert claim_all(claims, 7, 2) == [0, 1]
    for phase in range(8):
        await_kernel(claims, phase, 2, 0)
    await_kernel(claims, 6, COUNT, 0)
    assert claims[DONE] & COUNT == 2


def test_waiting_in_sleep_costs_little_of_the_processor():
    claims = new_claims()
    claim_kernel(claims, 1, 1)
    used = Future()

    def wait():
        began = time.thread_time()
        await_kernel(claims, 1, 1, sleep_address())
        used.set_result(time.thread_time() - began)

    threading.Thread(target=wait, daemon=True).start()
    time.sleep(0.5)
    finish_kernel(claims, 1)
    assert used.result(TIMEOUT) < 0.4


# Threads


@pauses
@thread_counts
def test_each_chunk_is_done_once_by_any_number_of_threads(n_threads, pause):
    claims, phase = new_claims(n_threads), 1
    counts = np.zeros((20 if interpreted else 2000, 7), np.int64)
    run_phases(new_claims(), 0, 1, 0, 7, counts.copy())  # compiled
    for n in range(1, 4):
        ends = together(n_threads, run_phases, claims, phase, pause, 7, counts)
        phase += len(counts)
        assert ends == [phase] * n_threads
        assert np.array_equal(counts, np.full_like(counts, n))


@pauses
@thread_counts
def test_a_phase_sees_all_that_was_written_in_the_phase_before(n_threads, pause):
    rows = np.zeros((20 if interpreted else 3000, 65), np.int64)
    expected = rows.copy()
    run_chain(new_claims(), 0, 1, 0, 5, expected)
    assert expected[-1].any()
    together(n_threads, run_chain, new_claims(n_threads), 1, pause, 5, rows)
    assert np.array_equal(rows, expected)


@thread_counts
def test_phases_may_differ_in_size_and_be_empty(n_threads):
    sizes = np.random.default_rng(0).integers(0, 5, 20 if interpreted else 1000)
    counts = np.zeros((sizes.size, 4), np.int64)
    together(
        n_threads, run_growing, new_claims(n_threads), 1, sleep_address(), sizes, counts
    )
    assert np.array_equal(counts, np.arange(4) < sizes[:, None])


def test_a_thread_that_comes_late_does_nothing_and_does_not_wait():
    claims, counts = new_claims(), np.zeros((5, 3), np.int64)
    assert run_phases(claims, 0, 1, 0, 3, counts) == 6
    assert run_phases(claims, 0, 1, 0, 3, counts) == 6  # when the call is over
    assert claim_kernel(claims, 6, 2) == 0
    assert run_phases(claims, 0, 1, 0, 3, counts) == 6  # while the next one works
    assert np.array_equal(counts, np.ones((5, 3)))
    assert claim_kernel(claims, 6, 2) == 1


def test_a_thread_that_comes_in_the_middle_helps():
    claims, counts = new_claims(), np.zeros((4, 3), np.int64)
    run_phases(claims, 0, 1, 0, 3, counts[:2])
    assert claim_kernel(claims, 3, 3) == 0
    counts[2, 0] += 1
    helper = threading.Thread(target=run_phases, args=(claims, 1, 1, 0, 3, counts))
    helper.start()
    deadline = time.monotonic() + TIMEOUT
    while counts[2].sum() < 3:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert counts[3].sum() == 0  # it waits for the chunk that is being worked on
    finish_kernel(claims, 3)
    helper.join(TIMEOUT)
    assert np.array_equal(counts, np.ones((4, 3)))


# Failure


def test_after_a_break_no_chunk_is_given_out():
    claims = new_claims()
    assert claim_kernel(claims, 1, 3) == 0
    break_off(claims)
    for phase in range(4):
        assert claim_kernel(claims, phase, 3) == -1


@pauses
def test_a_break_ends_all_waiting(pause):
    claims = new_claims()
    claim_kernel(claims, 1, 1)
    counts = np.zeros((3, 1), np.int64)
    ended = Future()

    def wait():
        ended.set_result(run_phases(claims, 0, 1, pause, 1, counts))

    threading.Thread(target=wait, daemon=True).start()
    time.sleep(0.02)
    assert not ended.done()
    break_off(claims)
    assert ended.result(TIMEOUT) == 4
    assert not counts.any()


@pytest.mark.skipif(
    not (interpreted or getattr(numba.config, "BOUNDSCHECK", None)),
    reason="numba does not check bounds",
)
def test_claims_that_are_too_few_are_found_where_numba_checks_bounds():
    few = np.zeros(0, np.int64)
    with pytest.raises(IndexError):
        await_kernel(few, 1, 2, 0)
    with pytest.raises(IndexError):
        finish_kernel(few, 1)
