"""Searches on a cluster of two processes: the scores of serial ones."""

import os

import joblib
import pytest
from distributed import Client, LocalCluster
from searches import SEARCHES, threads_used

from skset.estimators._threads import n_threads

CORES = joblib.cpu_count()


@pytest.fixture(scope="module")
def client():
    size = {"n_workers": 2, "threads_per_worker": 1, "memory_limit": 0}
    with (
        LocalCluster(**size, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.mark.parametrize("search", SEARCHES)
def test_scores_on_dask_are_those_of_a_serial_search(search, client):
    serial = search()
    with joblib.parallel_config("dask", client=client):
        assert search() == serial


def test_a_fit_on_dask_takes_one_core(client, tmp_path):
    with joblib.parallel_config("dask", client=client):
        threads = threads_used(tmp_path, n_fits=4)
    assert os.getpid() not in threads
    assert set(threads.values()) == {1}


def test_a_number_of_threads_is_taken_as_given(client, tmp_path):
    with joblib.parallel_config("dask", client=client):
        threads = threads_used(tmp_path, n_jobs=2)
    assert set(threads.values()) == {min(2, CORES)}


def test_tasks_of_dask_without_joblib(client):
    shares = client.gather(client.map(n_threads, [-1, -1, None, 2], pure=False))
    assert shares == [1, 1, 1, min(2, CORES)]


def test_the_process_of_the_client_has_all_cores(client, tmp_path):
    # Dask leaves OMP_NUM_THREADS=1 in the environment here as well.
    assert n_threads(-1) == CORES
    assert threads_used(tmp_path) == {os.getpid(): CORES}


def test_workers_in_threads_of_this_process(tmp_path):
    size = {"n_workers": 1, "threads_per_worker": 2, "processes": False}
    with (
        LocalCluster(**size, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        assert n_threads(-1) == CORES
        with joblib.parallel_config("dask", client=client):
            assert threads_used(tmp_path) == {os.getpid(): 1}
