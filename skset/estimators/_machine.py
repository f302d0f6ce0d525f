"""The Boltzmann machine of a `SparseRBM`: what it learns, its training, its answers."""

import copy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import DTypeLike

from skset.estimators._estimator import clipped_batch_size
from skset.estimators._input import checked_again
from skset.estimators._number_targets import InputTargets
from skset.estimators._sample_weight import scaled
from skset.estimators._streams import generators
from skset.estimators._types import Array, Matrix, MatrixLike, Rows
from skset.estimators._visible_units import (
    VisibleTotals,
    check_probabilities,
    probabilities,
)
from skset.model import RBM, Samples
from skset.strategies import initial_topologies
from skset.training import (
    SGD,
    ContrastiveDivergence,
    DensityGoal,
    Evolver,
    LearningRate,
    State,
    Training,
    denser_at_first,
)

__all__ = [
    "FIXED",
    "by_sample",
    "facts_of_inputs",
    "new_machine",
    "new_training",
    "optimiser",
    "prepared",
    "sampler",
    "unchanged",
]

# Initial weights are N(0, 0.05^2), as in the authors' code; "normal" is N(0, 0.1^2).
WEIGHT_INIT, SCALE = "normal", 0.05 / 0.1
# Only perceptrons stop early and prune units.
FIXED: dict[str, Any] = {"early_stopping": False, "tol": None, "unit_pruning": None}


def prepared(
    estimator: Any, p: SimpleNamespace, X: Matrix, reset: bool
) -> tuple[Matrix, InputTargets]:
    """Return X, checked to be probabilities, and what is to be learned: X alone."""
    X = probabilities(X, p.dtype, type(estimator).__name__)
    return X, InputTargets(p.dtype, reconstructs=False)


def facts_of_inputs(
    estimator: Any, p: SimpleNamespace, training_set: Rows, exponent: int = 0
) -> VisibleTotals:
    """Return what the visible biases follow from."""
    X, _, weight, _ = training_set  # all rows: no machine stops early
    return VisibleTotals.of(X, scaled(weight), p.dtype, exponent)


def unchanged(estimator: Any, p: SimpleNamespace) -> dict[str, tuple[Any, Any]]:
    """Return what must not change: for each parameter its value now and before."""
    machine = estimator._network
    return {
        "n_components": (p.n_components, machine.n_units[1]),
        "dtype": (np.dtype(p.dtype).name, machine.dtype.name),
    }


def new_machine(
    p: SimpleNamespace, samples: Samples, rng: Generator, topology_rng: Generator
) -> tuple[RBM, DensityGoal | None]:
    """Return an untrained machine, and the goal of its density."""
    shapes = [(samples.n_features, p.n_components)]
    topologies = initial_topologies(p.init, shapes, topology_rng)
    [topology], goal = denser_at_first(topologies, p.density_schedule, topology_rng)
    machine = RBM.initial(
        topology,
        topology_rng,
        p.inputs.smoothed_means(p.dtype).astype(p.dtype),
        weight_init=WEIGHT_INIT,
        scale=SCALE,
    )
    return machine, goal


def new_training(
    estimator: Any,
    p: SimpleNamespace,
    state: State,
    samples: Samples,
    partial: bool = False,
) -> Training:
    """Return the training of a machine: `partial`, or with an end at `n_iter`."""
    schedule = "constant" if partial else p.learning_rate_schedule
    state.learning_rate = LearningRate(p.learning_rate, schedule)
    goal = estimator._density_goal
    rule = ContrastiveDivergence(
        optimiser(p),
        alpha=p.alpha,
        n_gibbs=p.n_gibbs,
        persistent=p.persistent,
        n_chains=p.batch_size,
    )
    return Training(
        state,
        samples,
        rule,
        Evolver(p.evolution, WEIGHT_INIT, edge_scale=SCALE, goal=goal),
        batch_size=clipped_batch_size(p.batch_size, samples.n_samples, partial),
        max_epochs=p.n_iter,
        n_threads=p.n_threads,
    )


def optimiser(p: SimpleNamespace) -> SGD:
    """Return the optimiser."""
    return SGD(p.momentum, nesterov=False)


def by_sample(
    estimator: Any,
    X: MatrixLike,
    dtype: DTypeLike,
    answer: Callable[[RBM, Array], Array],
) -> Array:
    """Return what ``answer(machine, V)`` gives for each sample; X is checked."""
    X = checked_again(estimator, X)
    machine: RBM = estimator._network
    check_probabilities(X, machine.dtype, type(estimator).__name__)
    return machine.by_sample(Samples(X, dtype=machine.dtype), dtype, answer)


def sampler(
    last: Generator | None, random_state: int | np.random.RandomState | None
) -> Generator:
    """Return a generator for samples, apart from those of a fit.

    It goes on where the last one ended, of which it is a copy: neither a failing call
    nor a copied machine draws on.
    """
    if last is not None:
        return copy.deepcopy(last)
    rng, _ = generators(random_state)
    return rng.spawn(1)[0]
