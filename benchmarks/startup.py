"""What starting costs: imports, the first fit on a machine, the first in a process.

    python benchmarks/startup.py

Every run is a new process; what is compared takes turns. The fits are of a
`SETClassifier` with its defaults, on 20 rows of 10 columns.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from statistics import median

from _report import print_table, write_json

IMPORTS = {
    "sklearn": "import sklearn",
    "sklearn, numba": "import sklearn, numba",
    "sklearn, skset": "import sklearn, skset",
    "sklearn, SETClassifier": "import sklearn; from skset import SETClassifier",
    "sklearn, QuickSelection": "import sklearn; from skset import QuickSelection",
    "sklearn.feature_selection": "import sklearn.feature_selection",
    "sklearn.feature_selection, QuickSelection": (
        "import sklearn.feature_selection; from skset import QuickSelection"
    ),
}
FITS = """
import time, warnings
import numpy as np
from skset import SETClassifier

warnings.simplefilter("ignore")
X, y = np.random.default_rng(0).normal(size=(20, 10)), np.arange(20) % 2
for _ in range(2):
    began = time.perf_counter()
    SETClassifier(random_state=0).fit(X, y)
    print(time.perf_counter() - began)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--out", default="benchmarks/results/startup.json")
    args = parser.parse_args()
    imports = time_of_imports(args.repeats)
    fits = time_of_fits(args.repeats)
    print_table(
        ["import", "seconds", "more than sklearn"],
        [
            [name, f"{row['seconds']:.2f}", f"{row['more']:+.2f}"]
            for name, row in imports.items()
        ],
    )
    print_table(
        ["kernels", "first fit (s)", "second fit (s)"],
        [[name, *(f"{row[k]:.2f}" for k in row)] for name, row in fits.items()],
    )
    write_json(args.out, {"imports": imports, "fits": fits})


def time_of_imports(repeats):
    """Return the medians over all rounds, and of the differences within a round."""
    for code in IMPORTS.values():
        run(code)  # from now on all files are in memory
    rounds = [
        {name: seconds_of(code) for name, code in IMPORTS.items()}
        for _ in range(repeats)
    ]
    return {
        name: {
            "seconds": median(times[name] for times in rounds),
            "more": median(times[name] - times["sklearn"] for times in rounds),
        }
        for name in IMPORTS
    }


def time_of_fits(repeats):
    """Return the seconds of a first and a second fit, kernels cached or not."""
    empty, filled = [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as cache:
            for runs in (empty, filled):
                output = run(FITS, NUMBA_CACHE_DIR=cache)
                runs.append([float(line) for line in output.splitlines()])
    return {
        name: {
            "first": median(first for first, _ in runs),
            "second": median(second for _, second in runs),
        }
        for name, runs in (("none cached", empty), ("cached", filled))
    }


def seconds_of(code):
    began = time.perf_counter()
    run(code)
    return time.perf_counter() - began


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


if __name__ == "__main__":
    main()
