"""How many columns QuickSelection should keep: two ways to find out, beside 50 and all.

    python benchmarks/number_of_features.py --data ../shared/data
    python benchmarks/number_of_features.py --data ../shared/data --sets colon khan

- auto: `n_features_to_select="auto"`, cross-validation with the one-standard-error
  rule on the paired differences;
- shadows: each column has a permuted copy, and one network ranks them all. As many
  columns are kept as come before so many shadows that the estimated share of false ones
  is at most 20 % (the knockoff filter of Barber and Candes 2015, with shadows in place
  of knockoffs);
- maximum: columns whose importance is above that of every shadow (Kursa and Rudnicki
  2010, in one round).

The last two may keep none; they are judged with one then. All keep the best columns of
the same ranking, of a network that was trained without shadows. Accuracy is the mean of
a linear SVM's and a forest's on the test rows, of splits as in `selection.py`. "made of
P with T" has 200 rows, and T of P columns differ by one standard deviation between two
classes; there are 1,000 test rows, and it is counted how many true columns are kept.
"numbers: ..." are sets for regression, whose figure is R2, of ridge regression and a
forest.
"""

import argparse
import time
import warnings

import numpy as np
from _judges import forest_accuracy, linear_accuracy
from _report import print_table, stored, write_json
from _sets import read_numbers
from _splits import Round, read, rounds
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skset import QuickSelection

SETS = [
    *["made of 2000 with 50", "lung_small", "colon", "made of 2000 with 0", "lymphoma"],
    *["leukemia", "khan", "nci9", "dna", "madelon", "isolet", "orl", "warppie10p"],
    *["numbers: solubility", "numbers: riboflavin", "numbers: eyedata"],
    *["made of 20000 with 50", "made of 20000 with 0"],
]
WAYS = "auto", "shadows", "maximum"
N_ROWS, N_TEST = 200, 1000
NUMBERS = "numbers: "


def made(name, seed):
    """Return a `Round` of made-up rows, and which columns are true."""
    n_columns, n_true = (int(word) for word in name.split() if word.isdigit())
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N_ROWS + N_TEST, n_columns), np.float32)
    y = np.arange(len(X)) % 2
    true = rng.choice(n_columns, n_true, replace=False)
    X[:, true] += y[:, None]
    train, test = np.split(np.arange(len(X)), [N_ROWS])
    X = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
    return Round(X, y, X, train, test, seed), true


def with_numbers(folder, name, seed):
    """Return a `Round` of a set for regression."""
    X, y = read_numbers(folder, name.removeprefix(NUMBERS))
    train, test = train_test_split(np.arange(len(y)), test_size=0.2, random_state=seed)
    return Round(StandardScaler().fit(X[train]).transform(X), y, X, train, test, seed)


def tables(folder, name, n_splits):
    """Yield the splits of a table, and its true columns if they are known."""
    if name.startswith("made of "):
        yield from (made(name, seed) for seed in range(n_splits))
        return
    if name.startswith(NUMBERS):
        for seed in range(n_splits):
            yield with_numbers(folder, name, seed), None
        return
    for split in rounds(read(folder, name), n_splits):
        yield split, None


def kind(y):
    return "regression" if y.dtype.kind == "f" else "classification"


def fitted(X, y, seed, number):
    selector = QuickSelection(number, supervised=kind(y), random_state=seed, n_jobs=1)
    return selector.fit(X, y)


def ridge_r2(split, X, n_forests):
    """R2 of ridge regression on the test rows."""
    model = RidgeCV(np.logspace(-2, 4, 13)).fit(X[split.train], split.y[split.train])
    return model.score(X[split.test], split.y[split.test])


def forest_r2(split, X, n_forests):
    """R2 of a forest on the test rows."""
    model = ExtraTreesRegressor(100, random_state=split.seed)
    return model.fit(X[split.train], split.y[split.train]).score(
        X[split.test], split.y[split.test]
    )


def numbers_by_shadows(X, y, seed, rate=0.2):
    """Return how many columns are kept by the rate of shadows, and by the greatest."""
    n = X.shape[1]
    shadows = np.random.default_rng(seed).permuted(X, axis=0)
    selector = fitted(np.concatenate([X, shadows], axis=1), y, seed, "all")
    is_shadow = np.argsort(selector.ranking_) >= n
    n_shadows, n_real = np.cumsum(is_shadow), np.cumsum(~is_shadow)
    few = np.flatnonzero((1 + n_shadows) / np.maximum(n_real, 1) <= rate)
    importances = selector.feature_importances_
    above = importances[:n] > importances[n:].max()
    return int(n_real[few[-1]]) if few.size else 0, int(above.sum())


def measured(split, true):
    """Return numbers, accuracies and true columns of every way on one split."""
    X, y = split.X[split.train], split.y[split.train]
    began = time.perf_counter()
    selector = fitted(X, y, split.seed, "auto")
    between = time.perf_counter()
    by_rate, by_greatest = numbers_by_shadows(X, y, split.seed)
    ended = time.perf_counter()
    numbers = dict(
        zip(
            (*WAYS, "50", "all"),
            (selector.n_features_to_select_, by_rate, by_greatest, 50, X.shape[1]),
            strict=True,
        )
    )
    row = {"numbers": {way: min(n, X.shape[1]) for way, n in numbers.items()}}
    order = np.argsort(selector.ranking_)
    kept = {way: order[: max(n, 1)] for way, n in row["numbers"].items()}
    judges = JUDGES[kind(y)]
    row["accuracy"] = {
        way: float(np.mean([judge(split, split.X[:, of], 1) for judge in judges]))
        for way, of in kept.items()
    }
    row["seconds"] = {"auto": between - began, "shadows": ended - between}
    if true is not None:
        row["n_true"] = len(true)
        row["found"] = {
            way: int(np.isin(order[:n], true).sum())
            for way, n in row["numbers"].items()
        }
    return row


JUDGES = {
    "classification": (linear_accuracy, forest_accuracy),
    "regression": (ridge_r2, forest_r2),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--splits", type=int, default=2)
    parser.add_argument("--out", default="benchmarks/results/number_of_features.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    results = stored(options.out)
    for name in options.sets:
        for split, true in tables(options.data, name, options.splits):
            with threadpool_limits(1):
                row = {"set": name, "split": split.seed, **measured(split, true)}
            key = name, split.seed
            results = [r for r in results if (r["set"], r["split"]) != key] + [row]
            write_json(options.out, results, told=False)
            print(row, flush=True)
    show(results)


def show(results):
    """Print the means of each set over its splits."""
    rows = []
    for name in dict.fromkeys(r["set"] for r in results):
        own = [r for r in results if r["set"] == name]
        cells = [
            f"{np.mean([100 * r['accuracy'][way] for r in own]):.1f} "
            f"({np.mean([r['numbers'][way] for r in own]):.0f}" + true_columns(own, way)
            for way in (*WAYS, "50", "all")
        ]
        rows.append([name, str(len(own)), *cells])
    print_table(["", "splits", *WAYS, "50", "all"], rows)


def true_columns(rows, way):
    """Return the end of a cell: the true columns kept, if they are known."""
    if "found" not in rows[0]:
        return ")"
    return f", {np.mean([row['found'][way] for row in rows]):.0f} true)"


if __name__ == "__main__":
    main()
