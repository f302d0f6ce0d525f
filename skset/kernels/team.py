"""Threads that share a layer.

numba's own parallel loops are not used: its `workqueue` layer aborts the process when
two Python threads enter it, `omp` kills a forked child at its first parallel loop, and
a parallel kernel is compiled apart from the serial one, so that nothing guarantees the
same bits. Here a kernel takes a range of units and releases the GIL; the serial and the
parallel variant are one machine code, called once or by several Python threads.
"""

import threading
import time
from itertools import pairwise

import numba
import numpy as np

from skset.kernels._signals import arrive, arrive_and_await

__all__ = ["Team"]

# Below this many connection-sample products, sharing costs more than it saves.
MIN_WORK = 1 << 18
# So many take a tenth of a second, in which nobody listens to Ctrl-C.
LARGEST_WORK = 1 << 27
# How often a thread looks for what it waits for before it sleeps: for 0.2 milliseconds
# or so, in which the serial parts of a step are done. Interpreted, looking is too slow.
PATIENCE = 0 if getattr(numba.config, "DISABLE_JIT", False) else 500_000
# Seconds between two looks of the calling thread, when the others take long.
NAP = 2e-5
# The places of what threads tell each other, in different lines of the cache.
STRIDE = 16


class Team:
    """Runs range kernels on `n_threads` threads, with the same result for any number.

    The threads exist only inside the ``with`` block: none is left to break a fork, and
    nothing of them is pickled.

    Parameters
    ----------
    n_threads : int, default=1
        Number of threads, the calling one included.
    """

    def __init__(self, n_threads=1):
        self.n_threads = n_threads
        self._helpers: list[_Helper] = []
        self._posted = np.zeros(STRIDE, np.int64)

    def __enter__(self):
        if self.n_threads > 1:
            self._posted = np.zeros(self.n_threads * STRIDE, np.int64)
            self._helpers = [
                _Helper(self._posted, n * STRIDE) for n in range(1, self.n_threads)
            ]
        return self

    def __exit__(self, *exc_info):
        helpers, self._helpers = self._helpers, []
        self._post(helpers, [None] * len(helpers))
        for helper in helpers:
            helper.thread.join()

    def threads_for(self, work):
        """Return how many threads share so many products."""
        return len(self._helpers) + 1 if work >= MIN_WORK else 1

    def run(self, kernel, work, shares, *args):
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
        n_threads = self.threads_for(work)
        n_rounds = max(1, -(-work // (LARGEST_WORK * n_threads)))
        n_parts, total = n_rounds * n_threads, int(shares[-1])
        equal = [total * n // n_parts for n in range(1, n_parts)]
        cuts = [0, *shares.searchsorted(equal).tolist(), shares.size - 1]
        parts = [(kernel, *pair, args) for pair in pairwise(cuts)]
        for first in range(0, n_parts, n_threads):
            self._share(parts[first : first + n_threads])

    def _share(self, jobs):
        """Do the first job, and have the helpers do the others."""
        kernel, start, stop, args = jobs[0]
        if len(jobs) == 1:
            kernel(start, stop, *args)
            return
        try:
            self._post(self._helpers, jobs[1:])
            kernel(start, stop, *args)
        finally:
            self._await_all()
        for helper in self._helpers:
            helper.raise_error()

    def _post(self, helpers, jobs):
        for helper, job in zip(helpers, jobs, strict=True):
            helper.job = job
        if helpers:
            arrive(self._posted, 0, int(self._posted[0]) + 1)
        for helper in helpers:
            helper.wake()

    def _await_all(self):
        """Wait until every helper has done what was posted last."""
        posted, count = self._posted, int(self._posted[0])
        for helper in self._helpers:
            patience = PATIENCE
            while not arrive_and_await(
                posted, 0, count, helper.place, count - 1, patience + 1
            ):
                patience = 0
                time.sleep(NAP)


class _Helper:
    """A thread that does what is posted to it, one job after the other."""

    def __init__(self, posted, place):
        self.posted, self.place = posted, place
        self.job = self.error = None
        self._asleep, self._alarm = False, threading.Semaphore(0)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def wake(self):
        """Wake the thread if it has gone to sleep; the job is posted already."""
        if self._asleep:
            self._asleep = False
            self._alarm.release()

    def raise_error(self):
        """Raise the error of the last job, if it had one."""
        error, self.error = self.error, None
        if error is not None:
            raise error

    def _serve(self):
        done = 0
        while True:
            self._await_post(done)
            done = int(self.posted[0])
            if self.job is None:
                return
            kernel, start, stop, args = self.job
            try:
                kernel(start, stop, *args)
            except BaseException as error:
                self.error = error
            self.job = kernel = args = None  # nothing is kept alive

    def _await_post(self, done):
        """Say what is done and wait for the next post, asleep if that takes long."""
        posted = self.posted
        while not arrive_and_await(posted, self.place, done, 0, done, PATIENCE):
            self._asleep = True
            if posted[0] == done:  # nothing was posted before we said so
                self._alarm.acquire()
            self._asleep = False
