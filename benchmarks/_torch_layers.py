"""Layers for PyTorch with the same connections, and networks of them.

- SETLinear: skset's, with the rectifier in the layer.
- nn.Linear: the dense layer.
- torch CSR: sparse CSR tensors with an autograd function of its own. PyTorch's makes a
  dense gradient of the weights. Products by MKL with 32-bit indices, a second pattern
  for the transposed product, gradients sampled at the connections.
- SparseLab: `sparselab.SparseLinear`.
"""

import numpy as np
import torch
from _step_peers import missing
from _torch_steps import csr_tensor
from torch import nn

from skset.torch import SETLinear

__all__ = ["LAYERS", "network_of", "optimiser_of"]


class CSRProduct(torch.autograd.Function):
    """Weighted sums of the inputs by products of CSR tensors."""

    @staticmethod
    def forward(ctx, x, values, bias, layer):
        W = torch.sparse_csr_tensor(*layer.by_output, values, size=layer.shape)
        ctx.save_for_backward(x, values)
        ctx.layer = layer
        return torch.addmm(bias[:, None], W, x.t()).t()

    @staticmethod
    def backward(ctx, grad):
        (x, values), layer = ctx.saved_tensors, ctx.layer
        D, dx = grad.t(), None
        if ctx.needs_input_grad[0]:
            by_input = values.index_select(0, layer.order)
            n_out, n_in = layer.shape
            V = torch.sparse_csr_tensor(*layer.by_input, by_input, size=(n_in, n_out))
            dx = (V @ D).t()
        pattern = torch.sparse_csr_tensor(
            *layer.by_output, torch.zeros_like(values), size=layer.shape
        )
        g = torch.sparse.sampled_addmm(pattern, D, x, beta=0.0).values()
        return dx, g, D.sum(1), None


class CSRLinear(nn.Module):
    """A linear layer of CSR tensors; its weights are a vector."""

    def __init__(self, layer):
        super().__init__()
        inputs = layer.to_csr()
        places = inputs.copy()
        places.data = np.arange(inputs.nnz, dtype=np.int32)
        outputs = places.T.tocsr()
        outputs.sort_indices()
        order = np.empty(inputs.nnz, np.int32)
        order[outputs.data] = np.arange(inputs.nnz, dtype=np.int32)
        self.shape, self.order = outputs.shape, torch.from_numpy(order)
        self.by_output, self.by_input = (
            (matrix.crow_indices(), matrix.col_indices())
            for matrix in (
                csr_tensor(outputs, layer.weights),
                csr_tensor(inputs, layer.weights),
            )
        )
        self.values = nn.Parameter(torch.from_numpy(layer.weights[outputs.data]))
        self.bias = nn.Parameter(torch.from_numpy(layer.bias.copy()))

    def forward(self, x):
        return CSRProduct.apply(x, self.values, self.bias, self)


def dense(layer, activation):
    n_in, n_out = layer.topology.shape
    linear = nn.Linear(n_in, n_out)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(layer.to_csr().toarray().T))
        linear.bias.copy_(torch.from_numpy(layer.bias))
    return [linear, *activation]


def sparselab(layer, activation):
    from _sparselab_steps import linear

    return [linear(layer), *activation]


def set_linear(layer, activation):
    fused = "relu" if activation else None
    return [SETLinear.from_csr(layer.to_csr(), layer.bias, activation=fused)]


def csr(layer, activation):
    return [CSRLinear(layer), *activation]


LAYERS = {"SETLinear": set_linear, "nn.Linear": dense, "torch CSR": csr}
if not missing(["sparselab"]):
    LAYERS["SparseLab"] = sparselab


def network_of(layers, who, ends_rectified=False):
    """Return a network of the layers, with rectifiers between them."""
    parts = []
    for depth, layer in enumerate(layers):
        last = depth == len(layers) - 1
        activation = [nn.ReLU()] if ends_rectified or not last else []
        parts += LAYERS[who](layer, activation)
    return nn.Sequential(*parts)


def optimiser_of(network, rate):
    """Return SGD with momentum, PyTorch's fused one, the same for all."""
    return torch.optim.SGD(network.parameters(), rate, momentum=0.9, fused=True)
