"""How many of 50 true columns among 20,000 are found, and how many false ones.

    python benchmarks/stable_selection.py
    python benchmarks/stable_selection.py --seeds 1 --cases stable

200 rows, two classes; 50 columns differ by one standard deviation between the classes,
the others are noise. "stable" is `StableSelection`, whose number of columns follows
from its bound on false ones. In the rows "no true columns" the labels have no meaning:
there everything that is selected is false. Figures are means over the seeds, those of
earlier runs among them.
"""

import argparse
import time
import warnings

import numpy as np
from _report import print_table, stored, write_json
from sklearn.feature_selection import SelectKBest, f_classif
from threadpoolctl import threadpool_limits

from skset import QuickSelection, StableSelection

SHAPE, N_TRUE = (200, 20000), 50
STRENGTH = {"importance": "strength"}
CASES = {
    "50 by F": lambda seed: SelectKBest(f_classif, k=50),
    "50 by QuickSelection": lambda seed: QuickSelection(50, random_state=seed),
    "50 by its strength": lambda seed: QuickSelection(
        50, random_state=seed, **STRENGTH
    ),
    "stable, F": lambda seed: StableSelection(
        SelectKBest(f_classif, k=128), random_state=seed
    ),
    "stable, its strength": lambda seed: StableSelection(
        QuickSelection(**STRENGTH), n_features_per_resample="auto", random_state=seed
    ),
    "stable": lambda seed: StableSelection(random_state=seed),
    "stable, 50 each": lambda seed: StableSelection(
        QuickSelection(50), random_state=seed
    ),
}


def data(seed, n_true):
    """Return X, y, and which columns are true."""
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal(SHAPE, np.float32), np.arange(SHAPE[0]) % 2
    true = rng.choice(SHAPE[1], N_TRUE, replace=False)[:n_true]
    X[:, true] += y[:, None]
    mask = np.zeros(SHAPE[1], bool)
    mask[true] = True
    return X, y, mask


def measured(name, seed, n_true):
    """Return the figures of a selector on one table."""
    X, y, true = data(seed, n_true)
    began = time.perf_counter()
    selector = CASES[name](seed).fit(X, y)
    support = selector.get_support()
    row = {"case": name, "seed": seed, "n_true": n_true}
    row |= {"found": int((support & true).sum())}
    row |= {"false": int((support & ~true).sum())}
    row |= {"seconds": round(time.perf_counter() - began, 1)}
    if isinstance(selector, StableSelection):
        per_resample = selector.selections_.sum(axis=1).mean()
        row |= {"per_resample": float(per_resample)}
        row |= {"bound": selector.error_bound_, "stability": selector.stability_}
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--cases", nargs="+", default=list(CASES))
    parser.add_argument("--true", type=int, nargs="+", default=[N_TRUE, 0])
    parser.add_argument("--out", default="benchmarks/results/stable_selection.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    results = stored(options.out)
    for seed in options.seeds:
        for name in options.cases:
            for n_true in options.true:
                with threadpool_limits(1):
                    row = measured(name, seed, n_true)
                key = name, seed, n_true
                results = [r for r in results if of(r) != key] + [row]
                write_json(options.out, results, told=False)
                print(row, flush=True)
    show(results)


def of(row):
    return row["case"], row["seed"], row["n_true"]


def show(results):
    """Print means over the seeds."""
    rows = []
    for n_true, name in dict.fromkeys((r["n_true"], r["case"]) for r in results):
        own = [r for r in results if (r["n_true"], r["case"]) == (n_true, name)]
        figures = ("found", "false", "per_resample", "bound", "stability", "seconds")
        means = [np.mean([r.get(f, np.nan) for r in own]) for f in figures]
        title = name if n_true else f"{name}, no true columns"
        rows.append([title, str(len(own)), *(f"{mean:.2f}" for mean in means)])
    header = [
        "",
        "tables",
        "found",
        "false",
        "in each",
        "bound",
        "stability",
        "seconds",
    ]
    print_table(header, rows)


if __name__ == "__main__":
    main()
