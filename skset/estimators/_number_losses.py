"""Losses of numbers: the values of the regressor's parameter `loss`."""

from typing import Any

from skset.estimators._parameters import Instance
from skset.model import LOSSES, Loss

__all__ = ["NUMBER_LOSSES", "NumberLoss", "number_loss"]


def _is_of_numbers(loss: Any) -> bool:
    """Return whether the targets of a loss are numbers, not classes."""
    return "softmax" not in loss.outputs


NUMBER_LOSSES: dict[str, type[Loss]] = {
    name: kind for name, kind in LOSSES.items() if _is_of_numbers(kind)
}


class NumberLoss(Instance):
    """An object of a class of losses whose targets are numbers."""

    def __init__(self) -> None:
        super().__init__(Loss)

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether the value is a loss, and takes numbers for targets."""
        return super().is_satisfied_by(val) and _is_of_numbers(val)

    def __str__(self) -> str:
        return f"{super().__str__()}, for numbers"


def number_loss(loss: str | Loss, quantile: float) -> Loss:
    """Return the loss that the parameters of a regressor name."""
    if isinstance(loss, Loss):
        return loss
    if loss == "quantile":
        return NUMBER_LOSSES[loss](quantile=quantile)  # type: ignore[call-arg]
    return NUMBER_LOSSES[loss]()
