"""Methods of dynamic sparse training: what each reaches, and what it costs.

    python benchmarks/strategies.py --data ../shared/data
    python benchmarks/strategies.py --data ../shared/data --parts mnist --densities 0.01
    python benchmarks/strategies.py --parts cost

Five parts, each of which can be run alone with ``--parts``:

- mnist: 784-300-100-10 at four overall densities, trained on all 60,000 rows.
- extreme: three hidden layers of 1,000 at epsilon 1, on tabular data, images and text;
  of MNIST only the first rows for training (``--rows``). Beside the sparse networks a
  dense one of the same shape (MLPClassifier) and logistic regression.
- microarray: expression sets, with the architecture and the parameters that
  SETClassifier has by default; "defaults" is SETClassifier() just as it is.
- sanity: random drop and dropping the largest weights; both must come out worse.
- cost: an evolution of all layers of 3312-3000-3000-3000-5, in training steps.

Images are standardised by one mean and one deviation of all training pixels, other sets
column by column, by the training rows (text without centring). Images have the split
that came with them, so that only the seeds differ; other sets have a stratified split,
80 % for training, for every seed. Accuracies are those on the test rows after the last
epoch, in percent, with mean and standard deviation over the seeds. No network drops
connections without regrowth at the end (but for "defaults"), so that all of a table
have the same number; "nnz" is what they had at the end. "minus set" pairs the runs of
the same seed; its ± is the standard error over the seeds, or over the sets ("over
all").

The learning rate of each method on each set (of logistic regression its C) is chosen
among a few by the accuracy on a validation part of the training rows, the last sixth of
images and a stratified quarter otherwise, with one seed and fewer epochs
(``--tuning-epochs``). On the microarray sets, whose validation parts are a dozen rows,
a method has one rate for all sets, the best on their average, after as many epochs as
in the end. Everything else, as dropout and the L2 penalty, is the same for all sparse
networks on a set. In `_strategies_methods.py` is what each method is.

Sequential CTRE grows by cosines until the accuracy on a validation set has not risen
for so many epochs, then at random. A tenth of its training rows is held out for that:
it learns from fewer rows than the others, and ends with the network that was the best
on them.

Every fit has one thread; ``--jobs`` of them run at a time, so that seconds are those
on a busy machine. The JSON file is written after each: what it has is not done again,
unless a parameter has changed.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
from _report import write_json
from _strategies_cost import measure_cost
from _strategies_methods import BASELINES, METHODS, SANITY
from _strategies_parts import PARTS
from _strategies_standings import figures, print_competition, print_overall
from _strategies_tasks import run_all
from scale import THREADS


def main():
    options = parsed_options()
    os.environ.update({f"{library}_NUM_THREADS": "1" for library in THREADS})
    path = Path(options.out)
    results = json.loads(path.read_text())["results"] if path.exists() else {}

    def save():
        write_json(options.out, results, told=False)

    for part in options.parts:
        print(f"\n{part}", flush=True)
        if part == "cost":
            results[part] = measure_cost(options.repeats)
        else:
            competitions = list(PARTS[part](options))
            compete(competitions, results.setdefault(part, {}), save, options)
        save()
    print(f"\nwritten to {path}")


def parsed_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = [*PARTS, "cost"]
    everyone = [*METHODS, *SANITY, *BASELINES]
    parser.add_argument("--data", help="folder of the .npz files; all but cost need it")
    parser.add_argument("--parts", nargs="+", default=parts, choices=parts)
    parser.add_argument("--jobs", type=int, default=2, help="processes; default: 2")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, help="in place of each part's own")
    parser.add_argument("--tuning-epochs", type=int, help="the same, in tuning")
    parser.add_argument("--sets", nargs="+", help="of all parts but mnist and cost")
    parser.add_argument("--methods", nargs="+", choices=everyone)
    parser.add_argument(
        "--densities", type=float, nargs="+", default=[0.1, 0.05, 0.02, 0.01]
    )
    parser.add_argument("--rows", type=int, default=10_000, help="of MNIST in extreme")
    parser.add_argument("--repeats", type=int, default=9, help="of the timing")
    parser.add_argument("--out", default="benchmarks/results/strategies.json")
    options = parser.parse_args()
    if not options.data and options.parts != ["cost"]:
        parser.error("--data is needed for all parts but cost")
    return options


def compete(competitions, results, save, options):
    """Make the fits that are not known yet, and print what they come to."""
    runs, tables = results.setdefault("runs", {}), results.setdefault("tables", {})
    entries = [(c, who) for c in competitions for who in c.contestants]

    def run(groups):
        tasks = [task for group in groups for task in group.values()]
        run_all(tasks, options.data, runs, save, options.jobs)

    trials = [c.trials(who) for c, who in entries]
    run(by_value for by_value in trials if len(by_value) > 1)
    values = [best_value(c, who, competitions, runs) for c, who in entries]
    finals = [
        {} if value is None else c.finals(who, value, options.seeds)
        for (c, who), value in zip(entries, values, strict=True)
    ]
    run(finals)
    for (c, who), by_value, value, by_seed in zip(
        entries, trials, values, finals, strict=True
    ):
        shown = by_seed or by_value
        tables.setdefault(c.title, {})[who] = figures(
            {what: runs[task.key] for what, task in shown.items()},
            next(iter(shown.values())).params,
            {c.contestants[who].tuned: value},
        )
    for c in competitions:
        if c.contestants:
            print_competition(c.title, tables[c.title] | tables.get(c.beside, {}))
    overall = {c.title: tables[c.title] for c in competitions if c.contestants}
    print_overall({title: table for title, table in overall.items() if "set" in table})


def best_value(competition, who, competitions, runs):
    """Return the value with the best accuracy in its trials, None if all failed."""
    values = list(competition.trials(who))
    if len(values) == 1:
        return values[0]
    alike = [c for c in competitions if who in c.contestants and c.shared]
    alike = alike if competition.shared else [competition]
    scores = {
        value: np.mean(
            [runs[c.trials(who)[value].key].get("accuracy", np.nan) for c in alike]
        )
        for value in values
    }
    succeeded = [value for value in values if np.isfinite(scores[value])]
    return max(succeeded, key=scores.get, default=None)


if __name__ == "__main__":
    main()
