"""`ScopeGraph`: the part of a model that skl2onnx makes of one estimator."""

from typing import Any

from onnx import numpy_helper as tensors

from skset.onnx._graph import Array, Graph, onnx_type

__all__ = ["ScopeGraph"]


class ScopeGraph(Graph):
    """Nodes and constants that go into a container of skl2onnx.

    Parameters
    ----------
    scope : skl2onnx.common._topology.Scope
        It gives names.
    container : skl2onnx.common._container.ModelComponentContainer
        It holds the model.
    """

    def __init__(self, scope: Any, container: Any) -> None:
        self.scope = scope
        self.container = container

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output; return its name."""
        name: str = self.scope.get_unique_variable_name(operator)
        self._add(operator, inputs, name, **attributes)
        return name

    def _add(self, operator: str, inputs: Any, output: str, **attributes: Any) -> None:
        name = self.scope.get_unique_operator_name(operator)
        self.container.add_node(
            operator, list(inputs), [output], name=name, **attributes
        )

    def result(self, tensor: str, name: str) -> None:
        """Give a tensor the name of an output of the model."""
        self._add("Identity", [tensor], name)

    def constant(self, array: Array) -> str:
        """Add a constant; return its name."""
        name: str = self.scope.get_unique_variable_name("constant")
        kind = onnx_type(array.dtype)
        # The container copies only the bytes of tensors, which strings do not have.
        is_text = array.dtype == object
        content = array.tolist() if is_text else tensors.from_array(array, name)
        self.container.add_initializer(name, kind, array.shape, content)
        return name
