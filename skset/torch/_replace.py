"""`replace_linear`: sparse layers in place of the dense ones of a module."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from torch import nn

from skset.model import Layer
from skset.strategies import INITS, initial_topologies, needs_of
from skset.topology import Topology
from skset.torch._layer_checks import check_option, checked_dtype
from skset.torch._linear import SETLinear
from skset.torch._random import generator

__all__ = ["replace_linear"]


def replace_linear(
    module: nn.Module,
    density: float,
    *,
    skip: Iterable[str] = (),
    init: Any = "uniform",
    how: str = "random",
    weight_init: str = "he",
    random_state: Any = None,
) -> nn.Module:
    """Replace each `torch.nn.Linear` of a module by a `SETLinear`, in place.

    Parameters
    ----------
    module : torch.nn.Module
        It is changed, unless it is a Linear itself. Make its optimiser afterwards: the
        parameters are others.
    density : float in (0, 1]
        Share of their possible connections that the new layers have together.
    skip : iterable of str, default=()
        Names of layers that stay dense, as `module.named_modules` has them, or of parts
        of the module within which all do.
    init : {"uniform", "erdos_renyi", "uniform_plus"} or callable, default="uniform"
        How they are shared out: a name, or an object of `skset.strategies`, which has a
        density of its own. "uniform" gives each layer the same density.
    how : {"random", "magnitude"}, default="random"
        As in `SETLinear.from_linear`. The default is for a module that is to be
        trained; "magnitude" is for one that has been.
    weight_init : {"he", "glorot", "normal"}, default="he"
        Initial weights if `how` is "random".
    random_state : int, numpy.random.Generator or None, default=None
        Draws connections and weights. None takes a seed from PyTorch's generator.

    Returns
    -------
    module : torch.nn.Module
        The given one; a `SETLinear` if that was a Linear.

    Raises
    ------
    ValueError
        If a parameter is out of its range, a name is unknown, there is nothing to
        replace, or a layer shares its weight with another part of the module. Nothing
        is changed then.

    Notes
    -----
    Subclasses of Linear stay as they are. So do those whose weights are read by their
    owner: the output projection of `torch.nn.MultiheadAttention`. The fast path of
    `torch.nn.TransformerEncoderLayer`, which reads the weights too, is switched off.

    Examples
    --------
    >>> from torch import nn
    >>> from skset.torch import replace_linear
    >>> net = nn.Sequential(nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 10))
    >>> net = replace_linear(net, density=0.1, skip=("2",), random_state=0)
    >>> [type(part).__name__ for part in net]
    ['SETLinear', 'ReLU', 'Linear']
    """
    skipped = _checked_skip(module, skip)
    found = {
        name: part
        for name, part in module.named_modules()
        if type(part) is nn.Linear and not _is_within(name, skipped)
    }
    if not found:
        raise ValueError("module has no torch.nn.Linear to replace.")
    _check_not_shared(module, found)
    check_option("how", how)
    rng = generator(random_state)
    shapes = [(part.in_features, part.out_features) for part in found.values()]
    topologies = initial_topologies(_checked_init(init, density), shapes, rng)
    made = {
        part: _sparse(part, topology, how, weight_init, rng)
        for part, topology in zip(found.values(), topologies, strict=True)
    }
    return _put_in_place(module, made)


def _checked_init(init: Any, density: float) -> Any:
    """Return an init by its name, or the given one."""
    strategy = init
    if isinstance(init, str):
        if init not in INITS:
            raise ValueError(f"init {init!r} is none of {sorted(INITS)}.")
        strategy = INITS[init](density=density)
    if needs_of(strategy, "init").sensitivities:
        raise ValueError(
            "init must not need sensitivities, as 'snip' does: they are gradients of a "
            "loss, which replace_linear does not know."
        )
    return strategy


def _sparse(
    linear: nn.Linear, topology: Topology, how: str, weight_init: str, rng: Any
) -> SETLinear:
    """Return a layer with a topology, or with its number of the greatest weights."""
    given: dict[str, Any] = {"weight_init": weight_init}
    if how == "magnitude":
        density = topology.nnz / (topology.shape[0] * topology.shape[1])
        return SETLinear.from_linear(linear, density, how, random_state=rng, **given)
    given |= {"device": linear.weight.device, "dtype": linear.weight.dtype}
    check_option("weight_init", weight_init)
    layer = Layer.initial(topology, weight_init, rng, checked_dtype(given["dtype"]))
    bias = None if linear.bias is None else linear.bias.detach().cpu().numpy()
    made = SETLinear.from_csr(layer.to_csr(), bias, **given)
    made.train(linear.training)
    return made


def _put_in_place(module: nn.Module, made: dict[nn.Linear, SETLinear]) -> nn.Module:
    """Replace the keys by the values wherever they are in the module."""
    if module in made:
        return made[module]
    for owner in module.modules():
        for name, part in list(owner._modules.items()):  # all names
            if part in made:
                setattr(owner, name, made[part])
                if isinstance(owner, nn.TransformerEncoderLayer):
                    owner.activation_relu_or_gelu = 0  # the fast path asks for it
    return module


def _checked_skip(module: nn.Module, skip: Iterable[str]) -> tuple[str, ...]:
    skipped = (skip,) if isinstance(skip, str) else tuple(skip)
    names = {name for name, _ in module.named_modules(remove_duplicate=False)}
    if unknown := sorted(set(skipped) - names):
        raise ValueError(f"skip has {unknown[0]!r}, which is no part of the module.")
    return skipped


def _is_within(name: str, skipped: tuple[str, ...]) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in skipped)


def _check_not_shared(module: nn.Module, found: dict[str, nn.Linear]) -> None:
    """Raise if a weight to be replaced is also a parameter of another part."""
    owners = defaultdict(set)
    for part in module.modules():
        for parameter in part.parameters(recurse=False):
            owners[id(parameter)].add(id(part))
    for name, part in found.items():
        if len(owners[id(part.weight)]) > 1:
            raise ValueError(
                f"The weight of {name!r} is shared with another part of the module. "
                f"Add {name!r} to skip."
            )
