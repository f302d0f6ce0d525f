"""How large a fraction an evolution replaces, and how dense a network is meanwhile.

A schedule of zeta is called as ``schedule(progress)`` with the share of the training
that is done, in [0, 1], and returns zeta now. A schedule of the density is called as
``schedule(progress, final)`` with the density that the network is to end with, and
returns the density now.
"""

from dataclasses import dataclass

import numpy as np

__all__ = [
    "ConstantDensity",
    "ConstantSchedule",
    "CosineSchedule",
    "CubicDensity",
    "LinearSchedule",
]


@dataclass(frozen=True)
class _Schedule:
    """A zeta that ends before the training does, or with it.

    Parameters
    ----------
    zeta : float in [0, 1], default=0.3
        Fraction replaced at first.
    stop : float in (0, 1], default=1.0
        Share of the training after which the topology stays as it is.
    """

    zeta: float = 0.3
    stop: float = 1.0

    def __post_init__(self):
        if not 0 <= self.zeta <= 1:
            raise ValueError(f"zeta must be in [0, 1], got {self.zeta!r}.")
        _check_stop(self.stop)

    def __call__(self, progress):
        """Return zeta now."""
        # With stop=1 the last evolution, which may come after the last step, counts.
        over = progress > 1 if self.stop == 1 else progress >= self.stop
        return 0.0 if over else self.zeta * self._factor(progress / self.stop)

    def _factor(self, share):
        """Return the factor of zeta at this share of the time that it has."""
        raise NotImplementedError


@dataclass(frozen=True)
class ConstantSchedule(_Schedule):
    """zeta all along, as in SET (Mocanu et al. 2018)."""

    def _factor(self, share):
        return 1.0


@dataclass(frozen=True)
class LinearSchedule(_Schedule):
    """``zeta (1 - t / stop)``, from zeta to 0.

    A straight line in place of the cosine of Evci et al. 2020.
    """

    def _factor(self, share):
        return 1.0 - share


@dataclass(frozen=True)
class CosineSchedule(_Schedule):
    """``zeta (1 + cos(pi t / stop)) / 2``, from zeta to 0.

    Evci et al. 2020, ICML, section 3 (2).
    """

    def _factor(self, share):
        return 0.5 * (1.0 + float(np.cos(np.pi * share)))


@dataclass(frozen=True)
class ConstantDensity:
    """The final density all along: as many connections are grown as dropped."""

    def __call__(self, progress, final):
        """Return the density now."""
        return final


@dataclass(frozen=True)
class CubicDensity:
    """``final + (initial - final) (1 - t / stop)^3``, from the initial to the final.

    Zhu and Gupta 2017 (arXiv 1710.01878, equation 1), as in GraNet (Liu et al. 2021,
    NeurIPS). At each evolution the weights that are smallest in the whole
    network are removed for good, so that it really shrinks. Each layer keeps a quarter
    of what an Erdos-Renyi network of that density would give it.

    Parameters
    ----------
    initial : float in (0, 1], default=None
        Density at first; 1 is dense-to-sparse training. None is three times the final
        one: memory and time go with the connections, and 0.5, the paper's, is where a
        sparse network has lost its point.
    stop : float in (0, 1], default=0.7
        Share of the training at which the final density is reached; GraNet's code has
        110 of 160 epochs.
    """

    initial: float | None = None
    stop: float = 0.7

    def __post_init__(self):
        if self.initial is not None and not 0 < self.initial <= 1:
            raise ValueError(f"initial must be in (0, 1], got {self.initial!r}.")
        _check_stop(self.stop)

    def __call__(self, progress, final):
        """Return the density now."""
        initial = 3 * final if self.initial is None else self.initial
        initial = min(1.0, max(initial, final))
        left = max(0.0, 1.0 - progress / self.stop)
        return final + (initial - final) * left**3


def _check_stop(stop):
    if not 0 < stop <= 1:
        raise ValueError(f"stop must be in (0, 1], got {stop!r}.")
