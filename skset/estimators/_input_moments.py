"""`Moments`: means and deviations of the columns of X; mergeable."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy import sparse

from skset.estimators._blocks import ranges, row_slices, sparse_blocks
from skset.estimators._types import Array, Matrix
from skset.model import add_squares, add_sums

__all__ = ["Moments"]

# A sum of n numbers has n times this relative error, at most. A deviation of this size
# is that of rounding, as in scikit-learn's StandardScaler.
ROUNDING = np.finfo(float).eps
# Largest distance of a number from the mean, in deviations.
MOST_DEVIATIONS = 1e6


@dataclass(frozen=True, eq=False)
class Moments:
    """Means and variances of the columns of X, each row with its weight.

    Those of several parts can be merged: Chan, Golub and LeVeque 1979 (Technical
    Report STAN-CS-79-773), equation 2.1.

    Attributes
    ----------
    unit : float
        A power of two near the greatest absolute value of X. So no bit is lost, and no
        square is too large.
    n_rows : int
        Number of rows.
    total : float
        Sum of the weights, in units of the greatest one.
    greatest : tuple of float and int
        The greatest weight, as a fraction and the exponent of a power of two.
    scaled_mean, variance : ndarray of shape (n_features,)
        Of each column, in the unit and its square.
    low, high : ndarray of shape (n_features,), default=None
        The least and the greatest number of each column, if the rows have weights.
    """

    unit: float
    n_rows: int
    total: float
    greatest: tuple[float, int]
    scaled_mean: Array
    variance: Array
    low: Array | None = None
    high: Array | None = None

    @classmethod
    def of(
        cls,
        X: Matrix,
        weight: Array | None = None,
        rows: Array | None = None,
        exponent: int = 0,
    ) -> Self:
        """Return the moments of some rows of X.

        Parameters
        ----------
        X : ndarray or CSR matrix
            Checked, and finite.
        weight : ndarray, default=None
            Of each row that is meant.
        rows : ndarray, default=None
            The rows that are meant; None is all.
        exponent : int, default=0
            Of a power of two by which the weights were divided.
        """
        of_all, greatest = _weights(X, weight, rows)
        # Added one by one, as below: a column without zeros has a share of exactly 1,
        # and rounding gives it no deviation.
        unit, total = _power_of_two(X), float(np.add.accumulate(of_all)[-1])
        nonzero, sums, squares = np.zeros((3, X.shape[1]))
        for some, block in _blocks(X, unit):
            add_sums(block, of_all[some], nonzero, sums)
        mean = sums / np.where(nonzero > 0, nonzero, 1)
        for some, block in _blocks(X, unit):
            add_squares(block, of_all[some], mean, squares)
        # Of the numbers that are not 0, and then with the zeros.
        share = nonzero / total
        variance = squares / total + share * (1 - share) * mean**2
        fraction, power = np.frexp(greatest)
        # Far numbers are only a danger beside weights that differ.
        least_and_most = () if weight is None else ranges(X, np.float64)
        return cls(
            unit,
            of_all.size,
            total,
            (float(fraction), int(power) + exponent),
            share * mean,
            variance,
            *least_and_most,
        )

    @classmethod
    def merged(cls, parts: Sequence["Moments"]) -> "Moments":
        """Return the moments of all rows of several parts."""
        if len(parts) == 1:  # with all of its bits
            return parts[0]
        greatest = max((part.greatest for part in parts), key=_size)
        totals = np.array([part._total_in(greatest) for part in parts])
        unit = max(part.unit for part in parts)
        means = np.array([part.scaled_mean * (part.unit / unit) for part in parts])
        inside = np.array([part.variance * (part.unit / unit) ** 2 for part in parts])
        shares = (totals / totals.sum())[:, None]
        mean = (shares * means).sum(axis=0)
        variance = (shares * (inside + (means - mean) ** 2)).sum(axis=0)
        lows = [part.low for part in parts if part.low is not None]
        highs = [part.high for part in parts if part.high is not None]
        low = np.min(lows, axis=0) if lows else None
        high = np.max(highs, axis=0) if highs else None
        n_rows = sum(part.n_rows for part in parts)
        sums = float(totals.sum()), greatest
        return cls(unit, n_rows, *sums, mean, variance, low, high)

    def _total_in(self, greatest: tuple[float, int]) -> float:
        """Return the sum of the weights in another unit."""
        (own, own_power), (other, power) = self.greatest, greatest
        if not other:  # no row has weight
            return self.total
        return float(np.ldexp(self.total * (own / other), own_power - power))

    @cached_property
    def deviation(self) -> Array:
        """Deviation of each column in the unit, wide enough for all numbers.

        Beside a row with nearly all the weight, or far away without any, the others
        must not overflow.
        """
        deviation = np.sqrt(np.maximum(self.variance, 0))
        if self.low is None or self.high is None:
            return deviation
        high, low = self.high / self.unit, self.low / self.unit
        distance = np.maximum(high, 0) - np.minimum(low, 0)
        widened = np.maximum(deviation, distance / MOST_DEVIATIONS)
        return np.where(deviation > 0, widened, 0)

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


def _size(number: tuple[float, int]) -> tuple[bool, int, float]:
    """Return what orders fractions with the exponents of powers of two."""
    fraction, power = number
    return fraction > 0, power, fraction


def _weights(
    X: Matrix, weight: Array | None, rows: Array | None
) -> tuple[Array, float]:
    """Return a weight for each row of X, in units of the greatest one, and that one.

    If none is above 0, all are 1 and the greatest is 0.
    """
    of_all = np.zeros(X.shape[0])
    of_all[slice(None) if rows is None else rows] = 1.0 if weight is None else weight
    greatest = of_all.max(initial=0)
    of_all = of_all / greatest if greatest > 0 else np.ones(X.shape[0])
    return of_all, float(greatest)


def _power_of_two(X: Matrix) -> float:
    """Return a power of two near the greatest absolute value of X."""
    values = X.data if sparse.issparse(X) else X
    if values.size == 0:
        return 1.0
    greatest = max(float(values.max()), -float(values.min()))
    return float(2.0 ** np.frexp(greatest)[1]) if greatest > 0 else 1.0


def _blocks(X: Matrix, unit: float) -> Iterator[tuple[slice, Any]]:
    """Yield slices of rows, and these rows in float64 and in the unit."""
    if sparse.issparse(X):
        for rows, block in sparse_blocks(X, np.float64):
            yield rows, block / unit
    else:
        for rows in row_slices(*X.shape):
            block = np.array(X[rows], np.float64, order="C")
            block /= unit
            yield rows, block
