"""Tables of QuickSelection's leads over other selectors, by set."""

from functools import partial

import numpy as np
from _paired_leads import deviation
from _splits import default_k

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
    rows = [["set", ours_title(ours), *known]]
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


def ours_title(ours):
    return "no labels" if ours == "QuickSelection" else "with labels"


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
    error = deviation(differences) / np.sqrt(len(differences))
    return f"{100 * np.mean(differences):+z.1f} ± {100 * error:.1f}"


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
}
