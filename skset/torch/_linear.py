"""`SETLinear`: a sparse linear layer for PyTorch."""

from typing import Any, Self, TypeAlias

import numpy as np
import torch
from torch import nn

from skset.model import Layer, Network
from skset.strategies import ErdosRenyi
from skset.topology import Topology
from skset.torch import _layer_checks as checks
from skset.torch import _pattern_tensors as patterns
from skset.torch._cuda import CSRProduct
from skset.torch._function import SparseProduct
from skset.torch._layer_cache import LayerCache
from skset.torch._random import generator
from skset.torch._recorder import Recorder

__all__ = ["SETLinear"]

Tensor: TypeAlias = torch.Tensor


class SETLinear(nn.Module):
    """A linear layer with few connections, whose topology can evolve.

    It takes the place of ``torch.nn.Linear``. Time and memory are proportional to the
    connections; there is no dense matrix and no mask. `TopologyUpdate` lets the
    topology evolve in training (Mocanu et al. 2018, Nature Communications 9:2383).

    On the CPU the layer runs skset's kernels, with as many threads as PyTorch has. On a
    GPU it runs PyTorch's sparse CSR products. Both give gradients once, not twice.

    Parameters
    ----------
    in_features, out_features : int
        Numbers of inputs and outputs, at least 1.
    bias : bool, default=True
        Whether outputs have a bias, which begins at 0.
    epsilon : float, default=20
        The density is ``min(1, epsilon (n_in + n_out) / (n_in n_out))``. At least
        0.001; 20 as in Mocanu et al. 2018.
    density : float in (0, 1], default=None
        Share of the possible connections, in place of epsilon.
    activation : {None, "relu"}, default=None
        What is applied to the outputs.
    weight_init : {"he", "glorot", "normal"}, default="he"
        Initial weights, scaled with the number of connections that a unit really has.
        "he" suits relu. "normal" is N(0, 0.1^2), as in the code of the papers.
    random_state : int, numpy.random.Generator or None, default=None
        Draws connections and weights. None takes a seed from PyTorch's generator, so
        that ``torch.manual_seed`` decides.
    device : torch.device, str or int, default=None
        Where the layer is, as in ``torch.nn.Linear``; None is PyTorch's default.
    dtype : {torch.float32, torch.float64}, default=None
        Type of the weights. None is PyTorch's default type.

    Attributes
    ----------
    weight : torch.nn.Parameter of shape (nnz,)
        Weight of each connection, in the order of the topology. Any optimiser that
        treats numbers one by one can train it.
    bias : torch.nn.Parameter of shape (out_features,) or None
        Bias of each output.
    indptr, indices : Tensor of shape (in_features + 1,) and (nnz,)
        The pattern, input by input, as buffers: `state_dict` has them, and loading one
        replaces pattern and number of connections. An optimiser made before still
        refers to `weight`, but its state is of the old pattern: load its state too.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    Examples
    --------
    >>> import torch
    >>> from skset.torch import SETLinear
    >>> layer = SETLinear(100, 50, density=0.1, activation="relu", random_state=0)
    >>> layer.nnz, layer.density
    (500, 0.1)
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
        shape = checks.checked_shape(in_features, out_features)
        kind = checks.checked_dtype(dtype)
        checks.check_option("weight_init", weight_init)
        rng = generator(random_state)
        [topology] = ErdosRenyi(epsilon, density)([shape], rng)
        layer = Layer.initial(topology, weight_init, rng, kind)
        self._begin(layer, bias, activation, weight_init, device)

    def _begin(
        self, layer: Layer, bias: bool, activation: Any, weight_init: str, device: Any
    ) -> None:
        """Hold copies of the arrays of a layer."""
        super().__init__()
        checks.check_option("activation", activation)
        checks.check_option("weight_init", weight_init)
        self.in_features, self.out_features = self._units = layer.topology.shape
        self.activation, self.weight_init = activation, weight_init
        self.weight = nn.Parameter(torch.tensor(layer.weights, device=device))
        own = nn.Parameter(torch.tensor(layer.bias, device=device)) if bias else None
        self.register_parameter("bias", own)
        indptr, indices = patterns.pattern_tensors(layer.topology, device)
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
        """Return a layer with given connections.

        Parameters
        ----------
        coef : sparse matrix or array of shape (in_features, out_features)
            Weights. Each value that a sparse matrix stores is a connection, even a 0.
            They are checked as by `skset.model.Network.from_csr`.
        intercept : array-like of shape (out_features,), default=None
            Biases; None is a layer without bias.
        activation, weight_init, device, dtype
            As in `SETLinear`.
        """
        kind = checks.checked_dtype(dtype)
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
        random_state: Any = None,
        **options: Any,
    ) -> Self:
        """Return a sparse layer in place of a dense one; it has the same bias.

        Parameters
        ----------
        linear : torch.nn.Linear
            It is not changed.
        density : float in (0, 1]
            Share of its connections that the new layer has.
        how : {"magnitude", "random"}, default="magnitude"
            "magnitude" keeps the greatest absolute weights of a trained layer. "random"
            draws connections and weights as `SETLinear` does: initial weights of a
            dense layer are too small for a unit with few connections.
        random_state : int, numpy.random.Generator or None, default=None
            As in `SETLinear`. It also chooses between equal weights.
        **options
            `activation` and `weight_init` of `SETLinear`.

        Raises
        ------
        ValueError
            If a parameter is out of its range.
        """
        weight, bias = linear.weight.detach(), linear.bias
        checks.check_option("how", how)
        rng = generator(random_state)
        made = cls(
            linear.in_features,
            linear.out_features,
            bias is not None,
            density=density,
            random_state=rng,
            device=weight.device,
            dtype=weight.dtype,
            **options,
        )
        if how == "magnitude":
            made.rewire(*patterns.greatest(weight, made.nnz, rng))
        if bias is not None and made.bias is not None:
            made.bias.data.copy_(bias.detach())
        return made.train(linear.training)  # type: ignore[no-any-return]

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
        return self._cache.topology(self._units, self.indptr, self.indices)

    def rewire(self, topology: Topology, weight: Tensor) -> None:
        """Take a topology of the same shape and its weights; clear the gradient."""
        tensors = patterns.pattern_tensors(topology, self.weight.device)
        self.indptr, self.indices = tensors
        patterns.replace_data(self.weight, weight.to(self.weight))
        self.weight.grad = None
        self._cache.know(self.indptr, self.indices, topology)

    def record(self, recorder: Recorder | None) -> None:
        """Hand the signals of each backward pass to a recorder from now on."""
        self._cache.record(recorder)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs (..., out_features) of the inputs x (..., in_features)."""
        if torch.compiler.is_compiling():  # it cannot look into kernels
            return self._untraced(x)
        return self._outputs(x)

    @torch.compiler.disable
    def _untraced(self, x: Tensor) -> Tensor:
        return self._outputs(x)

    def _outputs(self, x: Tensor) -> Tensor:
        if torch.is_autocast_enabled(x.device.type):
            x = x.to(self.weight.dtype)
        checks.check_inputs(x, self.in_features, self.weight)
        rows = x.reshape(-1, self.in_features) if x.dim() != 2 else x
        y: Tensor = self._product(rows)
        return y if x.dim() == 2 else y.reshape(*x.shape[:-1], self.out_features)

    def _product(self, rows: Tensor) -> Any:
        topology, device = self.topology, rows.device
        checks.check_weight(self.weight, topology.nnz)
        plan = self._cache.plan(topology, self.activation == "relu", self._has)
        given = rows, self.weight, self.bias, plan
        if device.type == "cpu":
            return SparseProduct.apply(*given)
        return CSRProduct.apply(*given, self._cache.patterns(topology, device))

    def _has(self, topology: Topology) -> bool:
        return self.topology is topology

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """Take the pattern of a state dict, then its numbers as any module does.

        If they do not fit each other, the layer stays as it is, and an error is noted.
        """
        errors = args[4] if len(args) > 4 else kwargs["error_msgs"]
        if any(f"{prefix}{name}" in state_dict for name in patterns.ARRAYS):
            try:
                topology = patterns.loaded_topology(self._units, state_dict, prefix)
            except ValueError as error:
                errors.append(f"{prefix or 'SETLinear'}: {error}")
                return
            self.rewire(topology, self.weight.new_empty(topology.nnz))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def to_csr(self) -> Any:
        """Return a copy of the weights, SciPy's CSR (in_features, out_features)."""
        return self.topology.to_csr(self.weight.detach().cpu().numpy().copy())

    def to_dense(self) -> Tensor:
        """Return a copy of the weights, in the shape of a ``torch.nn.Linear``'s."""
        dense = self.weight.new_zeros(self.out_features, self.in_features)
        inputs = torch.tensor(self.topology.in_units, device=dense.device)
        dense[self.indices.long(), inputs.long()] = self.weight.detach()
        return dense

    def extra_repr(self) -> str:
        """Return what `repr` tells of the layer."""
        units = f"in_features={self.in_features}, out_features={self.out_features}"
        ending = f", activation={self.activation}" if self.activation else ""
        density = f"nnz={self.nnz}, density={self.density:.3g}"
        return f"{units}, bias={self.bias is not None}, {density}{ending}"
