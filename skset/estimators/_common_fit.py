"""`CommonFit`: one network that is fitted on many shards of rows, each with its copy."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.random import Generator

from skset.estimators import _fit
from skset.estimators._estimator import n_threads
from skset.estimators._fit_data import targets_learned
from skset.estimators._solvers import SOLVERS
from skset.estimators._stopping import LossPlateau, NeverStopping
from skset.estimators._streams import drawn_seeds, seeded_generators
from skset.estimators._temperature import MOST_ROWS
from skset.estimators._types import Rows
from skset.estimators._units import learned_scaling, scaled_table
from skset.model import Samples, Scaling
from skset.training import DensityGoal, Evolver, State, Training

__all__ = ["CommonFit", "part_facts"]

# With fewer rows a step does not fill the processor's vectors.
FEWEST_TOGETHER = 8


def part_facts(estimator: Any, data: tuple[Any, Any, Any]) -> Any:
    """Return what a fit has to know of a part of the rows.  [until q2's]"""
    twin = copy.copy(estimator)
    p = twin._read_parameters()
    X, y, weight = targets_learned(twin, p, data, False, "warm_start")
    scaling = learned_scaling(p.standardize, X, weight, None)
    return SimpleNamespace(n=X.shape[0], d=X.shape[1], y=y, scaling=scaling, X=X[:0])


@dataclass(eq=False)
class CommonFit:
    """A fit of one network on many shards of rows: what all of them have in common.

    Attributes
    ----------
    estimator : SparseEstimator
        Knows the targets and the units of the inputs. Its network is not here.
    p : SimpleNamespace
        The parameters as all trainings take them.
    seeds : list of int
        Of all random generators.
    n_shards, n_epochs, n_rows : int
        Number of shards, of planned epochs, and of rows of all shards together.
    n_before : int
        Number of epochs of earlier fits, which changes the stream of topologies.
    """

    estimator: Any
    p: SimpleNamespace
    seeds: list[int]
    n_shards: int
    n_epochs: int
    n_rows: int
    n_before: int = 0

    @classmethod
    def begin(cls, estimator: Any, facts: Sequence[Any], n_epochs: int) -> "CommonFit":
        """Return the fit of an estimator on shards with these facts."""
        twin = copy.copy(estimator)
        p = twin._read_parameters()
        _fit._check_momentum(twin, p)
        p.max_iter = n_epochs
        n = np.array([f.n for f in facts])
        _, targets = twin._prepared(p, facts[0].X, True)
        twin.n_features_in_ = facts[0].d
        labels = np.concatenate([f.y for f in facts])
        targets, _ = targets.learned(labels, labels)
        twin._targets = targets
        vars(twin).update(targets.attributes)
        _fit._begin_record(twin)
        X = SimpleNamespace(shape=(n.sum(), facts[0].d))
        twin._choose(p, (X, labels, None, None), False)
        p.batch_size = twin._batch_size(p, n.sum(), False)
        share = n / n.sum()
        m = np.array([f.scaling.shift for f in facts])
        with np.errstate(divide="ignore"):
            v = np.array([1 / f.scaling.factor for f in facts])
        v = np.where(np.isfinite(v), v, 0) ** 2
        mean = (share[:, None] * m).sum(0)
        var = (share[:, None] * (v + (m - mean) ** 2)).sum(0)
        factor = np.where(var > 0, 1 / np.sqrt(np.where(var > 0, var, 1)), 0)
        twin._scaling = Scaling(mean, factor)
        if len(facts) == 1:
            twin._scaling = facts[0].scaling
        twin._density_goal = None
        seeds = drawn_seeds(p.random_state)
        return cls(twin, p, seeds, len(facts), n_epochs, int(n.sum()))

    # What is done where a shard lies.

    def rows(self, data: tuple[Any, Any, Any]) -> Rows:
        """Return X in the units of the network, y and the weights of a shard."""
        estimator, p = self.estimator, self.p
        twin = copy.copy(estimator)
        targets = twin._targets
        X, y, weight = targets_learned(twin, p, data, False, "warm_start")
        inputs = scaled_table(X, estimator._scaling, p.table_dtype)
        return inputs, y, weight, None

    def samples(self, rows: Rows) -> Samples:
        """Return these rows as samples to train on."""
        samples: Samples = self.estimator._targets.samples(*rows)
        return samples

    def first_state(self, rows: Rows, samples: Samples) -> State:
        """Return where all trainings begin, made with the rows of the first shard.

        Numbers that are adapted to the data are put into the parameters.
        """
        rng, topology_rng = seeded_generators(self.seeds, self.n_before)
        estimator, p = self.estimator, self.p
        if self.n_rows <= MOST_ROWS:
            estimator._adapt(p, rows, rng, False)
        network, goal = estimator._new_network(p, samples, rng, topology_rng)
        estimator._density_goal = goal
        return State(network, rng, topology_rng)

    def training(
        self, network: Any, samples: Samples, shard: int, threads: int
    ) -> Training:
        """Return the training of a shard, with a stream of its own for its rows.

        A step of a shard has its part of the rows of a batch, so that the steps of all
        together are those of one training on all rows.
        """
        p = SimpleNamespace(**vars(self.p))
        p.n_threads = threads
        p.batch_size = self._local_batch_size(samples.n_samples)
        if not SOLVERS[p.solver].decays:  # the loss divides it by the rows of a step
            p.alpha *= p.batch_size / self.p.batch_size
        rng, topology_rng = seeded_generators(self.seeds, self.n_before, shard)
        state = State(network, rng, topology_rng)
        training: Training = self.estimator._new_training(p, state, samples)
        training.evolves = False
        return training

    def _local_batch_size(self, n_samples: int) -> int:
        part = max(FEWEST_TOGETHER, round(self.p.batch_size / self.n_shards))
        return min(part, self.p.batch_size, n_samples)

    # What is done by the lead.

    def evolver(self) -> Evolver:
        """Return what evolves the lead's copy of the network."""
        evolver: Evolver = self.estimator._new_evolver(self.p, self.p.evolution)
        return evolver

    def decay(self) -> float:
        """Return the momentum of the optimiser."""
        return float(self.estimator._optimiser(self.p).decay)

    def stopping(self) -> Any:
        """Return what counts the epochs without an improvement."""
        if self.p.tol is None:
            return NeverStopping()
        return LossPlateau(self.p.tol, np.inf)

    def record(self, losses: Sequence[float]) -> None:
        """Record some epochs in the estimator."""
        estimator = self.estimator
        curve = getattr(estimator, estimator._curve)
        curve.extend(losses)
        estimator.n_iter_ += len(losses)
        estimator.t_ += self.n_rows * len(losses)
        if estimator._curve == "loss_curve_":
            estimator.loss_ = losses[-1]

    def fitted(self, network: Any, stopping: Any) -> Any:
        """Return a copy of the estimator that is fitted by having this network."""
        twin = copy.copy(self.estimator)
        setattr(twin, twin._curve, list(getattr(twin, twin._curve)))
        twin._state = None
        network = twin._calibrated(self.p, network.copy())
        vars(twin).update(twin._learned_attributes(network, None))
        vars(twin).update(stopping.attributes)
        return twin
