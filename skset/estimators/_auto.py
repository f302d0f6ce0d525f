"""Parameters that are "auto": numbers that follow the shape of the data.

docs/defaults.md has the evidence for each rule.
"""

import math
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeAlias

__all__ = [
    *["CLASSIFIER_RULES", "RULES", "SELECTION_RULES"],
    *["Rule", "Shape", "resolve"],
]


# Fewer steps teach nothing, as on the few rows of an example.
FEWEST_STEPS = 250


class Shape(NamedTuple):
    """What the rules look at.

    Attributes
    ----------
    n_rows : int
        Samples to train on that have weight; in `partial_fit` those of the first call.
    batch_size : int
        Samples per step.
    n_classes : int or None
        Classes or labels; None if numbers are learned.
    partial : bool, default=False
        Whether the rows are those of one call of many.
    wide : bool, default=False
        Whether something is learned from y with fewer rows than columns.
    """

    n_rows: int
    batch_size: int
    n_classes: int | None
    partial: bool = False
    wide: bool = False


def _alpha(p: SimpleNamespace, shape: Shape) -> float:
    """Return a penalty that falls with the rows and with the classes."""
    # A decay or a penalty that is no share of a batch; or rows of which more will come.
    if p.solver in ("adamw", "lbfgs") or shape.partial:
        return 0.1
    share = 0.06 if shape.n_classes is None else 0.5 / shape.n_classes
    return share * shape.batch_size / math.sqrt(shape.n_rows)


def _learning_rate_init(p: SimpleNamespace, shape: Shape) -> float:
    """Return a rate that grows with the batch, as the noise of its gradient falls."""
    share = min(max(1.0, shape.batch_size / 32), 4.0)
    return 0.03 * share if p.solver == "sgd" else 0.003 * math.sqrt(share)


def _max_iter(p: SimpleNamespace, shape: Shape) -> int:
    """Return 25 epochs, fewer if there are many rows, more if they make few steps."""
    if p.solver == "lbfgs":
        return 60
    n_steps = math.ceil(shape.n_rows / shape.batch_size)
    epochs = round(25 * min(1.0, math.sqrt(5000 / shape.n_rows)))
    return max(4, epochs, math.ceil(FEWEST_STEPS / n_steps))


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
# Both are adapted to the data later, in `SparsePerceptron._adapt`.
CLASSIFIER_RULES: dict[str, Rule] = {**RULES, "temperature": lambda p, shape: 1.0}
# With fewer rows than columns a network alone cannot tell which columns matter, and
# noise hides the little that it can. All else is the same for all data.
SELECTION_RULES: dict[str, Rule] = {
    "alpha": lambda p, shape: 0.1,
    "learning_rate_init": lambda p, shape: 0.003,
    "n_iter_no_change": lambda p, shape: math.inf,
    "importance": lambda p, shape: "relevance" if shape.wide else "coverage",
    "noise": lambda p, shape: 0.3 if shape.wide else 1.0,
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
        given = getattr(p, name)
        if isinstance(given, str) and given == "auto":
            chosen[name] = known[name] if name in known else rule(p, shape)
            setattr(p, name, chosen[name])
    return chosen
