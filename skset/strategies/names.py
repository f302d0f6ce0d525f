"""The one table of names: what a string given to an estimator stands for."""

from dataclasses import dataclass, replace

from skset.strategies.densities import ErdosRenyi, Uniform
from skset.strategies.drop import MagnitudeDrop, SETDrop
from skset.strategies.grow import RandomGrow
from skset.strategies.protocols import Drop, Grow, Schedule
from skset.strategies.schedules import ConstantSchedule, CosineSchedule

__all__ = ["DROPS", "GROWS", "INITS", "METHODS", "SCHEDULES", "Evolution", "Method"]

INITS = {"erdos_renyi": ErdosRenyi, "uniform": Uniform}
DROPS = {"set": SETDrop, "magnitude": MagnitudeDrop}
GROWS = {"random": RandomGrow}
SCHEDULES = {"constant": ConstantSchedule, "cosine": CosineSchedule}


@dataclass(frozen=True)
class Evolution:
    """Everything that decides how a topology evolves.

    Attributes
    ----------
    drop, grow, schedule : callable
        Strategies; see `skset.strategies.protocols`.
    update_interval : int or None
        Training steps between evolutions; None is once per epoch.
    newborn : {"zero", "init"}
        What a newborn connection weighs: nothing, or a fresh initial value.
    """

    drop: Drop
    grow: Grow
    schedule: Schedule
    update_interval: int | None = None
    newborn: str = "zero"


@dataclass(frozen=True)
class Method:
    """A published method: a name or number for each part of an `Evolution`."""

    zeta: float
    drop: str = "set"
    grow: str = "random"
    zeta_schedule: str = "constant"
    update_interval: int | None = None
    newborn: str = "zero"

    def evolution(self, **overrides):
        """Return the evolution, each given part that is not None replacing its own."""
        given = {name: part for name, part in overrides.items() if part is not None}
        parts = replace(self, **given)
        schedule = parts.zeta_schedule
        return Evolution(
            drop=_made(parts.drop, DROPS),
            grow=_made(parts.grow, GROWS),
            schedule=_made(schedule, SCHEDULES, zeta=parts.zeta),
            update_interval=parts.update_interval,
            newborn=parts.newborn,
        )


METHODS = {
    # Mocanu et al. 2018. Newborn weights of 0 in place of fresh random ones, which hurt
    # where an epoch has few steps: see docs/defaults.md.
    "set": Method(zeta=0.3),
    # Liu et al. 2022, ICLR: a random pattern, trained and never changed.
    "static": Method(zeta=0.0),
}


def _made(strategy, table, **options):
    """Return the strategy itself, or the one that its name stands for."""
    return table[strategy](**options) if isinstance(strategy, str) else strategy
