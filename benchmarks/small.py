"""Default fits on small data, where Python counts beside the kernels.

    python benchmarks/small.py

`SETClassifier()` and scikit-learn's `MLPClassifier()`, each with its defaults, on
standardised tables, one thread. The first table has 62 rows of 2,000 normal numbers and
two classes, like a gene expression set. The fits are interleaved; medians. A step of
the two is not the same work: batch sizes and networks are those of the defaults.
"""

import argparse
import time
import warnings

import numpy as np
from _report import print_table, write_json
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skset import SETClassifier

MODELS = {"SETClassifier": SETClassifier, "MLPClassifier": MLPClassifier}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", default=list(tables()))
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--out", default="benchmarks/results/small.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    results = []
    with threadpool_limits(1):
        for name in options.tables:
            X, y = tables()[name]
            X = StandardScaler().fit_transform(X)
            measured = measure(X, y, options.repeats)
            results += [{"table": name} | figures for figures in measured]
    print_table(HEADER, [row(result) for result in results])
    write_json(options.out, results)


def tables():
    """Return X and y of each table by name."""
    rng = np.random.default_rng(0)
    genes = rng.standard_normal((62, 2000)), np.arange(62) % 2
    return {
        "62 x 2,000": genes,
        "wine": load_wine(return_X_y=True),
        "breast_cancer": load_breast_cancer(return_X_y=True),
        "digits": load_digits(return_X_y=True),
    }


def measure(X, y, repeats):
    """Return the figures of each model on one table."""
    seconds = {name: [] for name in MODELS}
    fitted = {name: make(random_state=0).fit(X, y) for name, make in MODELS.items()}
    for _ in range(repeats):
        for name, make in MODELS.items():
            began = time.perf_counter()
            make(random_state=0).fit(X, y)
            seconds[name].append(time.perf_counter() - began)
    return [
        {
            "model": name,
            "rows": len(X),
            "units": units(model),
            "epochs": model.n_iter_,
            "steps": model.n_iter_ * -(-len(X) // batch_size(name, len(X))),
            "seconds": float(np.median(seconds[name])),
            "least": min(seconds[name]),
        }
        for name, model in fitted.items()
    ]


def batch_size(name, n_samples):
    """Return the size that `batch_size="auto"` means."""
    if name == "MLPClassifier":
        return min(200, n_samples)
    return min(int(np.clip(n_samples // 40, 4, 128)), n_samples)


def units(model):
    shapes = [coef.shape for coef in model.coefs_]
    sizes = [shapes[0][0], *(n_out for _, n_out in shapes)]
    return "-".join(map(str, sizes))


HEADER = ["table", "model", "units", "epochs", "steps", "seconds", "ms per step"]


def row(result):
    return [
        *[result["table"], result["model"], result["units"]],
        f"{result['epochs']}",
        f"{result['steps']:,}",
        f"{result['seconds']:.3f}",
        f"{1e3 * result['seconds'] / result['steps']:.3f}",
    ]


if __name__ == "__main__":
    main()
