"""What the average of four networks is worth, by what they have in common.

    python benchmarks/averages.py --data DIR

Each network is trained on a bootstrap sample of the rows: on its own (independent),
from the same `random_state`, or for the second half of the epochs only, after a first
half that one network took on all rows (common origin). Beside them: one network on all
rows, four quarters averaged after each epoch, and a lone quarter. Accuracies are those
on test rows.
"""

import argparse
import copy
import warnings

import numpy as np
from _data import load, load_images
from _report import print_table, write_json
from sklearn.exceptions import ConvergenceWarning

from skset import SETClassifier, average

K = 4
# Of each set: training rows, epochs, and parameters.
SETS = {
    "isolet": (1040, 40, {"hidden_layer_sizes": (200,), "batch_size": 16}),
    "mnist": (10_000, 8, {"hidden_layer_sizes": (300,), "batch_size": 64}),
}
COMMON = {"alpha": 1e-3}


def table(folder, name, n, seed):
    """Return rows to train on and rows to test on, drawn anew for each seed."""
    rng = np.random.default_rng(seed)
    if name == "mnist":
        X, y, X_test, y_test = load_images(folder, name)
        rows = rng.permutation(len(y))[:n]
        return X[rows], y[rows], X_test, y_test
    X, y = load(folder, name)
    rows = rng.permutation(len(y))
    return X[rows[:n]], y[rows[:n]], X[rows[n:]], y[rows[n:]]


def groups(X, y, max_iter, params, seed):
    """Yield groups of four networks by name."""
    rng = np.random.default_rng(100 + seed)
    samples = [rng.integers(len(y), size=len(y)) for _ in range(K)]

    def fitted(rows, seed, max_iter=max_iter):
        given = {"max_iter": max_iter, "random_state": seed, **params}
        return SETClassifier(**given).fit(X[rows], y[rows])

    yield "independent", [fitted(s, 1000 * seed + k) for k, s in enumerate(samples)]
    yield "same random_state", [fitted(s, seed) for s in samples]
    origin = fitted(slice(None), seed, max_iter // 2).set_params(warm_start=True)
    twins = [copy.deepcopy(origin).set_params(random_state=k) for k in range(K)]
    pairs = zip(twins, samples, strict=True)
    yield "common origin", [twin.fit(X[s], y[s]) for twin, s in pairs]


def voted(models, X, y):
    """Return the accuracy of the mean of the probabilities."""
    mean = np.mean([model.predict_proba(X) for model in models], axis=0)
    return np.mean(models[0].classes_[mean.argmax(axis=1)] == y)


def in_rounds(X, y, n_rounds, params, seed):
    """Return a network that four quarters trained, averaged after each epoch."""
    parts = np.array_split(np.random.default_rng(seed).permutation(len(y)), K)
    model = SETClassifier(random_state=seed, **params)
    model.partial_fit(X[parts[0]], y[parts[0]], classes=np.unique(y))
    for _ in range(n_rounds):
        twins = [copy.deepcopy(model).partial_fit(X[p], y[p]) for p in parts]
        model = average(twins, [len(p) for p in parts])
    return model


def accuracies(folder, name, seed):
    """Return the accuracies of all models by name."""
    n, max_iter, params = SETS[name]
    params = {**COMMON, **params}
    X, y, *test = table(folder, name, n, seed)
    found = {}
    for group, models in groups(X, y, max_iter, params, seed):
        found[group] = {
            "each alone": np.mean([model.score(*test) for model in models]),
            "average": average(models).score(*test),
            "average, union": average(models, nnz="union").score(*test),
            "soft vote": voted(models, *test),
        }
    given = {"max_iter": max_iter, "random_state": seed, **params}
    quarter = slice(None, n // K)
    found["one network"] = {
        "all rows": SETClassifier(**given).fit(X, y).score(*test),
        "four quarters in rounds": in_rounds(X, y, max_iter, params, seed).score(*test),
        "a lone quarter": SETClassifier(**given)
        .fit(X[quarter], y[quarter])
        .score(*test),
    }
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", default="benchmarks/results/averages.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    results, rows = [], []
    for name in SETS:
        runs = [accuracies(options.data, name, seed) for seed in range(options.seeds)]
        for group, kinds in runs[0].items():
            for kind in kinds:
                scores = [float(run[group][kind]) for run in runs]
                results.append([name, group, kind, scores])
                mean, se = 100 * np.mean(scores), 100 * np.std(scores, ddof=1)
                rows.append([name, group, kind, f"{mean:.1f}"])
                rows[-1].append(f"{se / np.sqrt(len(scores)):.1f}")
    print_table(["set", "networks", "what", "accuracy", "se"], rows)
    write_json(options.out, results)


if __name__ == "__main__":
    main()
