"""Arrays for kernels to work in."""

import numpy as np

__all__ = ["aligned_empty"]

# Bytes of a cache line: a vector that crosses its border costs two reads.
CACHE_LINE = 64


def aligned_empty(shape, dtype):
    """Return an array as np.empty does, that begins with a cache line."""
    dtype = np.dtype(dtype)
    n_bytes = int(np.prod(shape)) * dtype.itemsize
    buffer = np.empty(n_bytes + CACHE_LINE, np.uint8)
    start = -buffer.ctypes.data % CACHE_LINE
    return buffer[start : start + n_bytes].view(dtype).reshape(shape)
