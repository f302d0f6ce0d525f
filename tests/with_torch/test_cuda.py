"""The product by CSR tensors: on CPU tensors, and on a GPU if there is one."""

import pytest
import torch
from with_torch.twins import set_network, take_steps

from skset.torch import SETLinear, TopologyUpdate
from skset.torch._cuda import CSRProduct, Patterns

pytestmark = pytest.mark.filterwarnings("ignore:Sparse CSR tensor support")
on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def by_csr(layer, x):
    plan = layer._cache.plan(layer.topology, layer.activation == "relu", layer._has)
    patterns = Patterns(layer.topology, x.device)
    return CSRProduct.apply(x, layer.weight, layer.bias, plan, patterns)


@pytest.mark.parametrize("activation", [None, "relu"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [0, 1, 5])
def test_it_is_the_same_product(activation, bias, batch):
    options = {"activation": activation, "bias": bias, "dtype": torch.float64}
    layer = SETLinear(9, 7, density=0.3, random_state=0, **options)
    x = torch.randn(batch, 9, dtype=torch.float64, requires_grad=True)
    results = []
    for product in (layer, lambda x: by_csr(layer, x)):
        y = product(x)
        given = [x, *layer.parameters()]
        results.append((y, torch.autograd.grad(y.square().sum(), given)))
        assert y.t().is_contiguous()
        assert not y._is_view()
    torch.testing.assert_close(results[1], results[0])


def test_gradients_are_right():
    layer = SETLinear(5, 4, density=0.5, activation="relu", dtype=torch.float64)
    x = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: by_csr(layer, x), x)


def test_frozen_parameters_get_no_gradient():
    layer = SETLinear(5, 4, density=0.5).requires_grad_(False)
    x = torch.randn(3, 5, requires_grad=True)
    by_csr(layer, x).sum().backward()
    assert x.grad is not None
    assert layer.weight.grad is None
    assert layer.bias.grad is None


def test_the_pattern_is_made_once_for_a_topology():
    layer = SETLinear(5, 4, density=0.5, random_state=0)
    device = torch.device("cpu")
    first = layer._cache.patterns(layer.topology, device)
    assert layer._cache.patterns(layer.topology, device) is first
    TopologyUpdate(layer, random_state=0).step()
    assert layer._cache.patterns(layer.topology, device) is not first


@on_gpu
@pytest.mark.parametrize("method", ["set", "rigl", "granet"])
def test_a_network_trains_and_evolves_on_a_gpu(method):
    results = []
    for device in ("cpu", "cuda"):
        net = set_network().to(device)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
        update = TopologyUpdate(net, optimizer, method, total_epochs=4, random_state=0)
        torch.set_default_device(device)
        try:
            for epoch in range(4):
                take_steps_on(device, net, optimizer, epoch)
                update.step()
        finally:
            torch.set_default_device(None)
        assert net[0].indices.device.type == device
        results.append([layer.to_dense().cpu() for layer in net])
    torch.testing.assert_close(results[1], results[0])


def take_steps_on(device, net, optimizer, seed):
    if device == "cpu":
        take_steps(net, optimizer, seed=seed)
        return
    rng = torch.Generator("cpu").manual_seed(seed)
    for _ in range(3):
        X = torch.randn(16, 12, generator=rng, dtype=torch.float64, device="cpu")
        y = (X[:, 0] > 0).long().to(device)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(X.to(device)), y).backward()
        optimizer.step()


@on_gpu
def test_memory_on_a_gpu_follows_the_connections():
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    layer = SETLinear(8192, 8192, density=0.01, device="cuda")
    layer(torch.randn(16, 8192, device="cuda", requires_grad=True)).sum().backward()
    used = torch.cuda.max_memory_allocated() - before
    assert used < 0.1 * 3 * 4 * 8192**2
