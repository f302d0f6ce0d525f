"""Checkpoints: files in which a fit stands, and from which it goes on."""

import os
import warnings
from collections.abc import Iterable
from typing import Any

from numpy.typing import ArrayLike

from skset.callbacks import Checkpoint
from skset.estimators import resumed
from skset.persistence._archive import FilePath
from skset.persistence._saving import opened

__all__ = ["resume"]


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
    X, y, sample_weight : array-like
        Those of the fit, row by row.
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
        If the file is none of a checkpoint, is damaged, or if the data are others.
    OSError
        If the file cannot be read, or a checkpoint cannot be written.
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
