"""`Samples`: inputs, targets and weights, handed out batch by batch."""

import numpy as np

from skset import kernels

__all__ = ["Reconstruction", "Samples"]


class Samples:
    """A training or prediction set that is transposed one batch at a time.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Inputs in the network's dtype, with checked indices. Never made dense beyond a
        batch.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs), default=None
        Class numbers for a softmax output, targets in the network's dtype otherwise.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights; None is 1 for each.
    """

    def __init__(self, X, y=None, weight=None):
        self.y = y
        self.weight = weight
        self.n_samples, self.n_features = X.shape
        self.dtype = X.dtype
        self._dense: np.ndarray | None = None
        self._sparse: tuple = ()
        if isinstance(X, np.ndarray):
            self._dense = np.ascontiguousarray(X)
        else:
            # Read-only views in one index type: the kernel is compiled only once.
            parts = (
                X.indptr.astype(np.int64, copy=False),
                X.indices.astype(np.int32, copy=False),
                X.data,
            )
            self._sparse = tuple(_read_only(part) for part in parts)

    def gather(self, rows, out):
        """Write the given samples into the columns of `out` (n_features, width)."""
        if self._dense is None:
            kernels.gather_sparse(*self._sparse, rows, out)
        else:  # whole rows first: faster than to pick numbers from far apart
            out[...] = self._dense[rows].T

    def targets(self, rows):
        """Return the targets of the given samples, one column each."""
        return self.y[rows].T

    def weights(self, rows):
        """Return the samples' weights, scaled to add up to 1, and what they add up to.

        Where all of them are 0 the scaled ones are 0 too.
        """
        if self.weight is None:
            return np.full(rows.size, 1 / rows.size, self.dtype), float(rows.size)
        weight = self.weight[rows]
        total = float(weight.sum())
        return (weight / (total or 1.0)).astype(self.dtype), total

    def n_weighted(self, rows):
        """Return how many of the given samples have weight."""
        if self.weight is None:
            return rows.size
        return np.count_nonzero(self.weight[rows])

    def weighted_rows(self):
        """Return the numbers of the samples that have weight; of all, if none has."""
        if self.weight is None or not self.weight.any():
            return np.arange(self.n_samples)
        return np.flatnonzero(self.weight)


class Reconstruction(Samples):
    """Samples whose targets are their inputs, gathered batch by batch as these are.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Inputs and targets.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights; None is 1 for each.
    """

    def __init__(self, X, weight=None):
        super().__init__(X, None, weight)
        self._last_rows = self._last_batch = None

    def gather(self, rows, out):
        """Write the given samples into the columns of `out` (n_features, width).

        They are kept until the next call: the targets are then there already.
        """
        super().gather(rows, out)
        self._last_rows, self._last_batch = rows, out.copy()

    def targets(self, rows):
        """Return the inputs of the given samples, one column each."""
        if self._last_rows is not rows:
            self.gather(rows, np.empty((self.n_features, rows.size), self.dtype))
        return self._last_batch


def _read_only(array):
    view = array.view()
    view.flags.writeable = False
    return view
