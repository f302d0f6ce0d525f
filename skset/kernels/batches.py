"""Kernels that fill a batch of shape (features, batch)."""

from skset.kernels.memory import Array
from skset.runtime.jit import kernel

__all__ = ["add_slices", "gather_sparse"]


@kernel
def gather_sparse(
    indptr: Array, indices: Array, data: Array, rows: Array, batch: Array
) -> None:
    """Write the rows of a CSR matrix into the columns of `batch`.

    Duplicate entries add up and need not be sorted, as scipy understands them.
    """
    batch[:, :] = 0
    for b in range(rows.size):
        for k in range(indptr[rows[b]], indptr[rows[b] + 1]):
            batch[indices[k], b] += data[k]


@kernel
def add_slices(pool: Array, starts: Array, batch: Array) -> None:
    """Add to row f of `batch` the values of `pool` that begin at ``starts[f]``."""
    width = batch.shape[1]
    for f in range(batch.shape[0]):
        values = pool[starts[f] : starts[f] + width]
        for b in range(width):
            batch[f, b] += values[b]
