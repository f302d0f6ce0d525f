"""What an init, a drop and a growth change: differences that are paired over the seeds.

A difference of two choices is the mean over all other choices of the grid, for each
seed. Its standard error is over the seeds.
"""

import numpy as np
from _report import print_table

from skset.metrics import average_accuracy

__all__ = ["print_contrasts"]

BASES = {"init": "uniform", "drop": "set", "grow": "random"}


def print_contrasts(results):
    """Print, for results at one density, each choice less the base of its kind."""
    means = {}
    for result in results:
        accuracy = average_accuracy(np.array(result["accuracies"], float))
        means[*result["params"].items(), result["seed"]] = accuracy
    rows = [
        [f"{kind} {name} less {base}", *difference(means, kind, name, base)]
        for kind, base in BASES.items()
        for name in dict.fromkeys(result["params"][kind] for result in results)
        if name != base
    ]
    print_table(["", "points", "se"], rows)


def difference(means, kind, name, base):
    """Return the mean difference of a choice from its base, and its standard error."""
    found = {}
    for (*choices, seed), mean in means.items():
        if (kind, name) in choices:
            others = [(kind, base) if k == kind else (k, v) for k, v in choices]
            found.setdefault(seed, []).append(100 * (mean - means[*others, seed]))
    of_seeds = [np.mean(values) for values in found.values()]
    error = np.std(of_seeds, ddof=1) / np.sqrt(len(of_seeds)) if len(found) > 1 else 0
    return [f"{np.mean(of_seeds):+.2f}", f"{error:.2f}"]
