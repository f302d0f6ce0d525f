"""The temperature of a short training: how sure it is of rows that it has not seen."""

import copy
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.random import Generator

from skset.estimators._table_size import TableSize
from skset.estimators._types import Array, Rows
from skset.model import Network, Samples
from skset.training import State

__all__ = ["MOST_ROWS", "PENALTY_POWER", "held_out_temperature"]

# With fewer rows too few are held out. With more the rule for alpha needs no help, and
# the short training would take long; see docs/defaults.md.
FEWEST_ROWS, MOST_ROWS = 20, 5000
# One row in so many is held out, and the training takes one epoch in so many. With
# a quarter of the epochs the network is not sure enough yet.
HELD_OUT, EPOCHS = 3, 2
# Wider bounds cost tables with few rows, of which even fewer are held out.
TEMPERATURES = np.arange(80, 126) / 100
# Alpha is multiplied by this power of a temperature above 1: by 3 at most.
PENALTY_POWER = 5


def held_out_temperature(
    estimator: Any, p: SimpleNamespace, training_set: Rows, rng: Generator
) -> float:
    """Return the temperature that suits the logits of rows held out, 0.8 to 1.25.

    A static network is trained for half of the epochs, or of those of ``max_iter=
    "auto"`` if these are fewer, on two thirds of the rows.
    The loss of the other third is least for its logits divided by the temperature
    (Guo et al. 2017). Above 1 the network is too sure, below 1 not sure enough.

    Parameters
    ----------
    estimator : SETClassifier
        Knows its targets and the units of the inputs. It is not changed.
    p : SimpleNamespace
        Its parameters, with numbers for those that are "auto".
    training_set : tuple
        X in the units of the network, y, weights and rows.
    rng : Generator
        Its stream is not moved on.

    Returns
    -------
    temperature : float
        1 if there are too few rows, or so many that it does not pay, or if the training
        fails.
    """
    order_rng = rng.spawn(1)[0]
    if not FEWEST_ROWS <= _n_with_weight(training_set) <= MOST_ROWS:
        return 1.0
    order, labels = _shuffled(estimator, training_set, order_rng)
    held_out = _held_out(order.size, labels)
    if not held_out.any():
        return 1.0
    part = _part(training_set, order[~held_out])
    try:
        network = _short_training(estimator, p, part, rng)
    except ValueError:  # the training itself will say why
        return 1.0
    targets = estimator._targets
    samples = targets.samples(*_part(training_set, order[held_out]))
    return _best_temperature(network, samples, targets.loss_function)


def _n_with_weight(training_set: Rows) -> int:
    _, y, weight, _ = training_set
    assert y is not None
    return len(y) if weight is None else int(np.count_nonzero(weight))


def _shuffled(
    estimator: Any, training_set: Rows, rng: Generator
) -> tuple[Array, Array | None]:
    """Return the rows with weight in a random order, and their classes if any."""
    _, y, weight, _ = training_set
    assert y is not None
    order = rng.permutation(len(y) if weight is None else np.flatnonzero(weight))
    labels = estimator._targets.strata(y)
    return order, None if labels is None else labels[order]


def _held_out(n_rows: int, labels: Array | None) -> Array:
    """Return which rows are held out: a third, of each class if there are labels."""
    held_out = np.zeros(n_rows, bool)
    if labels is None:
        held_out[HELD_OUT - 1 :: HELD_OUT] = True
        return held_out
    for label in np.unique(labels):  # the first two of each class are trained on
        held_out[np.flatnonzero(labels == label)[HELD_OUT - 1 :: HELD_OUT]] = True
    return held_out


def _part(training_set: Rows, places: Array) -> Rows:
    """Return some rows of a training set."""
    X, y, weight, rows = training_set
    y, weight = (None if part is None else part[places] for part in (y, weight))
    return X, y, weight, places if rows is None else rows[places]


def _short_training(
    estimator: Any, p: SimpleNamespace, training_set: Rows, rng: Generator
) -> Network:
    """Return a static network after half of the epochs."""
    twin = copy.copy(estimator)
    own = twin._read_parameters()
    own.evolution = twin._methods["static"].evolution()
    own.density_schedule = own.unit_pruning = None
    samples = twin._targets.samples(*training_set)
    if own.batch_size != "auto":  # one that suits all rows needs no warning
        own.batch_size = min(own.batch_size, samples.n_samples)
    own.max_iter = "auto"  # a large number may be meant to be stopped long before
    twin._choose(own, TableSize.of(training_set), goes_on=False)
    own.max_iter = -(-min(own.max_iter, p.max_iter) // EPOCHS)
    rng, topology_rng = rng.spawn(2)
    network, twin._density_goal = twin._new_network(own, samples, rng, topology_rng)
    # The training itself warns of a network without a path.
    state = State(network, rng, topology_rng, fell_apart=True)
    with twin._new_training(own, state, samples) as training:
        for _ in range(own.max_iter):
            next(training)
    trained: Network = state.network
    return trained


def _best_temperature(network: Network, samples: Samples, loss: Any) -> float:
    """Return the temperature of the least loss."""
    sums, rows = network.weighted_sums(samples), np.arange(samples.n_samples)
    targets, (weight, _) = samples.targets(rows), samples.weights(rows)
    with np.errstate(all="ignore"):
        losses = [loss(sums / T, targets, weight) for T in TEMPERATURES]
    if not np.isfinite(losses).all():
        return 1.0
    return float(TEMPERATURES[np.argmin(losses)])
