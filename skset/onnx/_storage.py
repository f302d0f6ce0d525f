"""`Storage`: how the weights of sparse layers are stored, and their products."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.model import Layer
from skset.onnx._graph import Graph

__all__ = ["MAX_BYTES", "Storage"]

Array: TypeAlias = NDArray[Any]

# Half of what a message of protobuf, so an ONNX file, can have.
MAX_BYTES = 2**30
# A sparse constant has the position of each entry in int64.
POSITION_BYTES = 8
# Inputs of units are gathered by numbers in int32.
INDEX_BYTES = 4


@dataclass(frozen=True)
class Storage:
    """How the weights are stored.

    Attributes
    ----------
    sparse : {"auto", True, False, "gather"}
        See `to_onnx`.
    max_bytes : int
        Most bytes that a runtime may need for all weights together.

    Raises
    ------
    ValueError
        If a parameter is invalid.
    """

    sparse: bool | str = "auto"
    max_bytes: int = MAX_BYTES
    choices: ClassVar[list[bool | str]] = ["auto", True, False, "gather"]

    def __post_init__(self) -> None:
        known = isinstance(self.sparse, (bool, str)) and self.sparse in self.choices
        if not known:  # 1 is equal to True, and an array to nothing
            raise ValueError(
                f"sparse must be one of {self.choices}, got {self.sparse!r}."
            )
        counts = isinstance(self.max_bytes, (int, np.integer))
        if not counts or isinstance(self.max_bytes, bool) or self.max_bytes < 1:
            raise ValueError(
                f"max_bytes must be an integer above 0, got {self.max_bytes!r}."
            )

    def check(self, layers: Iterable[Layer]) -> None:
        """Raise if a runtime needs too many bytes for the weights of the layers."""
        layers = list(layers)
        needed = self._bytes(layers)
        if needed <= self.max_bytes:
            return
        dense = "as dense matrices, which onnxruntime makes of sparse ones too"
        how = "gathered" if self.sparse == "gather" else dense
        text = f"The weights take {needed:,} bytes {how}. That is more than max_bytes, "
        text += f"{self.max_bytes:,}."
        gathered = Storage("gather")._bytes(layers)
        if self.sparse != "gather" and gathered < needed:
            text += f" With sparse='gather' they take {gathered:,}."
        raise ValueError(text)

    def _bytes(self, layers: Iterable[Layer]) -> int:
        """Return the bytes of all weights in a runtime."""
        return sum(
            _gathered_bytes(layer) if self._gathers(layer) else _dense_bytes(layer)
            for layer in layers
        )

    def _gathers(self, layer: Layer) -> bool:
        """Return whether a layer is gathered: if that takes less than a matrix."""
        return self.sparse == "gather" and _gathered_bytes(layer) < _dense_bytes(layer)

    def add_sums(self, graph: Graph, layer: Layer, X: str) -> str:
        """Add the weighted sums of X (n_samples, n_in), plus bias; return the name."""
        if self._gathers(layer):
            product = _gathered_product(graph, layer, X)
        else:
            product = graph.node("MatMul", X, self._add_matrix(graph, layer))
        return graph.node("Add", product, graph.constant(layer.bias))

    def _add_matrix(self, graph: Graph, layer: Layer) -> str:
        """Add the weights (n_in, n_out) as they take less in the file, or as told."""
        sparse = self.sparse
        if sparse in ("auto", "gather"):
            sparse = _sparse_bytes(layer) < _dense_bytes(layer)
        if not sparse or layer.topology.nnz == 0:  # onnxruntime refuses an empty one
            return graph.constant(layer.to_csr().toarray())
        positions = layer.topology.positions()
        return graph.sparse_constant(layer.weights, positions, layer.topology.shape)


def _dense_bytes(layer: Layer) -> int:
    n_in, n_out = layer.topology.shape
    return n_in * n_out * layer.weights.itemsize


def _sparse_bytes(layer: Layer) -> int:
    return layer.topology.nnz * (POSITION_BYTES + layer.weights.itemsize)


def _gathered_bytes(layer: Layer) -> int:
    n_out = layer.topology.shape[1]
    return n_out * _most_inputs(layer) * (INDEX_BYTES + layer.weights.itemsize)


def _most_inputs(layer: Layer) -> int:
    """Return the most connections that an output unit has, at least 1."""
    return max(1, int(layer.topology.fan_in.max(initial=0)))


def _gathered_product(graph: Graph, layer: Layer, X: str) -> str:
    """Add a product that gathers the inputs of each unit: no matrix exists at all.

    Units with fewer inputs than others have input 0 with weight 0 in their place.
    """
    inputs, weights = _inputs_of_units(layer)
    columns = graph.node("Transpose", X, perm=[1, 0])
    gathered = graph.node("Gather", columns, graph.constant(inputs), axis=0)
    sums = graph.node("MatMul", graph.constant(weights[:, None, :]), gathered)
    shape = graph.constant(np.array([inputs.shape[0], -1]))
    return graph.node("Transpose", graph.node("Reshape", sums, shape), perm=[1, 0])


def _inputs_of_units(layer: Layer) -> tuple[Array, Array]:
    """Return input numbers and weights (n_out, most inputs) of each output unit."""
    matrix = layer.to_csr().tocsc()
    width = _most_inputs(layer)
    units = np.repeat(np.arange(matrix.shape[1]), np.diff(matrix.indptr))
    places = np.arange(matrix.nnz) - matrix.indptr[units]
    inputs = np.zeros((matrix.shape[1], width), np.int32)
    weights = np.zeros((matrix.shape[1], width), matrix.dtype)
    inputs[units, places] = matrix.indices
    weights[units, places] = matrix.data
    return inputs, weights
