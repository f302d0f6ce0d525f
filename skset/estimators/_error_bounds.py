"""Bounds on how many features stability selection chooses falsely.

A feature counts as false if the selector chooses it, on half of the rows, no more often
than it chooses a feature on average: with a probability of at most ``theta = q / p``
for q chosen of p features.
"""

from collections.abc import Callable

import numpy as np

from skset.estimators._types import Array

__all__ = ["ASSUMPTIONS", "false_selections", "least_threshold", "most_features"]

ASSUMPTIONS = ("r-concave", "none")
# The r of the distributions of simultaneous and of single selections: Shah and Samworth
# 2013, section 3.4.
CONCAVITIES = -1 / 2, -1 / 4
# The shape parameter a of the extremal distributions lies between these.
SHAPES = 1e-6, 1e6
HALVINGS, GRID = 80, 65


def false_selections(
    q: float, n_features: int, threshold: float, n_pairs: int, assumption: str
) -> float:
    """Return a bound on the expected number of false selections.

    Without an assumption it is ``theta q / (2 tau - 1)`` [1]_. If the distributions of
    how often features are chosen are r-concave, it is also ``p min(D(theta^2, 2 tau -
    1, B, -1/2), D(theta, tau, 2 B, -1/4))`` [2]_, which is less. No more can be chosen
    than ``q / tau`` in any case.

    Parameters
    ----------
    q : float
        Mean number of features chosen in each resample.
    n_features : int
        The p of the formulas.
    threshold : float in (0.5, 1]
        The tau of the formulas: the least frequency of a feature that is selected.
    n_pairs : int
        The B of the formulas.
    assumption : {"r-concave", "none"}
        About the distributions.

    Returns
    -------
    bound : float

    References
    ----------
    .. [1] Meinshausen and Buehlmann (2010). "Stability selection." JRSS B 72,
       theorem 1; for pairs of halves Shah and Samworth, theorem 1.
    .. [2] Shah and Samworth (2013). "Variable selection with error control: another
       look at stability selection." JRSS B 75, equation 8.
    """
    theta = q / n_features
    bound = min(theta * q / (2 * threshold - 1), q / threshold)
    if assumption == "none" or q == 0:
        return float(bound)
    n = 2 * n_pairs
    least = _counts(threshold, n)
    tails = (
        tail(theta**2, least - n_pairs, n_pairs, CONCAVITIES[0]),
        tail(theta, least, n, CONCAVITIES[1]),
    )
    return float(min(bound, n_features * min(tails)))


def most_features(
    target: float, n_features: int, bound: Callable[[float], float]
) -> int:
    """Return the greatest number per resample whose bound is at most the target.

    It is at least 1.
    """
    low, high = 1, n_features
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if bound(middle) <= target else (low, middle - 1)
    return low


def least_threshold(
    target: float, n_pairs: int, bound: Callable[[float], float]
) -> float:
    """Return the least threshold whose bound is at most the target, 1 if none is."""
    low, high = n_pairs + 1, 2 * n_pairs
    while low < high:
        middle = (low + high) // 2
        reached = bound(middle / (2 * n_pairs)) <= target
        low, high = (low, middle) if reached else (middle + 1, high)
    return low / (2 * n_pairs)


def _counts(threshold: float, n: int) -> int:
    """Return the least count among n that is a share of at least the threshold."""
    return int(np.ceil(threshold * n - 1e-9))


def tail(mean: float, least: int, n: int, r: float) -> float:
    """Return D: the greatest tail of an r-concave distribution on 0, 1, ..., n.

    Shah and Samworth 2013, appendix A.4: an extremal distribution has the weights
    ``(a + i)^(1 / r)`` for i up to some k, and what remains at k + 1.

    Parameters
    ----------
    mean : float in (0, 1)
        Mean of the distribution, divided by n.
    least : int
        The tail begins here.
    n : int
        Number of trials.
    r : float below 0
        How concave the distribution is at least.

    Returns
    -------
    probability : float
        The greatest probability of `least` or more; 1 where the theorem says nothing.
    """
    mean *= n
    first = int(np.ceil(2 * mean)) + 1
    if first >= n or least < first:
        return 1.0
    k = np.arange(first, n + 1)[:, None]
    edges = _shapes(k, mean, n, r)
    steps = np.linspace(0, 1, GRID)
    a = edges[1:, None] + (edges[:-1] - edges[1:])[:, None] * steps
    k, i = k[:-1, :, None], np.arange(n + 1)
    powers = np.where(i <= k, (a[..., None] + i) ** (1 / r), 0)
    scale = (k[..., 0] + 1 - mean) / np.sum((k + 1 - i) * powers, axis=-1)
    below = scale * powers[..., :least].sum(axis=-1)
    reached = k[..., 0] + 1 >= least
    return float(np.clip(np.where(reached, 1 - below, 0).max(), 0, 1))


def _shapes(k: Array, mean: float, n: int, r: float) -> Array:
    """Return for each k the shape whose distribution on 0, ..., k has this mean."""
    i = np.arange(n + 1)
    low, high = (np.full(k.shape, np.log(edge)) for edge in SHAPES)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        powers = np.where(i <= k, (np.exp(middle) + i) ** (1 / r), 0)
        # Moments about the mean: above 0 if the distribution is too flat.
        flat = np.sum((i - mean) * powers, axis=1, keepdims=True) > 0
        low, high = np.where(flat, low, middle), np.where(flat, middle, high)
    shapes: Array = np.exp(low[:, 0])
    return shapes
