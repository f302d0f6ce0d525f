"""Arrays from addresses share the memory of the arrays that they are of."""

import numpy as np
import pytest

from skset.kernels.addresses import array_at
from skset.runtime.jit import kernel

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])


@kernel
def double_all(address, n, m, like):
    """Double a matrix in place; return its shape, and the sum of it as a vector."""
    matrix, vector = array_at(address, (n, m), like), array_at(address, (n * m,), like)
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            matrix[i, j] *= 2
    total = 0.0
    for k in range(vector.size):
        total += vector[k]
    return matrix.shape, total


@dtypes
def test_a_matrix_is_changed_in_place(dtype):
    memory = np.arange(20, dtype=dtype)
    part = memory[4:16].reshape(3, 4)
    like = np.empty(0, dtype)
    for run in (double_all, getattr(double_all, "py_func", double_all)):
        before = memory.copy()
        shape, total = run(part.ctypes.data, 3, 4, like)
        before[4:16] *= 2
        assert memory.tolist() == before.tolist()
        assert (shape, total) == ((3, 4), before[4:16].sum())


def test_without_numbers_any_address_will_do():
    for run in (double_all, getattr(double_all, "py_func", double_all)):
        assert run(0, 0, 7, np.empty(0)) == ((0, 7), 0)
