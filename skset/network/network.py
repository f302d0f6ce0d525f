"""`Network`: layers in sequence, and what they predict."""

from dataclasses import dataclass

import numpy as np

from skset import kernels
from skset.network.activations import ACTIVATIONS
from skset.network.layers import Layer
from skset.network.losses import LOSSES
from skset.network.stack import LayerStack
from skset.network.workspace import aligned_empty

__all__ = ["Network"]

SERIAL = kernels.Team()


@dataclass(frozen=True, eq=False)
class Network(LayerStack):
    """A sparse multilayer perceptron.

    Attributes
    ----------
    layers : tuple of Layer
        From the input to the output.
    activation : str
        A key of `ACTIVATIONS`, for the hidden layers.
    negative_slope : float
        Slope for z < 0 of the activations that have one.
    output : str
        A key of `OUTPUTS`.
    """

    activation: str
    negative_slope: float
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

    @property
    def hidden(self):
        """Activation of the hidden layers."""
        return ACTIVATIONS[self.activation]

    def slope(self, layer):
        """Return the slope for z < 0 in the given hidden layer, 0 being the first."""
        return self.hidden.slope(layer, self.negative_slope)

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
        layer.forward(X, Z, team, self.slope_in_kernels(depth))
        if self.hidden.leak is None:
            self.hidden.apply(Z, A, self.slope(depth))

    def slope_in_kernels(self, layer):
        """Return the slope that kernels apply for the given hidden layer."""
        return self.hidden.in_kernels(self.slope(layer))

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

    def loss(self, samples):
        """Return the weighted mean loss over the samples, without the penalty."""
        weight, _ = samples.weights(np.arange(samples.n_samples))
        loss = LOSSES[self.output]
        with np.errstate(all="ignore"):
            return sum(
                loss(self._outputs(A), samples.targets(rows), weight[rows])
                for rows, A in self.gathered(samples)
            )

    def slopes(self, X):
        """Return the derivative of each hidden layer's activations at the inputs X.

        Parameters
        ----------
        X : ndarray of shape (n_inputs, batch)
            Inputs.

        Returns
        -------
        slopes : list of ndarray of shape (units, batch)
            One for each hidden layer.
        """
        slopes, A = [], X
        for depth, n_units in enumerate(self.n_units[1:-1]):
            Z = np.empty((n_units, A.shape[1]), self.dtype)
            X, A = A, Z if self.hidden.in_place else np.empty_like(Z)
            self.propagate(depth, X, Z, A)
            slopes.append(np.ones_like(Z))
            self.hidden.multiply_derivative(Z, A, slopes[-1], self.slope(depth))
        return slopes

    def _outputs(self, A):
        """Return the weighted sums of the output layer."""
        with np.errstate(all="ignore"):  # the caller looks at what is not finite
            for depth, n_units in enumerate(self.n_units[1:]):
                Z = aligned_empty((n_units, A.shape[1]), self.dtype)
                self.propagate(depth, A, Z, Z)
                A = Z
        return A
