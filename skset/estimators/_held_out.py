"""Validation data of a fit: set aside, or given."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.random import Generator
from sklearn.utils.validation import check_consistent_length

from skset.estimators._input import checked
from skset.estimators._sample_weight import check_split
from skset.estimators._sklearn import checked_sample_weight
from skset.estimators._targets import Targets
from skset.estimators._types import Array, Matrix, Rows

__all__ = ["checked_held_out", "split"]


def split(
    p: SimpleNamespace,
    targets: Targets,
    X: Matrix,
    y: Array | None,
    weight: Array | None,
    rng: Generator,
) -> tuple[Rows, Rows]:
    """Return (X, y, weight, rows) to train on, and the same to validate on.

    y and weight are those of the rows of X.
    """
    # Here, not above: it imports so much that it doubles the time of the import.
    from sklearn.model_selection import train_test_split

    try:
        train, held_out = train_test_split(
            np.arange(X.shape[0]),
            test_size=p.validation_fraction,
            stratify=targets.strata(y),
            random_state=int(rng.integers(2**31)),
        )
    except ValueError as error:
        raise ValueError(
            "early_stopping cannot set aside a validation set with "
            f"validation_fraction={p.validation_fraction}: {error}"
        ) from error
    check_split(weight, training=train, validation=held_out)
    return _picked(X, y, weight, train), _picked(X, y, weight, held_out)


def _picked(X: Matrix, y: Array | None, weight: Array | None, rows: Array) -> Rows:
    y, weight = (None if part is None else part[rows] for part in (y, weight))
    return X, y, weight, rows


def checked_held_out(
    estimator: Any,
    p: SimpleNamespace,
    X_val: Any,
    y_val: Any,
    sample_weight_val: Any,
    own: bool,
) -> Rows:
    """Return (X, y, weight, None) to validate on, as given, or raise.

    With `own` X keeps its type, see `checked`.
    """
    if X_val is None and y_val is None:
        raise ValueError("sample_weight_val is provided, but X_val was not.")
    if y_val is None:
        raise ValueError("X_val is provided, but y_val was not provided.")
    if X_val is None:
        raise ValueError("y_val is provided, but X_val was not provided.")
    X, y = checked(estimator, X_val, y_val, dtype=p.dtype, reset=False, own=own)
    check_consistent_length(X, y)
    if sample_weight_val is not None:
        sample_weight_val = checked_sample_weight(
            sample_weight_val, X, "sample_weight_val"
        )
    if not p.early_stopping:
        raise ValueError(
            "X_val and y_val are passed to fit while at the same time early_stopping "
            "is False. When passing X_val and y_val to fit, early_stopping should be "
            "set to True."
        )
    X, targets = estimator._prepared(p, X, reset=False)
    caller = "X_val and y_val"
    _, y = targets.resumed(estimator._targets, y, y_val, caller)
    return X, y, sample_weight_val, None
