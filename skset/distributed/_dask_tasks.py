"""`PinnedTask`: a task that may run on one worker of Dask only, and ends when it dies.

Dask itself would wait for another worker with the same address.
"""

import time
import uuid
from collections.abc import Callable
from typing import Any

from skset.distributed._dask_client import imported, living

__all__ = ["PinnedTask", "WorkerDiedError"]

SECONDS_BETWEEN_LOOKS = 0.5  # at the workers that live
LONGEST_PAUSE = 0.02  # between two looks at the task


class WorkerDiedError(RuntimeError):
    """The worker of a task died, or no longer has what the task needs."""

    def __init__(self, why: str = "its worker died") -> None:
        super().__init__(why)


class PinnedTask:
    """A task on one worker.

    Parameters
    ----------
    client : distributed.Client
    home : str
        The address of the worker.
    name : str
        What Dask's dashboard calls such tasks.
    function : callable
    *arguments : object
        Futures among them, or in lists among them, become their results.
    actor : bool, default=False
        Whether the result stays in the worker as an actor.
    """

    def __init__(
        self,
        client: Any,
        home: str,
        name: str,
        function: Callable[..., Any],
        *arguments: Any,
        actor: bool = False,
    ) -> None:
        self.home = home
        self.key = f"skset_{name}-{uuid.uuid4().hex}"
        self._client = client
        self._fetched = not actor
        self._future = client.submit(
            function,
            *arguments,
            key=self.key,
            workers=[home],
            allow_other_workers=False,
            actor=actor,
            pure=False,
        )

    def result(self) -> Any:
        """Wait for the result, and return it unless it is an actor.

        Raises
        ------
        WorkerDiedError
            If the worker died before the result was here.
        Exception
            That of the function.
        """
        done = imported().as_completed(
            [self._future],
            loop=self._client.loop,
            with_results=self._fetched,
            raise_errors=False,
        )
        self._wait(done)
        status = self._future.status
        if status == "error":
            self._check_home()
            raise self._future.exception()
        if status != "finished":
            self._check_home()
            raise WorkerDiedError("Dask cancelled its task")
        (found,) = done.next_batch(block=False)
        return found[1] if self._fetched else None

    def release(self) -> None:
        """Free the result. A traceback that is kept would hold it for ever."""
        self._future.release()

    def cancel(self) -> None:
        """Let Dask forget the task. If it runs, it runs to its end."""
        self._future.cancel()

    def _wait(self, done: Any) -> None:
        """Wait until the task has ended and its result is here."""
        pause, looked = 0.001, time.monotonic()
        while not done.has_ready():
            if time.monotonic() - looked > SECONDS_BETWEEN_LOOKS:
                self._check_home()
                looked = time.monotonic()
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _check_home(self) -> None:
        if self.home not in living(self._client):
            self._future.cancel()
            raise WorkerDiedError
