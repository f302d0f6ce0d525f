"""A table that is larger than memory: in blocks, as a memory map, or a sample of it.

    python benchmarks/big_table.py --gigabytes 20 --folder /data
    python benchmarks/big_table.py --gigabytes 5 --ways fit_blocks sample

The table is made on the spot in one file of float32 and deleted afterwards. It has
1,000 columns of normal numbers. y says whether a sum over ten of them, and over five
products of two, is positive; one label in ten is wrong. So no classifier is right for
more than 90 %. Each way is a process of its own:

- fit_blocks: `skset.fit_blocks`, which reads blocks of 25 MB from the file.
- memory map: `fit` on the file.
- sample: `fit` on the first rows, as many as take --sample gigabytes, until it stops
  by itself.

All have two hidden layers of 200 and the same seed. The first two make --epochs passes.

- first pass: seconds until the first epoch begins. epoch: median seconds of an epoch.
- beside: the most private memory during the fit, less what there was before; pages of
  the file are not counted.
- accuracy: for 50,000 further rows.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from _memory import Peak, status
from _report import print_table, with_others, write_json
from threadpoolctl import threadpool_limits

import skset
from skset import SETClassifier

N_COLUMNS, N_TEST, N_SUMMED, N_PRODUCTS, N_WRONG = 1000, 50_000, 10, 5, 0.1
BLOCK = 6250  # rows; 25 MB


def main():
    options = parsed_options()
    if options.child:
        print(json.dumps(measured(options.child, options)))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        n_rows = int(options.gigabytes * 1e9) // (4 * N_COLUMNS)
        written(Path(folder), n_rows)
        results = []
        for way in options.ways:
            results.append({"gigabytes": options.gigabytes, **outcome(way, folder)})
            print(results[-1], flush=True)
            all_results = with_others(options.out, results, ("way", "gigabytes"))
            write_json(options.out, all_results, told=False)
    names = ("way", "rows", "first pass", "epoch", "beside", "accuracy")
    print_table(
        names, [[shown(result.get(name, "")) for name in names] for result in results]
    )
    failed = [result["way"] for result in results if "accuracy" not in result]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def parsed_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=5)
    parser.add_argument("--sample", type=float, default=1, help="gigabytes of it")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--folder", help="where the file is made")
    parser.add_argument("--out", default="benchmarks/results/big_table.json")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def shown(value):
    return f"{value:.3g}" if isinstance(value, float) else str(value)


# The table.


def rows_of(seed, n):
    """Return n rows and their labels."""
    rng = np.random.default_rng([0, seed])
    X = rng.standard_normal((n, N_COLUMNS), np.float32)
    pairs = X[:, N_SUMMED : N_SUMMED + 2 * N_PRODUCTS]
    signal = X[:, :N_SUMMED].sum(axis=1) + 2 * (pairs[:, ::2] * pairs[:, 1::2]).sum(1)
    return X, (signal > 0) ^ (rng.random(n) < N_WRONG)


def written(folder, n_rows):
    X = np.lib.format.open_memmap(folder / "X.npy", "w+", "f4", (n_rows, N_COLUMNS))
    y = np.empty(n_rows, bool)
    for number, start in enumerate(range(0, n_rows, BLOCK)):
        some = slice(start, min(start + BLOCK, n_rows))
        X[some], y[some] = rows_of(number + 1, some.stop - start)
    X.flush()
    np.save(folder / "y.npy", y)


class Blocks:
    """The blocks of a file, read when they are asked for."""

    def __init__(self, path, y):
        self.path, self.y = path, y
        self.begin = np.load(path, mmap_mode="r").offset

    def __len__(self):
        return -(-len(self.y) // BLOCK)

    def __getitem__(self, number):
        if number >= len(self):
            raise IndexError(number)
        y = self.y[number * BLOCK : (number + 1) * BLOCK]
        offset = self.begin + number * BLOCK * N_COLUMNS * 4
        X = np.fromfile(self.path, "f4", len(y) * N_COLUMNS, offset=offset)
        return X.reshape(len(y), N_COLUMNS), y


# Ways to learn from it.


def in_blocks(model, path, y, options):
    skset.fit_blocks(model, Blocks(path, y), epochs=options.epochs)


def mapped(model, path, y, options):
    model.set_params(max_iter=options.epochs)
    model.fit(np.load(path, mmap_mode="r"), y)


def sample(model, path, y, options):
    n = min(len(y), int(options.sample * 1e9) // (4 * N_COLUMNS))
    model.fit(np.array(np.load(path, mmap_mode="r")[:n]), y[:n])


WAYS = {"fit_blocks": in_blocks, "memory map": mapped, "sample": sample}


def outcome(way, folder):
    """Return the figures of a way in a process of its own."""
    command = [sys.executable, __file__, *sys.argv[1:], "--child", way, str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment)
    return json.loads(done.stdout) if done.returncode == 0 else {"way": way}


def noted(times):
    """Return a callback that adds to `times` when an epoch begins or ends."""

    def note(self, estimator, context):
        if context.task_name == "epoch":
            times.append(time.perf_counter())

    def nothing(self, estimator, context):
        """Set up and tear down nothing."""

    methods = {"setup": nothing, "teardown": nothing}
    hooks = {"on_fit_task_begin": note, "on_fit_task_end": note}
    return type("Clock", (), methods | hooks)()


def measured(child, options):
    way, folder = child
    warnings.simplefilter("ignore")
    small = rows_of(0, 400)
    SETClassifier((200, 200), max_iter=2).fit(*small).predict(small[0])  # compiles
    path, y = Path(folder) / "X.npy", np.load(Path(folder) / "y.npy")
    times = []
    model = SETClassifier((200, 200), random_state=0).set_callbacks(noted(times))
    with threadpool_limits(1):
        before, began = status("RssAnon"), time.perf_counter()
        with Peak() as peak:
            WAYS[way](model, path, y, options)
        seconds = time.perf_counter() - began
        X, wanted = rows_of(0, N_TEST)
        accuracy = model.score(X, wanted)
    epochs = np.diff(times)[::2]
    return {
        "way": way,
        "rows": len(y),
        "first pass": times[0] - began,
        "epoch": float(np.median(epochs)),
        "epochs": len(epochs),
        "seconds": seconds,
        "beside": (peak.most - before) / 1e6,
        "accuracy": accuracy,
    }


if __name__ == "__main__":
    main()
