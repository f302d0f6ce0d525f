"""The product of a sparse layer on the CPU, and its gradients, by skset's kernels.

Tensors have PyTorch's shape (batch, units). In memory each is the transposed view of an
array (units, batch), as the kernels want it. So the output of one layer is the input of
the next without a copy, and the kernels work on the tensors' own memory.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from torch.autograd.function import Function, once_differentiable

from skset.model import Layer
from skset.topology import Topology
from skset.torch._process_team import TEAM
from skset.torch._recorder import Recorder

__all__ = ["EVOLVED", "Plan", "empty", "rectified", "sparse_product", "units_first"]

Tensor: TypeAlias = torch.Tensor
EVOLVED = (
    "The topology has evolved since the forward pass. Call backward() before "
    "TopologyUpdate.step()."
)


class Plan(NamedTuple):
    """What a product needs to know of its layer, besides weights and bias.

    Attributes
    ----------
    topology : Topology
        The pattern.
    rectifies : bool
        Whether outputs that are not positive become 0.
    recorder : Recorder or None
        Gets the signals of each backward pass.
    is_current : callable
        ``is_current(topology)`` tells whether the layer still has this topology.
    """

    topology: Topology
    rectifies: bool
    recorder: Recorder | None
    is_current: Callable[[Topology], bool]


def units_first(x: Tensor) -> Tensor:
    """Return (batch, units) as contiguous (units, batch), if it can without a copy."""
    return x.detach().t().contiguous()


def empty(batch: int, units: int, like: Tensor) -> Tensor:
    """Return an empty (batch, units) whose memory is (units, batch)."""
    return torch.empty_strided(
        (batch, units), (1, batch), dtype=like.dtype, device=like.device
    )


def rectified(D: Tensor, y: Tensor) -> Tensor:
    """Return deltas (units, batch), 0 where the outputs y (batch, units) are 0."""
    return torch.where(y.detach().t() > 0, D, 0.0)


def numpy_layer(topology: Topology, weight: Tensor, bias: Tensor | None) -> Layer:
    """Return a layer on the memory of the tensors."""
    w = weight.detach().contiguous().numpy()
    if bias is None:
        return Layer(topology, w, np.zeros(topology.shape[1], w.dtype))
    return Layer(topology, w, bias.detach().contiguous().numpy())


class SparseProduct(Function):
    """Weighted sums of the inputs, plus bias, rectified if the plan says so."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, plan: Plan
    ) -> Tensor:
        """Return the outputs (batch, n_out) of the inputs x (batch, n_in)."""
        topology = plan.topology
        X = units_first(x)
        y = empty(len(x), topology.shape[1], weight)
        if y.numel():
            layer = numpy_layer(topology, weight, bias)
            slope = 0.0 if plan.rectifies else None
            with TEAM as team:
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
        if not plan.is_current(plan.topology):
            raise RuntimeError(EVOLVED)
        X, D = units_first(x), units_first(grad)
        if plan.rectifies:
            D = rectified(D, y)
        if plan.recorder is not None and D.numel():
            plan.recorder.note(X, y.detach().t(), D)
        wanted = ctx.needs_input_grad
        layer = numpy_layer(plan.topology, weight, bias)
        dx = empty(len(x), plan.topology.shape[0] if wanted[0] else 0, weight)
        of_weight, of_bias = _gradients(layer, X, D, dx, wanted)
        return dx if wanted[0] else None, of_weight, of_bias, None


def _gradients(
    layer: Layer, X: Tensor, D: Tensor, dx: Tensor, wanted: tuple[bool, ...]
) -> tuple[Tensor | None, Tensor | None]:
    """Return the gradients of weights and bias; write that of the inputs into dx."""
    _, of_weight, of_bias, *_ = wanted
    DX = dx.t().numpy()
    if not D.numel():  # an empty batch
        g, b = np.zeros_like(layer.weights), np.zeros_like(layer.bias)
    elif of_weight:
        with TEAM as team:
            g, b = layer.gradients(X.numpy(), D.numpy(), DX, team)
    else:  # a frozen layer
        b = D.numpy().sum(axis=1) if of_bias else layer.bias
        if DX.shape[0]:
            with TEAM as team:
                layer.pull_back(D.numpy(), np.zeros(len(DX), DX.dtype), DX, team)
    return (
        torch.from_numpy(g) if of_weight else None,
        torch.from_numpy(b) if of_bias else None,
    )


# The kernels are a black box to TorchDynamo: torch.compile breaks its graph here.
@torch.compiler.disable
def sparse_product(x: Tensor, weight: Tensor, bias: Tensor | None, plan: Plan) -> Any:
    """Return the outputs (batch, n_out) of the inputs x (batch, n_in)."""
    return SparseProduct.apply(x, weight, bias, plan)
