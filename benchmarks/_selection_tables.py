"""Tables of docs/selection.md: leads by set, accuracies of a forest, stability."""

from functools import partial

import numpy as np
from _paired_leads import error_of_mean
from _splits import MICROARRAYS, default_k

__all__ = ["SELECTION_TABLES"]

# What is good for one judge may be bad for another. So both count.
JUDGES = "forest", "linear"
FILE = "selection.json"


def lead_rows(results, ours, others):
    """Return a row for every set, and their means.

    A lead is the mean difference of paired scores over the splits, in points, with the
    standard deviation of the differences divided by the root of their number. The
    splits share rows, so that this error is rather too small.
    """
    known = [name for name, of in others.items() if has(results, ours, of)]
    rows = [["set", "accuracy, %", *known]]
    means = {name: [] for name in known}
    for name, by_k in results.get("sets", {}).items():
        figures = by_k.get(str(default_k(name)), {})
        own = scores(figures, ours)
        if own is None:
            continue
        cells = []
        for title in known:
            rival = scores(figures, others[title])
            cells.append("" if rival is None else cell(own - rival))
            means[title] += [] if rival is None else [np.mean(own - rival)]
        rows.append([name, f"{100 * np.mean(own):.1f}", *cells])
    if len(rows) > 1:
        found = [cell(np.array(means[title])) for title in known]
        rows.append(["**mean** ± se over sets", "", *found])
    return rows


def has(results, *selectors):
    """Return whether any set has the scores of all these selectors."""
    return any(
        all(scores(figures, selector) is not None for selector in selectors)
        for by_k in results.get("sets", {}).values()
        for figures in by_k.values()
    )


def scores(figures, selector):
    """Return the mean of the judges' accuracies for every split, or None."""
    found = [figures.get(selector, {}).get(judge, {}) for judge in JUDGES]
    if not all("scores" in judged for judged in found):
        return None
    return np.mean([judged["scores"] for judged in found], axis=0)


def cell(differences):
    error = error_of_mean(differences)
    return f"{100 * np.mean(differences):+z.1f} ± {100 * error:.1f}"


def forest_rows(results, names, selectors):
    """Return a row for every set: a forest's accuracy with each selector's columns.

    It is a mean with the standard deviation over the splits, which one split has not.
    """
    rows, means = [["set", *selectors]], []
    for name in filter(results.get("sets", {}).get, names):
        judged = [of.get("forest", {}) for of in found(results, name, selectors)]
        means.append([100 * of.get("mean", np.nan) for of in judged])
        spreads = [100 * of.get("deviation", np.nan) for of in judged]
        pairs = zip(means[-1], spreads, strict=True)
        rows.append([name, *(mean_and_spread(*pair) for pair in pairs)])
    if means and set(names) <= set(MICROARRAYS):
        rows.append(["**mean**", *(f"**{m:.1f}**" for m in np.mean(means, axis=0))])
    return rows


def mean_and_spread(mean, spread):
    """Return both as text, the mean alone without a spread, nothing without a mean."""
    if np.isnan(mean):
        return ""
    return f"{mean:.1f}" if np.isnan(spread) else f"{mean:.1f} ± {spread:.1f}"


def stability_rows(results, names, selectors):
    """Return a row for every set: how much the splits agree, for each selector."""
    rows = [["set", *selectors]]
    for name in filter(results.get("sets", {}).get, names):
        values = [of.get("stability") for of in found(results, name, selectors)]
        rows.append([name, *("" if v is None else f"{v:z.2f}" for v in values)])
    return rows


def found(results, name, selectors):
    """Return the figures of the selectors on a set, empty where there are none."""
    figures = results["sets"].get(name, {}).get(str(default_k(name)), {})
    return [figures.get(selector, {}) for selector in selectors.values()]


LARGE = ["madelon", "isolet", "coil20", "usps", "pcmac", "fashion_mnist", "mnist"]
GENES = ["leukemia", "colon", "lymphoma", "nci9", "gordon", "khan", "christensen"]
RIVALS = {name: name for name in ("f_classif", "ExtraTrees", "L1 logistic")}
BLIND = {
    "coverage (default)": "QuickSelection",
    "strength": "QS strength",
    "random": "random",
    "variance": "raw variance",
    "greedy on X": "greedy columns",
}
SEEING = {"coverage": "QS sup coverage", "strength": "QS sup strength"}
STATIC = {"coverage, static": "QS sup static"}
STABLE = {"coverage, no labels": "QuickSelection", **SEEING, **RIVALS}
LABELLED = {
    "over f_classif": "f_classif",
    "over ExtraTrees": "ExtraTrees",
    "over L1 logistic": "L1 logistic",
    "over its coverage": "QS sup coverage",
    "over its strength": "QS sup strength",
}
UNLABELLED = {
    "over random columns": "random",
    "over the variance": "raw variance",
    "over its strength": "QS strength",
}
SELECTION_TABLES = {
    "selection, with labels": (
        FILE,
        partial(lead_rows, ours="QS supervised", others=LABELLED),
    ),
    "selection, without labels": (
        FILE,
        partial(lead_rows, ours="QuickSelection", others=UNLABELLED),
    ),
    **{
        f"selection, forest, {kind}": (
            FILE,
            partial(forest_rows, names=names, selectors=selectors),
        )
        for kind, names, selectors in (
            ("without labels, large", LARGE, BLIND),
            ("without labels, genes", GENES, BLIND),
            ("with labels, large", LARGE, SEEING | STATIC | RIVALS),
            ("with labels, genes", GENES, SEEING | STATIC | RIVALS),
        )
    },
    "selection, stability": (
        FILE,
        partial(stability_rows, names=LARGE + GENES, selectors=STABLE),
    ),
}
