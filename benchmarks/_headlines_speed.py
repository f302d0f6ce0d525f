"""One sentence for each benchmark on time and memory, with its spread where it is kept.

A function gets the results of the benchmark's files, and returns the sentence.
"""

import numpy as np
from _headlines import mean_and_error
from _report import among
from images import image_rows

__all__ = ["SPEED_HEADLINES"]

MB, GB = 1e6, 1e9


def spread(values, digits=1, unit=""):
    """Return the median of the values, and their range."""
    low, high = min(values), max(values)
    return (
        f"{np.median(values):.{digits}f}{unit} ({low:.{digits}f} to {high:.{digits}f})"
    )


def milliseconds(found):
    """Return a median in milliseconds, with what was kept of its spread."""
    text = f"{1e3 * found['seconds']:.2f} ms"
    if "greatest" in found:
        return f"{text} ({1e3 * found['least']:.2f} to {1e3 * found['greatest']:.2f})"
    return f"{text} (least {1e3 * found['least']:.2f})" if "least" in found else text


def step(results):
    """Tell a step of three layers of 3,000 beside scikit-learn's and scipy's."""
    found = {r["who"]: r for r in among(results, width=3000, batch=32)}
    own = found["skset, n_jobs=1"]
    told = [
        f"{title}: {found[who]['seconds'] / own['seconds']:.1f}"
        for title, who in (("MLPClassifier", "dense"), ("scipy", "scipy"))
    ]
    kept = "" if "greatest" in own else "; medians of 9, no spread was kept"
    times = f"{milliseconds(own)}. Times as long, {', '.join(told)}"
    return f"3 x 3,000, batch 32: {times}{kept}"


def peers(results):
    """Tell the same step beside other packages."""
    found = {r["who"]: r for r in among(results, network="3,000", batch=32)}
    own = found["skset"]
    told = [
        f"{who}: {r['seconds'] / own['seconds']:.1f}"
        for who, r in found.items()
        if not who.startswith("skset")
    ]
    times = f"{milliseconds(own)}. Times as long, {', '.join(told)}"
    return f"3 x 3,000, batch 32: {times}"


def threads(results):
    """Tell what a second thread gains."""
    told = [
        f"{r['width']:,} units: {r['median_gain']:.2f}"
        for r in among(results, threads=2, busy=0)
    ]
    turns = spread([r["turns"] for r in results], 0)
    return (
        f"one thread's time divided by that of two, {', '.join(told)}; medians of "
        f"{turns} turns"
    )


def halves(results):
    """Tell what is lost in accuracy, and gained in time."""
    lost = [
        100 * (half - full)
        for full, half in (r["accuracy"] for r in results["learned"])
    ]
    ratios = [full / half for full, half in (r["seconds"] for r in results["steps"])]
    return (
        f"accuracy {mean_and_error(lost, 2)} points over {len(lost)} pairs of fits; "
        f"a step is {spread(ratios, 2)} times as fast, over networks"
    )


def predict(results):
    """Tell the product beside scipy's."""
    ratios = [r["scipy"] / r["skset"] for r in results]
    times = f"{spread(ratios)} times as long, over {len(ratios)} cases"
    return f"the product in scipy takes {times}"


def roofline(results):
    """Tell the share of what the machine can do, by kernel."""
    shares = [100 * r["share"] for r in results["kernels"]]
    return (
        f"{spread(shares, 0)} % of the speed that memory and arithmetic should allow, "
        f"over {len(shares)} kernels and sizes. More than 100 % is possible: writes "
        "are counted as reads, but the processor does both at once"
    )


def frozen_steps(results):
    """Tell the time of a step with frozen connections."""
    ratios = [s / r["seconds"][0] for r in results for s in r["seconds"][1:]]
    return f"a step with frozen connections takes {spread(ratios, 3)} times as long"


def torch_layer(results):
    """Tell the sparse layer beside the dense one."""
    case = among(results, task="network", density=0.01, batch=32, threads=1)
    found = {r["who"]: r for r in case}
    own, dense = found["SETLinear"], found["nn.Linear"]
    ratio = dense["seconds"] / own["seconds"]
    return (
        f"784-3,000-3,000-10 at 1 %, batch 32: {milliseconds(own)}; nn.Linear "
        f"takes {ratio:.0f} times as long"
    )


def scale(results):
    """Tell the largest network, and one of 1.8 million units."""
    told = []
    for name in ("600000/32", "17000000/8"):
        (found,) = among(results, row=name)
        told.append(
            f"{found['units'] / MB:.1f} million units: an epoch takes "
            f"{spread(found['all_epoch_seconds'], 0)} s and {found['peak_gb']:.1f} GB"
        )
    return "; ".join(told)


def time_to_accuracy(results):
    """Seconds to 98 % of MNIST, by the clock of the training."""
    told = []
    for model in ("SETClassifier, 3 x 1,000", "torch dense, 3 x 1,000"):
        own = among(results, model=model, recipe="defaults")
        seconds = [
            sum(
                r["seconds"][
                    : 1 + next(k for k, a in enumerate(r["accuracy"]) if a >= 0.98)
                ]
            )
            for r in own
        ]
        told.append(f"{model}: {spread(seconds)} s, {len(own)} seeds")
    return f"98 % of MNIST, with defaults. {'; '.join(told)}"


def small(results):
    """Default fits of small tables, as a ratio."""
    tables = dict.fromkeys(r["table"] for r in results)
    told = []
    for table in tables:
        own, dense = among(results, table=table)
        told.append(f"{table}: {dense['seconds'] / own['seconds']:.1f}")
    times = ", ".join(told)
    return f"MLPClassifier's time divided by SETClassifier's. {times}; medians of 9"


def startup(results):
    """Tell the first fit on a machine and in a process."""
    new, kept = (results["fits"][name]["first"] for name in ("none cached", "cached"))
    return (
        f"the first fit on a machine takes {new:.1f} s, the first in a process "
        f"{kept:.1f} s; medians, no spread was kept. Kernels that only a later fit "
        "needs are compiled then: see the page"
    )


def persistence(results):
    """Tell the largest network in a file."""
    way = next(w for w in results[-1]["ways"] if w["name"] == "skset.save")
    return (
        f"{results[-1]['nnz'] / MB:.1f} million connections: written in "
        f"{way['write']:.2f} s, read in {way['read']:.2f} s, "
        f"{way['bytes'] / MB:.0f} MB; medians, no spread was kept"
    )


def selection_speed(results):
    """Tell the time and memory of the widest table."""
    found = next(r for r in results if r["table"] == "180 x 49,151")
    return (
        f"180 rows x 49,151 columns, {found['epochs']} epochs: "
        f"{found['seconds']:.1f} s, slowest of three: {found['slowest']:.1f} s; "
        f"{found['peak_mb']:.0f} MB"
    )


def images(runs):
    """Tell the accuracy of each model, and the lead of the evolved network."""
    told = []
    for row in image_rows(runs)[1:]:
        lead = f" (lead over it {row[3]})" if row[3] else ""
        told.append((f"{row[0]} rows", f"{row[1]} {row[2]}{lead}"))
    return "; ".join(
        f"{title}: {', '.join(text for own, text in told if own == title)}"
        for title in dict.fromkeys(title for title, _ in told)
    )


def blocks(results):
    """Memory beside the table, and accuracy in windows."""
    memory, accuracy = results["memory"], results["accuracy"]
    told = [
        f"{title}: {mean_and_error(accuracy[key], plus='')} %"
        for title, key in (("fit", "fit"), ("windows of 512", "mixed, a list, 512"))
    ]
    return (
        f"beside a table of {memory['table']:.0f} MB, {memory['beside']:.0f} MB are "
        f"used. Accuracy on digits, 5 seeds, {', '.join(told)}"
    )


def anndata_memory(results):
    """Tell the most memory of each case."""
    told = [f"{r['case']}: {r['peak'] / GB:.2f} GB" for r in results]
    size = f"{results[0]['file'] / GB:.1f} GB"
    return f"most memory with a file of {size}, {', '.join(told)}; one run"


def onnx_models(results):
    """How far answers differ."""
    difference = max(r["difference"] for r in results)
    return f"{len(results)} models: greatest difference {difference:.1e}"


def onnx_large(results):
    """Seconds of a network that no dense runtime can hold."""
    found = results[0]
    answer = found["answers"][0]
    return (
        f"{found['connections'] / MB:.0f} million connections: converted in "
        f"{found['convert, s']:.1f} s, one row in {answer['s']:.1f} s, difference "
        f"{answer['difference']:.1e}; one run"
    )


SPEED_HEADLINES = {
    sentence.__name__: sentence
    for sentence in (
        *(step, peers, threads, halves, predict, roofline, frozen_steps, torch_layer),
        *(scale, time_to_accuracy, small, startup, persistence, blocks, images),
        selection_speed,
        *(anndata_memory, onnx_models, onnx_large),
    )
}
