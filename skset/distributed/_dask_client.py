"""A client of Dask: the user's, or one of a cluster that is started here."""

import time
from typing import Any

__all__ = ["OwnCluster", "checked_client", "living", "wait_for_workers"]

SECONDS_FOR_A_WORKER = 30.0  # a nanny needs a few to start another one


def checked_client(client: Any) -> Any:
    """Return the client if it can be used.

    Raises
    ------
    TypeError
        If it is no client, or an asynchronous one.
    RuntimeError
        If it is closed.
    """
    distributed = imported()
    if not isinstance(client, distributed.Client):
        raise TypeError(
            f"client must be a distributed.Client or None, got {type(client).__name__}"
        )
    if client.asynchronous:
        raise TypeError("client is asynchronous, but a fit waits for its results")
    living(client)
    return client


def living(client: Any) -> dict[str, int]:
    """Return the threads of each worker that the scheduler knows, by its address.

    Raises
    ------
    RuntimeError
        If the client is closed, or the scheduler does not answer.
    """
    try:
        if client.status == "running":
            return dict(client.nthreads())
    except (OSError, TimeoutError):
        pass
    raise RuntimeError(
        f"The Dask client has no connection to its scheduler, its status is "
        f"{client.status!r}. Open another one: Client(address)."
    )


def wait_for_workers(client: Any, seconds: float = SECONDS_FOR_A_WORKER) -> Any:
    """Return `living` once there is a worker; it is empty if none comes."""
    until = time.monotonic() + seconds
    while not (workers := living(client)) and time.monotonic() < until:
        time.sleep(0.1)
    return workers


class OwnCluster:
    """A `LocalCluster` of processes with one thread each, and its client.

    Parameters
    ----------
    n_workers : int or None
        None is one process for each core, but not more than there are shards.
    """

    def __init__(self, n_workers: int | None = None) -> None:
        self._distributed = imported()
        self._n_workers = n_workers
        self._opened: list[Any] = []

    def start(self, n_shards: int) -> Any:
        """Return a client of a new cluster for so many shards."""
        from joblib import cpu_count

        distributed = self._distributed
        cluster = distributed.LocalCluster(
            n_workers=self._n_workers or min(cpu_count(), n_shards),
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            memory_limit=0,  # pages of a memory map would count
            preload=["skset.distributed._dask_worker"],
        )
        self._opened.append(cluster)
        client = distributed.Client(
            cluster, set_as_default=False, direct_to_workers=True
        )
        self._opened.append(client)
        return client

    def close(self) -> None:
        """End the processes."""
        while self._opened:
            self._opened.pop().close()


def imported() -> Any:
    """Return the module `distributed`.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import distributed
    except ImportError:
        raise ImportError(
            "Training on Dask needs dask and distributed. Install skset[dask], or give "
            "backend='loky'."
        ) from None
    return distributed
