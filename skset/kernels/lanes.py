"""`Lanes`: a few neighbouring numbers of a row, held in vector registers.

numba has no vector type, and its compiler's results for loops over short rows vary.
With these operations a kernel says exactly what to do: take 32 neighbours of a row,
multiply them by a weight, add them to those of another row, put them back. The compiler
splits them into as many registers as the machine needs.

An operation is declared once. Its body is the definition in plain Python on small
arrays, which runs if ``NUMBA_DISABLE_JIT`` is set. The rule in front of it gives the
type of the result for the compiler. `_lane_instructions.py` has the instructions of the
operation, under the same name. `lane_sums.py` has the operations that add up.

Rows belong to C-contiguous two-dimensional arrays. Places are checked if numba checks
bounds. An array of uint16 holds halves, see `halves.py`: they are converted between
memory and registers.
"""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import models, register_model, type_callable

from skset.kernels.halves import HALF, halved, widened

__all__ = ["Bare", "Lanes"]  # and every operation

ELEMENTS = {
    types.float32: ir.FloatType(),
    types.float64: ir.DoubleType(),
    types.int16: ir.IntType(16),
    types.uint16: ir.IntType(16),
    types.int32: ir.IntType(32),
}
Function = TypeVar("Function", bound=Callable[..., Any])


class Lanes(types.Type):
    """The compiler's type of n numbers side by side."""

    def __init__(self, dtype, n):
        self.dtype, self.n = dtype, n
        super().__init__(name=f"Lanes({n} x {dtype})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, lanes_type):
        vector = ir.VectorType(ELEMENTS[lanes_type.dtype], lanes_type.n)
        super().__init__(manager, lanes_type, vector)


class Bare(types.Type):
    """The compiler's type of an array whose references are not counted."""

    def __init__(self, dtype, ndim, mutable):
        self.dtype, self.ndim, self.mutable = dtype, ndim, mutable
        super().__init__(name=f"Bare({dtype}, {ndim}, {mutable})")


@register_model(Bare)
class _BareModel(models.StructModel):
    def __init__(self, manager, bare_type):
        sizes = [("stride", types.intp), ("n_rows", types.intp), ("width", types.intp)]
        pointer = ("data", types.CPointer(bare_type.dtype))
        super().__init__(manager, bare_type, [pointer, *sizes])


def operation(rule: Callable[..., Any]) -> Callable[[Function], Function]:
    """Declare an operation that kernels can call.

    Parameters
    ----------
    rule : callable
        Takes the compiler's types of the arguments. Returns the type of the result, or
        None if the operation does not take these types.
    """

    def declare(function: Function) -> Function:
        type_callable(function)(lambda context: rule)
        sys.modules[function.__module__].__all__.append(function.__name__)
        return function

    return declare


def _type_of_bare(array):
    return Bare(array.dtype, array.ndim, array.mutable) if array.layout == "C" else None


def _type_of_full(n, value):
    return (
        Lanes(value, n.literal_value) if isinstance(n, types.IntegerLiteral) else None
    )


def _type_of_pieces(array, like):
    return Lanes(like.dtype if array.dtype == types.uint16 else array.dtype, like.n)


# Arrays


@operation(_type_of_bare)
def bare(array):
    """Return the array without reference counts, for the operations below.

    numba counts the references to an array whenever it is passed on, even in inner
    loops. It does not count references to the result. The array must be C-contiguous
    and live longer than the result.
    """
    return array


@operation(lambda array: types.intp)
def width(array):
    """Return the length of the last axis."""
    return array.shape[-1]


@operation(lambda array: types.intp)
def n_rows(array):
    """Return the length of the first axis."""
    return array.shape[0]


@operation(lambda rows: types.boolean)
def has_halves(rows):
    """Return whether the numbers are halves."""
    return rows.dtype == HALF


@operation(lambda array, place: array.dtype)
def item(array, place):
    """Return array[place]; negative places are not allowed, which saves time."""
    return array[place]


@operation(lambda rows, row, column: rows.dtype)
def cell(rows, row, column):
    """Return rows[row, column]; negative indices are not allowed."""
    return rows[row, column]


@operation(lambda array, place: types.UniTuple(array.dtype, 8))
def eight(array, place):
    """Return array[place] and the seven numbers behind it, as eight scalars."""
    return tuple(array[place : place + 8])


@operation(lambda rows, row, column, like: types.none)
def prefetch(rows, row, column, like):
    """Load a piece of a row into the cache, without waiting for it, see `load`."""


# Between arrays and registers


@operation(lambda rows, row, column, like: _type_of_pieces(rows, like))
def load(rows, row, column, like):
    """Return neighbours that begin at rows[row, column], as many as `like` has.

    Halves become numbers of the type of `like`.
    """
    return widened(rows[row, column : column + like.size], like.dtype)


@operation(lambda array, place, like: Lanes(array.dtype, like.n))
def at(array, place, like):
    """Return neighbours that begin at array[place], as many as `like` has."""
    return array[place : place + like.size].copy()


@operation(lambda rows, row, column, values: types.none if rows.mutable else None)
def store(rows, row, column, values):
    """Write the values to the places that begin at rows[row, column]."""
    halves = rows.dtype == HALF and values.dtype != HALF
    place = slice(column, column + values.size)
    rows[row, place] = halved(values) if halves else values


@operation(lambda array, place, values: types.none if array.mutable else None)
def put(array, place, values):
    """Write the values to the places that begin at array[place]."""
    array[place : place + values.size] = values


# Between registers


@operation(lambda a, like: Lanes(like.dtype, a.n))
def converted(a, like):
    """Return a in the type of the numbers of `like`."""
    return a.astype(like.dtype)


@operation(lambda a, b, c, d, e, f, g, h: types.UniTuple(a, 8) if a.n == 8 else None)
def transposed(a, b, c, d, e, f, g, h):
    """Return the first numbers of each side by side, then the second ones, and so on.

    All are eight numbers of the same type.
    """
    return tuple(np.array([a, b, c, d, e, f, g, h]).T)


# Arithmetic


@operation(_type_of_full)
def full(n, value):
    """Return n times the value; n must be a literal number."""
    return np.full(n, value)


@operation(lambda value: Lanes(value, 1024 // value.bitwidth))
def panel(value):
    """Return the value as often as 128 bytes hold it."""
    return np.full(128 // value.dtype.itemsize, value)


@operation(lambda like: types.intp)
def n_lanes(like):
    """Return how many numbers there are."""
    return like.size


@operation(lambda like: like)
def zeros(like):
    """Return as many zeros as `like` has numbers."""
    return np.zeros_like(like)


@operation(lambda a, b: a)
def add(a, b):
    """Return ``a + b``."""
    return a + b


@operation(lambda a, b: a)
def subtract(a, b):
    """Return ``a - b``."""
    return a - b


@operation(lambda a, b: a)
def multiply(a, b):
    """Return ``a * b``."""
    return a * b


@operation(lambda a, b: a)
def divide(a, b):
    """Return ``a / b``."""
    return a / b


@operation(lambda a, by: a)
def shifted(a, by):
    """Return a plus a scalar."""
    return a + by


@operation(lambda a: a)
def root(a):
    """Return the square root."""
    return np.sqrt(a)


@operation(lambda factor, x, z: z)
def multiply_add(factor, x, z):
    """Return ``factor * x + z``, rounded once where the machine can."""
    return factor * x + z


@operation(lambda a, n: a)
def behind(a, n):
    """Return a with zeros in its first n places."""
    return np.where(np.arange(a.size) < n, a.dtype.type(0), a)


@operation(lambda a, by, slope: a)
def leak(a, by, slope):
    """Return a where `by` is positive, ``slope * a`` elsewhere."""
    return np.where(by > 0, a, slope * a)
