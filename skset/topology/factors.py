"""Thin matrices L and R, one row for each unit, whose products are scores of pairs."""

import numpy as np

from skset import kernels
from skset.topology.arrays import read_only

__all__ = ["fitting", "moderate", "row_lengths"]

FLOATS = (np.float32, np.float64)
# The greatest scores stay below what overflows by so many powers of two, as kernels
# multiply them by squared lengths of codes.
ROOM = 34


def fitting(L, R, n_rows):
    """Return L and R as kernels take them, or raise if they do not fit together.

    `n_rows` are those that they must have, None where any number will do.
    """
    found = L.shape, R.shape
    L = np.ascontiguousarray(L, L.dtype if L.dtype in FLOATS else float)
    R = np.ascontiguousarray(R, L.dtype)
    if (
        [len(shape) for shape in found] != [2, 2]
        or L.shape[1] != R.shape[1]
        or any(n not in (None, len(x)) for n, x in zip(n_rows, (L, R), strict=True))
    ):
        raise ValueError(
            "L and R must have a row for each input and for each output, and as many "
            f"columns as each other; their shapes are {found[0]} and {found[1]}, the "
            f"layer has {n_rows[0]} inputs and {n_rows[1] or 'any number of'} outputs."
        )
    return L, R


def moderate(rows):
    """Return the rows times a power of two by which no score can overflow.

    Nor do any vanish but what is next to nothing beside the greatest numbers: those are
    made as great as they can be.
    """
    most = np.finfo(rows.dtype).maxexp
    _, exponent = np.frexp(np.abs(rows).max(initial=0))
    _, of_sum = np.frexp(float(rows.shape[1]))
    shift = (most - ROOM - of_sum) // 2 - int(exponent)
    number = rows.dtype.type  # half the way is one of this type, the whole may be none
    shifted = rows * number(2.0 ** (shift // 2))
    shifted *= number(2.0 ** (shift - shift // 2))
    return shifted


def row_lengths(rows):
    """Return the Euclidean length of each row, in float64."""
    dtype = rows.dtype if rows.dtype in FLOATS else float
    lengths = np.empty(rows.shape[0])
    # Read-only always, as to the compiler that is another type.
    rows = read_only(np.ascontiguousarray(rows, dtype))
    kernels.row_lengths(rows, lengths)
    return lengths
