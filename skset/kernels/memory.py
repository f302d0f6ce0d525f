"""Arrays that begin with a cache line, for kernels to work in."""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["aligned_empty"]

# An argument of kernels. numba compiles them for any type of numbers.
Array = NDArray[Any]

# Bytes of a cache line. A vector that crosses its border needs two reads.
CACHE_LINE = 64


def aligned_empty(shape: int | tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return an array like np.empty, that begins with a cache line."""
    dtype = np.dtype(dtype)
    size = shape if isinstance(shape, int) else math.prod(shape)
    n_bytes = size * dtype.itemsize
    buffer = np.empty(n_bytes + CACHE_LINE, np.uint8)
    start = -buffer.ctypes.data % CACHE_LINE
    return buffer[start : start + n_bytes].view(dtype).reshape(shape)
