"""MNIST and Fashion-MNIST: the evolved network, a static one, and a dense one.

    python benchmarks/images.py --data ../shared/data --set mnist
    python benchmarks/images.py --data ../shared/data --set fashion_mnist --rows 2000 \
        --epochs 200 --seeds 5

784-1000-1000-1000-10 at epsilon 13. The accuracy is that on the test set after the last
epoch. The dense network is scikit-learn's MLPClassifier with its defaults, of the same
shape; it stops by itself, or after as many epochs as the sparse ones.
"""

import argparse
import time
import warnings

import numpy as np
from _data import load_images
from _report import print_table, write_json
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from skset import SETClassifier

HIDDEN = (1000, 1000, 1000)
# One recipe for both sets and both sparse networks. Cosines end the training on a
# network at rest.
RECIPE = {
    "epsilon": 13,
    "dropout": 0.2,
    "batch_size": 128,
    "alpha": 1e-4,
    "learning_rate_init": 0.002,
    "learning_rate": "cosine",
    "zeta_schedule": "cosine",
    "n_iter_no_change": np.inf,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    parser.add_argument("--set", default="mnist", choices=["mnist", "fashion_mnist"])
    parser.add_argument("--rows", type=int, help="train on the first rows only")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--models", nargs="+", default=["SET", "static", "MLP"])
    parser.add_argument("--out")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y, X_test, y_test = load_images(options.data, options.set)
    X, y = X[: options.rows], y[: options.rows]
    results = []
    with threadpool_limits(options.n_jobs):
        for seed in range(options.seeds):
            for model in options.models:
                results.append(
                    measure(model, seed, options, X, y, X_test, y_test),
                )
                print(results[-1], flush=True)
    print_table(
        ["", "test accuracy", "deviation", "connections", "epochs", "seconds"],
        [summary(model, results) for model in options.models],
    )
    out = options.out or f"benchmarks/results/{options.set}_{len(X)}.json"
    write_json(out, {"recipe": str(RECIPE), "runs": results})


def measure(model, seed, options, X, y, X_test, y_test):
    """Return the figures of one training."""
    estimator = make(model, seed, options)
    began = time.perf_counter()
    estimator.fit(X, y)
    seconds = time.perf_counter() - began
    return {
        "model": model,
        "seed": seed,
        "accuracy": estimator.score(X_test, y_test),
        "connections": int(sum(np.count_nonzero(w) for w in dense(estimator.coefs_))),
        "epochs": estimator.n_iter_,
        "seconds": seconds,
    }


def make(model, seed, options):
    """Return the unfitted estimator."""
    if model == "MLP":
        return MLPClassifier(HIDDEN, max_iter=options.epochs, random_state=seed)
    method = {"SET": "set", "static": "static"}[model]
    return SETClassifier(
        HIDDEN,
        method=method,
        max_iter=options.epochs,
        n_jobs=options.n_jobs,
        random_state=seed,
        **RECIPE,
    )


def dense(coefs):
    """Return the existing weights of each layer."""
    return [getattr(coef, "data", coef) for coef in coefs]


def summary(model, results):
    runs = [run for run in results if run["model"] == model]
    accuracies = [run["accuracy"] for run in runs]
    return [
        model,
        f"{np.mean(accuracies):.4f}",
        f"{np.std(accuracies):.4f}",
        f"{runs[0]['connections']:,}",
        f"{runs[0]['epochs']}",
        f"{np.median([run['seconds'] for run in runs]):.0f}",
    ]


if __name__ == "__main__":
    main()
