"""The contract of each family of strategies: how it is called, what it returns.

A strategy is a small frozen dataclass. It sees arrays, never the network or the
estimator. An estimator takes it as an object, or by its name in the tables of
`skset.strategies.methods`.

One rule says who gets a `Context`: a grow always does, as its last argument; a drop or
an init does if it declares `needs`. The context has what the `Needs` ask for.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Protocol

import numpy as np

from skset.strategies.needs import Context, Needs
from skset.topology import Booleans, Floats, Integers, Topology, is_blind

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

# What the strategies of each parameter can declare.
OF_EVOLUTION = {"samples", "explored", "momentum", "training_set"}
NEEDS_FOR = {
    "init": {"training_set", "sensitivities"},
    "drop": OF_EVOLUTION,
    "grow": OF_EVOLUTION,
}
HOW = "needs = Needs(samples=256), with Needs from skset.strategies"


class Init(Protocol):
    """Where connections exist at first.

    If it declares `needs`, it gets a `~skset.strategies.Context` as a third argument.
    """

    def __call__(
        self, shapes: Sequence[tuple[int, int]], rng: np.random.Generator
    ) -> list[Topology]:
        """Return the topologies of all layers.

        Parameters
        ----------
        shapes : list of tuple of int
            (n_in, n_out) of each layer, from the input to the output.
        rng : numpy.random.Generator
            The only source of randomness, so that a seed decides all.

        Returns
        -------
        topologies : list of Topology
            One for each shape, in the same order.
        """


class Drop(Protocol):
    """Which connections an evolution removes.

    If it declares `needs`, it gets a `~skset.strategies.Context` as a fourth argument.
    """

    def __call__(
        self, weights: Floats, zeta: float, rng: np.random.Generator
    ) -> Booleans:
        """Return which connections of a layer are kept.

        Parameters
        ----------
        weights : ndarray of shape (nnz,)
            Weights of the layer, in the order of the topology; read-only.
        zeta : float in [0, 1]
            Share of the connections that is to be removed.
        rng : numpy.random.Generator
            The only source of randomness, so that a seed decides all.

        Returns
        -------
        keep : ndarray of shape (nnz,), bool
            True where a connection is kept.
        """


class Grow(Protocol):
    """Where an evolution puts new connections."""

    def __call__(
        self, topology: Topology, n: int, rng: np.random.Generator, context: Context
    ) -> Integers:
        """Return the positions of new connections of a layer.

        Parameters
        ----------
        topology : Topology
            The connections that the drop has kept.
        n : int
            How many connections to grow.
        rng : numpy.random.Generator
            The only source of randomness, so that a seed decides all.
        context : Context
            The layer before the drop, and what the grow asks for by its `needs`.

        Returns
        -------
        positions : ndarray of shape (n,), int64
            Different numbers ``input * n_out + output``, in any order, at which
            `topology` has no connection.
        """


class Schedule(Protocol):
    """How large a fraction an evolution replaces."""

    def __call__(self, progress: float) -> float:
        """Return zeta at this point of the training.

        Parameters
        ----------
        progress : float in [0, 1]
            Share of the training that is done.

        Returns
        -------
        zeta : float in [0, 1]
            Share of the connections of each layer that an evolution replaces now.
        """


class DensitySchedule(Protocol):
    """How dense the network is at an evolution."""

    def __call__(self, progress: float, final: float) -> float:
        """Return the density at this point of the training.

        Parameters
        ----------
        progress : float in [0, 1]
            Share of the training that is done.
        final : float in (0, 1]
            Density of the whole network at the end of the training.

        Returns
        -------
        density : float in [0, 1]
            Density of the whole network now.
        """


class UnitPruning(Protocol):
    """Which hidden units are removed for good."""

    def due(self, before: float, now: float) -> bool:
        """Return whether units are to be removed now.

        Parameters
        ----------
        before, now : float in [0, 1]
            Shares of the training that were done an epoch ago and are done now.

        Returns
        -------
        due : bool
            True if units of all hidden layers are to be removed.
        """

    def __call__(self, strengths: Floats) -> Booleans:
        """Return which units of a hidden layer are kept.

        Parameters
        ----------
        strengths : ndarray of shape (n_units,)
            Sum of ``|w|`` over the incoming connections of each unit.

        Returns
        -------
        keep : ndarray of shape (n_units,), bool
            True where a unit is kept; at least one must be.
        """


def needs_of(strategy: Any, parameter: str) -> Needs:
    """Return what a strategy asks for.

    Parameters
    ----------
    strategy : callable
        An object of one of the strategies, or a function.
    parameter : {"init", "drop", "grow"}
        What kind of strategy it is.

    Returns
    -------
    needs : Needs
        Its attribute `needs`; ``Needs()`` if it has none.

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
    """Return a strategy as a function that takes no context.

    Parameters
    ----------
    parameter : {"init", "drop", "grow"}
        What kind of strategy it is.
    strategy : callable
        An object of one of the strategies, or a function.
    context : Context
        Given as the last argument at each call, if the strategy takes one.

    Returns
    -------
    function : callable
        What `~skset.topology.evolve` calls as ``drop(weights, zeta, rng)`` or
        ``grow(topology, n, rng)``.
    """
    if is_blind(strategy) or not (parameter == "grow" or hasattr(strategy, "needs")):
        return strategy  # type: ignore[no-any-return]
    return lambda *arguments: strategy(*arguments, context)


def _misspelt_needs(strategy: Any) -> str | None:
    """Return an attribute by which the strategy seems to declare needs, or None."""
    for name in dir(strategy):
        if name.startswith("needs_") or name in ("need", "sample_size"):
            return name
    return None
