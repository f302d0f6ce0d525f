"""What Dask's workers do: open the training of a shard, call it, stop it."""

import signal
from collections.abc import Callable, Sequence
from typing import Any

from skset.distributed._dask_tasks import WorkerDiedError
from skset.distributed._shards import Shard

__all__ = ["call_training", "open_training", "stop_trainings"]


def open_training(
    opener: Callable[..., Any],
    shard: Shard,
    parts: Sequence[Any],
    job: Any,
    n_sharing: int,
) -> Any:
    """Return the training of a shard; Dask keeps it as an actor.

    Parameters
    ----------
    opener : callable
        `open_shard`.
    shard : Shard
    parts : list
        Its handles, with values in place of delayed objects, futures and arrays.
    job : object
        What the opener is told.
    n_sharing : int
        Shards that share the threads of this worker.
    """
    n_threads = max(1, _worker().state.nthreads // n_sharing)
    return opener(shard.number, shard.rows(parts), job, n_threads)


def call_training(key: str, method: str, *arguments: Any) -> Any:
    """Call a method of the training that this worker keeps under a key."""
    training = _worker().state.actors.get(key)
    if training is None:  # another process has the address of one that died
        raise WorkerDiedError
    return getattr(training, method)(*arguments)


def stop_trainings(keys: Sequence[str], dask_worker: Any) -> None:
    """Tell trainings to stop after the epoch that runs; Dask names the argument."""
    for key in keys:
        training = dask_worker.state.actors.get(key)
        if training is not None:
            training.stop()


def dask_setup(worker: Any) -> None:
    """Ignore Ctrl-C in a process of a cluster that `fit` has started.

    A terminal sends it to all processes. `fit` ends the workers then. Dask calls this
    when a worker starts.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _worker() -> Any:
    from distributed import get_worker

    return get_worker()
