"""Tables of the names of strategies and methods."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from skset.strategies import drop as drops
from skset.strategies import grow as grows
from skset.strategies import init as inits
from skset.strategies import pruning, schedules
from skset.strategies.contracts import (
    DensitySchedule,
    Grow,
    Needs,
    Schedule,
    needs_of,
)
from skset.topology import Booleans

__all__ = [
    "DENSITY_SCHEDULES",
    "DROPS",
    "GROWS",
    "INITS",
    "METHODS",
    "SCHEDULES",
    "SELECTION_METHODS",
    "UNIT_PRUNINGS",
    "Evolution",
    "Method",
    "made",
]

INITS = {
    "erdos_renyi": inits.ErdosRenyi,
    "uniform": inits.Uniform,
    "uniform_plus": inits.UniformPlus,
    "snip": inits.Snip,
}
DROPS = {
    "set": drops.SETDrop,
    "magnitude": drops.MagnitudeDrop,
    "random": drops.RandomDrop,
    "sensitivity": drops.SensitivityDrop,
    "mest": drops.MESTDrop,
    "threshold": drops.ThresholdDrop,
}
GROWS = {
    "random": grows.RandomGrow,
    "random_unfired": grows.UnfiredGrow,
    "gradient": grows.GradientGrow,
    "momentum": grows.MomentumGrow,
    "cosine": grows.CosineGrow,
    "guided": grows.GuidedGrow,
    "neuron": grows.NeuronGrow,
}
SCHEDULES = {
    "constant": schedules.ConstantSchedule,
    "linear": schedules.LinearSchedule,
    "cosine": schedules.CosineSchedule,
}
DENSITY_SCHEDULES = {
    "constant": schedules.ConstantDensity,
    "cubic": schedules.CubicDensity,
}
UNIT_PRUNINGS = {"strength": pruning.ImportancePruning}


@dataclass(frozen=True)
class Evolution:
    """Everything that decides how a topology evolves.

    Attributes
    ----------
    drop, grow, schedule, density_schedule : callable
        Strategies; see `skset.strategies.contracts`.
    update_interval : int or None
        Training steps between evolutions; None is once per epoch.
    newborn : {"zero", "init", "he_uniform"}
        What a newborn connection weighs: nothing, a fresh initial value, or one within
        ``sqrt(6 / n_in)``, n_in being all inputs of the layer.
    """

    drop: Callable[..., Booleans]
    grow: Grow
    schedule: Schedule
    density_schedule: DensitySchedule
    update_interval: int | None = None
    newborn: str = "zero"

    @cached_property
    def needs(self) -> dict[str, Needs]:
        """The needs of "drop" and of "grow", checked once."""
        return {name: needs_of(getattr(self, name), name) for name in ("drop", "grow")}

    def asks_for(self, need: str) -> list[str]:
        """Return which of "drop" and "grow" have a need, a field of `Needs`."""
        return [name for name, needs in self.needs.items() if getattr(needs, need)]


@dataclass(frozen=True)
class Method:
    """A published method: a name or number for each part of an `Evolution`.

    `stop` is that of the schedule of zeta.
    """

    zeta: float
    drop: str = "set"
    grow: str = "random"
    zeta_schedule: str = "constant"
    stop: float = 1.0
    density_schedule: str = "constant"
    update_interval: int | str | None = None
    newborn: str = "zero"

    def evolution(self, zeta: float | None = None, **overrides: Any) -> Evolution:
        """Return the evolution. A part that is given, and not None, replaces its own.

        If both zeta and a schedule object are given, and the schedule has a zeta, it
        gets this one. The interval "epoch" stands for once per epoch.
        """
        given = {name: part for name, part in overrides.items() if part is not None}
        parts = replace(self, **given)
        interval = parts.update_interval
        return Evolution(
            drop=made(parts.drop, DROPS),
            grow=made(parts.grow, GROWS),
            schedule=parts._schedule(zeta),
            density_schedule=made(parts.density_schedule, DENSITY_SCHEDULES),
            update_interval=None if isinstance(interval, str) else interval,
            newborn=parts.newborn,
        )

    def _schedule(self, zeta: float | None) -> Schedule:
        schedule: Any = self.zeta_schedule
        if isinstance(schedule, str):
            zeta = self.zeta if zeta is None else zeta
            schedule = made(schedule, SCHEDULES, zeta=zeta, stop=self.stop)
        elif zeta is not None and "zeta" in getattr(
            schedule, "__dataclass_fields__", ()
        ):
            schedule = replace(schedule, zeta=zeta)
        return schedule  # type: ignore[no-any-return]


METHODS: dict[str, Method] = {
    # Mocanu et al. 2018. Newborn weights are 0: fresh random ones hurt if an epoch has
    # few steps (docs/defaults.md).
    "set": Method(zeta=0.3),
    # Liu et al. 2022, ICLR: a random pattern that never changes.
    "static": Method(zeta=0.0),
    # Evci et al. 2020, ICML: alpha 0.3, Delta T 100, T_end three quarters.
    "rigl": Method(
        zeta=0.3,
        drop="magnitude",
        grow="gradient",
        zeta_schedule="cosine",
        stop=0.75,
        update_interval=100,
    ),
    # Liu et al. 2021, NeurIPS, and its code. It updates every 1,000 of 62,500 steps, or
    # 1.6 % of the training: about one of 60 epochs.
    "granet": Method(
        zeta=0.5,
        drop="magnitude",
        grow="gradient",
        zeta_schedule="cosine",
        density_schedule="cubic",
    ),
    # Atashgahi et al. 2022, Machine Learning, and its code.
    "ctre": Method(zeta=0.2, drop="magnitude", grow="cosine", newborn="he_uniform"),
    # Yuan et al. 2021, NeurIPS: zeta is 0.2, 0.1 and 0 in three phases; the last begins
    # at three quarters of the training.
    "mest": Method(zeta=0.2, drop="mest", zeta_schedule="linear", stop=0.75),
    # Heddes et al. 2024, and its code: an update every 1,000 of 78,000 steps, or 1.3 %
    # of the training, until epoch 120 of 200.
    "gse": Method(
        zeta=0.2, drop="magnitude", grow="guided", zeta_schedule="cosine", stop=0.6
    ),
}
# The methods of QuickSelection. Its paper has another zeta (Atashgahi et al. 2021,
# Machine Learning, arXiv 2012.00560).
SELECTION_METHODS = METHODS | {"set": replace(METHODS["set"], zeta=0.2)}


def made(strategy: Any, table: Mapping[str, Callable[..., Any]], **options: Any) -> Any:
    """Return the strategy itself, or the one that its name stands for.

    Raises
    ------
    ValueError
        If the table does not have the name.
    """
    if not isinstance(strategy, str):
        return strategy
    if strategy not in table:
        raise ValueError(f"{strategy!r} is none of the names {sorted(table)}.")
    return table[strategy](**options)
