"""`FiltersDisplay`: receptive fields of the hidden units of a `SparseRBM`."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_scalar

from skset.inspection._axes import color_bar, one_axes
from skset.inspection._machines import machine_step
from skset.inspection._mosaic import image_shape_of, show

__all__ = ["FiltersDisplay"]

Array: TypeAlias = NDArray[Any]

# The colours end at this quantile of the absolute weights: one huge weight would make
# all others pale.
QUANTILE = 0.995
# Inches of a unit in a figure; narrower ones cannot be told apart.
NARROWEST = 0.45


class FiltersDisplay:
    """Receptive fields: the weights of hidden units, each as a small image.

    Each image has the pixels of the input. Pixels to which the unit has no connection
    are white, as is the weight 0. Positive weights are red, negative ones blue. All
    units share one scale. It is recommended to use `from_estimator`.

    Parameters
    ----------
    filters : ndarray of shape (n_units, height, width)
        Weights of each unit, 0 where it has no connection.
    units : ndarray of int of shape (n_units,)
        Which hidden units they are, the strongest first. The strength of a unit is the
        sum of its absolute weights.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes with the images.
    figure_ : matplotlib.figure.Figure
        Figure with the axes.
    image_ : matplotlib.image.AxesImage
        All images in one; NaN between them.

    See Also
    --------
    ReconstructionDisplay : What the machine makes of samples.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skset import SparseRBM
    >>> from skset.inspection import FiltersDisplay
    >>> X = load_digits().data / 16
    >>> machine = SparseRBM(64, n_iter=5, random_state=0).fit(X)
    >>> display = FiltersDisplay.from_estimator(machine, n_units=12)
    >>> display.filters.shape
    (12, 8, 8)
    """

    def __init__(self, *, filters: Array, units: Array) -> None:
        self.filters = filters
        self.units = units

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        image_shape: Sequence[int] | None = None,
        n_units: int = 40,
        n_columns: int | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the strongest hidden units of a fitted machine.

        Parameters
        ----------
        estimator : SparseRBM or Pipeline
            A fitted machine, or a Pipeline with one.
        image_shape : tuple of two int, default=None
            Height and width of the images. By default they are square.
        n_units : int, default=40
            How many units, at most. More are hard to see on a page.
        n_columns : int, default=None
            Images per row; by default there are about 1.6 times as many as rows.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a figure.
        **kwargs
            Arguments of `Axes.imshow`.

        Returns
        -------
        display : FiltersDisplay
            With what was drawn.

        Raises
        ------
        NotFittedError
            If the machine is not fitted.
        TypeError
            If there is no `~skset.SparseRBM`.
        ValueError
            If the features are no images of that shape, or a number is less than 1.
        """
        check_scalar(n_units, "n_units", Integral, min_val=1)
        _, machine = machine_step(estimator)
        shape = image_shape_of(image_shape, machine.n_features_in_)
        units, filters = _strongest(machine.components_, n_units)
        display = cls(filters=filters.reshape(-1, *shape), units=units)
        return display.plot(ax, n_columns=n_columns, **kwargs)

    def plot(
        self, ax: Any = None, *, n_columns: int | None = None, **kwargs: Any
    ) -> Self:
        """Draw the images, row by row, the strongest unit first.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a figure.
        n_columns : int, default=None
            Images per row; by default there are about 1.6 times as many as rows.
        **kwargs
            Arguments of `Axes.imshow`.

        Returns
        -------
        self : FiltersDisplay
            With `ax_`, `figure_` and `image_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `ax` is no matplotlib Axes, or `n_columns` no whole number.
        ValueError
            If `n_columns` is less than 1.
        """
        n, height, width = self.filters.shape
        if n_columns is None:
            n_columns = _n_columns(n, height / width)
        check_scalar(n_columns, "n_columns", Integral, min_val=1)
        n_columns = min(n_columns, n)
        n_rows = -(-n // n_columns)
        tiles = np.full((n_rows * n_columns, height, width), np.nan)
        tiles[:n] = self.filters
        across = max(5.0, NARROWEST * n_columns)
        size = (across + 1.4, 0.6 + across * n_rows * height / (n_columns * width))
        ax = one_axes(ax, type(self), figsize=size, layout="compressed")
        limit = self._limit()
        style = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit, **kwargs}
        self.image_ = show(ax, tiles.reshape(n_rows, n_columns, height, width), **style)
        color_bar(self.image_, "Weight", extend="both")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _limit(self) -> float:
        """Return the weight at which the colours end, the same for both signs."""
        weights = np.abs(self.filters[self.filters != 0])
        return float(np.quantile(weights, QUANTILE)) if weights.size else 1.0


def _n_columns(n: int, aspect: float) -> int:
    """Return images per row: the last row is full, if the shape of all allows it."""
    best = np.sqrt(1.6 * n * aspect)
    allowed = range(max(1, int(best / 1.5)), int(1.5 * best) + 2)
    return min(allowed, key=lambda columns: (-n % columns, abs(columns - best)))


def _strongest(components: Any, n_units: int) -> tuple[Array, Array]:
    """Return the strongest units, and the weights of each; only these become dense."""
    strength = np.asarray(abs(components).sum(axis=1)).ravel()
    units = np.argsort(-strength, kind="stable")[:n_units]
    return units, components[units].toarray()
