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
the same.
"""

import contextlib
import hashlib
import os
import pickle
import uuid
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core.caching import FunctionCache, NullCache
from numba.core.serialize import dumps

__all__ = ["RECORD", "GuardedCache", "UncachedKernels", "cache_files", "clear_cache"]

# Settings of numba that change the machine code but not the signature.
SETTINGS = "BOUNDSCHECK", "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "DEBUGINFO_DEFAULT"
# Ours, numba's own of before, and what a process that was killed left behind.
PATTERNS = ("*.nbc", "*.nbi", "*.nbc.tmp.*", "*.nbi.tmp.*")


def package_stamp():
    """Return the SHA-256 of every source file in this package."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
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
    failure : Exception or None
        Why a signature could not be kept, if there was one.
    """

    compiled: int = 0
    loaded: int = 0
    directories: set[Path] = field(default_factory=set)
    failure: Exception | None = None


RECORD = Record()


class CodeFiles:
    """The files of one kernel, each with the machine code of one signature.

    Parameters
    ----------
    directory : str
        Where they lie.
    base : str
        What their names begin with.
    """

    def __init__(self, directory, base):
        self.directory, self.base = Path(directory), base

    def path(self, key):
        """Return the path of the file for the given key."""
        name = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
        return self.directory / f"{self.base}.{PACKAGE_STAMP[:8]}.{name}.nbc"

    def load(self, key):
        """Return what was saved under the key, None if there is nothing or no more."""
        try:
            content = self.path(key).read_bytes()
        except OSError:
            return None
        digest, content = content[:32], content[32:]
        if hashlib.sha256(content).digest() != digest:
            return None  # cut off, or damaged otherwise
        found, data = pickle.loads(content)
        return data if found == key else None

    def save(self, key, data):
        """Write a file as a whole or not at all, and remove those of older sources."""
        content = dumps((key, data))
        path = self.path(key)
        temporary = path.with_name(f"{path.name}.tmp.{uuid.uuid4().hex[:16]}")
        try:
            temporary.write_bytes(hashlib.sha256(content).digest() + content)
            temporary.replace(path)
        except BaseException:
            _remove(temporary)
            raise
        self._remove_outdated()

    def flush(self):
        """Remove all files of this kernel."""
        for path in self.directory.glob(f"{self.base}.*.nbc"):
            _remove(path)

    def _remove_outdated(self):
        for path in self.directory.glob("*.*.*.nbc"):
            if path.name.split(".")[-3] != PACKAGE_STAMP[:8]:
                _remove(path)


class GuardedCache(FunctionCache):
    """numba's disk cache, keyed by all that matters and never fatal."""

    def __init__(self, function):
        super().__init__(function)
        files: Any = CodeFiles(self._cache_path, self._impl.filename_base)
        self._cache_file = files
        self._source = self._impl.locator.get_source_stamp()
        RECORD.directories.add(Path(self._cache_path))

    def _index_key(self, sig, codegen):
        settings = [str(getattr(numba.config, name, None)) for name in SETTINGS]
        versions = numba.__version__, np.__version__
        key = super()._index_key(sig, codegen)
        return (*key, PACKAGE_STAMP, self._source, *versions, *settings)

    def load_overload(self, sig, target_context):
        """Return the cached code, or None where there is none that can be read."""
        try:
            code = super().load_overload(sig, target_context)
        except Exception:  # whatever a damaged file makes pickle or LLVM raise
            code = None
        RECORD.loaded += code is not None
        RECORD.compiled += code is None
        return code

    def save_overload(self, sig, data):
        """Write the code to disk; a full or read-only disk costs only the saving."""
        try:
            super().save_overload(sig, data)
        except Exception as failure:
            RECORD.failure = failure


class UncachedKernels(NullCache):
    """Stands in where no directory can be written: compiles, and says so once."""

    warned = False

    def load_overload(self, sig, target_context):
        """Warn at the first compilation of the process, then compile."""
        RECORD.compiled += 1
        if not UncachedKernels.warned:
            UncachedKernels.warned = True
            warnings.warn(
                "skset found no writable directory for its compiled kernels and "
                "compiles them anew in every process. Set the environment variable "
                "NUMBA_CACHE_DIR to a writable directory to keep them.",
                UserWarning,
                stacklevel=2,
            )


def cache_files():
    """Return the paths of all files with machine code of this package's kernels."""
    # The directories are named after that of the kernels: no one else's code is there.
    found = {
        path
        for directory in RECORD.directories
        for pattern in PATTERNS
        for path in directory.glob(pattern)
        if path.is_file()
    }
    return sorted(found)


def clear_cache():
    """Remove all files with machine code of this package's kernels.

    Returns
    -------
    n_files, n_bytes : int
        How many there were, and their size.
    """
    n_files = n_bytes = 0
    for path in cache_files():
        with contextlib.suppress(FileNotFoundError):  # another process was faster
            size = path.stat().st_size
            path.unlink()
            n_files, n_bytes = n_files + 1, n_bytes + size
    return n_files, n_bytes


def _remove(path):
    with contextlib.suppress(OSError):
        os.unlink(path)
