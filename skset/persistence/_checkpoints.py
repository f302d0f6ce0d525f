"""Checkpoints: files in which a fit stands, and from which it goes on."""

import copy
import os
import warnings
from collections.abc import Iterable
from numbers import Integral
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from skset.estimators import SETClassifier, fit_in_progress, resumed
from skset.persistence._archive import FilePath
from skset.persistence._saving import check_savable, opened, write_checkpoint

__all__ = ["Checkpoint", "resume"]


class Checkpoint:
    """Writes the fit into a file after some epochs, so that it can go on from there.

    The file is replaced as a whole, so a fit that is killed at any moment leaves a
    whole one. `skset.resume` goes on from it, `skset.load` returns the estimator as it
    was after that epoch. After the fit the file has the fitted estimator.

    Parameters
    ----------
    path : str or path-like
        Path of the file.
    every : positive int, default=1
        Number of epochs from one file to the next. A file takes about as long to write
        as to copy the network with its optimiser state.

    Raises
    ------
    ImportError
        If scikit-learn is older than 1.9: its estimators call no callbacks.
    ValueError
        From `fit`, before training: if a parameter cannot be stored without running
        code, or if the fit is one of the many of a search, which would all write this
        file.
    OSError
        From `fit`, if the file cannot be written.

    Examples
    --------
    >>> import os, tempfile, skset
    >>> from sklearn.datasets import load_iris
    >>> from skset.callbacks import Checkpoint
    >>> X, y = load_iris(return_X_y=True)
    >>> path = os.path.join(tempfile.mkdtemp(), "iris.npz")
    >>> model = skset.SETClassifier(max_iter=5, random_state=0)
    >>> _ = model.set_callbacks(Checkpoint(path, every=2)).fit(X, y)
    >>> skset.resume(path, X, y).n_iter_  # it had come to its end
    5
    """

    path: Path
    every: int

    def __init__(self, path: FilePath, *, every: int = 1) -> None:
        if not hasattr(SETClassifier, "set_callbacks"):
            raise ImportError(
                "Checkpoint needs scikit-learn 1.9 or later, whose estimators call "
                "callbacks."
            )
        if not isinstance(every, Integral) or isinstance(every, bool) or every < 1:
            raise ValueError(f"every must be a whole number of epochs, got {every!r}.")
        self.path = Path(path)
        self.every = int(every)

    def setup(self, estimator: Any, context: Any) -> None:
        """Check that the estimator can be saved; scikit-learn calls this."""
        progress = fit_in_progress(estimator)
        if progress is None:
            raise TypeError(
                "Checkpoint is for the estimators of skset that fit in epochs, got a "
                f"{type(estimator).__name__}."
            )
        if not progress.resumable:
            raise TypeError(
                "Checkpoint is not for fit_blocks: resume needs all rows at once. Save "
                "the estimator after the fit, and go on with partial_fit."
            )
        ancestor = context.parent
        while ancestor is not None:
            if ancestor.estimator_name not in ("Pipeline", type(estimator).__name__):
                raise ValueError(
                    f"Checkpoint is for one fit; those of {ancestor.estimator_name} "
                    "would all write the same file."
                )
            ancestor = ancestor.parent
        check_savable(estimator)

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Write the file, if it is time; scikit-learn calls this after an epoch."""
        progress = fit_in_progress(estimator)
        assert progress is not None
        if context.task_name != "epoch":
            if not progress.interrupted:  # else it can go on later
                write_checkpoint(estimator, self.path, self.every, None)
        elif progress.n_epochs % self.every == 0:
            now = copy.copy(estimator)
            vars(now).update(progress.fitted(estimator))
            snapshot = progress.snapshot(estimator)
            write_checkpoint(now, self.path, self.every, snapshot)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing."""


def resume(
    path: FilePath,
    X: Any,
    y: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    *,
    X_val: Any = None,
    y_val: ArrayLike | None = None,
    sample_weight_val: ArrayLike | None = None,
    callbacks: Iterable[Any] = (),
) -> Any:
    """Go on with a fit that was broken off, from its last checkpoint to its end.

    The result is the same, bit for bit, as if nothing had happened: schedules,
    optimiser, random numbers, early stopping. Checkpoints go on into the same file. If
    the fit had come to its end, the estimator in the file is returned.

    Parameters
    ----------
    path : str or path-like
        File that `skset.callbacks.Checkpoint` has written.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        The X of the fit, with the same rows in the same order.
    y, sample_weight : array-like, default=None
        Those of the fit, if it had any.
    X_val, y_val, sample_weight_val : array-like, default=None
        Those of the fit, if it had any.
    callbacks : iterable, default=()
        Further callbacks. Files have none, as callbacks are code.

    Returns
    -------
    estimator : estimator of skset
        Fitted.

    Raises
    ------
    ValueError
        If the file is no checkpoint or is damaged, or if the data are not those of the
        fit.
    OSError
        If the file cannot be read, or a checkpoint cannot be written.

    Examples
    --------
    >>> import os, tempfile, skset
    >>> from sklearn.datasets import load_iris
    >>> from skset.callbacks import Checkpoint
    >>> X, y = load_iris(return_X_y=True)
    >>> path = os.path.join(tempfile.mkdtemp(), "iris.npz")
    >>> model = skset.SETClassifier(max_iter=5, random_state=0)
    >>> _ = model.set_callbacks(Checkpoint(path)).fit(X, y)  # if this was broken off
    >>> model = skset.resume(path, X, y)
    >>> model.n_iter_
    5
    """
    estimator, more = opened(path)
    if "every" not in more:
        raise ValueError(f"{os.fspath(path)} is a saved estimator, not a checkpoint.")
    snapshot = more.get("snapshot")
    if snapshot is None:  # it had come to its end
        return estimator
    every = more["every"]
    if not hasattr(estimator, "set_callbacks"):
        warnings.warn(
            "scikit-learn before 1.9 calls no callbacks: no checkpoints are written.",
            UserWarning,
            stacklevel=2,
        )
    else:
        estimator.set_callbacks(Checkpoint(path, every=every), *callbacks)
    data, held_out = (X, y, sample_weight), (X_val, y_val, sample_weight_val)
    return resumed(estimator, snapshot, data, held_out)
