"""Units of the inputs: `standardize`, what it learns, and networks in raw units."""

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from skset import kernels
from skset.estimators._blocks import row_slices, sparse_blocks
from skset.estimators._input import stays_as_given
from skset.estimators._types import Array, Matrix
from skset.model import Network, Scaled, Scaling

__all__ = ["learned_scaling", "raw_inputs", "raw_outputs", "scaled_table"]

# A column whose deviation is below so many units in the last place of its mean is
# constant: the deviation is that of rounding.
ROUNDING = 10 * np.finfo(float).eps


def learned_scaling(
    standardize: bool | str, X: Matrix, weight: Array | None, rows: Array | None
) -> Scaling | None:
    """Return the units that suit some rows of X, or None for those of X.

    Parameters
    ----------
    standardize : {"auto", True, "global", False}
        See `PERCEPTRON_PARAMETERS`.
    X : ndarray or CSR matrix
        Checked, and finite.
    weight : ndarray, default=None
        Of each row that is meant.
    rows : ndarray, default=None
        The rows that are meant; None is all.
    """
    if standardize is False:
        return None
    moments = _Moments(X, _weights(X, weight, rows))
    if standardize == "global" or (standardize == "auto" and moments.is_sparse):
        return Scaling(np.zeros(X.shape[1]), np.full(X.shape[1], moments.common_factor))
    return Scaling(moments.mean, moments.factors)


def _weights(X: Matrix, weight: Array | None, rows: Array | None) -> Array:
    """Return a weight for each row of X, in units of the greatest one."""
    of_all = np.zeros(X.shape[0])
    of_all[slice(None) if rows is None else rows] = 1.0 if weight is None else weight
    greatest = of_all.max(initial=0)
    return of_all / greatest if greatest > 0 else np.ones(X.shape[0])


class _Moments:
    """Means and deviations of the columns of X, each row with its weight."""

    def __init__(self, X: Matrix, weight: Array) -> None:
        # A power of two: no bit is lost, and no square is too large.
        self.unit = _power_of_two(X)
        self.total = float(weight.sum())
        nonzero, sums, squares = np.zeros((3, X.shape[1]))
        for rows, *parts, sums_of, _ in _parts(X, self.unit):
            sums_of(*parts, weight[rows], nonzero, sums)
        mean = sums / np.where(nonzero > 0, nonzero, 1)
        for rows, *parts, _, squares_of in _parts(X, self.unit):
            squares_of(*parts, weight[rows], mean, squares)
        # Of the numbers that are not 0, and then with the zeros.
        self.nonzero = nonzero
        share = nonzero / self.total
        self.scaled_mean = share * mean
        variance = squares / self.total + share * (1 - share) * mean**2
        self.deviation = np.sqrt(np.maximum(variance, 0))

    @property
    def mean(self) -> Array:
        """Mean of each column."""
        mean: Array = self.scaled_mean * self.unit
        return mean

    @property
    def is_sparse(self) -> bool:
        """Whether most numbers are 0."""
        n_values = self.total * self.nonzero.size
        return bool(float(self.nonzero.sum()) < 0.5 * n_values)

    @property
    def common_factor(self) -> float:
        """One over the root mean square of all numbers."""
        square = float(np.mean(self.scaled_mean**2 + self.deviation**2))
        return 1 / (np.sqrt(square) * self.unit) if square > 0 else 1.0

    @property
    def factors(self) -> Array:
        """One over the deviation of each column."""
        size = np.abs(self.scaled_mean)
        varies = self.deviation > ROUNDING * size
        # A constant has the unit of its size, and a column of zeros that of the others.
        scale = np.where(varies, self.deviation, size)
        some = scale[scale > 0]
        scale[scale == 0] = np.sqrt(np.mean(some**2)) if some.size else 1 / self.unit
        factors: Array = 1 / (scale * self.unit)
        return factors


def _power_of_two(X: Matrix) -> float:
    """Return a power of two near the greatest absolute value of X."""
    values = X.data if sparse.issparse(X) else X
    if values.size == 0:
        return 1.0
    greatest = max(float(values.max()), -float(values.min()))
    return float(2.0 ** np.frexp(greatest)[1]) if greatest > 0 else 1.0


def _parts(X: Matrix, unit: float) -> Any:
    """Yield slices of rows, arrays of these rows, and the kernels that add them up."""
    if sparse.issparse(X):
        both = kernels.sparse_sums, kernels.sparse_squares
        for rows, block in sparse_blocks(X, np.float64):
            parts = block.indptr.astype(np.int64), block.indices, block.data / unit
            yield rows, *parts, *both
        return
    for rows in row_slices(*X.shape):
        block = np.ascontiguousarray(X[rows], np.float64) / unit
        yield rows, block, kernels.dense_sums, kernels.dense_squares


def scaled_table(X: Matrix, scaling: Scaling | None, dtype: Any) -> Matrix:
    """Return X in the units of a network: at once if it is small, or batch by batch."""
    if scaling is None:
        return X
    if stays_as_given(X, dtype) or (sparse.issparse(X) and scaling.shifts):
        return Scaled(X, scaling)
    return scaling.applied(X, dtype)


def raw_inputs(network: Network, scaling: Scaling) -> Network:
    """Return the network that computes the same from inputs in raw units.

    It does so but for rounding: the shift becomes a part of its first biases.
    """
    first, *others = network.layers
    weights = first.weights * scaling.factor[first.topology.in_units]
    moved = scaling.shift @ first.topology.to_csr(weights)
    dtype = network.dtype
    with np.errstate(over="ignore"):
        weights, bias = weights.astype(dtype), (first.bias - moved).astype(dtype)
    layer = replace(first.at_rest(), weights=weights, bias=bias)
    return network.with_layers([layer, *others]).frozen()


def raw_outputs(network: Network, mean: Any, scale: Any) -> Network:
    """Return the network whose outputs have another mean and scale."""
    *others, last = network.layers
    scale = np.broadcast_to(scale, last.bias.shape)
    dtype = network.dtype
    with np.errstate(over="ignore"):
        weights = (last.weights * scale[last.topology.indices]).astype(dtype)
        bias = (last.bias * scale + mean).astype(dtype)
    layer = replace(last.at_rest(), weights=weights, bias=bias)
    return network.with_layers([*others, layer]).frozen()
