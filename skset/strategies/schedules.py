"""How large a fraction of the connections an evolution replaces.

A schedule is called as ``schedule(progress)`` with the share of the training that is
done, in [0, 1], and returns zeta now.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["ConstantSchedule", "CosineSchedule"]


@dataclass(frozen=True)
class _Schedule:
    zeta: float = 0.3

    def __post_init__(self):
        if not 0 <= self.zeta <= 1:
            raise ValueError(f"zeta must be in [0, 1], got {self.zeta!r}.")


@dataclass(frozen=True)
class ConstantSchedule(_Schedule):
    """zeta all along, as in SET (Mocanu et al. 2018)."""

    def __call__(self, progress):
        """Return zeta now."""
        return self.zeta


@dataclass(frozen=True)
class CosineSchedule(_Schedule):
    """zeta (1 + cos(pi progress)) / 2, from zeta to 0 (Evci et al. 2020, section 3)."""

    def __call__(self, progress):
        """Return zeta now."""
        return 0.5 * self.zeta * (1.0 + float(np.cos(np.pi * progress)))
