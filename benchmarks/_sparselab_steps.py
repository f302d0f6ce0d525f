"""A step in SparseLab (`pip install sparselab`), as its documentation shows it."""

import numpy as np
import torch
from _torch_steps import csr_tensor, module_epochs
from sparselab import SparseLinear, layout

__all__ = ["contestants"]


def linear(layer):
    """Return its module with the weights of our layer.

    The constructor would draw a dense matrix; so it makes a small one, whose matrix is
    replaced.
    """
    by_output = layer.to_csr().T.tocsr()
    by_output.sort_indices()
    module = SparseLinear(1, 1, sparsity=0.0)
    module.out_features, module.in_features = by_output.shape
    matrix = csr_tensor(by_output, by_output.data)
    # No room for connections to come: they do not evolve here.
    module._csr = layout.from_torch_sparse_csr(matrix, padding_ratio=0.0)
    values = torch.from_numpy(np.asarray(module._csr.values))
    module._values = torch.nn.Parameter(values)
    module.bias = torch.nn.Parameter(torch.from_numpy(layer.bias.copy()))
    return module


def sparse_linear(task):
    """Train a network of `sparselab.SparseLinear`."""
    return module_epochs(task, [linear(layer) for layer in task.network.layers])


def contestants(batch):
    """Return the contestants for a batch size, by name."""
    return {"SparseLab": sparse_linear}
