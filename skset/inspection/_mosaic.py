"""Many small images in one: tiles with gaps between them."""

from collections.abc import Sequence
from math import isqrt, prod
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["GAP_COLOR", "checked_shape", "gap_of", "image_shape_of", "mosaic", "show"]

Array: TypeAlias = NDArray[Any]

# Between white and black tiles, on light and on dark ground.
GAP_COLOR = "#b8b8b8"
# The side of a tile in gaps.
SIDES_PER_GAP = 14


def checked_shape(image_shape: Sequence[int], n_features: int) -> tuple[int, int]:
    """Return height and width of an image, or raise if it has not so many pixels.

    Raises
    ------
    TypeError
        If the shape is not two whole numbers.
    ValueError
        If the image has another number of pixels than there are features.
    """
    shape = tuple(image_shape) if isinstance(image_shape, Sequence) else ()
    if len(shape) != 2 or not all(isinstance(side, Integral) for side in shape):
        raise TypeError(f"image_shape must be (height, width), got {image_shape!r}.")
    if min(shape) < 1 or prod(shape) != n_features:
        raise ValueError(f"image_shape={shape} has not {n_features} pixels.")
    return int(shape[0]), int(shape[1])


def image_shape_of(
    image_shape: Sequence[int] | None, n_features: int
) -> tuple[int, int]:
    """Return the shape that was given, or that of a square image.

    Raises
    ------
    TypeError, ValueError
        As `checked_shape`; also if none is given and the image is no square.
    """
    if image_shape is not None:
        return checked_shape(image_shape, n_features)
    side = isqrt(n_features)
    if side * side != n_features:
        raise ValueError(
            f"{n_features} features are no square image. Give image_shape, its height "
            "and width."
        )
    return side, side


def mosaic(tiles: Array) -> Array:
    """Return one image of many, with gaps of NaN between and around them.

    Parameters
    ----------
    tiles : ndarray of shape (n_rows, n_columns, height, width)
        The images. One that is all NaN stays empty.

    Returns
    -------
    image : ndarray of shape (n_rows * (height + gap) + gap, ...)
        As float64; for `gap` see `gap_of`.
    """
    n_rows, n_columns, height, width = tiles.shape
    gap = gap_of(height, width)
    framed = np.full((n_rows, n_columns, height + gap, width + gap), np.nan)
    framed[:, :, gap:, gap:] = tiles
    rows = framed.transpose(0, 2, 1, 3).reshape(n_rows * (height + gap), -1)
    return np.pad(rows, ((0, gap), (0, gap)), constant_values=np.nan)


def gap_of(height: int, width: int) -> int:
    """Return the pixels between two tiles; wide ones are drawn small, gaps too."""
    return max(1, min(height, width) // SIDES_PER_GAP)


def show(ax: Any, tiles: Array, **style: Any) -> Any:
    """Draw a mosaic without ticks, and return the image."""
    image = ax.imshow(mosaic(tiles), **{"interpolation": "nearest", **style})
    image.set_cmap(image.get_cmap().with_extremes(bad=GAP_COLOR))
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    return image
