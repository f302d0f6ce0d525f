"""`Team`: Python threads that share the units of a layer.

numba's own parallel loops are not used. Its `workqueue` layer aborts the process when
two Python threads enter it. `omp` kills a forked child at its first parallel loop. And
a parallel kernel is compiled apart from the serial one, so the bits may differ. Here a
kernel takes a range of units and releases the GIL. The serial and the parallel variant
are the same machine code, called once or by several Python threads.
"""

import time
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Self

import numba
import numpy as np
from numpy.typing import NDArray

from skset.runtime.spin import arrive, arrive_and_await

__all__ = ["Team"]

Kernel = Callable[..., Any]
# A kernel, the units from start to stop, and its other arguments.
Job = tuple[Kernel, int, int, tuple[Any, ...]]

# Below this many connection-sample products, sharing costs more than it saves.
MIN_WORK = 1 << 18
# So many products take a tenth of a second. Ctrl-C has to wait for them.
LARGEST_WORK = 1 << 27
# If there are fewer units than this, each is a large part of the work.
FEW_UNITS = 64
# How often a waiting thread looks before it sleeps. It takes about 0.2 milliseconds, in
# which the serial parts of a step are done. Interpreted, looking is too slow.
PATIENCE = 1 if getattr(numba.config, "DISABLE_JIT", False) else 500_000
# Seconds between two looks of the calling thread, when the others take long.
NAP = 2e-5
# Seconds without work after which a thread ends. To start one again takes a thousandth.
IDLE = 0.1
# Seconds after which a thread that has not begun is started again.
START = 0.01
# Places of the numbers that threads watch, in different lines of the cache.
STRIDE = 16


class Team:
    """Runs range kernels on `n_threads` threads, with the same result for any number.

    The threads exist only inside the ``with`` block. So none can break a fork, and none
    is pickled. They start with the first work that is shared.

    An interrupt can come between `__enter__` and the block, or before `__exit__` has
    done anything. Then the block does not end the threads. They end themselves, as
    every thread does after a short time without work.

    Parameters
    ----------
    n_threads : int, default=1
        Number of threads, the calling one included.
    """

    def __init__(self, n_threads: int = 1) -> None:
        self.n_threads = n_threads
        self._helpers: list[_Helper] = []
        self._posted = np.zeros(STRIDE, np.int64)

    def __enter__(self) -> Self:
        if self.n_threads > 1:
            self._posted = np.zeros(self.n_threads * STRIDE, np.int64)
            arrive(self._posted, 0, 0)  # compiled here, where errors are seen
            arrive_and_await(self._posted, 0, 0, 0, 0, 1)
            places = range(STRIDE, self._posted.size, STRIDE)
            self._helpers = [_Helper(self._posted, place) for place in places]
        return self

    def __exit__(self, *exc_info: object) -> None:
        interrupt: KeyboardInterrupt | None = None
        while [helper for helper in self._helpers if helper.is_serving]:
            try:
                for helper in self._helpers:
                    helper.stopped = True
                self._post([])  # for those that watch
                time.sleep(NAP)
            except KeyboardInterrupt as error:
                interrupt = error
        self._helpers = []
        if interrupt is not None:
            raise interrupt

    def threads_for(self, work: int) -> int:
        """Return how many threads share so many products."""
        return len(self._helpers) + 1 if work >= MIN_WORK else 1

    def run(self, kernel: Kernel, work: int, shares: NDArray[Any], *args: Any) -> None:
        """Call ``kernel(start, stop, *args)`` so that all units are covered.

        Parameters
        ----------
        kernel : callable
            A kernel that writes only what belongs to the units it is given.
        work : int
            Products of connections and samples, to judge whether sharing pays.
        shares : ndarray of shape (n_units + 1,)
            Cumulative work of the units, as an index pointer has it; threads get equal
            shares.
        *args : tuple
            Passed on to the kernel.
        """
        n_threads, n_units = self.threads_for(work), shares.size - 1
        if n_threads == 1 and work <= LARGEST_WORK:  # most layers of small networks
            kernel(0, n_units, *args)
            return
        n_parts, total = n_threads * _n_rounds(work, n_units, n_threads), shares[-1]
        equal = [int(total) * n // n_parts for n in range(1, n_parts)]
        cuts = [0, *shares.searchsorted(equal).tolist(), n_units]
        parts = [(kernel, *pair, args) for pair in pairwise(cuts)]
        for first in range(0, n_parts, n_threads):
            self._share(parts[first : first + n_threads])

    def together(self, kernel: Kernel, work: int, *args: Any) -> None:
        from skset.runtime.claims import new_claims

        kernel(new_claims(), 1, 0, *args)

    def _share(self, jobs: list[Job]) -> None:
        """Do the first job; the helpers do the others."""
        kernel, start, stop, args = jobs[0]
        if len(jobs) == 1:
            kernel(start, stop, *args)
            return
        try:
            self._post(jobs[1:])
            kernel(start, stop, *args)
        finally:
            self._await_all()
        for error in [helper.error for helper in self._helpers]:
            if error is not None:
                raise error

    def _post(self, jobs: list[Job]) -> None:
        for helper, job in zip(self._helpers, jobs, strict=False):
            helper.job, helper.error = job, None
        arrive(self._posted, 0, int(self._posted[0]) + 1)
        for helper in self._helpers:
            helper.wake()

    def _await_all(self) -> None:
        """Wait until every helper has done the last post; then raise any interrupt.

        After an interrupt the caller reads the arrays. No helper may still write them.
        """
        count, patience = int(self._posted[0]), max(PATIENCE, 1)
        waiting = list(self._helpers)
        error: BaseException | None = None
        while waiting:
            try:
                helper = waiting[0]
                place = helper.place
                if arrive_and_await(self._posted, 0, count, place, count - 1, patience):
                    waiting.pop(0)
                elif helper.failure is not None:  # an error waits for no one
                    error = error or helper.failure
                    waiting.pop(0)
                else:
                    # Again: an interrupt may have come before the wake-up, or the
                    # thread was about to end.
                    helper.wake()
                    patience = 1
                    time.sleep(NAP)
            except KeyboardInterrupt as interrupt:
                error = interrupt
        if error is not None:
            raise error


def _n_rounds(work: int, n_units: int, n_threads: int) -> int:
    """Return the number of rounds that the work is cut into, so that each is short."""
    n_rounds = -(-work // (LARGEST_WORK * n_threads))
    if n_rounds > 1 and n_units < FEW_UNITS:  # then as many to each of them
        return max(1, n_units // n_threads)
    return max(1, min(n_rounds, n_units // n_threads))


class _Helper:
    """A thread that does posted jobs, one after the other.

    Between two jobs it watches the number that counts the posts, then sleeps. The
    caller that posts adds to the number first, then wakes sleeping threads. A thread
    that goes to sleep says so first, then looks at the number once more. So no post is
    missed. A thread that sleeps too long ends. Another one is started when there is
    work again.
    """

    def __init__(self, posted: NDArray[np.int64], place: int) -> None:
        self.posted, self.place = posted, place
        self.job: Job | None = None
        self.error: BaseException | None = None
        self.failure: Exception | None = None  # why there is no thread any more
        self.stopped = self.asleep = False
        self._last_start = -START
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
            self._do_what_is_posted()
        except BaseException as error:
            self.failure = RuntimeError("A thread of the team has died.")
            self.failure.__cause__ = error
        finally:
            self._serving.release()

    def _do_what_is_posted(self) -> None:
        done = int(self.posted[self.place])
        while self._await_post(done):
            done = int(self.posted[0])
            job, self.job = self.job, None
            if job is not None:
                kernel, start, stop, args = job
                try:
                    kernel(start, stop, *args)
                except BaseException as error:
                    self.error = error
                del kernel, args  # nothing is kept alive
            job = None

    def _await_post(self, done: int) -> bool:
        """Record the finished post and wait for the next, asleep if that takes long.

        Returns False if there will be none.
        """
        posted = self.posted
        looks = max(PATIENCE, 1)  # once at least: nobody else does
        while not arrive_and_await(posted, self.place, done, 0, done, looks):
            self.asleep = True
            woken = posted[0] != done or self.stopped
            woken = woken or self._alarm.acquire(timeout=IDLE)
            self.asleep = False
            if self.stopped or not (woken or posted[0] != done):
                return False
        return not self.stopped
