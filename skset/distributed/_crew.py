"""`Crew`: who keeps shards and trains on them; `LocalCrew` does it in this process."""

import pickle
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import joblib

from skset.distributed._shard_training import ShardTraining, open_shard

__all__ = ["Crew", "LocalCrew", "Lost", "nbytes_of", "pickled"]

# What pickle raises for functions that cannot be imported by name.
UNKNOWN_BY_NAME = AttributeError, TypeError, pickle.PicklingError


@dataclass(frozen=True)
class Lost:
    """Stands for the answer of a shard whose worker has died.

    Attributes
    ----------
    number : int
        Of the shard.
    why : str
        What happened, for a warning.
    """

    number: int
    why: str


class Crew(Protocol):
    """Workers, each of which keeps some shards and what their trainings remember.

    Attributes
    ----------
    n_workers : int
        How many workers have shards now.
    """

    @property
    def n_workers(self) -> int:
        """As above."""

    def open(self, handles: Sequence[Any], job: Any) -> Iterable[Any]:
        """Make a `ShardTraining` of each handle where its rows shall lie.

        Parameters
        ----------
        handles : sequence
            ``handle.load()`` returns X, y and sample weights or None.
        job : object
            What `open_shard` needs besides.

        Returns
        -------
        facts : iterable
            The facts of each shard, or `Lost`.
        """

    def reopen(self, numbers: Sequence[int]) -> Iterable[Any]:
        """Open lost shards again, on other workers; return as `open`.

        A shard that cannot be opened any more is `Lost` again.
        """

    def call(
        self,
        method: str,
        common: Any = None,
        each: Sequence[Any] | None = None,
        only: Sequence[int] | None = None,
    ) -> Iterable[Any]:
        """Call a method of the trainings of all shards, or only of some.

        Parameters
        ----------
        method : str
            Its name.
        common : object, default=None
            First argument. It goes to each worker once.
        each : sequence, default=None
            Second argument, one for each shard that is called.
        only : sequence of int, default=None
            Numbers of the shards; None is all.

        Returns
        -------
        answers : iterable
            In the order of the shards. `Lost` stands for those of a worker that died.
        """

    def close(self) -> None:
        """Let go of all that was opened."""


class LocalCrew:
    """One worker: this process. Shards take turns.

    Parameters
    ----------
    n_threads : int, default=1
        Threads of each training.
    """

    n_workers = 1

    def __init__(self, n_threads: int = 1) -> None:
        self.n_threads = n_threads
        self._trainings: list[ShardTraining] = []

    def open(self, handles: Sequence[Any], job: Any) -> Iterator[Any]:
        """See `Crew`."""
        for number, handle in enumerate(handles):
            training = open_shard(number, handle.load(), job, self.n_threads)
            self._trainings.append(training)
            yield training.facts()

    def reopen(self, numbers: Sequence[int]) -> Iterator[Any]:
        """See `Crew`; here no shard is ever lost."""
        yield from (Lost(number, "it was never open") for number in numbers)

    def call(
        self,
        method: str,
        common: Any = None,
        each: Sequence[Any] | None = None,
        only: Sequence[int] | None = None,
    ) -> Iterator[Any]:
        """See `Crew`."""
        numbers = range(len(self._trainings)) if only is None else only
        for place, number in enumerate(numbers):
            own = () if each is None else (each[place],)
            yield getattr(self._trainings[number], method)(common, *own)

    def close(self) -> None:
        """See `Crew`."""
        for training in self._trainings:
            training.close()
        self._trainings = []


def pickled(thing: Any) -> bytes:
    """Return an object as bytes, also if it has functions of the user's script."""
    try:
        return pickle.dumps(thing, protocol=5)
    except UNKNOWN_BY_NAME:
        wrapped = joblib.wrap_non_picklable_objects(thing, keep_wrapper=False)
        return pickle.dumps(wrapped, protocol=5)


def nbytes_of(thing: Any) -> int:
    """Return how many bytes an object takes on its way to another process."""
    buffers: list[pickle.PickleBuffer] = []
    try:
        rest = pickle.dumps(thing, protocol=5, buffer_callback=buffers.append)
    except UNKNOWN_BY_NAME:
        return len(pickled(thing))
    return len(rest) + sum(buffer.raw().nbytes for buffer in buffers)
