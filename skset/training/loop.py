"""`Training`: the one training loop, for all kinds of steps."""

from collections.abc import Iterator
from typing import Any, NoReturn, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.model import Samples, Signals, StreamedSamples
from skset.runtime.team import Team
from skset.training.evolver import Evolver
from skset.training.rule import Rule
from skset.training.state import State

__all__ = ["StoppedError", "Training"]

Array: TypeAlias = NDArray[Any]


class StoppedError(Exception):
    """A training was told to stop."""


class Training:
    """Trains a model; every iteration is an epoch and returns its mean loss.

    Use it in a ``with`` block, which holds its threads. Between two epochs the network
    is whole: it can be scored, copied, or kept. An evolution that is due after an epoch
    is made when the next one begins. So in between all connections are trained.

    Parameters
    ----------
    state : State
        Where to start. Its network's arrays are changed in place, unless an evolution
        replaces them; copy it to keep it.
    samples : Samples or StreamedSamples
        With targets, if the rule needs them.
    rule : Rule
        Takes a step.
    evolver : Evolver
        Changes the topology.
    batch_size : int
        Samples per step; the last batch of an epoch may be smaller.
    max_epochs : int
        Length of the schedules.
    shuffle : bool, default=True
        Whether each epoch takes the samples in a new random order.
    n_threads : int, default=1
        Threads that share each layer; the result does not depend on it.
    evolves : bool, default=True
        Whether the topology evolves, and weak units go, by itself. Copies with other
        rows, which have to evolve alike, are told to.

    Raises
    ------
    ValueError
        From the iteration, if the loss or a weight is no longer finite.
    StoppedError
        From the iteration, after `stop`.
    """

    def __init__(
        self,
        state: State,
        samples: Samples | StreamedSamples,
        rule: Rule,
        evolver: Evolver,
        *,
        batch_size: int,
        max_epochs: int,
        shuffle: bool = True,
        n_threads: int = 1,
        evolves: bool = True,
    ) -> None:
        self.state = state
        self.samples = samples
        self.rule = rule
        self.evolver = evolver
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.shuffle = shuffle
        self.evolves = evolves
        self.steps_before = 0  # of the schedules, taken by other trainings
        self.team = Team(n_threads)
        # Of each hidden layer, in the last epoch; None if no unit was removed.
        self.kept_units: list[NDArray[np.bool_]] | None = None
        self._stopped = False
        self._n_steps = max_epochs * self.steps_per_epoch
        rule.begin(state, batch_size)
        evolver.begin(state, rule.decay)

    def __enter__(self) -> Self:
        self.team.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        return self.team.__exit__(*exc_info)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> float:
        """Train one epoch and return its mean loss; remove weak units if it is time."""
        state, before = self.state, self.share_done
        if not state.steps:
            self.evolver.note_paths(state)
        with np.errstate(all="ignore"):  # non-finite values raise an error below
            loss = self._epoch()
            finite = state.network.is_finite()
        if not (finite and np.isfinite(loss)):
            self._raise_divergence()
        state.epochs += 1
        if self.evolver.evolution.update_interval is None:
            state.evolution_due = True
        state.learning_rate.after_epoch(state.samples)
        if self.evolves:
            self.kept_units = self.evolver.prune_units(state, before, self.share_done)
        if self.kept_units is not None:
            self.rule.forget_shapes()
        return loss

    @property
    def share_done(self) -> float:
        """Share of all steps that have been taken, at most 1."""
        return self._share_after(self.state.steps)

    def _share_after(self, n_steps: int) -> float:
        n_steps += self.steps_before
        return min(1.0, n_steps / self._n_steps) if self._n_steps else 1.0

    @property
    def steps_per_epoch(self) -> int:
        """Number of steps in an epoch."""
        return -(-self.samples.n_samples // self.batch_size)

    def stop(self) -> None:
        """Take no further step. Another thread may call this while an epoch runs."""
        self._stopped = True

    def grow_back(self) -> None:
        """Grow as many connections as earlier trainings dropped without regrowth."""
        self.evolver.grow_back(self.state, self.look, self.share_done)

    def finish(self, final_drop: bool) -> None:
        """Reach the final density; then drop without regrowth, if the user wants it."""
        self.evolver.reach_goal(self.state)
        if final_drop:
            self.evolve(regrow=False)

    def _epoch(self) -> float:
        summed = total = 0.0
        rng = self.state.rng if self.shuffle else None
        for window in self.samples.windows(rng, self.batch_size):
            for loss, weight in self._steps_through(window):  # one by one
                summed += loss * weight
                total += weight
            del window  # before the next one is made
        return float(summed / (total or 1.0))

    def _steps_through(self, window: Samples) -> Iterator[tuple[float, float]]:
        """Take steps with all samples in memory; yield each loss and its weight."""
        n, state = window.n_samples, self.state
        order = state.rng.permutation(n) if self.shuffle else np.arange(n)
        window.expect(order, self.batch_size)
        start = 0
        while start < n:
            if state.evolution_due and self.evolves:
                self.evolve()
            rows = self._next_rows(window, order[start:])
            yield from zip(*self._steps(window, rows), strict=True)
            start += rows.size

    def _next_rows(self, window: Samples, order: Array) -> Array:
        """Return the rows of the next steps, of one if something is due after each."""
        width, evolver = min(self.batch_size, order.size), self.evolver
        n = self.rule.n_together(self.state, window, width)
        interval = evolver.evolution.update_interval
        if interval is not None:
            n = min(n, interval - self.state.steps % interval)
        if self.state.recent_steps is not None:
            n = 1
        n = min(n, order.size // width)
        return order[: n * width].reshape(n, width)

    def _steps(self, window: Samples, rows: Array) -> tuple[Array, Array]:
        """Take steps; return their mean losses and their samples' weights."""
        if self._stopped:
            raise StoppedError
        state, n_steps = self.state, self.state.steps
        rates = [self._rate(n_steps + n) for n in range(len(rows))]
        losses, weights = self.rule.steps(state, window, rows, rates, self.team)
        if not np.isfinite(losses).all():
            self._raise_divergence()
        state.samples += rows.size
        if state.steps > n_steps:  # else no sample had weight
            self._note_step()
        return losses, weights

    def _rate(self, n_steps: int) -> float:
        """Return the learning rate after so many steps; it is that of the state now."""
        self.state.learning_rate.before_step(self._share_after(n_steps))
        return self.state.learning_rate.now

    def _note_step(self) -> None:
        state, interval = self.state, self.evolver.evolution.update_interval
        if state.recent_steps is not None:
            state.recent_steps.note(self.rule.last_step())
        if interval is not None and state.steps % interval == 0:
            state.evolution_due = True

    def evolve(self, regrow: bool = True, share: float | None = None) -> None:
        """Evolve the topology as the schedules say at a share; None is the present."""
        self.state.evolution_due = False
        share = self.share_done if share is None else share
        zeta, surplus = self.evolver.planned(self.state.network, share)
        if not (zeta or surplus):
            return
        if not self.state.network.is_finite():  # NaN has no rank
            self._raise_divergence()
        self.rule.let_go()
        self.evolver.evolve(self.state, self.look, share, zeta, surplus, regrow)

    def look(self, n_wanted: int) -> list[Signals]:
        """Return each layer's signals for n random samples, or fewer."""
        samples = self.samples.at_hand
        weighted = samples.weighted_rows()
        n = min(n_wanted, weighted.size)
        rows = np.sort(self.state.rng.choice(weighted, n, replace=False))
        found = self.rule.probe(self.state, samples, rows, self.team)
        if not all(
            np.isfinite(part).all() for s in found for part in (s.inputs, s.deltas)
        ):
            self._raise_divergence()
        return found

    def _raise_divergence(self) -> NoReturn:
        raise ValueError(
            "Training produced non-finite weights or a non-finite loss in epoch "
            f"{self.state.epochs + 1}. {self.rule.remedy}"
        )
