"""Tables of scores by set and model, and of SET's lead over the other models.

A lead is above 0 where SET is better, for every measure: of a loss it is the other
model's minus SET's.
"""

from dataclasses import dataclass

import numpy as np
from _folds import N_SPLITS
from _paired_leads import deviation, lead, standard_error
from _sets import GENES
from _table_models import ANY, SHORT, TITLES

__all__ = ["MEASURES", "group_rows", "lead_rows", "score_rows"]

OURS = "SET"
HALVES = {"searched": [False], "held back": [True], "all": [False, True]}
# Groups of sets that differ in what suits them. A boosted forest with its defaults puts
# 20 rows in a leaf, so that it learns nothing from 40.
MEDIUM = 500
GROUPS = {
    "gene expression": lambda case: case["set"] in GENES,
    f"{MEDIUM} rows and more": lambda case: case["rows"] >= MEDIUM,
    "others": lambda case: case["set"] not in GENES and case["rows"] < MEDIUM,
}


@dataclass(frozen=True)
class Measure:
    """How a score is shown, which way is better, and the least that counts."""

    factor: float = 1.0
    digits: int = 3
    sign: int = 1
    least: float = -np.inf

    def text(self, value, plus=""):
        """Return the value as text; with its sign if `plus` is "+"."""
        return f"{self.factor * value:{plus}z.{self.digits}f}"

    def cell(self, value, spread, plus=""):
        """Return a value with its spread, if it has one."""
        if np.isnan(spread):
            return self.text(value, plus)
        return f"{self.text(value, plus)} ± {self.text(spread)}"


MEASURES = {
    "accuracy": Measure(100, 1),
    "log_loss": Measure(sign=-1),
    "calibration_error": Measure(100, 1, sign=-1),
    # Without scaling a network may have -1000 in a fold. It would decide every mean.
    "R2": Measure(least=-1.0),
}


def score_rows(results, measure, scaling):
    """Return for each half a row for every set, then the means and SET's leads."""
    shown = MEASURES[measure]
    scores = by_model(results, measure, scaling)
    failed = failures(results, scaling)
    sizes = {case["set"]: size_of(case) for case in results}
    rows = [["set", "size", *(SHORT[model] for model in scores)]]
    for half, sides in HALVES.items():
        sets = names(results, sides)
        for name in sets if half != "all" else ():
            cells = [
                score_cell(own.get(name), failed.get((model, name)), shown)
                for model, own in scores.items()
            ]
            rows.append([name, sizes[name], *cells])
        if sets:
            part = {model: chosen(own, sets) for model, own in scores.items()}
            means = [mean_cell(own, sets, shown) for own in part.values()]
            leads = [lead_cell(part, model, sets, shown) for model in part]
            rows.append([f"**mean, {half}**", "± se over folds", *means])
            rows.append([f"**SET's lead, {half}**", "± se over sets", *leads])
    return rows


def lead_rows(results, measure, scaling):
    """Return a row for every model and half: SET's lead, its errors, the worst set."""
    shown = MEASURES[measure]
    scores = by_model(results, measure, scaling)
    header = ["SET's lead over", "sets", "lead ± se over sets", "se over folds"]
    rows = [[*header, "better, worse on", "lowest"]]
    for model in scores:
        for half, sides in HALVES.items():
            sets = names(results, sides)
            part = {name: chosen(own, sets) for name, own in scores.items()}
            found = lead_over(part, model, shown)
            if found is not None:
                rows.append([f"{TITLES[model]}, {half}", *told(found, shown)])
    return rows


def group_rows(results, measure, scaling):
    """Return a row for each group of sets in each half: SET's lead over each model."""
    shown = MEASURES[measure]
    scores = by_model(results, measure, scaling)
    others = [model for model in scores if model != OURS]
    rows = [["SET's lead over", "sets", *(SHORT[model] for model in others)]]
    for half, sides in HALVES.items():
        for group, has in GROUPS.items():
            sets = names(filter(has, results), sides)
            if sets:
                part = {model: chosen(own, sets) for model, own in scores.items()}
                leads = [lead_cell(part, model, sets, shown) for model in others]
                rows.append([f"{half}, {group}", str(len(sets)), *leads])
    return rows


def told(found, shown):
    """Return the cells that tell a lead."""
    leads = np.array(list(found.by_set.values()))
    name, lowest = found.worst
    return [
        str(len(leads)),
        shown.cell(found.mean, found.over_sets, "+"),
        shown.text(found.over_folds).replace("nan", ""),
        f"{np.sum(leads > 0)}, {np.sum(leads < 0)}",
        f"{shown.text(lowest, '+')} ({name})",
    ]


def names(results, sides):
    """Return the names of the sets on these sides, in the order of the results."""
    return list(dict.fromkeys(case["set"] for case in results if case["held"] in sides))


def by_model(results, measure, scaling):
    """Return the scores of each model by set, the models in the order of the titles."""
    least = MEASURES[measure].least
    found = {model: {} for model in TITLES}
    seen = {}
    for case in results:
        if case["scaling"] in (scaling, ANY):
            rows = case["rows"], case["repeats"]
            if seen.setdefault(case["set"], rows) != rows:
                raise ValueError(f"{case['set']}: not all models had the same folds")
            scores = np.maximum(case["scores"][measure], least)
            found[case["model"]][case["set"]] = scores
    return {model: own for model, own in found.items() if own}


def failures(results, scaling):
    """Return the numbers of failed fits by model and set."""
    return {
        (case["model"], case["set"]): len(case["failed"])
        for case in results
        if case["scaling"] in (scaling, ANY)
    }


def size_of(case):
    """Return the rows and columns of a set as text."""
    return f"{case['rows']:,} x {case['columns']:,}"


def chosen(scores, sets):
    return {name: own for name, own in scores.items() if name in sets}


def score_cell(scores, n_failed, shown):
    """Return mean and standard deviation over the folds."""
    if scores is None:
        return ""
    cell = shown.cell(np.mean(scores), deviation(scores))
    return f"{cell}, {n_failed} failed" if n_failed else cell


def mean_cell(scores, sets, shown):
    """Return the mean over sets, and its standard error over folds."""
    if len(scores) < len(sets):
        return ""
    means = [np.mean(own) for own in scores.values()]
    errors = [standard_error(own, N_SPLITS) for own in scores.values()]
    return shown.cell(np.mean(means), np.sqrt(np.sum(np.square(errors))) / len(means))


def lead_over(scores, model, shown):
    """Return the `Lead` over a model; None over SET itself and if sets are lacking."""
    if model == OURS or OURS not in scores:
        return None
    signed = [
        {name: shown.sign * own for name, own in scores[who].items()}
        for who in (OURS, model)
    ]
    return lead(*signed, N_SPLITS)


def lead_cell(scores, model, sets, shown):
    """Return SET's lead and its standard error over sets; how many, if some lack."""
    found = lead_over(scores, model, shown)
    if found is None:
        return ""
    cell = shown.cell(found.mean, found.over_sets, "+")
    n_sets = len(found.by_set)
    if n_sets == len(sets):
        return cell
    return f"{cell} ({n_sets} set{'s' if n_sets > 1 else ''})"
