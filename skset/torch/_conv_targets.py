"""Classes and weights of images: checked, and as numbers."""

from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, unique_labels

__all__ = ["checked_classes", "encoded", "learned_classes", "weights_of"]

Array: TypeAlias = NDArray[Any]


def learned_classes(y: Array) -> Array:
    """Return the sorted labels in y.

    Raises
    ------
    TypeError, ValueError
        If they are no labels of classes, or cannot be sorted.
    """
    y = column_or_1d(y, warn=True)
    try:
        check_classification_targets(y)
        classes: Array = np.unique(y)
    except TypeError as error:
        raise TypeError(f"y has labels that cannot be compared: {error}") from error
    return classes


def checked_classes(classes: Any, known: Array | None) -> Array:
    """Return the classes of a `partial_fit`; `known` are those of the last call."""
    if classes is None and known is None:
        raise ValueError("classes must be passed on the first call to partial_fit.")
    given: Any = known if classes is None else unique_labels(classes)
    if known is not None and not np.array_equal(given, known):
        raise ValueError(
            f"`classes={classes!r}` is not the same as on last call to partial_fit, "
            f"was: {known!r}"
        )
    return given  # type: ignore[no-any-return]


def encoded(y: Array, classes: Array) -> Array:
    """Return the number of each label's class, int64."""
    y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    if unseen := np.setdiff1d(y, classes).tolist():
        raise ValueError(f"y has classes not in `classes`: {unseen}.")
    return np.searchsorted(classes, y).astype(np.int64)


def weights_of(
    p: SimpleNamespace, X: Array, y: Array, classes: Array, sample_weight: Any
) -> Array:
    """Return the weight of each image, float64: that of its class times its own.

    Raises
    ------
    ValueError
        If weights are negative, not finite, all 0, or not as many as images.
    """
    weight: Array = np.ones(len(X))
    if sample_weight is not None:
        weight = check_array(
            sample_weight,
            ensure_2d=False,
            dtype=np.float64,
            input_name="sample_weight",
            ensure_min_samples=0,
        )
        if weight.shape != (len(X),):
            raise ValueError(
                f"sample_weight.shape == {weight.shape}, expected {(len(X),)}!"
            )
        if (weight < 0).any():
            raise ValueError("Negative values in data passed to `sample_weight`.")
    if p.class_weight is not None:
        of_classes = compute_class_weight(p.class_weight, classes=classes, y=y)
        weight = weight * of_classes[encoded(y, classes)]
    if not weight.any():
        raise ValueError(
            "sample_weight and class_weight must have at least one non-zero weight."
        )
    return weight
