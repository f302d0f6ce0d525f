"""`JoblibCrew`: shards in the processes of any backend of joblib."""

import os
import pickle
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import joblib
import numpy as np

from skset.distributed._crew import Lost, pickled
from skset.distributed._shard_training import ShardTraining, open_shard

__all__ = ["JoblibCrew"]

# A shard, and the arguments that it has alone.
Errand: TypeAlias = tuple[int, tuple[Any, ...]]
# How often a call is tried if a process dies, before each shard is called alone.
TRIES = 2
# Trainings that this process has had in its last call, with what they have come to:
# by run and number of the shard.
KEPT: dict[tuple[str, int], tuple[int, ShardTraining]] = {}


class JoblibCrew:
    """Workers of joblib, which can do any shard at any time.

    What a training remembers is kept in a temporary folder, from which another process
    can go on. So a process that dies takes nothing along: the call is repeated, with
    the same result. All workers have to see the folder, which is in
    ``JOBLIB_TEMP_FOLDER`` if that is set.

    Parameters
    ----------
    backend : str
        A backend of joblib: "loky", "multiprocessing", or one that was registered.
    n_workers : int, default=None
        Number of workers; None is one for each core. There are never more than shards.
    """

    def __init__(self, backend: str, n_workers: int | None = None) -> None:
        self.backend = backend
        self._most = n_workers or joblib.cpu_count()
        self.n_workers = self._most
        self._run = uuid.uuid4().hex
        self._versions: list[int] = []
        self._folder: Path | None = None

    def open(self, handles: Sequence[Any], job: Any) -> Iterator[Any]:
        """See `Crew`."""
        self.n_workers = max(1, min(self._most, len(handles)))
        base = os.environ.get("JOBLIB_TEMP_FOLDER")
        self._folder = Path(tempfile.mkdtemp(prefix="skset-", dir=base))
        threads = max(1, joblib.cpu_count() // self.n_workers)
        place = Place(self._run, str(self._folder), True)
        for number, handle in enumerate(handles):
            place.write((handle, job, threads), number)
        self._versions = [0] * len(handles)
        yield from self.call("facts")

    def reopen(self, numbers: Sequence[int]) -> Iterator[Any]:
        """See `Crew`. A shard that kills its process alone will do so again."""
        yield from (Lost(number, "its process died again") for number in numbers)

    def call(
        self,
        method: str,
        common: Any = None,
        each: Sequence[Any] | None = None,
        only: Sequence[int] | None = None,
    ) -> Iterator[Any]:
        """See `Crew`."""
        numbers = list(range(len(self._versions)) if only is None else only)
        own = [()] * len(numbers) if each is None else [(one,) for one in each]
        errands: list[Errand] = list(zip(numbers, own, strict=True))
        for answer in self._answers(errands, method, common):
            if isinstance(answer, Exception):
                raise answer
            yield answer

    def _answers(self, errands: list[Errand], method: str, common: Any) -> list[Any]:
        """Return the answers of shards; those of methods that failed are errors."""
        cuts = np.array_split(range(len(errands)), self.n_workers)
        groups = [[errands[place] for place in cut] for cut in cuts if cut.size]
        for _ in range(TRIES):
            try:
                return self._called(groups, method, common)
            except BrokenProcessPool:
                continue
        return [self._alone(errand, method, common) for errand in errands]

    def _alone(self, errand: Errand, method: str, common: Any) -> Any:
        try:
            return self._called([[errand]], method, common)[0]
        except BrokenProcessPool as error:
            return Lost(errand[0], f"its process died: {error}")

    def _called(
        self, groups: list[list[Errand]], method: str, common: Any
    ) -> list[Any]:
        """Have each group done by one process, and note what the shards are at now."""
        place = Place(self._run, str(self._folder), self.backend != "threading")
        with joblib.parallel_config(self.backend, n_jobs=self.n_workers):
            found = joblib.Parallel()(
                joblib.delayed(do)(place, group, self._versions, method, common)
                for group in groups
            )
        for errand in (errand for group in groups for errand in group):
            self._versions[errand[0]] += 1
            if (old := self._versions[errand[0]] - 2) > 0:
                place.file(errand[0], old).unlink(missing_ok=True)
        return [answer for answers in found for answer in answers]

    def close(self) -> None:
        """See `Crew`."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


# What is done in the workers.


def do(
    place: "Place",
    group: Sequence[Errand],
    versions: Sequence[int],
    method: str,
    common: Any,
) -> list[Any]:
    """Call a method of the trainings of some shards; keep what they have come to."""
    numbers = [number for number, _ in group]
    for key in [key for key in KEPT if key[0] != place.run]:
        del KEPT[key]
    if place.alone:  # else other threads of this process have the others
        for key in [key for key in KEPT if key[1] not in numbers]:
            del KEPT[key]
    return [
        _done(place, *errand, versions[errand[0]], method, common) for errand in group
    ]


def _done(
    place: "Place", number: int, own: Any, version: int, method: str, common: Any
) -> Any:
    key = place.run, number
    kept, training = KEPT.pop(key, (-1, None))
    try:
        if training is None or kept != version:
            training = _opened(place, number, version)
        answer = getattr(training, method)(*([] if common is None else [common]), *own)
    except Exception as error:
        return error
    place.write(training.memory(), number, version + 1)
    KEPT[key] = version + 1, training
    return answer


def _opened(place: "Place", number: int, version: int) -> ShardTraining:
    """Return the training of a shard as it was at this version."""
    handle, job, n_threads = place.read(number)
    training = open_shard(number, handle.load(), job, n_threads)
    if version:
        training.remember(place.read(number, version))
    return training


@dataclass(frozen=True)
class Place:
    """Where the files of a run are.

    Attributes
    ----------
    run : str
        Name of the run.
    folder : str
        Path of its folder.
    alone : bool
        Whether a worker has a process of its own.
    """

    run: str
    folder: str
    alone: bool

    def file(self, number: int, version: int = 0) -> Path:
        """Return the file of a shard; version 0 has its handle, others its memory."""
        return Path(self.folder) / f"{number}-{version}"

    def write(self, thing: Any, number: int, version: int = 0) -> None:
        """Write a file as a whole: a process can be killed at any moment."""
        path = self.file(number, version)
        half = path.with_suffix(f".{os.getpid()}")
        half.write_bytes(pickled(thing))
        half.replace(path)

    def read(self, number: int, version: int = 0) -> Any:
        """Return what `write` has written."""
        with self.file(number, version).open("rb") as file:
            return pickle.load(file)
