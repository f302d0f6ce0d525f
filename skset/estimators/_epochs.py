"""`train`: the loop over epochs of a fit, and its record in the estimator."""

import time
from functools import partial
from types import SimpleNamespace
from typing import Any

from skset.estimators._progress import Progress, Snapshot, in_progress
from skset.estimators._progress_line import ProgressLine, fit_label
from skset.estimators._stopping import NeverStopping
from skset.model import Samples, StreamedSamples
from skset.training import State, Training

__all__ = ["train"]


def train(
    estimator: Any,
    p: SimpleNamespace,
    state: State,
    samples: Samples | StreamedSamples,
    stopping: NeverStopping,
    streams: tuple[Any, Any],
    given: dict[str, Any],
    snapshot: Snapshot | None = None,
    resumable: bool = True,
) -> None:
    """Train until the end, and record the result in the estimator.

    Parameters
    ----------
    estimator, p : SparseEstimator, SimpleNamespace
        It has its targets and units; its parameters.
    state : State
        Where the training begins.
    samples : Samples or StreamedSamples
        To train on.
    stopping : NeverStopping
        Says when the training stalls.
    streams : tuple of dict
        States of the generators of rows and of topologies at the beginning of the fit.
    given : dict
        The arguments of callbacks.
    snapshot : Snapshot, default=None
        Where the training goes on.
    resumable : bool, default=True
        Whether it can go on from snapshots of it.
    """
    begun = state.rng.bit_generator.state, state.topology_rng.bit_generator.state
    with estimator._new_training(p, state, samples) as training:
        progress = Progress(p, training, stopping, streams, begun, resumable=resumable)
        if snapshot is not None:
            snapshot.take_over(progress)
        with in_progress(estimator, progress):
            _run(estimator, progress, given)
    estimator._warn_of_result()


def _run(estimator: Any, progress: Progress, given: dict[str, Any]) -> None:
    """Train until the end and leave the result in the estimator."""
    p, training, stopping = progress.p, progress.training, progress.stopping
    n_left = training.max_epochs - progress.n_epochs
    context = estimator._init_callback_context(max_subtasks=n_left)
    label = fit_label(estimator, context) if p.verbose else ""
    try:
        context.call_on_fit_task_begin(estimator=estimator, **given)
        with ProgressLine(p.verbose, training, label) as line:
            _run_epochs(estimator, progress, context, given, line)
    except KeyboardInterrupt:
        if estimator.n_iter_ == 0:
            raise
        progress.interrupted = True
        estimator._note_interrupt()
    best = stopping.best_network
    if best is None and not progress.interrupted:
        training.finish(p.final_drop)
    estimator._state = None
    network = estimator._calibrated(p, best or training.state.network.copy())
    learned = estimator._learned_attributes(network, training)
    vars(estimator).update({**learned, **stopping.attributes})
    context.call_on_fit_task_end(
        estimator=estimator,
        **given,
        reconstruction_attributes=lambda: learned,
    )


def _run_epochs(
    estimator: Any,
    progress: Progress,
    context: Any,
    given: dict[str, Any],
    line: ProgressLine,
) -> None:
    """Train epoch by epoch until training stalls, ends, or a callback stops it."""
    p, training, stopping = progress.p, progress.training, progress.stopping
    if progress.ended:  # before the break
        return
    if not progress.n_epochs:
        training.grow_back()
    for _ in range(progress.n_epochs, training.max_epochs):
        began = time.perf_counter()
        epoch = context.subcontext(task_name="epoch")
        epoch.call_on_fit_task_begin(estimator=estimator, **given)
        loss = progress.loss = next(training)
        estimator._record(loss, training)
        network = training.state.network
        stalled = stopping.stalled(loss, network)
        training.state.note_stall(stopping.since_best)
        if not training.evolver.is_at_goal(network):
            stopping.forget()
        seconds = time.perf_counter() - began
        line.epoch(estimator.n_iter_, loss, seconds, stopping.scores)
        progress.ended = stalled and not _goes_on(p, training, stopping, line)
        told_to_stop = epoch.call_on_fit_task_end(
            estimator=estimator,
            **given,
            reconstruction_attributes=partial(progress.learned, estimator),
        )
        del network
        if told_to_stop or progress.ended:
            return
        if training.rule.has_ended:
            break
    estimator._reach_last_epoch(p, training)


def _goes_on(
    p: SimpleNamespace,
    training: Training,
    stopping: NeverStopping,
    line: ProgressLine,
) -> bool:
    """Return whether training continues after a stall, at a lower learning rate."""
    learning_rate = training.state.learning_rate
    goes_on = learning_rate.lowered()
    then = f"Learning rate {learning_rate.now:g}" if goes_on else "Stopping"
    line.say(
        f"{stopping.what} did not improve more than tol={p.tol:g} for "
        f"{p.n_iter_no_change} consecutive epochs. {then}."
    )
    return goes_on
