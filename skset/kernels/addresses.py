"""`array_at`: an array from the address of its numbers, inside a kernel.

A kernel that gets arrays as arguments is compiled for their number. A table of
addresses serves a network of any depth with one kernel. Whoever writes the table keeps
the arrays alive. They are C-contiguous.
"""

import ctypes
from typing import Any

import numpy as np
from numba.core import cgutils, types
from numba.extending import lower_builtin, type_callable
from numba.np.arrayobj import make_array, populate_array

from skset.kernels.memory import Array

__all__ = ["array_at"]


def array_at(address: int, shape: tuple[int, ...], like: Array) -> Array:
    """Return the array at an address, of this shape and of the type of `like`.

    Parameters
    ----------
    address : int
        Where its first number lies. With no number any address will do.
    shape : tuple of int
        Its shape.
    like : ndarray
        Has the type of its numbers.
    """
    n_bytes = int(np.prod(shape)) * like.itemsize
    if not n_bytes:
        return np.empty(shape, like.dtype)
    memory = (ctypes.c_byte * n_bytes).from_address(int(address))
    return np.frombuffer(memoryview(memory), like.dtype).reshape(shape)


@type_callable(array_at)
def _type_of_array(context: Any) -> Any:
    return lambda address, shape, like: types.Array(like.dtype, shape.count, "C")


@lower_builtin(array_at, types.Integer, types.BaseTuple, types.Array)
def _lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    kind, shape = signature.return_type, signature.args[1]
    array = make_array(kind)(context, builder)
    sizes = [
        context.cast(builder, size, shape.dtype, types.intp)
        for size in cgutils.unpack_tuple(builder, args[1])
    ]
    itemsize = context.get_constant(types.intp, kind.dtype.bitwidth // 8)
    strides = [itemsize]
    for size in sizes[:0:-1]:
        strides.insert(0, builder.mul(strides[0], size))
    address = context.cast(builder, args[0], signature.args[0], types.intp)
    populate_array(
        array,
        data=builder.inttoptr(address, array.data.type),
        shape=sizes,
        strides=strides,
        itemsize=itemsize,
        meminfo=None,
    )
    return array._getvalue()
