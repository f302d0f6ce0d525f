"""Whether a selector learns from X, labels or numbers, and for how long."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import sparse

from skset.estimators._class_targets import ClassTargets
from skset.estimators._columns import dtypes_of
from skset.estimators._number_targets import InputTargets, NumberTargets
from skset.estimators._targets import Targets
from skset.estimators._types import Array, Supervision
from skset.topology import checked_indices

__all__ = ["auto_batch_size", "auto_n_epochs", "resolved", "targets_of"]

# `batch_size="auto"`: the number of batches, and the least and greatest size of a
# batch, without and with labels. Labels need many small steps.
AUTO_BATCHES = {False: (20, 32, 128), True: (40, 4, 128)}
# `max_iter="auto"`: the aim in training steps, and the fewest and most epochs.
AUTO_STEPS = {False: 600, True: 1200}
AUTO_EPOCHS = (10, 100)

# Whole numbers with at most this number of different values are classes, or at most the
# square root of the number of samples if that is more.
MAX_CLASSES = 20


def auto_batch_size(n_samples: int, supervised: bool) -> int:
    """Return the number of samples per step."""
    n_batches, least, most = AUTO_BATCHES[supervised]
    return min(max(n_samples // n_batches, least), most, n_samples)


def auto_n_epochs(n_batches: int, supervised: bool) -> int:
    """Return the number of epochs, given the steps of each."""
    n_epochs = -(-AUTO_STEPS[supervised] // n_batches)
    return int(np.clip(n_epochs, *AUTO_EPOCHS))


def resolved(
    supervised: Any, y: Any, classes: Any = None, before: Supervision | None = None
) -> Supervision:
    """Return what is learned from: False for X alone, "classification", "regression".

    Parameters
    ----------
    supervised : bool, "auto", "classification" or "regression"
        The user's parameter.
    y : array-like or None
        The targets, not yet checked.
    classes : array-like, default=None
        Class labels given beside y.
    before : False, "classification" or "regression", default=None
        The result for earlier calls; None in the first call.

    Raises
    ------
    ValueError
        If y is given, or missing, unlike in earlier calls.
    """
    if supervised in ("classification", "regression"):
        given: Supervision = supervised
        return given
    if supervised != "auto" and not supervised:
        return False
    if supervised == "auto" and before is not None:
        _check_as_before(y, before)
        return before
    if supervised == "auto" and y is None:
        return False
    return before or _kind_of(y, classes)


def targets_of(
    supervision: Supervision, p: SimpleNamespace, n_features: int
) -> Targets:
    """Return what is to be learned, before it has seen any y.

    Raises
    ------
    ValueError
        If the features are to be ranked by what y explains, and there is none.
    """
    if not supervision:
        if p.importance == "relevance":
            raise ValueError(
                "importance='relevance' needs y to learn from. Without it choose "
                "'coverage'."
            )
        return InputTargets(p.dtype, n_features)
    if supervision == "classification":
        return ClassTargets(p.dtype, p.class_weight)
    return NumberTargets(p.dtype, standardised=True)


def _check_as_before(y: Any, before: Supervision) -> None:
    if (y is None) == (before is False):
        return
    had, has = ("no y", "y") if before is False else ("y", "none")
    raise ValueError(
        f"partial_fit: with supervised='auto' the first call, which had {had}, decides "
        f"what is learned from; this call has {has}. Set supervised to False, "
        "'classification' or 'regression', or pass y in every call or in none."
    )


def _kind_of(y: Any, classes: Any) -> Supervision:
    most = MAX_CLASSES if classes is None else np.inf
    # Without y: the error about missing labels comes below.
    has_classes = y is None or _are_classes(y, most)
    return "classification" if has_classes else "regression"


def _are_classes(y: Any, most: float) -> bool:
    """Return whether y has class labels, or at most `most` different integers."""
    if any(str(dtype) == "category" for dtype in dtypes_of(y)):
        return True
    y = checked_indices(y, "y")
    y = y.toarray() if sparse.issparse(y) else np.asarray(y)
    if y.dtype.kind in "bUSTO":
        return y.dtype.kind != "O" or _are_object_classes(y, most)
    if y.ndim == 2 and y.shape[1] > 1:
        return bool(((y == 0) | (y == 1)).all())
    return y.dtype.kind in "iuf" and _are_few_whole_numbers(y, most)


def _are_object_classes(y: Array, most: float) -> bool:
    """Return whether objects are class labels: all are, except some numbers."""
    if any(isinstance(label, (bool, str)) for label in y.flat):
        return True
    try:
        return _are_classes(y.astype(float), most)
    except (TypeError, ValueError):  # the check of labels raises the error
        return True


def _are_few_whole_numbers(y: Array, most: float) -> bool:
    if not np.isfinite(y).all() or (y != np.floor(y)).any():
        return False
    return np.unique(y).size <= max(most, float(np.sqrt(y.shape[0])))
