"""`Shipment`: what goes to Dask's workers for a while, and is freed there."""

import time
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from skset.distributed._dask_client import living
from skset.distributed._shards import Shard, is_delayed, is_future

__all__ = ["Shipment"]

SECONDS_TO_NOTICE_A_DEATH = 30.0


class Shipment:
    """Rows and other arrays on workers, until `release`.

    A traceback that somebody keeps would hold futures, and so the rows, for ever. So
    they are released by a call.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._futures: list[Any] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.release()

    def release(self) -> None:
        """Free all that tasks no longer need."""
        while self._futures:
            self._futures.pop().release()

    def to_each(self, thing: Any, homes: Iterable[str]) -> dict[str, Any]:
        """Send an object to workers, once to each.

        One after the other: Dask's own broadcast waits for ever if a worker dies in it.

        Returns
        -------
        futures : dict
            For the address of each worker that lives.
        """
        sent = {home: self._to(home, thing) for home in sorted(set(homes))}
        return {home: future for home, future in sent.items() if future is not None}

    def _to(self, home: str, thing: Any) -> Any:
        """Send an object to a worker; return None if it does not live."""
        # One key for all attempts: the scheduler may keep what a failed one has sent.
        key = f"skset_common-{uuid.uuid4().hex}"
        until = time.monotonic() + SECONDS_TO_NOTICE_A_DEATH
        while home in living(self._client):
            try:
                sent = self._client.scatter({key: thing}, workers=[home])
                self._futures.append(sent[key])
                return sent[key]
            except (OSError, TimeoutError, KeyError):  # it died; soon all know it
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        return None

    def computed(self, shards: Sequence[Shard]) -> dict[int, list[Any]]:
        """Return the parts of shards, with futures in place of delayed objects.

        Dask computes them where it wants. The rows stay there.
        """
        parts = {shard.number: list(shard.parts) for shard in shards}
        spots = [
            (own, place)
            for own in parts.values()
            for place, part in enumerate(own)
            if is_delayed(part)
        ]
        futures = self._client.compute([own[place] for own, place in spots])
        self._futures += futures
        for (own, place), future in zip(spots, futures, strict=True):
            own[place] = future
        while not all(future.done() for future in futures):
            living(self._client)
            time.sleep(0.02)
        return parts

    def scattered(self, parts: Sequence[Any], home: str) -> list[Any]:
        """Return parts with futures in place of arrays, which go to a worker.

        They go there directly, not through the scheduler.

        Raises
        ------
        OSError, TimeoutError
            If the worker cannot be reached.
        """
        return [self._direct(part, home) if _has_rows(part) else part for part in parts]

    def _direct(self, part: Any, home: str) -> Any:
        options = {"workers": [home], "direct": True, "hash": False}
        (future,) = self._client.scatter([part], **options)
        self._futures.append(future)
        return future


def _has_rows(part: Any) -> bool:
    handle = isinstance(part, str | Path) or callable(part) or is_future(part)
    return part is not None and not handle
