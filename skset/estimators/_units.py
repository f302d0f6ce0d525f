"""Units of the inputs: `standardize`, what it learns, and networks in raw units."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from skset.estimators._blocks import ranges, row_slices, sparse_blocks
from skset.estimators._input import stays_as_given
from skset.estimators._types import Array, Matrix
from skset.model import Layer, Network, Scaled, Scaling, add_squares, add_sums

__all__ = ["learned_scaling", "raw_inputs", "raw_outputs", "scaled_table"]

# A sum of n numbers has n times this relative error, at most. A deviation of this size
# is that of rounding, as in scikit-learn's StandardScaler.
ROUNDING = np.finfo(float).eps
# Largest distance of a number from the mean, in deviations.
MOST_DEVIATIONS = 1e6


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
    if weight is not None:
        moments.bring_near(*ranges(X, np.float64))
    if not moments.varies.any():  # as in one row: each column has the unit of its size
        return Scaling(np.zeros(X.shape[1]), moments.size_factors)
    if standardize == "global":
        return Scaling(moments.mean, moments.common_factors)
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
        self.total, self.n_rows = float(weight.sum()), weight.size
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

    def bring_near(self, low: Array, high: Array) -> None:
        """Widen deviations until the least and the greatest numbers are not too far.

        Beside a row with nearly all the weight, or far away without any, the others
        must not overflow.
        """
        distance = np.maximum(high / self.unit, 0) - np.minimum(low / self.unit, 0)
        widened = np.maximum(self.deviation, distance / MOST_DEVIATIONS)
        self.deviation = np.where(self.deviation > 0, widened, 0)

    @property
    def mean(self) -> Array:
        """Mean of each column."""
        mean: Array = self.scaled_mean * self.unit
        return mean

    @property
    def varies(self) -> Array:
        """Which columns have more than one value."""
        rounding = ROUNDING * self.n_rows * np.abs(self.scaled_mean)
        varies: Array = self.deviation > rounding
        return varies

    @property
    def factors(self) -> Array:
        """One over the deviation of each column, 0 for those that do not vary.

        Nothing is learned of these. In a prediction a new value would come in through
        weights that are still random.
        """
        scale = np.where(self.varies, self.deviation, np.inf)
        factors: Array = 1 / (scale * self.unit)
        return factors

    @property
    def common_factors(self) -> Array:
        """One over the root of the mean variance, for each column."""
        scale = np.sqrt(np.mean(self.deviation[self.varies] ** 2))
        return np.full(self.deviation.size, 1 / (scale * self.unit))

    @property
    def size_factors(self) -> Array:
        """One over the absolute mean of each column."""
        size = np.abs(self.scaled_mean)
        factors: Array = 1 / (np.where(size > 0, size, 1 / self.unit) * self.unit)
        return factors


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
            block = np.array(X[rows], np.float64, order="C")
            block /= unit
            yield rows, block


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
    bias = first.bias - scaling.shift @ first.topology.to_csr(weights)
    return network.with_layers([_with(first, weights, bias), *others]).frozen()


def raw_outputs(network: Network, mean: Any, scale: Any) -> Network:
    """Return the network whose outputs have another mean and scale."""
    *others, last = network.layers
    scale = np.broadcast_to(scale, last.bias.shape)
    weights = last.weights * scale[last.topology.indices]
    layer = _with(last, weights, last.bias * scale + mean)
    return network.with_layers([*others, layer]).frozen()


def _with(layer: Layer, weights: Array, bias: Array) -> Layer:
    """Return a layer at rest with other weights and bias, in its own type."""
    dtype = layer.bias.dtype
    with np.errstate(over="ignore"):
        weights, bias = weights.astype(dtype), bias.astype(dtype)
    return replace(layer.at_rest(), weights=weights, bias=bias)
