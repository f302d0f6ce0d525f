"""The loop over epochs, seen from the estimator: what is told, and when it ends."""

import time
import warnings

from sklearn.exceptions import ConvergenceWarning

__all__ = ["run_epochs"]


def run_epochs(estimator, training, stopping, X, y, sample_weight):
    """Train until the end and leave the result in the estimator.

    Parameters
    ----------
    estimator : BaseSET
        Its fitted attributes are set; its callbacks and `verbose` are served.
    training : Training
        Gives the epochs.
    stopping : LossPlateau or ValidationScore
        Says when training stalls.
    X, y, sample_weight
        For the callbacks.
    """
    estimator.n_iter_ = estimator.t_ = 0
    estimator.loss_curve_ = list(estimator.loss_curve_)  # an earlier fit's stays as is
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
        warnings.warn("Training interrupted by user.", UserWarning, stacklevel=2)
    best = getattr(stopping, "best_network", None)
    if best is None and estimator.final_drop and not interrupted:
        training.drop_without_regrowth()
    estimator._training_state = None
    learned = estimator._learned_attributes(best or training.network.copy(), training)
    estimator._adopt(learned)
    _note_scores(estimator, stopping)
    context.call_on_fit_task_end(
        estimator=estimator,
        **data,
        reconstruction_attributes=lambda: learned,
    )


def _train(estimator, training, stopping, context, data):
    """Train epoch by epoch; return when training stalls, ends or is told to stop."""
    for _ in range(training.options.max_epochs):
        began = time.perf_counter()
        epoch = context.subcontext(task_name="epoch")
        epoch.call_on_fit_task_begin(estimator=estimator, **data)
        loss = next(training)
        estimator._record(loss, training)
        stalled = stopping.stalled(loss, training.network)
        if estimator.verbose:
            _print_epoch(estimator, training, stopping, time.perf_counter() - began)
        told_to_stop = epoch.call_on_fit_task_end(
            estimator=estimator,
            **data,
            reconstruction_attributes=lambda: estimator._learned_attributes(
                training.network.copy(), training
            ),
        )
        if told_to_stop or (stalled and not _goes_on(estimator, training, stopping)):
            return
    if estimator.learning_rate != "cosine":  # the cosine is meant to end at max_iter
        warnings.warn(
            f"Maximum iterations ({training.options.max_epochs}) reached and the "
            "optimization hasn't converged yet.",
            ConvergenceWarning,
            stacklevel=2,
        )


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


def _print_epoch(estimator, training, stopping, seconds):
    score = f", validation score {stopping.scores[-1]:.6f}" if stopping.scores else ""
    print(
        f"Epoch {estimator.n_iter_}: loss {estimator.loss_:.6f}{score}, "
        f"{training.network.nnz} connections, {seconds:.2f} s"
    )


def _note_scores(estimator, stopping):
    """Set the attributes that scikit-learn's MLP has on early stopping."""
    estimator.validation_scores_ = stopping.scores
    scored = stopping.scores is not None
    estimator.best_validation_score_ = stopping.best if scored else None
    estimator.best_loss_ = None if scored else stopping.best
