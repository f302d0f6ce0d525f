"""Columns that QuickSelection keeps, and what they are good for, beside its peers.

    python benchmarks/selection.py --data ../shared/data
    python benchmarks/selection.py --data ../shared/data --sets isolet --append

Every selector gets the same training rows, standardised by them (without centring where
X is sparse), and one thread; only "raw variance" looks at raw units. It keeps 50
columns (madelon 20; `--k`). In the tables, those from "QS supervised" on see labels.

Splits: stratified, 80 % for training, 5 of them (`--splits`), 10 for the microarray
sets. mnist and fashion_mnist (8,000 of its training rows) have the one split that came
with them. There only the seeds of the selector and of the judges differ, so that a
selector without chance shows a stability of 1 and hardly any deviation. usps is split
like the others, as in the papers; its own test part is harder than that.

Mean and standard deviation over the splits of

- forest: accuracy of ExtraTrees(50) on the test rows; of three forests on the
  microarray sets, whose test sets are small;
- linear: that of a linear SVM, trained on 5,000 rows at most;
- clustering: accuracy of K-means with as many clusters as classes, on the training and
  test rows together, 5,000 at most, with the best match of clusters and classes.

Besides:

- seconds: the median of the selection's;
- MB: what Python and numpy allocated in one more selection on the first split, at the
  peak, X not counted. What trees, liblinear and torch allocate by themselves is not
  seen: their figures are too low;
- stability: the mean of Kuncheva's index over the pairs of splits; 0 for columns chosen
  by chance, 1 for always the same.

"greedy columns" is the rule of QuickSelection's "coverage" on the data themselves,
without a network. "L1 logistic" has C = 1; columns without weight follow by their F.
LassoNet has the defaults of its package; Boruta a forest of depth 5 with balanced
classes; ReliefF at most 100 neighbours.

Large tables are left out ("-") for slow selectors, unless `--everything`. All figures,
with the reasons for what was left out, are in the JSON. QS10 and QS100 take 10 and 100
epochs, the other rows of QuickSelection as many as its defaults say.
"""

import argparse
import json
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
from _judges import JUDGES, judge
from _paired_leads import deviation
from _peers import ABSENT, PEERS
from _report import print_table, write_json
from _selectors import WITH_LABELS, WITHOUT_LABELS, Task
from _splits import MICROARRAYS, SETS, default_k, read, rounds
from threadpoolctl import threadpool_limits

from skset.metrics import selection_stability

SELECTORS = {**WITHOUT_LABELS, **WITH_LABELS, **PEERS}


def main():
    options = parsed_options()
    results = {"sets": {}}
    if options.append and Path(options.out).exists():
        results = json.loads(Path(options.out).read_text())["results"]
    for name, package in ABSENT.items():
        print(f"{name} is left out: {package} is not installed")
    warnings.simplefilter("ignore")
    warm_up(options.selectors)
    for name in options.sets:
        k = options.k or default_k(name)
        with threadpool_limits(1):
            figures = evaluate(read(options.data, name), k, options)
        results["sets"].setdefault(name, {}).setdefault(str(k), {}).update(figures)
        print_figures(f"{name}, K {k}", figures)
        write_json(options.out, results)
    print_means(results["sets"], options)


def parsed_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--selectors", nargs="+", default=list(SELECTORS))
    parser.add_argument("--splits", type=int, help="default: 5, microarrays 10")
    parser.add_argument("--k", type=int, help="default: 50, madelon 20")
    parser.add_argument("--everything", action="store_true", help="leave nothing out")
    parser.add_argument("--out", default="benchmarks/results/selection.json")
    parser.add_argument("--append", action="store_true", help="add to what --out has")
    options = parser.parse_args()
    unknown = set(options.selectors) - set(SELECTORS)
    if unknown:
        parser.error(f"no such selectors: {sorted(unknown)}; known: {list(SELECTORS)}")
    return options


def warm_up(selectors):
    """Have the kernels of QuickSelection compiled, or loaded, before any timing."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((80, 20), np.float32), np.arange(80) % 2
    for name in selectors:
        if name.startswith("Q"):
            SELECTORS[name].select(Task(X, X, y, 5, 0))


def evaluate(table, k, options):
    """Return the figures of every selector on one table, the selectors interleaved."""
    n_forests = 3 if table.name in MICROARRAYS else 1
    n_splits = options.splits or (10 if table.name in MICROARRAYS else 5)
    figures = {selector: {} for selector in options.selectors}
    runs = {selector: [] for selector in options.selectors}
    for split in rounds(table, n_splits):
        X, raw, y = (part[split.train] for part in (split.X, split.raw, split.y))
        task = Task(X, raw, y, min(k, X.shape[1]), split.seed)
        for name in options.selectors:
            selector = SELECTORS[name]
            refusal = selector.refusal(X, options.everything)
            if refusal:
                figures[name]["left_out"] = refusal
                continue
            began = time.perf_counter()
            support = selector.select(task)
            seconds = time.perf_counter() - began
            run = {"support": support, "seconds": seconds}
            runs[name].append({**run, **judge(split, support, n_forests)})
            if split.seed == 0:
                figures[name]["peak_mb"] = peak_memory(selector, task)
    for name, of_selector in runs.items():
        if of_selector:
            figures[name] |= summary(of_selector)
    return figures


def peak_memory(selector, task):
    """Return the megabytes allocated at the peak of one more selection."""
    tracemalloc.start()
    selector.select(task)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def summary(runs):
    """Return means and deviations over the runs of a selector."""
    figures = {
        judge: {
            "mean": float(np.mean([run[judge] for run in runs])),
            "deviation": deviation([run[judge] for run in runs]),
            "scores": [round(float(run[judge]), 6) for run in runs],
        }
        for judge in JUDGES
    }
    return {
        **figures,
        "splits": len(runs),
        "seconds": float(np.median([run["seconds"] for run in runs])),
        "stability": stability([run["support"] for run in runs]),
    }


def stability(supports):
    """Return Kuncheva's index, or None where there is none."""
    if len(supports) < 2 or supports[0].all():
        return None
    return float(selection_stability(supports, index="kuncheva"))


def print_figures(title, figures):
    def cells(result):
        if "left_out" in result:
            return ["-"] * (len(JUDGES) + 3)
        known = [
            f"{result[j]['mean']:.3f} ± {result[j]['deviation']:.3f}" for j in JUDGES
        ]
        stable = "-" if result["stability"] is None else f"{result['stability']:.2f}"
        return [*known, f"{result['seconds']:.2f}", f"{result['peak_mb']:.0f}", stable]

    print()
    print_table(
        [title, *JUDGES, "seconds", "MB", "stability"],
        [[name, *cells(result)] for name, result in figures.items()],
    )
    for name, result in figures.items():
        if "left_out" in result:
            print(f"{name}: left out, {result['left_out']}")


def print_means(sets, options):
    """Print the mean forest accuracy over sets, those of earlier runs among them."""
    found = {
        name: by_k[str(options.k or default_k(name))]
        for name, by_k in sets.items()
        if str(options.k or default_k(name)) in by_k
    }

    def ran(name, selector):
        return "forest" in found[name].get(selector, {})

    def mean(selector, names):
        if not names or not all(ran(name, selector) for name in names):
            return "-"
        means = [found[name][selector]["forest"]["mean"] for name in names]
        return f"{np.mean(means):.4f}"

    shown = [s for s in SELECTORS if any(ran(name, s) for name in found)]
    common = [name for name in found if all(ran(name, s) for s in shown)]
    arrays = [name for name in found if name in MICROARRAYS]
    print("\nMean forest accuracy. The common sets:", *(common or ["none"]))
    print_table(
        ["", f"{len(common)} common", f"all {len(found)}", f"{len(arrays)} microarray"],
        [[s, mean(s, common), mean(s, list(found)), mean(s, arrays)] for s in shown],
    )


if __name__ == "__main__":
    main()
