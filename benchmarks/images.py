"""MNIST and Fashion-MNIST: the evolved network, a static one, and dense ones.

    python benchmarks/images.py --data ../shared/data --set mnist
    python benchmarks/images.py --data ../shared/data --set fashion_mnist --rows 2000 \
        --epochs 200 --seeds 5
    python benchmarks/images.py --data ../shared/data --times

784-1000-1000-1000-10. The sparse networks have epsilon 13. "dense" is the same network
with all connections, in PyTorch, if it is installed. These three learn by Adam, with
batches of 128, alpha 1e-4 and rates that fall by a cosine. Each chooses its dropout and
rate among the same six pairs: by the mean accuracy on `--held` sixths of the training
rows, which are left out in turn. Then it trains on all rows, once for each seed. The
accuracy is that on the test set after the last epoch. "MLP" is scikit-learn's
MLPClassifier of the same shape with its defaults. It stops by itself, or after as many
epochs as the others.

With `--times`, epochs of all models on MNIST are timed in turn. One thread.
"""

import argparse
import time
import warnings
from itertools import product

import numpy as np
from _data import load_images
from _headlines import mean_and_error
from _report import among, print_table, stored, with_others, write_json
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from skset import SETClassifier

try:
    from _dense_torch import Dense
except ImportError:
    Dense = None

HIDDEN = (1000, 1000, 1000)
BATCH = 128
ALPHA = 1e-4
DROPOUTS = (0.0, 0.2, 0.4)
RATES = (0.0005, 0.002)
PARTS = 6  # of the training rows; one of them is left out for a choice
METHODS = {"SET": "set", "static": "static"}
MODELS = [*METHODS, "dense", "MLP"]
TITLES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}
NAMES = {
    "SET": "SETClassifier",
    "static": "static",
    "dense": "dense (PyTorch)",
    "MLP": "MLPClassifier (defaults)",
}
KEYS = ("set", "rows", "model", "purpose", "dropout", "rate", "seed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    parser.add_argument("--set", default="mnist", choices=["mnist", "fashion_mnist"])
    parser.add_argument("--rows", type=int, help="train on the first rows only")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--held", type=int, default=1, help="sixths to choose by")
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--times", action="store_true", help="time epochs only")
    parser.add_argument("--out", default="benchmarks/results/images.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    models = [name for name in options.models if name != "dense" or Dense]
    if len(models) < len(options.models):
        print("Not installed: torch")
    X, y, *test = load_images(options.data, options.set)
    y = y.astype(np.int64)
    data = Images(options.set, (X[: options.rows], y[: options.rows]), test)
    with threadpool_limits(1):
        for run in (timed if options.times else compared)(models, data, options):
            print(run, flush=True)
            runs = with_others(options.out, [run], KEYS)
            write_json(options.out, runs, told=False, peers=["torch"])
    for rows in (image_rows, epoch_rows):
        header, *cells = rows(stored(options.out))
        print()
        print_table(header, cells)


class Images:
    """A set of images, and what is measured with it."""

    def __init__(self, name, train, test):
        self.name, self.train, self.test = name, train, test

    def run(self, purpose, model, epochs, seed, recipe, held=None):
        """Train a model and return its figures; on all rows, or without some."""
        (X, y), test = self.train, self.test
        if held is not None:
            # At random: images of MNIST with even numbers are harder than the others.
            left_out = np.random.default_rng(0).permutation(len(X)) % PARTS == held
            X, y, test = X[~left_out], y[~left_out], (X[left_out], y[left_out])
        began = time.perf_counter()
        fitted, connections = trained(model, X, y, epochs, seed, recipe)
        return {
            "set": self.name,
            "rows": len(self.train[0]),
            "model": model,
            "purpose": purpose,
            "seed": seed,
            **recipe,
            "asked_epochs": epochs,
            "seconds": time.perf_counter() - began,
            "epochs": getattr(fitted, "n_iter_", epochs),
            "connections": connections,
            "accuracy": fitted.score(*test),
        }


def compared(models, data, options):
    """Yield the runs by which each model chooses its recipe, then those that count."""
    for model in models:
        recipe, best = {"dropout": None, "rate": None}, -1.0  # its own defaults
        for dropout, rate in product(DROPOUTS, RATES) if model != "MLP" else ():
            tried, scores = {"dropout": dropout, "rate": rate}, []
            for held in range(options.held):
                run = data.run("choice", model, options.epochs, held, tried, held)
                scores.append(run["accuracy"])
                yield run
            if np.mean(scores) > best:
                recipe, best = tried, np.mean(scores)
        for seed in range(options.seeds):
            yield data.run("test", model, options.epochs, seed, recipe)


def timed(models, data, options):
    """Yield runs of some epochs, after one that compiles; the models take turns."""
    dense = {"dropout": 0.2, "rate": 0.002}
    recipes = {
        name: dense if name != "MLP" else dict.fromkeys(dense) for name in models
    }
    for name in models:
        trained(name, data.train[0][:BATCH], data.train[1][:BATCH], 1, 0, recipes[name])
    for seed, name in product(range(options.seeds), models):
        yield data.run("time", name, 2, seed, recipes[name])


def trained(model, X, y, epochs, seed, recipe):
    """Return a fitted model, and how many connections it has."""
    if model == "MLP":
        fitted = MLPClassifier(HIDDEN, max_iter=epochs, random_state=seed).fit(X, y)
        return fitted, sum(weights.size for weights in fitted.coefs_)
    if model == "dense":
        layers, steps = (X.shape[1], *HIDDEN, 10), epochs * -(-len(X) // BATCH)
        given = {"batch_size": BATCH, "alpha": ALPHA, "steps": steps, **recipe}
        fitted = Dense(*layers, seed=seed, **given)
        for _ in range(epochs):
            fitted.partial_fit(X, y)
        return fitted, fitted.n_weights
    fitted = SETClassifier(
        HIDDEN,
        epsilon=13,
        method=METHODS[model],
        dropout=recipe["dropout"],
        batch_size=BATCH,
        alpha=ALPHA,
        learning_rate_init=recipe["rate"],
        learning_rate="cosine",
        zeta_schedule="cosine",
        n_iter_no_change=np.inf,
        max_iter=epochs,
        random_state=seed,
    ).fit(X, y)
    return fitted, sum(weights.nnz for weights in fitted.coefs_)


def image_rows(runs):
    """Return a row of strings for each set and model, below a header."""
    header = ["set, rows", "network", "accuracy, %", "lead", "connections"]
    rows = [[*header, "dropout; rate"]]
    for (name, size), model in product(sets_of(runs), MODELS):
        own = tested(runs, name, size, model)
        if own:
            lead = difference(tested(runs, name, size, "SET"), own)
            recipe = "; ".join(f"{own[0][key]}" for key in ("dropout", "rate"))
            rows.append(
                [
                    f"{TITLES[name]}, {size:,}",
                    NAMES[model],
                    mean(own),
                    mean_and_error(lead, 2) if model != "SET" else "",
                    f"{np.mean([run['connections'] for run in own]):,.0f}",
                    recipe if model != "MLP" else "",
                ]
            )
    return rows


def short_rows(runs):
    """Return a row for each set, and one for connections and times, below a header."""
    rows = [["", *(NAMES[model] for model in MODELS)]]
    for name, size in sets_of(runs):
        found = [tested(runs, name, size, model) for model in MODELS]
        if all(found):
            n_seeds = len(found[0])
            title = f"{TITLES[name]}, {size:,} rows, {n_seeds} seeds, accuracy, %"
            cells = [
                mean(own) + (f" ({len(own)} seeds)" if len(own) != n_seeds else "")
                for own in found
            ]
            rows.append([title, *cells])
            counts = [f"{own[0]['connections']:,}" for own in found]
    if len(rows) > 1:
        rows.append(["connections", *counts])
        seconds = {row[0]: row[1] for row in epoch_rows(runs)}
        rows.append(["seconds of an epoch of MNIST", *map(seconds.get, rows[0][1:])])
    return rows


def epoch_rows(runs):
    """Return the seconds of an epoch for each model, below a header."""
    rows = [["network", "seconds of an epoch"]]
    for model in MODELS:
        own = among(runs, model=model, purpose="time")
        if own:
            seconds = [run["seconds"] / run["epochs"] for run in own]
            spread = f"({min(seconds):.1f} to {max(seconds):.1f})"
            rows.append([NAMES[model], f"{np.median(seconds):.1f} {spread}"])
    return rows


def sets_of(runs):
    """Return the sets and their numbers of rows, each once."""
    return dict.fromkeys((r["set"], r["rows"]) for r in among(runs, purpose="test"))


def tested(runs, name, size, model):
    """Return the runs of a model that count."""
    return among(runs, set=name, rows=size, model=model, purpose="test")


def mean(runs):
    """Return the mean accuracy and its standard error."""
    return mean_and_error([*percent(runs).values()], 2, "")


def percent(runs):
    """Return accuracies by seed."""
    return {run["seed"]: 100 * run["accuracy"] for run in runs}


def difference(first, second):
    """Return the differences in the seeds that both have."""
    first, second = percent(first), percent(second)
    return [first[seed] - second[seed] for seed in first if seed in second]


if __name__ == "__main__":
    main()
