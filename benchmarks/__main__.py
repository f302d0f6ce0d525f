"""Run the benchmarks, and make the tables of the docs from what they wrote.

    python -m benchmarks list
    python -m benchmarks step selection --data DIR
    python -m benchmarks all --data DIR
    python -m benchmarks all --data DIR --quick
    python -m benchmarks tables

`all` takes more than a day on two cores. It runs every benchmark, draws the pictures
of the docs, and makes the tables. A benchmark that fails does not stop the others; at
the end it is said which failed. What needs a library or the data sets that are not
there is left out, and said too. `--quick` runs each with its smallest settings: it says
that the scripts work. Its figures mean nothing, and go into a folder that is removed.

DIR has the data sets as ``.npz`` files, with the arrays X and y, or with those of a CSR
matrix. Results are written to ``benchmarks/results`` or to the folder of ``--results``.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # as for the scripts themselves
from _benchmark import RESULTS, ROOT
from _registry import BENCHMARKS, PICTURES
from _report import print_table

KNOWN = BENCHMARKS | PICTURES


def main():
    options = parsed_options()
    if options.names == ["list"]:
        show()
        return 0
    if options.names == ["tables"]:
        return tables(options.results)
    names = list(KNOWN) if options.names == ["all"] else options.names
    if options.quick:
        with tempfile.TemporaryDirectory() as folder:
            return run_all(names, options, folder)
    failed = run_all(names, options, options.results)
    return tables(options.results) or failed if options.names == ["all"] else failed


def parsed_options():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="+", help="list, tables, all, or names")
    parser.add_argument("--data", type=Path, help="folder of the .npz files")
    parser.add_argument("--quick", action="store_true", help="a smoke run of each")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder")
    options = parser.parse_args()
    alone = options.names in (["list"], ["tables"], ["all"])
    unknown = [] if alone else [n for n in options.names if n not in KNOWN]
    if unknown:
        parser.error(f"no such benchmarks: {unknown}; known: {', '.join(KNOWN)}")
    if options.data and not options.data.is_dir():
        parser.error(f"--data: no such folder: {options.data}")
    return options


def show():
    """Print what each benchmark measures, where its figures are, and what it needs."""
    for name, benchmark in KNOWN.items():
        print(f"{name}: {benchmark.question}")
        demands = benchmark.demands() or "nothing else"
        told = f"docs/{benchmark.page}.md; about {benchmark.minutes:g} minutes"
        print(f"    {told}; needs {demands}")


def run_all(names, options, folder):
    """Run the benchmarks one after the other, print how they ended, return 0 or 1."""
    rows, failed = [], False
    for name in names:
        began = time.perf_counter()
        endings = [one_run(KNOWN[name], run, options, folder) for run in runs(name)]
        minutes = f"{(time.perf_counter() - began) / 60:.1f}"
        rows += [[name, ending, minutes] for ending in dict.fromkeys(endings)]
        failed = failed or any(ending.startswith("failed") for ending in endings)
    print_table(["benchmark", "", "minutes"], rows)
    return int(failed)


def runs(name):
    """Return the runs of a benchmark."""
    return KNOWN[name].runs


def one_run(benchmark, run, options, folder):
    """Call the script, and return in a word how it ended."""
    if options.quick and run.quick is None:
        return "ok"  # another run of the same script is its smoke run
    lacking = benchmark.lacking(run, options.data)
    if lacking:
        return f"left out, lacks {', '.join(lacking)}"
    drawn = benchmark.name in PICTURES and not options.quick
    words = [] if drawn else run.words(options.quick, Path(folder).resolve())
    if benchmark.wants_data(run):
        words += ["--data", str(options.data.resolve())]
    print(f"\n# {benchmark.script} {' '.join(words)}", flush=True)
    code = call(benchmark.script, *words)
    return "ok" if code == 0 else f"failed, exit code {code}"


def call(script, *words):
    """Run a script from the root of the repository, and return its exit code."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, script, *words]
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode


def tables(results):
    """Write the tables of the pages and the overview; return 0, or 1 on failure."""
    words = "--results", str(Path(results).resolve())
    codes = [call(f"benchmarks/{name}.py", *words) for name in ("tables", "_overview")]
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
