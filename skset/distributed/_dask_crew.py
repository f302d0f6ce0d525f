"""`DaskCrew`: trainings of shards in the memory of Dask's workers.

The training of a shard is a Dask actor: it stays in one worker, is never copied or
written to disk, and is freed when its future is released, even by a client that died.
Its methods are called by tasks that may run on this worker only. So a worker with
several threads trains several shards at once.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

from skset.distributed._crew import Lost
from skset.distributed._dask_client import (
    OwnCluster,
    checked_client,
    living,
    wait_for_workers,
)
from skset.distributed._dask_homes import chosen_homes, holders
from skset.distributed._dask_shipment import Shipment
from skset.distributed._dask_tasks import PinnedTask, WorkerDiedError
from skset.distributed._dask_worker import call_training, open_training, stop_trainings
from skset.distributed._shard_training import open_shard
from skset.distributed._shards import Shard

__all__ = ["DaskCrew"]

MAX_DEATHS = 3  # as Dask's own allowed-failures


class DaskCrew:
    """Keeps a training for each shard on a Dask cluster.

    Parameters
    ----------
    client : distributed.Client, default=None
        None starts a `LocalCluster`, which ends with `close`.
    n_workers : int, default=None
        Processes of the cluster that is started; None is one for each core, but not
        more than there are shards.
    opener : callable, default=open_shard
        Makes a training of a number, rows, a job and a number of threads.

    Raises
    ------
    ImportError
        If Dask is not installed.
    RuntimeError
        If the client is closed.
    """

    def __init__(
        self,
        client: Any = None,
        n_workers: int | None = None,
        opener: Callable[..., Any] = open_shard,
    ) -> None:
        self._opener = opener
        self._own = OwnCluster(n_workers) if client is None else None
        self._client: Any = None if client is None else checked_client(client)
        self._job: Any = None
        self._shards: dict[int, Shard] = {}
        self._trainings: dict[int, PinnedTask] = {}
        self._calls: dict[int, PinnedTask] = {}  # that have not been answered
        self._shipment: Shipment | None = None  # of the calls
        self._deaths: Counter[int] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def n_workers(self) -> int:
        """Workers that have a shard."""
        return len({training.home for training in self._trainings.values()})

    def open(self, shards: Sequence[Shard], job: Any) -> list[Any]:
        """Load shards on the workers.

        Parameters
        ----------
        shards : list of Shard
        job : object
            What `open_shard` is told.

        Returns
        -------
        facts : list
            What each training answers to ``facts``, or `Lost`.
        """
        if self._own is not None:
            self._client = self._own.start(len(shards))
        self._shards = {shard.number: shard for shard in shards}
        self._job = job
        failed = self._load(list(self._shards))
        for error in failed.values():
            if not isinstance(error, WorkerDiedError):
                raise error
        return self._facts(list(self._shards), failed)

    def reopen(self, numbers: Sequence[int]) -> list[Any]:
        """Load lost shards again, on workers that live; return facts or `Lost`.

        A shard stays lost if it cannot be loaded again, or if three workers have died
        that had it.
        """
        again = [number for number in numbers if self._deaths[number] < MAX_DEATHS]
        failed = self._load(again)
        for number in set(numbers) - set(again):
            failed[number] = WorkerDiedError(f"workers died that had it ({MAX_DEATHS})")
        return self._facts(numbers, failed)

    def call(
        self,
        method: str,
        common: Any = None,
        each: Sequence[Any] | None = None,
        only: Sequence[int] | None = None,
    ) -> Iterator[Any]:
        """Call a method of all trainings at once.

        Parameters
        ----------
        method : str
        common : object, default=None
            The first argument of all, unless it is None. It goes to each worker once.
        each : sequence, default=None
            The second argument of each.
        only : sequence of int, default=None
            Numbers of the shards; None is all.

        Returns
        -------
        results : iterator
            In the order of the shards, a result or `Lost`. They are fetched one by one.
        """
        numbers = list(self._shards if only is None else only)
        second = [()] * len(numbers) if each is None else zip(each, strict=True)
        homes = {n: t.home for n, t in self._trainings.items() if n in set(numbers)}
        sent: dict[str, Any] = dict.fromkeys(living(self._client))
        if common is not None:
            self._shipment = Shipment(self._client)
            sent = self._shipment.to_each(common, homes.values())
        arguments = {
            n: [sent[homes[n]], *own]
            for n, own in zip(numbers, second, strict=True)
            if homes.get(n) in sent
        }
        return self._asked(method, numbers, arguments)

    def close(self) -> None:
        """Free the trainings on the workers; end the cluster if it was started here."""
        self._abandon_calls()
        while self._trainings:
            self._trainings.popitem()[1].release()
        if self._own is not None:
            self._own.close()

    # Loading.

    def _load(self, numbers: Sequence[int]) -> dict[int, Exception]:
        """Open trainings where their rows are or few others; return what failed."""
        workers = wait_for_workers(self._client) if numbers else {}
        if not workers:
            return {n: WorkerDiedError("there is no worker") for n in numbers}
        with Shipment(self._client) as shipment:
            parts = shipment.computed([self._shards[n] for n in numbers])
            load = Counter(training.home for training in self._trainings.values())
            most = -(-len(self._shards) // len(workers))
            homes = chosen_homes(workers, load, holders(self._client, parts), most)
            load.update(homes.values())
            jobs = shipment.to_each(self._job, homes.values())
            failed: dict[int, Exception] = {}
            for n, home in homes.items():
                try:
                    job = jobs[home]
                    own = shipment.scattered(parts[n], home)
                except (OSError, TimeoutError, KeyError) as error:
                    failed[n] = self._unreached(n, home, error)
                    continue
                self._trainings[n] = self._opening(n, home, own, job, load[home])
            return {**failed, **self._failed_to_open(set(homes) - set(failed))}

    def _opening(
        self, n: int, home: str, parts: list[Any], job: Any, n_sharing: int
    ) -> PinnedTask:
        arguments = self._opener, self._shards[n].bare(), parts, job, n_sharing
        return PinnedTask(
            self._client, home, "open", open_training, *arguments, actor=True
        )

    def _unreached(self, n: int, home: str, error: Exception) -> Exception:
        """Return why the rows of a shard cannot be sent to its worker."""
        if home not in living(self._client):
            return WorkerDiedError()
        return RuntimeError(
            f"The rows of {self._shards[n].name} cannot be sent to the worker at "
            f"{home}: {error}. Give a path or a function, and the worker reads them."
        )

    def _failed_to_open(self, numbers: Iterable[int]) -> dict[int, Exception]:
        failed: dict[int, Exception] = {}
        for n in sorted(numbers):
            try:
                self._trainings[n].result()
            except WorkerDiedError as error:
                failed[n] = error
            except Exception as error:
                failed[n] = self._shards[n].named(error)
        return failed

    def _facts(self, numbers: Sequence[int], failed: dict[int, Exception]) -> list[Any]:
        """Return the facts of shards, or `Lost` for those that failed to open."""
        there = {n: () for n in numbers if n not in failed}
        facts = dict(zip(there, self._asked("facts", list(there), there), strict=True))
        lost = {n: self._lost(n, str(error)) for n, error in failed.items()}
        return [{**facts, **lost}[n] for n in numbers]

    # Calls.

    def _asked(
        self,
        method: str,
        numbers: Sequence[int],
        arguments: Mapping[int, Sequence[Any]],
    ) -> Iterator[Any]:
        """Start calls of a method; return the answers, to be fetched one by one.

        Those without arguments are lost.
        """
        self._calls = {}
        for n, own in arguments.items():
            training = self._trainings[n]
            task = call_training, training.key, method, *own
            self._calls[n] = PinnedTask(self._client, training.home, method, *task)
        return self._answers(numbers)

    def _answers(self, numbers: Sequence[int]) -> Iterator[Any]:
        try:
            for n in numbers:
                yield self._answer(n)
        finally:
            self._abandon_calls()

    def _answer(self, n: int) -> Any:
        if n not in self._calls:
            return self._lost(n, "its worker died")
        try:
            found = self._calls[n].result()
        except WorkerDiedError as error:
            found = self._lost(n, str(error))
        self._calls.pop(n).release()
        return found

    def _lost(self, n: int, why: str) -> Lost:
        """Forget the training of a shard."""
        training = self._trainings.pop(n, None)
        if training is not None:
            self._deaths[n] += 1
            training.release()
        return Lost(n, why)

    def _abandon_calls(self) -> None:
        """Let calls end that nobody waits for, after the epoch that runs."""
        calls, self._calls = self._calls, {}
        if self._shipment is not None:
            self._shipment.release()
        running = [self._trainings[n] for n in calls if n in self._trainings]
        client = self._client
        if not running or client is None or client.status != "running":
            return
        for task in calls.values():
            task.cancel()
        homes = list({training.home for training in running})
        keys = [training.key for training in running]
        client.run(stop_trainings, keys, workers=homes, on_error="ignore")
