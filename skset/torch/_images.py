"""Images from X, checked, and their units: one mean and one scale per channel."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array, check_X_y
from sklearn.utils.validation import validate_data

__all__ = ["ChannelScale", "checked_images", "images_again"]

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, int, int]
# Images that are looked at together.
BLOCK = 1024
# Deviations below this share of the mean are errors of rounding.
ROUNDING = 10 * np.finfo(float).eps


def checked_images(
    estimator: Any, X: Any, y: Any, image_shape: Any, least: int
) -> tuple[Array, Array]:
    """Return images (n, c, h, w), in the type of X, and y, to learn from.

    Parameters
    ----------
    estimator : BaseEstimator
        Gets `n_features_in_`, `feature_names_in_` if X has names, and `image_shape_`.
    X, y
        As the user gave them.
    image_shape : tuple of int, "row" or None
        The estimator's parameter.
    least : int
        Smallest number of samples.

    Raises
    ------
    ValueError, TypeError
        If X has no real finite numbers, no images, or others than `image_shape` says.
    """
    if _n_dims(X) <= 2:
        checks: dict[str, Any] = {"dtype": "numeric", "ensure_min_samples": least}
        X, y = validate_data(estimator, X, y, **checks)
        shape = _shape_of_rows(estimator, X.shape[1], image_shape)
    else:
        X, y = check_X_y(
            *_required(estimator, X, y),
            allow_nd=True,
            ensure_min_samples=least,
            estimator=estimator,
        )
        shape = _shape_of_images(X)
        if image_shape not in (None, "row") and tuple(image_shape) != shape:
            raise ValueError(
                f"X has images of shape {shape}, but image_shape is {image_shape}."
            )
        estimator.n_features_in_ = prod(shape)
    estimator.image_shape_ = shape
    return _real(X).reshape(len(X), *shape), y


def images_again(
    estimator: Any, X: Any, y: Any = None, sized: int = 1
) -> tuple[Array, Any]:
    """Return images of the shape that the estimator knows, and y if it is given.

    `sized` is the smallest number of samples.
    """
    least: dict[str, Any] = {"ensure_min_samples": sized}
    if _n_dims(X) <= 2:
        given = (X,) if y is None else (X, y)
        valid = validate_data(estimator, *given, dtype="numeric", reset=False, **least)
        X, y = (valid, None) if y is None else valid
    elif y is None:
        X = check_array(X, allow_nd=True, estimator=estimator, **least)
    else:
        X, y = check_X_y(X, y, allow_nd=True, estimator=estimator, **least)
    shape = estimator.image_shape_
    if X.ndim > 2 and _shape_of_images(X) != shape:
        raise ValueError(
            f"X has images of shape {_shape_of_images(X)}, but "
            f"{type(estimator).__name__} is expecting {shape}."
        )
    return _real(X).reshape(len(X), *shape), y


def _n_dims(X: Any) -> int:
    if hasattr(X, "ndim"):
        return int(X.ndim)
    try:
        return np.asarray(X).ndim
    except ValueError:  # rows of different lengths: scikit-learn says so
        return 2


def _required(estimator: Any, X: Any, y: Any) -> tuple[Any, Any]:
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but "
            "the target y is None."
        )
    return X, y


def _real(X: Array) -> Array:
    if X.dtype.kind not in "biuf":
        raise TypeError(f"X must have real numbers, got an array of {X.dtype}.")
    return X


def _shape_of_rows(estimator: Any, n_features: int, image_shape: Any) -> Shape:
    name = type(estimator).__name__
    if image_shape is None:
        raise ValueError(
            f"X has rows of {n_features} numbers, and {name} cannot know which images "
            "they are. Give image_shape=(channels, height, width), or image_shape="
            "'row' if each row is an image of one line; or X of shape (n_samples, "
            "channels, height, width)."
        )
    if isinstance(image_shape, str):
        return 1, 1, n_features
    if prod(image_shape) != n_features:
        raise ValueError(
            f"X has {n_features} features, but image_shape={image_shape} of {name} "
            f"needs {prod(image_shape)}."
        )
    return tuple(map(int, image_shape))  # type: ignore[return-value]


def _shape_of_images(X: Array) -> Shape:
    if X.ndim not in (3, 4):
        raise ValueError(
            "X must have shape (n_samples, channels, height, width), (n_samples, "
            f"height, width) or (n_samples, n_features), got {X.shape}."
        )
    shape = X.shape[1:] if X.ndim == 4 else (1, *X.shape[1:])
    if 0 in shape:
        raise ValueError(f"X has images without pixels: its shape is {X.shape}.")
    return shape


class ChannelScale(NamedTuple):
    """Units of images: the network sees ``(X - shift) * factor``, in float32.

    Attributes
    ----------
    shift, factor : ndarray of shape (c, 1, 1), float64
        For each channel.
    """

    shift: Array
    factor: Array

    @classmethod
    def of_raw(cls, n_channels: int) -> Self:
        """Return the units of X as it is."""
        zeros: Array = np.zeros((n_channels, 1, 1))
        return cls(zeros, zeros + 1)

    @classmethod
    def learned(cls, X: Array) -> Self:
        """Return the units in which each channel has mean 0 and variance 1.

        Raises
        ------
        ValueError
            If the numbers are so large that they have no variance in float64.
        """
        size = X.size // X.shape[1]
        with np.errstate(over="ignore", invalid="ignore"):
            mean = sum(_sums(block) for block in _blocks(X)) / size
            squares = sum(_sums((block - mean) ** 2) for block in _blocks(X))
        deviation = np.sqrt(squares / size)
        if not np.isfinite(deviation).all():
            raise ValueError("Input X contains a value too large to be standardised.")
        varies = deviation > ROUNDING * np.abs(mean)
        return cls(mean, 1 / np.where(varies, deviation, 1.0))

    def applied(self, X: Sequence[Any] | Array) -> Array:
        """Return images in these units."""
        with np.errstate(over="ignore", invalid="ignore"):
            units: Array = (np.asarray(X) - self.shift) * self.factor
            return units.astype(np.float32)


def _blocks(X: Array) -> Iterator[Array]:
    for start in range(0, len(X), BLOCK):
        yield X[start : start + BLOCK].astype(np.float64)


def _sums(block: Array) -> Array:
    sums: Array = block.sum(axis=(0, 2, 3)).reshape(-1, 1, 1)
    return sums
