"""Schedules of zeta, the fraction that an evolution replaces, and of the density.

A schedule of zeta is called as ``schedule(progress)`` with the share of the training
that is done, in [0, 1], and returns zeta now. A schedule of the density is called as
``schedule(progress, final)``, also with the final density of the network, and returns
the density now.
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
    """A schedule of zeta that stops with the training, or before."""

    zeta: float = 0.3
    stop: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.zeta <= 1:
            raise ValueError(f"zeta must be in [0, 1], got {self.zeta!r}.")
        _check_stop(self.stop)

    def __call__(self, progress: float) -> float:
        """Return zeta now."""
        # With stop=1 zeta is not 0 at the end: the last evolution may come after the
        # last step.
        over = progress > 1 if self.stop == 1 else progress >= self.stop
        return 0.0 if over else self.zeta * self._factor(progress / self.stop)

    def _factor(self, share: float) -> float:
        """Return the factor of zeta at this share of the time until `stop`."""
        raise NotImplementedError


@dataclass(frozen=True)
class ConstantSchedule(_Schedule):
    """The same zeta until `stop`, as in SET (Mocanu et al. 2018).

    Its name is "constant": ``SETClassifier(zeta_schedule="constant")``.

    Parameters
    ----------
    zeta : float in [0, 1], default=0.3
        Share of the connections that an evolution replaces. 0.3 is SET's.
    stop : float in (0, 1], default=1.0
        Share of the training after which the topology stays as it is. With 1 it evolves
        until the end, as in SET.
    """

    def _factor(self, share: float) -> float:
        return 1.0


@dataclass(frozen=True)
class LinearSchedule(_Schedule):
    """``zeta (1 - t / stop)``, from zeta to 0.

    Here t is the share of the training that is done. A straight line instead of the
    cosine of Evci et al. 2020. Its name is "linear":
    ``SETClassifier(zeta_schedule="linear")``.

    Parameters
    ----------
    zeta : float in [0, 1], default=0.3
        Share of the connections that an evolution replaces at first. 0.3 is SET's
        (Mocanu et al. 2018).
    stop : float in (0, 1], default=1.0
        Share of the training after which the topology stays as it is. With 1 it evolves
        until the end, as in SET.
    """

    def _factor(self, share: float) -> float:
        return 1.0 - share


@dataclass(frozen=True)
class CosineSchedule(_Schedule):
    """``zeta (1 + cos(pi t / stop)) / 2``, from zeta to 0.

    Here t is the share of the training that is done. Evci et al. 2020, ICML, section 3
    (2). Its name is "cosine": ``SETClassifier(zeta_schedule="cosine")``.

    Parameters
    ----------
    zeta : float in [0, 1], default=0.3
        Share of the connections that an evolution replaces at first. 0.3 is SET's
        (Mocanu et al. 2018), and also the alpha of Evci et al.
    stop : float in (0, 1], default=1.0
        Share of the training after which the topology stays as it is. With 1 it evolves
        until the end, as in SET.
    """

    def _factor(self, share: float) -> float:
        return 0.5 * (1.0 + float(np.cos(np.pi * share)))


@dataclass(frozen=True)
class ConstantDensity:
    """The final density from the start: as many connections are grown as dropped.

    Its name is "constant": ``SETClassifier(density_schedule="constant")``.
    """

    def __call__(self, progress: float, final: float) -> float:
        """Return the density now."""
        return final


@dataclass(frozen=True)
class CubicDensity:
    """``final + (initial - final) (1 - t / stop)^3``, from the initial to the final.

    Here t is the share of the training that is done. Zhu and Gupta 2017 (arXiv
    1710.01878, equation 1), as in GraNet (Liu et al. 2021, NeurIPS). Each evolution
    removes the smallest weights of the whole network for good: its arrays shrink. Each
    layer keeps at least a quarter of what an Erdős-Rényi network of that density would
    give it. Its name is "cubic": ``SETClassifier(density_schedule="cubic")``.

    Parameters
    ----------
    initial : float in (0, 1], default=None
        Density at first; 1 is dense-to-sparse training. None is three times the final
        one. The paper has 0.5, but memory and time grow with the connections.
    stop : float in (0, 1], default=0.7
        Share of the training after which the density is the final one; in GraNet's code
        110 of 160 epochs.
    """

    initial: float | None = None
    stop: float = 0.7

    def __post_init__(self) -> None:
        if self.initial is not None and not 0 < self.initial <= 1:
            raise ValueError(f"initial must be in (0, 1], got {self.initial!r}.")
        _check_stop(self.stop)

    def __call__(self, progress: float, final: float) -> float:
        """Return the density now."""
        initial = 3 * final if self.initial is None else self.initial
        initial = min(1.0, max(initial, final))
        left = max(0.0, 1.0 - progress / self.stop)
        return final + (initial - final) * left**3


def _check_stop(stop: float) -> None:
    if not 0 < stop <= 1:
        raise ValueError(f"stop must be in (0, 1], got {stop!r}.")
