"""What accuracy.py and regression.py have in common: options, the loop over sets."""

import argparse

import numpy as np
from _comparison import group_rows, lead_rows, score_rows
from _folds import ignore_warnings
from _report import print_table, stored, with_others, write_json
from _table_models import ANY, SCALE_FREE, SCALINGS
from threadpoolctl import threadpool_limits

__all__ = ["options_of", "run"]

KEYS = ("set", "scaling", "model")


def options_of(description, sets, held, models, out):
    """Return a parser with the options of both benchmarks."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--sets", nargs="+", default=sets, choices=sets, metavar="SET")
    parser.add_argument("--held", nargs="*", default=held, help="sets held back")
    parser.add_argument("--models", nargs="+", default=models, choices=models)
    parser.add_argument(
        "--scaling", nargs="+", default=list(SCALINGS), choices=SCALINGS
    )
    parser.add_argument("--resume", action="store_true", help="skip what is there")
    parser.add_argument("--out", default=f"benchmarks/results/{out}")
    return parser


def run(options, made, read, evaluate, measures):
    """Run the models on the sets, write the records after each set, print tables.

    `made` makes the models of a scaling by name. `read` returns X and y of a name.
    `evaluate` returns records by model.
    """
    ignore_warnings()
    with threadpool_limits(1):
        for name in options.sets:
            X, y = read(name)
            told = {"rows": len(y), "columns": X.shape[1], "repeats": options.repeats}
            told["held"] = name in options.held
            for scaling, models in groups(made, options, name):
                found = evaluate(X, y, models, options.repeats, scaling)
                print_row(f"{name}, {scaling}", found, measures[0])
                cases = [
                    {"set": name, "scaling": scaling, "model": model, **told, **record}
                    for model, record in found.items()
                ]
                results = with_others(options.out, cases, KEYS)
                write_json(options.out, results, told=False)
    print_tables(stored(options.out), options.scaling, measures)


def groups(made, options, name):
    """Yield a scaling and the models to run with it, for all that is asked for."""
    known = stored(options.out) if options.resume else []
    known = {tuple(case[key] for key in KEYS) for case in known}
    for scaling in (*options.scaling, ANY):
        models = {
            model: make
            for model, make in made("none" if scaling == ANY else scaling).items()
            if model in options.models
            and (model in SCALE_FREE) == (scaling == ANY)
            and (name, scaling, model) not in known
        }
        if models:
            yield scaling, models


def print_row(name, found, measure):
    scores = [record["scores"] for record in found.values()]
    means = [np.mean(own[measure]) for own in scores]
    deviations = [np.std(own[measure], ddof=1) for own in scores]
    print_table(
        [name.ljust(28), *(model.ljust(9) for model in found)],
        [
            [measure, *(f"{mean:.3f}" for mean in means)],
            ["deviation", *(f"{deviation:.3f}" for deviation in deviations)],
            ["seconds", *(f"{np.median(own['seconds']):.2f}" for own in scores)],
            ["failed fits", *(f"{len(own['failed'])}" for own in found.values())],
        ],
    )
    for model, record in found.items():
        for why in dict.fromkeys(record["failed"]):
            print(f"{model} failed: {why}")


def print_tables(results, scalings, measures):
    for scaling in scalings:
        for measure in measures:
            for rows_of in (score_rows, group_rows, lead_rows):
                print(f"\n{measure}, scaling {scaling}")
                header, *rows = rows_of(results, measure, scaling)
                print_table(header, rows)
