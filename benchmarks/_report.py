"""What every benchmark does with its figures: a table on the screen, and JSON."""

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

__all__ = ["print_table", "write_json"]


def print_table(header, rows):
    """Print rows of strings below a header, the first column flush left."""
    rows = [header, *rows]
    widths = [max(len(row[k]) for row in rows) for k in range(len(header))]
    for row in rows:
        first, *others = (
            cell.ljust(width) if k == 0 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *others]), flush=True)


def write_json(path, results, told=True):
    """Write the results, with what they were measured on; an old file stays whole."""
    packages = ("skset", "numpy", "scipy", "scikit-learn", "numba")
    machine = {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps({"machine": machine, "results": results}, indent=1))
    new.replace(path)
    if told:
        print(f"written to {path}")
