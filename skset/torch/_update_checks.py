"""Checks of what a `TopologyUpdate` is made of, and its count of epochs in vain."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

from torch import nn

from skset.strategies import ConstantDensity, ConstantSchedule, Evolution
from skset.torch._linear import SETLinear

__all__ = ["Stall", "checked_every", "checked_total", "is_constant", "layers_to_evolve"]


@dataclass
class Stall:
    """How long a loss has not improved.

    Attributes
    ----------
    best : float
        The lowest loss so far.
    n : int
        Epochs since.
    """

    best: float = float("inf")
    n: int = 0

    def after(self, loss: float) -> int:
        """Return the number of epochs without an improvement, this one included."""
        self.n = 0 if loss < self.best else self.n + 1
        self.best = min(self.best, loss)
        return self.n


def layers_to_evolve(module: nn.Module) -> list[SETLinear]:
    """Return the SETLinear layers of a module whose weights are trained."""
    layers = [
        part
        for part in module.modules()
        if isinstance(part, SETLinear) and part.weight.requires_grad
    ]
    if not layers:
        raise ValueError("module has no SETLinear whose weight is trained.")
    if len({id(layer.weight) for layer in layers}) < len(layers):
        raise ValueError("Two SETLinear layers share one weight; they cannot evolve.")
    return layers


def checked_every(every: Any) -> int | str:
    is_count = isinstance(every, Integral) and not isinstance(every, bool)
    if every == "epoch" or (is_count and every >= 1):
        return "epoch" if every == "epoch" else int(every)
    raise ValueError(f"every must be 'epoch' or a number of steps, got {every!r}.")


def checked_total(every: int | str, epochs: Any, steps: Any) -> int | None:
    """Return the number of calls of a training, None if it is not given."""
    by_epochs = every == "epoch"
    name, total = ("total_epochs", epochs) if by_epochs else ("total_steps", steps)
    if (steps if by_epochs else epochs) is not None:
        raise ValueError(f"With every={every!r} give {name}, not the other total.")
    if total is None:
        return None
    if not isinstance(total, Integral) or isinstance(total, bool) or total < 1:
        raise ValueError(f"{name} must be a whole number >= 1, got {total!r}.")
    return int(total)


def is_constant(evolution: Evolution) -> bool:
    """Return whether zeta and the density do not depend on the time."""
    zeta = evolution.schedule
    constant = isinstance(zeta, ConstantSchedule) and zeta.stop == 1
    return constant and isinstance(evolution.density_schedule, ConstantDensity)
