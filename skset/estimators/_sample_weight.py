"""Weights of samples and of classes: checked, scaled, multiplied."""

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.class_weight import compute_sample_weight

from skset.estimators._sklearn import checked_sample_weight
from skset.estimators._types import Array

__all__ = [
    "brought",
    "check_split",
    "product",
    "scaled",
    "weight_by_class",
    "weight_of_score",
]


def scaled(weight: Array | None) -> Array | None:
    """Return weights, of which the greatest is brought to between 0.5 and 1; or None.

    The factor is a power of two, so that all keep their bits. Sums of scaled weights
    neither overflow nor vanish, for any unit of the weights.
    """
    if weight is None:
        return None
    return _scaled(weight)


def _scaled(weight: Array) -> Array:
    return _brought(weight)[0]


def brought(weight: Array | None) -> tuple[Array | None, int]:
    """Return scaled weights, and the exponent of the power of two; None stays None.

    So the weights of several parts of the rows can be compared.
    """
    return (None, 0) if weight is None else _brought(weight)


def _brought(weight: Array) -> tuple[Array, int]:
    power = int(np.frexp(weight.max())[1])
    return np.ldexp(weight, -power), power


def product(one: Array, other: Array | None) -> tuple[Array, int]:
    """Return the products of two weights of each sample, and an exponent.

    They are scaled; None means 1.
    """
    one, power = _brought(one)
    if other is None:
        return one, power
    other, other_power = _brought(other)
    products, more = _brought(one * other)
    return products, power + other_power + more


def weight_of_score(sample_weight: ArrayLike | None, X: Any) -> Array | None:
    """Return checked weights for a score, scaled so that their sum is finite.

    None stays None.
    """
    if sample_weight is None:
        return None
    return scaled(checked_sample_weight(sample_weight, X))


def check_split(weight: Array | None, **parts: Array) -> None:
    """Raise if all samples of a part, given by row numbers, have weight 0."""
    for part, rows in parts.items():
        if weight is not None and not weight[rows].any():
            raise ValueError(
                f"early_stopping splits the samples by validation_fraction, and then "
                f"all weights of the {part} samples are 0; at least one must not be. "
                "Choose another validation_fraction, or give X_val and y_val."
            )


def weight_by_class(class_weight: Any, targets: Any, y: Array) -> tuple[Array, int]:
    """Return the weight that each sample has by its class.

    Parameters
    ----------
    class_weight : dict, list of dict or "balanced"
        A dict has weights of classes; other classes weigh 1. A list has a dict for each
        label of a multilabel problem; their weights are multiplied.
    targets : ClassTargets
        They have all classes, also those that are missing in y.
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        Labels.

    Returns
    -------
    weight : ndarray of shape (n_samples,)
        Divided by a power of two.
    exponent : int
        Its exponent.

    Raises
    ------
    ValueError
        If a weight is not a finite number, or negative; if there is not one dict for
        each label; or if a dict has a key that is no class and leaves a class out.
    """
    if isinstance(class_weight, str):
        balanced: Array = compute_sample_weight(class_weight, y)
        return balanced, 0
    if not targets.multilabel:
        _check_dict(class_weight, "a dict or 'balanced'")
        return _by_class(class_weight, targets.classes, y), 0
    _check_one_for_each_label(class_weight, targets.n_outputs)
    weight: Any = None
    exponent = 0
    for given, column in zip(class_weight, y.T, strict=True):
        weight, more = product(_by_class(given, np.arange(2), column), weight)
        exponent += more
    return weight, exponent


def _check_dict(class_weight: Any, wanted: str) -> None:
    if not isinstance(class_weight, dict):
        raise ValueError(
            f"class_weight must be {wanted} for these labels, got {class_weight!r}."
        )


def _check_one_for_each_label(class_weight: Any, n_labels: int) -> None:
    wanted = f"a list of {n_labels} dicts, one for each label, or 'balanced',"
    if not isinstance(class_weight, list) or len(class_weight) != n_labels:
        raise ValueError(
            f"class_weight must be {wanted} for a multilabel y, got {class_weight!r}."
        )
    for given in class_weight:
        _check_dict(given, wanted)


def _by_class(given: Any, classes: Array, y: Array) -> Array:
    weight = {label: _checked_number(label, value) for label, value in given.items()}
    labels = classes.tolist()
    left_out = [label for label in labels if label not in weight]
    unknown = sorted(str(label) for label in set(weight) - set(labels))
    if left_out and unknown:
        raise ValueError(
            f"class_weight names {unknown}, which are not among the classes {labels}, "
            f"and leaves out {left_out}."
        )
    each = np.array([weight.get(label, 1.0) for label in labels])
    return each[np.searchsorted(classes, y)]


def _checked_number(label: Any, value: Any) -> float:
    """Return a class's weight as a float, or raise."""
    try:
        number = float(value) if isinstance(value, (Real, np.bool_)) else np.nan
    except OverflowError:  # of an int
        number = np.inf
    if not (np.isfinite(number) and number >= 0):
        raise ValueError(
            "class_weight must hold finite non-negative numbers, got "
            f"{value!r} for {label!r}."
        )
    return number
