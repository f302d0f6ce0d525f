"""What the runs of `strategies.py` come to: figures for each contestant, and tables."""

import numpy as np
from _paired_leads import deviation, error_of_mean
from _report import print_table
from scipy.stats import rankdata

__all__ = ["figures", "print_competition", "print_overall"]


def figures(runs, params, chosen):
    """Return the figures of a contestant from its runs by seed, or why it has none."""
    errors = [run["error"] for run in runs.values() if "error" in run]
    if errors or not runs:
        return {"error": (errors or ["no value to tune could be tried"])[0]}
    last = list(runs.values())[-1]
    return {
        "accuracies": {seed: run["accuracy"] for seed, run in runs.items()},
        "seconds": float(np.median([run["seconds"] for run in runs.values()])),
        "nnz": round(np.mean([run["nnz"] for run in runs.values()])),
        "density": last["density"],
        "epochs": last["epochs"],
        "chosen": chosen,
        "params": repr(params),
    }


def spread(numbers):
    """Return mean and standard deviation, as text, of what is shown as percent."""
    return percents(numbers, deviation(numbers))


def with_error(numbers):
    """Return mean and standard error, as text, of what is shown as percent."""
    return percents(numbers, error_of_mean(numbers))


def percents(numbers, doubt):
    """Return the mean in percent, with ± but for a single number."""
    mean = f"{100 * np.mean(numbers):.2f}"
    return mean if np.isnan(doubt) else f"{mean} ± {100 * doubt:.2f}"


def differences(result, reference):
    """Return by how much a contestant was more accurate, seed by seed."""
    if reference in (None, result) or "error" in reference:
        return []
    ours, theirs = result["accuracies"], reference["accuracies"]
    return [ours[seed] - theirs[seed] for seed in ours if seed in theirs]


def print_competition(title, table):
    """Print a line for each contestant on one set."""

    def cells(result):
        minus = differences(result, table.get("set"))
        return [
            spread(list(result["accuracies"].values())),
            f"{with_error(minus)} ({len(minus)})" if minus else "-",
            str(len(result["accuracies"])),
            f"{result['nnz']:,}",
            f"{100 * result['density']:.3g} %",
            str(result["epochs"]),
            ", ".join(f"{value:g}" for value in result["chosen"].values()),
            f"{result['seconds']:.1f}",
        ]

    print()
    print_table(
        [
            *[title, "accuracy, %", "minus set (pairs)", "seeds", "nnz", "density"],
            *["epochs", "tuned", "s per fit"],
        ],
        [[who, *cells(row)] for who, row in table.items() if "error" not in row],
    )
    for who, result in table.items():
        if "error" in result:
            print(f"{who}: failed, {result['error']}")


def print_overall(tables):
    """Print a line for each contestant that ran on all of the sets."""
    whole = [
        who
        for who in dict.fromkeys(who for table in tables.values() for who in table)
        if all(
            "error" not in table.get(who, {"error": ""}) for table in tables.values()
        )
    ]
    if not whole:
        return
    means = {who: [mean(table[who]) for table in tables.values()] for who in whole}
    ranks = rankdata([[-m for m in means[who]] for who in whole], axis=0)
    rows = []
    for who, rank in zip(whole, ranks, strict=True):
        results = [(table[who], table.get("set")) for table in tables.values()]
        minus = [np.mean(d) for d in (differences(*pair) for pair in results) if d]
        rows.append(
            [
                who,
                f"{100 * np.mean(means[who]):.2f}",
                f"{rank.mean():.1f}",
                with_error(minus) if minus else "-",
                f"{sum(m > 0 for m in minus)} of {len(minus)}" if minus else "-",
                f"{np.mean([result['seconds'] for result, _ in results]):.1f}",
            ]
        )
    print()
    print_table(
        [
            *[f"all {len(tables)}", "mean accuracy, %", "mean rank"],
            *["minus set (over all)", "above set", "s per fit"],
        ],
        rows,
    )


def mean(result):
    return float(np.mean(list(result["accuracies"].values())))
