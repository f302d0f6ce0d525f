"""`Attendance`: which shards are there. It calls them, and brings lost ones back."""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from skset.distributed._crew import Crew, Lost, nbytes_of

__all__ = ["Attendance"]


class Attendance:
    """Which shards of a crew are there.

    A shard whose worker dies is opened again on another one, and asked again. If that
    is not possible, the others go on without it.

    Parameters
    ----------
    crew : Crew
        Has the shards.
    names : sequence of str
        Of the shards, for warnings.

    Attributes
    ----------
    present : list of int
        Numbers of the shards that are there.
    briefing : list of tuple
        What a reopened shard has to be told: pairs of a method and its argument.
    """

    def __init__(self, crew: Crew, names: Sequence[str]) -> None:
        self.crew = crew
        self.names = names
        self.present = list(range(len(names)))
        self._lost: list[int] = []
        self._sent = self._received = 0
        self.briefing: list[tuple[str, Any]] = []

    def open(self, handles: Sequence[Any], job: Any) -> dict[int, Any]:
        """Open all shards; return the facts of those that are there."""
        lost, facts = [], {}
        for number, fact in enumerate(self.crew.open(handles, job)):
            if isinstance(fact, Lost):
                lost.append(fact)
            else:
                facts[number] = fact
        while lost:
            back, lost = self._reopened(lost)
            facts.update(back)
        self._check()
        return dict(sorted(facts.items()))

    def call(
        self,
        method: str,
        common: Any = None,
        each: Sequence[Any] | None = None,
        again: Any = None,
    ) -> Iterator[tuple[int, Any]]:
        """Yield the numbers of all shards and what a method of them answers.

        Shards that were lost come last. They get `again` in place of `common`.
        """
        numbers, own = list(self.present), each
        while numbers:
            lost = []
            for number, answer in self._ask(numbers, method, common, own):
                if isinstance(answer, Lost):
                    lost.append(answer)
                else:
                    yield number, answer
            places = dict(zip(numbers, own or numbers, strict=True))
            common, numbers = again, self._back(lost)
            own = None if each is None else [places[number] for number in numbers]
        self._check()

    def account(self) -> dict[str, Any]:
        """Return what was sent and lost since the last account."""
        account = {
            "bytes_sent": self._sent,
            "bytes_received": self._received,
            "lost": self._lost,
        }
        self._lost, self._sent, self._received = [], 0, 0
        return account

    def call_one(self, method: str, common: Any = None) -> Any:
        """Return the answer of the first shard that is there."""
        while True:
            self._check()
            [(_, answer)] = self._ask(self.present[:1], method, common, None)
            if not isinstance(answer, Lost):
                return answer
            self._back([answer])

    def _ask(
        self, numbers: Sequence[int], method: str, common: Any, each: Any
    ) -> Iterator[tuple[int, Any]]:
        self._sent += self.crew.n_workers * nbytes_of(common)
        self._sent += 0 if each is None else nbytes_of(list(each))
        answers = self.crew.call(method, common, each, numbers)
        for number, answer in zip(numbers, answers, strict=True):
            self._received += nbytes_of(answer)
            yield number, answer

    def _back(self, lost: Sequence[Lost]) -> list[int]:
        """Bring lost shards back; return the numbers of those that are there again."""
        numbers: list[int] = []
        while lost:
            back, lost = self._reopened(lost)
            ready, failed = self._briefed(list(back))
            numbers += ready
            lost = [*lost, *failed]
        return sorted(numbers)

    def _reopened(self, lost: Sequence[Lost]) -> tuple[dict[int, Any], list[Lost]]:
        """Return the facts of shards that could be opened again; let the others go."""
        numbers = [one.number for one in lost]
        self._lost += [number for number in numbers if number not in self._lost]
        facts = dict(zip(numbers, self.crew.reopen(numbers), strict=True))
        back = {n: f for n, f in facts.items() if not isinstance(f, Lost)}
        gone = {n: f.why for n, f in facts.items() if isinstance(f, Lost)}
        self.present = [number for number in self.present if number not in gone]
        self._warn(lost, back, gone)
        return back, []

    def _briefed(self, numbers: list[int]) -> tuple[list[int], list[Lost]]:
        """Tell reopened shards what all know; return those that are ready, and not."""
        failed: dict[int, Lost] = {}
        for method, common in self.briefing:
            ready = [number for number in numbers if number not in failed]
            for number, answer in self._ask(ready, method, common, None):
                if isinstance(answer, Lost):
                    failed[number] = answer
        ready = [number for number in numbers if number not in failed]
        return ready, list(failed.values())

    def _warn(
        self, lost: Sequence[Lost], back: dict[int, Any], gone: dict[int, str]
    ) -> None:
        why = {one.number: one.why for one in lost}
        if back:
            moved = ", ".join(f"{self.names[n]} ({why[n]})" for n in back)
            say(f"A worker was lost. Its shards begin anew on others: {moved}.")
        if gone:
            left = ", ".join(f"{self.names[n]} ({gone[n]})" for n in gone)
            say(f"Shards were lost. The training goes on without them: {left}.")

    def _check(self) -> None:
        """Raise if no shard is left."""
        if not self.present:
            raise RuntimeError("All shards were lost: no worker has any rows left.")


def say(message: str) -> None:
    """Warn the user of `fit`."""
    warnings.warn(message, UserWarning, stacklevel=2)
