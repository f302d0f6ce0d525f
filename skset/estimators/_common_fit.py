"""`CommonFit`: a fit of one network on many shards of rows, each with its copy."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from skset.estimators import _fit
from skset.estimators._classifier import SETClassifier
from skset.estimators._first_pass import Facts, learned_from, rows_of, samples_of
from skset.estimators._rbm import SparseRBM
from skset.estimators._regressor import SETRegressor
from skset.estimators._solvers import SOLVERS
from skset.estimators._stopping import LossPlateau, NeverStopping
from skset.estimators._streams import drawn_seeds, own_topologies, seeded_generators
from skset.estimators._temperature import MOST_ROWS
from skset.estimators._warnings import INTERRUPTED, warn
from skset.model import RBM, Network, Samples
from skset.training import DensityGoal, Evolver, State, Training

__all__ = ["Beginning", "CommonFit"]

# A selector ranks by rows that one process would need at its end. The others fit many
# networks, or many tasks.
KINDS = SETClassifier, SETRegressor, SparseRBM
# With fewer rows a step does not fill the processor's vectors.
FEWEST_TOGETHER = 8
CALLER = "skset.distributed.fit"
# What a fit that goes on takes from the earlier one, beside the curve of losses.
LEARNED = (
    *("_scaling", "_targets", "_density_goal", "_sizes_at_first", "auto_params_"),
    *("n_iter_", "t_", "loss_", "n_layers_", "n_outputs_", "out_activation_"),
)


class Beginning(NamedTuple):
    """What all shards begin with, made where the first one lies.

    Attributes
    ----------
    state : State
        Its network has learned nothing.
    evolver : Evolver
        Changes the topology.
    decay : float
        Momentum of the optimiser.
    goal : DensityGoal or None
        At which a schedule of the density ends.
    chosen : dict
        Parameters that were adapted to the rows.
    auto_params : dict
        Numbers that stand for "auto".
    """

    state: State
    evolver: Evolver
    decay: float
    goal: DensityGoal | None
    chosen: dict[str, Any]
    auto_params: dict[str, Any]


@dataclass(eq=False)
class CommonFit:
    """A fit of one network on many shards of rows: what all of them have in common.

    Attributes
    ----------
    estimator : SparseEstimator
        Knows the targets and the units of the inputs. Its network is not here.
    p : SimpleNamespace
        The parameters as all trainings take them.
    facts : Facts
        Of all rows.
    n_shards, n_epochs : int
        Number of shards and of planned epochs.
    seeds : list of int
        Of all random generators.
    resumed : State or None
        From which the training goes on.
    """

    estimator: Any
    p: SimpleNamespace
    facts: Facts
    n_shards: int
    n_epochs: int
    seeds: list[int]
    resumed: State | None = None

    @classmethod
    def begin(
        cls, estimator: Any, facts: Facts, n_shards: int, n_epochs: int
    ) -> "CommonFit":
        """Return the fit of an estimator, which is not changed, on all shards."""
        twin, p = clone(estimator), _parameters(estimator, n_epochs)
        learned_from(twin, p, facts)
        _fit.begin_record(twin)
        if not isinstance(twin, SparseRBM):
            p.batch_size = twin._batch_size(p, facts.n_rows, False)
        twin._density_goal = None
        seeds = drawn_seeds(p.random_state)
        return cls(twin, p, facts, n_shards, n_epochs, seeds)

    @staticmethod
    def check(estimator: Any, n_epochs: int) -> None:
        """Raise unless an estimator can be fitted on shards.

        Raises
        ------
        TypeError
            If it is of another class.
        ValueError
            If a parameter is invalid, or needs all rows at once.
        """
        if not isinstance(estimator, KINDS):
            raise TypeError(
                f"{CALLER} is for SETClassifier, SETRegressor and SparseRBM, got a "
                f"{type(estimator).__name__}."
            )
        estimator._validate_params()
        p = _parameters(estimator, n_epochs)
        _fit.check_momentum(estimator, p)
        for reason, holds in _refused(p).items():
            if holds:
                raise ValueError(f"{CALLER} cannot have {reason}.")

    # What is done where a shard lies.

    def samples(self, data: tuple[Any, Any, Any]) -> Samples:
        """Return the rows of a shard as samples to train on."""
        return samples_of(self.estimator, self.p, self.facts, *data, caller=CALLER)

    def beginning(self, data: tuple[Any, Any, Any], samples: Samples) -> Beginning:
        """Return what all shards begin with, given the rows of the first one."""
        estimator, p = self.estimator, self.p
        before = vars(p).copy()
        state = self.resumed or self._first_state(data, samples)
        training = self.training(state.network.copy(), samples, 0, 1)
        return Beginning(
            state,
            training.evolver,
            training.rule.decay,
            estimator._density_goal,
            {name: of for name, of in vars(p).items() if of is not before.get(name)},
            vars(estimator).get("auto_params_", {}),
        )

    def _first_state(self, data: tuple[Any, Any, Any], samples: Samples) -> State:
        """Return the state before the first epoch; adapt parameters to the rows."""
        estimator, p = self.estimator, self.p
        rng, topology_rng = seeded_generators(self.seeds)
        if self.facts.n_rows <= MOST_ROWS:  # else it changes nothing
            rows = rows_of(estimator, p, self.facts, data, CALLER)
            estimator._adapt(p, rows, rng, False)
        network, goal = estimator._new_network(p, samples, rng, topology_rng)
        estimator._density_goal = goal
        return State(network, rng, topology_rng)

    def training(
        self, network: Network | RBM, samples: Samples, shard: int, n_threads: int
    ) -> Training:
        """Return the training of a shard, with a stream of its own for its rows.

        A step of a shard takes its part of the rows of a batch. So an epoch has as many
        steps, and the steps of all shards together see as many rows, as those of one
        training on all rows.
        """
        p = SimpleNamespace(**vars(self.p))
        p.n_threads = n_threads
        part = max(FEWEST_TOGETHER, round(self.p.batch_size / self.n_shards))
        p.batch_size = min(part, self.p.batch_size, samples.n_samples)
        if hasattr(p, "solver") and not SOLVERS[p.solver].decays:
            # The loss divides it by the rows of a step.
            p.alpha = self.p.alpha * p.batch_size / self.p.batch_size
        state = State(network, *seeded_generators(self.seeds, shard=shard))
        training: Training = self.estimator._new_training(p, state, samples)
        training.evolves = False
        return training

    def part(self, training: Training, shard: int) -> None:
        """Have the topology of a shard go its own way from here on."""
        training.evolves, training.state.evolution_due = True, False
        training.state.topology_rng = own_topologies(self.seeds, shard)

    # What is done by the lead.

    def adopt(self, beginning: Beginning) -> None:
        """Take over the parameters and the goal of the beginning."""
        vars(self.p).update(beginning.chosen)
        self.estimator._density_goal = beginning.goal
        if hasattr(self.estimator, "auto_params_"):
            self.estimator.auto_params_ = beginning.auto_params

    def go_on(self, earlier: Any, state: State | None) -> None:
        """Go on with the fit of an earlier estimator, which stood at this state.

        Raises
        ------
        ValueError
            If it has learned something else.
        """
        estimator = self.estimator
        unlike = [
            what
            for what, (now, then) in earlier._unchanged(self.p).items()
            if now != then
        ]
        if type(earlier) is not type(estimator):
            unlike = ["the estimator"]
        elif earlier.n_features_in_ != estimator.n_features_in_:
            unlike.append("the number of features")
        elif not _same(earlier._targets.attributes, estimator._targets.attributes):
            unlike.append("the classes")
        if unlike:
            raise ValueError(
                f"{CALLER} cannot go on from the checkpoint: {unlike[0]} must be the "
                "same as when it was written."
            )
        kept = {*LEARNED, estimator._curve}
        vars(estimator).update({k: of for k, of in vars(earlier).items() if k in kept})
        vars(self.p).update(vars(earlier).get("auto_params_", {}))
        # Other orders of the rows than in the epochs before.
        self.seeds = [*self.seeds, earlier.n_iter_]
        self.resumed = state

    def stopping(self) -> NeverStopping:
        """Return what counts the epochs without an improvement. It never stops."""
        if self.p.tol is None:
            return NeverStopping()
        return LossPlateau(self.p.tol, np.inf)

    def record(self, losses: Sequence[float]) -> None:
        """Record the mean losses of some epochs in the estimator."""
        estimator = self.estimator
        getattr(estimator, estimator._curve).extend(losses)
        estimator.n_iter_ += len(losses)
        estimator.t_ += self.facts.n_rows * len(losses)
        if not isinstance(estimator, SparseRBM):
            estimator.loss_ = losses[-1]

    def fitted(
        self, network: Network | RBM, attributes: Mapping[str, Any] | None = None
    ) -> Any:
        """Return a fitted copy of the estimator that has this network."""
        twin = copy.copy(self.estimator)
        setattr(twin, twin._curve, list(getattr(twin, twin._curve)))
        network = twin._calibrated(self.p, network.copy())
        vars(twin).update(_state=None, _network=network.frozen(), **(attributes or {}))
        if isinstance(twin, SparseRBM):
            twin._sampler = None
        return twin

    def warn_of_interrupt(self) -> None:
        """Warn that the user has ended the training."""
        warn(INTERRUPTED)


def _parameters(estimator: Any, n_epochs: int) -> SimpleNamespace:
    """Return the parameters of an estimator for so many epochs."""
    p: SimpleNamespace = estimator._read_parameters()
    setattr(p, "n_iter" if isinstance(estimator, SparseRBM) else "max_iter", n_epochs)
    return p


def _refused(p: SimpleNamespace) -> dict[str, bool]:
    """Return what does not go with shards, and whether it is there."""
    evolution, solver = p.evolution, vars(p).get("solver")
    return {
        "solver='lbfgs', which needs all rows at once": solver == "lbfgs",
        "early_stopping=True: rounds says how long it trains": p.early_stopping,
        "unit_pruning, which copies would do on their own": p.unit_pruning is not None,
        "learning_rate='adaptive', which waits for a plateau": (
            solver == "sgd" and p.learning_rate == "adaptive"
        ),
        "a drop or grow that looks at the momentum, which stays with each shard": bool(
            evolution.asks_for("momentum")
        ),
        "warm_start=True": p.warm_start,
    }


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)
