"""Fits that do not depend on each other, shared out among processes and remembered."""

import multiprocessing
import signal
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import lru_cache
from hashlib import sha1
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from _data import load_images
from _splits import IMAGES, read, rounds
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from skset._warmup import warm_up

__all__ = ["Task", "held_out", "run_all"]

# Share of the training rows that the choice of a learning rate looks at: of MNIST the
# last 10,000 of 60,000.
VALIDATION = {True: 1 / 6, False: 1 / 4}


class Data(NamedTuple):
    """Rows to train on and to test on, and whether the split came with the set."""

    X: Any
    y: np.ndarray
    X_test: Any
    y_test: np.ndarray
    given: bool


class Task(NamedTuple):
    """One fit, and all that its outcome depends on.

    `split` is the number of the split, `rows` how many of the training rows are used
    (None: all); with `validate` a part of them takes the place of the test rows.
    """

    key: str
    model: type
    params: dict
    name: str
    split: int
    rows: int | None
    validate: bool
    held_out: float

    @property
    def digest(self):
        """A short text that changes with whatever changes the outcome."""
        parts = self._replace(params=sorted(self.params.items()))
        return sha1(repr(parts).encode()).hexdigest()[:12]


def run_all(tasks, folder, runs, save, jobs):
    """Add to `runs` what is not there yet, under the tasks' keys; save after each.

    A run is done again if what it depends on has changed, or if it failed.
    """
    known = {t.key for t in tasks if runs.get(t.key, {}).get("digest") == t.digest}
    known -= {key for key in known if "error" in runs[key]}
    todo = [task for task in tasks if task.key not in known]
    if not todo:
        return
    print(f"{len(todo)} fits, {len(known)} are known", flush=True)
    warm_up()  # once: the processes then load what is compiled here
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=prepare) as pool:
        futures = {pool.submit(outcome, task, folder): task for task in todo}
        try:
            for n, future in enumerate(as_completed(futures), 1):
                task, run = futures[future], future.result()
                runs[task.key] = run
                save()
                print(f"[{n}/{len(todo)}] {task.key}: {told(run)}", flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def prepare():
    """Make a process ready to fit, and to end at once with the one that started it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    warm_up()


def told(run):
    if "error" in run:
        return run["error"]
    return f"{run['accuracy']:.4f}, {run['seconds']:.1f} s"


def outcome(task, folder):
    """Return the figures of a task, or why there are none."""
    # Short trainings converge nowhere; a class of one row is not to be split.
    warnings.simplefilter("ignore")
    try:
        with threadpool_limits(1):
            return {"digest": task.digest, **measure(task, folder)}
    except Exception as error:  # a diverged network is no reason to end the others
        message = f"{type(error).__name__}: {error}".splitlines()[0]
        return {"digest": task.digest, "error": message}


def measure(task, folder):
    data = data_of(folder, task.name, task.split, task.rows)
    X, y, X_test, y_test, _ = data
    if task.validate:
        train, test = held_out(y, VALIDATION[data.given], data.given)
        X, y, X_test, y_test = X[train], y[train], X[test], y[test]
    watched = {}
    if task.held_out:
        train, other = held_out(y, task.held_out, data.given)
        watched = {"X_val": X[other], "y_val": y[other]}
        X, y = X[train], y[train]
    model = task.model().set_params(**task.params)
    began = time.perf_counter()
    model.fit(X, y, **watched)
    seconds = time.perf_counter() - began
    nnz, density = size(model)
    return {
        "accuracy": float(model.score(X_test, y_test)),
        "seconds": seconds,
        "nnz": nnz,
        "density": density,
        "epochs": int(np.max(model.n_iter_)),
    }


def size(model):
    """Return the number of connections, and their share of those that could be."""
    if hasattr(model, "nnz_"):
        return int(model.nnz_), float(model.density_)
    weights = getattr(model, "coefs_", None) or [model.coef_]
    return sum(w.size for w in weights), 1.0


@lru_cache(maxsize=2)
def data_of(folder, name, split, rows):
    """Return the `Data` of a set, standardised by what the training rows say.

    Columns each on its own; of images, all pixels by one mean and one deviation.
    """
    if name in IMAGES:
        X, y, X_test, y_test = load_images(folder, name)
        X, y = X[:rows], y[:rows]
        mean, deviation = X.mean(), X.std()
        return Data(
            (X - mean) / deviation, y, (X_test - mean) / deviation, y_test, True
        )
    one = next(islice(rounds(read(folder, name), split + 1), split, None))
    train, test = one.train[:rows], one.test
    return Data(one.X[train], one.y[train], one.X[test], one.y[test], False)


def held_out(y, share, in_order):
    """Return two parts of the rows: to train on, and a share to look at.

    The last rows if they come in an order that was given, else rows of each class. A
    class is only looked at if there is something to learn it from.
    """
    rows = np.arange(len(y))
    if in_order:
        n = round(share * len(y))
        train, other = rows[:-n], rows[-n:]
    else:
        largest = np.unique(y, return_counts=True)[1].max()
        n = min(round(1 / share), largest)
        folds = StratifiedKFold(n, shuffle=True, random_state=0)
        train, other = next(folds.split(rows, y))
    alone = ~np.isin(y[other], y[train])
    return np.sort(np.append(train, other[alone])), other[~alone]
