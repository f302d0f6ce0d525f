"""`fit` and `partial_fit` of all estimators, each to be read from top to bottom.

Check, targets, network, loop, record; the loop over epochs is in `_epochs.py`.
Estimators differ in the methods of `SparseEstimator` that are called here.
"""

import copy
import time
from functools import wraps
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from skset.estimators._epochs import train
from skset.estimators._fit_data import targets_learned
from skset.estimators._held_out import checked_held_out, split
from skset.estimators._progress import Snapshot, copied
from skset.estimators._progress_line import ProgressLine
from skset.estimators._stopping import NeverStopping, new_stopping
from skset.estimators._streams import generators
from skset.estimators._table_size import TableSize
from skset.estimators._types import Function, Rows
from skset.estimators._units import scaled_table
from skset.strategies import needs_of
from skset.training import State

__all__ = [
    "all_or_nothing",
    "begin_record",
    "check_momentum",
    "first_state",
    "fit",
    "partial_fit",
]

# A `SparseEstimator`, whose module imports this one's users.
Estimator = TypeVar("Estimator", bound=Any)


def all_or_nothing(method: Function) -> Function:
    """Make a method leave the estimator as it was if it raises.

    The method may replace attributes of the estimator. It must not change their
    objects in place.
    """

    @wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = vars(self).copy()
        try:
            return method(self, *args, **kwargs)
        except BaseException:
            self.__dict__ = before  # in one call: another interrupt may come
            raise

    return cast(Function, wrapper)


def fit(
    estimator: Estimator,
    X: Any,
    y: Any = None,
    sample_weight: Any = None,
    held_out: tuple[Any, Any, Any] = (None, None, None),
    snapshot: Snapshot | None = None,
) -> Estimator:
    """Train until the end; with `warm_start` go on from the last network.

    Parameters
    ----------
    estimator : SparseEstimator
        Its fitted attributes are set.
    X, y, sample_weight
        As the user gave them.
    held_out : tuple
        X, y and weights to validate on, as the user gave them.
    snapshot : Snapshot, default=None
        Where the fit of this estimator stood before a break. It goes on from there.

    Returns
    -------
    estimator : SparseEstimator
        Itself.
    """
    given = _given(X, y, sample_weight)  # callbacks get X and y as given
    p = estimator._read_parameters()
    check_momentum(estimator, p)
    caller = "warm_start" if snapshot is None else "resume"
    goes_on = snapshot is not None or (
        p.warm_start and estimator.__sklearn_is_fitted__()
    )

    # Check X, y and weights; learn what the targets are.
    X, y, weight = targets_learned(estimator, p, (X, y, sample_weight), goes_on, caller)
    n_iter = 0 if snapshot is None else estimator.n_iter_
    begin_record(estimator, n_iter, estimator.t_ if goes_on else 0)
    targets = estimator._targets

    # Samples to train on, and those to validate on.
    rng, topology_rng = _streams(estimator, p, snapshot)
    streams = rng.bit_generator.state, topology_rng.bit_generator.state
    given_rows: Rows = X, y, weight, None
    training_set, validation_set = _sets(
        estimator, p, given_rows, held_out, rng, goes_on
    )

    # Parameters that follow from the data, and the units of the inputs.
    inputs = _inputs(estimator, p, training_set, goes_on)
    if snapshot is None:
        estimator._adapt(p, (inputs, *training_set[1:]), rng, goes_on)
    else:
        p.temperature = snapshot.temperature
    samples = targets.samples(inputs, *training_set[1:])
    if validation_set is not None and validation_set[0] is not X:
        inputs = scaled_table(validation_set[0], estimator._scaling, p.table_dtype)
    stopping = new_stopping(estimator, p, validation_set, inputs)

    # Network, loop, and record.
    rngs = rng, topology_rng
    state = first_state(estimator, p, samples, rngs, stopping, snapshot, goes_on)
    train(estimator, p, state, samples, stopping, streams, given, snapshot)
    return estimator


def partial_fit(
    estimator: Estimator,
    X: Any,
    y: Any = None,
    sample_weight: Any = None,
    classes: Any = None,
) -> Estimator:
    """Train on one pass over the given data.

    Parameters
    ----------
    estimator : SparseEstimator
        Its fitted attributes are set.
    X, y, sample_weight, classes
        As the user gave them.

    Returns
    -------
    estimator : SparseEstimator
        Itself.
    """
    p = estimator._read_parameters()
    _check_partial(p)
    check_momentum(estimator, p)
    goes_on = estimator.__sklearn_is_fitted__()

    # Check X, y and weights; learn what the targets are.
    X, y, weight = targets_learned(
        estimator, p, (X, y, sample_weight), goes_on, "partial_fit", classes
    )
    before = (estimator.n_iter_, estimator.t_) if goes_on else (0, 0)
    begin_record(estimator, *before)
    inputs = _inputs(estimator, p, (X, y, weight, None), goes_on, partial=True)
    samples = estimator._targets.samples(inputs, y, weight)

    # Network, as the last call left it.
    state = copy.deepcopy(vars(estimator).get("_state"))
    if state is None:
        streams = generators(p.random_state, len(getattr(estimator, estimator._curve)))
        state = State(None, *streams, samples=estimator.t_)
    if goes_on:
        state.network = estimator._network.copy(at_rest=False)
    else:
        state.network, estimator._density_goal = estimator._new_network(
            p, samples, state.rng, state.topology_rng
        )

    # One epoch, and record.
    began = time.perf_counter()
    with estimator._new_training(p, state, samples, partial=True) as training:
        line = ProgressLine(p.verbose, training, partial=True)
        loss = next(training)
    estimator._record(loss, training)
    line.epoch(estimator.n_iter_, loss, time.perf_counter() - began, None)
    vars(estimator).update(estimator._learned_attributes(state.network, training))
    state.network = None  # it is kept once, as `_network`
    estimator._state = state
    return estimator


def _sets(
    estimator: Any,
    p: SimpleNamespace,
    given: Rows,
    held_out: tuple[Any, Any, Any],
    rng: Any,
    goes_on: bool,
) -> tuple[Rows, Rows | None]:
    """Return the rows to train on, and those to validate on if there are any."""
    if any(part is not None for part in held_out):
        own = estimator._standardises(p, goes_on)
        return given, checked_held_out(estimator, p, *held_out, own)
    if not p.early_stopping:
        return given, None
    X, y, weight, _ = given
    return split(p, estimator._targets, X, y, weight, rng)


def _streams(
    estimator: Any, p: SimpleNamespace, snapshot: Snapshot | None
) -> tuple[Any, Any]:
    """Return the generators of rows and of topologies at the beginning of a fit."""
    if snapshot is None:
        return generators(p.random_state, len(getattr(estimator, estimator._curve)))
    rng, topology_rng = map(copied, snapshot.streams)
    return rng, topology_rng


def first_state(
    estimator: Any,
    p: SimpleNamespace,
    samples: Any,
    streams: tuple[Any, Any],
    stopping: NeverStopping,
    snapshot: Snapshot | None = None,
    goes_on: bool = False,
) -> State:
    """Return where a training begins: at a snapshot, the last network, or a new one."""
    if snapshot is not None:
        return snapshot.restart(samples)
    if goes_on:
        stopping.resume(vars(estimator))
        network = estimator._network.copy()
    else:
        network, estimator._density_goal = estimator._new_network(p, samples, *streams)
    return State(network, *streams, samples=estimator.t_)


# Checks.


def check_momentum(estimator: Any, p: SimpleNamespace) -> None:
    """Raise if the growth needs a momentum that the solver does not have."""
    asking = p.evolution.asks_for("momentum")
    if not asking or 0 < estimator._optimiser(p).decay < 1:
        return
    adam = "(for solver adam, a beta_1) " if hasattr(p, "beta_1") else ""
    raise ValueError(
        f"{asking[0]}={getattr(p, asking[0])!r} looks at the optimiser's momentum, but "
        f"the solver has none. Choose grow='gradient', or a momentum {adam}between 0 "
        "and 1."
    )


def _check_partial(p: SimpleNamespace) -> None:
    """Raise if the parameters do not allow `partial_fit`."""
    if p.early_stopping:
        raise ValueError("partial_fit does not support early_stopping=True")
    asking = p.evolution.asks_for("training_set")
    if needs_of(p.init, "init").training_set:
        asking.append("init")
    if asking:
        raise ValueError(
            f"{asking[0]} needs the whole training set, but partial_fit has only the "
            "samples of one call. Choose grow='gradient' or 'guided', which look at "
            "these alone, or 'random'; or call fit."
        )


def _inputs(
    estimator: Any,
    p: SimpleNamespace,
    training_set: Rows,
    goes_on: bool,
    partial: bool = False,
) -> Any:
    """Choose what is "auto", learn the units unless it goes on; return X in them."""
    estimator._choose(p, TableSize.of(training_set), goes_on, partial)
    if not partial:
        estimator._choose_by_rows(p, training_set, goes_on)
    if not goes_on:
        p.inputs = estimator._facts_of_inputs(p, training_set)
        estimator._scaling = estimator._units(p)
    return scaled_table(training_set[0], estimator._scaling, p.table_dtype)


def begin_record(estimator: Any, n_iter: int = 0, t: int = 0) -> None:
    """Record the state before the first epoch."""
    curve = vars(estimator).get(estimator._curve, []) if t else []
    setattr(estimator, estimator._curve, list(curve))  # earlier fits keep their list
    estimator.n_iter_, estimator.t_ = n_iter, t


def _given(X: Any, y: Any, sample_weight: Any) -> dict[str, Any]:
    """Return the arguments of callbacks."""
    metadata = None if sample_weight is None else {"sample_weight": sample_weight}
    return {"X": X, "y": y, "metadata": metadata}
