"""Parameters that are "auto": numbers that follow the shape of the data.

docs/defaults.md has the evidence for each rule.
"""

import math
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
    batch_size : int
        Samples per step.
    n_outputs : int
        Output units; one for two classes.
    partial : bool, default=False
        Whether the rows are those of one call of many.
    """

    n_rows: int
    batch_size: int
    n_outputs: int
    partial: bool = False


def _alpha(p: SimpleNamespace, shape: Shape) -> float:
    """Return a penalty that falls with the number of rows of a class."""
    n, n_classes = shape.n_rows, max(2, shape.n_outputs)
    # A decay or a penalty that is no share of a batch; or rows of which more will come.
    if p.solver in ("adamw", "lbfgs") or shape.partial:
        return 0.1
    many = max(1.0, math.sqrt(n / 2000))
    return 10 * shape.batch_size / (n_classes * n) * many


def _learning_rate_init(p: SimpleNamespace, shape: Shape) -> float:
    """Return a rate that grows with the root of the batch, as noise falls with it."""
    return 0.003 * max(1.0, math.sqrt(shape.batch_size / 32))


def _max_iter(p: SimpleNamespace, shape: Shape) -> int:
    """Return 30 epochs, and fewer if there are many rows."""
    if p.solver == "lbfgs":
        return 60
    return max(4, round(30 * min(1.0, math.sqrt(5000 / shape.n_rows))))


def _n_iter_no_change(p: SimpleNamespace, shape: Shape) -> float:
    """Return no bound where the rate falls to 0: its end is the best part of a fit."""
    return math.inf if p.learning_rate == "cosine" and not p.early_stopping else 10


Rule: TypeAlias = Callable[[SimpleNamespace, Shape], Any]
RULES: dict[str, Rule] = {
    "alpha": _alpha,
    "learning_rate_init": _learning_rate_init,
    "max_iter": _max_iter,
    "n_iter_no_change": _n_iter_no_change,
}
# A selector has one number for all data, and a `max_iter` that goes by the steps.
SELECTION_RULES: dict[str, Rule] = {
    "alpha": lambda p, shape: 0.1,
    "learning_rate_init": lambda p, shape: 0.003,
    "n_iter_no_change": lambda p, shape: math.inf,
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
