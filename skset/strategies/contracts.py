"""The contract of each family of strategies, and what a strategy can ask for.

A strategy is a small frozen dataclass. It sees arrays, never the network or the
estimator. An estimator takes it as an object, or by its name in the tables of
`skset.strategies.methods`.

One rule says who gets a `Context`: a grow always does, as its last argument; a drop or
an init does if it declares `needs`. The context has what the `Needs` ask for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from numbers import Integral
from typing import Any, Protocol

import numpy as np

from skset.topology import (
    Booleans,
    Floats,
    Integers,
    Topology,
    is_blind,
    pair_scores,
    read_only,
)

__all__ = [
    "Context",
    "DensitySchedule",
    "Drop",
    "Grow",
    "Init",
    "Needs",
    "Schedule",
    "UnitPruning",
    "bound",
    "needs_of",
]


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a strategy asks for.

    A strategy declares it as `needs`: a class attribute, or a property where it depends
    on the strategy's parameters.

    Attributes
    ----------
    samples : int or callable, default=0
        For how many training rows the context has `inputs`, `outputs`, `deltas` and
        `gradients`. They are drawn anew for each evolution. A callable returns the
        number for the topology of a layer; the smallest counts, but at least one row is
        drawn. If drop and grow ask for different numbers, both get the greater one.
    explored : bool, default=False
        The context has `explored`.
    momentum : bool, default=False
        The context has `recent`. Refused if the solver has no momentum.
    training_set : bool, default=False
        The rows must come from the whole training set. `partial_fit` does not have it
        and refuses.
    sensitivities : bool, default=False
        The context has `sensitivities`. For an init only.
    """

    samples: int | Callable[[Topology], int] = 0
    explored: bool = False
    momentum: bool = False
    training_set: bool = False
    sensitivities: bool = False

    def __post_init__(self) -> None:
        if not (_is_count(self.samples) or callable(self.samples)):
            raise ValueError(
                "samples must be a whole number, 0 or more, or a function of a "
                f"topology, got {self.samples!r}."
            )
        for flag in fields(self)[1:]:
            value = getattr(self, flag.name)
            if not isinstance(value, bool):
                raise ValueError(f"{flag.name} must be True or False, got {value!r}.")


# What a strategy declares to find something in its context.
NEED_OF = {
    **dict.fromkeys(("inputs", "outputs", "deltas", "gradients"), "samples=256"),
    "explored": "explored=True",
    "recent": "momentum=True",
    "sensitivities": "sensitivities=True",
}
# What the strategies of each parameter can declare.
OF_EVOLUTION = {"samples", "explored", "momentum", "training_set"}
NEEDS_FOR = {
    "init": {"training_set", "sensitivities"},
    "drop": OF_EVOLUTION,
    "grow": OF_EVOLUTION,
}
ONE_LAYER = " A network of one layer has no sensitivities."
HOW = "needs = Needs(samples=256), with Needs from skset.strategies"
# Stands for what a context does not have; to read it is an error.
ABSENT: Any = None


@dataclass(frozen=True, eq=False)
class Context:
    """What a strategy sees besides its first arguments. All arrays are read-only.

    To read something that the strategy did not ask for is an AttributeError, which says
    what to declare. A drop and a grow see the layer as it is before the drop. An init
    sees `n_layers`, and `sensitivities` if the network has more than one layer.

    Attributes
    ----------
    inputs : ndarray of shape (n_in, samples)
        Activations that go in. Needs `samples`, as do the next three.
    outputs : ndarray of shape (n_out, samples)
        Activations that come out; in the output layer, the predictions.
    deltas : ndarray of shape (n_out, samples)
        Gradient of the loss with respect to the weighted sums. The gradient of
        connection (i, j), existing or not, is ``inputs[i] @ deltas[j]``.
    gradients : ndarray of shape (nnz,)
        Gradient of the loss with respect to each weight.
    topology : Topology
        The connections of the layer.
    weights : ndarray of shape (nnz,)
        Their weights.
    explored : Topology
        Every position that has ever had a connection. Needs `explored`.
    recent : tuple of two ndarray of shape (n_in, n) and (n_out, n)
        Two thin matrices L and R. ``L @ R.T`` is the momentum of every weight, existing
        or not, up to a factor. Without any column before the first step. Needs
        `momentum`.
    longest_stall : int
        The most epochs in a row, so far, in which the validation score (without
        validation data, the training loss) did not improve.
    layer : int
        Which layer this is; 0 is the first.
    n_layers : int
        How many layers the network has.
    epoch : int
        How many epochs are done.
    progress : float
        The share of the training that is done, in [0, 1].
    sensitivities : callable
        ``sensitivities(topologies)`` returns an array for each layer: ``|w g|`` of each
        connection of a network with these topologies. Needs `sensitivities`.
    """

    inputs: Floats = field(default=ABSENT, repr=False)
    outputs: Floats = field(default=ABSENT, repr=False)
    deltas: Floats = field(default=ABSENT, repr=False)
    topology: Topology = field(default=ABSENT, repr=False)
    weights: Floats = field(default=ABSENT, repr=False)
    explored: Topology = field(default=ABSENT, repr=False)
    recent: tuple[Floats, Floats] = field(default=ABSENT, repr=False)
    longest_stall: int = 0
    layer: int = 0
    n_layers: int = 1
    epoch: int = 0
    progress: float = 0.0
    sensitivities: Callable[[Sequence[Topology]], list[Floats]] = field(
        default=ABSENT, repr=False
    )

    def __post_init__(self) -> None:
        seen = vars(self)
        for name in ("inputs", "outputs", "deltas", "weights"):
            if seen[name] is not ABSENT:
                seen[name] = read_only(seen[name])
        if seen["recent"] is not ABSENT:
            seen["recent"] = tuple(map(read_only, seen["recent"]))

    def __getattribute__(self, name: str) -> Any:
        value = object.__getattribute__(self, name)
        if value is ABSENT and name in NEED_OF:
            raise AttributeError(
                f"The context has no {name}. Declare needs = Needs({NEED_OF[name]}) in "
                f"the strategy's class.{ONE_LAYER if name == 'sensitivities' else ''}"
            )
        return value

    @cached_property
    def gradients(self) -> Floats:
        """Gradient of the loss with respect to each weight of the topology."""
        t = self.topology
        return read_only(pair_scores(self.inputs, self.deltas, t.indptr, t.indices))


class Init(Protocol):
    """Where connections exist at first.

    If it declares `needs`, it gets a `Context` as a third argument.
    """

    def __call__(
        self, shapes: Sequence[tuple[int, int]], rng: np.random.Generator
    ) -> list[Topology]:
        """Return one topology for each layer shape (n_in, n_out)."""


class Drop(Protocol):
    """Which connections an evolution removes.

    If it declares `needs`, it gets a `Context` as a fourth argument.
    """

    def __call__(
        self, weights: Floats, zeta: float, rng: np.random.Generator
    ) -> Booleans:
        """Return a boolean array, True where a connection is kept."""


class Grow(Protocol):
    """Where an evolution puts new connections."""

    def __call__(
        self, topology: Topology, n: int, rng: np.random.Generator, context: Context
    ) -> Integers:
        """Return n different positions ``input * n_out + output`` free in `topology`.

        It has the connections that the drop has kept. Positions are int64.
        """


class Schedule(Protocol):
    """How large a fraction an evolution replaces."""

    def __call__(self, progress: float) -> float:
        """Return zeta at this share of the training, in [0, 1]."""


class DensitySchedule(Protocol):
    """How dense the network is at an evolution."""

    def __call__(self, progress: float, final: float) -> float:
        """Return the density at this share of the training, given the final one."""


class UnitPruning(Protocol):
    """Which hidden units are removed for good."""

    def due(self, before: float, now: float) -> bool:
        """Return whether units are to be removed between these shares of training."""

    def __call__(self, strengths: Floats) -> Booleans:
        """Return a boolean array, True where a unit of a hidden layer is kept."""


def needs_of(strategy: Any, parameter: str) -> Needs:
    """Return what a strategy asks for; `parameter` is "init", "drop" or "grow".

    Raises
    ------
    ValueError
        If its `needs` are no `Needs`, if such a strategy cannot have them, or if they
        seem to be declared under another name.
    """
    if not hasattr(strategy, "needs"):
        if misspelt := _misspelt_needs(strategy):
            raise ValueError(
                f"{parameter} has an attribute {misspelt!r}, which has no effect. What "
                f"a strategy needs is declared as {HOW}."
            )
        return Needs()
    needs = strategy.needs
    if not isinstance(needs, Needs):
        raise ValueError(
            f"{parameter}.needs must be a Needs, got {needs!r}. Write {HOW}."
        )
    asked = {need.name for need in fields(needs) if getattr(needs, need.name)}
    if unknown := sorted(asked - NEEDS_FOR[parameter]):
        raise ValueError(
            f"{parameter} cannot need {unknown[0]}, only "
            f"{', '.join(sorted(NEEDS_FOR[parameter]))}."
        )
    return needs


def bound(parameter: str, strategy: Any, context: Context) -> Callable[..., Any]:
    """Return an "init", "drop" or "grow" as a function without a context argument."""
    if is_blind(strategy) or not (parameter == "grow" or hasattr(strategy, "needs")):
        return strategy  # type: ignore[no-any-return]
    return lambda *arguments: strategy(*arguments, context)


def _is_count(value: Any) -> bool:
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    return is_whole and value >= 0


def _misspelt_needs(strategy: Any) -> str | None:
    """Return an attribute by which the strategy seems to declare needs, or None."""
    for name in dir(strategy):
        if name.startswith("needs_") or name in ("need", "sample_size"):
            return name
    return None
