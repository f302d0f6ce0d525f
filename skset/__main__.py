"""``python -m skset``: what there is to do about the compiled kernels."""

import argparse
import os
import sys
import time
import warnings
from collections.abc import Sequence

import joblib
import numba
from llvmlite.binding import get_host_cpu_name

from skset._show_versions import versions
from skset.runtime.cache import RECORD, cache_files, clear_cache

__all__ = ["main"]

EPILOG = (
    "Kernels are kept in the directory that the environment variable NUMBA_CACHE_DIR "
    "names, by default next to the sources or in the user's cache directory."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters
    ----------
    arguments : list of str, default=None
        What follows ``python -m skset``; by default what this process was given.

    Returns
    -------
    status : int
        0 where everything could be done.
    """
    status: int = _parser().parse_args(arguments).command()
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m skset",
        description="Look after skset's compiled kernels.",
        epilog=EPILOG,
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, command, text in (
        ("warmup", warmup, "compile all kernels and keep them, so that no fit has to"),
        ("info", info, "print versions, and where the kernels are kept"),
        ("clear-cache", clear, "remove skset's compiled kernels, and nobody else's"),
    ):
        own = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        own.set_defaults(command=command)
    return parser


def warmup() -> int:
    """Compile all kernels, or load them where they are compiled already."""
    if _interpreted():
        return _complain("NUMBA_DISABLE_JIT is set: there is nothing to compile.")
    from skset._warmup import warm_up

    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what there is to say is said here
        warm_up()
    seconds = time.perf_counter() - started
    print(
        f"{RECORD.compiled} signatures of kernels compiled and {RECORD.loaded} loaded "
        f"from the cache in {seconds:.1f} s"
    )
    if not RECORD.directories and (RECORD.compiled or not RECORD.read_only):
        return _complain(
            "They are not kept: there is no directory that you can write and others "
            "cannot. Set NUMBA_CACHE_DIR to one of your own."
        )
    if RECORD.failure is not None:
        return _complain(f"They are not all kept: {RECORD.failure}")
    return 0


def info() -> int:
    """Print versions, the machine, and the state of the cache."""
    facts = versions() | {
        "cpus": f"{os.cpu_count()}, of which joblib uses {joblib.cpu_count()}",
        "cpu": get_host_cpu_name(),
        "kernels": _kernels(),
        **_cache(),
        **{k: v for k, v in sorted(os.environ.items()) if k.startswith("NUMBA_")},
    }
    width = max(map(len, facts)) + 1
    for name, found in facts.items():
        print(f"{name:<{width}} {found}")
    return 0


def clear() -> int:
    """Remove the compiled kernels."""
    places = _places()
    try:
        n_files, n_bytes = clear_cache()
    except OSError as error:
        return _complain(f"not all could be removed: {error}")
    print(f"removed {n_files} files ({_size(n_bytes)}) from {places}")
    return 0


def _interpreted() -> bool:
    return bool(getattr(numba.config, "DISABLE_JIT", False))


def _kernels() -> str:
    if _interpreted():
        return "interpreted, as NUMBA_DISABLE_JIT is set"
    if RECORD.directories:
        return "compiled at first use, and kept"
    if RECORD.read_only:
        return "loaded, or compiled anew in every process, as nothing can be written"
    return "compiled anew in every process, as no directory can be written"


def _cache() -> dict[str, str]:
    files = cache_files()
    return {
        "cache": _places(),
        "cached": f"{len(files)} files ({_size(sum(p.stat().st_size for p in files))})",
    }


def _places() -> str:
    kept = [str(path) for path in sorted(RECORD.directories)]
    read = [f"{path} (read only)" for path in sorted(RECORD.read_only)]
    return ", ".join(kept + read) or "no directory"


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 1e6:.1f} MB"


def _complain(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
