"""The one table of names: what a string given to an estimator stands for."""

from dataclasses import dataclass, replace

from skset.strategies.contracts import DensitySchedule, Drop, Grow, Schedule
from skset.strategies.drop import (
    MagnitudeDrop,
    MESTDrop,
    RandomDrop,
    SensitivityDrop,
    SETDrop,
    ThresholdDrop,
)
from skset.strategies.grow import (
    CosineGrow,
    GradientGrow,
    GuidedGrow,
    MomentumGrow,
    NeuronGrow,
    RandomGrow,
    UnfiredGrow,
)
from skset.strategies.init import ErdosRenyi, Snip, Uniform, UniformPlus
from skset.strategies.pruning import ImportancePruning
from skset.strategies.schedules import (
    ConstantDensity,
    ConstantSchedule,
    CosineSchedule,
    CubicDensity,
    LinearSchedule,
)

__all__ = [
    "DENSITY_SCHEDULES",
    "DROPS",
    "GROWS",
    "INITS",
    "METHODS",
    "SCHEDULES",
    "UNIT_PRUNINGS",
    "Evolution",
    "Method",
]

INITS = {
    "erdos_renyi": ErdosRenyi,
    "uniform": Uniform,
    "uniform_plus": UniformPlus,
    "snip": Snip,
}
DROPS = {
    "set": SETDrop,
    "magnitude": MagnitudeDrop,
    "random": RandomDrop,
    "sensitivity": SensitivityDrop,
    "mest": MESTDrop,
    "threshold": ThresholdDrop,
}
GROWS = {
    "random": RandomGrow,
    "random_unfired": UnfiredGrow,
    "gradient": GradientGrow,
    "momentum": MomentumGrow,
    "cosine": CosineGrow,
    "guided": GuidedGrow,
    "neuron": NeuronGrow,
}
SCHEDULES = {
    "constant": ConstantSchedule,
    "linear": LinearSchedule,
    "cosine": CosineSchedule,
}
DENSITY_SCHEDULES = {"constant": ConstantDensity, "cubic": CubicDensity}
UNIT_PRUNINGS = {"strength": ImportancePruning}


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

    drop: Drop
    grow: Grow
    schedule: Schedule
    density_schedule: DensitySchedule
    update_interval: int | None = None
    newborn: str = "zero"

    def asks_for(self, what):
        """Return whether the growth has the attribute ``needs_<what>`` set."""
        return getattr(self.grow, f"needs_{what}", False)


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
    update_interval: int | None = None
    newborn: str = "zero"

    def evolution(self, zeta=None, **overrides):
        """Return the evolution, each given part that is not None replacing its own.

        A zeta that is given is also that of a schedule which is given as an object, if
        that has one. The interval "epoch" stands for once per epoch.
        """
        given = {name: part for name, part in overrides.items() if part is not None}
        parts = replace(self, **given)
        interval = parts.update_interval
        return Evolution(
            drop=made(parts.drop, DROPS),
            grow=made(parts.grow, GROWS),
            schedule=parts._schedule(zeta),
            density_schedule=made(parts.density_schedule, DENSITY_SCHEDULES),
            update_interval=None if interval == "epoch" else interval,
            newborn=parts.newborn,
        )

    def _schedule(self, zeta):
        schedule = self.zeta_schedule
        if isinstance(schedule, str):
            zeta = self.zeta if zeta is None else zeta
            return made(schedule, SCHEDULES, zeta=zeta, stop=self.stop)
        has_zeta = "zeta" in getattr(schedule, "__dataclass_fields__", ())
        return (
            replace(schedule, zeta=zeta) if has_zeta and zeta is not None else schedule
        )


METHODS = {
    # Mocanu et al. 2018. Newborn weights of 0 in place of fresh random ones, which hurt
    # where an epoch has few steps: see docs/defaults.md.
    "set": Method(zeta=0.3),
    # Liu et al. 2022, ICLR: a random pattern, trained and never changed.
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
    # Liu et al. 2021, NeurIPS, and its code. An update every 1,000 of 62,500 steps is
    # one in 1.6 % of the training: once per epoch, where there are 60.
    "granet": Method(
        zeta=0.5,
        drop="magnitude",
        grow="gradient",
        zeta_schedule="cosine",
        density_schedule="cubic",
    ),
    # Atashgahi et al. 2022, Machine Learning, and its code.
    "ctre": Method(zeta=0.2, drop="magnitude", grow="cosine", newborn="he_uniform"),
    # Yuan et al. 2021, NeurIPS: 0.2, 0.1 and 0 in three phases of the training, of
    # which the last begins at three quarters.
    "mest": Method(zeta=0.2, drop="mest", zeta_schedule="linear", stop=0.75),
    # Heddes et al. 2024, and its code: an update every 1,000 of 78,000 steps, which is
    # 1.3 % of the training, until 120 of 200 epochs.
    "gse": Method(
        zeta=0.2, drop="magnitude", grow="guided", zeta_schedule="cosine", stop=0.6
    ),
}


def made(strategy, table, **options):
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
