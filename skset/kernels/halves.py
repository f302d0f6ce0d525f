"""Halves: the upper 16 bits of float32 numbers, kept in arrays of uint16 ("bfloat16").

They have the range of float32 and 8 bits of its precision, and any machine converts
them by a shift. numpy has no such type. Kernels convert between memory and registers,
see `lanes.py`.
"""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from skset.kernels.memory import Array

__all__ = ["HALF", "halved", "widened"]

HALF = np.dtype(np.uint16)


def widened(numbers: Array, dtype: DTypeLike) -> Array:
    """Return a copy; halves become numbers of the given type."""
    if numbers.dtype != HALF:
        return numbers.copy()
    single: Any = (numbers.astype(np.uint32) << 16).view(np.float32)
    return single.astype(dtype, copy=False)


def halved(numbers: Array) -> Array:
    """Return numbers as halves, rounded to the nearest, of two to the even one."""
    bits = numbers.astype(np.float32).view(np.uint32)
    # A NaN that a machine makes stays one: its lower bits are 0.
    rounded: Array = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16
    return rounded.astype(HALF)
