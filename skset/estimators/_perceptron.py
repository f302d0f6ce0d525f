"""`SparsePerceptron`: the base of the classifier, the regressor and the selector."""

import copy
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning

from skset.estimators._auto import RULES, Rule, Shape, resolve
from skset.estimators._estimator import clipped_batch_size
from skset.estimators._from_network import adopt_network, check_outputs
from skset.estimators._input_moments import Moments
from skset.estimators._rows_in_place import samples_to_predict
from skset.estimators._shown_network import ShownNetwork
from skset.estimators._solvers import SOLVERS, steps
from skset.estimators._table_size import TableSize
from skset.estimators._targets import Targets
from skset.estimators._temperature import PENALTY_POWER, held_out_temperature
from skset.estimators._types import Array, Matrix, MatrixLike, Rows
from skset.estimators._units import learned_scaling, raw_outputs
from skset.estimators._warnings import warn
from skset.model import (
    Activation,
    Network,
    Samples,
    Scaling,
    activations_for,
    auto_weight_init,
    sensitivities,
)
from skset.strategies import Evolution, initial_topologies
from skset.topology import Topology, checked_topologies
from skset.training import (
    LBFGS,
    Backpropagation,
    DensityGoal,
    Evolver,
    GaussianNoise,
    State,
    Training,
    denser_at_first,
)

__all__ = ["SparsePerceptron", "finite_output", "takes_steps"]

# `batch_size="auto"` makes forty batches of the samples, with sizes within these
# bounds: see the tables in docs/defaults.md.
AUTO_BATCHES, AUTO_BATCH_SIZES = 40, (4, 128)
# In `partial_fit` the size must not depend on the calls: scikit-learn's rule.
AUTO_PARTIAL_BATCH_SIZE = 200
# `weight_init="auto"` draws small weights in the first and last layer. So the learned
# part of the weights soon exceeds the random part, for predictions and for SET's drop.
AUTO_EDGE_SCALE = 0.1
# Iterations of L-BFGS between two evolutions; see docs/defaults.md.
LBFGS_ROUND = 40
# Samples over which an init that asks for sensitivities gets them.
N_SENSED = 256


def takes_steps(estimator: Any) -> bool:
    """Return whether `partial_fit` exists; raise AttributeError if it does not."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is there for solvers that take steps: solver='lbfgs' needs "
            "all samples at once."
        )
    return True


def finite_output(output: Array) -> Array:
    """Return the outputs of a network, or raise if they are not finite."""
    if not np.isfinite(output).all():
        raise ValueError(
            "Input X contains values too large for this network, whose output is not "
            "finite. They need to be preprocessed as the training data were."
        )
    return output


class SparsePerceptron(ShownNetwork):
    """A multilayer perceptron, sparse throughout, whose topology evolves.

    Warning: this class is not to be used directly; use its subclasses.
    """

    _curve = "loss_curve_"
    # What stands for "auto".
    _rules: ClassVar[Mapping[str, Rule]] = RULES
    _sizes_at_first: list[int]
    loss_: float
    loss_curve_: list[float]
    best_loss_: float | None
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    n_layers_: int
    n_outputs_: int
    auto_params_: dict[str, Any]
    out_activation_: str

    @classmethod
    def _with_learned(
        cls,
        network: Network,
        learned: dict[str, Any],
        feature_names: ArrayLike | None,
        params: dict[str, Any],
    ) -> Self:
        """Return an estimator that is fitted by having the network.

        Its parameters describe the network. What its targets have learned is given.
        """
        estimator = cls(
            hidden_layer_sizes=tuple(network.n_units[1:-1]),
            activation=network.activation,
            negative_slope=network.negative_slope,
            dtype=network.dtype.type,
            **params,
        )
        estimator._validate_params()
        p, n_features = estimator._read_parameters(), network.n_units[0]
        targets: Any = estimator._targets_for(p, n_features)
        targets = replace(targets, **learned)
        check_outputs(network, targets)
        estimator._note_units(network.n_units[1:-1], targets)
        estimator.auto_params_ = {}  # nothing was trained yet
        return adopt_network(estimator, network, targets, feature_names)

    # Parameters.

    def _read_parameters(self) -> SimpleNamespace:
        p = super()._read_parameters()
        if not isinstance(p.activation, (str, Activation)):
            p.activation = tuple(p.activation)
        vars(p).setdefault("temperature", 1.0)  # only a classifier has one
        if p.solver == "lbfgs":  # it computes in float64
            p.table_dtype = np.float64
        p.hidden = activations_for(p.activation, len(_layer_sizes(p)), p.negative_slope)
        return p

    def _weighted_sums(self, X: MatrixLike) -> Array:
        """Return the output layer's weighted sums (n_outputs, n_samples)."""
        samples = samples_to_predict(self, X)
        return finite_output(self._network.weighted_sums(samples))

    def _with_network(self, network: Network) -> Self:
        """Return a copy of this estimator that predicts with the given network."""
        twin = copy.copy(self)
        twin._network = network
        if hasattr(twin, "feature_names_in_"):  # scorers pass bare arrays
            del twin.feature_names_in_
        return twin

    # Methods that a fit calls.

    def _standardises(self, p: SimpleNamespace, goes_on: bool) -> bool:
        return self._scaling is not None if goes_on else p.standardize is not False

    def _choose(
        self,
        p: SimpleNamespace,
        size: TableSize,
        goes_on: bool,
        partial: bool = False,
    ) -> None:
        n_samples, n_rows, n_features = size
        known = vars(self).get("auto_params_", {}) if goes_on else {}
        targets: Any = self._targets
        n_classes = max(2, targets.n_outputs) if hasattr(targets, "classes") else None
        if p.batch_size == "auto":
            batch_size = self._batch_size(p, n_samples, partial)
        else:
            batch_size = min(p.batch_size, n_samples)
        wide = self._learns_from_y and not partial and n_rows < n_features
        shape = Shape(n_rows, batch_size, n_classes, partial, wide)
        self.auto_params_ = resolve(p, self._rules, shape, known)

    def _adapt(
        self, p: SimpleNamespace, training_set: Rows, rng: Generator, goes_on: bool
    ) -> None:
        penalised = "alpha" in self.auto_params_ and p.solver in ("adam", "sgd")
        if goes_on:  # the network that it begins with has its temperature
            p.temperature = 1.0
        elif "temperature" in self._rules and penalised:
            self._adapt_to(held_out_temperature(self, p, training_set, rng), p)

    def _adapt_to(self, temperature: float, p: SimpleNamespace) -> None:
        """Raise alpha by a temperature above 1; predict with one below 1."""
        p.alpha *= max(temperature, 1.0) ** PENALTY_POWER
        if "temperature" in self.auto_params_ and not p.early_stopping:
            p.temperature = min(temperature, 1.0)
        self.auto_params_ = {name: getattr(p, name) for name in self.auto_params_}

    def _calibrated(self, p: SimpleNamespace, network: Network) -> Network:
        if p.temperature == 1:
            return network
        return raw_outputs(network, 0.0, 1 / p.temperature)

    def _facts_of_inputs(
        self, p: SimpleNamespace, training_set: Rows, exponent: int = 0
    ) -> Moments | None:
        if p.standardize is False:
            return None
        X, _, weight, rows = training_set
        return Moments.of(X, weight, rows, exponent)

    def _units(self, p: SimpleNamespace) -> Scaling | None:
        if p.inputs is None:
            return None
        return learned_scaling(p.standardize, p.inputs)

    def _prepared(
        self, p: SimpleNamespace, X: Matrix, reset: bool
    ) -> tuple[Matrix, Targets]:
        return X, self._targets_for(p, X.shape[1])

    @abstractmethod
    def _targets_for(self, p: SimpleNamespace, n_features: int) -> Targets:
        """Return what is to be learned, before it has seen any y."""

    def _noise(self, p: SimpleNamespace, rng: Generator) -> GaussianNoise | None:
        """Return the noise of the inputs in training, or None."""
        return None

    def _unchanged(self, p: SimpleNamespace) -> dict[str, tuple[Any, Any]]:
        network = self._network
        return {
            "hidden_layer_sizes": (_layer_sizes(p), self._sizes_at_first),
            "activation": (p.hidden, network.hidden),
            "dtype": (np.dtype(p.dtype).name, network.dtype.name),
        }

    def _new_network(
        self,
        p: SimpleNamespace,
        samples: Samples,
        rng: Generator,
        topology_rng: Generator,
    ) -> tuple[Network, DensityGoal | None]:
        targets: Any = self._targets
        self._note_units(_layer_sizes(p), targets)
        sizes = [samples.n_features, *self._sizes_at_first, targets.n_outputs]
        shapes = list(pairwise(sizes))
        name, edge_scale = self._first_weights(p)

        def network_on(topologies: Sequence[Topology], **scale: float) -> Network:
            return Network.initial(
                topologies,
                name,
                topology_rng,
                p.dtype,
                activation=p.activation,
                negative_slope=p.negative_slope,
                output=self.out_activation_,
                **scale,
            )

        def sensed(topologies: Sequence[Topology]) -> list[Array]:
            wanted = "sensitivities must be given"
            topologies = checked_topologies(topologies, shapes, wanted)
            network = network_on(topologies)
            seen = samples.at_hand
            n = min(N_SENSED, seen.n_samples)
            rows = np.sort(rng.choice(seen.n_samples, n, replace=False))
            return sensitivities(network, seen, rows, targets.loss_function)

        topologies = initial_topologies(p.init, shapes, topology_rng, sensed)
        topologies, goal = denser_at_first(topologies, p.density_schedule, topology_rng)
        return network_on(topologies, edge_scale=edge_scale), goal

    def _note_units(self, sizes: list[int], targets: Any) -> None:
        """Record the initial units of a network."""
        self._sizes_at_first, self.n_layers_ = sizes, len(sizes) + 2
        self.n_outputs_, self.out_activation_ = targets.n_outputs, targets.output

    def _first_weights(self, p: SimpleNamespace) -> tuple[str, float]:
        if p.weight_init != "auto":
            return p.weight_init, 1.0
        return auto_weight_init(p.hidden), AUTO_EDGE_SCALE

    def _new_training(
        self, p: SimpleNamespace, state: State, samples: Samples, partial: bool = False
    ) -> Training:
        optimiser, penalty, state.learning_rate = steps(p, partial)
        if p.solver == "lbfgs":
            return self._rounds_of_lbfgs(p, state, samples)
        state.learning_rate.after_epoch(state.samples)
        batch_size = self._batch_size(p, samples.n_samples, partial)
        rule = Backpropagation(
            optimiser,
            self._targets.loss_function,
            alpha=penalty,
            dropout=p.dropout,
            noise=self._noise(p, state.rng),
            max_norm=p.max_norm,
            halves=p.delta_dtype is not None,
        )
        return Training(
            state,
            samples,
            rule,
            self._new_evolver(p, p.evolution),
            batch_size=batch_size,
            max_epochs=self._n_epochs(p, -(-samples.n_samples // batch_size)),
            shuffle=p.shuffle,
            n_threads=p.n_threads,
        )

    def _rounds_of_lbfgs(
        self, p: SimpleNamespace, state: State, samples: Samples
    ) -> Training:
        """Return a training whose epochs are rounds of L-BFGS.

        The topology evolves between two rounds. If it never does, there is one round.
        """
        if p.dropout:
            raise ValueError(
                "dropout must be 0 for solver='lbfgs', which needs the same loss at "
                f"each evaluation, got {p.dropout!r}."
            )
        evolver = self._new_evolver(p, replace(p.evolution, update_interval=None))
        zeta, _ = evolver.planned(state.network, 0.0)
        evolves = zeta or p.unit_pruning or not evolver.is_at_goal(state.network)
        # The interval of a method counts training steps, not iterations.
        given = isinstance(p.update_interval, int)
        length = p.update_interval if given else LBFGS_ROUND
        length = length if evolves else p.max_iter
        n_rounds, rest = divmod(p.max_iter, length)
        rule = LBFGS(
            self._targets.loss_function,
            alpha=p.alpha,
            n_iter=[length] * n_rounds + [rest] * (rest > 0),
            max_fun=p.max_fun,
            tol=p.tol,
        )
        return Training(
            state,
            samples,
            rule,
            evolver,
            batch_size=samples.n_samples,
            max_epochs=len(rule.n_iter),
            shuffle=False,
            n_threads=p.n_threads,
        )

    def _new_evolver(self, p: SimpleNamespace, evolution: Evolution) -> Evolver:
        weight_init, edge_scale = self._first_weights(p)
        return Evolver(
            evolution,
            weight_init,
            edge_scale=edge_scale,
            goal=self._density_goal,
            unit_pruning=p.unit_pruning,
        )

    def _optimiser(self, p: SimpleNamespace) -> Any:
        return SOLVERS[p.solver].optimiser(p)

    def _batch_size(self, p: SimpleNamespace, n_samples: int, partial: bool) -> int:
        """Return the number of samples per step, given that of all samples."""
        if p.batch_size != "auto":
            return clipped_batch_size(p.batch_size, n_samples, partial)
        if partial:
            return min(AUTO_PARTIAL_BATCH_SIZE, n_samples)
        size = np.clip(n_samples // AUTO_BATCHES, *AUTO_BATCH_SIZES)
        return min(int(size), n_samples)

    def _n_epochs(self, p: SimpleNamespace, n_batches: int) -> int:
        """Return the largest number of epochs, given the batches of each."""
        return int(p.max_iter)

    def _record(self, loss: float, training: Training) -> None:
        super()._record(loss, training)
        self.loss_ = loss

    def _reach_last_epoch(self, p: SimpleNamespace, training: Training) -> None:
        if isinstance(training.rule, LBFGS):
            at_end = training.rule.converged
        else:  # cosine and callables are planned to end there
            at_end = p.learning_rate == "cosine" or callable(p.learning_rate)
        if not at_end:
            warn(
                f"Maximum iterations ({self.n_iter_}) reached and the optimization "
                "hasn't converged yet.",
                ConvergenceWarning,
            )


def _layer_sizes(p: SimpleNamespace) -> list[int]:
    sizes = p.hidden_layer_sizes
    return [int(n) for n in (sizes if hasattr(sizes, "__iter__") else [sizes])]
