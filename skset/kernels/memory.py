"""Arrays for kernels to work in."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["aligned_empty"]

# What kernels take: numba compiles them for whatever numbers are in it.
Array = NDArray[Any]

# Bytes of a cache line: a vector that crosses its border costs two reads.
CACHE_LINE = 64


def aligned_empty(shape: int | tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return an array as np.empty does, that begins with a cache line."""
    dtype = np.dtype(dtype)
    n_bytes = int(np.prod(shape)) * dtype.itemsize
    buffer = np.empty(n_bytes + CACHE_LINE, np.uint8)
    start = -buffer.ctypes.data % CACHE_LINE
    return buffer[start : start + n_bytes].view(dtype).reshape(shape)
