"""Write the tables of docs/peers.md from the results of the benchmarks.

    python benchmarks/tables.py

A table stands between two comments, ``<!-- table: name -->`` and ``<!-- end -->``. The
rest of the page stays.
"""

import argparse
import json
from pathlib import Path

import peers
import small
import time_to_accuracy

__all__ = ["TABLES"]

END = "<!-- end -->"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", type=Path, default=Path("docs/peers.md"))
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    text = options.page.read_text()
    for name, (file, rows) in TABLES.items():
        results = json.loads((options.results / file).read_text())["results"]
        text = replaced(text, f"<!-- table: {name} -->", markdown(rows(results)))
    options.page.write_text(text)
    print(f"tables of {options.page} written")


def replaced(text, mark, table):
    """Return the text with another table after the mark."""
    before, rest = text.split(mark)
    _, after = rest.split(END, 1)
    return f"{before}{mark}\n\n{table}\n{END}{after}"


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


TABLES = {
    "step": ("peers.json", step_rows),
    "accuracy": ("time_to_accuracy.json", time_to_accuracy.table),
    "small": ("small.json", fit_rows),
}


if __name__ == "__main__":
    main()
