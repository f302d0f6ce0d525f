"""Whether a topology should evolve between rounds of L-BFGS, and how long they are.

    python benchmarks/lbfgs.py

Six tables that come with scikit-learn, features standardised in each fold.
"""

import argparse
import warnings
from functools import partial

import numpy as np
from _report import print_table, write_json
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skset import SETClassifier

HIDDEN = (200,)


def tables():
    """Return X and y of each table by name."""
    plain = {"return_X_y": True}
    digits, labels = load_digits(**plain)
    many = {"n_features": 60, "n_informative": 10, "n_classes": 3}
    few = {"n_features": 200, "n_informative": 12}
    return {
        "wine": load_wine(**plain),
        "breast_cancer": load_breast_cancer(**plain),
        "iris": load_iris(**plain),
        "digits": (digits[:900], labels[:900]),
        "500 x 60": make_classification(500, **many, random_state=0),
        "300 x 200": make_classification(300, **few, random_state=1),
    }


def models(alpha, max_iter):
    """Return what makes each model, given its seed."""
    given = {"solver": "lbfgs", "alpha": alpha, "max_iter": max_iter}
    ours = partial(SETClassifier, HIDDEN, **given)
    rounds = {f"rounds of {n}": partial(ours, update_interval=n) for n in (10, 20, 40)}
    return {
        "MLPClassifier": partial(MLPClassifier, (100,), **given),
        "static": partial(ours, method="static"),
        **rounds,
    }


def accuracies(make, n_repeats):
    """Return the accuracy of each fold, of shape (sets, repeats * folds)."""
    return np.array(
        [
            np.ravel([folds(make, X, y, seed) for seed in range(n_repeats)])
            for X, y in tables().values()
        ]
    )


def folds(make, X, y, seed):
    """Return the accuracies of three folds."""
    model = make_pipeline(StandardScaler(), make(random_state=seed))
    return cross_val_score(
        model, X, y, cv=StratifiedKFold(3, shuffle=True, random_state=seed)
    )


def difference(found, base):
    """Return the mean difference with its standard error over the tables.

    The folds of a table share rows, so they are no independent measurements.
    """
    d = (found - base).mean(axis=1)
    return f"{d.mean():+.4f} ± {d.std(ddof=1) / np.sqrt(d.size):.4f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--out", default="benchmarks/results/lbfgs.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    with threadpool_limits(1):
        found = {"adam": accuracies(partial(SETClassifier, HIDDEN), options.repeats)}
        for alpha in (0.1, 1.0):
            for max_iter in (60, 200):
                for name, make in models(alpha, max_iter).items():
                    key = f"{name}, alpha {alpha}, max_iter {max_iter}"
                    found[key] = accuracies(make, options.repeats)
    write_json(options.out, {name: v.tolist() for name, v in found.items()})
    rows = [
        [name, f"{v.mean():.4f}", difference(v, found["adam"])]
        for name, v in found.items()
    ]
    print_table(["model", "mean", "to adam"], rows)


if __name__ == "__main__":
    main()
