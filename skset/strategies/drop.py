"""Drops: which connections an evolution removes.

A drop is called as ``drop(weights, zeta, rng)`` with the weights of one layer. It
returns a boolean array, True where a connection is kept. If it declares `needs`, it
gets a `Context` as a fourth argument.
"""

from dataclasses import dataclass

import numpy as np

from skset import topology as patterns
from skset.strategies.needs import Context
from skset.strategies.sample_size import Sampled
from skset.topology import Booleans, Floats

__all__ = [
    "MESTDrop",
    "MagnitudeDrop",
    "RandomDrop",
    "SETDrop",
    "SensitivityDrop",
    "ThresholdDrop",
]


@dataclass(frozen=True)
class SETDrop:
    """Drop the fraction zeta of each sign that is closest to zero.

    Of the positive weights the smallest go, of the negative ones the largest, each sign
    on its own (Mocanu et al. 2018, Nature Communications 9:2383, methods). A weight of
    exactly zero counts as positive. Its name is "set": ``SETClassifier(drop="set")``.
    """

    def __call__(
        self, weights: Floats, zeta: float, rng: np.random.Generator
    ) -> Booleans:
        """Return which connections are kept."""
        n_negative = int(np.count_nonzero(weights < 0))
        n_low, n_high = int(zeta * n_negative), int(zeta * (weights.size - n_negative))
        # In sorted order these are neighbours: the last of the negative weights, and
        # the first of the others.
        first, last = n_negative - n_low + 1, n_negative + n_high
        if first > last:
            return np.ones(weights.size, bool)
        low, high = (patterns.nth_smallest(weights, rank) for rank in (first, last))
        keep = patterns.is_outside(weights, low, high)
        if np.count_nonzero(keep) != weights.size - n_low - n_high:
            _keep_surplus(keep, weights, (low, high), (n_low, n_high), rng)
        return keep


def _keep_surplus(
    keep: Booleans,
    weights: Floats,
    bounds: tuple[float, float],
    n_dropped: tuple[int, int],
    rng: np.random.Generator,
) -> None:
    """Keep some of the weights at the bounds, so that so many of each sign are dropped.

    Bounds and numbers are those of the negative weights and of the others. Changes
    `keep` in place.
    """
    n_negative = int(np.count_nonzero(~keep & (weights < 0)))
    n_others = weights.size - int(np.count_nonzero(keep)) - n_negative
    patterns.unless_surplus(keep, weights, bounds[1], n_others, n_dropped[1], rng)
    patterns.unless_surplus(keep, weights, bounds[0], n_negative, n_dropped[0], rng)


@dataclass(frozen=True)
class MagnitudeDrop:
    """Drop the fraction zeta with the smallest ``|w|``, whatever the sign.

    As in RigL (Evci et al. 2020, ICML, algorithm 1). Its name is "magnitude":
    ``SETClassifier(drop="magnitude")``.
    """

    def __call__(
        self, weights: Floats, zeta: float, rng: np.random.Generator
    ) -> Booleans:
        """Return which connections are kept."""
        n = int(zeta * weights.size)
        return patterns.all_but_smallest(np.abs(weights), n, rng)


@dataclass(frozen=True)
class RandomDrop:
    """Drop the fraction zeta uniformly at random.

    A control: it ignores what was learned, and accuracy suffers (Mocanu et al. 2018,
    Nature Communications 9:2383, supplement). Its name is "random":
    ``SETClassifier(drop="random")``.
    """

    def __call__(
        self, weights: Floats, zeta: float, rng: np.random.Generator
    ) -> Booleans:
        """Return which connections are kept."""
        keep = np.ones(weights.size, bool)
        n = int(zeta * weights.size)
        keep[patterns.sample_ranks(weights.size, n, rng)] = False
        return keep


@dataclass(frozen=True)
class ThresholdDrop:
    """Drop connections with ``|w| < threshold``, at most the fraction zeta.

    If there are more, the smallest of them go. As in dynamic sparse reparameterisation
    (Mostafa and Wang 2019, ICML, algorithm 1), but with a fixed threshold. Its name is
    "threshold": ``SETClassifier(drop="threshold")``.

    Parameters
    ----------
    threshold : float, default=0.001
        Weights nearer to 0 than this may go; not negative. The default is chosen by us:
        a hundredth of usual initial weights, which are about 0.1.
    """

    threshold: float = 0.001

    def __post_init__(self) -> None:
        if not self.threshold >= 0:
            raise ValueError(f"threshold must be >= 0, got {self.threshold!r}.")

    def __call__(
        self, weights: Floats, zeta: float, rng: np.random.Generator
    ) -> Booleans:
        """Return which connections are kept."""
        magnitudes = np.abs(weights)
        n_small = int(np.count_nonzero(magnitudes < self.threshold))
        n = min(n_small, int(zeta * weights.size))
        return patterns.all_but_smallest(magnitudes, n, rng)


@dataclass(frozen=True)
class SensitivityDrop(Sampled):
    """Drop the fraction zeta with the smallest ``|w g|``, g being the gradient.

    To first order, ``|w g|`` is how much the loss changes without the connection (Lee
    et al. 2019, ICLR; Molchanov et al. 2017, ICLR). Its name is "sensitivity":
    ``SETClassifier(drop="sensitivity")``.

    Parameters
    ----------
    n_samples : int, default=None
        Number of training rows to look at, drawn anew for each evolution; all, if there
        are fewer. None takes as many as are cheap beside the training: up to 1,024,
        down to 32 in the widest layers. Fewer are mostly noise, more add nothing.
    """

    def __call__(
        self,
        weights: Floats,
        zeta: float,
        rng: np.random.Generator,
        context: Context,
    ) -> Booleans:
        """Return which connections are kept."""
        n = int(zeta * weights.size)
        return patterns.all_but_smallest(np.abs(weights * context.gradients), n, rng)


@dataclass(frozen=True)
class MESTDrop(Sampled):
    """Drop the fraction zeta with the smallest ``|w| + lam |g|``, g being the gradient.

    Yuan et al. 2021, NeurIPS (MEST): a weight with a large gradient is about to move,
    and should stay although it is small now. Its name is "mest":
    ``SETClassifier(drop="mest")``.

    Parameters
    ----------
    lam : float, default=0.5
        Weight of the gradient, not negative. The default is chosen by us: the authors'
        code leaves it at 0, and no published value was found.
    n_samples : int, default=None
        Number of training rows to look at, drawn anew for each evolution; all, if there
        are fewer. None takes as many as are cheap beside the training: up to 1,024,
        down to 32 in the widest layers. Fewer are mostly noise, more add nothing.
    """

    lam: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.lam < np.inf:
            raise ValueError(f"lam must be >= 0 and finite, got {self.lam!r}.")

    def __call__(
        self,
        weights: Floats,
        zeta: float,
        rng: np.random.Generator,
        context: Context,
    ) -> Booleans:
        """Return which connections are kept."""
        lam = weights.dtype.type(self.lam)
        score = np.abs(weights) + lam * np.abs(context.gradients)
        return patterns.all_but_smallest(score, int(zeta * weights.size), rng)
