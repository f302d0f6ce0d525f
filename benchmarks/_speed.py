r"""Seconds and memory of QuickSelection, each table in a process of its own.

    python benchmarks/_speed.py --data ../shared/data --case coil20 \
        --importance strength

is one such process; `selection.py --speed` starts them all. Everything runs on one
thread. The kernels are compiled, or loaded, by a small fit before. Seconds of the
processor stand beside those of the clock, for machines that have other work. The growth
is from what was in memory before the fits to the most that ever was.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from _data import load
from _report import print_table
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skset import QuickSelection

__all__ = ["measure_speed"]

# Table, features to select, epochs.
CASES = {
    "coil20": (50, 10),
    "isolet": (50, 10),
    "madelon": (20, 100),
    "180 x 49,151": (50, 100),
}
IMPORTANCES = ("coverage", "strength")
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB_MAXIMUM", "BLIS")


def measure_speed(data, repeats, cases=()):
    """Run the cases, or all of them, print a table, and return the figures."""
    environment = {**os.environ, **{f"{name}_NUM_THREADS": "1" for name in THREADS}}
    results = []
    for case in cases or CASES:
        for importance in IMPORTANCES:
            command = [sys.executable, __file__, "--data", data, "--case", case]
            command += ["--importance", importance, "--repeats", str(repeats)]
            done = subprocess.run(
                command, env=environment, check=True, stdout=subprocess.PIPE, text=True
            )
            results.append(json.loads(done.stdout))
            print(results[-1], flush=True)
    print_table(
        ["table", "epochs", "importance", "seconds", "CPU s", "peak MB", "growth MB"],
        [
            [
                *[result["table"], str(result["epochs"]), result["importance"]],
                f"{result['seconds']:.2f}",
                f"{result['cpu_seconds']:.2f}",
                f"{result['peak_mb']:.0f}",
                f"{result['growth_mb']:.0f}",
            ]
            for result in results
        ],
    )
    return results


def measure(data, case, importance, repeats):
    """Return the figures of one case; the peak is that of this process so far."""
    k, epochs = CASES[case]
    selector = QuickSelection(
        k,
        importance=importance,
        max_iter=epochs,
        n_jobs=1,
        random_state=0,
    )
    rng = np.random.default_rng(0)
    small = rng.standard_normal((100, 60), np.float32)
    QuickSelection(importance=importance, max_iter=2, n_jobs=1).fit(small)
    X = table(data, case, rng)
    before = resident_now()
    seconds, cpu_seconds = [], []
    for _ in range(repeats):
        began, cpu_began = time.perf_counter(), time.process_time()
        selector.fit(X)
        seconds.append(time.perf_counter() - began)
        cpu_seconds.append(time.process_time() - cpu_began)
    peak = peak_so_far()
    return {
        "table": case,
        "importance": importance,
        "epochs": selector.n_iter_,
        "seconds": float(np.median(seconds)),
        "slowest": max(seconds),
        "cpu_seconds": float(np.median(cpu_seconds)),
        "peak_mb": peak / 1e6,
        "growth_mb": (peak - before) / 1e6,
    }


def table(data, case, rng):
    """Return all rows of a set, standardised, or as many normal numbers."""
    if case == "180 x 49,151":
        return rng.standard_normal((180, 49151), np.float32)
    return StandardScaler().fit_transform(load(data, case)[0])


def peak_so_far():
    """Return the most bytes that this process has had in memory."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def resident_now():
    """Return the bytes now in memory, where the system tells, else the peak."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return peak_so_far()
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    parser.add_argument("--case", required=True, choices=CASES)
    parser.add_argument("--importance", required=True, choices=IMPORTANCES)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        print(json.dumps(measure(**vars(options))))
