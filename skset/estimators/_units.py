"""Units of the inputs: `standardize`, what it learns, and networks in raw units."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from skset.estimators._blocks import row_slices, sparse_blocks
from skset.estimators._input import stays_as_given
from skset.estimators._types import Array, Matrix
from skset.model import Network, Scaled, Scaling, add_squares, add_sums

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
    is_common = standardize == "global"
    return Scaling(moments.mean, moments.factors(is_common))


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
        for rows, block in _blocks(X, self.unit):
            add_sums(block, weight[rows], nonzero, sums)
        mean = sums / np.where(nonzero > 0, nonzero, 1)
        for rows, block in _blocks(X, self.unit):
            add_squares(block, weight[rows], mean, squares)
        # Of the numbers that are not 0, and then with the zeros.
        share = nonzero / self.total
        self.scaled_mean = share * mean
        variance = squares / self.total + share * (1 - share) * mean**2
        self.deviation = np.sqrt(np.maximum(variance, 0))

    @property
    def mean(self) -> Array:
        """Mean of each column."""
        mean: Array = self.scaled_mean * self.unit
        return mean

    def factors(self, is_common: bool) -> Array:
        """Return one over the deviation of each column, or of all of them together."""
        size = np.abs(self.scaled_mean)
        varies = self.deviation > ROUNDING * size
        if is_common and varies.any():
            scale = np.full(size.size, _root_mean_square(self.deviation[varies]))
        else:
            # A constant has the unit of its size, and a column of zeros that of others.
            scale = np.where(varies, self.deviation, size)
            others = scale[scale > 0]
            alone = _root_mean_square(others) if others.size else 1 / self.unit
            scale[scale == 0] = alone
        factors: Array = 1 / (scale * self.unit)
        return factors


def _root_mean_square(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _power_of_two(X: Matrix) -> float:
    """Return a power of two near the greatest absolute value of X."""
    values = X.data if sparse.issparse(X) else X
    if values.size == 0:
        return 1.0
    greatest = max(float(values.max()), -float(values.min()))
    return float(2.0 ** np.frexp(greatest)[1]) if greatest > 0 else 1.0


def _blocks(X: Matrix, unit: float) -> Iterator[tuple[slice, Matrix]]:
    """Yield slices of rows, and these rows in float64 and in the unit."""
    if sparse.issparse(X):
        for rows, block in sparse_blocks(X, np.float64):
            yield rows, block / unit
    else:
        for rows in row_slices(*X.shape):
            yield rows, np.ascontiguousarray(X[rows], np.float64) / unit


def scaled_table(X: Matrix, scaling: Scaling | None, dtype: Any) -> Matrix:
    """Return X in the units of a network: a small array at once, else by batches."""
    if scaling is None:
        return X
    if sparse.issparse(X) or stays_as_given(X, dtype):
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
