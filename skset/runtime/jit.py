"""The one decorator through which every kernel is compiled.

It fixes the compiler flags; `cache.py` keeps the machine code.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

from skset.runtime.cache import GuardedCache

__all__ = ["inlined", "kernel"]

# numba infers the types of arguments itself: type checkers see any type.
Result = TypeVar("Result")

# `fastmath=True` would let the compiler assume that no NaN exists, and isnan(nan)
# would be False. These flags only let it reorder and contract sums.
FAST_MATH = frozenset({"nsz", "arcp", "contract", "afn", "reassoc"})
OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": set(FAST_MATH),
}
# Python does not call a part. To compile it without a way in for Python and C takes
# half of the time.
WITHOUT_A_WAY_IN: dict[str, Any] = {
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}


def kernel(function: Callable[..., Result]) -> Callable[..., Result]:
    """Compile `function` to machine code at its first call.

    Parameters
    ----------
    function : callable
        A function of arrays and scalars. Of our functions it calls only those that are
        `inlined`, from any file of the kernels: the cache looks at all of these files.

    Returns
    -------
    dispatcher : callable
        The numba dispatcher, with the GIL released while it runs; `function` itself
        where ``NUMBA_DISABLE_JIT`` is set.
    """
    dispatcher: Callable[..., Result] = numba.njit(**OPTIONS)(function)
    if hasattr(dispatcher, "_cache"):
        dispatcher._cache = GuardedCache(function)
    return dispatcher


def inlined(function: Callable[..., Result]) -> Callable[..., Result]:
    """Compile a part of kernels into each of its callers, whatever its size.

    numba's own inlining is not used: it counts references to arrays in inner loops. The
    part has no cache of its own; its callers are cached.
    """
    dispatcher: Callable[..., Result]
    dispatcher = numba.njit(**OPTIONS, **WITHOUT_A_WAY_IN, forceinline=True)(function)
    return dispatcher
