"""`Lanes`: a few neighbouring numbers of a row, held in vector registers.

numba has no vector type, and what its compiler makes of loops over short rows is left
to luck. With these functions a kernel says what it means: take 32 neighbours of a row,
multiply them by a weight, add them to those of another row, put them back. The compiler
splits them into as many registers as the machine's vectors need, wide or narrow.

Each function is also plain Python on small arrays, which is what runs where
``NUMBA_DISABLE_JIT`` is set; `_typing.py` has the types that come out of them, and
`_lowering.py` the instructions that they become. Rows
belong to C-contiguous two-dimensional arrays; places are checked where numba checks
bounds.
"""

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import models, register_model

__all__ = [
    "add",
    "at",
    "bare",
    "cell",
    "divide",
    "eight",
    "item",
    "lanes",
    "leak",
    "load",
    "lowest_bit",
    "multiply_add",
    "multiply_add_pairs",
    "n_rows",
    "prefetch",
    "put",
    "reaching",
    "root",
    "shifted",
    "store",
    "subtract",
    "total",
    "totals",
    "width",
    "zeros",
]

ELEMENTS = {
    types.float32: ir.FloatType(),
    types.float64: ir.DoubleType(),
    types.int16: ir.IntType(16),
    types.int32: ir.IntType(32),
}


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


def bare(array):
    """Return the array for the functions below.

    numba counts the references to an array wherever that is handed on, even in inner
    loops; to this it does not. The array must be C-contiguous and outlive it.
    """
    return array


def lanes(n, value):
    """Return n times the value; n must be a literal number."""
    return np.full(n, value)


def width(array):
    """Return the length of the last axis."""
    return array.shape[-1]


def n_rows(array):
    """Return the length of the first axis."""
    return array.shape[0]


def load(rows, row, column, like):
    """Return as many neighbours as `like` has, from rows[row, column] on."""
    return rows[row, column : column + like.size].copy()


def item(array, place):
    """Return array[place]; counting from the end, which costs time, is not allowed."""
    return array[place]


def cell(rows, row, column):
    """Return rows[row, column]; counting from the end is not allowed."""
    return rows[row, column]


def store(rows, row, column, values):
    """Write the values from rows[row, column] on."""
    rows[row, column : column + values.size] = values


def at(array, place, like):
    """Return as many neighbours as `like` has, from array[place] on."""
    return array[place : place + like.size].copy()


def put(array, place, values):
    """Write the values from array[place] on."""
    array[place : place + values.size] = values


def add(a, b):
    """Return ``a + b``."""
    return a + b


def subtract(a, b):
    """Return ``a - b``."""
    return a - b


def multiply_add(factor, x, z):
    """Return ``factor * x + z``, rounded once where the machine can."""
    return factor * x + z


def multiply_add_pairs(pair, x, z):
    """Return z plus the products of the pairs of x with a pair, ``p * x0 + q * x1``.

    A pair is two 16-bit numbers side by side, and `pair` the 32-bit number that they
    make. z holds 32-bit numbers, half as many as there are in x.
    """
    first, second = np.array([pair], np.int32).view(np.int16).astype(np.int32)
    x = x.astype(np.int32)  # numpy 1 would multiply in 16 bits
    return z + first * x[::2] + second * x[1::2]


def leak(a, by, slope):
    """Return a where `by` is positive, ``slope * a`` elsewhere."""
    return np.where(by > 0, a, slope * a)


def reaching(a, b, c, d, bound):
    """Return which absolute values reach the bound: a bit for each, those of a first.

    Sixteen whole numbers of 32 bits each.
    """
    reached = np.abs(np.concatenate([a, b, c, d])) >= bound
    return np.uint64(sum(1 << int(n) for n in np.flatnonzero(reached)))


def lowest_bit(bits):
    """Return the place of the lowest bit that is set; there is one."""
    return (int(bits) & -int(bits)).bit_length() - 1


def total(a):
    """Return the sum of the numbers."""
    return a.sum()


def totals(a, b, c, d, e, f, g, h):
    """Return the sums of each, side by side."""
    return np.array([a, b, c, d, e, f, g, h]).sum(axis=1)


def zeros(like):
    """Return as many zeros as `like` has numbers."""
    return np.zeros_like(like)


def eight(array, place):
    """Return array[place] and the seven behind it, each by itself."""
    return tuple(array[place : place + 8])


def divide(a, b):
    """Return ``a / b``."""
    return a / b


def root(a):
    """Return the square root."""
    return np.sqrt(a)


def shifted(a, by):
    """Return a plus a scalar."""
    return a + by


def prefetch(rows, row, column):
    """Ask for rows[row, column] to be brought near, without waiting for it."""
