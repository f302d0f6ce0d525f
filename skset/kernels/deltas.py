"""Deltas of weighted sums, given those of the outputs that were made of the sums."""

from skset.kernels.memory import Array
from skset.runtime.jit import kernel

__all__ = ["bend"]


@kernel
def bend(start: int, stop: int, Z: Array, D: Array, slope: float, out: Array) -> None:
    """Write rows [start, stop) of D, times `slope` where Z is not positive, into out.

    These are the deltas of the sums of which a product has made the outputs Z.
    """
    for j in range(start, stop):
        for b in range(Z.shape[1]):
            out[j, b] = D[j, b] if Z[j, b] > 0 else slope * D[j, b]
