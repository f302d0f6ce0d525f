"""Kernels that fill a batch of shape (features, batch)."""

from skset.kernels._jit import kernel

__all__ = ["add_slices", "gather_dense", "gather_sparse"]


@kernel
def gather_dense(X, rows, batch):
    """Write row ``rows[b]`` of X into column b of `batch`; further columns get 0.

    Sixteen rows are read side by side, so that what is written fills cache lines.
    """
    n_rows = rows.size
    for low in range(0, batch.shape[1], 16):
        high = min(low + 16, batch.shape[1])
        for f in range(batch.shape[0]):
            for b in range(low, high):
                batch[f, b] = X[rows[b], f] if b < n_rows else 0


@kernel
def gather_sparse(indptr, indices, data, rows, batch):
    """Write the rows of a CSR matrix into the columns of `batch`, zeros elsewhere.

    Duplicate entries add up and need not be sorted, as scipy understands them.
    """
    batch[:, :] = 0
    for b in range(rows.size):
        for k in range(indptr[rows[b]], indptr[rows[b] + 1]):
            batch[indices[k], b] += data[k]


@kernel
def add_slices(pool, starts, batch):
    """Add to row f of `batch` the values of `pool` from place ``starts[f]`` on."""
    width = batch.shape[1]
    for f in range(batch.shape[0]):
        values = pool[starts[f] : starts[f] + width]
        for b in range(width):
            batch[f, b] += values[b]
