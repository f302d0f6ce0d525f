"""`TaskPerceptron`: the perceptron of one task, in a network that tasks share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from skset.estimators import _fit
from skset.estimators._auto import RULES
from skset.estimators._class_targets import ClassTargets
from skset.estimators._input_moments import Moments
from skset.estimators._perceptron import SparsePerceptron
from skset.estimators._types import Array
from skset.estimators._warnings import warn
from skset.model import LogLoss, Network, Samples, Scaling, SharedNetwork, sensitivities
from skset.strategies import (
    Evolution,
    FreeFirstGrow,
    initial_topologies,
    on_free_places,
)
from skset.topology import Topology, checked_topologies, filled_up, random_topology
from skset.training import DensityGoal, Evolver, State, Training

__all__ = ["FIXED", "TaskPerceptron"]

# Parameters of a perceptron that a continual classifier does not have.
FIXED: dict[str, Any] = {
    "epsilon": 20,
    "method": "set",
    "density_schedule": None,
    "unit_pruning": None,
    "final_drop": False,
    "power_t": 0.5,
    "tol": 1e-4,
    "n_iter_no_change": "auto",
    "early_stopping": False,
    "validation_fraction": 0.1,
    "scoring": "loss",
    "momentum": 0.9,
    "nesterovs_momentum": True,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "adam_epsilon": 1e-8,
    "temperature": 1.0,
    "delta_dtype": None,
    "max_fun": 15000,
}
N_SENSED = 256


@dataclass(frozen=True, eq=False)
class TaskTargets(ClassTargets):
    """The classes of a task, which may be given.

    Attributes
    ----------
    given : array-like, default=None
        All classes; None means those in y.
    """

    given: Any = None

    def learned(
        self,
        y: Any,
        given: Any,
        sample_weight: Array | None = None,
        classes: ArrayLike | None = None,
    ) -> tuple[ClassTargets, Array]:
        """Return these targets with the classes, and y; see `ClassTargets`."""
        return super().learned(y, given, sample_weight, self.given)

    def resumed(
        self, earlier: ClassTargets, y: Any, given: Any, caller: str
    ) -> tuple[ClassTargets, Array]:
        """Return these targets with the earlier classes; y may lack some of them."""
        return super().resumed(earlier, y, given, "refine=True")


class TaskPerceptron(SparsePerceptron):
    """A perceptron whose hidden connections may belong to earlier tasks.

    It is an estimator for the fit of one task. What it has learned goes into the shared
    network, see `skset.model.SharedNetwork`.

    Parameters
    ----------
    params : mapping of str to object
        All parameters of a perceptron, and `reuse` and `grow_network`.
    sizes : list of int
        Units of the hidden layers at first; the density refers to them.
    shared : SharedNetwork
        All that is frozen. It may get more units.
    label : str, int or None
        Of the task, for errors and warnings.
    classes : array-like, default=None
        Of the task; None means those in y.
    """

    _rules = RULES
    _fixed = FIXED
    _targets: ClassTargets

    def __init__(
        self,
        params: Mapping[str, Any],
        sizes: Sequence[int],
        shared: SharedNetwork,
        label: Any,
        classes: ArrayLike | None = None,
    ) -> None:
        self.params = params
        self.sizes = list(sizes)
        self.shared = shared
        self.label = label
        self.classes = classes
        self.goes_on = False
        self.units: Scaling | None = None
        self.knows_units = False
        self.interrupted = False

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the perceptron."""
        return dict(self.params)

    def with_units(self, units: Scaling | None) -> Self:
        """Take the units of the inputs from an earlier task; return this object."""
        self.units, self.knows_units = units, True
        return self

    def going_on(self, network: Network, targets: ClassTargets) -> Self:
        """Go on with the network of the task; return this object."""
        self._network, self._targets, self._scaling = network, targets, self.units
        self._density_goal, self.t_ = None, 0
        self._note_units(network.n_units[1:-1], targets)
        self.n_features_in_, self.goes_on = network.n_units[0], True
        return self

    def learn(self, X: Any, y: Any, sample_weight: Any) -> Network:
        """Train the network and return it."""
        self.params = {**self.params, "warm_start": self.goes_on}
        _fit.fit(self, X, y, sample_weight)
        return self._network

    # Methods that a fit calls.

    def _standardises(self, p: SimpleNamespace, goes_on: bool) -> bool:
        if self.knows_units:
            return self.units is not None
        return super()._standardises(p, goes_on)

    def _facts_of_inputs(self, *args: Any, **kwargs: Any) -> Moments | None:
        if self.knows_units:
            return None
        return super()._facts_of_inputs(*args, **kwargs)

    def _units(self, p: SimpleNamespace) -> Scaling | None:
        return self.units if self.knows_units else super()._units(p)

    def _targets_for(self, p: SimpleNamespace, n_features: int) -> ClassTargets:
        loss = LogLoss(p.label_smoothing)
        return TaskTargets(p.dtype, p.class_weight, loss, given=self.classes)

    def _unchanged(self, p: SimpleNamespace) -> dict[str, tuple[Any, Any]]:
        return {"activation": (p.hidden, self._network.hidden)}

    def _new_network(
        self,
        p: SimpleNamespace,
        samples: Samples,
        rng: Generator,
        topology_rng: Generator,
    ) -> tuple[Network, DensityGoal | None]:
        def sensed(topologies: Sequence[Topology]) -> list[Array]:
            wanted = "sensitivities must be given"
            network = network_on(checked_topologies(topologies, shapes, wanted))
            n = min(N_SENSED, samples.n_samples)
            rows = np.sort(rng.choice(samples.n_samples, n, replace=False))
            return sensitivities(network, samples, rows, targets.loss_function)[:-1]

        def network_on(topologies: Sequence[Topology], **scale: float) -> Network:
            shape = topologies[-1].shape[1], targets.n_outputs
            head = random_topology(shape, shape[0] * shape[1], topology_rng)
            return Network.initial(
                [*topologies, head],
                name,
                topology_rng,
                p.dtype,
                activation=p.activation,
                negative_slope=p.negative_slope,
                output=targets.output,
                **scale,
            )

        targets, (name, edge_scale) = self._targets, self._first_weights(p)
        shapes = list(pairwise([samples.n_features, *self.sizes]))
        drawn = initial_topologies(p.init, shapes, topology_rng, sensed)
        topologies = self._placed(p, drawn, topology_rng)
        self._note_units(self.shared.n_units[1:], targets)
        return network_on(topologies, edge_scale=edge_scale), None

    def _placed(
        self, p: SimpleNamespace, drawn: Sequence[Topology], rng: Generator
    ) -> list[Topology]:
        """Return topologies with as many connections, where the task may have them."""
        if p.grow_network and p.reuse != "always":
            self.shared = self.shared.with_room([t.nnz for t in drawn])
        return [
            self._placed_in(p, d, topology, rng) for d, topology in enumerate(drawn)
        ]

    def _placed_in(
        self, p: SimpleNamespace, depth: int, drawn: Topology, rng: Generator
    ) -> Topology:
        taken = self.shared.layers[depth].topology
        anywhere = p.reuse == "always" or not taken.nnz
        if anywhere and taken.shape == drawn.shape:
            return drawn
        blocked = Topology.empty(taken.shape) if anywhere else taken
        topology, n_missing = on_free_places(drawn, blocked, rng)
        if n_missing and p.reuse == "never":
            self._report_full(depth, drawn.nnz, n_missing)
        if p.reuse == "never":
            return topology
        return filled_up(topology, drawn.nnz, rng)

    def _report_full(self, depth: int, wanted: int, n_missing: int) -> None:
        """Warn that the free places of a layer run out, or raise if none is left."""
        n_in, n_out = self.shared.layers[depth].topology.shape
        n_fit = n_in * n_out // wanted
        text = (
            f"Task {self.label!r} wants {wanted} connections in hidden layer {depth}, "
            f"but only {wanted - n_missing} places are free: {n_fit} tasks of this "
            "density fit. Give the network more units or set grow_network=True; or "
            "choose a smaller density, or reuse='when_full'."
        )
        if n_missing == wanted:
            raise ValueError(text)
        warn(text)

    def _new_training(
        self, p: SimpleNamespace, state: State, samples: Samples, partial: bool = False
    ) -> Training:
        layers = list(state.network.layers)
        for depth, shared in enumerate(self.shared.layers):
            if shared.topology.nnz:
                held = shared.frozen_in(layers[depth].topology)
                layers[depth] = layers[depth].holding(held)
        state.network = state.network.with_layers(layers)
        return super()._new_training(p, state, samples, partial)

    def _note_interrupt(self) -> None:
        self.interrupted = True  # the sequence ends too, and its warning names tasks

    def _new_evolver(self, p: SimpleNamespace, evolution: Evolution) -> Evolver:
        taken = [layer.topology for layer in self.shared.layers]
        if p.reuse != "always" and any(topology.nnz for topology in taken):
            head = Topology.empty((self.shared.n_units[-1], self._targets.n_outputs))
            grow = FreeFirstGrow(evolution.grow, (*taken, head))
            evolution = replace(evolution, grow=grow)
        return super()._new_evolver(p, evolution)
