"""The loop over epochs, seen from the estimator: what is told, and when it ends."""

import time

from skset.estimators._warnings import warn

__all__ = ["print_epoch", "run_epochs"]


def run_epochs(estimator, training, stopping, X, y, sample_weight):
    """Train until the end and leave the result in the estimator.

    Parameters
    ----------
    estimator : SparseEstimator
        Its fitted attributes are set; its callbacks and `verbose` are served.
    training : Epochs
        Gives the epochs.
    stopping : NeverStopping, LossPlateau or ValidationScore
        Says when training stalls.
    X, y, sample_weight
        For the callbacks.
    """
    metadata = None if sample_weight is None else {"sample_weight": sample_weight}
    data = {"X": X, "y": y, "metadata": metadata}
    context = estimator._init_callback_context(max_subtasks=training.options.max_epochs)
    context.call_on_fit_task_begin(estimator=estimator, **data)
    interrupted = False
    try:
        _train(estimator, training, stopping, context, data)
    except KeyboardInterrupt:
        if estimator.n_iter_ == 0:
            raise
        interrupted = True
        warn("Training interrupted by user.")
    best = stopping.best_network
    if best is None and not interrupted:
        training.reach_final_density()
    if best is None and estimator.final_drop and not interrupted:
        training.drop_without_regrowth()
    estimator._training_state = None
    learned = estimator._learned_attributes(best or training.network.copy(), training)
    estimator._adopt({**learned, **stopping.attributes})
    context.call_on_fit_task_end(
        estimator=estimator,
        **data,
        reconstruction_attributes=lambda: learned,
    )


def _train(estimator, training, stopping, context, data):
    """Train epoch by epoch; return when training stalls, ends or is told to stop."""
    training.grow_back()
    for _ in range(training.options.max_epochs):
        began = time.perf_counter()
        epoch = context.subcontext(task_name="epoch")
        epoch.call_on_fit_task_begin(estimator=estimator, **data)
        loss = next(training)
        estimator._record(loss, training)
        stalled = stopping.stalled(loss, training.network)
        training.note_stall(stopping.since_best)
        if not training.has_final_density:
            stopping.forget()
        if estimator.verbose:
            seconds = time.perf_counter() - began
            print_epoch(estimator, loss, training, seconds, stopping.scores)
        told_to_stop = epoch.call_on_fit_task_end(
            estimator=estimator,
            **data,
            reconstruction_attributes=lambda: estimator._learned_attributes(
                training.network.copy(), training
            ),
        )
        if told_to_stop or (stalled and not _goes_on(estimator, training, stopping)):
            return
    estimator._reach_last_epoch(training.options.max_epochs)


def _goes_on(estimator, training, stopping):
    """Return whether training continues after a stall, at a lower learning rate."""
    goes_on = training.learning_rate.lowered()
    if estimator.verbose:
        then = (
            f"Learning rate {training.learning_rate.now:g}" if goes_on else "Stopping"
        )
        print(
            f"{stopping.what} did not improve more than tol={estimator.tol:g} for "
            f"{estimator.n_iter_no_change} consecutive epochs. {then}."
        )
    return goes_on


def print_epoch(estimator, loss, training, seconds, scores=None):
    """Print a line about the last epoch, with the last validation score if any."""
    score = f", validation score {scores[-1]:.6f}" if scores else ""
    print(
        f"Epoch {estimator.n_iter_}: {training.loss_name} {loss:.6f}{score}, "
        f"{training.network.nnz} connections, {seconds:.2f} s"
    )
