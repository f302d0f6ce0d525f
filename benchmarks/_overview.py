"""Write docs/benchmarks.md: every benchmark with its figure, date, machine, files.

    python benchmarks/_overview.py

`python -m benchmarks tables` calls it.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from _benchmark import RESULTS, ROOT
from _headlines import HEADLINES
from _headlines_speed import SPEED_HEADLINES
from _registry import BENCHMARKS, PICTURES

__all__ = ["PAGE", "overview"]

PAGE = ROOT / "docs" / "benchmarks.md"
SOURCE = "https://github.com/skset/skset/blob/main/"
SENTENCES = HEADLINES | SPEED_HEADLINES
PACKAGES = ("skset", "numpy", "scipy", "scikit-learn", "numba")
SECTIONS = {
    "Time and memory": SPEED_HEADLINES,
    "Accuracy, selection, likelihood": HEADLINES,
}
HEAD = """# Benchmarks

Each figure of the documentation comes from a script in `benchmarks/`. Most scripts
write a file in `benchmarks/results/`, with the versions, the date and what is known of
the machine. This page is made from these files, and so are the tables of
[performance](performance.md), [peers](peers.md), [defaults](defaults.md),
[selection](selection.md), [PyTorch](torch.md) and [ONNX](onnx.md) that have a mark in
their source. The other tables and the figures in sentences are copied from what the
scripts print.

```bash
python -m benchmarks list                       # what is measured, what it needs
python -m benchmarks step selection --data DIR  # some
python -m benchmarks all --data DIR             # all, the pictures and the tables
python -m benchmarks all --data DIR --quick     # does each script still work?
python -m benchmarks tables                     # the tables, from the files
```

DIR has the data sets as `.npz` files: arrays `X` and `y`, or `data`, `indices`,
`indptr` and `shape` of a CSR matrix in place of `X`. Runs whose library or data are
missing are left out. A benchmark that fails does not stop the others. The last table
that is printed says how each ended.

## How to read the figures

- ± is a standard error, unless the line says something else. A difference below two of
  them is no difference.
- Two numbers in brackets are the least and the greatest. Times are medians.
- Differences are in points of accuracy: 98 % less 97 % is 1 point.
- The machines were shared with others. Compare ratios within one line.
"""
MACHINES_HEAD = """## Machines and versions

Older files do not name the processor: [performance](performance.md) says what it was.
They have no date of their own either: theirs is that of the commit.
"""
PICTURES_HEAD = """## Pictures

`python -m benchmarks all` draws these again, too.

| script | draws | page |
|---|---|---|
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    options.page.write_text(overview(options.results), encoding="utf-8")
    print(f"written: {options.page}")


def overview(folder=RESULTS):
    """Return the page, made of the files in the folder."""
    parts = [HEAD]
    for title, sentences in SECTIONS.items():
        own = [b for name, b in BENCHMARKS.items() if name in sentences]
        parts.append(f"## {title}\n\n{''.join(entry(b, folder) for b in own)}"[:-1])
    parts += [without_file(), machines(folder), PICTURES_HEAD.rstrip("\n")]
    rows = [
        f"| {script(p)} | {p.question.rstrip('.')} | {page(p)} |"
        for p in PICTURES.values()
    ]
    return "\n".join([*parts, *rows, ""])


def entry(benchmark, folder):
    """Return the item of a benchmark: what is measured, the figure, the sources."""
    contents = [read(folder, file) for file in benchmark.files]
    figure = SENTENCES[benchmark.name](*(content["results"] for content in contents))
    dates = sorted({content["date"] for content in contents})
    files = ", ".join(
        f"[{file}]({SOURCE}benchmarks/results/{file})" for file in benchmark.files
    )
    return (
        f"{benchmark.question}\n: {figure[0].upper()}{figure[1:]}.\n"
        f": {script(benchmark)}, {files}, {' and '.join(dates)}. "
        f"More: {page(benchmark)}.\n\n"
    )


def read(folder, file):
    """Return the content of a file of results."""
    return json.loads((Path(folder) / file).read_text(encoding="utf-8"))


def script(benchmark):
    """Return a link to the script."""
    path = benchmark.script
    return f"[{Path(path).name}]({SOURCE}{path})"


def page(benchmark):
    """Return a link to the page that has the tables; the site shows its title."""
    return f"[]({benchmark.page}.md)"


def without_file():
    """Return a list of the benchmarks whose results are not kept."""
    own = [b for name, b in BENCHMARKS.items() if name not in SENTENCES]
    rows = [f"- {b.question} {script(b)}, {page(b)}.\n" for b in own]
    return (
        "## Without a file\n\nNo results of these are kept in a file yet. Where a page "
        f"has their figures, these were copied.\n\n{''.join(rows)}"
    )


def machines(folder):
    """Return a list of the machines with their versions, and the number of files."""
    counts = Counter()
    for path in sorted(Path(folder).glob("*.json")):
        machine = read(folder, path.name)["machine"]
        memory = machine.get("memory_gb")
        told = f"{machine['processor']}, {machine['cores']} cores, "
        told += f"{memory:g} GB, " if memory else "memory not kept, "
        told += f"Python {machine['python']}, "
        counts[told + ", ".join(f"{p} {machine[p]}" for p in PACKAGES)] += 1
    rows = [f"- {told}: {n} files\n" for told, n in counts.most_common()]
    return f"{MACHINES_HEAD}\n{''.join(rows)}"


if __name__ == "__main__":
    main()
