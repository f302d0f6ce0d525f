"""Time and memory of training, from ten thousand units to fifty million.

    python benchmarks/scale.py
    python benchmarks/scale.py --rows 3000/2 300000/32 --jobs 2 --append

Each row is one `fit` of `SETClassifier` in a process of its own: three hidden layers of
the same width, relu, He weights, float32, SGD with momentum 0.9, SET with its defaults.
The data have the shape of the lung set (203 x 3,312, 5 classes) but are made by seed:
normal numbers around class centres, two thirds of the rows for training. Kernels are
compiled, or loaded, by a small fit before.

The learning rate falls as one over the width: each output unit hears all units of the
last hidden layer, or a fixed share of them, so that what a step of a given size changes
in its sum grows with the width. So does the L2 penalty, which is part of the loss.

- units: those of all layers, inputs and outputs too.
- init: from the call of `fit` to its first epoch.
- epoch: median over the epochs without the first; each of these begins with an
  evolution of all layers.
- evolution: median of that part alone.
- peak: the most memory that the process ever had, Python and its packages included.
- B at rest: resident bytes per connection after the last epoch, without those before
  `fit` and without the activations and deltas, whose size is known.
- B peak: resident bytes per connection at the peak, without those before `fit`, but
  with activations, deltas and what initialisation and evolution need for a while.
- loss: mean over the first and over the last epoch. accuracy: on the other third.
- authors: seconds per epoch of the SciPy and Cython code of SET's authors, as published
  for the same network and batch size on a laptop with 16 GB, not measured here.

Epochs are timed by a callback, which takes scikit-learn 1.9; evolutions by a wrapper
around the method of the training loop that makes them. A row that fails, as for want
of memory, is shown with its error.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
from _report import print_table, write_json
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skset import SETClassifier
from skset.training import Training

N_SAMPLES, N_FEATURES, N_CLASSES = 203, 3312, 5
# Deviation of the class centres in each feature, where the noise has 1.
SEPARATION = 0.4
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB_MAXIMUM", "BLIS")


class Row(NamedTuple):
    """A network and how it is trained; `authors` in seconds per epoch."""

    width: int
    batch_size: int
    epsilon: float
    epochs: int
    authors: float | None = None


ROWS = {
    "3000/2": Row(3_000, 2, 20, 10, 18),
    "30000/2": Row(30_000, 2, 20, 10, 180),
    "300000/2": Row(300_000, 2, 20, 3, 49 * 60),
    "300000/32": Row(300_000, 32, 20, 10),
    "600000/2": Row(600_000, 2, 20, 3, 112 * 60),
    "600000/32": Row(600_000, 32, 20, 5),
    "5000000/32": Row(5_000_000, 32, 5, 3),
    "17000000/8": Row(17_000_000, 8, 1, 2),
}


def main():
    options = parsed_options()
    if options.child:
        warnings.simplefilter("ignore")
        with threadpool_limits(1):
            print(json.dumps(measure(ROWS[options.child], options)))
        return
    results = {}
    if options.append and Path(options.out).exists():
        known = json.loads(Path(options.out).read_text())["results"]
        results = {(result["row"], result["jobs"]): result for result in known}
    for row in options.rows:
        results[row, options.jobs] = result = outcome(row, options)
        print(result, flush=True)
        write_json(options.out, list(results.values()))
    print_results(results.values())
    failed = [result["row"] for result in results.values() if "error" in result]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def parsed_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--jobs", type=int, default=1, help="threads; default: 1")
    parser.add_argument("--epochs", type=int, help="of every row; default: 2 to 10")
    parser.add_argument("--out", default="benchmarks/results/scale.json")
    parser.add_argument("--append", action="store_true", help="add to what --out has")
    parser.add_argument("--child", choices=ROWS, help=argparse.SUPPRESS)
    return parser.parse_args()


def outcome(row, options):
    """Return the figures of a row from a process of its own, or its error."""
    command = [sys.executable, __file__, "--child", row, "--jobs", str(options.jobs)]
    if options.epochs:
        command += ["--epochs", str(options.epochs)]
    environment = {**os.environ, **{f"{name}_NUM_THREADS": "1" for name in THREADS}}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    figures = {"row": row, "jobs": options.jobs, **ROWS[row]._asdict()}
    if done.returncode == 0:
        return figures | json.loads(done.stdout)
    if done.returncode < 0:  # the system's answer to too little memory is SIGKILL
        error = f"ended by {signal.Signals(-done.returncode).name}"
    else:
        error = (done.stderr.strip() or "no message").splitlines()[-1]
    return figures | {"error": error}


def measure(row, options):
    """Train the network of a row and return its figures."""
    be_the_first_to_go()
    X, X_test, y, y_test = lung_shaped()
    new_model(Row(20, 2, 1, 2), options.jobs).fit(X[:40, :50], y[:40])
    model = new_model(row._replace(epochs=options.epochs or row.epochs), options.jobs)
    model.set_callbacks(clock := Clock())
    before, began = resident_now(), time.perf_counter()
    evolutions = []
    with mock.patch.object(Training, "evolve", timed(Training.evolve, evolutions)):
        model.fit(X, y)
    peak = peak_so_far()
    nnz = sum(coef.nnz for coef in model.coefs_)
    kept = clock.resident - before - activations(row)
    return {
        "epochs": model.n_iter_,
        "units": N_FEATURES + 3 * row.width + N_CLASSES,
        "connections": nnz,
        "init_seconds": clock.begun - began,
        "epoch_seconds": float(np.median(clock.epochs[1:] or clock.epochs)),
        "evolution_seconds": float(np.median(evolutions)) if evolutions else None,
        "all_epoch_seconds": clock.epochs,
        "all_evolution_seconds": evolutions,
        "before_gb": before / 1e9,
        "peak_gb": peak / 1e9,
        "bytes_at_rest": kept / nnz,
        "bytes_at_peak": (peak - before) / nnz,
        "first_loss": float(model.loss_curve_[0]),
        "last_loss": float(model.loss_curve_[-1]),
        "learning_rate": model.learning_rate_init,
        "accuracy": float(model.score(X_test, y_test)),
    }


def lung_shaped():
    """Return X_train, X_test, y_train, y_test of as good as equal classes."""
    rng = np.random.default_rng(0)
    y = np.arange(N_SAMPLES) % N_CLASSES
    centres = SEPARATION * rng.standard_normal((N_CLASSES, N_FEATURES))
    X = centres[y] + rng.standard_normal((N_SAMPLES, N_FEATURES))
    X, X_test, y, y_test = train_test_split(
        X.astype(np.float32), y, test_size=1 / 3, stratify=y, random_state=0
    )
    scaler = StandardScaler().fit(X)
    return scaler.transform(X), scaler.transform(X_test), y, y_test


def new_model(row, jobs):
    return SETClassifier(
        (row.width,) * 3,
        epsilon=row.epsilon,
        weight_init="he",
        final_drop=False,
        solver="sgd",
        momentum=0.9,
        nesterovs_momentum=False,
        alpha=0.01 / row.width,
        batch_size=row.batch_size,
        learning_rate="constant",
        learning_rate_init=np.sqrt(2 * row.batch_size) / row.width,
        max_iter=row.epochs,
        tol=0.0,
        n_iter_no_change=np.inf,
        random_state=0,
        n_jobs=jobs,
    )


class Clock:
    """A callback that notes when training begins, how long epochs take, and memory."""

    def setup(self, estimator, context):
        """Begin anew."""
        self.epochs = []

    def teardown(self, estimator, context):
        """Do nothing."""

    def on_fit_task_begin(self, estimator, context):
        """Note when a fit or an epoch begins."""
        self._began = time.perf_counter()
        if context.task_name == "fit":
            self.begun = self._began

    def on_fit_task_end(self, estimator, context):
        """Note what an epoch took."""
        if context.task_name == "epoch":
            self.epochs.append(time.perf_counter() - self._began)
            self.resident = resident_now()


def timed(evolve, seconds):
    """Return the method that evolves, such that it also notes its seconds."""

    def timed_evolve(training, *args, **kwargs):
        began = time.perf_counter()
        evolve(training, *args, **kwargs)
        seconds.append(time.perf_counter() - began)

    return timed_evolve


def activations(row):
    """Return the bytes of all inputs, activations and deltas of a batch."""
    return row.batch_size * 4 * (N_FEATURES + 2 * 3 * row.width + N_CLASSES)


def be_the_first_to_go():
    """Have the system, short of memory, end this process and not its parent."""
    score = Path("/proc/self/oom_score_adj")
    if score.exists():
        score.write_text("1000")


def resident_now():
    """Return the bytes now in memory, where the system tells, else the peak."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return peak_so_far()
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak_so_far():
    """Return the most bytes that this process has had in memory."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would begin with what the parent process had
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def print_results(results):
    header = ["hidden layers", "jobs", "batch", "epsilon", "units", "connections"]
    header += ["init s", "epoch s", "evolution s", "peak GB", "B at rest", "B peak"]
    header += ["loss", "accuracy", "authors s"]
    print_table(header, [cells(result) for result in results])
    for result in results:
        if "error" in result:
            print(f"{result['row']}: {result['error']}")


def cells(result):
    known = [f"3 x {result['width']:,}", str(result["jobs"])]
    known += [str(result["batch_size"]), f"{result['epsilon']:g}"]
    authors = f"{result['authors']:,}" if result["authors"] else "-"
    if "error" in result:
        return [*known, "failed", *["-"] * 9, authors]
    evolution = result["evolution_seconds"]
    return [
        *known,
        f"{result['units']:,}",
        f"{result['connections']:,}",
        f"{result['init_seconds']:.2f}",
        f"{result['epoch_seconds']:.3g}",
        "-" if evolution is None else f"{evolution:.3g}",
        f"{result['peak_gb']:.2f}",
        f"{result['bytes_at_rest']:.1f}",
        f"{result['bytes_at_peak']:.1f}",
        f"{result['first_loss']:.3f} to {result['last_loss']:.3f}",
        f"{result['accuracy']:.3f}",
        authors,
    ]


if __name__ == "__main__":
    main()
