"""Threads that share a layer.

numba's own parallel loops are not used: its `workqueue` layer aborts the process when
two Python threads enter it, `omp` kills a forked child at its first parallel loop, and
a parallel kernel is compiled apart from the serial one, so that nothing guarantees the
same bits. Here a kernel takes a range of units and releases the GIL; the serial and the
parallel variant are one machine code, called once or by several Python threads.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

__all__ = ["Team"]

# Below this many connection-sample products, waking a thread costs more than it saves.
MIN_WORK = 1 << 18


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
        self._pool = None

    def __enter__(self):
        if self.n_threads > 1:
            self._pool = ThreadPoolExecutor(self.n_threads - 1)
        return self

    def __exit__(self, *exc_info):
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

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
        n_units = shares.size - 1
        if self._pool is None or work < MIN_WORK:
            kernel(0, n_units, *args)
            return
        equal = np.linspace(0, shares[-1], self.n_threads + 1)[1:-1]
        cuts = [0, *np.searchsorted(shares, equal).tolist(), n_units]
        others = [
            self._pool.submit(kernel, start, stop, *args)
            for start, stop in pairwise(cuts[1:])
        ]
        try:
            kernel(cuts[0], cuts[1], *args)
        finally:
            errors = [other.exception() for other in others]  # waits for each
        for error in filter(None, errors):
            raise error
