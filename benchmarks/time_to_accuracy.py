"""Seconds of training until a test accuracy is reached, on MNIST.

    python benchmarks/time_to_accuracy.py --data ../shared/data

Sparse networks of one layer of 100 units and of three layers of 1,000, scikit-learn's
`MLPClassifier` with 100 units, and the same dense network in PyTorch, if it is
installed. All of them learn by one recipe: Adam, batches of 128, the same constant
rate. The test set is scored after each epoch. This takes no time of the training. One
thread, float32; the models take turns, epoch by epoch. Medians over the seeds; "-" if
not all seeds got there.
"""

import argparse
import time
import warnings
from functools import partial

import numpy as np
from _data import load_images
from _report import print_table, with_others, write_json
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from skset import SETClassifier

try:
    import torch
except ImportError:
    torch = None

GOALS = [0.96, 0.97, 0.975]
BATCH = 128
CLASSES = np.arange(10)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    parser.add_argument("--rows", type=int, help="train on the first rows only")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=20, help="at most")
    parser.add_argument("--rate", type=float, default=0.002)
    parser.add_argument("--out", default="benchmarks/results/time_to_accuracy.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if torch is None:
        print("Not installed: torch")
    X, y, X_test, y_test = load_images(options.data, "mnist")
    train = X[: options.rows], y[: options.rows].astype(np.int64)
    runs = []
    with threadpool_limits(1):
        warm_up(train)
        for seed in options.seeds:
            runs += compared(seed, train, (X_test, y_test), options)
    runs = with_others(options.out, runs, ("model", "seed", "rate"))
    header, *rows = table(runs)
    print_table(header, rows)
    write_json(options.out, runs, peers=["torch"])


def models(seed, rate):
    """Return the unfitted models by name."""
    recipe = {"batch_size": BATCH, "learning_rate_init": rate, "random_state": seed}
    sparse = partial(SETClassifier, alpha=1e-4, **recipe)
    found = {
        "SETClassifier, 100": sparse((100,)),
        "SETClassifier, 3 x 1,000": sparse((1000, 1000, 1000)),
        "MLPClassifier, 100": MLPClassifier((100,), alpha=1e-4, **recipe),
    }
    if torch is not None:
        found["torch dense, 100"] = Dense(seed, rate)
    return found


class Dense:
    """A dense network of 100 units in PyTorch, with the two methods needed here."""

    def __init__(self, seed, rate):
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        self.network = torch.nn.Sequential(
            torch.nn.Linear(784, 100), torch.nn.ReLU(), torch.nn.Linear(100, 10)
        )
        self.adam = torch.optim.Adam(
            self.network.parameters(), rate, weight_decay=1e-4 / BATCH, fused=True
        )

    def partial_fit(self, X, y, classes=None):
        """Train one epoch."""
        X, y = torch.from_numpy(X), torch.from_numpy(y)
        for rows in torch.randperm(len(X)).split(BATCH):
            self.adam.zero_grad()
            outputs = self.network(X[rows])
            torch.nn.functional.cross_entropy(outputs, y[rows]).backward()
            self.adam.step()

    def score(self, X, y):
        """Return the accuracy."""
        with torch.no_grad():
            found = self.network(torch.from_numpy(X)).argmax(1).numpy()
        return float(np.mean(found == y))


def warm_up(train):
    """Compile kernels, and start the libraries."""
    X, y = train
    for model in models(0, 1e-3).values():
        model.partial_fit(X[: 2 * BATCH], y[: 2 * BATCH], classes=CLASSES)


def compared(seed, train, test, options):
    """Train the models of one seed in turn; return their seconds and accuracies."""
    found = models(seed, options.rate)
    common = {"seed": seed, "rate": options.rate}
    runs = [{"model": name, **common, "seconds": [], "accuracy": []} for name in found]
    for _ in range(options.epochs):
        for run in runs:
            if max(run["accuracy"], default=0.0) >= max(GOALS):
                continue
            model = found[run["model"]]
            began = time.perf_counter()
            model.partial_fit(*train, classes=CLASSES)
            run["seconds"].append(time.perf_counter() - began)
            run["accuracy"].append(model.score(*test))
    return runs


def seconds_until(run, goal):
    """Return the seconds of training until an accuracy, or infinity."""
    reached = np.flatnonzero(np.array(run["accuracy"]) >= goal)
    if not reached.size:
        return np.inf
    return float(np.sum(run["seconds"][: reached[0] + 1]))


def table(runs):
    """Return a header, and a row of strings for each model."""
    rows = [["", "seconds per epoch", *(f"until {goal:.1%}" for goal in GOALS)]]
    for name in dict.fromkeys(run["model"] for run in runs):
        own = [run for run in runs if run["model"] == name]
        epoch = np.median(np.concatenate([run["seconds"] for run in own]))
        rows.append([name, f"{epoch:.2f}", *(until(own, goal) for goal in GOALS)])
    return rows


def until(runs, goal):
    """Return the seconds of the median run."""
    seconds = [seconds_until(run, goal) for run in runs]
    if not np.isfinite(seconds).all():
        return "-"
    return f"{np.median(seconds):.1f}"


if __name__ == "__main__":
    main()
