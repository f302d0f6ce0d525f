"""What numba lacks for threads: atomic words, and the machine's sleep.

Each operation is declared once. Its body is the meaning in plain Python, which several
Python threads may call. The rule below it has the instructions for the compiler. Places
are checked if numba checks bounds.
"""

import ctypes
import os
import time
from _thread import allocate_lock
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import lower_builtin, type_callable
from numba.np.arrayobj import make_array
from numpy.typing import NDArray

__all__ = ["exchange", "read", "relax", "sleep", "sleep_address", "write"]

Words = NDArray[np.int64]

INT32 = ir.IntType(32)
# How a processor is told that a thread waits: LLVM's name, and an argument.
RELAX = {"x86_64": ("llvm.x86.sse2.pause",), "aarch64": ("llvm.aarch64.hint", 1)}
RELAX["arm64"] = RELAX["aarch64"]
# Seconds of sleep where there is no machine code.
NAP = 2e-5

_lock = allocate_lock()


def read(words: Words, place: int) -> int:
    """Return words[place], and see all that was written before it was."""
    return int(words[place])


def write(words: Words, place: int, value: int) -> None:
    """Set words[place]; who reads it sees all that was written before."""
    words[place] = value


def exchange(words: Words, place: int, seen: int, value: int) -> bool:
    """Set words[place] if it is still `seen`; return whether it was."""
    with _lock:
        unchanged = bool(words[place] == seen)
        if unchanged:
            words[place] = value
    return unchanged


def relax() -> None:
    """Wait for a moment, to the benefit of other threads of the same core."""


def sleep(address: int) -> None:
    """Sleep for some 50 microseconds, by the C function at an address."""
    time.sleep(NAP)


def sleep_address() -> int:
    """Return the address for `sleep`, 0 if there is none.

    It is found anew in every process, so no machine code on disk has it.
    """
    library, name = ("kernel32", "Sleep") if os.name == "nt" else (None, "usleep")
    try:
        function = getattr(ctypes.CDLL(library), name)
    except (AttributeError, OSError):
        return 0
    return ctypes.cast(function, ctypes.c_void_p).value or 0


# The types of the results, then the instructions

Word = types.Array, types.Integer
type_callable(read)(lambda context: lambda words, place: types.int64)
type_callable(write)(lambda context: lambda words, place, value: types.none)
type_callable(exchange)(lambda context: lambda words, place, seen, value: types.boolean)
type_callable(relax)(lambda context: lambda: types.none)
type_callable(sleep)(lambda context: lambda address: types.none)


def _address(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Return a pointer to the word; the first two arguments are array and place."""
    array = make_array(signature.args[0])(context, builder, args[0])
    place = context.cast(builder, args[1], signature.args[1], types.intp)
    if context.enable_boundscheck:
        (size,) = cgutils.unpack_tuple(builder, array.shape)
        cgutils.do_boundscheck(context, builder, place, size)
    return builder.gep(array.data, [place])


def _values(context: Any, builder: Any, signature: Any, args: Any) -> list[Any]:
    """Return the arguments behind array and place, as 64-bit integers."""
    given = list(zip(args, signature.args, strict=True))[2:]
    return [context.cast(builder, value, kind, types.int64) for value, kind in given]


@lower_builtin(read, *Word)
def _lower_read(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    address = _address(context, builder, signature, args)
    return builder.load_atomic(address, ordering="acquire", align=8)


@lower_builtin(write, *Word, types.Integer)
def _lower_write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    address = _address(context, builder, signature, args)
    (value,) = _values(context, builder, signature, args)
    builder.store_atomic(value, address, ordering="release", align=8)
    return context.get_dummy_value()


@lower_builtin(exchange, *Word, types.Integer, types.Integer)
def _lower_exchange(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    address = _address(context, builder, signature, args)
    seen, value = _values(context, builder, signature, args)
    found = builder.cmpxchg(address, seen, value, "acq_rel", "acquire")
    return builder.extract_value(found, 1)


@lower_builtin(relax)
def _lower_relax(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    name, *values = RELAX.get(builder.module.triple.split("-")[0], [None])
    if name:
        kind = ir.FunctionType(ir.VoidType(), [INT32] * len(values))
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        builder.call(function, [ir.Constant(INT32, value) for value in values])
    return context.get_dummy_value()


@lower_builtin(sleep, types.Integer)
def _lower_sleep(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    address = context.cast(builder, args[0], signature.args[0], types.int64)
    kind = ir.FunctionType(INT32, [INT32]).as_pointer()
    function = builder.inttoptr(address, kind)
    builder.call(function, [ir.Constant(INT32, 1)])  # usleep: microseconds at least
    return context.get_dummy_value()
