"""`replace_linear` puts sparse layers in place of dense ones, by name."""

import numpy as np
import pytest
import torch
from torch import nn

from skset.strategies import ErdosRenyi, LayerDensities, Snip
from skset.topology import Topology
from skset.torch import SETLinear, replace_linear


def model():
    return nn.ModuleDict(
        {
            "body": nn.Sequential(nn.Linear(40, 30), nn.ReLU(), nn.Linear(30, 20)),
            "head": nn.Linear(20, 5),
        }
    )


def kinds(module):
    return {n: type(p).__name__ for n, p in module.named_modules() if n and "." in n}


def test_it_replaces_all_but_what_is_skipped():
    net = model()
    assert replace_linear(net, 0.1, skip=("head",)) is net
    assert kinds(net) == {
        "body.0": "SETLinear",
        "body.1": "ReLU",
        "body.2": "SETLinear",
    }
    assert type(net["head"]) is nn.Linear
    assert [net["body"][n].nnz for n in (0, 2)] == [120, 60]


def test_parts_are_skipped_with_all_they_have():
    net = replace_linear(model(), 0.1, skip=["body"])
    assert type(net["body"][0]) is nn.Linear
    assert type(net["head"]) is SETLinear
    other = replace_linear(model(), 0.1, skip="body.0")
    assert type(other["body"][0]) is nn.Linear
    assert type(other["body"][2]) is SETLinear


def test_a_linear_itself_is_replaced():
    layer = replace_linear(nn.Linear(10, 10), 0.3)
    assert type(layer) is SETLinear
    assert layer.nnz == 30


def test_magnitude_keeps_what_was_learned():
    net = nn.Sequential(nn.Linear(20, 10), nn.Linear(10, 3))
    x = torch.randn(4, 20)
    expected = net(x)
    replace_linear(net, 1.0, how="magnitude")
    torch.testing.assert_close(net(x), expected)


def test_seeds_decide():
    nets = [replace_linear(model(), 0.1, random_state=n) for n in (0, 0, 1)]
    weights = [net["body"][2].weight for net in nets]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    first, last = (nets[0]["body"][n] for n in (0, 2))
    assert not torch.equal(first.indices[:60], last.indices)


def test_a_layer_with_two_names_stays_one():
    shared = nn.Linear(6, 6)
    net = replace_linear(nn.Sequential(shared, nn.ReLU(), shared), 0.5)
    assert type(net[0]) is SETLinear
    assert net[0] is net[2]


def test_a_weight_of_another_part_cannot_be_replaced():
    net = nn.Sequential(nn.Embedding(7, 6), nn.Linear(6, 6), nn.Linear(6, 7))
    net[2].weight = net[0].weight
    with pytest.raises(ValueError, match="weight of '2' is shared"):
        replace_linear(net, 0.5)
    assert type(net[1]) is nn.Linear  # nothing has changed
    assert type(replace_linear(net, 0.5, skip="2")[1]) is SETLinear


def test_attention_keeps_the_weights_that_it_reads():
    attention = nn.MultiheadAttention(8, 2)
    with pytest.raises(ValueError, match=r"no torch\.nn\.Linear"):
        replace_linear(attention, 0.5)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")  # of an odd number of heads
def test_a_transformer_works_in_training_and_in_evaluation():
    """In evaluation its fast path would read the weights of dense layers."""
    block = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
    net = replace_linear(nn.TransformerEncoder(block, 2), 0.5)
    x = torch.randn(3, 4, 8)
    assert type(net.layers[1].linear2) is SETLinear
    trained = net(x)
    trained.sum().backward()
    with torch.no_grad():
        torch.testing.assert_close(net.eval()(x), trained)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"density": 0}, "density must be"),
        ({"skip": ("haed",)}, "skip has 'haed'"),
        ({"how": "largest"}, "how must be"),
        ({"weight_init": "xavier"}, "weight_init must be"),
        ({"skip": ("body", "head")}, r"no torch\.nn\.Linear"),
    ],
)
def test_wrong_parameters_are_errors_and_change_nothing(options, message):
    net = model()
    before = kinds(net)
    with pytest.raises(ValueError, match=message):
        replace_linear(net, **({"density": 0.1} | options))
    assert kinds(net) == before


def wide_and_narrow():
    return nn.Sequential(nn.Linear(200, 100), nn.ReLU(), nn.Linear(100, 10))


@pytest.mark.parametrize("how", ["random", "magnitude"])
def test_init_shares_the_connections_out(how):
    shapes = [(200, 100), (100, 10)]
    net = replace_linear(wide_and_narrow(), 0.1, init="erdos_renyi", how=how)
    counts = [t.nnz for t in ErdosRenyi(density=0.1)(shapes, np.random.default_rng(0))]
    assert [net[n].nnz for n in (0, 2)] == counts
    assert net[0].density < 0.1 < net[2].density
    net = replace_linear(wide_and_narrow(), 0.1, init=LayerDensities((0.05, 0.5)))
    assert [net[n].nnz for n in (0, 2)] == [1000, 500]


def test_a_topology_of_ones_own_is_taken_as_it_is():
    class Stripe:
        def __call__(self, shapes, rng):
            return [Topology.from_positions(s, np.arange(s[1])) for s in shapes]

    net = replace_linear(wide_and_narrow(), 0.1, init=Stripe(), random_state=0)
    assert [net[n].topology.fan_in.tolist() for n in (0, 2)] == [[1] * 100, [1] * 10]
    assert all(net[n].weight.abs().min() > 0 for n in (0, 2))


@pytest.mark.parametrize("init", ["snip", "dense", Snip(density=0.1)], ids=str)
def test_an_init_that_cannot_be_is_refused(init):
    net = wide_and_narrow()
    with pytest.raises(ValueError, match="init"):
        replace_linear(net, 0.1, init=init)
    assert type(net[0]) is nn.Linear
