"""Models from files: whole, or refused before a kernel sees them."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from estimators.cases import bits, impatient, machine, small, toy

from skset.estimators import ContinualSETClassifier, SETClassifier
from skset.model import Held, Layer, Network, SharedNetwork
from skset.topology import Topology

pytestmark = impatient


def a_network():
    X, y = toy(SETClassifier)
    model = small(SETClassifier, hidden_layer_sizes=(8, 6))
    return model.partial_fit(X, y, classes=[0, 1])._network


def a_machine():
    return machine(persistent=True).partial_fit(bits())._network


def a_shared_network():
    X, y = toy(SETClassifier)
    model = ContinualSETClassifier((9, 7), density=0.3, max_iter=1, random_state=0)
    model.partial_fit(X, y, task="a").partial_fit(X, 1 - y, task="b")
    return model._network


def with_layer(network, depth=0, **parts):
    layers = list(network.layers)
    layers[depth] = replace(layers[depth], **parts)
    return replace(network, layers=tuple(layers))


def another(topology, n_out=None):
    n_in, own = topology.shape
    return Topology.empty((n_in, own if n_out is None else n_out))


@pytest.mark.parametrize("make", [a_network, a_machine, a_shared_network])
@pytest.mark.parametrize(
    "way", [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))]
)
def test_a_whole_model_stays_as_it_is(make, way):
    network = make()
    assert network.checked() is network
    again = way(network)
    assert pickle.dumps(again) == pickle.dumps(network)


# Each makes a damaged network of a whole one. The names say what the message names.
LAYERS = {
    "weights must": lambda n: with_layer(n, weights=n.layers[0].weights[1:]),
    "weights must be float32 or float64": lambda n: with_layer(
        n, weights=n.layers[0].weights.astype(int)
    ),
    "weights must be a ndarray": lambda n: with_layer(
        n, weights=n.layers[0].weights.tolist()
    ),
    "bias must": lambda n: with_layer(n, bias=n.layers[0].bias[1:]),
    "bias must be float32": lambda n: with_layer(
        n, bias=n.layers[0].bias.astype(np.float64)
    ),
    "topology must be a Topology": lambda n: with_layer(n, topology=None),
    "as many moments": lambda n: with_layer(n, bias_moments=()),
    "moments must": lambda n: with_layer(
        n, moments=tuple(m[1:] for m in n.layers[0].moments)
    ),
    "bias_moments must": lambda n: with_layer(
        n, bias_moments=tuple(m[1:] for m in n.layers[0].bias_moments)
    ),
    "moments must be a tuple": lambda n: with_layer(n, moments=None),
    "explored must have the shape": lambda n: with_layer(
        n, explored=another(n.layers[0].topology, 1)
    ),
    "explored must be a Topology": lambda n: with_layer(n, explored=3),
    "n_dropped must": lambda n: with_layer(n, n_dropped=-1),
    "n_dropped must be in": lambda n: with_layer(n, n_dropped="many"),
    "shared must": lambda n: with_layer(
        n, held=Held(another(n.layers[0].topology, 1), np.empty(0), np.empty(0))
    ),
    "values must": lambda n: with_layer(
        n, held=Held(another(n.layers[0].topology), np.empty(0, n.dtype), np.empty(0))
    ),
    "layers must be a tuple": lambda n: replace(n, layers=list(n.layers)),
    "one layer at least": lambda n: replace(n, layers=()),
    "A layer must be a Layer": lambda n: replace(n, layers=(None,)),
}
NETWORKS = {
    **LAYERS,
    "as many inputs as the last": lambda n: replace(n, layers=n.layers[::-1]),
    "one dtype": lambda n: replace(
        n, layers=(n.layers[0].astype(np.float64), *n.layers[1:])
    ),
    "output must be one of": lambda n: replace(n, output="argmax"),
    "activation must be one of": lambda n: replace(n, activation="step"),
    "negative_slope must": lambda n: replace(n, negative_slope=-1.0),
    "hidden layers": lambda n: replace(n, activation=("relu",) * 3),
}
MACHINES = {
    **LAYERS,
    "one layer, got 2": lambda m: replace(m, layers=(m.layers[0], square(m))),
    "visible_bias must": lambda m: replace(m, visible_bias=m.visible_bias[1:]),
    "visible_moments must": lambda m: replace(
        m, visible_moments=(m.visible_bias.astype(np.float64),)
    ),
    "visible_moments must be a tuple": lambda m: replace(m, visible_moments=None),
    "chains must": lambda m: replace(m, chains=m.chains[1:]),
    "chains must be float32": lambda m: replace(m, chains=m.chains[:, 0]),
}


def square(machine):
    n = machine.n_units[-1]
    empty, bias = np.empty(0, machine.dtype), np.zeros(n, machine.dtype)
    return Layer(Topology.empty((n, n)), empty, bias)


@pytest.mark.parametrize("match", NETWORKS)
def test_a_damaged_network_is_refused(match):
    refused(NETWORKS[match](a_network()), match)


@pytest.mark.parametrize("match", MACHINES)
def test_a_damaged_machine_is_refused(match):
    refused(MACHINES[match](a_machine()), match)


def refused(damaged, match):
    """Assert that a model is refused when it is checked, and when it is unpickled."""
    with pytest.raises(ValueError, match=match):
        damaged.checked()
    with pytest.raises(ValueError, match=match):
        pickle.loads(pickle.dumps(damaged))


def with_shared(network, **parts):
    first, *others = network.layers
    return replace(network, layers=(replace(first, **parts), *others))


def with_task(network, **parts):
    return replace(network, tasks={"a": replace(network.tasks["a"], **parts)})


SHARED = {
    "values must": lambda n: with_shared(n, values=n.layers[0].values[1:]),
    "owner must": lambda n: with_shared(n, owner=n.layers[0].owner.astype(int)),
    "topology must be a Topology": lambda n: with_shared(n, topology=None),
    "A layer must be a SharedLayer": lambda n: replace(n, layers=(None,)),
    "as many inputs as the last": lambda n: replace(n, layers=n.layers[::-1]),
    "one layer at least": lambda n: replace(n, layers=()),
    "A task must be a Task": lambda n: replace(n, tasks={"a": None}),
    "head must be a Layer": lambda n: with_task(n, head=None),
    "connections that the network does not have": lambda n: with_task(
        n, topologies=tuple(full(t) for t in n.tasks["a"].topologies)
    ),
    "argument 2 is (shorter|longer)": lambda n: with_task(n, biases=()),
    "bias must": lambda n: with_task(
        n, biases=tuple(bias[1:] for bias in n.tasks["a"].biases)
    ),
    "as many inputs as the last had": lambda n: with_task(n, head=head_of_two(n.dtype)),
}


def full(topology):
    size = topology.shape[0] * topology.shape[1]
    return Topology.from_positions(topology.shape, np.arange(size))


def head_of_two(dtype):
    return Layer(Topology.empty((2, 1)), np.empty(0, dtype), np.zeros(1, dtype))


@pytest.mark.parametrize("match", SHARED)
def test_a_damaged_network_of_tasks_is_refused(match):
    refused(SHARED[match](a_shared_network()), match)


def test_a_state_has_the_fields_and_nothing_else():
    """What is computed, such as views of arrays, must not come from a file."""
    network = a_network()
    layer = network.layers[0]
    for thing in (layer, network):
        state = thing.__getstate__()
        with pytest.raises(ValueError, match=r"unknown \['views'\]"):
            object.__new__(type(thing)).__setstate__({**state, "views": ()})
        for name in ("weights", "layers"):
            less = {part: state[part] for part in state if part != name}
            if less != state:
                with pytest.raises(ValueError, match=rf"missing \['{name}'\]"):
                    object.__new__(type(thing)).__setstate__(less)


def test_a_field_with_a_default_may_be_missing():
    layer = a_network().layers[0]
    state = {k: v for k, v in layer.__getstate__().items() if k != "held"}
    again = object.__new__(Layer)
    again.__setstate__(state)
    assert again.held is None


def test_tasks_are_pairs_in_a_state_and_may_be_a_mapping():
    network = a_shared_network()
    state = network.__getstate__()
    assert [label for label, _ in state["tasks"]] == ["a", "b"]
    for tasks in (state["tasks"], dict(state["tasks"])):
        again = object.__new__(SharedNetwork)
        again.__setstate__({**state, "tasks": tasks})
        assert list(again.tasks) == ["a", "b"]


def test_a_network_that_was_built_is_checked():
    network = Network.from_csr([np.eye(3, 2), np.ones((2, 1))], [np.zeros(2), [0]])
    assert network.checked() is network
