"""`fit_blocks`: memory beside a large table, and accuracy for windows of several sizes.

    python benchmarks/blocks.py

The table is drawn anew in each pass, block by block. Accuracy is that on digits, with
rows in random order and with rows that are sorted by class, against `fit`.
"""

import argparse
import resource
import warnings
from functools import partial

import numpy as np
from _paired_leads import error_of_mean
from _report import print_table, write_json
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from skset import SETClassifier, fit_blocks

N_FEATURES, BLOCK = 500, 20_000
MB = 1 << 20


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", default="benchmarks/results/blocks.json")
    args = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    results = {"memory": memory(args.rows), "accuracy": accuracies(args.seeds)}
    print(results["memory"])
    rows = [
        [name, f"{np.mean(scores):.2f}", f"{error_of_mean(scores):.2f}"]
        for name, scores in results["accuracy"].items()
    ]
    print_table(["digits", "accuracy", "se"], rows)
    write_json(args.out, results)


def memory(n_rows):
    """Return MB of a table, of a block, and of what a fit takes beside the program."""
    fit_blocks(model(0), partial(drawn, 4000, 1000), epochs=1, window=1000)  # compile
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fit_blocks(model(0), partial(drawn, n_rows, BLOCK), epochs=2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    row = 4 * N_FEATURES / MB
    return {
        "table": n_rows * row,
        "block": BLOCK * row,
        "beside": (peak - before) / 1024,
    }


def model(seed):
    return SETClassifier((50,), random_state=seed)


def drawn(n_rows, size):
    """Yield blocks of a random table, the same in each pass."""
    for seed in range(n_rows // size):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((size, N_FEATURES), dtype=np.float32)
        yield X, (X[:, 0] > 0).astype(int)


def accuracies(n_seeds):
    """Return the accuracies in percent for each way to read the rows."""
    X, y = load_digits(return_X_y=True)
    found = {}
    for seed in range(n_seeds):
        parts = train_test_split(X, y, random_state=seed, stratify=y)
        X_train, X_test, y_train, y_test = parts
        ways = {"fit": lambda m, X=X_train, y=y_train: m.fit(X, y)}
        order = np.argsort(y_train, kind="stable")
        for name, rows in (("mixed", slice(None)), ("sorted", order)):
            blocks = cut(X_train[rows], y_train[rows])
            for window in (128, 512):
                read = partial(fit_blocks, blocks=blocks, window=window)
                ways[f"{name}, a list, {window}"] = read
                read = partial(fit_blocks, blocks=partial(iter, blocks), window=window)
                ways[f"{name}, an iterator, {window}"] = read
        for name, fitted in ways.items():
            new = SETClassifier((200,), max_iter=20, batch_size=32, random_state=seed)
            score = fitted(new).score(X_test, y_test)
            found.setdefault(name, []).append(100 * score)
    return found


def cut(X, y, size=50):
    """Return blocks of so many rows."""
    return [(X[n : n + size], y[n : n + size]) for n in range(0, len(X), size)]


if __name__ == "__main__":
    main()
