"""`fit` and `partial_fit` of `SETConvClassifier`, to be read from top to bottom."""

import math
import warnings
from collections.abc import Callable
from functools import wraps
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from skset.torch._conv_net import Course, new_course
from skset.torch._conv_parameters import checked_parameters
from skset.torch._conv_targets import (
    checked_classes,
    encoded,
    learned_classes,
    weights_of,
)
from skset.torch._conv_training import (
    DIVERGED,
    Images,
    is_finite,
    n_connections,
    seeded,
    train,
)
from skset.torch._images import ChannelScale, checked_images, images_again

__all__ = ["fit", "partial_fit"]

Function = TypeVar("Function", bound=Callable[..., Any])


def _all_or_nothing(function: Function) -> Function:
    """Make a function leave the estimator as it was if it raises."""

    @wraps(function)
    def wrapper(estimator: Any, *args: Any) -> Any:
        before = vars(estimator).copy()
        try:
            return function(estimator, *args)
        except BaseException:
            estimator.__dict__ = before
            raise

    return cast(Function, wrapper)


@_all_or_nothing
def fit(estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> Any:
    """Train until the end; with `warm_start` go on from the last network."""
    p = checked_parameters(estimator)
    goes_on = p.warm_start and "module_" in vars(estimator)

    # Check X, y and weights; learn the classes.
    X, y = _checked(estimator, p, X, y, goes_on)
    estimator.classes_ = _classes(estimator, y, goes_on)
    X, y, weight = _weighted(estimator, p, X, y, sample_weight)
    curve = list(estimator.loss_curve_) if goes_on else []
    seed = _seed(p, len(curve))

    # Images to train on, and those to validate on; units of the inputs.
    rows, held_out = _split(p, y, seed)
    if not goes_on:
        estimator._scale = _learned_scale(p, X[rows])
    data = _images(X, y, weight, rows, estimator._scale)
    validation = None
    if held_out is not None:
        validation = _images(X, y, weight, held_out, estimator._scale)

    # Network, loop, and record.
    with seeded(seed, p.device):
        course = new_course(estimator, p, goes_on, validation)
        train(course.net, data)
    if course.stopping.state_ is not None:
        course.net.module_.load_state_dict(course.stopping.state_)
    _record(estimator, course, curve)
    estimator._state = None
    estimator.n_iter_ = len(estimator.loss_curve_) - len(curve)
    _record_scores(estimator, course, validated=held_out is not None)
    at_end = p.learning_rate == "cosine" or course.stopping.has_stopped_
    if estimator.n_iter_ == p.max_iter and not at_end:
        warnings.warn(
            f"Maximum iterations ({p.max_iter}) reached and the optimization hasn't "
            "converged yet.",
            ConvergenceWarning,
            stacklevel=4,  # the caller of the estimator's method
        )
    return estimator


@_all_or_nothing
def partial_fit(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
) -> Any:
    """Train on one pass over the given data."""
    p = checked_parameters(estimator)
    _check_partial(p)
    goes_on = "module_" in vars(estimator)

    # Check X, y and weights.
    known = estimator.classes_ if goes_on else None
    given = checked_classes(classes, known)
    X, y = _checked(estimator, p, X, y, goes_on)
    estimator.classes_ = given
    X, y, weight = _weighted(estimator, p, X, y, sample_weight)
    if not goes_on:
        estimator._scale = _learned_scale(p, X)
    data = Images(X, y, weight, estimator._scale)

    # One epoch, from where the last call stopped, and record.
    curve = list(estimator.loss_curve_) if goes_on else []
    state = vars(estimator).get("_state")
    n_calls = estimator.n_iter_ if state else 0
    with seeded(_seed(p, len(curve)), p.device):
        course = new_course(estimator, p, goes_on, partial=True)
        train(course.net, data)
    _record(estimator, course, curve)
    estimator.n_iter_ = n_calls + 1
    _record_scores(estimator, course, validated=False)
    estimator._state = course.state()
    return estimator


# Checks.


def _check_partial(p: SimpleNamespace) -> None:
    """Raise if the parameters do not allow `partial_fit`."""
    if p.early_stopping:
        raise ValueError("partial_fit does not support early_stopping=True")
    if p.class_weight == "balanced":
        raise ValueError(
            "class_weight='balanced' is not supported by partial_fit, which cannot "
            "know how frequent the classes are. Give a dict instead."
        )


def _least(p: SimpleNamespace) -> int:
    """Return the smallest number of images: one has no variance."""
    return 2 if p.batch_norm else 1


def _checked(
    estimator: Any, p: SimpleNamespace, X: Any, y: Any, goes_on: bool
) -> tuple[Any, Any]:
    """Return images and labels; their shape is learned unless it is known."""
    if goes_on:
        return images_again(estimator, X, y, _least(p))
    return checked_images(estimator, X, y, p.image_shape, _least(p))


def _classes(estimator: Any, y: Any, goes_on: bool) -> Any:
    """Return the classes in y, which must be the known ones with `warm_start`."""
    classes = learned_classes(y)
    if goes_on and not np.array_equal(classes, estimator.classes_):
        raise ValueError(
            "warm_start can only be used where `y` has the same classes as in the "
            f"previous call to fit. Previously got {estimator.classes_}, `y` has "
            f"{classes}."
        )
    return classes


# The data.


def _weighted(
    estimator: Any, p: SimpleNamespace, X: Any, y: Any, sample_weight: Any
) -> tuple[Any, Any, Any]:
    """Return images, numbers of classes and weights, without those of weight 0."""
    classes = estimator.classes_
    codes = encoded(y, classes)
    weight = weights_of(p, X, y, classes, sample_weight)
    counting = np.flatnonzero(weight)
    if counting.size < _least(p):
        raise ValueError(
            f"The weights leave {counting.size} sample(s), while a minimum of "
            f"{_least(p)} is required."
        )
    if counting.size < len(X):
        X, codes, weight = X[counting], codes[counting], weight[counting]
    return X, codes, (weight / weight.mean()).astype(np.float32)


def _split(p: SimpleNamespace, y: Any, seed: int) -> tuple[Any, Any]:
    """Return the rows to train on and those to validate on, None if there are none."""
    rows = np.arange(len(y))
    if not p.early_stopping:
        return rows, None
    try:
        return train_test_split(  # type: ignore[no-any-return]
            rows, test_size=p.validation_fraction, stratify=y, random_state=seed
        )
    except ValueError as error:
        raise ValueError(
            "early_stopping cannot set aside a validation set with "
            f"validation_fraction={p.validation_fraction}: {error}"
        ) from error


def _images(X: Any, y: Any, weight: Any, rows: Any, scale: ChannelScale) -> Images:
    if len(rows) == len(X):
        return Images(X, y, weight, scale)
    return Images(X[rows], y[rows], weight[rows], scale)


def _learned_scale(p: SimpleNamespace, X: Any) -> ChannelScale:
    return ChannelScale.learned(X) if p.standardize else ChannelScale.of_raw(X.shape[1])


def _seed(p: SimpleNamespace, n_epochs: int) -> int:
    """Return a seed for PyTorch; a training that goes on has another one."""
    drawn = check_random_state(p.random_state).randint(2**31 - 1)
    return (int(drawn) + n_epochs) % (2**31 - 1)


# The record.


def _record(estimator: Any, course: Course, curve: list[float]) -> None:
    """Set what both ways of training leave in the estimator."""
    module, history = course.net.module_.eval(), course.net.history
    if not is_finite(module):
        raise ValueError(DIVERGED)
    losses = [float(row["train_loss"]) for row in history if "train_loss" in row]
    nnz, possible = n_connections(module)
    estimator.module_, estimator.loss_curve_ = module, curve + losses
    estimator.nnz_, estimator.density_ = nnz, nnz / possible if possible else 1.0
    estimator.n_parameters_ = sum(part.numel() for part in module.parameters())
    estimator._full, estimator._final = course.full(), course.final


def _record_scores(estimator: Any, course: Course, validated: bool) -> None:
    scores, best = None, None
    if validated:
        rows = [row for row in course.net.history if "valid_loss" in row]
        scores = [-float(row["valid_loss"]) for row in rows]
        if math.isfinite(course.stopping.best_):  # an epoch had the final density
            best = -float(course.stopping.best_)
    estimator.validation_scores_, estimator.best_validation_score_ = scores, best
