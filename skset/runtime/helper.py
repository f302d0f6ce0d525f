"""`Helper`: a thread that takes part in whatever a team does."""

import time
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skset.runtime import spin
from skset.runtime.claims import Claims, break_off
from skset.runtime.spin import announce, watch

__all__ = ["Board", "Call", "Helper", "Ledger"]

# Seconds without work after which a thread ends. To start one again takes a thousandth.
IDLE = 0.1
# Seconds after which a thread that has not begun is started again.
START = 0.01


@dataclass(eq=False)
class Ledger:
    """What the threads have claimed, the next phase, and an error that broke it off."""

    claims: Claims
    phase: int = 1
    error: BaseException | None = None

    def break_off(self, error: BaseException) -> None:
        """Keep the error, give out no more chunks, and let nobody wait."""
        if self.error is None:
            self.error = error
        break_off(self.claims)


class Call(NamedTuple):
    """The call of a kernel that claims its chunks, for any thread to take part in."""

    kernel: Callable[..., int]
    ledger: Ledger
    phase: int
    pause: int
    args: tuple[Any, ...]

    def help(self, rank: int) -> None:
        """Take part; break off if that fails."""
        kernel, ledger, phase, pause, args = self
        try:
            kernel(ledger.claims, rank, phase, pause, *args)
        except BaseException as error:
            ledger.break_off(error)


@dataclass(eq=False)
class Board:
    """Where the calling thread posts a call, under the number of the post.

    `latest` has both, so that who reads them has what belongs together. `posted` has
    the number once more, for helpers that watch it in machine code.
    """

    latest: tuple[int, Call | None] = (0, None)
    posted: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))

    def post(self, call: Call | None) -> None:
        """Show the call to helpers that watch; those that sleep must be woken."""
        number = self.latest[0] + 1
        self.latest = number, call
        announce(self.posted, 0, number)

    def withdraw(self) -> None:
        """Let nobody begin with the call any more."""
        self.latest = self.latest[0], None


class Helper:
    """A thread that takes part in posted calls, once in each; it may miss some.

    Between two calls it watches the number that counts the posts, then sleeps. The
    caller that posts adds to the number first, then wakes sleeping threads. A thread
    that goes to sleep says so first, then looks at the number once more. A thread that
    sleeps too long ends. Another one is started when there is work again.
    """

    def __init__(self, board: Board, rank: int) -> None:
        self.board, self.rank = board, rank
        self.failure: Exception | None = None  # why there is no thread any more
        self.stopped = self.asleep = False
        # Set before the thread looks what is posted: else it could begin with a call
        # unnoticed by a caller that waits until nobody is at work.
        self.at_work = False
        self._last_start = -START
        self._seen = 0
        # Bare locks and bare threads: those of `threading` are Python code, and an
        # interrupt can leave them half done.
        self._alarm, self._serving = allocate_lock(), allocate_lock()

    @property
    def is_serving(self) -> bool:
        """Whether there is a thread."""
        return self._serving.locked()

    def wake(self) -> None:
        """Wake the thread if it is asleep, start one if there is none."""
        if not self.is_serving:
            self._start()
        elif self.asleep and self._alarm.locked():
            self._alarm.release()

    def _start(self) -> None:
        """Start a thread, unless one was started just now that has not begun yet.

        An interrupt may come before the thread is started, or before the start is
        recorded. So one thread too many may be started; it ends at once.
        """
        now = time.monotonic()
        if self.stopped or self.failure or now < self._last_start + START:
            return
        self._last_start = now
        try:
            start_new_thread(self._serve, ())
        except RuntimeError as error:  # the system has no more of them
            self.failure = error

    def _serve(self) -> None:
        if not self._serving.acquire(False):
            return  # another thread is faster
        try:
            self._alarm.acquire(False)
            self._help_with_what_is_posted()
        except BaseException as error:
            self._die(error)
        finally:
            self.at_work = False
            self._serving.release()

    def _die(self, error: BaseException) -> None:
        """Record the failure; let nobody wait for a chunk of this thread."""
        self.failure = RuntimeError("A thread of the team has died.")
        self.failure.__cause__ = error
        _, call = self.board.latest
        if self.at_work and call is not None:
            call.ledger.break_off(self.failure)

    def _help_with_what_is_posted(self) -> None:
        while self._await_post():
            self.at_work = True
            # Of one post: with the number of an earlier one it would come here twice.
            self._seen, call = self.board.latest
            if call is not None:
                call.help(self.rank)
            del call  # nothing is kept alive
            self.at_work = False

    def _await_post(self) -> bool:
        """Wait for the next post, asleep if that takes long.

        Returns False if there will be none.
        """
        posted, seen = self.board.posted, self._seen
        looks = max(spin.LOOKS, 1)  # once at least: nobody else does
        while not watch(posted, 0, seen, looks, spin.LINGER):
            self.asleep = True
            woken = posted[0] > seen or self.stopped
            woken = woken or self._alarm.acquire(timeout=IDLE)
            self.asleep = False
            if self.stopped or not (woken or posted[0] > seen):
                return False
        return not self.stopped
