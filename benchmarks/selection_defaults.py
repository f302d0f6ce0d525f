"""How QuickSelection's defaults were chosen: one parameter changed at a time.

    python benchmarks/selection_defaults.py --data ../shared/data
    python benchmarks/selection_defaults.py --data ../shared/data --supervised

Mean accuracy of ExtraTrees(50) on the selected columns over stratified splits, for
every set, and the mean over all sets, which alone decides. Splits, scaling and numbers
of columns are those of selection.py; three forests judge on the microarray sets. The
largest tables are left out.
"""

import argparse
import warnings

import numpy as np
from _judges import forest_accuracy
from _report import print_table, write_json
from _splits import MICROARRAYS, default_k, read, rounds
from threadpoolctl import threadpool_limits

from skset import QuickSelection

SETS = {
    False: ["madelon", "isolet", "coil20", "usps", "dna", "orl", "warppie10p"],
    True: ["madelon", "isolet", "usps", "pcmac", "colon", "leukemia", "lymphoma"],
}
VARIANTS = {
    "defaults": {},
    "noise 0.2": {"noise": 0.2},
    "noise 0.5": {"noise": 0.5},
    "noise 2": {"noise": 2.0},
    "alpha 0.01": {"alpha": 0.01},
    "alpha 0.5": {"alpha": 0.5},
    "rate 0.001": {"learning_rate_init": 0.001},
    "SGD, rate 0.01": {"solver": "sgd", "learning_rate_init": 0.01},
    "epsilon 20": {"epsilon": 20},
    "300 hidden": {"hidden_layer_sizes": (300,)},
    "zeta 0.3": {"zeta": 0.3},
    "static": {"method": "static"},
    "newborn init": {"newborn": "init"},
    "strength": {"importance": "strength"},
    "last strength": {"importance": "strength", "accumulate": False},
    "attribution": {"importance": "attribution"},
    "last attribution": {"importance": "attribution", "accumulate": False},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    parser.add_argument("--supervised", action="store_true")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--sets", nargs="+")
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS))
    parser.add_argument("--out", help="default: in benchmarks/results")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    sets = options.sets or SETS[options.supervised]
    accuracy = {variant: {} for variant in options.variants}
    for name in sets:
        with threadpool_limits(1):
            evaluate(read(options.data, name), options, accuracy)
        print(name, {v: round(of[name], 3) for v, of in accuracy.items()}, flush=True)
    rows = [
        [
            variant,
            *(f"{of[name]:.3f}" for name in sets),
            f"{np.mean([*of.values()]):.4f}",
        ]
        for variant, of in accuracy.items()
    ]
    print_table(["", *sets, "mean"], rows)
    kind = "supervised" if options.supervised else "unsupervised"
    out = f"benchmarks/results/selection_defaults_{kind}.json"
    write_json(options.out or out, {"splits": options.splits, "accuracy": accuracy})


def evaluate(table, options, accuracy):
    """Add the mean accuracy of every variant on one table; nan where one diverges."""
    n_forests = 3 if table.name in MICROARRAYS else 1
    found = {variant: [] for variant in options.variants}
    for split in rounds(table, options.splits):
        X, y = split.X[split.train], split.y[split.train]
        for variant in options.variants:
            selector = QuickSelection(
                default_k(table.name),
                supervised=options.supervised,
                random_state=split.seed,
                **VARIANTS[variant],
            )
            try:
                support = selector.fit(X, y).support_
            except ValueError:  # diverged
                found[variant].append(np.nan)
            else:
                columns = split.X[:, np.flatnonzero(support)]
                found[variant].append(forest_accuracy(split, columns, n_forests))
    for variant in options.variants:
        accuracy[variant][table.name] = float(np.mean(found[variant]))


if __name__ == "__main__":
    main()
