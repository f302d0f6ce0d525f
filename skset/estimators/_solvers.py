"""Optimiser, penalty and learning rate from `solver`, `alpha` and `learning_rate`."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

from skset.training import LBFGS, SGD, Adam, AdamW, LearningRate

__all__ = ["SOLVERS", "Solver", "Steps", "steps"]


@dataclass(frozen=True)
class Solver:
    """A solver by its name.

    Attributes
    ----------
    optimiser : callable
        Makes the optimiser, given the parameters of the estimator.
    adapts_rate : bool, default=False
        Whether it adapts the learning rate. As in scikit-learn, "invscaling" and
        "adaptive" then have no effect.
    decays : bool, default=False
        Whether `alpha` is a decay in the optimiser. Else it is a penalty in the loss.
    """

    optimiser: Callable[[SimpleNamespace], SGD | Adam | type[LBFGS]]
    adapts_rate: bool = False
    decays: bool = False


SOLVERS: dict[str, Solver] = {
    "adam": Solver(
        lambda p: Adam(p.beta_1, p.beta_2, p.adam_epsilon),
        adapts_rate=True,
    ),
    "adamw": Solver(
        lambda p: AdamW(p.beta_1, p.beta_2, p.adam_epsilon, p.alpha),
        adapts_rate=True,
        decays=True,
    ),
    "sgd": Solver(lambda p: SGD(p.momentum, p.nesterovs_momentum)),
    # Its training is made elsewhere; here it only tells that it has no momentum.
    "lbfgs": Solver(lambda p: LBFGS, adapts_rate=True),
}


class Steps(NamedTuple):
    """Optimiser, penalty and learning rate of a training.

    Attributes
    ----------
    optimiser : SGD or Adam
        Takes the steps.
    penalty : float
        L2 penalty of the loss.
    learning_rate : LearningRate
        Of a training that ends at `max_iter`, or has no planned end.
    """

    optimiser: Any
    penalty: float
    learning_rate: LearningRate


def steps(p: SimpleNamespace, partial: bool) -> Steps:
    """Return optimiser, penalty and learning rate of a training."""
    solver = SOLVERS[p.solver]
    penalty = 0.0 if solver.decays else p.alpha
    return Steps(solver.optimiser(p), penalty, _learning_rate(p, partial))


def _learning_rate(p: SimpleNamespace, partial: bool) -> LearningRate:
    schedule = p.learning_rate
    falls_by_itself = schedule in ("invscaling", "adaptive")
    if (schedule == "cosine" and partial) or (
        falls_by_itself and SOLVERS[p.solver].adapts_rate
    ):
        schedule = "constant"
    return LearningRate(p.learning_rate_init, schedule, p.power_t)
