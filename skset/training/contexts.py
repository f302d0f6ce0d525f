"""`Contexts`: what the drop and the grow of an evolution see of each layer."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from skset.model.layer import Layer
from skset.model.signals import Signals
from skset.strategies.contracts import Context, Needs, bound
from skset.topology import Floats, checked_count
from skset.training.state import State

__all__ = ["Contexts", "Look"]

# Returns the signals of each layer for so many random samples, or fewer.
Look: TypeAlias = Callable[[int], list[Signals]]


class Contexts:
    """What strategies see in one evolution.

    When the object is made, before any layer changes, the samples are drawn and the
    signals of all layers are computed. Contexts are made layer by layer, so no layer is
    kept longer than needed.

    Parameters
    ----------
    evolution : Evolution
        The strategies and their needs.
    called : sequence of {"drop", "grow"}
        The strategies that will be called.
    state : State
        Of the training, with the network before the evolution.
    look : callable
        ``look(n)`` returns the `Signals` of each layer for n random rows, or fewer.
    progress : float in [0, 1]
        Share of the training that is done.
    """

    def __init__(
        self,
        evolution: Any,
        called: Sequence[str],
        state: State,
        look: Look,
        progress: float,
    ) -> None:
        self._evolution = evolution
        self._needs = {parameter: evolution.needs[parameter] for parameter in called}
        self._moment: dict[str, Any] = {
            "n_layers": len(state.network.layers),
            "epoch": state.epochs,
            "progress": progress,
            "longest_stall": state.longest_stall,
        }
        self._recent_steps = state.recent_steps
        n = self._n_samples(state.network.layers)
        self._signals = look(n) if n else None

    def bound(self, depth: int, layer: Layer) -> dict[str, Callable[..., Any]]:
        """Return the called strategies, each bound to its context of a layer.

        Parameters
        ----------
        depth : int
            Which layer; 0 is the first.
        layer : Layer
            The layer before the evolution.
        """
        made: dict[tuple[bool, ...], Context] = {}
        functions = {}
        for parameter, needs in self._needs.items():
            shown = bool(needs.samples), needs.explored, needs.momentum
            # One context for both if they see the same, because it caches gradients.
            if shown not in made:
                made[shown] = self._context(depth, layer, needs)
            strategy = getattr(self._evolution, parameter)
            functions[parameter] = bound(parameter, strategy, made[shown])
        return functions

    def _context(self, depth: int, layer: Layer, needs: Needs) -> Context:
        """Return what a strategy with these needs sees of a layer."""
        seen: dict[str, Any] = {"topology": layer.topology, "weights": layer.weights}
        if needs.samples and self._signals is not None:
            signals = self._signals[depth]
            seen.update(inputs=signals.inputs, outputs=signals.outputs)
            seen["deltas"] = signals.deltas
        if needs.explored:
            seen["explored"] = layer.explored
        if needs.momentum:
            seen["recent"] = self._recent(depth, layer)
        return Context(layer=depth, **seen, **self._moment)

    def _recent(self, depth: int, layer: Layer) -> tuple[Floats, Floats]:
        """Return the factors of a layer's momentum, empty before the first step."""
        if self._recent_steps:
            return self._recent_steps.factors(depth)
        n_in, n_out = layer.topology.shape
        dtype = layer.weights.dtype
        return np.empty((n_in, 0), dtype), np.empty((n_out, 0), dtype)

    def _n_samples(self, layers: Sequence[Layer]) -> int:
        """Return how many samples the strategies look at; 0 if none does.

        For each strategy its most costly layer decides. It gets at least one sample.
        """
        wanted = [
            max(1, min(_sample_sizes(parameter, needs.samples, layers)))
            for parameter, needs in self._needs.items()
            if needs.samples
        ]
        return max(wanted, default=0)


def _sample_sizes(
    parameter: str, samples: int | Callable[..., int], layers: Sequence[Layer]
) -> list[int]:
    """Return how many samples a strategy asks for in each layer."""
    if not callable(samples):
        return [int(samples)]
    return [
        checked_count(f"{parameter}.needs.samples", samples(layer.topology), depth)
        for depth, layer in enumerate(layers)
    ]
