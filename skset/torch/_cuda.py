"""The product of a sparse layer on a GPU, and its gradients, by PyTorch's CSR tensors.

There are no kernels of our own. The weights are in by-input order, which is that of a
CSR tensor (n_in, n_out). Its product with deltas is the inputs' deltas. The outputs
need the transposed tensor: the weights are picked through a permutation. Gradients of
the weights are sampled at the connections. Works on CPU tensors too, for tests.
"""

from typing import Any, TypeAlias

import numpy as np
import torch
from torch.autograd.function import Function, once_differentiable

from skset.topology import Topology
from skset.torch._function import units_first
from skset.torch._product_plan import Plan

__all__ = ["CSRProduct", "Patterns"]

Tensor: TypeAlias = torch.Tensor


class Patterns:
    """The pattern of a topology on a device, by input and by output.

    Attributes
    ----------
    by_input, by_output : list of Tensor
        Index pointer and indices, of int32 where that is enough.
    order : Tensor of shape (nnz,)
        Place of each connection of the second order in the first.
    """

    def __init__(self, topology: Topology, device: torch.device) -> None:
        self.topology, self.device = topology, device
        self.shape = topology.shape
        inputs = topology.to_csr(np.arange(topology.nnz, dtype=topology.place_dtype))
        outputs = inputs.T.tocsr()
        outputs.sort_indices()
        self.by_input, self.by_output = (
            [torch.tensor(part, device=device) for part in (m.indptr, m.indices)]
            for m in (inputs, outputs)
        )
        self.order = torch.tensor(outputs.data, device=device)

    def is_for(self, topology: Topology, device: torch.device) -> bool:
        """Return whether this is the pattern of a topology on a device."""
        return topology is self.topology and device == self.device

    def matrix(self, weight: Tensor) -> Tensor:
        """Return the weights as a CSR tensor (n_in, n_out)."""
        return _csr(self.by_input, weight, self.shape)

    def transposed(self, weight: Tensor) -> Tensor:
        """Return the weights as a CSR tensor (n_out, n_in)."""
        n_in, n_out = self.shape
        values = weight.index_select(0, self.order)
        return _csr(self.by_output, values, (n_out, n_in))


def _csr(pattern: list[Tensor], values: Tensor, size: Any) -> Tensor:
    return torch.sparse_csr_tensor(*pattern, values, size=size, check_invariants=False)


class CSRProduct(Function):
    """As `skset.torch._function.SparseProduct`, by products of CSR tensors."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        plan: Plan,
        patterns: Patterns,
    ) -> Tensor:
        """Return the outputs (batch, n_out) of the inputs x (batch, n_in)."""
        shape = len(x), patterns.shape[1]
        y = weight.new_empty(shape[::-1]).t().detach()
        if y.numel():
            W, Z = patterns.transposed(weight.detach()), y.t()
            start = Z.zero_() if bias is None else bias.detach()[:, None].expand_as(Z)
            torch.addmm(start, W, units_first(x), out=Z)
            if plan.rectifies:
                Z.relu_()
        kept = y if plan.rectifies or plan.recorder else None
        ctx.save_for_backward(x, weight, bias, kept)
        ctx.plan, ctx.patterns = plan, patterns
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of x, weight and bias."""
        x, weight, bias, y = ctx.saved_tensors
        plan, patterns = ctx.plan, ctx.patterns
        plan.check_current()
        X, D = units_first(x), units_first(grad)
        if plan.rectifies:
            D = D * (y.detach().t() > 0)
        if plan.recorder is not None and D.numel():
            Z = y.detach().t()
            plan.recorder.note(*(part.cpu().numpy() for part in (X, Z, D)))
        of_x, of_weight, of_bias, *_ = ctx.needs_input_grad
        dx = (patterns.matrix(weight.detach()) @ D).t() if of_x else None
        g = _sampled(patterns, X, D, weight) if of_weight else None
        return dx, g, D.sum(1) if of_bias and bias is not None else None, None, None


def _sampled(patterns: Patterns, X: Tensor, D: Tensor, weight: Tensor) -> Tensor:
    """Return the gradient of each weight: products of rows of X and of D."""
    zeros = patterns.matrix(torch.zeros_like(weight))
    if not D.numel():
        return zeros.values()
    return torch.sparse.sampled_addmm(zeros, X, D.t(), beta=0.0).values()
