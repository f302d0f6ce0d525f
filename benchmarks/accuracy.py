"""Accuracy of SETClassifier's defaults on small and wide tables, beside its peers.

    python benchmarks/accuracy.py --data ../shared/data

Repeated stratified 3-fold cross-validation; the same splits for every model; features
standardised within each fold (without centring where X is sparse). The static network
has the same layers and, at the start, the same number of connections; it is never
evolved. Everything runs on one thread. Mean, standard deviation over the folds, and
seconds per fit are given for every set.
"""

import argparse
import time
import warnings

import numpy as np
from _data import load
from _report import print_table, write_json
from scipy.sparse import issparse
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skset import SETClassifier

SETS = [
    *["colon", "leukemia", "lymphoma", "nci9", "lung_small", "warppie10p"],
    *["orlraws10p", "isolet", "coil20", "pcmac", "madelon"],
]
MODELS = {
    "SET": lambda seed: SETClassifier(random_state=seed),
    "static": lambda seed: SETClassifier(method="static", random_state=seed),
    "logistic": lambda seed: LogisticRegression(max_iter=1000),
    "MLP": lambda seed: MLPClassifier(random_state=seed),
    "forest": lambda seed: RandomForestClassifier(random_state=seed),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--out", default="benchmarks/results/accuracy.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.filterwarnings("ignore", message="The least populated class")
    results = {}
    with threadpool_limits(1):
        for name in options.sets:
            X, y = load(options.data, name)
            models = {model: MODELS[model] for model in options.models}
            results[name] = evaluate(X, y, models, options.repeats)
            print_row(name, results[name])
    print()
    print_table(["", "mean over sets"], means_over_sets(results))
    write_json(options.out, {"repeats": options.repeats, "sets": results})


def evaluate(X, y, models, repeats):
    """Return mean, deviation and seconds of every model, the models interleaved.

    `models` maps a name to a function of the seed that makes the unfitted model.
    """
    splits = RepeatedStratifiedKFold(n_splits=3, n_repeats=repeats, random_state=0)
    scores = {model: [] for model in models}
    seconds = {model: [] for model in models}
    connections = {}
    for seed, (train, test) in enumerate(splits.split(np.zeros(len(y)), y)):
        for model, made in models.items():
            scaler = StandardScaler(with_mean=not issparse(X))
            pipeline = make_pipeline(scaler, made(seed))
            began = time.perf_counter()
            pipeline.fit(X[train], y[train])
            seconds[model].append(time.perf_counter() - began)
            scores[model].append(pipeline.score(X[test], y[test]))
            if hasattr(pipeline[-1], "nnz_"):
                connections[model] = pipeline[-1].nnz_
    return {
        model: {
            "mean": float(np.mean(scores[model])),
            "deviation": float(np.std(scores[model])),
            "seconds": float(np.median(seconds[model])),
            "connections": connections.get(model),
        }
        for model in models
    }


def means_over_sets(results):
    """Return a row for every model: its name and its mean accuracy over the sets."""
    models = next(iter(results.values()))
    return [
        [
            model,
            f"{np.mean([result[model]['mean'] for result in results.values()]):.4f}",
        ]
        for model in models
    ]


def print_row(name, result):
    header = [name.ljust(12), *result]
    print_table(
        [cell.ljust(9) for cell in header],
        [
            ["accuracy", *(f"{r['mean']:.3f}" for r in result.values())],
            ["deviation", *(f"{r['deviation']:.3f}" for r in result.values())],
            ["seconds", *(f"{r['seconds']:.2f}" for r in result.values())],
        ],
    )


if __name__ == "__main__":
    main()
