"""Discrete distributions of degrees: power law, lognormal, exponential."""

from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_ndtr, zeta

from skset.topology import Integers

__all__ = [
    "EXPONENTS",
    "beyond_exponential",
    "beyond_lognormal",
    "drawn",
    "fitted_lognormal",
    "grid_log_zeta",
    "log_zeta",
    "lognormal",
]

Array: TypeAlias = NDArray[Any]

# Exponents that are tried: exponent - 1 in steps of one percent. A steeper tail than
# the last is no power law in any useful sense, and its zeta function leaves the range
# of floating point numbers.
EXPONENTS = 1 + np.geomspace(0.05, 59, 712)
# Up to here zeta functions come from a table, above from their expansion.
N_TABLED = 1024


@lru_cache(maxsize=1)
def _tabled() -> Array:
    """Return log zeta(exponent, q) for all exponents and q = 0, 1, ..., N_TABLED."""
    q = np.arange(1, N_TABLED + 1)
    table = np.log(zeta(EXPONENTS[:, None], q))
    return np.asarray(np.pad(table, ((0, 0), (1, 0))))


def log_zeta(exponents: Array, q: Array) -> Array:
    """Return log zeta(a, q), the log of the sum of ``k**-a`` over k >= q.

    For large q by its Euler-Maclaurin expansion, which does not underflow.
    """
    a, q = exponents[:, None], np.asarray(q, float)
    expansion = np.log(q / (a - 1) + 0.5 + a / (12 * q)) - a * np.log(q)
    exact = np.log(zeta(a, np.minimum(q, N_TABLED)))
    return np.asarray(np.where(q > N_TABLED, expansion, exact))


def grid_log_zeta(q: Integers) -> Array:
    """Return log zeta(a, q) for all exponents of the grid."""
    small = q <= N_TABLED
    logs = _tabled()[:, np.where(small, q, 0)]
    if not small.all():
        logs[:, ~small] = log_zeta(EXPONENTS, q[~small])
    return logs


def drawn(xmin: int, exponent: float, n: int, rng: Generator) -> Integers:
    """Return draws from a discrete power law, by its survival function."""
    shares = 1 - rng.random(n)  # in (0, 1]
    q = np.arange(xmin, max(N_TABLED, 2 * xmin) + 1)
    logs = log_zeta(np.array([exponent]), q)[0]
    beyond = np.exp(logs - logs[0])
    places = np.searchsorted(-beyond, -shares, side="right") - 1
    drawn = q[places]
    # Behind the table the continuous power law is as good, and has a closed form.
    far = shares < beyond[-1]
    steps = (shares[far] / beyond[-1]) ** (-1 / (exponent - 1))
    drawn[far] = np.minimum(q[-1] * steps, 2.0**40).astype(drawn.dtype)
    return drawn


def beyond_lognormal(d: Array, mu: float, sigma: float) -> Array:
    """Return log P(D >= d) of a lognormal that is rounded to whole numbers."""
    return np.asarray(log_ndtr((mu - np.log(d - 0.5)) / sigma))


def beyond_exponential(d: Array, rate: float) -> Array:
    """Return log P(D >= d), but for a constant."""
    return -rate * d


def lognormal(tail: Integers, xmin: int, parameters: dict[str, float]) -> Array:
    """Return the log-likelihoods of the tail, given that it begins at xmin."""
    upper = beyond_lognormal(tail, **parameters)
    lower = beyond_lognormal(tail + 1, **parameters)
    inside = np.log(-np.expm1(np.minimum(lower - upper, -1e-12)))
    return np.asarray(
        upper + inside - beyond_lognormal(np.array([xmin]), **parameters)[0]
    )


def fitted_lognormal(tail: Integers, xmin: int) -> dict[str, float]:
    """Return the parameters of maximum likelihood."""
    logs = np.log(tail)

    def loss(point: Array) -> float:
        parameters = {"mu": point[0], "sigma": float(np.exp(point[1]))}
        return -float(lognormal(tail, xmin, parameters).sum())

    start = [logs.mean(), np.log(max(logs.std(), 0.05))]
    bounds = [(-30.0, logs.max() + 3), (np.log(0.01), np.log(10.0))]
    found = minimize(loss, start, method="Nelder-Mead", bounds=bounds)
    return {"mu": float(found.x[0]), "sigma": float(np.exp(found.x[1]))}
