"""`Samples`: inputs, targets and weights, handed out batch by batch."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skset import kernels
from skset.model.lookahead import Lookahead
from skset.model.scaling import Scaled

__all__ = ["Reconstruction", "Samples"]

Array: TypeAlias = NDArray[Any]

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
NO_SOURCE = np.zeros(5, np.int64)
# Numbers that are standardised at a time, which takes memory in float64.
BLOCK = 1 << 16


class Samples:
    """Samples that are cast and transposed one batch at a time.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Inputs, of any real type and in any order, with checked indices. They are never
        copied, cast or made dense beyond a batch.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs), default=None
        Class numbers for a softmax output, targets in the network's dtype otherwise.
    weight : ndarray of shape (n_samples,), default=None
        Sample weights; None is 1 for each.
    rows : ndarray of shape (n_samples,), default=None
        Rows of X that are samples; None means all.
    dtype : dtype, default=None
        Type of the network and of the weights; None means that of X.
    """

    def __init__(
        self,
        X: Any,
        y: Array | None = None,
        weight: Array | None = None,
        rows: Array | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        # A table that is `Scaled` is standardised batch by batch too.
        self._scaling = X.scaling if isinstance(X, Scaled) else None
        X = X.X if isinstance(X, Scaled) else X
        self.X = X
        self.y = y
        self.weight = weight
        self.rows = rows
        self.n_samples = X.shape[0] if rows is None else len(rows)
        self.n_features: int = X.shape[1]
        self.dtype = np.dtype(X.dtype if dtype is None else dtype)
        self._dense: Array | None = None
        self._rowwise: Array | None = None  # X, if the kernel can read it as it is
        self._lookahead: Lookahead | None = None
        self._sparse: tuple[Array, ...] = ()
        if isinstance(X, np.ndarray):
            self._dense = X
            if X.dtype in FLOATS and X.flags.c_contiguous and X.flags.aligned:
                (self._rowwise,) = _read_only(np.asarray(X))
        else:
            indptr = X.indptr.astype(np.int64, copy=False)
            self._sparse = _read_only(indptr, X.indices, X.data)

    def expect(self, order: Array, width: int) -> None:
        """Prepare to gather the samples of an epoch, in batches of that width."""
        X = self._dense
        if X is not None and _is_in_columns(X):
            self._lookahead = None  # before there is another
            self._lookahead = Lookahead(X, self.places(order), width)

    @property
    def at_hand(self) -> "Samples":
        """Samples that can be gathered in any order at any time: all of these."""
        return self

    def windows(
        self, rng: np.random.Generator | None, batch_size: int
    ) -> Iterator["Samples"]:
        """Yield all samples of an epoch, as many at a time as are in memory: all.

        See `StreamedSamples`, of which the arguments are.
        """
        yield self

    def gather(self, rows: Array, out: Array) -> None:
        """Write the given samples into the columns of `out` (n_features, width)."""
        if self.rows is not None:
            rows = self.rows[rows]
        if self._rowwise is not None:
            units = self._units
            kernels.gather_dense(0, self.n_features, self._rowwise, rows, *units, out)
        elif self._dense is not None:
            ahead = self._lookahead
            columns = None if ahead is None else ahead.columns(rows)
            if columns is None:
                columns = _columns(self._dense, rows)
            self._gather_columns(columns, out)
        elif self._sparse[1].dtype == np.int32 and self._sparse[2].dtype in FLOATS:
            kernels.gather_sparse(*self._sparse, rows, *self._units, out)
        else:
            few = _picked(self._sparse, rows, np.float64)
            kernels.gather_sparse(*few, np.arange(rows.size), *self._units, out)

    @cached_property
    def _units(self) -> tuple[Array, ...]:
        """Shift and factor of each feature, in float64."""
        if self._scaling is not None:
            return _read_only(self._scaling.shift, self._scaling.factor)
        return _read_only(np.zeros(self.n_features), np.ones(self.n_features))

    def _gather_columns(self, columns: Array, out: Array) -> None:
        """Write columns of X into `out`, standardised if need be, some at a time."""
        shift, factor = self._units
        step = max(1, BLOCK // max(1, columns.shape[1]))
        with np.errstate(over="ignore"):  # X was checked for that
            for start in range(0, len(columns), step):
                some = slice(start, start + step)
                units = columns[some].astype(np.float64)
                units -= shift[some, None]
                units *= factor[some, None]
                out[some] = units

    @cached_property
    def source(self) -> Array:
        """Address of X, its rows, bytes of a number, and addresses of its units.

        All are 0 if kernels cannot read X as it is: call `gather` then.
        """
        X = self._rowwise
        if X is None:
            return NO_SOURCE
        addresses = [unit.ctypes.data for unit in self._units]
        return np.array([X.ctypes.data, len(X), X.itemsize, *addresses])

    def targets(self, rows: Array) -> Array:
        """Return the targets of the given samples, one column each."""
        assert self.y is not None, "samples to predict have no targets"
        return self.y[rows].T

    def targets_of(self, rows: Array, dtype: DTypeLike) -> Array:
        """Return the targets of the samples of some steps, as kernels take them.

        Class numbers have the shape of `rows`, others one axis more.
        """
        assert self.y is not None, "samples to predict have no targets"
        return np.ascontiguousarray(self.y[rows], dtype)

    def places(self, rows: Array) -> Array:
        """Return which rows of X the given samples are."""
        return rows if self.rows is None else self.rows[rows]

    def weights(self, rows: Array) -> tuple[Array, float]:
        """Return the samples' weights, scaled to add up to 1, and their sum.

        If all of them are 0, the scaled ones are 0 too.
        """
        if self.weight is None:
            return np.full(rows.size, 1 / rows.size, self.dtype), float(rows.size)
        weight = self.weight[rows]
        total = float(weight.sum())
        return (weight / (total or 1.0)).astype(self.dtype), total

    def weights_of_steps(self, rows: Array) -> tuple[Array, Array]:
        """Return the weights for training steps, and how many of each are not 0.

        `rows` has those of each step. Weights are in units of the mean of all nonzero
        weights in the whole set, divided by that number. So a batch of light samples
        takes a small step. If they added up to 1 in each batch, weights would count
        within a batch only.
        """
        if self.weight is None:
            n_steps, width = rows.shape
            weights = np.full(rows.shape, 1 / width, self.dtype)
            return weights, np.full(n_steps, float(width))
        weight = self.weight[rows]
        counts = np.count_nonzero(weight, axis=1).astype(float)
        units = self._mean_weight * np.maximum(counts, 1)
        return (weight / units[:, None]).astype(self.dtype), counts

    @cached_property
    def _mean_weight(self) -> Any:
        assert self.weight is not None
        return self.weight.sum() / max(int(np.count_nonzero(self.weight)), 1) or 1.0

    def as_part(self, weight: Array, mean_weight: float) -> Self:
        """Take weights in the unit of a larger set; return this object.

        A step then counts the same whichever part of the set its rows are in.

        Parameters
        ----------
        weight : ndarray of shape (n_samples,)
            Of these samples.
        mean_weight : float
            Mean of all nonzero weights in the larger set.
        """
        self.weight, self._mean_weight = weight, mean_weight
        return self

    def weighted_rows(self) -> Array:
        """Return the numbers of the samples with weight; of all, if none has any."""
        if self.weight is None or not self.weight.any():
            return np.arange(self.n_samples)
        return np.flatnonzero(self.weight)


class Reconstruction(Samples):
    """Samples whose targets are their inputs, gathered batch by batch.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Inputs and targets.
    weight, rows, dtype
        As for `Samples`.
    """

    def __init__(
        self,
        X: Any,
        weight: Array | None = None,
        rows: Array | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(X, None, weight, rows, dtype)
        self.source = NO_SOURCE  # as the targets are gathered with X
        self._last: tuple[Array, Array] | None = None  # rows, and their inputs

    def gather(self, rows: Array, out: Array) -> None:
        """Write the given samples into the columns of `out` (n_features, width).

        They are kept until the next call, so that the targets need no second gathering.
        """
        super().gather(rows, out)
        self._last = rows, out.copy()

    def targets(self, rows: Array) -> Array:
        """Return the inputs of the given samples, one column each."""
        if self._last is not None and np.array_equal(self._last[0], rows):
            return self._last[1]
        batch = np.empty((self.n_features, rows.size), self.dtype)
        self.gather(rows, batch)
        return batch

    def targets_of(self, rows: Array, dtype: DTypeLike) -> Array:
        """Return the inputs of the samples of some steps, as kernels take targets."""
        targets = [self.targets(batch).T for batch in rows]
        return np.ascontiguousarray(targets, dtype)


def _is_in_columns(X: Array) -> bool:
    """Return whether the numbers of a column are nearer to each other than of a row."""
    return abs(X.strides[0]) < abs(X.strides[1])


def _columns(X: Array, rows: Array) -> Array:
    """Return rows of a dense X as columns."""
    if X.flags.f_contiguous and not X.flags.c_contiguous:
        return np.take(X.T, rows, axis=1)  # in Fortran order
    # Whole rows first: this is faster than picking numbers that are far apart.
    return X[rows].T


def _picked(
    parts: tuple[Array, ...], rows: Array, dtype: DTypeLike
) -> tuple[Array, ...]:
    """Return rows of a CSR matrix as a smaller one, in the types of the kernel."""
    indptr, indices, data = parts
    counts = indptr[rows + 1] - indptr[rows]
    ends = np.r_[0, counts.cumsum()]
    places = np.repeat(indptr[rows] - ends[:-1], counts) + np.arange(ends[-1])
    values = _cast(data[places], dtype)
    return _read_only(ends, indices[places].astype(np.int32, copy=False), values)


def _cast(values: Array, dtype: DTypeLike) -> Array:
    with np.errstate(over="ignore"):  # X was checked for that
        return values.astype(dtype, copy=False)


def _read_only(*arrays: Array) -> tuple[Array, ...]:
    """Return read-only views, so that the kernel is compiled for one type only."""
    views = tuple(array.view() for array in arrays)
    for view in views:
        view.flags.writeable = False
    return views
