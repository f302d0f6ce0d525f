"""`SETLinear`: a sparse linear layer for PyTorch."""

from typing import Any, Self, TypeAlias

import numpy as np
import torch
from torch import nn

from skset.model import Layer, Network
from skset.strategies import ErdosRenyi
from skset.topology import Topology
from skset.torch._cuda import csr_product
from skset.torch._function import sparse_product
from skset.torch._layer_cache import LayerCache
from skset.torch._layer_checks import (
    check_inputs,
    check_option,
    checked_dtype,
    checked_shape,
)
from skset.torch._pattern_tensors import (
    ARRAYS,
    greatest,
    loaded_topology,
    pattern_tensors,
    replace_data,
)
from skset.torch._random import generator
from skset.torch._recorder import Recorder

__all__ = ["SETLinear"]

Tensor: TypeAlias = torch.Tensor


class SETLinear(nn.Module):
    """A linear layer with few connections, whose topology can evolve.

    It takes the place of `torch.nn.Linear`. Time and memory are proportional to the
    number of connections; there is no dense matrix and no mask. `TopologyUpdate` lets
    the topology evolve while the layer is trained (Mocanu et al. 2018, Nature
    Communications 9:2383).

    On the CPU the layer runs skset's kernels, with as many threads as PyTorch has. On a
    GPU it runs PyTorch's sparse CSR products. Both give gradients once, not twice.

    Parameters
    ----------
    in_features : int
        Number of inputs, at least 1.
    out_features : int
        Number of outputs, at least 1.
    bias : bool, default=True
        Whether outputs have a bias, which begins at 0.
    epsilon : float, default=20
        The density is ``min(1, epsilon (n_in + n_out) / (n_in n_out))``. At least
        0.001. 20 is the value of Mocanu et al. 2018.
    density : float in (0, 1], default=None
        Share of the possible connections, in place of epsilon.
    activation : {None, "relu"}, default=None
        What is applied to the outputs. "relu" costs nothing in the forward pass.
    weight_init : {"he", "glorot", "normal"}, default="he"
        Initial weights, scaled with the number of connections that a unit really has.
        "he" suits relu. "normal" is N(0, 0.1^2), as in the code of the papers.
    random_state : int, numpy.random.Generator or None, default=None
        Draws connections and weights. None takes a seed from PyTorch's generator, so
        that `torch.manual_seed` decides.
    device : torch.device or str, default=None
        As in `torch.nn.Linear`.
    dtype : torch.dtype, default=None
        float32 or float64. None is PyTorch's default dtype.

    Attributes
    ----------
    weight : torch.nn.Parameter of shape (nnz,)
        Weight of each connection, in the order of the topology. A vector: so each
        optimiser that treats numbers one by one can train it.
    bias : torch.nn.Parameter of shape (out_features,) or None
        Bias of each output.
    indptr, indices : Tensor of shape (in_features + 1,) and (nnz,)
        The pattern, input by input, as buffers: `state_dict` has them. Loading one
        gives the layer the pattern and the number of connections that were saved. An
        optimiser keeps its reference to `weight`, but what it holds for each weight
        belongs to the old pattern: load its state too, or make a new one.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    Examples
    --------
    >>> import torch
    >>> from skset.torch import SETLinear
    >>> layer = SETLinear(100, 50, density=0.1, activation="relu", random_state=0)
    >>> layer
    SETLinear(in_features=100, out_features=50, bias=True, nnz=500, density=0.1, \
activation=relu)
    >>> layer(torch.ones(8, 100)).shape
    torch.Size([8, 50])
    """

    indptr: Tensor
    indices: Tensor
    bias: Tensor | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        epsilon: float = 20,
        density: float | None = None,
        activation: str | None = None,
        weight_init: str = "he",
        random_state: Any = None,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        shape, kind = checked_shape(in_features, out_features), checked_dtype(dtype)
        check_option("weight_init", weight_init)
        rng = generator(random_state)
        [topology] = ErdosRenyi(epsilon, density)([shape], rng)
        layer = Layer.initial(topology, weight_init, rng, kind)
        self._begin(layer, bias, activation, weight_init, device)

    def _begin(
        self, layer: Layer, bias: bool, activation: Any, weight_init: str, device: Any
    ) -> None:
        """Hold copies of the arrays of a layer."""
        super().__init__()
        check_option("activation", activation)
        check_option("weight_init", weight_init)
        self.in_features, self.out_features = layer.topology.shape
        self.activation, self.weight_init = activation, weight_init
        self.weight = nn.Parameter(torch.tensor(layer.weights, device=device))
        own = nn.Parameter(torch.tensor(layer.bias, device=device)) if bias else None
        self.register_parameter("bias", own)
        indptr, indices = pattern_tensors(layer.topology, device)
        self.register_buffer("indptr", indptr)
        self.register_buffer("indices", indices)
        self._cache = LayerCache()

    @classmethod
    def from_csr(
        cls,
        coef: Any,
        intercept: Any = None,
        *,
        activation: str | None = None,
        weight_init: str = "he",
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> Self:
        """Return a layer with given connections, as those of an estimator's network.

        Parameters
        ----------
        coef : sparse matrix or array of shape (in_features, out_features)
            Weights. Each value that a sparse matrix stores is a connection, even a 0.
        intercept : array-like of shape (out_features,), default=None
            Biases; None is a layer without bias.
        activation, weight_init, device, dtype
            As in `SETLinear`.

        Raises
        ------
        TypeError, ValueError
            As `skset.model.Network.from_csr`.
        """
        kind = checked_dtype(dtype)
        bias = np.zeros(coef.shape[-1]) if intercept is None else intercept
        [layer] = Network.from_csr([coef], [bias], dtype=kind).layers
        made = cls.__new__(cls)
        made._begin(layer, intercept is not None, activation, weight_init, device)
        return made

    @classmethod
    def from_linear(
        cls,
        linear: nn.Linear,
        density: float,
        how: str = "magnitude",
        *,
        activation: str | None = None,
        weight_init: str = "he",
        random_state: Any = None,
    ) -> Self:
        """Return a sparse layer in place of a dense one; it has the same bias.

        Parameters
        ----------
        linear : torch.nn.Linear
            It is not changed.
        density : float in (0, 1]
            Share of its connections that the new layer has.
        how : {"magnitude", "random"}, default="magnitude"
            "magnitude" keeps the greatest absolute weights, for a layer that is
            trained. "random" draws connections and weights as `SETLinear` does, for a
            layer to be trained: the initial weights of a dense layer are too small for
            a unit with few connections.
        activation, weight_init, random_state
            As in `SETLinear`. `random_state` also chooses between equal weights.

        Raises
        ------
        ValueError
            If a parameter is out of its range.
        """
        weight, bias = linear.weight.detach(), linear.bias
        check_option("how", how)
        rng = generator(random_state)
        made = cls(
            linear.in_features,
            linear.out_features,
            bias is not None,
            density=density,
            activation=activation,
            weight_init=weight_init,
            random_state=rng,
            device=weight.device,
            dtype=weight.dtype,
        )
        if how == "magnitude":
            made.rewire(*greatest(weight, made.nnz, rng))
        if bias is not None and made.bias is not None:
            made.bias.data.copy_(bias.detach())
        made.train(linear.training)
        return made

    @property
    def nnz(self) -> int:
        """Number of connections."""
        return int(self.indices.numel())

    @property
    def density(self) -> float:
        """Share of the possible connections that exist."""
        return self.nnz / (self.in_features * self.out_features)

    @property
    def topology(self) -> Topology:
        """The pattern of (in_features, out_features), as the buffers have it now."""
        return self._cache.topology(self._shape, self.indptr, self.indices)

    @property
    def _shape(self) -> tuple[int, int]:
        return self.in_features, self.out_features

    def rewire(self, topology: Topology, weight: Tensor) -> None:
        """Take another topology of the same shape, and its weights.

        The parameter `weight` stays the same object. Its gradient is cleared.
        """
        device, dtype = self.weight.device, self.weight.dtype
        self.indptr, self.indices = pattern_tensors(topology, device)
        replace_data(self.weight, weight.to(device, dtype))
        self.weight.grad = None
        self._cache.know(self.indptr, self.indices, topology)

    def record(self, recorder: Recorder | None) -> None:
        """Hand the signals of each backward pass to a recorder from now on."""
        self._cache.record(recorder)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs (..., out_features) of the inputs x (..., in_features)."""
        if torch.is_autocast_enabled(x.device.type):
            x = x.to(self.weight.dtype)
        check_inputs(x, self.in_features, self.weight)
        rows = x.reshape(-1, self.in_features) if x.dim() != 2 else x
        y = self._product(rows)
        return y if x.dim() == 2 else y.reshape(*x.shape[:-1], self.out_features)

    def _product(self, rows: Tensor) -> Tensor:
        topology, cache = self.topology, self._cache
        if self.weight.shape != (topology.nnz,):
            raise RuntimeError(
                f"weight of a SETLinear with {topology.nnz} connections must have "
                f"shape ({topology.nnz},), got {tuple(self.weight.shape)}."
            )
        plan = cache.plan(topology, self.activation == "relu", self._has)
        given = rows, self.weight, self.bias, plan
        if rows.device.type == "cpu":
            return sparse_product(*given)
        return csr_product(*given, cache.patterns(topology, rows.device))

    def _has(self, topology: Topology) -> bool:
        return self.topology is topology

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """Take the pattern of a state dict, then its numbers as any module does.

        If the arrays do not fit each other, the layer stays as it is, and
        `load_state_dict` raises a RuntimeError.
        """
        errors = args[4] if len(args) > 4 else kwargs["error_msgs"]
        if any(f"{prefix}{name}" in state_dict for name in ARRAYS):
            try:
                topology = loaded_topology(self._shape, state_dict, prefix)
            except ValueError as error:
                errors.append(f"{prefix or 'SETLinear'}: {error}")
                return
            self.rewire(topology, self.weight.new_empty(topology.nnz))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def to_csr(self) -> Any:
        """Return a copy of the weights, a SciPy CSR array (in_features, out_features).

        `skset.model.Network.from_csr` takes it.
        """
        return self.topology.to_csr(self.weight.detach().cpu().numpy().copy())

    def to_dense(self) -> Tensor:
        """Return the weights as `torch.nn.Linear` has them.

        The shape is (out_features, in_features). Gradients do not pass.
        """
        dense = self.weight.new_zeros(self.out_features, self.in_features)
        inputs = torch.tensor(self.topology.in_units, device=dense.device)
        dense[self.indices.long(), inputs.long()] = self.weight.detach()
        return dense

    def extra_repr(self) -> str:
        """Return what `repr` tells of the layer."""
        ending = f", activation={self.activation}" if self.activation else ""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}, nnz={self.nnz}, "
            f"density={self.density:.3g}{ending}"
        )
