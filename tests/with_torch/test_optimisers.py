"""With any elementwise optimiser a sparse network equals its dense twin with masks."""

import pytest
import torch
from torch import nn, optim
from with_torch.twins import MaskedLinear, set_network

from skset.torch import SETLinear, TopologyUpdate

OPTIMISERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.05),
    "Nesterov": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "Adam": lambda p: optim.Adam(p, lr=0.01),
    "amsgrad": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "fused Adam": lambda p: optim.Adam(p, lr=0.01, fused=True),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
    "Adagrad": lambda p: optim.Adagrad(p, lr=0.05, initial_accumulator_value=0.1),
    "NAdam": lambda p: optim.NAdam(p, lr=0.01),
    "Adadelta": lambda p: optim.Adadelta(p),
    "Rprop": lambda p: optim.Rprop(p, lr=0.01),
}
FIRSTS = {"Adagrad": {"sum": 0.1}, "Rprop": {"step_size": 0.01}}


def only_connections(twins):
    """Clear gradients that the masks let through: Rprop would see their signs."""
    for twin in twins:
        twin.weight.grad.mul_(twin.mask)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_it_equals_a_masked_dense_twin_over_evolutions(name):
    net = set_network()
    twins = [MaskedLinear(layer) for layer in net]
    dense = nn.Sequential(*twins)
    ours = OPTIMISERS[name](net.parameters())
    theirs = OPTIMISERS[name](dense.parameters())
    update = TopologyUpdate(net, ours, every=5, random_state=0)
    for step in range(30):
        X = torch.randn(16, 12, dtype=torch.float64)
        y = (X[:, 0] > 0).long()
        outputs = []
        for network, optimizer in ((net, ours), (dense, theirs)):
            optimizer.zero_grad()
            outputs.append(network(X))
            nn.functional.cross_entropy(outputs[-1], y).backward()
        only_connections(twins)
        ours.step()
        theirs.step()
        assert (outputs[0] - outputs[1]).abs().max() < 1e-10, step
        if update.step():
            for twin in twins:
                twin.follow(theirs, FIRSTS.get(name, {}))
    assert update.evolutions == 6


def test_state_follows_its_connections_exactly():
    layer = SETLinear(9, 8, density=0.4, random_state=0)
    optimizer = optim.SGD(layer.parameters(), lr=0.0, momentum=0.9)
    layer(torch.ones(2, 9)).sum().backward()
    optimizer.step()
    before = layer.topology.positions()
    marks = torch.arange(1.0, layer.nnz + 1)
    optimizer.state[layer.weight]["momentum_buffer"] = marks.clone()
    TopologyUpdate(layer, optimizer, zeta=0.5, random_state=0).step()
    after = layer.topology.positions()
    old = dict(zip(before.tolist(), marks.tolist(), strict=True))
    found = optimizer.state[layer.weight]["momentum_buffer"]
    kept = [old[p] for p, mark in zip(after.tolist(), found, strict=True) if mark]
    assert [mark for mark in found.tolist() if mark] == kept
    assert len(kept) == layer.nnz - 14
    assert layer.weight.grad is None


def test_state_in_half_precision_is_carried_too():
    layer = SETLinear(9, 8, density=0.4, random_state=0)
    optimizer = optim.SGD(layer.parameters(), lr=0.0)
    kept = torch.arange(layer.nnz).bfloat16()
    optimizer.state[layer.weight]["average"] = kept
    TopologyUpdate(layer, optimizer, random_state=0).step()
    found = optimizer.state[layer.weight]["average"]
    assert found.dtype == torch.bfloat16
    assert set(found.tolist()) < set(kept.tolist())


def matrix():
    return nn.Parameter(torch.zeros(3, 3))


@pytest.mark.parametrize(
    "make",
    [
        lambda p: optim.Muon([matrix()]),
        lambda p: optim.Adafactor(p),
        lambda p: optim.LBFGS(p),
        lambda p: optim.SparseAdam(p),
    ],
    ids=["Muon", "Adafactor", "LBFGS", "SparseAdam"],
)
def test_optimisers_that_are_not_elementwise_are_refused(make):
    layer = SETLinear(4, 3, density=0.5)
    with pytest.raises(TypeError, match="does not treat numbers one by one"):
        TopologyUpdate(layer, make(list(layer.parameters())))


def test_an_optimiser_of_other_parameters_is_refused():
    layer = SETLinear(4, 3, density=0.5)
    with pytest.raises(ValueError, match="holds no weight"):
        TopologyUpdate(layer, optim.SGD([matrix()], lr=0.1))
    with pytest.raises(TypeError, match=r"must be a torch\.optim\.Optimizer"):
        TopologyUpdate(layer, "adam")


def test_state_of_another_shape_is_an_error_before_anything_changes():
    net = set_network()
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    update = TopologyUpdate(net, optimizer, random_state=0)
    optimizer.state[net[2].weight]["rows"] = torch.zeros(4)
    before = [layer.topology for layer in net]
    with pytest.raises(TypeError, match="'rows'"):
        update.step()
    assert [layer.topology for layer in net] == before
