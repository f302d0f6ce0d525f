"""`Graph`: where the nodes of an ONNX model go; `ModelGraph`: a model of its own."""

from abc import ABC, abstractmethod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper
from onnx import numpy_helper as tensors

from skset._version import __version__

__all__ = ["Graph", "ModelGraph", "onnx_type"]

Array: TypeAlias = NDArray[Any]


def onnx_type(dtype: DTypeLike) -> int:
    """Return the number by which ONNX knows a type."""
    number: int = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return number


class Graph(ABC):
    """Nodes and constants of a model. Tensors are strings, their names."""

    @abstractmethod
    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output; return its name."""

    @abstractmethod
    def result(self, tensor: str, name: str) -> None:
        """Give a tensor the name of an output of the model."""

    @abstractmethod
    def constant(self, array: Array) -> str:
        """Add a constant; return its name."""

    def sparse_constant(
        self, values: Array, positions: Array, shape: tuple[int, int]
    ) -> str:
        """Add a matrix that is stored as a sparse one; return its name.

        It is a node, not one of the model's sparse initialisers. These have a type that
        no operator takes by the book, though onnxruntime lets it pass.

        Parameters
        ----------
        values : ndarray of shape (nnz,)
            Its entries.
        positions : ndarray of shape (nnz,), int64
            Sorted numbers ``row * n_columns + column``.
        shape : tuple of int
            Rows and columns.
        """
        entries = tensors.from_array(values, "values")
        places = tensors.from_array(positions, "positions")
        matrix = helper.make_sparse_tensor(entries, places, shape)
        return self.node("Constant", sparse_value=matrix)

    def cast(self, tensor: str, dtype: DTypeLike) -> str:
        """Add a conversion to another type; return its name."""
        return self.node("Cast", tensor, to=onnx_type(dtype))


class ModelGraph(Graph):
    """The graph of a model that has one input, X of shape (n_samples, n_features).

    Parameters
    ----------
    n_features : int
        Columns of X.
    dtype : dtype-like
        Type of X.
    """

    def __init__(self, n_features: int, dtype: DTypeLike) -> None:
        self.input = helper.make_tensor_value_info(
            "X", onnx_type(dtype), ["n_samples", n_features]
        )
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.outputs: list[ValueInfoProto] = []

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output; return its name."""
        name = f"{operator}_{len(self.nodes)}"
        made = helper.make_node(operator, inputs, [name], name=name, **attributes)
        self.nodes.append(made)
        return name

    def result(self, tensor: str, name: str) -> None:
        """Give a tensor the name of an output of the model."""
        self.nodes.append(helper.make_node("Identity", [tensor], [name], name=name))

    def constant(self, array: Array) -> str:
        """Add a constant; return its name."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(tensors.from_array(array, name))
        return name

    def declare(self, name: str, dtype: DTypeLike, *columns: int) -> None:
        """Declare an output of shape (n_samples,) or (n_samples, columns)."""
        shape = ["n_samples", *columns]
        made = helper.make_tensor_value_info(name, onnx_type(dtype), shape)
        self.outputs.append(made)

    def model(self, name: str, opset: int) -> ModelProto:
        """Return the model.

        Its file format is the first with this opset: runtimes refuse later ones than
        they know, and read all earlier ones.
        """
        opsets = [helper.make_opsetid("", opset)]
        parts = self.nodes, name, [self.input], self.outputs, self.constants
        return helper.make_model(
            helper.make_graph(*parts),
            opset_imports=opsets,
            ir_version=helper.find_min_ir_version_for(opsets),
            producer_name="skset",
            producer_version=__version__,
        )
