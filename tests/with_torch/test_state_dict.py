"""State dicts hold the pattern; what does not fit changes nothing."""

import io

import pytest
import torch
from torch import nn
from with_torch.twins import set_network, take_steps

from skset.torch import SETLinear, TopologyUpdate


def through_a_file(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def denser_network():
    return nn.Sequential(
        SETLinear(12, 20, density=0.5, activation="relu", dtype=torch.float64),
        SETLinear(20, 15, density=0.6, activation="relu", dtype=torch.float64),
        SETLinear(15, 4, density=0.9, dtype=torch.float64),
    )


X = torch.randn(8, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("fresh", [denser_network, lambda: set_network(seed=9)])
@pytest.mark.parametrize("assign", [False, True])
def test_a_state_gives_a_fresh_network_its_pattern(fresh, assign):
    net, other = set_network(), fresh()
    assert not torch.equal(other(X), net(X))
    result = other.load_state_dict(through_a_file(net.state_dict()), assign=assign)
    assert not result.missing_keys + result.unexpected_keys
    assert torch.equal(other(X), net(X))
    assert [layer.nnz for layer in other] == [layer.nnz for layer in net]
    other(X).sum().backward()
    assert other[0].weight.grad.shape == (net[0].nnz,)


def test_the_state_has_weights_and_pattern():
    state = SETLinear(4, 3, density=0.5).state_dict()
    assert list(state) == ["weight", "bias", "indptr", "indices"]
    buffers = dict(SETLinear(4, 3, density=0.5).named_buffers())
    assert list(buffers) == ["indptr", "indices"]


def test_a_loss_of_before_does_not_hinder_another_number_of_connections():
    """It keeps the node that accumulates gradients, which knows the old shape."""
    other = denser_network()
    loss = other(X).sum()
    loss.backward()
    other.load_state_dict(set_network().state_dict())
    assert other[0].weight.grad is None
    other(X).sum().backward()
    assert other[0].weight.grad.shape == other[0].weight.shape


def test_an_optimiser_made_before_trains_the_loaded_weights():
    net, other = set_network(), denser_network()
    optimizer = torch.optim.SGD(other.parameters(), lr=0.1)
    other.load_state_dict(net.state_dict())
    take_steps(other, optimizer)
    take_steps(net, torch.optim.SGD(net.parameters(), lr=0.1))
    assert torch.equal(other(X), net(X))


def test_an_optimiser_goes_on_when_its_state_is_loaded_too():
    net, other = set_network(), denser_network()
    adam, of_other = (torch.optim.Adam(n.parameters(), lr=0.01) for n in (net, other))
    take_steps(net, adam)
    take_steps(other, of_other)
    other.load_state_dict(net.state_dict())
    of_other.load_state_dict(through_a_file(adam.state_dict()))
    for network, optimizer in ((net, adam), (other, of_other)):
        take_steps(network, optimizer, seed=4)
    assert torch.equal(other(X), net(X))


def test_buffers_that_are_changed_in_place_are_the_pattern():
    """As DistributedDataParallel does, which sends buffers from one process to all."""
    net, other = set_network(seed=0)[0], set_network(seed=1)[0]
    assert other(X).shape == (8, 20)
    with torch.no_grad():
        for ours, theirs in zip(other.buffers(), net.buffers(), strict=True):
            ours.copy_(theirs)
        for ours, theirs in zip(other.parameters(), net.parameters(), strict=True):
            ours.copy_(theirs)
    assert torch.equal(other(X), net(X))
    other.indices[0] = 99
    with pytest.raises(ValueError, match="indices of a Topology must be in"):
        other(X)


def shifted(state):
    state["indices"] = state["indices"] + 100


def unsorted(state):
    state["indices"] = state["indices"].flip(0)


def short(state):
    state["indptr"] = state["indptr"][:-1]


def falling(state):
    state["indptr"][1:-1] = state["indptr"][1:-1].flip(0)


def of_numbers(state):
    state["indices"] = state["indices"].float()


def without_pattern(state):
    del state["indices"]


def only_pattern(state):
    del state["weight"]


def fewer_weights(state):
    state["weight"] = state["weight"][:-1]


def wrong_bias(state):
    state["bias"] = state["bias"][:-1]


def no_tensor(state):
    state["indices"] = "indices"


def whole_numbers(state):
    state["weight"] = torch.arange(state["weight"].numel())


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    "spoil",
    [
        *(shifted, unsorted, short, falling, of_numbers, without_pattern),
        *(only_pattern, fewer_weights, wrong_bias, no_tensor, whole_numbers),
    ],
)
def test_a_malformed_state_is_an_error_and_changes_nothing(spoil, strict):
    layer = SETLinear(12, 20, density=0.5, dtype=torch.float64, random_state=0)
    state = {n: v.clone() for n, v in set_network()[0].state_dict().items()}
    spoil(state)
    before = layer(X)
    with pytest.raises(RuntimeError, match="SETLinear"):
        layer.load_state_dict(state, strict=strict)
    assert torch.equal(layer(X), before)
    assert layer.nnz == 120


def test_a_state_of_a_dense_layer_does_not_fit():
    layer, dense = SETLinear(12, 20, density=0.5), nn.Linear(12, 20)
    with pytest.raises(RuntimeError, match="indptr"):
        layer.load_state_dict(dense.state_dict())
    with pytest.raises(RuntimeError, match="indptr"):
        layer.load_state_dict({"bias": torch.zeros(20)})


def test_a_state_saved_before_an_evolution_brings_the_old_network_back():
    net = set_network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    update = TopologyUpdate(net, optimizer, random_state=0)
    saved, before = through_a_file(net.state_dict()), net(X)
    take_steps(net, optimizer)
    update.step()
    assert not torch.equal(net(X), before)
    net.load_state_dict(saved)
    assert torch.equal(net(X), before)
