"""The disk cache of compiled kernels: numba's, with guards.

numba's own cache has weak points (measured with 0.68). An index is stamped with the
hash of one source file only, so an upgrade that changes another file runs old machine
code. A damaged file raises at the first call. A read-only installation without a
writable home raises at import. And an index names numbered files: two processes that
compile at once may take the same number. Then one loses its work, and the machine code
of one signature can get the name of another.

Here each signature has a file of its own. Its name is the hash of everything that the
machine code depends on. It is written under another name and then renamed, and it has a
description of its content. So processes need no lock and never wait for each other: in
the worst case several compile the same. `places.py` says where the files are, and
whose files are trusted.
"""

import functools
import hashlib
import inspect
import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core.caching import CompileResultCacheImpl, FunctionCache

from skset.runtime.code_files import PACKAGE, PACKAGE_STAMP, CodeFiles, files_in
from skset.runtime.places import Places, make_directory, places_for

__all__ = ["RECORD", "GuardedCache", "cache_files", "clear_cache"]

# Settings of numba that change the machine code but not the signature.
SETTINGS = "BOUNDSCHECK", "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "DEBUGINFO_DEFAULT"


@dataclass
class Record:
    """Where the kernels of this process came from.

    Attributes
    ----------
    compiled, loaded : int
        Number of signatures that were compiled, and that were found on disk.
    directories : set of Path
        Where the machine code is kept; empty where no directory can be written.
    read_only : set of Path
        Where machine code is looked for, but cannot be written.
    failure : Exception or None
        Why a signature could not be kept, if there was one.
    """

    compiled: int = 0
    loaded: int = 0
    directories: set[Path] = field(default_factory=set)
    read_only: set[Path] = field(default_factory=set)
    failure: Exception | None = None


RECORD = Record()


class CodePlace(CompileResultCacheImpl):
    """Tells numba where the code of a kernel is kept; it is its own locator."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._py_file = inspect.getfile(function)
        self._lineno = function.__code__.co_firstlineno
        self._locator = self
        # A frozen program has no sources.
        self._stamped = sys.executable if hasattr(sys, "frozen") else self._py_file
        exists = os.path.exists(self._stamped)
        self.places = places_for(_home_of(self._py_file)) if exists else Places()
        module = os.path.splitext(os.path.basename(self._py_file))[0]
        name = f"{module}.{function.__qualname__}"
        self._filename_base = self.get_filename_base(name, getattr(sys, "abiflags", ""))

    def get_cache_path(self) -> str:
        """Return the directory in which code is kept."""
        return str(self.places.writable or "")

    def get_source_stamp(self) -> str | None:
        """Return the hash of the file with the kernel, None where there is no file."""
        return _digest_of(self._stamped) if self.places.readable else None

    def get_disambiguator(self) -> str:
        """Return a string that distinguishes functions of the same name."""
        return str(self._lineno)

    def ensure_cache_path(self) -> None:
        """Make the directory again if it has vanished."""
        if self.places.writable is not None:
            make_directory(self.places.writable)


class GuardedCache(FunctionCache):
    """numba's disk cache, keyed by all that matters; its errors are never fatal."""

    _impl_class = CodePlace
    _impl: CodePlace
    warned = False

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        places = self._impl.places
        files: Any = CodeFiles(places, self._impl.filename_base)
        self._cache_file = files
        self._source = self._impl.get_source_stamp()
        if places.writable is not None:
            RECORD.directories.add(places.writable)
        RECORD.read_only.update(p for p in places.readable if p != places.writable)

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        settings = [str(getattr(numba.config, name, None)) for name in SETTINGS]
        versions = numba.__version__, np.__version__
        key = super()._index_key(sig, codegen)
        return (*key, PACKAGE_STAMP, self._source, *versions, *settings)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the cached code, or None if there is none, or if it cannot be read."""
        try:
            code = super().load_overload(sig, target_context)
        except Exception:  # whatever a damaged file makes pickle or LLVM raise
            code = None
        RECORD.loaded += code is not None
        RECORD.compiled += code is None
        if code is None and self._impl.places.writable is None:
            _warn_once()
        return code

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the code to disk; a full or read-only disk costs only the saving."""
        try:
            super().save_overload(sig, data)
        except Exception as failure:
            RECORD.failure = failure


def _home_of(file: str) -> str:
    """Return the folder whose cache has the code of a file.

    All kernels of skset share one folder, whichever package they are in.
    """
    return str(PACKAGE) if PACKAGE in Path(file).parents else os.path.dirname(file)


def _warn_once() -> None:
    """Warn once per process that compiled kernels cannot be kept on disk."""
    if not GuardedCache.warned:
        GuardedCache.warned = True
        warnings.warn(
            "skset found no directory in which it could keep its compiled kernels, and "
            "which others cannot write, and compiles them anew in every process. Set "
            "the environment variable NUMBA_CACHE_DIR to a directory of your own to "
            "keep them.",
            UserWarning,
            stacklevel=2,
        )


def cache_files() -> list[Path]:
    """Return the paths of all files with machine code of this package's kernels."""
    places = RECORD.directories | RECORD.read_only
    return sorted(path for place in places for path in files_in(place))


def clear_cache() -> tuple[int, int]:
    """Remove all files with machine code of this package's kernels.

    Returns
    -------
    n_files, n_bytes : int
        How many there were, and their size.

    Raises
    ------
    OSError
        If some could not be removed: the error of the first, after all others are gone.
    """
    n_files, n_bytes, failures = 0, 0, []
    for path in cache_files():
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:  # another process was faster
            continue
        except OSError as failure:
            failures.append(failure)
        else:
            n_files, n_bytes = n_files + 1, n_bytes + size
    if failures:
        raise failures[0]
    return n_files, n_bytes


@functools.cache
def _digest_of(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
