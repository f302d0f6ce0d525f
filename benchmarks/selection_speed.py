"""Seconds and memory of QuickSelection, each table in a process of its own.

    python benchmarks/selection_speed.py --data ../shared/data

All rows of a table, without labels, with each of two importances. Everything runs on
one thread. The kernels are compiled, or loaded, by a small fit before. Seconds of the
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
from itertools import product
from pathlib import Path

import numpy as np
from _data import load
from _report import print_table, write_json
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skset import QuickSelection

__all__ = ["speed_rows"]

# Table, features to select, epochs.
CASES = {
    "coil20": (50, 10),
    "isolet": (50, 10),
    "madelon": (20, 100),
    "180 x 49,151": (50, 100),
}
TITLES = {
    "coil20": "coil20, 1,440 x 1,024",
    "isolet": "isolet, 1,560 x 617",
    "madelon": "madelon, 2,600 x 500",
    "180 x 49,151": "normal numbers, 180 x 49,151",
}
IMPORTANCES = ("coverage", "strength")
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB_MAXIMUM", "BLIS")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=CASES)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", default="benchmarks/results/selection_speed.json")
    parser.add_argument("--alone", choices=IMPORTANCES, help="one case, here")
    options = parser.parse_args()
    if options.alone:
        warnings.simplefilter("ignore")
        with threadpool_limits(1):
            given = options.data, options.cases[0], options.alone, options.repeats
            print(json.dumps(measure(*given)))
        return
    results = []
    for case, importance in product(options.cases, IMPORTANCES):
        results.append(in_a_process(case, importance, options))
        print(results[-1], flush=True)
    header, *rows = speed_rows(results)
    print_table(header, rows)
    write_json(options.out, results)


def in_a_process(case, importance, options):
    """Return the figures of a case that has a process of its own."""
    command = [sys.executable, __file__, "--data", options.data, "--cases", case]
    command += ["--alone", importance, "--repeats", str(options.repeats)]
    environment = {**os.environ, **{f"{name}_NUM_THREADS": "1" for name in THREADS}}
    done = subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout)


def speed_rows(results):
    """Return a row of strings for each table, below a header."""
    rows = [["table", "epochs", *(f"{name}, s" for name in IMPORTANCES), "peak, MB"]]
    for case in dict.fromkeys(result["table"] for result in results):
        own = {r["importance"]: r for r in results if r["table"] == case}
        found = [own[name] for name in IMPORTANCES]
        seconds = [f"{r['seconds']:.2f} (to {r['slowest']:.2f})" for r in found]
        peak = f"{max(r['peak_mb'] for r in found):.0f}"
        rows.append([TITLES[case], str(found[0]["epochs"]), *seconds, peak])
    return rows


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
    main()
