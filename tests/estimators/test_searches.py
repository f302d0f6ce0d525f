"""Searches in other processes: the scores of serial ones, and no more threads."""

import os

import joblib
import pytest
from searches import SEARCHES, grid_search, threads_used

from skset.estimators._threads import n_threads

CORES = joblib.cpu_count()
TWO = min(2, CORES)


@pytest.mark.parametrize("search", SEARCHES)
def test_scores_on_loky_are_those_of_a_serial_search(search):
    serial = search()
    with joblib.parallel_config("loky", n_jobs=2):
        assert search() == serial


@pytest.mark.parametrize(("n_jobs", "n"), [(-1, max(1, CORES // 2)), (2, TWO)])
def test_a_fit_takes_its_share_of_the_cores_or_what_it_is_given(n_jobs, n, tmp_path):
    with joblib.parallel_config("loky", n_jobs=2):
        threads = threads_used(tmp_path, n_jobs=n_jobs)
    assert os.getpid() not in threads
    assert set(threads.values()) == {n}


def test_a_fit_takes_the_share_that_joblib_was_told(tmp_path):
    serial = grid_search()
    with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=2):
        assert grid_search(n_jobs=-1) == serial
        assert set(threads_used(tmp_path).values()) == {TWO}


def test_where_no_share_is_told_a_fit_takes_one_core(tmp_path):
    with joblib.parallel_config("threading", n_jobs=2):
        assert threads_used(tmp_path) == {os.getpid(): 1}


def test_a_serial_search_takes_all_cores(tmp_path):
    assert threads_used(tmp_path) == {os.getpid(): CORES}


@pytest.mark.parametrize(
    ("told", "expected"),
    [(None, 1), ("1", 1), ("2", 2), ("7", 3), ("0", 1), ("-4", 1), ("many", 1)],
)
def test_what_a_worker_is_told(told, expected, monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 3)
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    if told is not None:
        monkeypatch.setenv("NUMBA_NUM_THREADS", told)
    assert n_threads(-1) == 3  # here is no task
    with joblib.parallel_config("threading", n_jobs=2):
        run = joblib.Parallel()
        assert run([joblib.delayed(n_threads)(-1)] * 2) == [expected] * 2
        assert run([joblib.delayed(n_threads)(-2)] * 2) == [max(1, expected - 1)] * 2
        assert run([joblib.delayed(n_threads)(2)] * 2) == [2, 2]
        assert run([joblib.delayed(n_threads)(None)] * 2) == [1, 1]
