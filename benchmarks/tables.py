"""Write the tables of the docs from the results of the benchmarks.

    python benchmarks/tables.py

A table stands between two comments, ``<!-- table: name -->`` and ``<!-- end -->``. The
rest of the page stays. A table whose results are not there yet stays, too.
"""

import argparse
import re
from functools import partial
from pathlib import Path

import peers
import small
import time_to_accuracy
from _comparison import group_rows, lead_rows, score_rows
from _onnx_tables import ONNX_TABLES
from _performance_tables import PERFORMANCE_TABLES
from _report import stored
from _selection_tables import SELECTION_TABLES
from _torch_tables import TORCH_TABLES

__all__ = ["TABLES"]

OF_DOCS = "performance", "peers", "defaults", "selection", "torch", "onnx"
PAGES = [Path("README.md"), *(Path("docs", f"{page}.md") for page in OF_DOCS)]
BLOCK = re.compile(r"<!-- table: (.*?) -->.*?<!-- end -->", re.DOTALL)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", nargs="+", type=Path, default=PAGES)
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    for page in options.pages:
        text = page.read_text(encoding="utf-8")
        new = BLOCK.sub(partial(written, folder=options.results), text)
        page.write_text(new, encoding="utf-8")


def written(block, folder):
    """Return a block with its table written anew, or as it is without results."""
    name = block[1]
    file, rows_of = TABLES[name]
    path = folder / file
    results = stored(path)
    rows = rows_of(results)
    if len(rows) == 1:
        print(f"left as it is, no results in {file}: {name}")
        return block[0]
    print(f"written: {name}")
    return f"<!-- table: {name} -->\n\n{markdown(rows)}\n<!-- end -->"


def markdown(rows):
    """Return a table of rows of strings, the first of which is the header."""
    header, *others = rows
    lines = [header, ["---"] * len(header), *others]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def step_rows(results):
    """Return skset's milliseconds and the ratios of the others, a row for a case."""
    rivals = ["skset, partial_fit", "torch CSR", "SparseLab", "SparseProp"]
    rows = [["n", "batch", "skset, ms", *rivals, "torch dense"]]
    for name, (_, _, batches, _) in peers.NETWORKS.items():
        for batch in batches:
            seconds = {
                result["who"]: result["seconds"]
                for result in results
                if (result["network"], result["batch"]) == (name, batch)
            }
            if seconds:
                cells = [ratio(seconds, who) for who in rows[0][3:]]
                ms = f"{1e3 * seconds['skset']:.2f}"
                rows.append([name, str(batch), ms, *cells])
    return rows


def ratio(seconds, who):
    """Return the ratio of a contestant, or of its best variant, to skset."""
    own = [s for name, s in seconds.items() if name.startswith(who)]
    return f"{min(own) / seconds['skset']:.2f}" if own else ""


def fit_rows(results):
    """Return the seconds of fits on small tables."""
    return [small.HEADER, *map(small.row, results)]


def comparisons(file, measures):
    """Return the tables of a comparison: by set, by group, and leads, by scaling."""
    kinds = {"": score_rows, ", groups": group_rows, ", leads": lead_rows}
    return {
        f"{measure}, {scaling}{kind}": (
            file,
            partial(rows_of, measure=measure, scaling=scaling),
        )
        for measure in measures
        for scaling in ("column", "none")
        for kind, rows_of in kinds.items()
    }


TABLES = {
    "step": ("peers.json", step_rows),
    **{
        f"seconds to accuracy, {recipe}": (
            "time_to_accuracy.json",
            partial(time_to_accuracy.table, recipe=recipe),
        )
        for recipe in time_to_accuracy.RECIPES
    },
    "small": ("small.json", fit_rows),
    **comparisons("accuracy_folds.json", ["accuracy", "log_loss", "calibration_error"]),
    **comparisons("regression_folds.json", ["R2"]),
    **SELECTION_TABLES,
    **TORCH_TABLES,
    **PERFORMANCE_TABLES,
    **ONNX_TABLES,
}


if __name__ == "__main__":
    main()
