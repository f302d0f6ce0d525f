"""A cluster of two processes, for all tests."""

from contextlib import suppress

import pytest
from with_dask.leftovers import left_on


class TwoWorkers:
    """A cluster, and another one if a nanny does not bring back what a test killed."""

    def __init__(self):
        self._open = []

    def client(self):
        if not self._open or not self._is_complete():
            self.close()
            self._start()
        return self._open[-1]

    def scheduler(self):
        return self._open[0].scheduler

    def close(self):
        while self._open:
            self._open.pop().close()

    def _is_complete(self):
        with suppress(TimeoutError):  # a WorkerStartTimeoutError is one
            self._open[-1].wait_for_workers(2, timeout=10)
            return True
        return False

    def _start(self):
        from distributed import Client, LocalCluster

        cluster = LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            memory_limit=0,
            silence_logs=50,  # workers are killed, trainings raise
        )
        self._open += [cluster, Client(cluster, set_as_default=False)]


@pytest.fixture(scope="session")
def two_workers():
    cluster = TwoWorkers()
    yield cluster
    cluster.close()


@pytest.fixture
def client(two_workers):
    """Return a client with two living workers; check that nothing is left on them."""
    client = two_workers.client()
    yield client
    if client.status == "running":
        assert left_on(client) == []
