"""Seconds of training until a test accuracy is reached, on MNIST.

    python benchmarks/time_to_accuracy.py --data ../shared/data

Sparse networks of one layer of 100 units and of three layers of 1,000, scikit-learn's
`MLPClassifier` with 100 units, and dense networks of both shapes in PyTorch, if it is
installed. There are two recipes:

- "defaults": `SETClassifier` and `MLPClassifier` are given their layers and nothing
  else. `SETClassifier.fit` runs to its own end; it waits after each epoch. PyTorch has
  no defaults: Adam at 0.001, batches of 128.
- "same": all learn by Adam, with batches of 128, alpha 1e-4 and the constant `--rate`.

The test set is scored after each epoch. This takes no time of the training. One thread,
float32; the models take turns, epoch by epoch. A model stops at the last of the
accuracies, or after `--epochs`, if it has no end of its own. Medians over the seeds;
"-" if not all seeds got there.
"""

import argparse
import time
import warnings
from functools import partial

import numpy as np
from _data import load_images
from _report import print_table, with_others, write_json
from _turns import Fit, PartialFit
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from skset import SETClassifier

try:
    from _dense_torch import Dense
except ImportError:
    Dense = None

GOALS = [0.96, 0.97, 0.975, 0.98]
BATCH = 128
RECIPES = ["defaults", "same"]
CLASSES = np.arange(10)
LAYERS = {"100": (100,), "3 x 1,000": (1000, 1000, 1000)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    parser.add_argument("--rows", type=int, help="train on the first rows only")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=20, help="at most")
    parser.add_argument("--rate", type=float, default=0.002, help='of "same"')
    parser.add_argument("--recipes", nargs="+", default=RECIPES, choices=RECIPES)
    parser.add_argument("--out", default="benchmarks/results/time_to_accuracy.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if Dense is None:
        print("Not installed: torch")
    X, y, X_test, y_test = load_images(options.data, "mnist")
    train = X[: options.rows], y[: options.rows].astype(np.int64)
    runs = []
    with threadpool_limits(1):
        warm_up(train)
        for seed in options.seeds:
            for recipe in options.recipes:
                new = compared(recipe, seed, train, (X_test, y_test), options)
                runs = with_others(options.out, new, ("model", "seed", "recipe"))
                write_json(options.out, runs, told=False, peers=["torch"])
    for recipe in options.recipes:
        header, *rows = table(runs, recipe)
        print(f"\nrecipe: {recipe}")
        print_table(header, rows)


def models(recipe, seed, rate):
    """Return the unfitted models by name, each ready for its first turn."""
    if recipe == "same":
        given = {"batch_size": BATCH, "learning_rate_init": rate, "alpha": 1e-4}
        sparse = partial(SETClassifier, **given, random_state=seed)
        ready = partial(PartialFit, classes=CLASSES)
    else:
        given, rate = {}, 1e-3
        sparse = partial(SETClassifier, random_state=seed)
        ready = Fit
    found = {f"SETClassifier, {name}": ready(sparse(LAYERS[name])) for name in LAYERS}
    dense = {"MLPClassifier, 100": MLPClassifier((100,), **given, random_state=seed)}
    if Dense is not None:
        dense |= {
            f"torch dense, {name}": Dense(784, *layers, 10, seed=seed, rate=rate)
            for name, layers in LAYERS.items()
        }
    return found | {name: PartialFit(model, CLASSES) for name, model in dense.items()}


def warm_up(train):
    """Compile kernels, and start the libraries."""
    X, y = train
    for recipe in RECIPES:
        for model in models(recipe, 0, 1e-3).values():
            model.epoch(X[: 2 * BATCH], y[: 2 * BATCH])
            model.stop()


def compared(recipe, seed, train, test, options):
    """Train the models of one seed in turn; return their seconds and accuracies."""
    found = models(recipe, seed, options.rate)
    common = {"recipe": recipe, "seed": seed, "goal": max(GOALS)}
    runs = [{"model": name, **common, "seconds": [], "accuracy": []} for name in found]
    while not all(model.has_ended for model in found.values()):
        for run in runs:
            model = found[run["model"]]
            if not model.has_ended:
                take_turn(model, run, train, test, options.epochs)
    return runs


def take_turn(model, run, train, test, most):
    """Train an epoch, score it, and stop where there is no more to learn."""
    began = time.perf_counter()
    model.epoch(*train)
    seconds = time.perf_counter() - began
    if model.has_ended:
        # A fit ends after its last epoch, perhaps with a drop: this is no epoch.
        run["seconds"][-1] += seconds
        run["accuracy"][-1] = model.score(*test)
        return
    run["seconds"].append(seconds)
    run["accuracy"].append(model.score(*test))
    is_long = isinstance(model, PartialFit) and len(run["seconds"]) >= most
    if is_long or run["accuracy"][-1] >= max(GOALS):
        model.stop()


def seconds_until(run, goal):
    """Return the seconds of training until an accuracy, or infinity."""
    reached = np.flatnonzero(np.array(run["accuracy"]) >= goal)
    if not reached.size:
        return np.inf
    return float(np.sum(run["seconds"][: reached[0] + 1]))


def table(runs, recipe):
    """Return a header, and a row of strings for each model.

    An accuracy beyond the goal of every run has no column.
    """
    runs = [run for run in runs if run["recipe"] == recipe]
    most = max((run["goal"] for run in runs), default=0)
    goals = [goal for goal in GOALS if goal <= most]
    rows = [["model", "seconds per epoch", *(f"until {goal:.1%}" for goal in goals)]]
    for name in dict.fromkeys(run["model"] for run in runs):
        own = [run for run in runs if run["model"] == name]
        epoch = np.median(np.concatenate([run["seconds"] for run in own]))
        rows.append([name, f"{epoch:.2f}", *(until(own, goal) for goal in goals)])
    return rows


def until(runs, goal):
    """Return the seconds of the median run with the least and the most."""
    if any(run["goal"] < goal for run in runs):
        return ""  # training was stopped before
    seconds = [seconds_until(run, goal) for run in runs]
    if not np.isfinite(seconds).all():
        return "-"
    return f"{np.median(seconds):.1f} ({min(seconds):.1f} to {max(seconds):.1f})"


if __name__ == "__main__":
    main()
