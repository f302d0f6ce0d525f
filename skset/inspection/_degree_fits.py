"""Degree distributions: a power law fitted and tested, beside its alternatives.

The recipe of Clauset, Shalizi and Newman (2009), for discrete data.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc

from skset.inspection._degree_distributions import (
    EXPONENTS,
    beyond_exponential,
    beyond_lognormal,
    drawn,
    fitted_lognormal,
    grid_log_zeta,
    log_zeta,
    lognormal,
)
from skset.topology import Integers

__all__ = ["DegreeFits", "Rival", "fit_degrees", "survival"]

Array: TypeAlias = NDArray[Any]

# A tail has at least so many units: fewer fit anything.
LEAST_TAIL = 10
# A power law is rejected below this p-value, as Clauset et al. advise.
REJECTED_BELOW = 0.1
# A law of the tail is none of the degrees if it leaves most units out: the far tail of
# a random network passes the test as well. And of few units it rejects nothing.
LEAST_SHARE, FEW_UNITS = 0.5, 50


@dataclass(frozen=True)
class Rival:
    """Another distribution, fitted to the same tail as the power law.

    Attributes
    ----------
    name : {"lognormal", "exponential"}
        Name of the distribution.
    parameters : dict of float
        "mu" and "sigma", or "rate".
    log_ratio : float
        Log-likelihood of the power law minus that of the rival: below 0 the rival fits
        better.
    p_value : float
        Probability of so large a ratio, of either sign, if both fit equally well
        (Vuong's test).
    """

    name: str
    parameters: dict[str, float]
    log_ratio: float
    p_value: float


@dataclass(frozen=True, eq=False)
class DegreeFits:
    """A power law fitted to the tail of some degrees, its test and its rivals.

    Attributes
    ----------
    exponent : float
        Maximum likelihood estimate. It says nothing without the rest.
    xmin : int
        Where the tail begins: the degree with the smallest distance.
    distance : float
        Kolmogorov-Smirnov distance of the tail from the power law.
    p_value : float
        Share of resamples that are farther from their own power law. Below 0.1 the
        power law is rejected.
    n_tail, n_units : int
        Number of units in the tail, and of all units.
    n_resamples : int
        Number of resamples behind the p-value.
    rivals : tuple of Rival
        The lognormal and the exponential.
    verdict : str
        What the test says of the power law, in a few words.
    """

    exponent: float
    xmin: int
    distance: float
    p_value: float
    n_tail: int
    n_units: int
    n_resamples: int
    rivals: tuple[Rival, ...]

    @property
    def verdict(self) -> str:
        """What the test says of the power law, in a few words."""
        if self.p_value < REJECTED_BELOW:
            return "power law rejected"
        if self.n_tail < max(LEAST_SHARE * self.n_units, FEW_UNITS):
            return f"tail only: {self.n_tail} of {self.n_units} units"
        better = [r.name for r in self.rivals if r.log_ratio < 0 and r.p_value < 0.1]
        if better:
            return f"power law not rejected, {better[0]} fits better"
        if all(r.p_value < 0.1 for r in self.rivals):
            return "power law"
        return "power law not rejected, others fit as well"

    def tail(self, degrees: Array, name: str) -> Array:
        """Return P(D >= d) of a fitted distribution, as a share of all units.

        Parameters
        ----------
        degrees : ndarray of int
            d, at least `xmin`.
        name : {"power law", "lognormal", "exponential"}
            Which distribution.

        Returns
        -------
        share : ndarray of shape (n_degrees,)
            Share of all units that have at least d connections, as it says.
        """
        share = self.n_tail / self.n_units
        if name == "power law":
            grid = np.array([self.exponent])
            table = log_zeta(grid, np.append(degrees, self.xmin))[0]
            return np.asarray(share * np.exp(table[:-1] - table[-1]))
        rival = next(rival for rival in self.rivals if rival.name == name)
        is_lognormal = name == "lognormal"
        beyond: Any = beyond_lognormal if is_lognormal else beyond_exponential
        logs = beyond(np.append(degrees, self.xmin), **rival.parameters)
        return np.asarray(share * np.exp(logs[:-1] - logs[-1]))


def survival(degrees: ArrayLike) -> tuple[Integers, Array]:
    """Return the degrees that occur, without 0, and the share of units P(D >= d).

    Parameters
    ----------
    degrees : array-like of int of shape (n_units,)
        Degree of each unit; those without a connection count as units.
    """
    values, counts = np.unique(np.asarray(degrees), return_counts=True)
    share = counts[::-1].cumsum()[::-1] / max(counts.sum(), 1)
    return values[values > 0], share[values > 0]


def fit_degrees(
    degrees: ArrayLike,
    *,
    xmin: int | None = None,
    n_resamples: int = 100,
    random_state: int = 0,
) -> DegreeFits | None:
    """Fit a power law to the tail of degrees, test it, and compare it with others.

    It follows Clauset, Shalizi and Newman [1]_. The tail begins at the degree that
    makes the Kolmogorov-Smirnov distance smallest.
    Resamples are semi-parametric: below the tail from the degrees themselves, in it
    from the power law. Each is fitted anew, its beginning included. Units without a
    connection have no part in it.

    Parameters
    ----------
    degrees : array-like of int of shape (n_units,)
        Degree of each unit.
    xmin : int, default=None
        Degree at which the tail begins. Give the median to test a law of the upper
        half. None takes the degree with the smallest distance. That is often so far out
        that few units are left, and of few units nothing can be rejected.
    n_resamples : int, default=100
        The standard error of the p-value is at most ``0.5 / sqrt(n_resamples)``; 2,500
        give it two decimals.
    random_state : int, default=0
        Seed of the resamples.

    Returns
    -------
    fits : DegreeFits or None
        None if fewer than 10 units or 3 different degrees are there, or in the tail
        from `xmin`: nothing can be fitted to them.

    References
    ----------
    .. [1] Clauset, Shalizi and Newman (2009). "Power-law distributions in empirical
       data." SIAM Review 51(4).

    Examples
    --------
    >>> import numpy as np
    >>> from skset.inspection import fit_degrees
    >>> degrees = np.random.default_rng(0).poisson(20, size=500)
    >>> fit_degrees(degrees, xmin=20, n_resamples=20).verdict
    'power law rejected'
    """
    d = np.asarray(degrees)
    n_units, d = d.size, d[d > 0]
    tail = d if xmin is None else d[d >= xmin]
    if tail.size < LEAST_TAIL or np.unique(tail).size < 3:
        return None
    start, exponent, distance = _power_law(d, xmin)
    tail = d[d >= start]
    rng = np.random.default_rng(random_state)
    farther = [
        _power_law(_resample(d, start, exponent, rng), xmin)[2] >= distance
        for _ in range(n_resamples)
    ]
    p_value = float(np.mean(farther)) if farther else float("nan")
    rivals = _rivals(tail, start, exponent)
    sizes = tail.size, n_units, n_resamples
    return DegreeFits(exponent, start, distance, p_value, *sizes, rivals)


def _power_law(d: Integers, xmin: int | None) -> tuple[int, float, float]:
    """Return xmin, exponent and distance of the tail that is closest to a power law.

    Or of the tail from the given xmin.
    """
    values, counts = np.unique(d, return_counts=True)
    in_tail = counts[::-1].cumsum()[::-1]
    n_starts = max(1, min(values.size - 1, int((in_tail >= LEAST_TAIL).sum())))
    sums = (counts * np.log(values))[::-1].cumsum()[::-1]
    logs = grid_log_zeta(values)
    starts = np.arange(n_starts)
    if xmin is not None:
        starts = np.searchsorted(values[:-1], [xmin])  # the last value is no tail
    likelihood = -EXPONENTS[:, None] * sums[starts] - in_tail[starts] * logs[:, starts]
    best = likelihood.argmax(0)
    # One row for each start: both survival functions at all values from there on.
    fitted = np.exp(logs[best] - logs[best, starts][:, None])
    found = in_tail / in_tail[starts][:, None]
    gap = np.where(values >= values[starts][:, None], abs(fitted - found), 0).max(1)
    k = int(gap.argmin())
    return int(values[starts[k]]), float(EXPONENTS[best[k]]), float(gap[k])


def _resample(d: Integers, xmin: int, exponent: float, rng: Generator) -> Integers:
    """Return as many degrees: below xmin drawn from d, above from the power law."""
    below = d[d < xmin]
    n_tail = int(rng.binomial(d.size, 1 - below.size / d.size))
    head = rng.choice(below, d.size - n_tail) if below.size else below
    return np.concatenate([head, drawn(xmin, exponent, n_tail, rng)])


def _rivals(tail: Integers, xmin: int, exponent: float) -> tuple[Rival, ...]:
    """Return the lognormal and the exponential, fitted and compared."""
    mine = -exponent * np.log(tail)
    mine = mine - log_zeta(np.array([exponent]), np.array([xmin]))[0, 0]
    rate = float(np.log1p(1 / max(tail.mean() - xmin, 1e-9)))
    fitted = fitted_lognormal(tail, xmin)
    exponential = np.log(-np.expm1(-rate)) - rate * (tail - xmin)
    return (
        Rival("lognormal", fitted, *_vuong(mine, lognormal(tail, xmin, fitted))),
        Rival("exponential", {"rate": rate}, *_vuong(mine, exponential)),
    )


def _vuong(mine: Array, its: Array) -> tuple[float, float]:
    """Return the log-likelihood ratio, and its p-value."""
    ratios = mine - its
    spread = ratios.std() * np.sqrt(2 * ratios.size)
    ratio = float(ratios.sum())
    return ratio, float(erfc(abs(ratio) / spread)) if spread > 0 else 1.0
