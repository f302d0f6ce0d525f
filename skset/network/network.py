"""`Network`: layers in sequence, and what they predict."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from skset import kernels
from skset.network.activations import ACTIVATIONS
from skset.network.layers import Layer
from skset.network.losses import LOSSES

__all__ = ["Network"]

# Prediction works on this many bytes of activations at a time.
CHUNK_BYTES = 1 << 24
# The width of a chunk is a multiple of the widest vector of any CPU, so that every
# sample takes the same path through the kernels, alone or among others.
LANES = 16


@dataclass(frozen=True, eq=False)
class Network:
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

    layers: tuple[Layer, ...]
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
    def dtype(self):
        """Type of the weights."""
        return self.layers[0].weights.dtype

    @property
    def n_units(self):
        """Number of units of each layer, the inputs first."""
        shapes = [layer.topology.shape for layer in self.layers]
        return [shapes[0][0], *(n_out for _, n_out in shapes)]

    @property
    def nnz(self):
        """Number of connections."""
        return sum(layer.topology.nnz for layer in self.layers)

    @property
    def n_possible(self):
        """Number of connections of the dense network with the same units."""
        return sum(n_in * n_out for n_in, n_out in pairwise(self.n_units))

    @property
    def hidden(self):
        """Activation of the hidden layers."""
        return ACTIVATIONS[self.activation]

    def slope(self, layer):
        """Return the slope for z < 0 in the given hidden layer, 0 being the first."""
        return self.hidden.slope(layer, self.negative_slope)

    def with_layers(self, layers):
        """Return a network with other layers."""
        return replace(self, layers=tuple(layers))

    def copy(self, at_rest=True):
        """Return a network with arrays of its own, at rest without optimiser state."""
        layers = (layer.at_rest() for layer in self.layers) if at_rest else self.layers
        return self.with_layers(layer.copy() for layer in layers)

    def is_finite(self):
        """Return whether all weights and biases are finite."""
        return all(
            np.isfinite(layer.weights).all() and np.isfinite(layer.bias).all()
            for layer in self.layers
        )

    def squared_norm(self):
        """Return the sum of the squared weights."""
        # Not by BLAS, whose last bits depend on how many threads it takes; a plateau of
        # the loss, which this is part of, must not.
        weights = [layer.weights for layer in self.layers]
        return float(sum(np.einsum("k,k->", w, w) for w in weights))

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
        for rows in self._chunks(samples):
            Z[:, rows] = self._weighted_sums(samples, rows)
        return Z

    def loss(self, samples):
        """Return the weighted mean loss over the samples, without the penalty."""
        weight, _ = samples.weights(np.arange(samples.n_samples))
        loss = LOSSES[self.output]
        with np.errstate(all="ignore"):
            return sum(
                loss(
                    self._weighted_sums(samples, rows),
                    samples.targets(rows),
                    weight[rows],
                )
                for rows in self._chunks(samples)
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
        for depth, layer in enumerate(self.layers[:-1]):
            Z = np.empty((layer.topology.shape[1], A.shape[1]), self.dtype)
            layer.forward(A, Z, kernels.Team())
            A, slope = np.empty_like(Z), np.ones_like(Z)
            self.hidden.apply(Z, A, self.slope(depth))
            self.hidden.multiply_derivative(
                A if self.hidden.in_place else Z, A, slope, self.slope(depth)
            )
            slopes.append(slope)
        return slopes

    def _chunks(self, samples):
        """Yield the numbers of all samples, as many at a time as fit the chunk."""
        width = self._chunk_width()
        for start in range(0, samples.n_samples, width):
            yield np.arange(start, min(start + width, samples.n_samples))

    def _weighted_sums(self, samples, rows):
        padded = -(-rows.size // LANES) * LANES
        A = np.empty((samples.n_features, padded), self.dtype)
        samples.gather(rows, A)
        with np.errstate(all="ignore"):  # the caller looks at what is not finite
            return self._outputs(A)[:, : rows.size]

    def _outputs(self, A):
        for depth, layer in enumerate(self.layers):
            Z = np.empty((layer.topology.shape[1], A.shape[1]), self.dtype)
            layer.forward(A, Z, kernels.Team())
            if depth < len(self.layers) - 1:
                self.hidden.apply(Z, Z, self.slope(depth))
            A = Z
        return A

    def _chunk_width(self):
        widest = max(n_in + n_out for n_in, n_out in pairwise(self.n_units))
        lanes = CHUNK_BYTES // (widest * self.dtype.itemsize * LANES)
        return LANES * min(max(lanes, 1), 16)
