"""`ShardTraining`: the training on one shard, where its rows lie."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.distributed._changes import Change, changed
from skset.distributed._common_network import arrays_of, checksum, put_into
from skset.distributed._messages import Answer, Job, Looking, Orders, Scoring, Start
from skset.distributed._pooled_signals import Seen, seen
from skset.estimators import Beginning, CommonFit, Facts, facts_of, weighed
from skset.training import State, Training

__all__ = ["ShardTraining", "open_shard"]

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Memory:
    """What a training on a shard needs to go on in another process, but its rows."""

    common: CommonFit | None
    state: State | None = None
    rule: Mapping[str, Any] | None = None
    steps_before: int = 0
    goal: Any = None


def named(method: Callable[..., Any]) -> Callable[..., Any]:
    """Make the errors of a method say which shard it was."""

    @wraps(method)
    def wrapper(self: "ShardTraining", *args: Any) -> Any:
        try:
            return method(self, *args)
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"shards[{self.number}]: {error}") from error

    return wrapper


class ShardTraining:
    """The training on the rows of one shard; its optimiser's state stays here.

    Parameters
    ----------
    number : int
        Of the shard.
    rows : tuple
        X, y, and sample weights or None.
    job : Job
        With the estimator.
    n_threads : int
        Threads of the worker that this training can have. It takes all of them with
        ``n_jobs=-1``.
    """

    def __init__(self, number: int, rows: Any, job: Job, n_threads: int) -> None:
        self.number = number
        self.n_threads = _threads(job.estimator.n_jobs, n_threads)
        self._given, self._job = rows, job
        self._samples: Any = None
        # They are made by `begin` and `start`.
        self._common: Any = None
        self._training: Any = None
        self._stopped = False

    def facts(self) -> Facts:
        """Return what has to be known of the rows before a training."""
        name = f"shards[{self.number}]"
        X, y, weight = self._given
        return facts_of(self._job.estimator, X, y, weight, name)

    @named
    def weighed(self, facts: Facts) -> Any:
        """Return what follows from the weights, given the facts of all shards."""
        return weighed(self._job.estimator, facts, *self._given)

    @named
    def begin(self, common: CommonFit) -> None:
        """Learn what all shards have in common."""
        self._common = common
        if self._samples is None:
            self._samples = common.samples(self._given)

    @named
    def beginning(self, common: CommonFit) -> Beginning:
        """Return what all shards begin with, made with the rows of this one."""
        self.begin(common)
        return common.beginning(self._given, self._samples)

    @named
    def start(self, start: Start) -> None:
        """Begin with a network, which is copied."""
        training = self._new_training(start.network.copy(at_rest=False), start.goal)
        training.state.topology_rng.bit_generator.state = start.topology_rng
        training.state.epochs = start.n_epochs
        training.steps_before = start.n_epochs * training.steps_per_epoch

    def _new_training(self, network: Any, goal: Any) -> Training:
        self._common.estimator._density_goal = goal
        shard = self._samples, self.number, self.n_threads
        training: Training = self._common.training(network, *shard)
        self._training = training
        if self._stopped:
            training.stop()
        return training

    @named
    def signals(self, looking: Looking, n: int) -> Seen:
        """Return what each layer shows of n random rows, before it evolves."""
        training = self._training
        self._take_over(looking.arrays)
        state, evolver = training.state, training.evolver
        _, surplus = evolver.planned(state.network, looking.share)
        training.rule.let_go()
        evolver.shrink(state, surplus)
        with training:
            return seen(training.look(n))

    def _take_over(self, arrays: list[Array] | None) -> None:
        """Take over averaged weights and biases, if there are any."""
        if arrays is not None:
            put_into(self._training.state.network, arrays)

    @named
    def train(self, orders: Orders) -> Answer:
        """Take over the averages, evolve if that is due, train some epochs."""
        began = time.perf_counter()
        training = self._training
        self._take_over(orders.arrays)
        training.state.note_stall(orders.longest_stall)
        with training:
            if orders.evolves:
                training.evolve(share=orders.share)
            if orders.changes is not None:
                self._change(orders.changes, orders.topology_rng)
            if orders.alone and not training.evolves:
                self._common.part(training, self.number)
            losses = [next(training) for _ in range(orders.n_epochs)]
        network, arrays = training.state.network, None
        if not orders.alone:  # copies, as the next round writes into them
            arrays = [np.array(array) for array in arrays_of(network)]
        seconds = time.perf_counter() - began
        return Answer(losses, training.state.steps, checksum(network), arrays, seconds)

    def _change(self, changes: Sequence[Change], topology_rng: Any) -> None:
        """Evolve as the lead has decided."""
        training = self._training
        training.rule.let_go()
        for depth, change in enumerate(changes):
            layer = training.state.network.layers[depth]
            training.state.replace_layer(depth, changed(layer, change))
        training.state.topology_rng.bit_generator.state = topology_rng

    @named
    def score(self, scoring: Scoring) -> float:
        """Return the score of the own rows."""
        self._take_over(scoring.arrays)
        fitted = self._common.fitted(self._training.state.network)
        X, y, weight = self._given
        more = {} if weight is None else {"sample_weight": weight}
        return float(scoring.scorer(fitted, X, y, **more))

    def network(self, _: None = None) -> Any:
        """Return the network of this shard."""
        return self._training.state.network.copy()

    def stop(self) -> None:
        """Have a training that runs in another thread end before its next step."""
        self._stopped = True
        training = vars(self).get("_training")  # none of a training that is closed
        if training is not None:
            training.stop()

    def close(self) -> None:
        """Let go of the rows and of the training."""
        vars(self).clear()

    # In files.

    def memory(self) -> Memory:
        """Return all that the training needs to go on, but the rows."""
        if self._training is None:
            return Memory(self._common)
        training = self._training
        return Memory(
            self._common,
            training.state,
            training.rule.memory(),
            training.steps_before,
            training.evolver.goal,
        )

    def remember(self, memory: Memory) -> None:
        """Go on from what `memory` has returned in another process."""
        if memory.common is None:
            return
        self.begin(memory.common)
        if memory.state is None:
            return
        state = memory.state
        training = self._new_training(state.network, memory.goal)
        own = training.state
        for mine, kept in (
            (own.rng, state.rng),
            (own.topology_rng, state.topology_rng),
        ):
            mine.bit_generator.state = kept.bit_generator.state
        rest = {**vars(state), "rng": own.rng, "topology_rng": own.topology_rng}
        vars(own).update(rest)
        training.rule.remember(memory.rule or {})
        training.steps_before = memory.steps_before


def open_shard(number: int, rows: Any, job: Job, n_threads: int) -> ShardTraining:
    """Return the training on a shard, given its rows."""
    return ShardTraining(number, rows, job, n_threads)


def _threads(n_jobs: int | None, share: int) -> int:
    """Return the number of threads that `n_jobs` stands for on a worker."""
    if n_jobs is None:
        return 1
    return n_jobs if n_jobs > 0 else max(1, share + 1 + n_jobs)
