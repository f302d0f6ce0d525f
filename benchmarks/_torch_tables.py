"""Tables of docs/torch.md: the layer's steps, and SET-CNN's heads."""

import math
from collections import defaultdict
from functools import partial

import numpy as np

__all__ = ["TORCH_TABLES"]

LAYER, CNN = "torch_layer.json", "set_cnn.json"
OWN, OURS, DENSE = "skset", "SETLinear", "nn.Linear"
STATIC, STATIC_WIDE = "static, 2 %", "static 2 %"
WAITING = {1: "", 2: "PASSIVE"}  # waits that leave the cores to others
ACCURACIES = [("fashion_mnist", 0.001), ("fashion_mnist", 0.003), ("mnist", 0.003)]


def step_rows(results, threads):
    """Return a row for each case: milliseconds of the layer, and others over them."""
    cases = defaultdict(dict)
    for result in results:
        if (result["threads"], result["waiting"]) == (threads, WAITING[threads]):
            key = tuple(result[k] for k in ("task", "density", "batch"))
            cases[key][result["who"]] = 1e3 * result["seconds"]
    rows = [["step of", "density", "batch", f"{OURS}, ms"]]
    rows[0] += ["skset's own step", "torch CSR", "SparseLab", DENSE]
    for (task, density, batch), ms in cases.items():
        others = [
            f"{ms[who] / ms[OURS]:.2f}" if who in ms else ""
            for who in (OWN, "torch CSR", "SparseLab", DENSE)
        ]
        cells = [task, f"{100 * density:.0f} %", str(batch)]
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


def accuracy_rows(results, name, rate):
    """Return a row for each head: its accuracy, and its lead over two others."""
    runs = runs_of(results, "heads")
    rivals = [runs[name, rate, rival] for rival in ("dense", STATIC)]
    rows = [["head", "weights", "seeds", "accuracy, %", "over dense", "over static"]]
    for model in parts_of(runs)[1]:
        own = runs.get((name, rate, model), {})
        weights = f"{np.median([run['weights'] for run in own.values()]):,.0f}"
        leads = [lead(own, rival) for rival in rivals]
        rows.append([model, weights, str(len(own)), mean(own), *leads])
    return rows


def width_rows(results):
    """Return a row for each width: the dense head, the sparse one, the difference."""
    runs = runs_of(results, "widths")
    cases, models = parts_of(runs)
    rows = [["set, rate, width", "dense, %", "static at 2 %, %", "difference"]]
    for name, rate in cases:
        for end in dict.fromkeys(model.split(", ")[-1] for model in models):
            dense = runs.get((name, rate, f"dense, {end}"), {})
            sparse = runs.get((name, rate, f"{STATIC_WIDE}, {end}"), {})
            cells = mean(dense), mean(sparse), lead(sparse, dense)
            rows.append([f"{name}, {rate}, {end}", *cells])
    return rows


def cost_rows(results):
    """Return what a head costs: milliseconds of a step, and MB of its tensors."""
    models = parts_of(runs_of(results, "heads"))[1]
    keys = ("head_ms", "net_ms", "head_mb", "net_mb")
    rows = [["head", "head, ms", "network, ms", "head, MB", "network, MB"]]
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
    "torch_layer, one thread": (LAYER, partial(step_rows, threads=1)),
    "torch_layer, two threads": (LAYER, partial(step_rows, threads=2)),
    **{
        f"set_cnn, {name}, {rate}": (CNN, partial(accuracy_rows, name=name, rate=rate))
        for name, rate in ACCURACIES
    },
    "set_cnn, widths": (CNN, width_rows),
    "set_cnn, costs": (CNN, cost_rows),
}
