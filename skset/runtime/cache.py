"""The disk cache of compiled kernels: numba's, with guards.

numba's own has weak points (measured with 0.68). An index is stamped with the hash of
one source file only, so that an upgrade which changes another file runs stale machine
code. A damaged file raises at the first call. A read-only installation without a
writable home raises at import. And an index names numbered files: two processes that
compile at once may take the same number, one loses its work, and the machine code of
one signature can end up under the name of another.

Here each signature has a file of its own, named by the hash of all that the machine
code depends on. It is written under another name and renamed, and says itself what it
holds. So processes need no lock and never wait for each other: at worst several compile
the same. Whose files are trusted, and where they lie, is said in `places.py`.
"""

import contextlib
import functools
import hashlib
import inspect
import os
import pickle
import re
import sys
import uuid
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.serialize import dumps

from skset.runtime.places import Places, is_trusted, make_directory, places_for

__all__ = ["RECORD", "GuardedCache", "cache_files", "clear_cache"]

PACKAGE = Path(__file__).parents[1]
# The folders with compiled functions, and with what decides how they are compiled.
ROOMS = "runtime", "kernels"
# Settings of numba that change the machine code but not the signature.
SETTINGS = "BOUNDSCHECK", "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "DEBUGINFO_DEFAULT"
# The name of a file of ours: kernel and Python version, then the beginnings of the hash
# of the sources and of that of the signature; with an end where a process was killed
# while it wrote. numba's own have one number.
FILE_NAME = re.compile(
    r".+\.py[0-9]+[a-z]*\.[0-9a-f]{8}\.[0-9a-f]{16}\.nbc(\.tmp\.[0-9a-f]+)?"
)


def package_stamp() -> str:
    """Return the SHA-256 of every source file of the runtime and of the kernels."""
    digest = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((PACKAGE / room).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


# Taken at import: what a process compiles is what it has imported, also where an
# upgrade replaces the files before its first fit.
PACKAGE_STAMP = package_stamp()


@dataclass
class Record:
    """What became of the kernels of this process.

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


class CodeFiles:
    """The files of one kernel, each with the machine code of one signature.

    Parameters
    ----------
    places : Places
        Where they lie.
    base : str
        What their names begin with.
    """

    def __init__(self, places: Places, base: str) -> None:
        self.places, self.base = places, base

    def name(self, key: Any) -> str:
        """Return the name of the file for the given key."""
        name = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
        return f"{self.base}.{PACKAGE_STAMP[:8]}.{name}.nbc"

    def load(self, key: Any) -> Any:
        """Return what was saved under the key, None if there is nothing or no more."""
        for directory in self.places.readable:
            with contextlib.suppress(Exception):  # of a damaged file, any
                found, data = pickle.loads(_content(directory / self.name(key)))
                if found == key:
                    return data
        return None

    def save(self, key: Any, data: Any) -> None:
        """Write a file as a whole or not at all, and remove those of older sources."""
        directory = self.places.writable
        if directory is None:
            return
        content = dumps((key, data))
        path = directory / self.name(key)
        temporary = path.with_name(f"{path.name}.tmp.{uuid.uuid4().hex[:16]}")
        try:
            with open(temporary, "xb", opener=_for_others_to_read) as file:
                file.write(hashlib.sha256(content).digest() + content)
            temporary.replace(path)
        except BaseException:
            _remove(temporary)
            raise
        self._remove_outdated()

    def flush(self) -> None:
        """Remove all files of this kernel."""
        for path in _files_in(self.places.writable):
            if path.name.startswith(f"{self.base}."):
                _remove(path)

    def _remove_outdated(self) -> None:
        for path in _files_in(self.places.writable):
            if path.suffix == ".nbc" and path.name.split(".")[-3] != PACKAGE_STAMP[:8]:
                _remove(path)


class CodePlace(CompileResultCacheImpl):
    """What numba asks about the place of a kernel's code; it is its own locator."""

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
        """Return what tells functions of one name apart."""
        return str(self._lineno)

    def ensure_cache_path(self) -> None:
        """Make the directory again if it has vanished."""
        if self.places.writable is not None:
            make_directory(self.places.writable)


class GuardedCache(FunctionCache):
    """numba's disk cache, keyed by all that matters and never fatal."""

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
        """Return the cached code, or None where there is none that can be read."""
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

    All of skset's code lies in one place, from whichever room it is.
    """
    return str(PACKAGE) if PACKAGE in Path(file).parents else os.path.dirname(file)


def _warn_once() -> None:
    """Warn at the first compilation of the process that nothing keeps."""
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
    return sorted(path for place in places for path in _files_in(place))


def clear_cache() -> tuple[int, int]:
    """Remove all files with machine code of this package's kernels.

    Returns
    -------
    n_files, n_bytes : int
        How many there were, and their size.

    Raises
    ------
    OSError
        For the first of those that could not be removed, after all others were.
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


def _content(path: Path) -> bytes:
    """Return what a file holds; raise an OSError if it is damaged or not trusted."""
    with open(path, "rb") as file:
        if not is_trusted(os.fstat(file.fileno())):
            raise PermissionError(f"{path} could have been written by someone else")
        content = file.read()
    digest, content = content[:32], content[32:]
    if hashlib.sha256(content).digest() != digest:
        raise OSError(f"{path} is cut off, or damaged otherwise")
    return content


def _for_others_to_read(path: str, flags: int) -> int:
    """Open a file that nobody else may write, whatever the umask is."""
    return os.open(path, flags, 0o644)


def _files_in(directory: Path | None) -> list[Path]:
    """Return the files of ours in a directory, none where there is no directory."""
    if directory is None:
        return []
    return [
        path
        for path in directory.glob("*.nbc*")
        if FILE_NAME.fullmatch(path.name) and path.is_file()
    ]


@functools.cache
def _digest_of(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
