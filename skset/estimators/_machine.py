"""The Boltzmann machine of a `SparseRBM`, and its training, made of the parameters."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from skset.estimators._estimator import clipped_batch_size
from skset.estimators._fit import generators
from skset.estimators._visible_units import smoothed_means
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

__all__ = ["FIXED", "new_machine", "new_training", "optimiser", "sampler"]

# Initial weights are N(0, 0.05^2), as in the authors' code; "normal" is N(0, 0.1^2).
WEIGHT_INIT, SCALE = "normal", 0.05 / 0.1
# Stopping early and pruning units belong to the perceptrons.
FIXED: dict[str, Any] = {"early_stopping": False, "tol": None, "unit_pruning": None}


def new_machine(
    p: SimpleNamespace, samples: Samples, topology_rng: np.random.Generator
) -> tuple[RBM, DensityGoal | None]:
    """Return a machine that has learned nothing, and the goal of its density."""
    shapes = [(samples.n_features, p.n_components)]
    topologies = initial_topologies(p.init, shapes, topology_rng)
    [topology], goal = denser_at_first(topologies, p.density_schedule, topology_rng)
    machine = RBM.initial(
        topology,
        topology_rng,
        smoothed_means(samples.X, samples.weight, p.dtype).astype(p.dtype),
        weight_init=WEIGHT_INIT,
        scale=SCALE,
    )
    return machine, goal


def new_training(
    p: SimpleNamespace,
    state: State,
    samples: Samples,
    goal: DensityGoal | None,
    partial: bool,
) -> Training:
    """Return the training of a machine, which ends at `n_iter` or is `partial`."""
    schedule = "constant" if partial else p.learning_rate_schedule
    state.learning_rate = LearningRate(p.learning_rate, schedule)
    rule: Any = ContrastiveDivergence(
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


def sampler(random_state: Any) -> np.random.Generator:
    """Return a generator for samples, apart from those of a fit."""
    rng, _ = generators(random_state)
    return rng.spawn(1)[0]
