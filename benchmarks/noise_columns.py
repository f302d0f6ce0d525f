"""Whether a selector in front helps where most columns are noise, and costs elsewhere.

    python benchmarks/noise_columns.py --data DIR

A quarter of the training rows is held out. The selector is used if the network on 20
columns is better there by two standard errors. Three folds, at most 2,000 rows.
"""

import argparse
import warnings

import numpy as np
from _data import load
from _report import print_table, write_json
from scipy.sparse import issparse
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skset import QuickSelection, SETClassifier

K, MOST_ROWS = 20, 2000
INCLUDED = {"breast_cancer": load_breast_cancer, "digits": load_digits}
SETS = [
    *["madelon", "adult", "dna", "higgs_subset", "letter", "usps", "pcmac"],
    *["khan", "lung_small", "christensen", *INCLUDED],
]


def table(folder, name):
    """Return X and y, at most 2,000 rows of them."""
    if name in INCLUDED:
        return INCLUDED[name](return_X_y=True)
    X, y = load(folder, name)
    if name == "madelon" or len(y) <= MOST_ROWS:
        return X, y
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(len(y), MOST_ROWS, replace=False))
    return X[rows], y[rows]


def models(X, seed):
    """Return the network on all columns, and on the best ones."""
    given = {"random_state": seed, "n_jobs": 1}
    scaler = StandardScaler(with_mean=not issparse(X))
    network = SETClassifier(**given)
    selector = QuickSelection(min(K, X.shape[1] // 2), supervised=True, **given)
    return make_pipeline(scaler, network), make_pipeline(scaler, selector, network)


def hits(model, X, y, train, test):
    """Return whether the prediction of each test row is right."""
    return model.fit(X[train], y[train]).predict(X[test]) == y[test]


def fold(X, y, train, test, seed):
    """Return the accuracies of a fold: all columns, the best ones, what was chosen."""
    both = models(X, seed)
    fitted, held = train_test_split(
        train, test_size=0.25, stratify=y[train], random_state=seed
    )
    all_columns, few = (hits(model, X, y, fitted, held) for model in both)
    gain = few.astype(float) - all_columns
    helps = gain.mean() > 2 * gain.std() / np.sqrt(gain.size)
    accuracies = [hits(model, X, y, train, test).mean() for model in both]
    return [*accuracies, accuracies[int(helps)]]


def figures(X, y):
    """Return the accuracies of the three folds, of shape (3, 3)."""
    folds = StratifiedKFold(3, shuffle=True, random_state=0).split(np.zeros(len(y)), y)
    return np.array([fold(X, y, *parts, seed=seed) for seed, parts in enumerate(folds)])


def gain(few, base):
    """Return the mean paired difference in points, with its standard error."""
    d = 100 * np.ravel(few - base)
    return f"{d.mean():+.1f} ± {d.std(ddof=1) / np.sqrt(d.size):.1f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--out", default="benchmarks/results/noise_columns.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    found = {}
    with threadpool_limits(1):
        for name in options.sets:
            found[name] = figures(*table(options.data, name))
            write_json(options.out, {k: v.tolist() for k, v in found.items()}, False)
    rows = [
        [name, f"{100 * base.mean():.1f}", gain(few, base), gain(chosen, base)]
        for name, (base, few, chosen) in ((k, v.T) for k, v in found.items())
    ]
    print_table(["set", "all columns", "20 best", "chosen"], rows)


if __name__ == "__main__":
    main()
