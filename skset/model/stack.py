"""`LayerStack`: the part that all models of sparse layers share."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset import kernels
from skset.kernels import aligned_empty
from skset.model.by_output import MULTIPLE, LayerByOutput
from skset.model.integrity import check_layer, check_layers, restore
from skset.model.layer import Layer
from skset.model.samples import Samples
from skset.topology import are_joined

__all__ = ["LayerStack"]

Array: TypeAlias = NDArray[Any]

# A copy of the connections by output is made for at least so many samples, and at least
# one for so many units. Measured from 1,000 to 300,000 units.
MANY, UNITS_PER_SAMPLE = 512, 32
# From layer to layer about so many bytes are passed at once, which fit into a near
# cache, and at most so many samples.
NEAR_BYTES, WIDEST = 3 << 19, 1024
# In a very wide network 32 samples would take more memory than this: then it is 16.
MOST_BYTES = 1 << 26
# Losses and answers are computed for this many bytes of activations at a time.
CHUNK_BYTES = 1 << 24
# The width of a chunk is a multiple of the first, and at most the second.
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

    def __repr__(self) -> str:
        units = "-".join(map(str, self.n_units))
        return (
            f"{type(self).__name__}({units}, {self._functions()}nnz={self.nnz}, "
            f"density={self.nnz / max(self.n_possible, 1):.3g}, dtype={self.dtype})"
        )

    def _functions(self) -> str:
        """Return what `repr` tells of the functions of the units."""
        return ""

    def __getstate__(self) -> dict[str, Any]:
        # Without cached values, so that a model that has predicted is still the same.
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        restore(self, state)
        self.checked()

    def checked(self) -> Self:
        """Return this model, or raise ValueError if its parts do not fit together.

        A model that was read from a file may be anything. The contents of weights are
        not looked at, see `is_finite`.
        """
        check_layers(self.layers, Layer, check_layer)
        if len({layer.weights.dtype for layer in self.layers}) > 1:
            raise ValueError("All layers must have one dtype.")
        return self

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the weights."""
        return self.layers[0].weights.dtype

    @property
    def n_units(self) -> list[int]:
        """Number of units of each layer, the inputs first."""
        shapes = [layer.topology.shape for layer in self.layers]
        return [shapes[0][0], *(n_out for _, n_out in shapes)]

    @property
    def nnz(self) -> int:
        """Number of connections."""
        return sum(layer.topology.nnz for layer in self.layers)

    @property
    def n_possible(self) -> int:
        """Number of connections of the dense model with the same units."""
        return sum(n_in * n_out for n_in, n_out in pairwise(self.n_units))

    @property
    def is_joined(self) -> bool:
        """Whether a path of connections leads from the inputs to the outputs."""
        return are_joined([layer.topology for layer in self.layers])

    def with_layers(self, layers: Iterable[Layer]) -> Self:
        """Return a model with other layers."""
        return replace(self, layers=tuple(layers))

    def with_moments(self, n: int) -> Self:
        """Return a model with n moments of the optimiser; new ones are zeros."""
        return self.with_layers(layer.with_moments(n) for layer in self.layers)

    def at_rest(self) -> Self:
        """Return this model without optimiser state."""
        return self.with_layers(layer.at_rest() for layer in self.layers)

    def copy(self, at_rest: bool = True) -> Self:
        """Return a model with arrays of its own.

        With `at_rest`, the default, it has no optimiser state.
        """
        source = self.at_rest() if at_rest else self
        return source.with_layers(layer.copy() for layer in source.layers)

    def frozen(self) -> Self:
        """Make all arrays read-only for good; return this model."""
        for layer in self.layers:
            own = layer.weights, layer.bias
            for array in (*own, *layer.moments, *layer.bias_moments):
                array.flags.writeable = False
        return self

    def is_finite(self) -> bool:
        """Return whether all weights and biases are finite."""
        return all(
            kernels.all_finite(array) for layer in self.layers for array in layer.views
        )

    def squared_norm(self) -> float:
        """Return the sum of the squared weights."""
        # Not by BLAS: its last bits depend on its number of threads. This is part of
        # the loss, and a plateau of the loss must not depend on them.
        squares = (kernels.squared_sum(layer.views[0]) for layer in self.layers)
        return float(sum(squares))

    def for_many(self, n_samples: int) -> Self:
        """Return a model that passes so many samples quickly, with the same bits.

        Its layers are `LayerByOutput` if their copies pay. It is for predictions, while
        no weight changes.
        """
        least = max(MANY, max(self.n_units) // UNITS_PER_SAMPLE)
        if n_samples < least or self._near_width() < MULTIPLE:
            return self
        return self.with_layers(LayerByOutput.of(layer) for layer in self.layers)

    def gathered(self, samples: Samples) -> Iterator[tuple[Array, Array]]:
        """Yield all samples, one chunk at a time.

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

    def _chunk_width(self) -> int:
        width = CHUNK_BYTES // self._bytes_of_sample()
        return min(max(width // LANES * LANES, LANES), LARGEST_CHUNK)

    def _cuts(self, start: int, stop: int) -> list[int]:
        """Return where the chunks begin and end that are passed from layer to layer.

        A copy by output serves multiples of 32. So what is left is a chunk of its own.
        """
        width = min(self._near_width(), stop - start)
        whole = stop - (stop - start) % min(width, MULTIPLE)
        return [*range(start, whole, width), whole, *([stop] if whole < stop else [])]

    def _near_width(self) -> int:
        """Return how many samples are passed from layer to layer at once."""
        sample = self._bytes_of_sample()
        if MULTIPLE * sample > MOST_BYTES:
            return LANES
        width = NEAR_BYTES // sample // MULTIPLE * MULTIPLE
        return min(max(width, MULTIPLE), WIDEST)

    def _bytes_of_sample(self) -> int:
        """Return the most bytes that inputs and outputs of a layer take together."""
        widest = max(n_in + n_out for n_in, n_out in pairwise(self.n_units))
        return widest * self.dtype.itemsize
