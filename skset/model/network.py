"""`Network`: layers in sequence, and what they predict."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from skset.kernels import aligned_empty
from skset.model.activation_names import activations_for
from skset.model.activations import Activation
from skset.model.layer import Layer
from skset.model.outputs import OUTPUTS
from skset.model.signals import Signals
from skset.model.stack import LayerStack
from skset.runtime.team import Team

__all__ = ["Network"]

SERIAL = Team()


@dataclass(frozen=True, eq=False)
class Network(LayerStack):
    """A sparse multilayer perceptron.

    Attributes
    ----------
    layers : tuple of Layer
        From the input to the output.
    activation : str, Activation or tuple of them
        A key of `ACTIVATIONS` or an object; one for all hidden layers, or one for each.
    negative_slope : float or None
        Slope below zero of the activations that have one; None is their usual one.
    output : str
        A key of `OUTPUTS`.
    """

    activation: str | Activation | tuple[str | Activation, ...]
    negative_slope: float | None
    output: str

    @classmethod
    def initial(
        cls, topologies, weight_init, rng, dtype, *, edge_scale=1.0, **functions
    ):
        """Return a network with random weights on the given topologies.

        Parameters
        ----------
        topologies : sequence of Topology
            From the input to the output.
        weight_init : str
            A key of `INITIAL_WEIGHTS`.
        rng : numpy.random.Generator
            Source of randomness.
        dtype : dtype-like
            float32 or float64.
        edge_scale : float, default=1.0
            Factor of the weights of the first and of the last layer.
        **functions
            `activation`, `negative_slope` and `output`.
        """
        dtype = np.dtype(dtype)
        edges = (0, len(topologies) - 1)
        layers = (
            Layer.initial(
                topology,
                weight_init,
                rng,
                dtype,
                scale=edge_scale if depth in edges else 1.0,
            )
            for depth, topology in enumerate(topologies)
        )
        return cls(tuple(layers), **functions)

    @cached_property
    def hidden(self) -> tuple[Activation, ...]:
        """Activation of each hidden layer."""
        n_hidden = len(self.layers) - 1
        return activations_for(self.activation, n_hidden, self.negative_slope)

    def propagate(self, depth, X, Z, A, team=SERIAL):
        """Write into A what layer `depth` makes of its inputs X.

        Parameters
        ----------
        depth : int
            0 is the first layer.
        X, Z, A : ndarray of shape (units, batch)
            Inputs, weighted sums and activations; A may be Z, and is for the last
            layer, which has no activation.
        team : Team, default=SERIAL
            Its threads share the layer.
        """
        layer = self.layers[depth]
        if depth == len(self.layers) - 1:
            layer.forward(X, Z, team)
            return
        activation = self.hidden[depth]
        layer.forward(X, Z, team, activation.slope)
        if activation.slope is None:
            activation.apply(Z, A)

    def weighted_sums(self, samples):
        """Return the output layer's weighted sums, serially, chunk by chunk.

        Parameters
        ----------
        samples : Samples
            Inputs.

        Returns
        -------
        Z : ndarray of shape (n_outputs, n_samples)
            In the network's dtype. A sample's column is the same bit for bit whatever
            other samples there are.
        """
        Z = np.empty((self.n_units[-1], samples.n_samples), self.dtype)
        for rows, A in self.gathered(samples):
            Z[:, rows] = self._outputs(A)
        return Z

    def loss(self, samples, loss):
        """Return the weighted mean loss over the samples, without the penalty."""
        weight, _ = samples.weights(np.arange(samples.n_samples))
        with np.errstate(all="ignore"):
            return sum(
                loss(self._outputs(A), samples.targets(rows), weight[rows])
                for rows, A in self.gathered(samples)
            )

    def passed(self, X, team=SERIAL):
        """Return what every layer makes of the inputs X (n_inputs, batch).

        Returns
        -------
        activations : list of ndarray of shape (units, batch)
            X, then those of each hidden layer.
        slopes : list of ndarray of shape (units, batch)
            Derivatives of the activations, for each hidden layer.
        sums : ndarray of shape (n_outputs, batch)
            Weighted sums of the output layer.
        """
        activations, slopes = self._hidden_passed(X, team)
        sums = np.empty((self.n_units[-1], X.shape[1]), self.dtype)
        self.propagate(len(slopes), activations[-1], sums, sums, team)
        return activations, slopes, sums

    def slopes(self, X):
        """Return the derivative of each hidden layer's activations at the inputs X.

        As `passed` does, without the output layer.
        """
        return self._hidden_passed(X, SERIAL)[1]

    def _hidden_passed(self, X, team):
        """Return the activations, X first, and the slopes of the hidden layers."""
        activations, slopes = [X], []
        for depth, activation in enumerate(self.hidden):
            Z = np.empty((self.n_units[depth + 1], X.shape[1]), self.dtype)
            A = np.empty_like(Z) if activation.needs_sums else Z
            self.propagate(depth, activations[-1], Z, A, team)
            activations.append(A)
            slopes.append(np.ones_like(Z))
            activation.multiply_derivative(Z, A, slopes[-1])
        return activations, slopes

    def signals(self, X, targets, weight, loss, team=SERIAL):
        """Return what each layer computes for some samples, and the loss's gradient.

        Parameters
        ----------
        X : ndarray of shape (n_inputs, batch)
            Inputs.
        targets : ndarray
            As the loss takes them.
        weight : ndarray of shape (batch,)
            Sample weights that add up to 1.
        loss : Loss
            One that goes with the output.
        team : Team, default=SERIAL
            Its threads share the forward pass.

        Returns
        -------
        signals : list of Signals
            One for each layer.
        """
        activations, slopes, Z = self.passed(X, team)
        outputs = [*activations[1:], np.asarray(OUTPUTS[self.output](Z), Z.dtype)]
        D = Z.copy()
        loss(D, targets, weight)
        deltas = [D]
        for layer, slope in zip(self.layers[:0:-1], slopes[::-1], strict=True):
            deltas.append(layer.pulled_back(deltas[-1]) * slope)
        return [
            Signals(*parts)
            for parts in zip(activations, outputs, deltas[::-1], strict=True)
        ]

    def sensitivities(self, samples, rows, loss):
        """Return ``|w g|`` of each connection, an array for each layer.

        g is the gradient of the mean loss over the given samples (Lee et al. 2019,
        ICLR).
        """
        X = np.empty((samples.n_features, rows.size), self.dtype)
        samples.gather(rows, X)
        weight, _ = samples.weights(rows)
        layers = self.signals(X, samples.targets(rows), weight, loss)
        return [
            np.abs(layer.weights * replace(signals, topology=layer.topology).gradients)
            for layer, signals in zip(self.layers, layers, strict=True)
        ]

    def without_units(self, kept):
        """Return a network with some of the hidden units only.

        Parameters
        ----------
        kept : list of ndarray of shape (units,), bool
            Which units of each hidden layer stay.
        """
        n_in, n_out = self.n_units[0], self.n_units[-1]
        sides = [np.ones(n_in, bool), *kept, np.ones(n_out, bool)]
        return self.with_layers(
            layer.restricted(*sides[depth : depth + 2])
            for depth, layer in enumerate(self.layers)
        )

    def _outputs(self, A):
        """Return the weighted sums of the output layer."""
        with np.errstate(all="ignore"):  # the caller looks at what is not finite
            for depth, n_units in enumerate(self.n_units[1:]):
                Z = aligned_empty((n_units, A.shape[1]), self.dtype)
                self.propagate(depth, A, Z, Z)
                A = Z
        return A
