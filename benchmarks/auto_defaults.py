"""Defaults that follow the data against fixed ones, also on sets held back.

    python benchmarks/auto_defaults.py --data ../shared/data --half search
    python benchmarks/auto_defaults.py --data ../shared/data --half held
    python benchmarks/auto_defaults.py --half both

The last only shows what the two others have written.
The sets are in two halves (see _auto_sets.py). The rules of _auto_rules.py were
searched on one; the other was used once. In three stratified folds, twice where a set
has at most 500 rows, or a test set of a quarter, every model gets the same rows and
the same seed. Differences are paired: means over the sets, with standard errors.
The calibration error is over 15 bins, with the folds of a set taken together. One
thread.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
from _auto_rules import FIXED, RULES, maker, probed
from _auto_sets import HELD, SEARCH, scaled, splits, table
from _report import print_table, with_others, write_json
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

MODELS = {
    **{name: maker(name) for name in RULES},
    "rule, alpha by difficulty": probed,
    "logistic": lambda seed, X, y: LogisticRegression(max_iter=500),
}
HALVES = {"search": SEARCH, "held": HELD}
N_BINS = 15
MEASURES = ["accuracy", "log_loss", "calibration"]
OUT = Path(__file__).parent / "results"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of the .npz files")
    parser.add_argument("--half", choices=[*HALVES, "both"], required=True)
    parser.add_argument(
        "--models", nargs="+", default=list(MODELS), choices=MODELS, metavar="MODEL"
    )
    parser.add_argument("--rows", type=int, help="train on so many rows at most")
    parser.add_argument("--out", help="JSON file of the results")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.half == "both":
        show(
            [
                run
                for half in HALVES
                for run in json.loads(path(half).read_text())["results"]
            ]
        )
        return
    out, runs = options.out or path(options.half), []
    with threadpool_limits(1):
        for name in HALVES[options.half]:
            runs += compared(options, name)
            write_json(out, with_others(out, runs, ("set", "model")), told=False)
            print(name, flush=True)
    runs = with_others(out, runs, ("set", "model"))
    show(runs)
    write_json(out, runs)


def path(half):
    """Return the file of the results of a half."""
    return OUT / f"auto_defaults_{half}.json"


def show(runs):
    """Print the tables."""
    print_table(*by_set(runs))
    known = {run["model"] for run in runs}
    for base in (FIXED, "rule", "logistic"):
        if base in known:
            print()
            print_table(*differences(runs, base))


def compared(options, name):
    """Return the measures of all models on one set."""
    X, y = table(options.data, name)
    repeats = 2 if len(y) <= 500 else 1
    found = {model: [] for model in options.models}
    for seed, train, test in splits(name, y, repeats, options.rows):
        parts = scaled(name, X, train, test)
        for model in options.models:
            found[model].append(fold(MODELS[model], seed, *parts, y[train], y[test]))
    return [{"set": name, "model": m, **pooled(folds)} for m, folds in found.items()]


def fold(made, seed, X, X_test, y, y_test):
    """Return what one fit gives on its test rows."""
    began = time.process_time()
    model = made(seed, X, y).fit(X, y)
    seconds = time.process_time() - began
    shares, classes = model.predict_proba(X_test), model.classes_
    best = shares.argmax(axis=1)
    hits = classes[best] == y_test
    place = np.minimum(np.searchsorted(classes, y_test), len(classes) - 1)
    right = shares[np.arange(len(y_test)), place] * (classes[place] == y_test)
    confidence = shares.max(axis=1)
    bins = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    gaps = np.bincount(bins, confidence - hits, N_BINS)
    return {
        "accuracy": float(hits.mean()),
        "log_loss": float(-np.log(np.clip(right, 1e-6, 1)).mean()),
        "gaps": gaps / len(y_test),
        "seconds": seconds,
        "epochs": int(np.max(model.n_iter_)),
    }


def pooled(folds):
    """Return the means over the folds, and the calibration error of all rows."""
    means = {
        key: round(float(np.mean([each[key] for each in folds])), 5)
        for key in ("accuracy", "log_loss", "seconds", "epochs")
    }
    gaps = np.mean([each["gaps"] for each in folds], axis=0)
    return {**means, "calibration": round(float(np.abs(gaps).sum()), 5)}


def arranged(runs):
    """Return sets, models, and the measures as an array (model, set, measure)."""
    sets = list(dict.fromkeys(run["set"] for run in runs))
    models = list(dict.fromkeys(run["model"] for run in runs))
    known = {(run["model"], run["set"]): run for run in runs}
    keys = [*MEASURES, "seconds", "epochs"]
    cells = [[[known[m, s][k] for k in keys] for s in sets] for m in models]
    return sets, models, np.array(cells)


def by_set(runs):
    """Return header and rows: accuracy, log loss, calibration of three models."""
    sets, models, cells = arranged(runs)
    shown = [model for model in (FIXED, "rule", "logistic") if model in models]
    header = ["set", *(f"{model} {m}" for m in MEASURES for model in shown)]
    rows = []
    for place, name in enumerate(sets):
        own = [
            cells[models.index(m), place, k]
            for k in range(len(MEASURES))
            for m in shown
        ]
        rows.append([name, *(f"{value:.3f}" for value in own)])
    return header, rows


def differences(runs, against):
    """Return header and rows: the paired differences of each model from one."""
    sets, models, cells = arranged(runs)
    base, rows = cells[models.index(against)], []
    for model, own in zip(models, cells, strict=True):
        change = own[:, :3] - base[:, :3]
        error = change.std(axis=0, ddof=1) / np.sqrt(len(sets))
        worst = change[:, 0].argmin()
        pairs = zip(change.mean(axis=0), error, (100, 1, 100), (2, 4, 2), strict=True)
        shown = [f"{m * f:+.{d}f} ± {e * f:.{d}f}" for m, e, f, d in pairs]
        low = f"{100 * change[worst, 0]:+.1f} {sets[worst]}"
        rows.append(
            [model, *shown, low, f"{own[:, 3].sum():.1f}", f"{own[:, 4].mean():.1f}"]
        )
    return [f"against {against}", *MEASURES, "worst", "seconds", "epochs"], rows


if __name__ == "__main__":
    main()
