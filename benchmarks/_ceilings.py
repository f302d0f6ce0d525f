"""What one thread of this machine can do, measured by small kernels.

They are written with the vectors of `skset.kernels.lanes`, so that no choice of the
compiler comes between them and the machine, and share nothing else with the kernels
that they are to judge.
"""

import time
from functools import cache, partial

import numba
import numpy as np

from skset.kernels import aligned_empty
from skset.kernels.lane_sums import total
from skset.kernels.lanes import add, at, bare, full, item

__all__ = ["KB", "LEVELS", "machine_figures", "medians", "row_reads"]

KB, MB = 1 << 10, 1 << 20
LEVELS = {"L1": 16 * KB, "L2": 512 * KB, "L3": 8 * MB, "DRAM": 512 * MB}
ROW_TABLES = (256 * KB, 2 * MB, 16 * MB, 512 * MB)
# Fused multiply-adds on each number of an array, by `multiply_add_chain`.
CHAIN, CHAINED = 32, 2048
# A measurement takes this long at least.
SECONDS = 0.02


@numba.njit
def sequential(values, times):
    """Return a sum of the values, all of them read so many times."""
    array, end = bare(values), values.size - 63
    left = right = full(16, np.float32(0))
    for _ in range(times):
        for k in range(0, end, 64):
            a, b = at(array, k, left), at(array, k + 16, left)
            c, d = at(array, k + 32, left), at(array, k + 48, left)
            left, right = add(left, add(a, b)), add(right, add(c, d))
    return total(add(left, right))


@cache
def row_reader(batch):
    """Return a function that adds up rows of so many numbers, for which it is compiled.

    Its arguments are a table, flat, the numbers of the rows, and how often to read
    them all.
    """
    n = min(batch & -batch, 32)  # neighbours that are read at once

    @numba.njit
    def read(table, indices, times):
        rows, js = bare(table), bare(indices)
        left = right = full(n, np.float32(0))
        for _ in range(times):
            for k in range(0, indices.size - 3, 4):
                i, j = item(js, k) * batch, item(js, k + 1) * batch
                p, q = item(js, k + 2) * batch, item(js, k + 3) * batch
                for column in range(0, batch, n):
                    a, b = at(rows, i + column, left), at(rows, j + column, left)
                    c, d = at(rows, p + column, left), at(rows, q + column, left)
                    left, right = add(left, add(a, b)), add(right, add(c, d))
        return total(add(left, right))

    return read


@numba.njit(fastmath={"contract"}, error_model="numpy")
def multiply_add_chain(values, factor, summand, times):
    """Apply ``value * factor + summand`` 32 times to each value, so many times."""
    for _ in range(times):
        for k in range(values.size):
            v = values[k]
            for _ in range(CHAIN):
                v = v * factor + summand
            values[k] = v


def sequential_reads(n_bytes):
    """Return a job that reads so many bytes in sequence, and how many it reads."""
    values = aligned_empty(n_bytes // 4, np.float32)
    values[:] = 1
    times = max(1, 64 * MB // n_bytes)
    return partial(sequential, values, times), n_bytes * times


def row_reads(batch, n_bytes):
    """Return a job that reads random rows of a table, and the bytes that it reads."""
    table = aligned_empty((max(4, n_bytes // (4 * batch)), batch), np.float32)
    table[:] = 1
    # No more indices than needed: they are to take no room from a small table.
    n = 4 * int(np.clip(len(table) // 4, 1 << 10, 1 << 18))
    indices = np.random.default_rng(0).integers(len(table), size=n, dtype=np.int32)
    times = max(1, 32 * MB // (n * 4 * batch))
    job = partial(row_reader(batch), table.ravel(), indices, times)
    return job, n * 4 * batch * times


def machine_figures(repeats):
    """Return bytes and multiply-adds per second, by what they are of."""
    jobs = {
        "sequential": {name: sequential_reads(size) for name, size in LEVELS.items()},
        "rows of 128 bytes": {size: row_reads(32, size) for size in ROW_TABLES},
    }
    values = np.ones(CHAINED, np.float32)
    halves = np.float32(0.5), np.float32(0.5)
    chain = partial(multiply_add_chain, values, *halves, 100)
    jobs["multiply-adds"] = {"float32": (chain, CHAINED * CHAIN * 100)}
    flat = {(kind, of): job for kind in jobs for of, (job, _) in jobs[kind].items()}
    seconds = medians(flat, repeats)
    return {
        kind: {of: amount / seconds[kind, of] for of, (_, amount) in jobs[kind].items()}
        for kind in jobs
    }


def medians(jobs, repeats):
    """Return the median seconds of each job, all of them timed in turn."""
    for job in jobs.values():
        job()  # compilation and first touch of the memory
    calls = {name: max(1, int(SECONDS / seconds(job))) for name, job in jobs.items()}
    found = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, job in jobs.items():
            found[name].append(seconds(job, calls[name]))
    return {name: float(np.median(times)) for name, times in found.items()}


def seconds(job, calls=1):
    """Return the seconds of one call, the mean over some."""
    began = time.perf_counter()
    for _ in range(calls):
        job()
    return (time.perf_counter() - began) / calls
