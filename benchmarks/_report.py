"""What every benchmark does with its figures: a table on the screen, and JSON."""

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["among", "print_table", "stored", "with_others", "write_json"]


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


def write_json(path, results, told=True, peers=()):
    """Write the results, with what they were measured on; an old file stays whole.

    `peers` are further packages whose versions are told, if they are installed.
    """
    packages = ("skset", "numpy", "scipy", "scikit-learn", "numba")
    machine = {
        "processor": processor(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": memory_gb(),
        "system": platform.system(),
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
        **{package: version(package) for package in peers if installed(package)},
    }
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    date = datetime.now(UTC).date().isoformat()
    content = {"date": date, "machine": machine, "results": results}
    new.write_text(json.dumps(content, indent=1), encoding="utf-8")
    new.replace(path)
    if told:
        print(f"written to {path}")


def processor():
    """Return the name of the processor. Only Linux has one that is worth telling."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor() or platform.machine()


def memory_gb():
    """Return the memory of the machine in 2^30 bytes, None where nobody says it."""
    if not hasattr(os, "sysconf"):  # Windows
        return None
    n_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return round(n_bytes / 2**30, 1)


def installed(package):
    """Return whether a package is installed."""
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def with_others(path, results, keys):
    """Return the results, and those of an old file for cases not measured now.

    A case is what the values of `keys` say. The others come first.
    """

    def case(result):
        return [result[key] for key in keys]

    new = [case(result) for result in results]
    old = stored(path)
    return [result for result in old if case(result) not in new] + results


def among(results, **wanted):
    """Return the results that have these values."""
    return [r for r in results if all(r[key] == wanted[key] for key in wanted)]


def stored(path):
    """Return the results of a file, which need not exist."""
    if not Path(path).exists():
        return []
    return json.loads(Path(path).read_text(encoding="utf-8"))["results"]
