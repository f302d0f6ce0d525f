"""Parameters that are "auto": numbers that follow the shape of the data.

docs/defaults.md has the evidence for each rule.
"""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeAlias

__all__ = ["RULES", "SELECTION_RULES", "Rule", "Shape", "resolve"]


class Shape(NamedTuple):
    """What the rules look at.

    Attributes
    ----------
    n_rows : int
        Samples to train on; in `partial_fit` those of the first call.
    n_columns : int
        Features.
    """

    n_rows: int
    n_columns: int


def _alpha(p: SimpleNamespace, shape: Shape) -> float:
    return 0.1


def _learning_rate_init(p: SimpleNamespace, shape: Shape) -> float:
    return 0.001


def _max_iter(p: SimpleNamespace, shape: Shape) -> int:
    return 60


Rule: TypeAlias = Callable[[SimpleNamespace, Shape], Any]
RULES: dict[str, Rule] = {
    "alpha": _alpha,
    "learning_rate_init": _learning_rate_init,
    "max_iter": _max_iter,
}
# A selector has one number for all data, and a `max_iter` that goes by the steps.
SELECTION_RULES: dict[str, Rule] = {
    "alpha": lambda p, shape: 0.1,
    "learning_rate_init": lambda p, shape: 0.003,
}


def resolve(
    p: SimpleNamespace,
    rules: Mapping[str, Rule],
    shape: Shape,
    known: Mapping[str, Any],
) -> dict[str, Any]:
    """Replace "auto" in the parameters by numbers; return all that were replaced.

    Parameters
    ----------
    p : SimpleNamespace
        The parameters, which are changed.
    rules : mapping of str to callable
        By the name of the parameter.
    shape : Shape
        Of the data of the first fit.
    known : dict
        Numbers of an earlier fit that goes on; they stay.
    """
    chosen = {}
    for name, rule in rules.items():
        if isinstance(getattr(p, name), str):
            chosen[name] = known[name] if name in known else rule(p, shape)
            setattr(p, name, chosen[name])
    return chosen
