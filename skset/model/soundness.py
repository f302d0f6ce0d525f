"""Checks that the parts of a model fit together, for models that come from a file.

Compiled code does not check bounds. So a model from outside is looked at as a whole
before it predicts: types, shapes, finite numbers. Every error is a ValueError.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.model.activations import Activation
from skset.model.boltzmann import RBM
from skset.model.from_csr import checked_functions
from skset.model.held import Held
from skset.model.layer import Layer
from skset.model.network import Network
from skset.model.scaling import Scaling
from skset.model.shared_network import SharedLayer, SharedNetwork, Task
from skset.topology import Topology

__all__ = [
    *["check_array", "check_count", "check_layers", "check_machine", "check_network"],
    *["check_scaling", "check_shared"],
]

Array: TypeAlias = NDArray[Any]

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def require(holds: bool, what: str) -> None:
    """Raise ValueError unless a condition holds."""
    if not holds:
        raise ValueError(what)


def check_count(value: Any, what: str, most: int = 2**63 - 1) -> None:
    """Raise unless a value is a whole number from 0 to `most`."""
    is_count = isinstance(value, int) and not isinstance(value, bool)
    require(is_count and 0 <= value <= most, f"{what} is no count: {value!r:.40}")


def check_array(
    array: Any, what: str, shape: tuple[int, ...], dtype: Any, finite: bool = True
) -> None:
    """Raise unless a value is an array of this shape and type, of finite numbers."""
    require(isinstance(array, np.ndarray), f"{what} is no array")
    found = f"{array.dtype} of shape {array.shape}"
    wanted = f"{np.dtype(dtype)} of shape {shape}"
    fits = array.shape == shape and array.dtype == dtype
    require(fits, f"{what} is {found}, not {wanted}")
    if finite and array.dtype.kind == "f":
        require(bool(np.isfinite(array).all()), f"{what} is not finite")


def check_network(network: Any) -> None:
    """Raise unless a value is a whole network."""
    require(isinstance(network, Network), "the network is none")
    check_layers(network.layers)
    _check_functions(network, len(network.layers) - 1)


def check_machine(machine: Any) -> None:
    """Raise unless a value is a whole Boltzmann machine."""
    require(isinstance(machine, RBM), "the machine is none")
    check_layers(machine.layers)
    require(len(machine.layers) == 1, "a machine has one layer")
    n_visible, n_hidden = machine.n_units
    biases = {"visible bias": machine.visible_bias}
    require(isinstance(machine.visible_moments, tuple), "moments are no tuple")
    biases |= {f"moment {n}": m for n, m in enumerate(machine.visible_moments)}
    for what, array in biases.items():
        check_array(array, what, (n_visible,), machine.dtype)
    if machine.chains is not None:
        require(np.ndim(machine.chains) == 2, "chains are no matrix")
        shape = n_hidden, machine.chains.shape[1]
        check_array(machine.chains, "chains", shape, machine.dtype)


def check_layers(layers: Any) -> None:
    """Raise unless a value is a tuple of layers that fit one another."""
    require(isinstance(layers, tuple) and len(layers) > 0, "there are no layers")
    for layer in layers:
        _check_layer(layer)
    for below, above in pairwise(layers):
        fits = below.topology.shape[1] == above.topology.shape[0]
        require(fits, "layers have other numbers of units")
        require(below.weights.dtype == above.weights.dtype, "layers have other types")


def _check_layer(layer: Any) -> None:
    require(isinstance(layer, Layer), "a layer is none")
    topology = layer.topology
    require(isinstance(topology, Topology), "a topology is none")
    dtype = getattr(layer.weights, "dtype", None)
    require(dtype in FLOATS, f"weights are of type {dtype}")
    for moments in (layer.moments, layer.bias_moments):
        require(isinstance(moments, tuple), "moments are no tuple")
    require(len(layer.moments) == len(layer.bias_moments) <= 2, "moments are missing")
    for array in (layer.weights, *layer.moments):
        check_array(array, "weights", (topology.nnz,), dtype)
    for array in (layer.bias, *layer.bias_moments):
        check_array(array, "bias", (topology.shape[1],), dtype)
    check_count(layer.n_dropped, "n_dropped", topology.n_free)
    if layer.explored is not None:
        require(isinstance(layer.explored, Topology), "explored is no topology")
        require(layer.explored.shape == topology.shape, "explored has another shape")
        known = layer.explored.has(topology.positions()).all()
        require(bool(known), "explored lacks connections")
    if layer.held is not None:
        _check_held(layer.held, topology, dtype)


def _check_held(held: Any, topology: Topology, dtype: Any) -> None:
    require(isinstance(held, Held), "held is none")
    require(isinstance(held.shared, Topology), "held has no topology")
    require(held.shared.shape == topology.shape, "held has another shape")
    check_array(held.shared_values, "held values", (held.shared.nnz,), dtype)
    check_array(held.values, "held", (topology.nnz,), dtype, finite=False)
    require(not np.isinf(held.values).any(), "held values are not finite")


def _check_functions(functions: Any, n_hidden: int) -> None:
    """Raise unless activations and output function exist, and fit the layers."""
    activation, slope = functions.activation, functions.negative_slope
    is_number = isinstance(slope, (int, float)) and not isinstance(slope, bool)
    require(slope is None or is_number, "negative_slope is no number")
    is_one = isinstance(activation, (str, Activation, tuple))
    require(is_one, "an activation is none")
    require(isinstance(functions.output, str), "output is no name")
    checked_functions(activation, slope, functions.output, n_hidden)


def check_scaling(scaling: Any, n_features: int) -> None:
    """Raise unless a value is None, or the units of so many inputs."""
    if scaling is None:
        return
    require(isinstance(scaling, Scaling), "the units of the inputs are none")
    for array in (scaling.shift, scaling.factor):
        check_array(array, "units of inputs", (n_features,), np.float64)


def check_shared(shared: Any) -> None:
    """Raise unless a value is a whole network of tasks."""
    require(isinstance(shared, SharedNetwork), "the shared network is none")
    require(isinstance(shared.layers, tuple) and len(shared.layers) > 0, "no layers")
    require(isinstance(shared.tasks, Mapping), "there are no tasks")
    dtype = getattr(getattr(shared.layers[0], "values", None), "dtype", None)
    require(dtype in FLOATS, f"values are of type {dtype}")
    for layer in shared.layers:
        _check_shared_layer(layer, dtype, len(shared.tasks))
    for below, above in pairwise(shared.layers):
        fits = below.topology.shape[1] == above.topology.shape[0]
        require(fits, "layers have other numbers of units")
    for task in shared.tasks.values():
        _check_task(task, shared, dtype)


def _check_shared_layer(layer: Any, dtype: Any, n_tasks: int) -> None:
    require(isinstance(layer, SharedLayer), "a shared layer is none")
    require(isinstance(layer.topology, Topology), "a topology is none")
    check_array(layer.values, "values", (layer.topology.nnz,), dtype)
    check_array(layer.owner, "owners", (layer.topology.nnz,), np.int16)
    if layer.owner.size:
        least, most = int(layer.owner.min()), int(layer.owner.max())
        require(least >= 0 and most < n_tasks, "an owner is no task")


def _check_task(task: Any, shared: SharedNetwork, dtype: Any) -> None:
    require(isinstance(task, Task), "a task is none")
    n = len(shared.layers)
    for parts in (task.topologies, task.biases):
        require(isinstance(parts, tuple) and len(parts) == n, "a task lacks layers")
    sizes = [shared.n_units[0]]
    for topology, bias, layer in zip(
        task.topologies, task.biases, shared.layers, strict=True
    ):
        require(isinstance(topology, Topology), "a topology is none")
        n_in, n_out = topology.shape
        require(n_in == sizes[-1], "layers of a task have other numbers of units")
        wide = layer.topology.shape
        require(n_in <= wide[0] and n_out <= wide[1], "a task is wider than all")
        check_array(bias, "bias", (n_out,), dtype)
        _check_places(topology, layer.topology)
        sizes.append(n_out)
    check_layers((task.head,))
    require(task.head.weights.dtype == dtype, "an output layer has another type")
    require(task.head.topology.shape[0] == sizes[-1], "an output layer does not fit")
    wanted = {"activation", "negative_slope", "output"}
    is_mapping = isinstance(task.functions, Mapping)
    require(is_mapping and set(task.functions) == wanted, "a task lacks functions")
    _check_functions(_Functions(**task.functions), n)


class _Functions:
    """The functions of a task, with the names that a network has."""

    def __init__(self, activation: Any, negative_slope: Any, output: Any) -> None:
        self.activation, self.negative_slope = activation, negative_slope
        self.output = output


def _check_places(topology: Topology, shared: Topology) -> None:
    """Raise unless all connections of a task are among the shared ones."""
    places = topology.in_units.astype(np.int64) * shared.shape[1] + topology.indices
    require(bool(shared.has(places).all()), "a task has connections of its own")
