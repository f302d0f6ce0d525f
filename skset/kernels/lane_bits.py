"""Operations on lanes of integers: products of codes, and which of them are large.

They are declared as those in `lanes.py`. `_lane_bit_instructions.py` has their
instructions.
"""

import numpy as np
from numba.core import types

from skset.kernels.lanes import Lanes, operation

__all__: list[str] = []  # every operation


def _type_of_pairs(pair, x, z):
    fits = z == Lanes(types.int32, x.n // 2) and x.dtype == types.int16
    return z if fits and pair == types.int32 else None


def _type_of_bits(a, b, c, d, bound):
    fits = a == b == c == d == Lanes(types.int32, 16) and bound == types.int32
    return types.uint64 if fits else None


@operation(_type_of_pairs)
def multiply_add_pairs(pair, x, z):
    """Return z plus the products of the pairs of x with a pair, ``p * x0 + q * x1``.

    A pair is two 16-bit numbers side by side. `pair` is the 32-bit number of the same
    bits. z has 32-bit numbers, half as many as x.
    """
    first, second = np.array([pair], np.int32).view(np.int16).astype(np.int32)
    x = x.astype(np.int32)  # numpy 1 would multiply in 16 bits
    return z + first * x[::2] + second * x[1::2]


@operation(_type_of_bits)
def reaching(a, b, c, d, bound):
    """Return which absolute values reach the bound: a bit for each, first those of a.

    a and b have sixteen 32-bit integers each.
    """
    reached = np.abs(np.concatenate([a, b, c, d])) >= bound
    return np.uint64(sum(1 << int(n) for n in np.flatnonzero(reached)))


@operation(lambda bits: types.intp)
def lowest_bit(bits):
    """Return the place of the lowest bit that is set; there is one."""
    return (int(bits) & -int(bits)).bit_length() - 1
