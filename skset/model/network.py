"""`Network`: a sparse multilayer perceptron, and its predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import DTypeLike, NDArray

from skset.kernels import aligned_empty
from skset.model.activation_names import activations_for
from skset.model.activations import Activation
from skset.model.from_csr import checked_functions, layers_from_csr
from skset.model.layer import Layer
from skset.model.losses import Loss
from skset.model.samples import Samples
from skset.model.stack import LayerStack
from skset.runtime.team import Team
from skset.topology import Topology

__all__ = ["Network"]

Array: TypeAlias = NDArray[Any]

SERIAL = Team()


@dataclass(frozen=True, eq=False, repr=False)
class Network(LayerStack):
    """A sparse multilayer perceptron.

    A fitted estimator has one as `network_`, with read-only arrays. `from_csr` makes
    one from matrices.

    Attributes
    ----------
    layers : tuple of Layer
        From the input to the output.
    activation : str, Activation or tuple of them
        A name or an object; one for all hidden layers, or one for each.
    negative_slope : float or None
        Slope below zero of "leaky_relu" and "all_relu". None means 0.01 for
        "leaky_relu" and 0.6 for "all_relu".
    output : {"identity", "logistic", "softmax", "exp"}
        Name of the output function.
    """

    activation: str | Activation | tuple[str | Activation, ...]
    negative_slope: float | None
    output: str

    @classmethod
    def initial(
        cls,
        topologies: Sequence[Topology],
        weight_init: str,
        rng: Generator,
        dtype: DTypeLike,
        *,
        edge_scale: float = 1.0,
        **functions: Any,
    ) -> Self:
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

    @classmethod
    def from_csr(
        cls,
        coefs: Sequence[Any],
        intercepts: Sequence[Any],
        *,
        activation: str | Activation | Sequence[str | Activation] = "relu",
        output: str = "identity",
        negative_slope: float | None = None,
        dtype: DTypeLike | None = None,
    ) -> "Network":
        """Return a network with the given weights; all of them are checked.

        Parameters
        ----------
        coefs : sequence of sparse matrix or array of shape (n_in, n_out)
            Weights of each layer, from the input to the output. Each value that a
            sparse matrix stores is a connection, even a 0. A dense array has a
            connection where its value is not 0.
        intercepts : sequence of array-like of shape (n_out,)
            Biases of each layer.
        activation : str, Activation or sequence of them, default="relu"
            A name or an object; one for all hidden layers, or one for each.
        output : {"identity", "logistic", "softmax", "exp"}, default="identity"
            Name of the output function.
        negative_slope : float, default=None
            Slope below zero of "leaky_relu" and "all_relu". None means 0.01 for
            "leaky_relu" and 0.6 for "all_relu".
        dtype : dtype-like, default=None
            float32 or float64. None means float32 if all matrices are float32, else
            float64.

        Returns
        -------
        network : Network
            Its arrays are read-only copies.

        Raises
        ------
        TypeError
            If a matrix or bias is not numeric.
        ValueError
            If shapes do not fit, if indices are invalid or repeated, if a number is not
            finite, or if there is no such activation or output.

        Examples
        --------
        >>> import numpy as np
        >>> from skset.model import Network
        >>> network = Network.from_csr([np.eye(3, 2)], [np.zeros(2)])
        >>> network.nnz, network.n_units
        (2, [3, 2])
        """
        layers = layers_from_csr(coefs, intercepts, dtype)
        n_hidden = len(layers) - 1
        functions = checked_functions(activation, negative_slope, output, n_hidden)
        return cls(layers, *functions).frozen()

    def checked(self) -> Self:
        """Return this network, or raise ValueError if its parts do not fit together."""
        super().checked()
        functions = self.activation, self.negative_slope, self.output
        checked_functions(*functions, len(self.layers) - 1)
        return self

    @cached_property
    def hidden(self) -> tuple[Activation, ...]:
        """Activation of each hidden layer."""
        n_hidden = len(self.layers) - 1
        return activations_for(self.activation, n_hidden, self.negative_slope)

    def _functions(self) -> str:
        return f"activation={self.activation!r}, output={self.output!r}, "

    def propagate(
        self, depth: int, X: Array, Z: Array, A: Array, team: Team = SERIAL
    ) -> None:
        """Write into A the activations of layer `depth` for its inputs X.

        Parameters
        ----------
        depth : int
            0 is the first layer.
        X, Z, A : ndarray of shape (units, batch)
            Inputs, weighted sums and activations. A may be Z. For the last layer, which
            has no activation, it must be Z.
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

    def weighted_sums(self, samples: Samples) -> Array:
        """Return the output layer's weighted sums, serially, chunk by chunk.

        Parameters
        ----------
        samples : Samples
            Inputs.

        Returns
        -------
        Z : ndarray of shape (n_outputs, n_samples)
            In the network's dtype. The column of a sample does not depend on the other
            samples, bit for bit.
        """
        network = self.for_many(samples.n_samples)
        return network._sums(samples, 0, samples.n_samples)

    def loss(self, samples: Samples, loss: Loss) -> float:
        """Return the weighted mean loss over the samples, without the penalty."""
        n, width = samples.n_samples, self._chunk_width()
        network = self.for_many(n)
        weight, _ = samples.weights(np.arange(n))
        total = 0.0
        with np.errstate(all="ignore"):
            for start in range(0, n, width):
                stop = min(start + width, n)
                targets = samples.targets(np.arange(start, stop))
                Z = network._sums(samples, start, stop)
                total += loss(Z, targets, weight[start:stop])
        return total

    def passed(
        self, X: Array, team: Team = SERIAL
    ) -> tuple[list[Array], list[Array], Array]:
        """Return activations, slopes and sums of all layers for X (n_inputs, batch).

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

    def slopes(self, X: Array) -> list[Array]:
        """Return the derivative of each hidden layer's activations at the inputs X.

        As `passed` does, without the output layer.
        """
        return self._hidden_passed(X, SERIAL)[1]

    def _hidden_passed(self, X: Array, team: Team) -> tuple[list[Array], list[Array]]:
        """Return the activations, X first, and the slopes of the hidden layers."""
        activations, slopes = [X], list[Array]()
        for depth, activation in enumerate(self.hidden):
            Z = np.empty((self.n_units[depth + 1], X.shape[1]), self.dtype)
            A = np.empty_like(Z) if activation.needs_sums else Z
            self.propagate(depth, activations[-1], Z, A, team)
            activations.append(A)
            slopes.append(np.ones_like(Z))
            activation.multiply_derivative(Z, A, slopes[-1])
        return activations, slopes

    def without_units(self, kept: Sequence[Array]) -> Self:
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

    def _sums(self, samples: Samples, start: int, stop: int) -> Array:
        """Return the output layer's weighted sums for the samples [start, stop)."""
        Z = aligned_empty((self.n_units[-1], stop - start), self.dtype)
        size = max(self.n_units) * min(self._near_width(), stop - start)
        memory = aligned_empty(size, self.dtype), aligned_empty(size, self.dtype)
        for first, end in pairwise(self._cuts(start, stop)):
            A = memory[0][: samples.n_features * (end - first)]
            A = A.reshape(samples.n_features, end - first)
            samples.gather(np.arange(first, end), A)
            Z[:, first - start : end - start] = self._outputs(A, memory[::-1])
        return Z

    def _outputs(self, A: Array, memory: tuple[Array, Array]) -> Array:
        """Return the weighted sums of the output layer; layers take turns in memory."""
        with np.errstate(all="ignore"):  # the caller checks for non-finite values
            for depth, n_units in enumerate(self.n_units[1:]):
                shape = n_units, A.shape[1]
                Z = memory[depth % 2][: shape[0] * shape[1]].reshape(shape)
                self.propagate(depth, A, Z, Z)
                A = Z
        return A
