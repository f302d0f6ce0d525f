"""`SharedNetwork`: connections that many tasks share, and what each task has alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skset.model.held import Held
from skset.model.integrity import check_layers, check_shared_layer, check_type, restore
from skset.model.layer import Layer
from skset.model.network import Network
from skset.topology import Topology

__all__ = ["SharedLayer", "SharedNetwork", "Task"]

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class SharedLayer:
    """The connections of one layer that any task uses; each has one value.

    It takes 10 bytes for each connection in float32: 4 for the output unit, 4 for the
    value and 2 for the owner.

    Attributes
    ----------
    topology : Topology
        All places in use.
    values : ndarray of shape (nnz,)
        Weight of each connection.
    owner : ndarray of shape (nnz,), int16
        Number of the task that has trained it.
    """

    topology: Topology
    values: Array
    owner: Array

    @classmethod
    def empty(cls, shape: tuple[int, int], dtype: DTypeLike) -> Self:
        """Return a layer that no task uses."""
        return cls(Topology.empty(shape), np.empty(0, dtype), np.empty(0, np.int16))

    def widened(self, shape: tuple[int, int]) -> Self:
        """Return the layer with so many units; the new ones have no connection."""
        return replace(self, topology=_widened(self.topology, shape))

    def frozen_in(self, topology: Topology) -> Held:
        """Return which connections of a topology are frozen, and their values."""
        return Held.of(self.topology, self.values, topology)

    def weights_of(self, topology: Topology) -> Array:
        """Return the values of a task's connections, all of which must be here."""
        held = self.frozen_in(_widened(topology, self.topology.shape))
        if not held.mask.all():
            raise ValueError("A task has connections that the network does not have.")
        return held.values

    def with_connections(self, layer: Layer, owner: int) -> Self:
        """Return this layer and a task's connections; it owns those that are new."""
        positions = layer.topology.positions()
        new = ~self.topology.has(positions)
        every = np.ones(self.topology.nnz, bool)
        topology, source = self.topology.replaced(every, positions[new])
        born = source < 0
        values = np.empty(born.size, layer.weights.dtype)
        owners = np.full(born.size, owner, np.int16)
        values[born], values[~born] = layer.weights[new], self.values[source[~born]]
        owners[~born] = self.owner[source[~born]]
        return type(self)(topology, values, owners)

    def used_by(self, topologies: Mapping[int, Topology]) -> Self:
        """Return what some tasks use, given the topologies by the tasks' numbers.

        What an owner that is not among them has left goes to the first that uses it.
        """
        owner = np.full(self.topology.nnz, -1, np.int16)
        for number, topology in sorted(topologies.items(), reverse=True):
            wide = _widened(topology, self.topology.shape)
            owner[wide.has(self.topology.positions())] = number
        keep = owner >= 0
        topology, source = self.topology.kept(keep)
        stays = np.isin(self.owner, list(topologies))
        owners = np.where(stays, self.owner, owner)[source]
        return type(self)(topology, self.values[source], owners)


@dataclass(frozen=True, eq=False)
class Task:
    """What a task has alone.

    Attributes
    ----------
    topologies : tuple of Topology
        Its connections in each hidden layer: the index set. The values are shared.
    biases : tuple of ndarray
        Of the hidden layers.
    head : Layer
        The output layer.
    functions : mapping
        Its `activation`, `negative_slope` and `output`, as `Network` takes them.
    """

    topologies: tuple[Topology, ...]
    biases: tuple[Array, ...]
    head: Layer
    functions: Mapping[str, Any]

    @classmethod
    def of(cls, network: Network) -> Self:
        """Return the part of a trained network that is not shared."""
        *hidden, head = network.layers
        names = ("activation", "negative_slope", "output")
        return cls(
            tuple(layer.topology for layer in hidden),
            tuple(layer.bias for layer in hidden),
            head,
            {name: getattr(network, name) for name in names},
        )


@dataclass(frozen=True, eq=False)
class SharedNetwork:
    """A network of many tasks, each of which has a sub-network of it.

    An object is never changed: a task that is added gives a new one. So what other
    tasks predict cannot change.

    Attributes
    ----------
    layers : tuple of SharedLayer
        The hidden layers.
    tasks : dict of Task
        By their labels, in the order in which they were learned.
    """

    layers: tuple[SharedLayer, ...]
    tasks: Mapping[Any, Task] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        # In pairs: a label may be None, which is no key in every kind of file.
        return {"layers": self.layers, "tasks": tuple(self.tasks.items())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        restore(self, {**state, "tasks": dict(state["tasks"])})
        self.checked()

    def checked(self) -> Self:
        """Return this network, or raise ValueError if its parts do not fit together."""
        check_layers(self.layers, SharedLayer, check_shared_layer)
        for label, task in self.tasks.items():
            check_type("A task", task, Task)
            check_type("head", task.head, Layer)
            self._network_of(label).checked()
        return self

    @classmethod
    def empty(cls, n_units: Sequence[int], dtype: DTypeLike) -> Self:
        """Return a network without any task, given its inputs and hidden units."""
        shapes = pairwise(n_units)
        return cls(tuple(SharedLayer.empty(shape, dtype) for shape in shapes))

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the weights."""
        return self.layers[0].values.dtype

    @property
    def n_units(self) -> list[int]:
        """Number of inputs, and of units of each hidden layer."""
        shapes = [layer.topology.shape for layer in self.layers]
        return [shapes[0][0], *(n_out for _, n_out in shapes)]

    @property
    def n_shared(self) -> int:
        """Number of connections in the hidden layers."""
        return sum(layer.topology.nnz for layer in self.layers)

    @property
    def n_places(self) -> int:
        """Number of places for connections in the hidden layers."""
        return sum(n_in * n_out for n_in, n_out in pairwise(self.n_units))

    @property
    def nnz(self) -> int:
        """Number of connections, those of the tasks' heads included."""
        heads = (task.head.topology.nnz for task in self.tasks.values())
        return self.n_shared + sum(heads)

    def widened(self, n_units: Sequence[int]) -> Self:
        """Return the network with so many units; the tasks' networks stay as they are.

        A task keeps the shapes that it was trained with. So it also keeps every bit.
        """
        pairs = zip(self.layers, pairwise(n_units), strict=True)
        layers = tuple(layer.widened(shape) for layer, shape in pairs)
        return replace(self, layers=layers)

    def with_room(self, wanted: Sequence[int]) -> Self:
        """Return the network with as many units as leave so many places free.

        All hidden layers grow by a twentieth until there is room in each.
        """
        n_units = self.n_units
        used = [layer.topology.nnz for layer in self.layers]
        rooms = list(zip(used, wanted, strict=True))
        while any(
            n_in * n_out - nnz < n
            for (n_in, n_out), (nnz, n) in zip(pairwise(n_units), rooms, strict=True)
        ):
            n_units = [n_units[0], *(n + max(1, n // 20) for n in n_units[1:])]
        return self.widened(n_units)

    def network_of(self, label: Any) -> Network:
        """Return the network of a task; its arrays are read-only."""
        return self._network_of(label).frozen()

    def _network_of(self, label: Any) -> Network:
        task = self.tasks[label]
        parts = zip(task.topologies, task.biases, self.layers, strict=True)
        hidden = (
            Layer(topology, shared.weights_of(topology), bias)
            for topology, bias, shared in parts
        )
        return Network((*hidden, task.head), **task.functions)

    def wide_network_of(self, label: Any) -> Network:
        """Return the network of a task with all units that there are by now."""
        network = self.network_of(label)
        shapes = pairwise([*self.n_units, network.n_units[-1]])
        layers = zip(network.layers, shapes, strict=True)
        return network.with_layers(_with_units(*pair) for pair in layers)

    def with_task(self, label: Any, network: Network) -> Self:
        """Return a network with one more task, or with other connections of a task.

        Weights of connections that other tasks have are not taken over.
        """
        others = self.without(label)
        tasks = {**self.tasks, label: Task.of(network.at_rest())}
        owner = list(tasks).index(label)
        pairs = zip(others.layers, network.layers, strict=False)
        layers = tuple(shared.with_connections(own, owner) for shared, own in pairs)
        return replace(self, layers=layers, tasks=tasks).frozen()

    def without(self, label: Any) -> Self:
        """Return what the other tasks use; `tasks` stays as it is."""
        if label not in self.tasks:
            return self
        others = [pair for pair in enumerate(self.tasks) if pair[1] != label]
        layers = (
            layer.used_by({n: self.tasks[name].topologies[depth] for n, name in others})
            for depth, layer in enumerate(self.layers)
        )
        return replace(self, layers=tuple(layers))

    def common(self) -> Array:
        """Return how many connections each two tasks have in common."""
        tasks, n = list(self.tasks.values()), len(self.tasks)
        counts = np.zeros((n, n), int)
        for depth, layer in enumerate(self.layers):
            shape = layer.topology.shape
            wide = [_widened(task.topologies[depth], shape) for task in tasks]
            positions = [topology.positions() for topology in wide]
            for i in range(n):
                for j in range(n):
                    counts[i, j] += np.count_nonzero(wide[j].has(positions[i]))
        return counts

    def frozen(self) -> Self:
        """Make all arrays read-only for good; return this network."""
        for array in self._arrays():
            array.flags.writeable = False
        return self

    def _arrays(self) -> Iterable[Array]:
        for layer in self.layers:
            yield from (layer.values, layer.owner)
        for task in self.tasks.values():
            yield from (*task.biases, task.head.weights, task.head.bias)


def _widened(topology: Topology, shape: tuple[int, int]) -> Topology:
    """Return the topology with more units at both ends; the order does not change."""
    if topology.shape == shape:
        return topology
    more = np.full(shape[0] - topology.shape[0], topology.nnz)
    return Topology(shape, np.append(topology.indptr, more), topology.indices)


def _with_units(layer: Layer, shape: tuple[int, int]) -> Layer:
    """Return a layer with more units, which have no connections and bias 0."""
    more = np.zeros(shape[1] - layer.topology.shape[1], layer.bias.dtype)
    bias = np.append(layer.bias, more)
    return replace(layer, topology=_widened(layer.topology, shape), bias=bias)
