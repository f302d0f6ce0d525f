"""Whether a selector learns from X, labels or numbers, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass
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

__all__ = [
    "YKind",
    "auto_batch_size",
    "auto_n_epochs",
    "kinds_of",
    "resolved",
    "take_kind",
    "targets_of",
]

# `batch_size="auto"`: the number of batches, and the least and greatest size of a
# batch, without and with labels. Labels need many small steps.
AUTO_BATCHES = {False: (20, 32, 128), True: (40, 4, 128)}
# `max_iter="auto"`: the aim in training steps, and the fewest and most epochs.
AUTO_STEPS = {False: 600, True: 1200}
AUTO_EPOCHS = (10, 100)

# Whole numbers with at most this number of different values are classes, or at most the
# square root of the number of samples if that is more.
MAX_CLASSES = 20
# The square root of the number of samples, of as many as there may ever be.
MOST_NUMBERS = 1 << 18


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


def kinds_of(selector: Any, y: Any) -> tuple["YKind | None", list[Any]]:
    """Return what some rows tell of y, and what it may be learned as; see `resolved`.

    They tell nothing if the user has said what it is.
    """
    supervised = selector.supervised
    if supervised in (True, "auto") and not (supervised == "auto" and y is None):
        kind = YKind.of(y)
        return kind, kind.possible
    return None, [resolved(supervised, y)]


def take_kind(selector: Any, kind: Supervision) -> None:
    """Let a selector learn y as what it is."""
    selector.supervised_ = kind


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
    return YKind.of(y).supervision(most)


@dataclass(frozen=True, eq=False)
class YKind:
    """Whether y has labels or numbers, as far as some rows of it tell.

    Attributes
    ----------
    has_labels : bool or None
        None if it depends on how many different numbers there are.
    is_certain : bool, default=True
        Whether further rows cannot change it. They can for a table of zeros and ones.
    numbers : ndarray, default=None
        The different whole numbers, if it depends on them.
    n_rows : int, default=0
        Rows of y, likewise.
    """

    has_labels: bool | None
    is_certain: bool = True
    numbers: Array | None = None
    n_rows: int = 0

    @classmethod
    def of(cls, y: Any) -> "YKind":
        """Return the kind of a y that is not yet checked."""
        if y is None or any(str(dtype) == "category" for dtype in dtypes_of(y)):
            return cls(True)
        y = checked_indices(y, "y")
        return cls._of_array(y.toarray() if sparse.issparse(y) else np.asarray(y))

    @classmethod
    def _of_array(cls, y: Array) -> "YKind":
        if y.dtype.kind == "O":
            return cls._of_objects(y)
        if y.dtype.kind in "bUST":
            return cls(True)
        if y.ndim == 2 and y.shape[1] > 1:
            are_binary = bool(((y == 0) | (y == 1)).all())
            return cls(are_binary, not are_binary)
        if y.dtype.kind not in "iuf":
            return cls(False)
        if not np.isfinite(y).all() or (y != np.floor(y)).any():
            return cls(False)
        return cls(None, False, np.unique(y), len(y))

    @classmethod
    def _of_objects(cls, y: Array) -> "YKind":
        """Return the kind of objects: labels, unless all are numbers."""
        if any(isinstance(label, (bool, str)) for label in y.flat):
            return cls(True)
        try:
            return cls._of_array(y.astype(float))
        except (TypeError, ValueError):  # the check of labels raises the error
            return cls(True)

    @classmethod
    def merged(cls, parts: Sequence["YKind"]) -> "YKind":
        """Return the kind of several parts together: numbers if one has numbers.

        Parts that are certain of different kinds do not fit together, which their own
        checks will say.
        """
        for part in parts:
            if part.is_certain:
                return part
        counted = [part for part in parts if part.numbers is not None]
        if not counted:
            return parts[0]
        numbers = np.unique(np.concatenate([part.numbers for part in counted]))
        n_rows = sum(part.n_rows for part in counted)
        # With so many different numbers they are no classes in any number of rows.
        if numbers.size > MOST_NUMBERS:
            return cls(False)
        return cls(None, False, numbers, n_rows)

    def supervision(self, most: float = MAX_CLASSES) -> Supervision:
        """Return what is learned if at most so many different numbers are classes."""
        labels = self.has_labels
        if self.numbers is not None:
            labels = self.numbers.size <= max(most, float(np.sqrt(self.n_rows)))
        return "classification" if labels else "regression"

    @property
    def possible(self) -> list[Supervision]:
        """What may be learned once more rows are known."""
        if self.is_certain:
            return [self.supervision()]
        return ["classification", "regression"]
