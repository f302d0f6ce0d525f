"""`LayerStack`: what every model made of sparse layers has."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from skset import kernels
from skset.kernels import aligned_empty
from skset.model.layer import Layer

__all__ = ["LayerStack"]

# Prediction works on this many bytes of activations at a time.
CHUNK_BYTES = 1 << 24
# In columns: what a chunk is a multiple of, and the most that one has.
LANES, LARGEST_CHUNK = 16, 256


@dataclass(frozen=True, eq=False)
class LayerStack:
    """Sparse layers, one on top of the other.

    Attributes
    ----------
    layers : tuple of Layer
        From the input to the output.
    """

    layers: tuple[Layer, ...]

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
        """Number of connections of the dense model with the same units."""
        return sum(n_in * n_out for n_in, n_out in pairwise(self.n_units))

    def with_layers(self, layers):
        """Return a model with other layers."""
        return replace(self, layers=tuple(layers))

    def with_moments(self, n):
        """Return a model whose optimiser has n moments, of zeros unless it has n."""
        return self.with_layers(layer.with_moments(n) for layer in self.layers)

    def at_rest(self):
        """Return this model without optimiser state."""
        return self.with_layers(layer.at_rest() for layer in self.layers)

    def copy(self, at_rest=True):
        """Return a model with arrays of its own, at rest without optimiser state."""
        source = self.at_rest() if at_rest else self
        return source.with_layers(layer.copy() for layer in source.layers)

    def frozen(self):
        """Make all arrays read-only, for good; return this model."""
        for layer in self.layers:
            own = layer.weights, layer.bias
            for array in (*own, *layer.moments, *layer.bias_moments):
                array.flags.writeable = False
        return self

    def is_finite(self):
        """Return whether all weights and biases are finite."""
        return all(
            kernels.all_finite(array) for layer in self.layers for array in layer.views
        )

    def squared_norm(self):
        """Return the sum of the squared weights."""
        # Not by BLAS, whose last bits depend on how many threads it takes; a plateau of
        # the loss, which this is part of, must not.
        return sum(kernels.squared_sum(layer.views[0]) for layer in self.layers)

    def gathered(self, samples):
        """Yield all samples, as many at a time as fit the chunk.

        Yields
        ------
        rows : ndarray of int
            The numbers of some samples.
        A : ndarray of shape (n_inputs, width)
            Their inputs, one column each.
        """
        width = self._chunk_width()
        for start in range(0, samples.n_samples, width):
            rows = np.arange(start, min(start + width, samples.n_samples))
            A = aligned_empty((samples.n_features, rows.size), self.dtype)
            samples.gather(rows, A)
            yield rows, A

    def _chunk_width(self):
        widest = max(n_in + n_out for n_in, n_out in pairwise(self.n_units))
        width = CHUNK_BYTES // (widest * self.dtype.itemsize)
        return min(max(width // LANES * LANES, LANES), LARGEST_CHUNK)
