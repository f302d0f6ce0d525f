"""`Team`: Python threads that work on one kernel together.

numba's own parallel loops are not used. Its `workqueue` layer aborts the process when
two Python threads enter it. `omp` kills a forked child at its first parallel loop. And
a parallel kernel is compiled apart from the serial one, so the bits may differ. Here
all threads call the same machine code, which releases the GIL. They claim chunks of its
work (`claims.py`). The calling thread can do all of them alone.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Self

from numpy.typing import NDArray

from skset.runtime.atomics import sleep_address
from skset.runtime.claims import new_claims
from skset.runtime.gains import Gain
from skset.runtime.helper import Board, Call, Helper, Ledger
from skset.runtime.parts import LARGEST_WORK, do_parts, parts_of
from skset.runtime.spin import announce, watch

__all__ = ["LARGEST_WORK", "Team"]

Kernel = Callable[..., Any]

# Below this many connection-sample products, sharing costs more than it saves.
MIN_WORK = 1 << 18
# Seconds between two looks of the calling thread, when the others take long.
NAP = 2e-5


class Team:
    """Runs kernels on up to `n_threads` threads, with the same result for any number.

    The threads exist only inside the ``with`` block. So none can break a fork, and none
    is pickled. They start with the first work that is shared. Whether work is shared is
    decided by trying, for each kernel and size: see `Gain`.

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
        self._helpers: list[Helper] = []

    def __enter__(self) -> Self:
        if self.n_threads > 1:
            self._pause = sleep_address()
            self._board, self._ledger = Board(), self._new_ledger()
            self._gains: dict[tuple[Kernel, int], Gain] = defaultdict(Gain)
            announce(self._board.posted, 0, 0)  # compiled here, where errors are seen
            watch(self._board.posted, 0, 0, 0, 0)
            self._helpers = [Helper(self._board, n) for n in range(1, self.n_threads)]
        return self

    def __exit__(self, *exc_info: object) -> None:
        interrupt: KeyboardInterrupt | None = None
        serving = self._helpers
        while serving:
            try:
                # Those too that have not begun yet: nobody waits for them.
                for helper in self._helpers:
                    helper.stopped = True
                self._post(None)  # for those that watch
                serving = [helper for helper in self._helpers if helper.is_serving]
                if serving:
                    time.sleep(NAP)
            except KeyboardInterrupt as error:
                interrupt = error
        self._helpers = []
        if interrupt is not None:
            raise interrupt

    def threads_for(self, work: int, kernel: Kernel | None = None) -> int:
        """Return how many threads may share so many products.

        With a kernel: how many are going to share them in its next call.
        """
        if work < MIN_WORK or not self._helpers:
            return 1
        shared = kernel is None or self._gain(kernel, work).together
        return self.n_threads if shared else 1

    def run(self, kernel: Kernel, work: int, shares: NDArray[Any], *args: Any) -> None:
        """Call ``kernel(start, stop, *args)`` so that all units are covered.

        Parameters
        ----------
        kernel : callable
            A kernel that writes only what belongs to the units it is given.
        work : int
            Products of connections and samples, to judge whether sharing pays.
        shares : ndarray of shape (n_units + 1,)
            Cumulative work of the units, as an index pointer has it; parts are of equal
            work.
        *args : tuple
            Passed on to the kernel.
        """
        if self.threads_for(work) == 1:  # most layers of small networks
            _do_alone(kernel, work, shares, args)
            return
        gain, began = self._gain(kernel, work), time.perf_counter()
        if gain.together:
            cuts = parts_of(work, shares, self.n_threads)
            self._share(do_parts, kernel, cuts, args)
        else:
            _do_alone(kernel, work, shares, args)
        gain.note(_comparable(time.perf_counter() - began, work))

    def together(self, kernel: Kernel, work: int, *args: Any) -> None:
        """Call ``kernel(claims, rank, phase, pause, *args)`` in all that can help.

        Returns when the call of this thread does. Then all phases are done. Others may
        still be on their way out: they keep the arguments alive and write nothing.

        Parameters
        ----------
        kernel : callable
            A kernel that claims its chunks and returns the next phase, see `claims.py`.
        work : int
            Products of connections and samples, to judge whether sharing pays.
        *args : tuple
            Passed on to the kernel.
        """
        if self.threads_for(work) == 1:
            kernel(new_claims(), 0, 1, 0, *args)
            return
        gain, began = self._gain(kernel, work), time.perf_counter()
        if gain.together:
            self._share(kernel, *args)
        else:
            kernel(new_claims(), 0, 1, 0, *args)
        gain.note(_comparable(time.perf_counter() - began, work))

    def _new_ledger(self) -> Ledger:
        return Ledger(new_claims(self.n_threads))

    def _gain(self, kernel: Kernel, work: int) -> Gain:
        return self._gains[kernel, work.bit_length()]

    def _share(self, kernel: Kernel, *args: Any) -> None:
        """Have all threads call the kernel; return when this one is done."""
        ledger, pause = self._ledger, self._pause
        try:
            self._post(Call(kernel, ledger, ledger.phase, pause, args))
            phase = kernel(ledger.claims, 0, ledger.phase, pause, *args)
            self._board.withdraw()
            self._raise_errors()
            ledger.phase = phase
        except BaseException:
            self._break_off()
            raise

    def _post(self, call: Call | None) -> None:
        self._board.post(call)
        for helper in self._helpers:
            helper.wake()

    def _raise_errors(self) -> None:
        for error in [self._ledger.error, *(h.failure for h in self._helpers)]:
            if error is not None:
                raise error

    def _break_off(self) -> None:
        """Wait until no helper is at work; then begin anew.

        After an error the caller reads the arrays. No helper may still write them.
        """
        interrupt: KeyboardInterrupt | None = None
        ledger, at_work = self._ledger, True
        while at_work:
            try:
                ledger.break_off(KeyboardInterrupt())
                self._board.withdraw()
                self._ledger = self._new_ledger()
                at_work = any(helper.at_work for helper in self._helpers)
                time.sleep(NAP if at_work else 0)
            except KeyboardInterrupt as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt


def _comparable(seconds: float, work: int) -> float:
    """Return what the largest work of the same size class would have taken.

    A call has as many steps as are left in an epoch, so calls of a class differ.
    """
    return seconds * (1 << work.bit_length()) / max(work, 1)


def _do_alone(
    kernel: Kernel, work: int, shares: NDArray[Any], args: tuple[Any, ...]
) -> None:
    """Call the kernel for all units; several times if that takes long."""
    if work <= LARGEST_WORK:
        kernel(0, shares.size - 1, *args)
        return
    for start, stop in pairwise(parts_of(work, shares, 1)):
        kernel(start, stop, *args)
