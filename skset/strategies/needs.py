"""`Needs` and `Context`: what a strategy can ask for, and what it then sees."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from numbers import Integral
from typing import Any

from skset.topology import Floats, Topology, pair_scores, read_only

__all__ = ["ABSENT", "Context", "Needs"]


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a strategy asks for.

    A strategy declares it as `needs`: a class attribute, or a property where it depends
    on the strategy's parameters. What it asks for is then in the
    `~skset.strategies.Context` that it gets.

    Parameters
    ----------
    samples : int or callable, default=0
        For how many training rows the context has `inputs`, `outputs`, `deltas` and
        `gradients`. The rows are drawn anew for each evolution. A callable is given the
        `~skset.topology.Topology` of a layer and returns a number for it. All layers
        see the same rows: as many as the smallest of these numbers, but at least one.
        If drop and grow ask for different numbers, both get the greater one.
    explored : bool, default=False
        Whether the context has `explored`.
    momentum : bool, default=False
        Whether the context has `recent`. A solver without momentum raises an error.
    training_set : bool, default=False
        Whether the rows must come from the whole training set. `partial_fit`, which
        sees a part of it, then raises an error.
    sensitivities : bool, default=False
        Whether the context has `sensitivities`. Only an init can ask for them.

    Examples
    --------
    >>> from skset.strategies import Needs
    >>> Needs(samples=256, explored=True)
    Needs(samples=256, explored=True, momentum=False, training_set=False, \
sensitivities=False)
    """

    samples: int | Callable[[Topology], int] = 0
    explored: bool = False
    momentum: bool = False
    training_set: bool = False
    sensitivities: bool = False

    def __post_init__(self) -> None:
        if not (_is_count(self.samples) or callable(self.samples)):
            raise ValueError(
                "samples must be a whole number, 0 or more, or a function of a "
                f"topology, got {self.samples!r}."
            )
        for flag in fields(self)[1:]:
            value = getattr(self, flag.name)
            if not isinstance(value, bool):
                raise ValueError(f"{flag.name} must be True or False, got {value!r}.")


# What a strategy declares to find something in its context.
NEED_OF = {
    **dict.fromkeys(("inputs", "outputs", "deltas", "gradients"), "samples=256"),
    "explored": "explored=True",
    "recent": "momentum=True",
    "sensitivities": "sensitivities=True",
}
ONE_LAYER = " A network of one layer has no sensitivities."
# Stands for what a context does not have; to read it is an error.
ABSENT: Any = None


@dataclass(frozen=True, eq=False)
class Context:
    """What a strategy sees besides its first arguments. All arrays are read-only.

    To read something that the strategy did not ask for is an AttributeError, which says
    what to declare. A drop and a grow see the layer as it is before the drop. An init
    sees `n_layers`, and `sensitivities` if the network has more than one layer.

    Attributes
    ----------
    inputs : ndarray of shape (n_in, samples)
        Activations that go into the layer. Only with ``Needs(samples=...)``, as are the
        next three.
    outputs : ndarray of shape (n_out, samples)
        Activations that come out; in the output layer, the predictions.
    deltas : ndarray of shape (n_out, samples)
        Gradient of the loss with respect to the weighted sums. The gradient of
        connection (i, j), existing or not, is ``inputs[i] @ deltas[j]``.
    gradients : ndarray of shape (nnz,)
        Gradient of the loss with respect to each weight, in the order of `weights`.
    topology : Topology
        The connections of the layer.
    weights : ndarray of shape (nnz,)
        Their weights, in the order of the topology.
    explored : Topology
        Every position that has ever had a connection. Only with
        ``Needs(explored=True)``.
    recent : tuple of two ndarray of shape (n_in, n) and (n_out, n)
        Two thin matrices L and R. ``L @ R.T`` is the momentum of every weight, existing
        or not, up to a factor. Before the first training step n is 0. Only with
        ``Needs(momentum=True)``.
    longest_stall : int
        The most epochs in a row, so far, in which the validation score (without
        validation data, the training loss) did not improve.
    layer : int
        Which layer this is; 0 is the first.
    n_layers : int
        How many layers the network has.
    epoch : int
        How many epochs are done.
    progress : float
        The share of the training that is done, in [0, 1].
    sensitivities : callable
        ``sensitivities(topologies)`` returns an array for each layer: ``|w g|`` of each
        connection of a network with these topologies, w being its initial weight and g
        the gradient of the loss over one batch. Only with
        ``Needs(sensitivities=True)``.
    """

    inputs: Floats = field(default=ABSENT, repr=False)
    outputs: Floats = field(default=ABSENT, repr=False)
    deltas: Floats = field(default=ABSENT, repr=False)
    topology: Topology = field(default=ABSENT, repr=False)
    weights: Floats = field(default=ABSENT, repr=False)
    explored: Topology = field(default=ABSENT, repr=False)
    recent: tuple[Floats, Floats] = field(default=ABSENT, repr=False)
    longest_stall: int = 0
    layer: int = 0
    n_layers: int = 1
    epoch: int = 0
    progress: float = 0.0
    sensitivities: Callable[[Sequence[Topology]], list[Floats]] = field(
        default=ABSENT, repr=False
    )

    def __post_init__(self) -> None:
        seen = vars(self)
        for name in ("inputs", "outputs", "deltas", "weights"):
            if seen[name] is not ABSENT:
                seen[name] = read_only(seen[name])
        if seen["recent"] is not ABSENT:
            seen["recent"] = tuple(map(read_only, seen["recent"]))

    def __getattribute__(self, name: str) -> Any:
        value = object.__getattribute__(self, name)
        if value is ABSENT and name in NEED_OF:
            raise AttributeError(
                f"The context has no {name}. Declare needs = Needs({NEED_OF[name]}) in "
                f"the strategy's class.{ONE_LAYER if name == 'sensitivities' else ''}"
            )
        return value

    @cached_property
    def gradients(self) -> Floats:
        """Gradient of the loss with respect to each weight of the topology."""
        t = self.topology
        return read_only(pair_scores(self.inputs, self.deltas, t.indptr, t.indices))


def _is_count(value: Any) -> bool:
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    return is_whole and value >= 0
