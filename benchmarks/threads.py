"""How much a second thread saves or costs in a training step, beside busy processes.

    python benchmarks/threads.py

Networks 3312-n-n-n-5 at epsilon 20, float32, relu, SGD with momentum: the steps of
`step.py`. One and two threads are timed by turns in the same process, first while
nothing else runs, then beside processes that keep a core busy. Each turn is an epoch
of several steps. Seconds of a step are given as medians of the turns, and as means,
which show what rare delays cost. `gain` is the ratio of the means of both.

On Linux turns are left out in which processes of others used more than a tenth of a
core, if there are quiet turns at all; `quiet` is the share of turns that were quiet.
"""

import argparse
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from _report import print_table, write_json
from step import N_CLASSES, N_FEATURES, sparse_training, topologies_of

from skset.strategies import METHODS

BUSY = "while True: pass"
QUIET = 0.1  # of a core


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[3000, 30000])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=8, help="for each line")
    parser.add_argument("--out", default="benchmarks/results/threads.json")
    options = parser.parse_args()
    results = []
    for width in options.widths:
        contestants = {n: epochs(width, options.batch, n) for n in options.jobs}
        for n_busy in options.busy:
            with busy_processes(n_busy) as processes:
                seconds = by_turns(contestants, options.seconds, processes)
            results += lines(width, options.batch, n_busy, seconds)
    header = [
        "n",
        "batch",
        "busy",
        "threads",
        "median ms",
        "mean ms",
        "gain",
        "median",
        "quiet",
    ]
    print_table(header, [row(result) for result in results])
    write_json(options.out, results)


def epochs(width, batch, n_jobs):
    """Return a training of one epoch at a time, and the steps of an epoch."""
    n_steps = max(4, 60_000 // width)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((batch * n_steps, N_FEATURES)).astype(np.float32)
    y = np.arange(len(X)) % N_CLASSES
    topologies, static = topologies_of(width), METHODS["static"].evolution()
    training = sparse_training(topologies, X, y, batch, n_jobs, static)
    for _ in range(3):
        next(training)  # compilation, first touch of the memory, first trials
    return training, n_steps


@contextmanager
def busy_processes(n):
    processes = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(n)]
    time.sleep(0.5)
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def by_turns(contestants, seconds, processes):
    """Return the seconds of a step and the share of others, for every turn of each."""
    found = {n_jobs: [] for n_jobs in contestants}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for n_jobs, (training, n_steps) in contestants.items():
            n_epochs, others = 0, seconds_of_others(processes)
            began = time.perf_counter()
            while time.perf_counter() < began + 0.2:
                next(training)
                n_epochs += 1
            took = time.perf_counter() - began
            share = (seconds_of_others(processes) - others) / took
            found[n_jobs].append((took / (n_epochs * n_steps), share))
    return found


def seconds_of_others(processes):
    """Return the seconds of all cores that neither we nor these processes used."""
    if not Path("/proc/stat").exists():
        return 0.0
    fields = Path("/proc/stat").read_text().split(maxsplit=9)[1:9]
    user, nice, system, _, _, irq, soft_irq, _ = map(int, fields)
    ticks = user + nice + system + irq + soft_irq
    for process in processes:
        own = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks -= int(own[11]) + int(own[12])
    return ticks / os.sysconf("SC_CLK_TCK") - time.process_time()


def lines(width, batch, n_busy, turns):
    """Return one result for each number of threads."""
    results = []
    for n_jobs, found in turns.items():
        quiet = [seconds for seconds, share in found if share < QUIET]
        times = quiet or [seconds for seconds, _ in found]
        result = {"width": width, "batch": batch, "busy": n_busy, "threads": n_jobs}
        result |= {"turns": len(found), "quiet": len(quiet) / len(found)}
        result["median_seconds"] = float(np.median(times))
        result["mean_seconds"] = float(np.mean(times))
        first = results[0] if results else result
        for mean in ("mean", "median"):
            seconds = f"{mean}_seconds"
            result[f"{mean}_gain"] = first[seconds] / result[seconds]
        results.append(result)
    return results


def row(result):
    milliseconds = [result["median_seconds"] * 1e3, result["mean_seconds"] * 1e3]
    return [
        *(str(result[name]) for name in ("width", "batch", "busy", "threads")),
        *(f"{ms:.2f}" for ms in milliseconds),
        *(f"{result[name]:.2f}" for name in ("mean_gain", "median_gain", "quiet")),
    ]


if __name__ == "__main__":
    main()
