"""`Epochs`: the one training loop, whatever a step does."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from skset.runtime.team import Team
from skset.training.evolver import Evolving
from skset.training.momentum import History

__all__ = ["Epochs", "EpochsOptions", "Progress"]


@dataclass(frozen=True, kw_only=True)
class EpochsOptions:
    """How to train, apart from what evolves and what optimises.

    Attributes
    ----------
    batch_size : int
        Samples per step; the last batch of an epoch may be smaller.
    shuffle : bool
        Whether each epoch takes the samples in a new random order.
    alpha : float
        L2 penalty of the weights (not of the biases).
    max_epochs : int
        Length of the schedules.
    weight_init : str
        A key of `INITIAL_WEIGHTS`, for newborn connections that are to have a weight.
    edge_scale : float
        Factor of theirs in the first and in the last layer, as in `Network.initial`.
    n_threads : int
        Threads that share each layer; the result does not depend on it.
    final_density : float, default=None
        What a schedule of the density is to end with; None where there is none.
    final_nnz : int, default=None
        How many connections that is of the units at first; hidden ones that go later
        take theirs along. None is the density's share of those that there are.
    """

    batch_size: int
    shuffle: bool
    alpha: float
    max_epochs: int
    weight_init: str
    edge_scale: float = 1.0
    n_threads: int = 1
    final_density: float | None = None
    final_nnz: int | None = None


@dataclass
class Progress:
    """How far a training has come; enough, with the network, to go on later.

    `longest_stall` counts the epochs in a row without an improvement, the most so far;
    `history` has the last steps for a growth that asks for the momentum, and
    `fell_apart` says whether a network without any path has been seen.
    """

    steps: int = 0
    epochs: int = 0
    samples: int = 0
    evolution_due: bool = False
    longest_stall: int = 0
    history: History | None = None
    fell_apart: bool = False


class Epochs(Evolving):
    """Trains sparse layers; every iteration is an epoch and gives its mean loss.

    To be used in a ``with`` block, which holds its threads. Between two epochs the
    network is whole: `network` can be scored, copied, or kept as it is. An evolution
    that is due after an epoch is made when the next one begins, so that what is seen
    in between has only trained connections.

    Parameters
    ----------
    network : LayerStack
        Where to start. Its arrays are changed in place, unless an evolution replaces
        them; copy it to keep it.
    samples : Samples
        With targets, if the step needs them.
    optimiser : SGD or Adam
        Takes the steps.
    learning_rate : LearningRate
        May be lowered between epochs.
    evolution : Evolution
        How the topology evolves; see `skset.strategies`.
    options : EpochsOptions
        The rest.
    rng : numpy.random.Generator
        The only source of randomness.
    progress : Progress, default=None
        Of an earlier training that is to go on.

    Raises
    ------
    ValueError
        From the iteration, in the step or epoch where the loss or a weight is no longer
        finite.
    """

    # What the loss of an epoch is called.
    loss_name = "loss"
    # What to do about a divergence, for the error that it raises.
    remedy: str

    def __init__(
        self,
        network,
        samples,
        optimiser,
        learning_rate,
        evolution,
        options,
        rng,
        progress=None,
    ):
        network = network.with_moments(optimiser.n_moments)
        if evolution.asks_for("explored"):
            network = network.with_layers(layer.exploring() for layer in network.layers)
        self.network = network
        self.samples = samples
        self.optimiser = optimiser
        self.learning_rate = learning_rate
        self.evolution = evolution
        self.options = options
        self.rng = rng
        self.team = Team(options.n_threads)
        self.progress = progress or Progress()
        if evolution.asks_for("momentum") and self.progress.history is None:
            self.progress.history = History(optimiser.decay)

    @abstractmethod
    def _step(self, rows):
        """Take one training step; return its mean loss and its samples' weight."""

    @abstractmethod
    def _last_step(self):
        """Return the signals of each layer in the last step."""

    def __enter__(self):
        self.team.__enter__()
        return self

    def __exit__(self, *exc_info):
        return self.team.__exit__(*exc_info)

    def __iter__(self):
        return self

    def __next__(self):
        """Train one epoch and return its mean loss."""
        if not self.progress.steps:
            self._note_paths()
        with np.errstate(all="ignore"):  # what is not finite is raised below
            loss = self._epoch()
            finite = self.network.is_finite()
        if not (finite and np.isfinite(loss)):
            self._raise_divergence()
        self.progress.epochs += 1
        if self.evolution.update_interval is None:
            self.progress.evolution_due = True
        self.learning_rate.after_epoch(self.progress.samples)
        return loss

    def note_stall(self, n_epochs):
        """Take note of so many epochs in a row without an improvement."""
        self.progress.longest_stall = max(self.progress.longest_stall, n_epochs)

    def _epoch(self):
        n = self.samples.n_samples
        order = self.rng.permutation(n) if self.options.shuffle else np.arange(n)
        summed = total = 0.0
        for start in range(0, n, self.options.batch_size):
            if self.progress.evolution_due:
                self._evolve(self.evolution.grow)
            rows = order[start : start + self.options.batch_size]
            n_steps = self.progress.steps
            loss, weight = self._step(rows)
            if not np.isfinite(loss):
                self._raise_divergence()
            self.progress.samples += rows.size
            if self.progress.steps > n_steps:  # else nobody had any weight
                self._note_step()
            summed += loss * weight
            total += weight
        return summed / (total or 1.0)

    def _next_step(self, l2):
        """Return the numbers of the next step for the kernels."""
        self.learning_rate.before_step(self._share_done())
        self.progress.steps += 1
        return self.optimiser.step(
            self.learning_rate.now, self.progress.steps, l2, self.network.dtype
        )

    def _note_step(self):
        if self.progress.history is not None:
            self.progress.history.note(self._last_step())
        interval = self.evolution.update_interval
        if interval is not None and self.progress.steps % interval == 0:
            self.progress.evolution_due = True

    def _share_done(self):
        per_epoch = -(-self.samples.n_samples // self.options.batch_size)
        total = self.options.max_epochs * per_epoch
        return min(1.0, self.progress.steps / total) if total else 1.0

    def _raise_divergence(self):
        raise ValueError(
            "Training produced non-finite weights or a non-finite loss in epoch "
            f"{self.progress.epochs + 1}. {self.remedy}"
        )
