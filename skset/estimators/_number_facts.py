"""`NumberFacts`: moments and quantiles of targets that are numbers; mergeable."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeAlias

import numpy as np

from skset.estimators._types import Array

__all__ = ["NumberFacts", "ends_of"]

# Quantiles are exact up to so many rows. Of more rows so many quantiles are kept each
# time that there are too many: a few MB for each output, and a place among the rows is
# off by less than a hundredth for a billion of them.
MOST_POINTS, FEWER_POINTS = 1 << 17, 1 << 14

# Numbers in rising order, and the weight of each.
Points: TypeAlias = tuple[Array, Array]


@dataclass(frozen=True, eq=False)
class NumberFacts:
    """What targets that are numbers have to know of all of them.

    All but the first three are left out where nothing is standardised.

    Attributes
    ----------
    shape : tuple of int
        Of the targets of one row: () or (n_outputs,).
    n_rows : int
        Rows with weight, or all where nothing is standardised.
    ends : tuple of two float
        The least and the greatest of all numbers.
    exponent : int
        Of a power of two by which the weights are divided.
    weight : float
        Sum of the weights.
    largest : ndarray of shape `shape`
        The largest absolute value. The numbers below are in units of it.
    mean, variance : ndarray of shape `shape`
        Weighted.
    low, high : ndarray of shape `shape`
        The least and the greatest number.
    points : tuple of Points
        Of each output, for quantiles; empty if none are needed.
    """

    shape: tuple[int, ...]
    n_rows: int
    ends: tuple[float, float]
    exponent: int = 0
    weight: float = 0.0
    largest: Any = None
    mean: Any = None
    variance: Any = None
    low: Any = None
    high: Any = None
    points: tuple[Points, ...] = ()

    @classmethod
    def of(cls, y: Array, weight: Array | None, exponent: int, quantiles: bool) -> Self:
        """Return the facts of numbers.

        Parameters
        ----------
        y : ndarray of shape (n_rows,) or (n_rows, n_outputs), float64
            Finite numbers.
        weight : ndarray of shape (n_rows,), default=None
            Of the rows, divided by two to the power of the exponent.
        exponent : int
            As above.
        quantiles : bool
            Whether quantiles are needed.
        """
        ends = ends_of(y)
        if weight is not None:
            y, weight = y[weight > 0], weight[weight > 0]
        if not len(y):
            return cls(y.shape[1:], 0, ends)
        largest = np.abs(y).max(axis=0).astype(float)  # else a square may overflow
        y = y / np.where(largest > 0, largest, 1.0)
        mean = np.average(y, axis=0, weights=weight)
        variance = np.average((y - mean) ** 2, axis=0, weights=weight)
        each = np.ones(len(y)) if weight is None else weight
        moments = float(each.sum()), largest, mean, variance
        return cls(
            y.shape[1:],
            len(y),
            ends,
            exponent,
            *moments,
            y.min(axis=0),
            y.max(axis=0),
            _points(y.reshape(len(y), -1), each) if quantiles else (),
        )

    @classmethod
    def merged(
        cls, parts: Sequence["NumberFacts"], names: Sequence[str]
    ) -> "NumberFacts":
        """Return the facts of all numbers of several parts, which errors name.

        Raises
        ------
        ValueError
            If parts have other numbers of outputs.
        """
        first = parts[0]
        for part, name in zip(parts, names, strict=True):
            first.check_fits(part, names[0], name)
        ends = min(part.ends[0] for part in parts), max(part.ends[1] for part in parts)
        filled = [part for part in parts if part.n_rows]
        n_rows = sum(part.n_rows for part in filled)
        if len(filled) <= 1 or filled[0].mean is None:
            return replace((filled or parts)[0], n_rows=n_rows, ends=ends)
        return cls._merged(filled, n_rows, ends)

    @classmethod
    def _merged(
        cls, parts: Sequence["NumberFacts"], n_rows: int, ends: tuple[float, float]
    ) -> "NumberFacts":
        """Return the merged facts: Chan et al. 1979, as for `Moments`."""
        exponent = max(part.exponent for part in parts)
        largest = np.max([part.largest for part in parts], axis=0)
        parts = [part._in_units(exponent, largest) for part in parts]
        weight = sum(part.weight for part in parts)
        mean = sum(part.weight / weight * part.mean for part in parts)
        variance: Any = sum(
            part.weight / weight * (part.variance + (part.mean - mean) ** 2)
            for part in parts
        )
        low = np.min([part.low for part in parts], axis=0)
        high = np.max([part.high for part in parts], axis=0)
        points = tuple(map(_joined, zip(*(p.points for p in parts), strict=True)))
        moments = weight, largest, mean, variance
        rows = parts[0].shape, n_rows, ends, exponent
        return cls(*rows, *moments, low, high, points)

    def check_fits(self, other: "NumberFacts", own_name: str, name: str) -> None:
        """Raise unless the rows of another part have as many numbers."""
        if self.shape != other.shape:
            raise ValueError(
                f"y of {name} has {_outputs(other.shape)}, but that of {own_name} has "
                f"{_outputs(self.shape)}."
            )

    def _in_units(self, exponent: int, largest: Any) -> "NumberFacts":
        """Return the same facts in units of other weights and numbers."""
        ratio = self.largest / np.where(largest > 0, largest, 1.0)
        by_weight = float(np.ldexp(1.0, self.exponent - exponent))
        ratios = np.ravel(ratio)
        return replace(
            self,
            weight=self.weight * by_weight,
            mean=self.mean * ratio,
            variance=self.variance * ratio**2,
            low=self.low * ratio,
            high=self.high * ratio,
            points=tuple(
                (values * own, weights * by_weight)
                for own, (values, weights) in zip(ratios, self.points, strict=False)
            ),
        )

    def quantiles(self, shares: Sequence[float]) -> list[Array]:
        """Return the numbers below which there are these shares of the weight."""
        found = np.array([_quantiles(*points, shares) for points in self.points])
        return [column.reshape(self.shape) for column in found.T]


def ends_of(y: Array) -> tuple[float, float]:
    """Return the least and the greatest number."""
    return float(y.min()), float(y.max())


def _quantiles(values: Array, weights: Array, shares: Sequence[float]) -> Array:
    below = np.cumsum(weights) / weights.sum()
    places = [int(np.argmax(below >= share - 1e-12)) for share in shares]
    found: Array = values[places]
    return found


def _points(columns: Array, weight: Array) -> tuple[Points, ...]:
    order = np.argsort(columns, axis=0, kind="stable")
    pairs = zip(columns.T, order.T, strict=True)
    return tuple(_fewer(values[some], weight[some]) for values, some in pairs)


def _joined(parts: Sequence[Points]) -> Points:
    """Return the points of several parts, in rising order, and not too many."""
    values, weights = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    order = np.argsort(values, kind="stable")
    return _fewer(values[order], weights[order])


def _fewer(values: Array, weights: Array) -> Points:
    """Return the points, or so many quantiles in their place if they are too many."""
    if values.size <= MOST_POINTS:
        return values, weights
    total = weights.sum()
    middles = (np.arange(FEWER_POINTS) + 0.5) * (total / FEWER_POINTS)
    places = np.searchsorted(np.cumsum(weights), middles)
    kept = values[np.minimum(places, values.size - 1)]
    return kept, np.full(FEWER_POINTS, total / FEWER_POINTS)


def _outputs(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} outputs" if shape else "one number for each row"
