"""A step in SparseProp (`pip install sparseprop`), as its documentation shows it."""

import torch
from _torch_steps import module_epochs
from sparseprop.modules import SparseLinear

__all__ = ["contestants"]


def sparse_linear(task):
    """Train a network of `sparseprop.modules.SparseLinear`."""
    layers = [
        # It takes a sparse matrix as well as a dense one.
        SparseLinear(
            layer.to_csr().T.tocsr(),
            torch.nn.Parameter(torch.from_numpy(layer.bias.copy())),
        )
        for layer in task.network.layers
    ]
    return module_epochs(task, layers)


def contestants(batch):
    """Return the contestants for a batch size, by name."""
    return {"SparseProp": sparse_linear}
