"""R2 of SETRegressor's defaults on wide and on ordinary tables, beside its peers.

    python benchmarks/regression.py --data ../shared/data

Repeated 3-fold cross-validation, features and target standardised within each fold.
The defaults were chosen on classification sets alone (accuracy.py), so that all of
these are new to them. One thread.
"""

import argparse
import time
import warnings

import numpy as np
from _data import load
from _report import print_table, write_json
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import RepeatedKFold, cross_validate
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skset import SETRegressor

SETS = ["riboflavin", "gasoline", "eyedata", "solubility", "communities"]
MODELS = {
    "SET": SETRegressor(random_state=0),
    "static": SETRegressor(method="static", random_state=0),
    "MLP": MLPRegressor(random_state=0),
    "ridge": RidgeCV(np.logspace(-2, 4, 7)),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--out", default="benchmarks/results/regression.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    splits = RepeatedKFold(n_splits=3, n_repeats=options.repeats, random_state=0)
    results = {}
    with threadpool_limits(1):
        for name in SETS:
            X, y = load(options.data, f"reg_{name}")
            results[name] = {
                model: evaluate(estimator, X, y, splits)
                for model, estimator in MODELS.items()
            }
    print_table(
        ["R2", *MODELS],
        [[name, *map(cell, result.values())] for name, result in results.items()],
    )
    write_json(options.out, {"repeats": options.repeats, "sets": results})


def evaluate(estimator, X, y, splits):
    """Return mean and deviation of R2 over the folds, and seconds per fit."""
    model = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), estimator), transformer=StandardScaler()
    )
    began = time.perf_counter()
    scores = cross_validate(model, X, y, cv=splits)["test_score"]
    return {
        "mean": float(scores.mean()),
        "deviation": float(scores.std()),
        "seconds": (time.perf_counter() - began) / len(scores),
    }


def cell(result):
    return f"{result['mean']:.3f} +- {result['deviation']:.3f}"


if __name__ == "__main__":
    main()
