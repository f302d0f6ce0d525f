"""Deltas in 16 bits (`delta_dtype="bfloat16"`): seconds of a step, and what is learned.

    python benchmarks/halves.py --data ../shared/data

Steps are those of `step.py`, one thread, with and without in turn; medians. Accuracy
and log loss are those of test data after the last epoch: mean over the seeds, and the
mean difference with its standard error. Both fits of a seed begin with one network.
"""

import argparse
import time
import warnings

import numpy as np
from _data import load, load_images
from _report import print_table, write_json
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from step import samples_of, sparse_training, topologies_of
from threadpoolctl import threadpool_limits

from skset import SETClassifier
from skset.strategies import METHODS

KINDS = (None, "bfloat16")
# Hidden layers, epochs, rows, and the scaler, if there is one.
SETS = {
    "mnist": ((1000,) * 3, 10, 20000, None),
    "isolet": ((400,) * 2, 60, None, StandardScaler),
    "letter": ((400,) * 2, 60, 8000, StandardScaler),
    "dna": ((400,) * 2, 60, None, StandardScaler),
    "adult, not scaled": ((400,) * 2, 20, 8000, None),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of the .npz files; none: steps only")
    parser.add_argument("--widths", type=int, nargs="*", default=[30000, 300000])
    parser.add_argument("--batches", type=int, nargs="+", default=[2, 32, 128])
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--out", default="benchmarks/results/halves.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        steps = measure_steps(options)
        learned = measure_sets(options) if options.data else []
    write_json(options.out, {"steps": steps, "learned": learned})


def measure_steps(options):
    """Return the seconds of a step for each network and batch."""
    results = []
    for width in options.widths:
        topologies = topologies_of(width)
        results += [
            step(width, batch, topologies, options) for batch in options.batches
        ]
    print_table(
        ["n", "batch", "ms", "ms, bfloat16", "ratio"],
        [
            [
                *[f"{result['width']:,}", str(result["batch"])],
                *[f"{1e3 * seconds:.1f}" for seconds in result["seconds"]],
                f"{np.divide(*result['seconds']):.2f}",
            ]
            for result in results
        ],
    )
    return results


def step(width, batch, topologies, options):
    X, y = samples_of(width, batch)
    n_steps = len(X) // batch
    given = topologies, X, y, batch, 1, METHODS["static"].evolution()
    trainings = [sparse_training(*given, halves=kind is not None) for kind in KINDS]
    seconds = [[] for _ in KINDS]
    for round_ in range(options.repeats + 1):
        for training, times in zip(trainings, seconds, strict=True):
            began = time.perf_counter()
            next(training)
            if round_:  # the first one compiles
                times.append((time.perf_counter() - began) / n_steps)
    medians = [float(np.median(times)) for times in seconds]
    return {"width": width, "batch": batch, "seconds": medians}


def measure_sets(options):
    """Return accuracy and log loss for each set and seed, in float32 and in 16 bits."""
    results, rows = [], []
    for name in options.sets:
        figures = [learn(name, seed, options.data) for seed in range(options.seeds)]
        results += [{"set": name, "seed": n, **f} for n, f in enumerate(figures)]
        rows.append([name, *compared(figures, "accuracy"), *compared(figures, "loss")])
        print(rows[-1], flush=True)
    header = ["set", "accuracy", "bfloat16", "difference"]
    print_table([*header, "log loss", "bfloat16", "difference"], rows)
    return results


def compared(figures, key):
    """Return both means, and the mean difference with its standard error."""
    both = np.array([figure[key] for figure in figures])
    difference = both[:, 1] - both[:, 0]
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    means = [f"{mean:.4f}" for mean in both.mean(axis=0)]
    return [*means, f"{difference.mean():+.4f} +- {error:.4f}"]


def learn(name, seed, data):
    hidden, epochs, n_rows, scaler = SETS[name]
    X, X_test, y, y_test = split(name.split(",")[0], n_rows, data)
    if scaler:
        scaler = scaler().fit(X)
        X, X_test = scaler.transform(X), scaler.transform(X_test)
    scores, losses = [], []
    for kind in KINDS:
        model = SETClassifier(
            hidden, max_iter=epochs, delta_dtype=kind, n_jobs=1, random_state=seed
        )
        model.fit(X, y)
        scores.append(model.score(X_test, y_test))
        losses.append(float(log_loss(y_test, model.predict_proba(X_test))))
    return {"accuracy": scores, "loss": losses}


def split(name, n_rows, data):
    """Return training and test data."""
    if name == "mnist":
        X, y, X_test, y_test = load_images(data, "mnist")
        return X[:n_rows], X_test, y[:n_rows], y_test
    X, y, *_ = load(data, name)
    given = {"stratify": y, "random_state": 0}
    if n_rows:
        X, _, y, _ = train_test_split(X, y, train_size=n_rows, **given)
    return train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)


if __name__ == "__main__":
    main()
