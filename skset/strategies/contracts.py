"""The contract of each family of strategies.

A strategy is a small frozen dataclass that sees arrays, never the network or the
estimator. An estimator takes it as an object, or by its name in the table
`skset.strategies.methods`.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from skset.topology import Topology

__all__ = ["DensitySchedule", "Drop", "Grow", "Init", "Schedule", "UnitPruning"]


class Init(Protocol):
    """Where connections exist at first.

    One with a class attribute ``needs_sensitivities = True`` gets a third argument:
    ``sensitivities(topologies)`` returns ``|w g|`` of each connection of a network on
    these topologies, an array for each layer. With one layer only it may be None.
    """

    def __call__(
        self, shapes: Sequence[tuple[int, int]], rng: np.random.Generator
    ) -> list[Topology]:
        """Return one topology for each layer shape (n_in, n_out)."""


class Drop(Protocol):
    """Which connections an evolution removes.

    With a class attribute ``needs_signals = True`` it is called with the layer's
    `skset.model.Signals` as a fourth argument.
    """

    def __call__(
        self, weights: np.ndarray, zeta: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Return a boolean array, True where a connection is kept."""


class Grow(Protocol):
    """Where an evolution puts new connections.

    One that looks at the signals has a class attribute ``needs_signals = True``; they
    may be None otherwise. Further attributes of the kind: ``needs_explored``, for
    `signals.explored`; ``needs_momentum``, for `signals.recent`;
    ``needs_training_set``, for samples of the whole training set, which `partial_fit`
    does not have. A method ``sample_size(topology)`` says how many samples are wanted.
    """

    def __call__(
        self, topology: Topology, n: int, rng: np.random.Generator, signals: Any
    ) -> np.ndarray:
        """Return n different free positions ``input * n_out + output``, int64."""


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

    def __call__(self, strengths: np.ndarray) -> np.ndarray:
        """Return a boolean array, True where a unit of a hidden layer is kept."""
