"""The one decorator through which every kernel is compiled.

It fixes the compiler flags and guards numba's disk cache, which has three weak
points (measured with numba 0.68): an index is stamped with the hash of one source
file only, so that an upgrade which changes another file runs stale machine code; a
truncated cache file raises at the first call; and a read-only installation without a
writable home raises at import.
"""

import hashlib
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache, NullCache

__all__ = ["inlined", "kernel"]

# `fastmath=True` would let the compiler assume that no NaN exists, and isnan(nan)
# would be False. These flags only let it reorder and contract sums.
FAST_MATH = frozenset({"nsz", "arcp", "contract", "afn", "reassoc"})
OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": set(FAST_MATH),
}


@cache
def package_stamp():
    """SHA-256 of every source file in this package: the key of all cached code."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class GuardedCache(FunctionCache):
    """numba's disk cache, stamped with the whole package and never fatal.

    Unlike numba, it keeps code compiled with and without bounds checks apart.
    """

    def _index_key(self, sig, codegen):
        key = super()._index_key(sig, codegen)
        checked = getattr(numba.config, "BOUNDSCHECK", None)
        return (*key, package_stamp(), bool(checked))

    def load_overload(self, sig, target_context):
        """Return the cached code, or None where there is none that can be read."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever a damaged file makes pickle or LLVM raise
            self._forget()
            return None

    def save_overload(self, sig, data):
        """Write the code to disk; a full or read-only disk costs only the saving."""
        try:
            super().save_overload(sig, data)
        except Exception:
            self._forget()

    def _forget(self):
        try:
            self.flush()
        except OSError:
            self.disable()


class UncachedKernels(NullCache):
    """Stands in where no directory can be written: compiles, and says so once."""

    warned = False

    def load_overload(self, sig, target_context):
        """Warn at the first compilation of the process, then compile."""
        if not UncachedKernels.warned:
            UncachedKernels.warned = True
            warnings.warn(
                "skset found no writable directory for its compiled kernels and "
                "compiles them anew in every process. Set the environment variable "
                "NUMBA_CACHE_DIR to a writable directory to keep them.",
                UserWarning,
                stacklevel=2,
            )


def kernel(function):
    """Compile `function` to machine code at its first call.

    Parameters
    ----------
    function : callable
        A function of arrays and scalars that calls only kernels of its own file.

    Returns
    -------
    dispatcher : callable
        The numba dispatcher, with the GIL released while it runs; `function` itself
        where ``NUMBA_DISABLE_JIT`` is set.
    """
    dispatcher = numba.njit(**OPTIONS)(function)
    if hasattr(dispatcher, "_cache"):
        dispatcher._cache = _cache_for(function)
    return dispatcher


def inlined(function):
    """Compile a part of kernels into each of its callers, whatever its size.

    Not by numba's own inlining, which counts references to the arrays in inner loops.
    It is not cached by itself: its callers are.
    """
    return numba.njit(**OPTIONS, forceinline=True)(function)


def _cache_for(function):
    try:
        return GuardedCache(function)
    except (RuntimeError, OSError):  # no locator found a writable directory
        return UncachedKernels()
