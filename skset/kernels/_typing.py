"""The types that come out of the functions of `_lanes.py`."""

from numba.core import types
from numba.extending import type_callable

from skset.kernels._lanes import (
    Bare,
    Lanes,
    add,
    at,
    bare,
    cell,
    divide,
    eight,
    item,
    lanes,
    leak,
    load,
    lowest_bit,
    multiply_add,
    multiply_add_pairs,
    n_rows,
    prefetch,
    put,
    reaching,
    root,
    shifted,
    store,
    subtract,
    total,
    totals,
    width,
    zeros,
)


def _typed(function):
    """Register what type comes out of a function."""
    return lambda typer: type_callable(function)(lambda context: typer)


@_typed(lanes)
def _(n, value):
    return (
        Lanes(value, n.literal_value) if isinstance(n, types.IntegerLiteral) else None
    )


@_typed(bare)
def _(array):
    if array.layout != "C":
        return None
    return Bare(array.dtype, array.ndim, array.mutable)


@_typed(width)
def _(array):
    return types.intp


@_typed(n_rows)
def _(array):
    return types.intp


@_typed(load)
def _(rows, row, column, like):
    return Lanes(rows.dtype, like.n)


@_typed(store)
def _(rows, row, column, values):
    return types.none if rows.mutable else None


@_typed(at)
def _(array, place, like):
    return Lanes(array.dtype, like.n)


@_typed(item)
def _(array, place):
    return array.dtype


@_typed(cell)
def _(rows, row, column):
    return rows.dtype


@_typed(put)
def _(array, place, values):
    return types.none if array.mutable else None


@_typed(prefetch)
def _(rows, row, column):
    return types.none


@_typed(add)
def _(a, b):
    return a


@_typed(subtract)
def _(a, b):
    return a


@_typed(multiply_add)
def _(factor, x, z):
    return z


@_typed(multiply_add_pairs)
def _(pair, x, z):
    fits = z == Lanes(types.int32, x.n // 2) and x.dtype == types.int16
    return z if fits and pair == types.int32 else None


@_typed(leak)
def _(a, by, slope):
    return a


@_typed(reaching)
def _(a, b, c, d, bound):
    fits = a == b == c == d == Lanes(types.int32, 16) and bound == types.int32
    return types.uint64 if fits else None


@_typed(lowest_bit)
def _(bits):
    return types.intp


@_typed(total)
def _(a):
    return a.dtype


@_typed(totals)
def _(a, b, c, d, e, f, g, h):
    return Lanes(a.dtype, 8)


@_typed(zeros)
def _(like):
    return like


@_typed(eight)
def _(array, place):
    return types.UniTuple(array.dtype, 8)


@_typed(divide)
def _(a, b):
    return a


@_typed(root)
def _(a):
    return a


@_typed(shifted)
def _(a, by):
    return a
