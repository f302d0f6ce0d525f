"""`State`: where a training stands, complete enough to go on."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from skset.model import Layer
from skset.training.learning_rate import LearningRate
from skset.training.momentum import RecentSteps

__all__ = ["State"]


@dataclass
class State:
    """The model in training and how far it has come.

    The loop, its rule and the evolver all work on one `State`. It is kept from one
    `partial_fit` to the next.

    Attributes
    ----------
    network : Network or RBM
        As it is now. Steps change its arrays in place. An evolution replaces its layers
        one after the other, so no more than one exists twice.
    rng : numpy.random.Generator
        Shuffles and samples the rows; draws dropout, noise and hidden units.
    topology_rng : numpy.random.Generator
        Draws connections and their first weights, and breaks ties of scores. It is a
        stream of its own, so copies that see other rows evolve alike.
    learning_rate : LearningRate
        Of the next step.
    steps, epochs, samples : int
        Numbers of steps, epochs and rows so far.
    evolution_due : bool
        Whether the topology evolves before the next step.
    longest_stall : int
        The most epochs in a row without an improvement.
    recent_steps : RecentSteps, default=None
        Only if a strategy asks for the momentum.
    fell_apart : bool
        Whether a network without any path has been seen.
    """

    network: Any
    rng: np.random.Generator
    topology_rng: np.random.Generator
    learning_rate: LearningRate = field(default_factory=partial(LearningRate, 1.0))
    steps: int = 0
    epochs: int = 0
    samples: int = 0
    evolution_due: bool = False
    longest_stall: int = 0
    recent_steps: RecentSteps | None = None
    fell_apart: bool = False

    def replace_layer(self, depth: int, layer: Layer) -> None:
        """Replace a layer of the network."""
        layers = list(self.network.layers)
        layers[depth] = layer
        self.network = self.network.with_layers(layers)

    def note_stall(self, n_epochs: int) -> None:
        """Record a number of epochs in a row without an improvement."""
        self.longest_stall = max(self.longest_stall, n_epochs)
