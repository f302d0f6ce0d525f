"""Numbers by which threads wait for each other without the interpreter.

To wake a sleeping thread takes as long as to train a small layer. So a thread that has
just been busy watches a number for a while before it sleeps, in machine code that has
released the interpreter's lock.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types
from numba.extending import lower_builtin, type_callable
from numba.np.arrayobj import make_array
from numpy.typing import NDArray

from skset.runtime.jit import kernel

__all__ = ["arrive", "arrive_and_await"]

Numbers = NDArray[np.int64]

# After the number has changed, go on for some 7 microseconds. The thread that changed
# it holds the interpreter's lock for three more, and a thread that asks for the lock
# too early is put to sleep. The threads also do not meet at the end of equal shares.
LINGER = 25_000


def _read(numbers: Numbers, place: int) -> int:
    """Return numbers[place], with the latest change by another thread."""
    return int(numbers[place])


def _write(numbers: Numbers, place: int, value: int) -> None:
    """Set numbers[place]; other threads see all earlier writes before this one."""
    numbers[place] = value


@type_callable(_read)
def _type_of_read(context: Any) -> Callable[..., Any]:
    return lambda numbers, place: numbers.dtype


@type_callable(_write)
def _type_of_write(context: Any) -> Callable[..., Any]:
    return lambda numbers, place, value: types.none


def _address(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    array = make_array(signature.args[0])(context, builder, args[0])
    place = context.cast(builder, args[1], signature.args[1], types.intp)
    return builder.gep(array.data, [place])


@lower_builtin(_read, types.Array, types.Integer)
def _lower_read(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return builder.load_atomic(
        _address(context, builder, signature, args), ordering="acquire", align=8
    )


@lower_builtin(_write, types.Array, types.Integer, types.Integer)
def _lower_write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    value = context.cast(builder, args[2], signature.args[2], types.int64)
    address = _address(context, builder, signature, args)
    builder.store_atomic(value, address, ordering="release", align=8)
    return context.get_dummy_value()


@kernel
def arrive(numbers: Numbers, place: int, value: int) -> None:
    """Set numbers[place], for a thread that waits for it."""
    _write(numbers, place, value)


@kernel
def arrive_and_await(
    numbers: Numbers, place: int, value: int, awaited: int, past: int, patience: int
) -> bool:
    """Set numbers[place], then watch numbers[awaited] until it is beyond `past`.

    Returns whether that happened within `patience` looks.
    """
    _write(numbers, place, value)
    for _ in range(patience):
        if _read(numbers, awaited) > past:
            for _ in range(LINGER):  # noqa: SIM110
                if _read(numbers, awaited) <= past:  # never; or none is read
                    return False
            return True
    return False
