"""`TopologyUpdate`: methods, schedules, random numbers, resumption."""

import copy
import io

import numpy as np
import pytest
import torch
from torch import nn
from with_torch.twins import set_network, take_steps

from skset.strategies import METHODS, CubicDensity, GradientGrow
from skset.torch import SETLinear, TopologyUpdate

X = torch.randn(8, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(5))


def training(method="set", lr=0.05, seed=0, make=set_network, **options):
    net = make()
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    options = {"random_state": seed, "total_epochs": 8} | options
    return net, optimizer, TopologyUpdate(net, optimizer, method, **options)


def train(net, optimizer, update, n_epochs, first=0):
    for epoch in range(first, first + n_epochs):
        losses = take_steps(net, optimizer, seed=epoch)
        update.step(losses[-1].item())
    return losses[-1].item()


def positions(net):
    return [set(layer.topology.positions().tolist()) for layer in net]


@pytest.mark.parametrize("method", METHODS)
def test_all_methods_by_name(method):
    net, optimizer, update = training(method, final_drop=False)
    n_final = [layer.nnz for layer in set_network()]
    begun = positions(net)
    first = take_steps(net, optimizer)[0].item()
    assert train(net, optimizer, update, 8) < first
    assert sum(layer.nnz for layer in net) == sum(n_final)
    if method != "granet":  # which removes the weakest of all layers
        assert [layer.nnz for layer in net] == n_final
    assert (positions(net) == begun) == (method == "static")
    assert torch.isfinite(net(X)).all()


@pytest.mark.parametrize("drop", ["set", "magnitude", "random", "sensitivity", "mest"])
@pytest.mark.parametrize(
    "grow", ["random", "random_unfired", "gradient", "momentum", "cosine", "neuron"]
)
def test_parts_by_name(drop, grow):
    net, optimizer, update = training(drop=drop, grow=grow, newborn="init")
    begun = positions(net)
    train(net, optimizer, update, 3)
    assert update.evolutions == 3
    assert all(now != then for now, then in zip(positions(net), begun, strict=True))


def test_gradient_growth_takes_the_greatest_gradients_of_the_last_batch():
    layer = SETLinear(10, 9, density=0.3, random_state=0, dtype=torch.float64)
    grow = GradientGrow(n_samples=6)
    update = TopologyUpdate(layer, grow=grow, zeta=0.4, random_state=0)
    layer(torch.randn(4, 10, dtype=torch.float64)).sum().backward()  # is forgotten
    x, target = (torch.randn(6, n, dtype=torch.float64) for n in (10, 9))
    y = layer(x)
    (y - target).square().sum().backward()
    scores = (x.T @ (2 * (y - target))).abs().detach().flatten()
    before = set(layer.topology.positions().tolist())
    weights = dict(
        zip(layer.topology.positions().tolist(), layer.weight.tolist(), strict=True)
    )
    update.step()
    after = set(layer.topology.positions().tolist())
    kept = {p for p in before & after if weights[p] in layer.weight.tolist()}
    newborn = after - kept
    free = set(range(90)) - kept
    best = sorted(free, key=lambda p: -scores[p])[: len(newborn)]
    assert newborn == set(best)


def test_cosine_growth_sees_outputs_behind_the_rectifier():
    """Unit 0 of the outputs equals input 0; both are the only ones that are active."""
    layer = SETLinear(5, 4, density=0.5, activation="relu", dtype=torch.float64)
    seen = []

    def grow(topology, n, rng, context):
        seen.append((context.inputs.copy(), context.outputs.copy()))
        return topology.free_positions(np.arange(n))

    grow.needs = GradientGrow(n_samples=3).needs
    update = TopologyUpdate(layer, grow=grow, random_state=0)
    x = torch.randn(3, 5, dtype=torch.float64)
    y = layer(x)
    y.sum().backward()
    update.step()
    np.testing.assert_array_equal(seen[0][0], x.T)
    np.testing.assert_array_equal(seen[0][1], y.detach().T)
    assert seen[0][1].min() == 0


def test_methods_that_look_at_batches_need_some():
    _, _, update = training("rigl")
    with pytest.raises(RuntimeError, match="has not been part of a backward pass"):
        update.step()
    assert update.calls == 0


def test_momentum_growth_needs_momentum():
    net = set_network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for one in (optimizer, None):
        with pytest.raises(ValueError, match="needs the momentum"):
            TopologyUpdate(net, one, grow="momentum")


def test_number_of_connections_stays_until_the_final_drop():
    net, optimizer, update = training(total_epochs=3)
    n = [layer.nnz for layer in net]
    train(net, optimizer, update, 2)
    assert [layer.nnz for layer in net] == n
    parameters = list(net.parameters())
    losses = take_steps(net, optimizer)  # a loss that still knows the shapes
    assert update.step()
    assert all(now.nnz < before for now, before in zip(net, n, strict=True))
    assert all(a is b for a, b in zip(net.parameters(), parameters, strict=True))
    take_steps(net, optimizer)
    assert losses


def test_a_density_schedule_begins_denser_and_ends_as_made():
    net, optimizer, update = training("granet", density_schedule=CubicDensity(0.8))
    nnz = sum(layer.nnz for layer in net)
    final = sum(layer.nnz for layer in set_network())
    assert nnz == round(0.8 * (12 * 20 + 20 * 15 + 15 * 4))
    counts = [nnz]
    for epoch in range(8):
        train(net, optimizer, update, 1, epoch)
        counts.append(sum(layer.nnz for layer in net))
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == final


def test_weights_keep_their_scale_when_connections_are_added():
    net = nn.Sequential(SETLinear(400, 300, density=0.05, random_state=0))
    TopologyUpdate(net, None, "granet", total_epochs=5, random_state=0)
    assert net[0].density == pytest.approx(0.15, rel=1e-3)
    fan_in = torch.tensor(net[0].topology.fan_in)[net[0].indices.long()]
    limits = net[0].weight.detach().abs() * (fan_in / 6).sqrt()
    assert limits.max() <= 1.0001
    assert limits.mean() == pytest.approx(0.5, abs=0.01)


def test_every_counts_steps_and_schedules_follow_the_total():
    net, optimizer, update = training(
        "rigl", every=4, total_epochs=None, total_steps=20, final_drop=False
    )
    evolved = []
    for _ in range(20):
        take_steps(net, optimizer, 1)
        evolved.append(update.step())
    when = [n + 1 for n, one in enumerate(evolved) if one]
    assert when == [4, 8, 12]  # RigL stops after three quarters
    with pytest.raises(ValueError, match="more than 20 times"):
        update.step()


def test_once_per_batch_where_it_is_once_per_epoch_is_noticed():
    net, optimizer, update = training(total_epochs=2)
    train(net, optimizer, update, 2)
    with pytest.raises(ValueError, match="called once per epoch"):
        update.step()


def test_static_never_changes():
    net, optimizer, update = training("static")
    before = positions(net)
    train(net, optimizer, update, 8)
    assert positions(net) == before
    assert update.evolutions == 0


def test_frozen_layers_do_not_evolve():
    net = set_network()
    net[1].weight.requires_grad_(False)
    update = TopologyUpdate(net, random_state=0)
    before = positions(net)
    assert update.layers == [net[0], net[2]]
    update.step()
    changed = [a != b for a, b in zip(positions(net), before, strict=True)]
    assert changed == [True, False, True]


def test_a_full_layer_stays_as_it_is():
    layer = SETLinear(4, 3, density=1.0, random_state=0)
    grad = layer.weight.grad = torch.ones(12)
    TopologyUpdate(layer, random_state=0).step()
    assert layer.nnz == 12
    assert layer.weight.grad is grad


def test_backward_after_an_evolution_is_an_error():
    net, _, update = training()
    loss = net(X).sum()
    update.step()
    with pytest.raises(RuntimeError, match="topology has evolved"):
        loss.backward()


def test_weights_that_are_not_finite_are_an_error():
    net, _, update = training()
    net[1].weight.data[0] = float("nan")
    before = positions(net)
    with pytest.raises(ValueError, match="non-finite"):
        update.step()
    assert positions(net) == before


def test_seeds_decide():
    nets = []
    for seed in (0, 0, 1):
        net, optimizer, update = training(seed=seed)
        train(net, optimizer, update, 4)
        nets.append(net)
    assert torch.equal(nets[0](X), nets[1](X))
    assert not torch.equal(nets[0](X), nets[2](X))


def test_without_a_seed_that_of_torch_decides():
    found = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        net, optimizer, update = training(seed=None)
        train(net, optimizer, update, 2)
        found.append(positions(net))
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_threads_do_not_change_a_bit():
    nets = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        net, optimizer, update = training("rigl")
        train(net, optimizer, update, 4)
        nets.append(net)
    assert torch.equal(nets[0](X), nets[1](X))


def saved(*parts):
    file = io.BytesIO()
    torch.save([part.state_dict() for part in parts], file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize(
    "options",
    [
        *({"method": method} for method in METHODS),
        {"grow": "momentum"},
        {"grow": "random_unfired"},
        {"method": "rigl", "every": 2, "total_epochs": None, "total_steps": 16},
    ],
    ids=str,
)
def test_a_training_goes_on_exactly_as_if_it_had_not_stopped(options):
    whole = training(**options)
    train(*whole, 7)
    first = training(**options)
    train(*first, 3)
    states = saved(*first)
    second = training(**options, seed=9)
    for part, state in zip(second, states, strict=True):
        part.load_state_dict(state)
    train(*second, 4, first=3)
    assert torch.equal(second[0](X), whole[0](X))
    assert positions(second[0]) == positions(whole[0])
    assert second[2].calls == 7


def test_a_state_of_other_layers_is_refused():
    _, _, update = training()
    other = TopologyUpdate(SETLinear(4, 3, density=0.5))
    with pytest.raises(ValueError, match="other layers"):
        update.load_state_dict(other.state_dict())


def test_copies_of_a_module_are_not_recorded():
    net, optimizer, update = training("rigl")
    take_steps(net, optimizer)
    other = copy.deepcopy(net)
    other(X).sum().backward()
    train(net, optimizer, update, 1)
    again, of_again, update = training("rigl")
    take_steps(again, of_again)
    train(again, of_again, update, 1)
    assert positions(net) == positions(again)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "SET"}, "is none of"),
        ({"zeta": 1.5}, "zeta must be"),
        ({"drop": "smallest"}, "is none of the names"),
        ({"newborn": "one"}, "newborn must be"),
        ({"every": 0}, "every must be"),
        ({"every": "step"}, "every must be"),
        ({"every": True}, "every must be"),
        ({"every": 3}, "give total_steps"),
        ({"total_steps": 3}, "give total_epochs"),
        ({"total_epochs": 0}, "total_epochs must be"),
        ({"total_epochs": 2.0}, "total_epochs must be"),
        ({"method": "rigl", "total_epochs": None}, "need total_epochs"),
        ({"method": "granet", "total_epochs": None}, "need total_epochs"),
        (
            {"zeta_schedule": "cosine", "every": 2, "total_epochs": None},
            "need total_steps",
        ),
        ({"seed": "0"}, "random_state must be"),
    ],
)
def test_parameters_out_of_range_are_errors(options, message):
    with pytest.raises(ValueError, match=message):
        training(**options)


def test_there_must_be_a_layer_to_evolve():
    with pytest.raises(ValueError, match="no SETLinear"):
        TopologyUpdate(nn.Linear(3, 3))


def test_layers_that_share_a_weight_are_refused():
    first, second = (SETLinear(4, 4, density=0.5, random_state=0) for _ in range(2))
    second.weight = first.weight
    with pytest.raises(ValueError, match="share one weight"):
        TopologyUpdate(nn.Sequential(first, second))


def test_a_layer_that_is_used_twice_evolves_once():
    layer = SETLinear(6, 6, density=0.5, random_state=0)
    net = nn.Sequential(layer, nn.ReLU(), layer)
    update = TopologyUpdate(net, grow="gradient", random_state=0)
    net(torch.randn(3, 6)).sum().backward()
    assert update.layers == [layer]
    assert update.step()
