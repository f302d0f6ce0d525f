"""The product of a sparse layer on the CPU, and its gradients, by skset's kernels.

Tensors have PyTorch's shape (batch, units). In memory each is the transposed view of an
array (units, batch), as the kernels want it. So the output of one layer is the input of
the next without a copy, and the kernels work on the tensors' own memory.
"""

from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch.autograd.function import Function, once_differentiable

from skset.model import Layer
from skset.torch._lent_memory import LENT, OWN
from skset.torch._process_team import TEAM
from skset.torch._product_plan import Plan

__all__ = ["SparseProduct", "units_first"]

Tensor: TypeAlias = torch.Tensor
Array: TypeAlias = NDArray[Any]


def units_first(x: Tensor) -> Tensor:
    """Return (batch, units) as contiguous (units, batch), if it can without a copy."""
    return x.detach().t().contiguous()


class SparseProduct(Function):
    """Weighted sums of the inputs, plus bias, rectified if the plan says so."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, plan: Plan
    ) -> Tensor:
        """Return the outputs (batch, n_out) of the inputs x (batch, n_in)."""
        X = units_first(x)
        memory = LENT if any(ctx.needs_input_grad) else OWN
        y = memory.batch(len(x), plan.topology.shape[1], weight)
        if len(x):
            slope = 0.0 if plan.rectifies else None
            with TEAM as team:
                layer = plan.layer(weight, bias)
                layer.forward(X.numpy(), y.t().numpy(), team, slope)
        # x itself, if no copy was made: so autograd sees if it is changed.
        own = x if X.data_ptr() == x.data_ptr() else X.t()
        kept = y if plan.rectifies or plan.recorder else None
        ctx.save_for_backward(own, weight, bias, kept)
        ctx.plan = plan
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of x, weight and bias."""
        x, weight, bias, y = ctx.saved_tensors
        plan = ctx.plan
        of_x, of_weight, of_bias, _ = ctx.needs_input_grad
        plan.check_current()
        X, D = units_first(x).numpy(), units_first(grad).numpy()
        dx = LENT.batch(len(x), plan.topology.shape[0] if of_x else 0, weight)
        g = LENT.vector(len(weight) if of_weight else 0, weight)
        with TEAM as team:
            layer = plan.layer(weight, bias)
            if y is not None:
                D = _noted_deltas(plan, layer, X, units_first(y).numpy(), D, team)
            b = _gradients(layer, X, D, dx.t().numpy(), g.numpy(), team)
        return (
            dx if of_x else None,
            g if of_weight else None,
            torch.from_numpy(b) if of_bias else None,
            None,
        )


def _noted_deltas(
    plan: Plan, layer: Layer, X: Array, Z: Array, D: Array, team: Any
) -> Array:
    """Return the deltas of the sums, given those of the outputs Z; record them."""
    if not Z.size:
        return D
    if plan.rectifies:
        bent = plan.scratch(D)
        layer.bend(Z, D, bent, team, 0.0)
        D = bent
    if plan.recorder is not None:
        plan.recorder.note(X, Z, D)
    return D


def _gradients(
    layer: Layer, X: Array, D: Array, DX: Array, g: Array, team: Any
) -> Array:
    """Write the gradients of inputs and weights; return that of the bias.

    A frozen layer has a `g` without numbers.
    """
    b = np.zeros_like(layer.bias)
    if not D.size:  # an empty batch
        g[:] = 0
    elif g.size:
        layer.gradients(X, D, DX, g, b, team)
    else:
        D.sum(axis=1, out=b)
        layer.pull_back(D, np.zeros(len(DX), DX.dtype), DX, team)
    return b
