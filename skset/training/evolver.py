"""`Evolver`: changes the topology of a network in training."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from skset.model import INITIAL_WEIGHTS, RBM, Layer, Network, incoming_strength
from skset.strategies.contracts import UnitPruning
from skset.topology import (
    Booleans,
    Rewiring,
    Topology,
    checked_flag,
    checked_mask,
    checked_share,
    enlarge,
    erdos_renyi,
    evolve,
    joined_anew,
    refuse,
    strongest,
)
from skset.training.contexts import Contexts, Look
from skset.training.density import DensityGoal
from skset.training.momentum import RecentSteps
from skset.training.state import State

__all__ = ["Evolver"]

# Share of its Erdős-Rényi connections that a layer keeps when the density falls.
LEAST_SHARE = 0.25
Kept = list[Booleans] | None  # which units of each hidden layer; None if all are kept


class Evolver:
    """Changes the topology of a network in training.

    An evolution first shrinks the network if its density has to fall. Then it drops and
    grows connections in each layer. The signals that strategies see are computed
    before, for random rows of the training set.

    Parameters
    ----------
    evolution : Evolution
        The strategies; see `skset.strategies`.
    weight_init : str or sequence of str
        A key of `INITIAL_WEIGHTS`, or one for each layer, for random newborn weights.
    edge_scale : float, default=1.0
        Factor of these weights in the first and last layer, as in `Network.initial`.
    goal : DensityGoal, default=None
        The density at which its schedule ends; None if there is no schedule.
    unit_pruning : callable, default=None
        Removes hidden units for good; see `skset.strategies.ImportancePruning`.
    """

    def __init__(
        self,
        evolution: Any,
        weight_init: str | Sequence[str],
        *,
        edge_scale: float = 1.0,
        goal: DensityGoal | None = None,
        unit_pruning: UnitPruning | None = None,
    ) -> None:
        self.evolution = evolution
        self.weight_init = weight_init
        self.edge_scale = edge_scale
        self.goal = goal
        self.unit_pruning = unit_pruning

    def begin(self, state: State, decay: float) -> None:
        """Prepare a training with an optimiser of this momentum."""
        if self.evolution.asks_for("explored"):
            layers = [layer.exploring() for layer in state.network.layers]
            state.network = state.network.with_layers(layers)
        if self.evolution.asks_for("momentum") and state.recent_steps is None:
            state.recent_steps = RecentSteps(decay)

    # Drop and grow.

    def planned(self, network: Network | RBM, share: float) -> tuple[float, int]:
        """Return zeta and the number of connections too many, at a share of training.

        Drop and grow get zeta. The surplus is removed before.
        """
        zeta = checked_share("zeta_schedule", self.evolution.schedule(share))
        return zeta, self._surplus(network, share)

    def evolve(
        self,
        state: State,
        look: Look,
        share: float,
        zeta: float,
        surplus: int,
        regrow: bool = True,
    ) -> None:
        """Evolve layer by layer, as was planned.

        After an interrupt in between the network is whole; some layers have evolved.

        Parameters
        ----------
        state : State
            Its network is replaced layer by layer.
        look : callable
            ``look(n)`` returns each layer's signals for n random samples, or fewer.
        share : float in [0, 1]
            Share of the training that is done.
        zeta, surplus : float, int
            As `planned` returns them.
        regrow : bool, default=True
            False drops without growing, as SET does at the end. Each layer remembers
            how many connections it lost.
        """
        self.shrink(state, surplus)
        if zeta > 0:
            called = ("drop", "grow") if regrow else ("drop",)
            contexts = Contexts(self.evolution, called, state, look, share)
            for depth in range(len(state.network.layers)):
                evolved = self._evolved(state, depth, zeta, contexts)
                state.replace_layer(depth, evolved)
        self.note_paths(state, rejoin=regrow and zeta > 0)

    def _evolved(
        self, state: State, depth: int, zeta: float, contexts: Contexts
    ) -> Layer:
        layer: Layer = state.network.layers[depth]
        strategies: dict[str, Any] = {"grow": None, **contexts.bound(depth, layer)}
        rewiring = evolve(
            layer.topology,
            layer.weights,
            zeta=zeta,
            rng=state.topology_rng,
            layer=depth,
            **strategies,
        )
        evolved = layer.rewired(rewiring, self._newborn_weights(state, depth, rewiring))
        if strategies["grow"] is not None:
            return evolved
        n_lost = layer.topology.nnz - evolved.topology.nnz
        return replace(evolved, n_dropped=layer.n_dropped + n_lost)

    def grow_back(self, state: State, look: Look, share: float) -> None:
        """Grow as many connections as earlier trainings dropped without regrowth."""
        if not any(layer.n_dropped for layer in state.network.layers):
            return
        contexts = Contexts(self.evolution, ("grow",), state, look, share)
        for depth in range(len(state.network.layers)):
            state.replace_layer(depth, self._grown_back(state, depth, contexts))

    def _grown_back(self, state: State, depth: int, contexts: Contexts) -> Layer:
        layer: Layer = state.network.layers[depth]
        rewiring = enlarge(
            layer.topology,
            layer.n_dropped,
            rng=state.topology_rng,
            layer=depth,
            **contexts.bound(depth, layer),
        )
        grown = layer.rewired(rewiring, self._newborn_weights(state, depth, rewiring))
        return replace(grown, n_dropped=0)

    def _newborn_weights(self, state: State, depth: int, rewiring: Rewiring) -> Any:
        """Return the weights of newborn connections: one number, or one for each."""
        kind, (topology, source) = self.evolution.newborn, rewiring
        if kind == "zero" or not (source < 0).any():
            return 0
        dtype, rng = state.network.layers[depth].weights.dtype, state.topology_rng
        if kind == "he_uniform":
            limit = dtype.type(np.sqrt(6 / topology.shape[0]))
            return limit * (2 * rng.random(source.size, dtype) - 1)
        fresh = INITIAL_WEIGHTS[self._init(depth)](topology, rng, dtype)
        return fresh * dtype.type(self._scale(state.network, depth))

    def _init(self, depth: int) -> str:
        """Return the name of a layer's initial weights."""
        given = self.weight_init
        return given if isinstance(given, str) else given[depth]

    def _scale(self, network: Network | RBM, depth: int) -> float:
        """Return the factor of a layer's initial weights."""
        edges = (0, len(network.layers) - 1)
        return self.edge_scale if depth in edges else 1.0

    # Density.

    def is_at_goal(self, network: Network | RBM) -> bool:
        """Return whether the density schedule has reached its final value."""
        return not self._surplus(network, 1.0)

    def reach_goal(self, state: State) -> None:
        """Remove connections until the final density is reached."""
        if surplus := self._surplus(state.network, 1.0):
            self.shrink(state, surplus)
            self.note_paths(state)

    def _surplus(self, network: Network | RBM, share: float) -> int:
        """Return how many connections there are beyond the scheduled density."""
        if self.goal is None:
            return 0
        density = self.evolution.density_schedule(share, self.goal.density)
        density = checked_share("density_schedule", density)
        return max(0, network.nnz - round(density / self.goal.density * self.goal.nnz))

    def shrink(self, state: State, surplus: int) -> None:
        """Remove so many of the weakest connections of the whole network.

        Scales differ from layer to layer, so weak layers could lose everything. So each
        layer keeps a share of the connections that it would have in an Erdős-Rényi
        network of the same size.
        """
        if not surplus:
            return
        layers, nnz = state.network.layers, state.network.nnz - surplus
        topologies = [layer.topology for layer in layers]
        density = min(1.0, nnz / state.network.n_possible)
        usual = erdos_renyi([t.shape for t in topologies], density=density)
        rewirings = strongest(
            topologies,
            [layer.weights for layer in layers],
            nnz,
            [int(LEAST_SHARE * n) for n in usual],
            state.topology_rng,
        )
        for depth, rewiring in enumerate(rewirings):
            state.replace_layer(depth, layers[depth].rewired(rewiring, 0))

    # Units.

    def prune_units(self, state: State, before: float, now: float) -> Kept:
        """Remove weak hidden units, if it is time; return which of them are left.

        `before` and `now` are the shares of the training one epoch ago and now.
        """
        pruning = self.unit_pruning
        if pruning is None:
            return None
        if not checked_flag("unit_pruning.due", pruning.due(before, now)):
            return None
        layers = state.network.layers[:-1]
        kept = [_kept_units(pruning, *pair) for pair in enumerate(layers)]
        if all(keep.all() for keep in kept):
            return None
        state.network = state.network.without_units(kept)
        if state.recent_steps is not None:  # they had other units
            state.recent_steps = RecentSteps(state.recent_steps.decay)
        self.note_paths(state)
        return kept

    # Paths.

    def note_paths(self, state: State, rejoin: bool = False) -> None:
        """Warn, once, of a network without a path from its inputs to its outputs.

        Such a network learns only biases, because no gradient gets through. `rejoin`
        draws its connections anew.
        """
        if state.network.is_joined:
            return
        if not state.fell_apart:
            state.fell_apart = True
            warnings.warn(
                "The network is so sparse that no path leads from its inputs to its "
                "outputs, and its predictions are constant. Raise density or epsilon. "
                "Where the topology evolves, connections are drawn anew.",
                UserWarning,
                stacklevel=2,
            )
        if rejoin:
            old = [layer.topology for layer in state.network.layers]
            for depth, topology in enumerate(joined_anew(old, state.topology_rng)):
                state.replace_layer(depth, self._redrawn(state, depth, topology))

    def _redrawn(self, state: State, depth: int, topology: Topology) -> Layer:
        """Return a layer with random weights on this topology, and the bias it had."""
        network, layer = state.network, state.network.layers[depth]
        dtype, scale = network.dtype, self._scale(network, depth)
        drawn = self._init(depth), state.topology_rng, dtype, scale
        anew = Layer.initial(topology, *drawn)
        explored = layer.explored
        if explored is not None:
            explored = explored.with_positions(topology.positions())
        anew = replace(anew, bias=layer.bias, explored=explored).holding(layer.held)
        anew = anew.with_moments(len(layer.moments))
        return replace(anew, bias_moments=layer.bias_moments)


def _kept_units(pruning: UnitPruning, depth: int, layer: Layer) -> Booleans:
    """Return which units of a hidden layer a pruning keeps, at least one."""
    returned = pruning(incoming_strength(layer))
    size = layer.bias.size
    keep = checked_mask("unit_pruning", returned, size, depth)
    if not keep.any():
        wanted = f"{size} booleans, one of them True at least,"
        refuse("unit_pruning", wanted, returned, depth, " without any")
    return keep
