"""Checks of the values that strategies return.

Each error names the parameter that the strategy was given as, the layer, and what was
returned.
"""

import reprlib
from collections.abc import Iterable, Sequence
from itertools import islice
from numbers import Integral, Real
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from skset.topology.arrays import Booleans, Integers
from skset.topology.pattern import Topology

__all__ = [
    "checked_count",
    "checked_flag",
    "checked_mask",
    "checked_positions",
    "checked_share",
    "checked_topologies",
    "refuse",
]


def refuse(
    parameter: str,
    wanted: str,
    returned: object,
    layer: int | None = None,
    but: str = "",
) -> NoReturn:
    """Raise the error of a strategy that returned something invalid.

    Parameters
    ----------
    parameter : str
        What the user gave the strategy as: "drop", "grow" and the like.
    wanted : str
        What it must return.
    returned : object
        What it has returned.
    layer : int, default=None
        Which layer that was for, 0 being the first.
    but : str, default=""
        What is wrong with it, if `returned` does not show that.
    """
    where = "" if layer is None else f" for layer {layer} (0 is the first)"
    raise ValueError(
        f"{parameter} must return {wanted}{where}, got {_told(returned)}{but}."
    )


def checked_share(parameter: str, returned: Any) -> float:
    """Return the number in [0, 1] that a schedule returned, as a float."""
    number = returned
    if isinstance(number, (np.ndarray, np.generic)) and number.ndim == 0:
        number = number.item()
    is_number = isinstance(number, Real) and not isinstance(number, bool)
    if not (is_number and 0 <= number <= 1):
        refuse(parameter, "a number in [0, 1]", returned)
    return float(number)


def checked_count(parameter: str, returned: Any, layer: int | None = None) -> int:
    """Return the number of something that was returned, as an int."""
    is_whole = isinstance(returned, Integral) and not isinstance(returned, bool)
    if not (is_whole and returned >= 0):
        refuse(parameter, "a whole number, 0 or more", returned, layer)
    return int(returned)


def checked_flag(parameter: str, returned: Any) -> bool:
    """Return the True or False that was returned, as a bool."""
    flag = _array(returned)
    if flag is None or flag.dtype != bool or flag.ndim:
        refuse(parameter, "True or False", returned)
    return bool(flag)


def checked_mask(
    parameter: str, returned: Any, size: int, layer: int | None = None
) -> Booleans:
    """Return the mask of connections or units, an array of `size` booleans."""
    mask = _array(returned)
    if mask is None or mask.dtype != bool or mask.shape != (size,):
        refuse(parameter, f"an array of {size} booleans", returned, layer)
    return np.ascontiguousarray(mask)


def checked_positions(
    parameter: str, returned: Any, n: int, layer: int | None = None
) -> Integers:
    """Return the positions, sorted, if there are n of them.

    `Topology.replaced` checks that they are free.
    """
    positions = _array(returned)
    whole = positions is not None and positions.dtype.kind in "iu"
    if positions is None or not whole or positions.shape != (n,):
        refuse(parameter, f"{n} positions as integers", returned, layer)
    # Stable sorting takes next to no time if they are sorted already.
    return np.sort(positions.astype(np.int64, copy=False), kind="stable")


def checked_topologies(
    returned: Any,
    shapes: Sequence[tuple[int, int]],
    wanted: str = "init must return",
) -> list[Topology]:
    """Return a list of the topologies that were returned, one for each shape.

    `wanted` begins the error.
    """
    wanted = f"{wanted} a Topology for each of the shapes {shapes}"
    if not isinstance(returned, Iterable):
        raise ValueError(f"{wanted}, got {_told(returned)}.")
    found = list(islice(returned, len(shapes) + 1))
    for layer, (topology, shape) in enumerate(zip(found, shapes, strict=False)):
        if not isinstance(topology, Topology):
            problem = _told(topology)
        elif topology.shape != shape:
            problem = f"one of the shape {topology.shape}"
        else:
            continue
        raise ValueError(f"{wanted}, got {problem} for layer {layer} (0 is the first).")
    if len(found) != len(shapes):
        more = len(found) > len(shapes)
        raise ValueError(f"{wanted}, got {'more' if more else len(found)} of them.")
    return found


def _array(returned: Any) -> npt.NDArray[Any] | None:
    """Return an array of what was returned, or None if that is impossible."""
    try:
        return np.asarray(returned)
    except (TypeError, ValueError):  # such as lists of different lengths
        return None


def _told(value: object) -> str:
    """Return how an error describes a value."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of {value.dtype} and shape {value.shape}"
    return reprlib.repr(value)
