"""A fit in progress: what it needs to go on after a break, bit for bit.

A `Snapshot` is taken between two epochs. A fit that goes on from one does again what
came before its first epoch, with the random generators as they were then. So it has the
same rows to validate on and the same noise. Then it takes over the snapshot's state.
"""

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.random import Generator

from skset.estimators._stopping import NeverStopping
from skset.model import Samples
from skset.training import State, Training

__all__ = ["Progress", "Snapshot", "copied", "fit_in_progress", "in_progress"]

# Rows by which the data of a fit are known again.
N_MARKED = 64
# What a stopping rule has counted.
COUNTED = ("best", "n_stalled", "since_best", "earlier_best", "scores", "best_network")


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Where a fit stands after an epoch, complete enough to go on.

    Attributes
    ----------
    streams : tuple of two numpy.random.Generator
        Of rows and of topologies, as they were at the beginning of the fit.
    begun : tuple of two numpy.random.Generator
        The same at the beginning of the training.
    state : State
        With the network and its optimiser state.
    counted : dict
        What the stopping rule has counted, the best network included.
    rule : dict
        What the rule of the steps remembers.
    temperature : float
        Of the network that will predict.
    ended : bool
        Whether there is no further epoch.
    attributes : dict
        Attributes of the estimator that differ in a training from those that predict.
    marks : tuple of int
        Sums over some rows of the data, to know them again.
    """

    streams: tuple[Generator, Generator]
    begun: tuple[Generator, Generator]
    state: State
    counted: Mapping[str, Any]
    rule: Mapping[str, Any]
    temperature: float
    ended: bool
    attributes: Mapping[str, Any]
    marks: tuple[int, ...]

    def restart(self, samples: Samples) -> State:
        """Return the state to begin a training with that goes on; check the data.

        Raises
        ------
        ValueError
            If the samples are not those of the snapshot.
        """
        if marks_of(samples) != self.marks:
            raise ValueError(
                "X, y and sample_weight must be those that the checkpoint was made "
                "with, row by row, but they differ."
            )
        network = self.state.network.copy(at_rest=False)
        rng, topology_rng = map(copied, self.begun)
        return replace(self.state, network=network, rng=rng, topology_rng=topology_rng)

    def take_over(self, progress: "Progress") -> None:
        """Put a fit where the snapshot was taken."""
        training, state = progress.training, progress.training.state
        for mine, own in (
            (state.rng, self.state.rng),
            (state.topology_rng, self.state.topology_rng),
        ):
            mine.bit_generator.state = own.bit_generator.state
        state.learning_rate.now = self.state.learning_rate.now
        training.rule.remember(self.rule)
        vars(progress.stopping).update(self.counted)
        progress.ended = self.ended


def copied(generator: Generator) -> Generator:
    """Return a generator that draws the same numbers."""
    return _generator(generator.bit_generator.state)


def _pair(states: tuple[Any, Any]) -> tuple[Generator, Generator]:
    return _generator(states[0]), _generator(states[1])


def _generator(state: Any) -> Generator:
    bits = np.random.PCG64(0)
    bits.state = state
    return Generator(bits)


def marks_of(samples: Samples) -> tuple[int, ...]:
    """Return sums over some rows of the data, from the first to the last."""
    n = samples.n_samples
    rows = np.unique(np.linspace(0, n - 1, min(n, N_MARKED)).astype(int))
    X = np.empty((samples.n_features, rows.size), samples.dtype)
    samples.gather(rows, X)
    parts = [X, samples.weights(rows)[0]]
    if samples.y is not None:
        parts.append(samples.y[rows])
    sums = [zlib.crc32(np.ascontiguousarray(part).tobytes()) for part in parts]
    return n, samples.n_features, *sums


@dataclass(eq=False)
class Progress:
    """A fit in progress.

    Attributes
    ----------
    p : SimpleNamespace
        The parameters, as the fit has taken them.
    training : Training
        Its state changes from step to step.
    stopping : NeverStopping
        Has counted the epochs.
    streams, begun : tuple of dict
        States of both generators, as in a `Snapshot`.
    ended : bool
        Whether there is no further epoch.
    interrupted : bool
        Whether the user has broken the fit off.
    loss : float
        Of the last epoch, NaN before the first.
    resumable : bool
        Whether the fit can go on from a snapshot: one on blocks cannot.
    """

    p: SimpleNamespace
    training: Training
    stopping: NeverStopping
    streams: tuple[Any, Any]
    begun: tuple[Any, Any]
    ended: bool = False
    interrupted: bool = False
    loss: float = float("nan")
    resumable: bool = True

    @property
    def n_epochs(self) -> int:
        """Number of epochs so far."""
        return self.training.state.epochs

    def snapshot(self, estimator: Any) -> Snapshot:
        """Return where the fit stands; it shares arrays with the network in training.

        So it has to be written, or copied, before the next epoch.
        """
        stopping = self.stopping
        counted = {k: getattr(stopping, k) for k in COUNTED if hasattr(stopping, k)}
        attributes = {
            name: vars(estimator)[name]
            for name in ("_ranking",)
            if name in vars(estimator)
        }
        return Snapshot(
            _pair(self.streams),
            _pair(self.begun),
            self.training.state,
            counted,
            self.training.rule.memory(),
            float(vars(self.p).get("temperature", 1.0)),
            self.ended,
            attributes,
            marks_of(self.training.samples.at_hand),
        )

    def learned(self, estimator: Any) -> dict[str, Any]:
        """Return the fitted attributes of the estimator for the network as it is."""
        network = self.training.state.network.copy()
        attributes: dict[str, Any] = estimator._learned_attributes(
            network, self.training
        )
        return attributes

    def fitted(self, estimator: Any) -> dict[str, Any]:
        """Return all attributes of the estimator if the fit ended now."""
        learned = self.learned(estimator)
        return {**vars(estimator), **learned, **self.stopping.attributes}


# The fits that are in progress now.
IN_PROGRESS: WeakKeyDictionary[Any, Progress] = WeakKeyDictionary()


@contextmanager
def in_progress(estimator: Any, progress: Progress) -> Iterator[None]:
    """Make a fit known to callbacks as long as it lasts."""
    IN_PROGRESS[estimator] = progress
    try:
        yield
    finally:
        IN_PROGRESS.pop(estimator, None)


def fit_in_progress(estimator: Any) -> Progress | None:
    """Return the fit of an estimator that is in progress, or None."""
    return IN_PROGRESS.get(estimator)
