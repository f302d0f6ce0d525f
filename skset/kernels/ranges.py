"""Kernels on ranges of values: which values are in one, and which are not."""

from skset.kernels.memory import Array
from skset.runtime.jit import kernel

__all__ = ["between", "outside"]


@kernel
def between(values: Array, low: float, high: float, found: Array) -> tuple[int, int]:
    """Collect the values from low to high; both ends are in the range.

    `found` has room for all values. Returns how many values are below the range, and
    how many are in it.
    """
    n_below = n = 0
    for k in range(values.size):
        # No branch: a value that is not in the range is overwritten by the next one.
        found[n] = values[k]
        n += (values[k] >= low) & (values[k] <= high)
        n_below += values[k] < low
    return n_below, n


@kernel
def outside(values: Array, low: float, high: float, is_outside: Array) -> None:
    """Write which values are below low or above high."""
    for k in range(values.size):
        is_outside[k] = (values[k] < low) | (values[k] > high)
