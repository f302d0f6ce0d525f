"""Tables of docs/torch.md: the layer's steps, and SET-CNN's heads."""

import math
from collections import defaultdict

import numpy as np

__all__ = ["TORCH_TABLES"]

LAYER, CNN = "torch_layer.json", "set_cnn.json"
OWN, OURS, DENSE = "skset", "SETLinear", "nn.Linear"
STATIC, STATIC_WIDE = "static, 2 %", "static 2 %"
UNITS = {"network": "784-3000-3000-10", "layer": "4096-4096"}


def step_rows(results):
    """Return a row for each case: milliseconds of the layer, and others over them."""
    cases = defaultdict(dict)
    for result in results:
        # With two threads that of waits which leave the cores to others.
        if result["threads"] == 1 or result["waiting"] == "PASSIVE":
            key = tuple(result[k] for k in ("threads", "task", "density", "batch"))
            cases[key][result["who"]] = 1e3 * result["seconds"]
    rows = [["threads", "units", "density", "batch", f"{OURS}, ms"]]
    rows[0] += ["skset's own step", "torch CSR", "SparseLab", DENSE]
    for (threads, task, density, batch), ms in cases.items():
        others = [
            f"{ms[who] / ms[OURS]:.2f}" if who in ms else ""
            for who in (OWN, "torch CSR", "SparseLab", DENSE)
        ]
        cells = [str(threads), UNITS[task], f"{density:.0%}", str(batch)]
        rows.append([*cells, f"{ms[OURS]:.2f}", *others])
    return rows


def runs_of(results, part):
    """Return the results of a part, by set, rate and model, and then by seed."""
    runs = defaultdict(dict)
    for result in results:
        if ("wide" in result["model"]) == (part == "widths"):
            key = result["set"], result["rate"], result["model"]
            runs[key][result["seed"]] = result
    return runs


def parts_of(runs):
    """Return the sets with their rates, and the models, in the order of the runs."""
    cases = sorted({(name, rate) for name, rate, _ in runs})
    return cases, list(dict.fromkeys(model for *_, model in runs))


def accuracy_rows(results):
    """Return a row for each head: its accuracy, and its lead over two others."""
    runs = runs_of(results, "heads")
    cases, models = parts_of(runs)
    rows = [["head", "weights"]]
    for name, rate in cases:
        rows[0] += [f"{name}, rate {rate}", "over dense", "over static"]
    for model in models:
        found = [runs.get((*case, model), {}) for case in cases]
        weights = [run["weights"] for own in found for run in own.values()]
        cells = [model, f"{np.median(weights):,.0f}"]
        for case, own in zip(cases, found, strict=True):
            rivals = (runs.get((*case, rival), {}) for rival in ("dense", STATIC))
            cells += [mean(own), *(lead(own, rival) for rival in rivals)]
        rows.append(cells)
    return rows


def width_rows(results):
    """Return a row for each width: the dense head, the sparse one, the difference."""
    runs = runs_of(results, "widths")
    cases, models = parts_of(runs)
    rows = [["set, rate, width", "dense", "static at 2 %", "difference"]]
    for name, rate in cases:
        for end in dict.fromkeys(model.split(", ")[-1] for model in models):
            dense = runs.get((name, rate, f"dense, {end}"), {})
            sparse = runs.get((name, rate, f"{STATIC_WIDE}, {end}"), {})
            cells = mean(dense), mean(sparse), lead(sparse, dense)
            rows.append([f"{name}, {rate}, {end}", *cells])
    return rows


def cost_rows(results):
    """Return what a head costs: seconds of an epoch, and bytes of its tensors."""
    models = parts_of(runs_of(results, "heads"))[1]
    keys = ("head_ms", "net_ms", "head_mb", "net_mb")
    rows = [["head", "its step, ms", "whole step, ms", "its MB", "whole MB"]]
    for model in models:
        own = [r for r in results if r["model"] == model]
        medians = [np.median([r[key] for r in own]) for key in keys]
        forms = ("{:.1f}", "{:.1f}", "{:.2f}", "{:.2f}")
        cells = [form.format(x) for form, x in zip(forms, medians, strict=True)]
        rows.append([model, *cells])
    return rows


def mean(runs):
    """Return the mean accuracy and its standard error over the seeds."""
    scores = [100 * run["accuracy"] for run in runs.values()]
    return cell(scores) if scores else ""


def lead(runs, others):
    """Return the mean difference of common seeds, and its standard error."""
    gaps = [
        100 * (runs[seed]["accuracy"] - others[seed]["accuracy"])
        for seed in runs
        if seed in others
    ]
    if not gaps or runs is others:
        return ""
    return cell(gaps, "+z")


def cell(values, sign=""):
    """Return the mean and its standard error, which one value alone has not."""
    text = f"{np.mean(values):{sign}.2f}"
    if len(values) < 2:
        return text
    return f"{text} ± {np.std(values, ddof=1) / math.sqrt(len(values)):.2f}"


TORCH_TABLES = {
    "torch_layer": (LAYER, step_rows),
    "set_cnn, accuracy": (CNN, accuracy_rows),
    "set_cnn, widths": (CNN, width_rows),
    "set_cnn, costs": (CNN, cost_rows),
}
