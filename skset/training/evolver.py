"""`Evolving`: when a network evolves in training, and how."""

import warnings
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np

from skset.model.layer import Layer
from skset.model.weights import INITIAL_WEIGHTS
from skset.topology import (
    are_joined,
    checked_count,
    checked_share,
    enlarge,
    erdos_renyi,
    evolve,
    joined_anew,
    strongest,
)

__all__ = ["Evolving"]

# Of what is usual, the share of connections that a layer keeps when a density falls.
LEAST_SHARE = 0.25
# Samples for a strategy that does not say how many it wants.
N_SAMPLES = 256


class Evolving(ABC):
    """Part of a training: the evolutions of its network.

    An evolution shrinks the network, if its density is to fall, then drops and grows in
    each layer. What strategies look at is computed before, for a random sample of the
    training set.
    """

    network: Any
    samples: Any
    evolution: Any
    options: Any
    progress: Any
    rng: Any

    @abstractmethod
    def _probe(self, rows):
        """Return each layer's signals for the given samples; nothing is learned."""

    @abstractmethod
    def _share_done(self):
        """Return the share of the training that is done."""

    @abstractmethod
    def _raise_divergence(self):
        """Raise the error of a training that has diverged."""

    @property
    def has_final_density(self):
        """Whether no schedule of the density has any more to take away."""
        return not self._surplus(1.0)

    def reach_final_density(self):
        """Remove what a schedule of the density has left to remove."""
        if surplus := self._surplus(1.0):
            self._shrink(surplus)
            self._note_paths()

    def drop_without_regrowth(self):
        """Make the last evolution of SET: drop, and grow nothing.

        Each layer remembers how many connections it lost.
        """
        before = [layer.topology.nnz for layer in self.network.layers]
        self._evolve(grow=None)
        self.network = self.network.with_layers(
            replace(layer, n_dropped=layer.n_dropped + nnz - layer.topology.nnz)
            for nnz, layer in zip(before, self.network.layers, strict=True)
        )

    def grow_back(self):
        """Grow as many connections as earlier trainings dropped without regrowth."""
        if not any(layer.n_dropped for layer in self.network.layers):
            return
        grow = self.evolution.grow
        for depth, signals in enumerate(self._signals(grow)):
            self._replace_layer(depth, self._grown_back(depth, grow, signals))

    def _grown_back(self, depth, grow, signals):
        layer = self.network.layers[depth]
        rewiring = enlarge(
            layer.topology,
            layer.n_dropped,
            grow=grow,
            rng=self.rng,
            signals=signals,
            layer=depth,
        )
        grown = layer.rewired(rewiring, self._newborn_weights(depth, rewiring))
        return replace(grown, n_dropped=0)

    def _evolve(self, grow):
        """Evolve layer by layer: no more than one exists twice at any time.

        An interrupt in between leaves a whole network, of which some layers have
        evolved.
        """
        self.progress.evolution_due = False
        share = self._share_done()
        zeta = checked_share("zeta_schedule", self.evolution.schedule(share))
        surplus = self._surplus(share)
        if not (zeta > 0 or surplus):
            return
        if not self.network.is_finite():  # amidst an epoch; nothing is smallest
            self._raise_divergence()
        self._shrink(surplus)
        if zeta > 0:
            for depth, signals in enumerate(self._signals(grow)):
                evolved = self._evolved(depth, zeta, grow, signals)
                self._replace_layer(depth, evolved)
        self._note_paths(rejoin=grow is not None and zeta > 0)

    def _replace_layer(self, depth, layer):
        layers = list(self.network.layers)
        layers[depth] = layer
        self.network = self.network.with_layers(layers)

    def _evolved(self, depth, zeta, grow, signals):
        layer = self.network.layers[depth]
        rewiring = evolve(
            layer.topology,
            layer.weights,
            zeta=zeta,
            drop=self.evolution.drop,
            grow=grow,
            rng=self.rng,
            signals=signals,
            layer=depth,
        )
        return layer.rewired(rewiring, self._newborn_weights(depth, rewiring))

    def _newborn_weights(self, depth, rewiring):
        """Return what newborn connections weigh: a number, or one for each place."""
        kind, (topology, source) = self.evolution.newborn, rewiring
        if kind == "zero" or not (source < 0).any():
            return 0
        dtype = self.network.dtype
        if kind == "he_uniform":
            limit = dtype.type(np.sqrt(6 / topology.shape[0]))
            return limit * (2 * self.rng.random(source.size, dtype) - 1)
        fresh = INITIAL_WEIGHTS[self.options.weight_init]
        return fresh(topology, self.rng, dtype) * dtype.type(self._scale(depth))

    def _scale(self, depth):
        """Return the factor of a layer's initial weights."""
        edges = (0, len(self.network.layers) - 1)
        return self.options.edge_scale if depth in edges else 1.0

    # What strategies look at.

    def _signals(self, grow):
        """Return what strategies see of each layer; None where none of them looks."""
        layers = self.network.layers
        strategies = {"drop": self.evolution.drop, "grow": grow}
        looking = {
            name: strategy
            for name, strategy in strategies.items()
            if getattr(strategy, "needs_signals", False)
        }
        if not looking:
            return [None] * len(layers)
        weighted = self.samples.weighted_rows()
        n = min(self._sample_size(looking), weighted.size)
        rows = np.sort(self.rng.choice(weighted, n, replace=False))
        probed = self._probe(rows)
        if not all(
            np.isfinite(part).all() for s in probed for part in (s.inputs, s.deltas)
        ):
            self._raise_divergence()
        history = self.progress.history
        return [
            replace(
                signals,
                topology=layer.topology,
                weights=layer.weights,
                explored=layer.explored,
                recent=history.factors(depth) if history else None,
                longest_stall=self.progress.longest_stall,
            )
            for depth, (layer, signals) in enumerate(zip(layers, probed, strict=True))
        ]

    def _sample_size(self, strategies):
        """Return how many samples strategies want to see.

        Each of them as many as its most costly layer permits, at least one.
        """
        wanted = [
            min(self._sample_sizes(name, strategy.sample_size))
            if hasattr(strategy, "sample_size")
            else N_SAMPLES
            for name, strategy in strategies.items()
        ]
        return max(1, *wanted)

    def _sample_sizes(self, name, sample_size):
        """Yield how many samples a strategy wants to see of each layer."""
        if not callable(sample_size):
            raise ValueError(
                f"{name}.sample_size must be a method that is called with the topology "
                f"of a layer, not {sample_size!r}."
            )
        for depth, layer in enumerate(self.network.layers):
            n = sample_size(layer.topology)
            yield checked_count(f"{name}.sample_size", n, depth)

    # Density.

    def _surplus(self, share):
        """Return how many connections there are beyond what the density is to be."""
        final, nnz = self.options.final_density, self.options.final_nnz
        if final is None:
            return 0
        density = self.evolution.density_schedule(share, final)
        density = checked_share("density_schedule", density)
        if nnz is None:
            nnz = final * self.network.n_possible
        return max(0, self.network.nnz - round(density / final * nnz))

    def _shrink(self, surplus):
        """Remove so many of the weakest connections of the whole network.

        Scales differ from layer to layer, and weak layers could lose everything. So
        each keeps a share of what an Erdos-Renyi network as large would give it.
        """
        if not surplus:
            return
        layers, nnz = self.network.layers, self.network.nnz - surplus
        topologies = [layer.topology for layer in layers]
        density = min(1.0, nnz / self.network.n_possible)
        usual = erdos_renyi([t.shape for t in topologies], density=density)
        rewirings = strongest(
            topologies,
            [layer.weights for layer in layers],
            nnz,
            [int(LEAST_SHARE * n) for n in usual],
            self.rng,
        )
        for depth, rewiring in enumerate(rewirings):
            self._replace_layer(depth, layers[depth].rewired(rewiring, 0))

    # Paths.

    def _note_paths(self, rejoin=False):
        """Warn, once, of a network without a path from its inputs to its outputs.

        Nothing has been learned by such a network but its biases, and nothing can be:
        no gradient gets through. To `rejoin` it is to draw its connections anew.
        """
        layers = self.network.layers
        topologies = [layer.topology for layer in layers]
        if are_joined(topologies):
            return
        if not self.progress.fell_apart:
            self.progress.fell_apart = True
            warnings.warn(
                "The network is so sparse that no path leads from its inputs to its "
                "outputs, and its predictions are constant. Raise density or epsilon. "
                "Where the topology evolves, connections are drawn anew.",
                UserWarning,
                stacklevel=2,
            )
        if rejoin:
            for depth, topology in enumerate(joined_anew(topologies, self.rng)):
                self._replace_layer(depth, self._redrawn(depth, topology))

    def _redrawn(self, depth, topology):
        """Return a layer with random weights on this topology, and the bias it had."""
        layer, options = self.network.layers[depth], self.options
        anew = Layer.initial(
            topology,
            options.weight_init,
            self.rng,
            self.network.dtype,
            self._scale(depth),
        )
        explored = layer.explored
        if explored is not None:
            explored = explored.with_positions(topology.positions())
        anew = replace(anew, bias=layer.bias, explored=explored)
        anew = anew.with_moments(len(layer.moments))
        return replace(anew, bias_moments=layer.bias_moments)
