"""How many threads `n_jobs` stands for, also in a task of joblib or Dask."""

import os
import sys

import joblib
from joblib.parallel import get_active_backend

__all__ = ["n_threads"]

# Where loky tells a worker its share of the cores.
SHARE = "NUMBA_NUM_THREADS"


def n_threads(n_jobs: int | None) -> int:
    """Return the number of threads that `n_jobs` stands for.

    Parameters
    ----------
    n_jobs : int or None
        None is 1. A number is taken as given, up to the cores of the machine. Negative
        numbers count from all cores that are free for this fit, -1 is all of them. In
        a task of joblib or Dask other tasks run beside it, and only its share is free.

    Returns
    -------
    n_threads : int
        At least 1.
    """
    if n_jobs is None:
        return 1
    cores: int = joblib.cpu_count()
    if n_jobs > 0:
        return min(int(n_jobs), cores)  # more would only wait
    return max(1, _n_free(cores) + 1 + int(n_jobs))


def _n_free(cores: int) -> int:
    """Return how many of the cores this fit can use without taking them from others."""
    if _is_task_of_dask():
        return 1
    backend, _ = get_active_backend()
    # Sequential loops add no level.
    return min(cores, _share_of_worker()) if backend.nesting_level else cores


def _share_of_worker() -> int:
    """Return the cores that joblib leaves to this worker; 1 if it does not say."""
    try:
        return max(1, int(os.environ.get(SHARE, 1)))
    except ValueError:
        return 1


def _is_task_of_dask() -> bool:
    """Return whether this is a task of Dask, which counts each task as one core.

    Dask sets OMP_NUM_THREADS to 1 in its workers, but also in the process that starts
    them on the same machine. So nothing follows from that.
    """
    distributed = sys.modules.get("distributed")
    try:
        return distributed is not None and distributed.get_worker() is not None
    except (AttributeError, ValueError):  # half imported; not in a task
        return False
