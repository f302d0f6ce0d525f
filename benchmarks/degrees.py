"""Degrees of evolved networks: which recipe, if any, makes them follow a power law.

    python benchmarks/degrees.py --data ../shared/data --out results/degrees.json
    python benchmarks/degrees.py --fit results/degrees.json

Mocanu et al. (2018) say that SET turns a random topology into a scale-free one. The
first command trains by the recipes below and writes how many units have which degree,
after 0, 1, 10, 100, ... epochs. The second fits a power law, a lognormal and an
exponential to each of them and writes their likelihood ratios and the p-value of the
power law (Clauset, Shalizi and Newman 2009) into the same file.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from _data import load, load_images
from _report import print_table, stored, with_others, write_json
from sklearn.preprocessing import MinMaxScaler

from skset import SETClassifier, SparseRBM
from skset.estimators import fit_in_progress
from skset.inspection import fit_degrees

EPOCHS = (0, 1, 10, 30, 100, 300, 1000)
# The recipe of the SET paper: SGD with momentum, batches of 100, epsilon 20, a third of
# the connections replaced after every epoch, always at the same rate.
PAPER = {
    "solver": "sgd",
    "momentum": 0.9,
    "learning_rate": "constant",
    "learning_rate_init": 0.01,
    "batch_size": 100,
    "epsilon": 20,
    "zeta": 0.3,
    "zeta_schedule": "constant",
    "activation": "all_relu",
    "alpha": 2e-4,
    "dropout": 0.3,
    "temperature": 1.0,
    "n_iter_no_change": np.inf,
}
RECIPES = {
    "paper": PAPER,
    "adam": {**PAPER, "solver": "adam", "learning_rate_init": 0.001},
    "normal": {**PAPER, "weight_init": "normal", "dropout": 0.0},
    "defaults": {"epsilon": 20, "n_iter_no_change": np.inf},
    "rbm": {
        "batch_size": 100,
        "epsilon": 11,
        "learning_rate": 0.01,
        "learning_rate_schedule": "constant",
        "momentum": 0.9,
        "zeta": 0.3,
        "zeta_schedule": "constant",
    },
}
# Data, recipe, hidden units, epochs.
RUNS = [
    ("lung_small", "paper", (1000, 1000, 1000), 1000),
    ("isolet", "paper", (1000, 1000, 1000), 1000),
    ("mnist_2000", "paper", (1000, 1000, 1000), 1000),
    ("mnist_2000", "normal", (1000, 1000, 1000), 1000),
    ("mnist_2000", "rbm", (1000,), 300),
    ("isolet", "adam", (1000, 1000, 1000), 300),
    ("isolet", "defaults", (1000, 1000, 1000), 100),
    ("lung_small", "adam", (1000, 1000, 1000), 1000),
]


class Degrees:
    """Callback: notes the degrees of all layers after some epochs."""

    def __init__(self, noted):
        self.noted = noted

    def setup(self, estimator, context):
        """Do nothing."""

    def on_fit_task_begin(self, estimator, context):
        """Note the network before its training."""
        progress = fit_in_progress(estimator)
        if progress is not None and not self.noted:
            self.note(0, progress.training.state.network)

    def on_fit_task_end(self, estimator, context):
        """Note the network after some of the epochs."""
        progress = fit_in_progress(estimator)
        if context.task_name == "epoch" and progress.n_epochs in EPOCHS:
            self.note(progress.n_epochs, progress.training.state.network)

    def note(self, epoch, network):
        """Note the degrees of all layers."""
        self.noted.append(
            [epoch, [degrees(layer.topology) for layer in network.layers]]
        )

    def teardown(self, estimator, context):
        """Do nothing."""

    # scikit-learn calls a copy of the callback, which must fill the same list.
    def __deepcopy__(self, memo):
        return self


def degrees(topology):
    """Return how many inputs have 0, 1, 2, ... connections, and how many outputs.

    As one string, which takes one line of the file.
    """
    return {
        side: " ".join(map(str, np.bincount(d)))
        for side, d in (("out", topology.fan_out), ("in", topology.fan_in))
    }


def data_of(folder, name):
    if name.startswith("mnist"):
        X, y, X_test, y_test = load_images(folder, "mnist")
        n = int(name.split("_")[1])
        return X[:n], y[:n], X_test, y_test
    X, y = load(folder, name)
    test = np.random.default_rng(0).permutation(len(y)) < len(y) // 4
    return X[~test], y[~test], X[test], y[test]


def run(folder, name, recipe, hidden, epochs, seed):
    """Return the degrees in the course of one training, and its accuracy."""
    X, y, X_test, y_test = data_of(folder, name)
    given, noted = RECIPES[recipe], []
    if recipe == "rbm":
        model = SparseRBM(hidden[0], n_iter=epochs, random_state=seed, **given)
        X = MinMaxScaler().fit_transform(X).astype(np.float32)
    else:
        model = SETClassifier(hidden, max_iter=epochs, random_state=seed, **given)
    start = time.perf_counter()
    model.set_callbacks(Degrees(noted)).fit(X, y)
    seconds = time.perf_counter() - start
    accuracy = None if recipe == "rbm" else float(model.score(X_test, y_test))
    last = [degrees(layer.topology) for layer in model.network_.layers]
    return {
        "data": name,
        "recipe": recipe,
        "hidden": list(hidden),
        "epochs": epochs,
        "seed": seed,
        "accuracy": accuracy,
        "seconds": round(seconds, 1),
        "nnz": model.nnz_,
        "degrees": noted,
        "after_final_drop": last,
    }


def fitted(result, n_resamples):
    """Return fits to the degrees after each noted epoch, of each layer and side."""
    return [
        [
            {"epoch": epoch, "layer": k, "side": side, **facts(counts, n_resamples)}
            for k, sides in enumerate(layers[: len(result["hidden"])])
            for side, counts in sides.items()
        ]
        for epoch, layers in result["degrees"]
    ]


def facts(counts, n_resamples):
    """Return range, spread, and what the fits say, as a dict of short values."""
    counts = np.array(counts.split(), int)
    d = np.repeat(np.arange(counts.size), counts)
    fits = fit_degrees(d, n_resamples=n_resamples)
    told = {
        "least": int(d.min()),
        "most": int(d.max()),
        "deviation": round(float(d.std()), 2),
        "verdict": fits.verdict if fits else "too few degrees",
    }
    if fits is None:
        return told
    told |= {
        "exponent": round(fits.exponent, 2),
        "xmin": fits.xmin,
        "tail": f"{fits.n_tail} of {fits.n_units}",
        "p": fits.p_value,
    }
    half = fit_degrees(d, xmin=int(np.median(d)), n_resamples=n_resamples)
    told["p_upper_half"] = half.p_value if half else None
    for rival in fits.rivals:
        told[rival.name] = f"{rival.log_ratio:+.1f} (p {rival.p_value:.2g})"
    return told


def fit(path, n_resamples):
    """Add fits to the results of a file, and print those after the last epoch."""
    results = stored(path)
    columns = ("data", "recipe", "layer", "side", "least", "most", "exponent", "tail")
    columns += ("p", "p_upper_half", "lognormal", "exponential", "verdict")
    rows = []
    for result in results:
        result["fits"] = fitted(result, n_resamples)
        for row in (*result["fits"][0], *result["fits"][-1]):
            told = {**result, **row}
            name = f"{told['data']}, {told['epoch']}"
            shown = {**told, "data": name}
            rows.append([str(shown.get(key, "")) for key in columns])
    print_table(columns, rows)
    write_json(path, results)


KEYS = ("data", "recipe", "seed", "epochs")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of the .npz files: train")
    parser.add_argument("--runs", type=int, nargs="*", help="numbers of runs, from 0")
    parser.add_argument("--epochs", type=int, help="at most; default: as in RUNS")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--fit", type=Path, help="a file of results to fit")
    parser.add_argument("--n-resamples", type=int, default=1000)
    options = parser.parse_args()
    if options.fit:
        fit(options.fit, options.n_resamples)
        return
    warnings.simplefilter("ignore")  # epochs are what they are
    results = []
    for k, (name, recipe, hidden, epochs) in enumerate(RUNS):
        if options.runs and k not in options.runs:
            continue
        epochs = min(epochs, options.epochs or epochs)
        results.append(run(options.data, name, recipe, hidden, epochs, options.seed))
        told = ("data", "recipe", "epochs", "accuracy", "seconds", "nnz")
        print_table(told, [[str(results[-1][key]) for key in told]])
        if options.out:
            write_json(options.out, with_others(options.out, results, KEYS), told=False)


if __name__ == "__main__":
    main()
