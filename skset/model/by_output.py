"""`LayerByOutput`: a layer with a copy of its connections, to predict many samples."""

from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset import kernels
from skset.model.layer import Layer
from skset.runtime.team import Team
from skset.topology import read_only

__all__ = ["MULTIPLE", "LayerByOutput"]

Array: TypeAlias = NDArray[Any]

# The copy serves batches of a multiple of so many samples. For others there is no
# kernel: to compile one for every width takes three times as long.
MULTIPLE = 32


@dataclass(frozen=True, eq=False)
class LayerByOutput(Layer):
    """A layer whose weights stay as they are, and a copy of them, output by output.

    It sums up an output in registers. `Layer` adds to rows of sums in memory, and needs
    no copy. Both add up the inputs in the same order. So they give the same bits.

    Attributes
    ----------
    connections : tuple of ndarray
        Where each output begins, and the inputs and weights of its connections.
    """

    connections: tuple[Array, ...] = ()

    @classmethod
    def of(cls, layer: Layer) -> Self:
        """Return the layer with a copy of its connections."""
        t = layer.topology
        starts = np.zeros(t.shape[1] + 1, np.int64)
        np.cumsum(t.fan_in, out=starts[1:])
        inputs = np.zeros(t.nnz + kernels.AHEAD, np.int32)
        weights = np.empty_like(layer.weights)
        places = starts[:-1].copy()
        kernels.by_output(t.indptr, t.indices, layer.views[0], places, inputs, weights)
        connections = tuple(read_only(part) for part in (starts, inputs, weights))
        return cls(t, layer.weights, layer.bias, connections=connections)

    def forward(
        self, X: Array, Z: Array, team: Team, slope: float | None = None
    ) -> None:
        """Write into Z (n_out, batch) what `Layer.forward` writes."""
        if X.shape[1] % MULTIPLE:
            super().forward(X, Z, team, slope)
            return
        starts, inputs, weights = self.connections
        team.run(
            kernels.forward_by_output,
            self.topology.nnz * X.shape[1],
            starts,
            starts,
            inputs,
            weights,
            self.views[1],
            self.bias.dtype.type(1 if slope is None else slope),
            X,
            Z,
        )
