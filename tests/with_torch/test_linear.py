"""`SETLinear` is a linear layer: outputs, gradients, shapes, dtypes, copies."""

import copy
import io
import pickle

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import checkpoint
from with_torch.twins import mask_of, set_network

from skset import SETClassifier
from skset.torch import SETLinear


def dense_twin(layer, x):
    z = x @ layer.to_dense().T
    z = z if layer.bias is None else z + layer.bias
    return torch.relu(z) if layer.activation else z


def small(**options):
    return SETLinear(6, 5, density=0.4, random_state=0, dtype=torch.float64, **options)


@pytest.mark.parametrize("activation", [None, "relu"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [1, 2, 7])
def test_gradients_are_right(activation, bias, batch):
    layer = small(bias=bias, activation=activation)
    given = [torch.randn(batch, 6, dtype=torch.float64), layer.weight]
    given += [torch.randn(5, dtype=torch.float64)] if bias else []
    given = [part.detach().clone().requires_grad_() for part in given]

    def product(x, weight, *biases):
        named = {"weight": weight} | dict(zip(["bias"], biases, strict=False))
        return torch.func.functional_call(layer, named, (x,))

    assert torch.autograd.gradcheck(product, given)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(6,), (4, 6), (2, 3, 6), (0, 6), (2, 0, 6)])
@pytest.mark.parametrize("activation", [None, "relu"])
def test_it_takes_inputs_of_any_shape(dtype, shape, activation):
    layer = small(activation=activation).to(dtype)
    x = torch.randn(shape, dtype=dtype, requires_grad=True)
    y = layer(x)
    assert y.shape == (*shape[:-1], 5)
    assert y.dtype == dtype
    y.square().sum().backward()
    found = x.grad, layer.weight.grad, layer.bias.grad
    x.grad = layer.weight.grad = layer.bias.grad = None
    W = layer.to_dense().requires_grad_()
    z = x @ W.T + layer.bias
    expected = torch.relu(z) if activation else z
    torch.testing.assert_close(y, expected)
    expected.square().sum().backward()
    places = layer.indices.long(), torch.tensor(layer.topology.in_units).long()
    torch.testing.assert_close(found, (x.grad, W.grad[places], layer.bias.grad))


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x[:, ::2],
        lambda x: x.t()[:12:2].t(),
        lambda x: x[:1, :6].expand(3, 6),
        lambda x: x.t().contiguous().t()[:, 3:9],
    ],
)
def test_inputs_need_not_be_contiguous(change):
    layer, x = small(), torch.randn(5, 12, dtype=torch.float64)
    torch.testing.assert_close(layer(change(x)), dense_twin(layer, change(x)))


def test_an_expanded_gradient_is_a_gradient():
    layer = small(activation="relu")
    x = torch.randn(4, 6, dtype=torch.float64, requires_grad=True)
    layer(x).sum().backward()
    expected = torch.autograd.grad(dense_twin(layer, x).sum(), x)[0]
    torch.testing.assert_close(x.grad, expected)


def test_outputs_are_the_inputs_of_the_next_layer_without_a_copy():
    """Outputs of many numbers too, whose memory is lent."""
    for batch in (3, 40000):
        y = small()(torch.randn(batch, 6, dtype=torch.float64))
        assert y.shape == (batch, 5)
        assert y.t().is_contiguous()
        assert not y._is_view()  # in-place operations are allowed


def test_an_output_can_be_changed_in_place_unless_it_is_needed():
    layer, x = small(), torch.randn(3, 6, dtype=torch.float64)
    layer(x).relu_().sum().backward()
    assert layer.weight.grad is not None
    rectified = small(activation="relu")(x).mul_(2).sum()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        rectified.backward()


def test_an_input_that_was_changed_in_place_is_an_error():
    first, second = small(), SETLinear(5, 3, density=0.5, dtype=torch.float64)
    hidden = first(torch.randn(4, 6, dtype=torch.float64))
    loss = second(hidden).sum()
    with torch.no_grad():
        hidden.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_two_forward_passes_then_backward():
    layer, other = small(activation="relu"), small(activation="relu")
    X = torch.randn(2, 4, 6, dtype=torch.float64)
    (layer(X[0]).square().sum() + 2 * layer(X[1]).square().sum()).backward()
    other(X[0]).square().sum().backward()
    (2 * other(X[1]).square().sum()).backward()
    torch.testing.assert_close(layer.weight.grad, other.weight.grad)
    torch.testing.assert_close(layer.bias.grad, other.bias.grad)


def test_outputs_stay_when_their_memory_could_be_lent_again():
    layer = SETLinear(6, 700, density=0.4, random_state=0)
    kept = [layer(torch.full((64, 6), float(n))) for n in range(3)]
    views = [layer(torch.full((64, 6), float(n)))[:, :2].detach() for n in range(3)]
    for _ in range(3):
        layer(torch.randn(64, 6)).sum().backward()
    for n, (y, view) in enumerate(zip(kept, views, strict=True)):
        expected = dense_twin(layer, torch.full((64, 6), float(n)))
        torch.testing.assert_close(y, expected)
        torch.testing.assert_close(view, expected[:, :2])


def test_frozen_parameters_get_no_gradient():
    layer, x = small(), torch.randn(4, 6, dtype=torch.float64, requires_grad=True)
    layer.weight.requires_grad_(False)
    layer(x).square().sum().backward()
    assert layer.weight.grad is None
    found = x.grad, layer.bias.grad
    x.grad = layer.bias.grad = None
    dense_twin(layer, x).square().sum().backward()
    torch.testing.assert_close(found, (x.grad, layer.bias.grad))
    layer.requires_grad_(False)
    assert not layer(x.detach()).requires_grad


def test_no_grad_and_inference_mode():
    layer, x = small(), torch.randn(4, 6, dtype=torch.float64)
    with torch.no_grad():
        assert layer(x).grad_fn is None
    with torch.inference_mode():
        torch.testing.assert_close(layer(x), dense_twin(layer, x))
        made = small()
        torch.testing.assert_close(made(x), dense_twin(layer, x))


def test_autocast_casts_inputs_to_the_dtype_of_the_weights():
    layer = SETLinear(6, 5, density=0.5, random_state=0)
    x = torch.randn(4, 6).bfloat16().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(x)
    assert y.dtype == torch.float32
    y.sum().backward()
    assert x.grad.dtype == torch.bfloat16
    torch.testing.assert_close(y, dense_twin(layer, x.float()))


def test_gradients_are_not_differentiable():
    layer = small(activation="relu")
    x = torch.randn(4, 6, dtype=torch.float64, requires_grad=True)
    [g] = torch.autograd.grad(layer(x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        g.sum().backward()


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # PyTorch's own
def test_torch_compile_breaks_the_graph_at_most():
    net = set_network()
    compiled = torch.compile(net, backend="eager")
    x = torch.randn(8, 12, dtype=torch.float64)
    torch.testing.assert_close(compiled(x), net(x), rtol=0, atol=0)
    compiled(x).sum().backward()
    assert all(p.grad is not None for p in net.parameters())


def copied_by(way, net):
    if way == "deepcopy":
        return copy.deepcopy(net)
    if way == "pickle":
        return pickle.loads(pickle.dumps(net))
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize("way", ["deepcopy", "pickle", "torch.save"])
def test_copies_predict_the_same_and_share_nothing(way):
    net = set_network()
    x = torch.randn(8, 12, dtype=torch.float64)
    expected = net(x)
    other = copied_by(way, net)
    assert torch.equal(other(x), expected)
    with torch.no_grad():
        other[0].weight.add_(1)
    assert torch.equal(net(x), expected)
    assert not torch.equal(other(x), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_from_csr_takes_the_layers_of_an_estimator(dtype):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 8))
    model = SETClassifier((10,), max_iter=3, random_state=0, standardize=False)
    model.fit(X, X[:, 0] > 0)
    first, last = model.network_.layers
    net = nn.Sequential(
        SETLinear.from_csr(first.to_csr(), first.bias, dtype=dtype),
        SETLinear.from_csr(last.to_csr(), dtype=dtype),
    )
    assert net[0].nnz == first.topology.nnz
    assert net[1].bias is None
    np.testing.assert_allclose(net[0].to_csr().toarray(), first.to_csr().toarray())
    z = net[0](torch.tensor(X, dtype=dtype)).detach().numpy()
    np.testing.assert_allclose(z, X @ first.to_csr() + first.bias, atol=1e-5)


def test_from_linear_keeps_the_greatest_weights_of_a_dense_layer():
    linear = nn.Linear(20, 30).eval()
    layer = SETLinear.from_linear(linear, 0.1, activation="relu")
    W = linear.weight.detach()
    threshold = W.abs().flatten().sort().values[-60]
    torch.testing.assert_close(layer.to_dense(), W * (W.abs() >= threshold))
    torch.testing.assert_close(layer.bias, linear.bias)
    assert layer.activation == "relu"
    assert not layer.training
    full = SETLinear.from_linear(linear, 1.0)
    x = torch.randn(4, 20)
    torch.testing.assert_close(full(x), linear(x))


def test_from_linear_at_random_draws_weights_that_fit_a_sparse_layer():
    linear = nn.Linear(200, 300, bias=False)
    layer = SETLinear.from_linear(linear, 0.05, "random", random_state=0)
    assert layer.nnz == 3000
    assert layer.bias is None
    variance = layer.weight.var().item() * 200 * 0.05
    assert variance == pytest.approx(2, rel=0.2)  # He et al.; of the dense layer 0.02


def test_equal_weights_are_chosen_between_at_random():
    linear = nn.Linear(20, 20)
    nn.init.ones_(linear.weight)
    layers = [SETLinear.from_linear(linear, 0.2, random_state=n) for n in (0, 0, 1)]
    masks = [mask_of(layer) for layer in layers]
    assert [layer.nnz for layer in layers] == [80] * 3
    assert torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[0], masks[2])


def test_seeds_decide_connections_and_weights():
    layers = [SETLinear(9, 8, density=0.5, random_state=n) for n in (0, 0, 1)]
    assert torch.equal(layers[0].indices, layers[1].indices)
    assert torch.equal(layers[0].weight, layers[1].weight)
    assert not torch.equal(layers[0].weight, layers[2].weight)


def test_without_a_seed_that_of_torch_decides():
    made = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        made.append(SETLinear(9, 8, density=0.5).weight)
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


def test_density_follows_epsilon_unless_it_is_given():
    assert SETLinear(100, 50, epsilon=2).nnz == 300
    assert SETLinear(100, 50, density=0.03).nnz == 150
    assert SETLinear(10, 10, epsilon=20).density == 1


def test_repr_says_what_the_layer_is():
    assert repr(small(activation="relu")) == (
        "SETLinear(in_features=6, out_features=5, bias=True, nnz=12, density=0.4, "
        "activation=relu)"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"in_features": 0}, "in_features must be"),
        ({"out_features": 2.5}, "out_features must be"),
        ({"out_features": True}, "out_features must be"),
        ({"epsilon": 1e-8}, "epsilon must be"),
        ({"density": 0.0}, "density must be"),
        ({"density": float("nan")}, "density must be"),
        ({"activation": "tanh"}, "activation must be"),
        ({"weight_init": "xavier"}, "weight_init must be"),
        ({"random_state": "0"}, "random_state must be"),
        ({"random_state": -1}, "random_state must be"),
        ({"random_state": True}, "random_state must be"),
        ({"dtype": torch.float16}, "dtype must be"),
    ],
)
def test_parameters_out_of_range_are_errors(options, message):
    with pytest.raises(ValueError, match=message):
        SETLinear(**({"in_features": 4, "out_features": 3} | options))


def test_from_linear_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="how must be"):
        SETLinear.from_linear(nn.Linear(3, 4), 0.5, "largest")
    with pytest.raises(ValueError, match="density must be"):
        SETLinear.from_linear(nn.Linear(3, 4), 2.0)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(3, 7, dtype=torch.float64), "shape"),
        (torch.tensor(1.0, dtype=torch.float64), "shape"),
        (torch.zeros(3, 6), "dtype"),
        (torch.zeros(3, 6, dtype=torch.long), "dtype"),
    ],
)
def test_inputs_that_do_not_fit_are_errors(x, message):
    with pytest.raises(RuntimeError, match=message):
        small()(x)


def test_weights_that_do_not_fit_are_errors():
    layer = small()
    layer.weight.data = torch.zeros(3, dtype=torch.float64)
    with pytest.raises(RuntimeError, match="must have shape"):
        layer(torch.zeros(2, 6, dtype=torch.float64))
    with pytest.raises(RuntimeError, match="float32 or float64"):
        small().half()(torch.zeros(2, 6).half())


def test_weights_that_are_not_contiguous_are_not_remembered():
    """A copy of them would be out of date after the next step."""
    layer, x = small(), torch.randn(3, 6, dtype=torch.float64)
    wide = torch.randn(layer.nnz, 2, dtype=torch.float64)
    layer.weight.data, layer.bias.data = wide[:, 0], wide[:5, 1]
    for _ in range(2):
        torch.testing.assert_close(layer(x), dense_twin(layer, x))
        wide.add_(1)


def test_saved_tensors_may_come_back_in_another_order():
    layer, x = small(activation="relu"), torch.randn(4, 6, dtype=torch.float64)
    layer(x).square().sum().backward()
    expected, layer.weight.grad = layer.weight.grad, None
    with saved_tensors_hooks(lambda t: t.tolist(), torch.DoubleTensor):
        layer(x).square().sum().backward()
    assert torch.equal(layer.weight.grad, expected)


def test_gradient_checkpoints():
    net, x = set_network(), torch.randn(5, 12, dtype=torch.float64, requires_grad=True)
    net(x).square().sum().backward()
    expected, x.grad = x.grad, None
    y = checkpoint(net, x, use_reentrant=False)
    y.square().sum().backward()
    assert torch.equal(x.grad, expected)
