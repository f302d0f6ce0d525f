"""What SETClassifier's accuracy would be with another default, one at a time.

    python benchmarks/defaults.py --data ../shared/data

The splits and scaling of accuracy.py, and most of its sets; the table gives the mean
over the sets.
"""

import argparse
import warnings

from _data import load
from _report import print_table, write_json
from accuracy import evaluate, means_over_sets
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from skset import SETClassifier

# Those of accuracy.py but for the three on which everything is nearly perfect.
SETS = [
    *["colon", "leukemia", "lymphoma", "nci9", "lung_small"],
    *["isolet", "pcmac", "madelon"],
]
VARIANTS = {
    "defaults": {},
    "method static": {"method": "static"},
    "alpha 0.001": {"alpha": 1e-3},
    "alpha 0.3": {"alpha": 0.3},
    "weight_init he": {"weight_init": "he"},
    "learning_rate constant": {"learning_rate": "constant"},
    "learning_rate_init 0.003": {"learning_rate_init": 3e-3},
    "sgd, 0.01": {"solver": "sgd", "learning_rate_init": 0.01},
    "batch_size 32": {"batch_size": 32},
    "hidden (300,)": {"hidden_layer_sizes": (300,)},
    "hidden (1000, 1000)": {"hidden_layer_sizes": (1000, 1000)},
    "epsilon 10": {"epsilon": 10},
    "dropout 0.3": {"dropout": 0.3},
    "newborn init": {"newborn": "init"},
    "final_drop False": {"final_drop": False},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS))
    parser.add_argument("--out", default="benchmarks/results/defaults.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.filterwarnings("ignore", message="The least populated class")
    models = {variant: maker(VARIANTS[variant]) for variant in options.variants}
    results = {}
    with threadpool_limits(1):
        for name in options.sets:
            X, y = load(options.data, name)
            results[name] = evaluate(X, y, models, options.repeats)
            print(f"\nafter {name}:", flush=True)
            print_table(["", "mean over sets"], means_over_sets(results))
    write_json(options.out, {"repeats": options.repeats, "sets": results})


def maker(params):
    """Return a function that makes the estimator with these parameters and a seed."""
    return lambda seed: SETClassifier(random_state=seed, **params)


if __name__ == "__main__":
    main()
