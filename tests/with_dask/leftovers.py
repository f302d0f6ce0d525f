"""What a fit has left on a cluster."""

import time
from itertools import chain


def left_on(client, seconds=30):
    """Return the keys that the scheduler and the workers have after some seconds."""
    until = time.monotonic() + seconds
    while (keys := _keys(client)) and time.monotonic() < until:
        time.sleep(0.05)
    return keys


def _keys(client):
    def of_worker(dask_worker):
        state = dask_worker.state
        return [*map(str, state.tasks), *map(str, state.actors)]

    def of_scheduler(dask_scheduler):
        return [str(key) for key in dask_scheduler.tasks]

    on_workers = client.run(of_worker, on_error="ignore").values()
    return [*client.run_on_scheduler(of_scheduler), *chain(*on_workers)]
