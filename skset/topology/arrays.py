"""Checks of arrays of units and positions, and read-only views."""

import operator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from skset import kernels

__all__ = [
    "Booleans",
    "Floats",
    "Integers",
    "Shape",
    "checked_pattern",
    "checked_shape",
    "in_order",
    "read_only",
    "whole_numbers",
]

# Arrays of any shape, for annotations.
Floats: TypeAlias = npt.NDArray[np.floating[Any]]
Integers: TypeAlias = npt.NDArray[np.integer[Any]]
Booleans: TypeAlias = npt.NDArray[np.bool_]
# (n_in, n_out) of a layer.
Shape: TypeAlias = tuple[int, int]

# Outputs are numbered in int32, positions in int64.
MOST_OUTPUTS, MOST_PLACES = 2**31 - 1, 2**63 - 1


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a view of the array through which nothing can be written."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def checked_pattern(
    shape: Any, indptr: Any, indices: Any
) -> tuple[tuple[int, int], Integers, Integers]:
    """Return the shape and the arrays of a Topology; raise if they are invalid."""
    n_in, n_out = checked_shape(shape)
    indptr = whole_numbers("indptr", indptr)
    indices = whole_numbers("indices", indices)
    if (
        indptr.shape != (n_in + 1,)
        or indptr[0] != 0
        or indptr[-1] != indices.size
        or (indptr[1:] < indptr[:-1]).any()
    ):
        raise ValueError(
            f"indptr of a Topology must have {n_in + 1} entries that rise, or stay the "
            f"same, from 0 to {indices.size}, the number of indices."
        )
    if indices.size and not (indices.min() >= 0 and indices.max() < n_out):
        raise ValueError(f"indices of a Topology must be in [0, {n_out}), its outputs.")
    rises = indices[1:] > indices[:-1]
    starts = indptr[(indptr > 0) & (indptr < indices.size)]
    rises[starts.astype(np.int64) - 1] = True  # from one input to the next
    if not rises.all():
        raise ValueError(
            "indices of a Topology must be sorted and different for each input."
        )
    indptr = np.ascontiguousarray(indptr, np.int64)
    return (n_in, n_out), indptr, np.ascontiguousarray(indices, np.int32)


def checked_shape(shape: Any) -> tuple[int, int]:
    """Return the shape as a tuple of two ints; raise if no layer can have it."""
    try:
        n_in, n_out = (operator.index(n) for n in shape)
    except (TypeError, ValueError):
        n_in = n_out = -1
    if n_in < 0 or not 0 <= n_out <= MOST_OUTPUTS or n_in * n_out > MOST_PLACES:
        raise ValueError(
            "The shape of a Topology must be two numbers of units, of inputs and of "
            f"outputs, got {shape!r}."
        )
    return n_in, n_out


def whole_numbers(name: str, values: Any) -> Integers:
    """Return the values as an array; raise if it is not 1-D and of integers."""
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(
            f"{name} must be a 1-D array of integers, got {array.dtype} of shape "
            f"{array.shape}."
        )
    return array if array.size else array.astype(np.int64)


def in_order(positions: Integers, shape: tuple[int, int]) -> Integers:
    """Return positions in a layer of this shape, sorted.

    The given array is overwritten, and may be the one that is returned.
    """
    room = np.empty_like(positions)
    ordered: Integers = kernels.sort_numbers(positions, room, shape[0] * shape[1])
    return ordered
