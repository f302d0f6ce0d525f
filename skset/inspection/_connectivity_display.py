"""`ConnectivityDisplay`: where the inputs are connected, over epochs."""

from collections.abc import Sequence
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skset.inspection._axes import axes_grid, one_axes, shortened
from skset.inspection._colors import BLUE, ORANGE
from skset.inspection._gif import write_gif
from skset.inspection._shown_topologies import (
    Snapshots,
    check_image_shape,
    checked_snapshots,
    connectivity,
    input_names,
    same_shapes,
    topologies_of,
)

__all__ = ["ConnectivityDisplay"]

Array: TypeAlias = NDArray[Any]

LABELS = {"degree": "connections", "strength": "sum of absolute weights"}
FIRST, LAST = ORANGE, BLUE
# So many images are drawn of a longer list of snapshots, the first and last among them.
MOST_IMAGES, MOST_COLUMNS = 6, 3


class ConnectivityDisplay:
    """Connections of each input: pictures for images, top columns for tables.

    It is recommended to use `from_estimator` or `from_snapshots`.

    Parameters
    ----------
    values : array-like of shape (n_snapshots, n_inputs)
        Degree or strength of each input.
    epochs : sequence of int or str, default=None
        What the snapshots are called. None numbers them.
    measure : {"degree", "strength"}, default="degree"
        What the values are.
    image_shape : tuple of int, default=None
        (height, width), or (height, width, channels) to be summed. None draws bars.
    feature_names : sequence of str, default=None
        Names of the inputs. None means "x0", "x1", ...

    Attributes
    ----------
    ax_ : matplotlib Axes
        With the bars, or the first image.
    axes_ : ndarray of matplotlib Axes
        All of them; those of the images come first.
    figure_ : matplotlib Figure
        With these axes.
    images_ : list of matplotlib AxesImage
        One for each drawn snapshot; empty for tables.
    bars_ : matplotlib BarContainer
        The top columns, the first on top; None for images.
    colorbar_ : matplotlib Colorbar
        Of the images; None for tables.

    Examples
    --------
    >>> from skset.inspection import ConnectivityDisplay
    >>> display = ConnectivityDisplay([3, 0, 2], feature_names=["a", "b", "c"])
    >>> [label.get_text() for label in display.plot().ax_.get_yticklabels()]
    ['a', 'c', 'b']
    """

    def __init__(
        self,
        values: ArrayLike,
        *,
        epochs: Sequence[int | str] | None = None,
        measure: str = "degree",
        image_shape: tuple[int, ...] | None = None,
        feature_names: Sequence[str] | None = None,
    ) -> None:
        self.values = np.atleast_2d(np.asarray(values))
        self.epochs = list(range(len(self.values))) if epochs is None else list(epochs)
        self.measure = measure
        self.image_shape = image_shape
        self.feature_names = input_names(None, self.values.shape[1], feature_names)
        if measure not in LABELS:
            raise ValueError(f"measure must be one of {list(LABELS)}, got {measure!r}.")
        if len(self.epochs) != len(self.values):
            raise ValueError(
                f"There must be an epoch for each of {len(self.values)} snapshots, got "
                f"{len(self.epochs)}."
            )
        if image_shape is not None:
            check_image_shape(image_shape, self.values.shape[1])

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        before: Any = None,
        *,
        measure: str = "degree",
        image_shape: tuple[int, ...] | None = None,
        feature_names: Sequence[str] | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the connections of the inputs of a fitted estimator.

        Parameters
        ----------
        estimator : estimator of skset or Network
            Fitted.
        before : the same, default=None
            An earlier network with the same units, drawn beside it.
        measure : {"degree", "strength"}, default="degree"
            The number of an input's connections, or the sum of their absolute weights
            for inputs of variance 1.
        image_shape : tuple of int, default=None
            (height, width) or (height, width, channels) of images. None draws bars of
            the top columns.
        feature_names : sequence of str, default=None
            Names of the inputs. None takes those of the fitted DataFrame.
        ax : matplotlib Axes or array of them, default=None
            Where to draw; see `plot`.
        **kwargs
            Passed to `plot`.

        Returns
        -------
        display : ConnectivityDisplay
            With the drawing.

        Raises
        ------
        NotFittedError, TypeError, ImportError
            If the estimator is not fitted, has no network, or matplotlib is missing.
        ValueError
            If `measure` is unknown, or a shape or number of names does not fit.
        """
        if measure not in LABELS:
            raise ValueError(f"measure must be one of {list(LABELS)}, got {measure!r}.")
        shown = [estimator] if before is None else [before, estimator]
        if before is not None:
            same_shapes(topologies_of(before), topologies_of(estimator))
        values = [connectivity(thing, measure) for thing in shown]
        display = cls(
            values,
            epochs=["before", "after"][-len(shown) :],
            measure=measure,
            image_shape=image_shape,
            feature_names=input_names(estimator, values[0].size, feature_names),
        )
        return display.plot(ax, **kwargs)

    @classmethod
    def from_snapshots(
        cls,
        snapshots: Snapshots,
        *,
        image_shape: tuple[int, ...] | None = None,
        feature_names: Sequence[str] | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the degrees of the inputs in the course of a training.

        Parameters
        ----------
        snapshots : TopologyLog, mapping or sequence of (epoch, sequence of Topology)
            A log with snapshots, or the topologies of some epochs.
        image_shape, feature_names, ax, **kwargs
            As in `from_estimator`.

        Returns
        -------
        display : ConnectivityDisplay
            With the drawing.

        Raises
        ------
        ValueError
            If snapshots are missing, out of order, or of different units.
        """
        checked = checked_snapshots(snapshots)
        values = [topologies[0].fan_out for _, topologies in checked]
        display = cls(
            values,
            epochs=[epoch for epoch, _ in checked],
            image_shape=image_shape,
            feature_names=feature_names,
        )
        return display.plot(ax, **kwargs)

    def plot(
        self, ax: Any = None, *, n_top: int = 20, cmap: str = "viridis", **kwargs: Any
    ) -> Self:
        """Draw the images or the bars.

        Parameters
        ----------
        ax : matplotlib Axes or array of them, default=None
            Where to draw. One Axes is divided for several images. An array has an Axes
            for each image. None makes a figure.
        n_top : int, default=20
            How many columns of a table are drawn: those with the largest values in the
            last snapshot.
        cmap : str or Colormap, default="viridis"
            Colours of the images.
        **kwargs
            Passed to `matplotlib.axes.Axes.imshow` or `matplotlib.axes.Axes.barh`.

        Returns
        -------
        display : ConnectivityDisplay
            Itself.

        Raises
        ------
        ImportError, TypeError, ValueError
            If matplotlib is missing, or `ax` is no Axes, or not as many as needed.
        """
        self.images_: list[Any] = []
        self.bars_ = self.colorbar_ = None
        if self.image_shape is None:
            self._plot_bars(ax, n_top, kwargs)
        else:
            self._plot_images(ax, {"cmap": cmap, **kwargs})
        self.ax_ = self.axes_.flat[0]
        self.figure_ = self.ax_.figure
        return self

    def _plot_images(self, ax: Any, kwargs: dict[str, Any]) -> None:
        n = len(self.values)
        drawn = np.linspace(0, n - 1, min(n, MOST_IMAGES)).round().astype(int)
        n_columns = min(len(drawn), MOST_COLUMNS)
        shape = -(-len(drawn) // n_columns), n_columns
        size = (2.4 * shape[1] + 1, 2.5 * shape[0] + 0.2)
        self.axes_ = axes_grid(ax, shape, type(self), figsize=size)
        for axes in self.axes_.flat:
            axes.set_axis_off()
        for k, axes in zip(drawn, self.axes_.flat, strict=False):
            self.images_.append(axes.imshow(self._image(k), **self._limits(), **kwargs))
            axes.set_title(self._title(k), fontsize="medium")
        self.colorbar_ = self.axes_.flat[0].figure.colorbar(
            self.images_[0], ax=list(self.axes_.flat), label=LABELS[self.measure]
        )

    def _plot_bars(self, ax: Any, n_top: int, kwargs: dict[str, Any]) -> None:
        top = np.argsort(-self.values[-1], kind="stable")[:n_top]
        axes = one_axes(ax, type(self), figsize=(6.0, 1 + 0.24 * len(top)))
        self.axes_ = np.array([axes], dtype=object)
        places = np.arange(len(top))
        style = {"color": LAST, "label": self._title(-1), **kwargs}
        self.bars_ = axes.barh(places, self.values[-1][top], **style)
        if len(self.values) > 1:
            first = {"marker": "D", "linestyle": "", "color": FIRST}
            axes.plot(self.values[0][top], places, label=self._title(0), **first)
            axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
        axes.set_yticks(places, [shortened(self.feature_names[k]) for k in top])
        axes.set_ylim(len(top) - 0.4, -0.6)
        axes.set_xlabel(LABELS[self.measure])

    def save_animation(self, path: Any, *, fps: float = 4, dpi: int = 80) -> None:
        """Write the images of all snapshots into a GIF.

        Parameters
        ----------
        path : str or path-like
            Where the GIF is written.
        fps : float, default=4
            Snapshots per second. The last one is shown for a second longer.
        dpi : int, default=80
            Pixels per inch; the picture has 4 x 3.6 inches.

        Raises
        ------
        ValueError, ImportError
            If `image_shape` is None; if matplotlib or pillow is missing.
        """
        if self.image_shape is None:
            raise ValueError("Only images can be animated: give image_shape.")
        frames = [(self._image(k), self._title(k)) for k in range(len(self.values))]
        frames += frames[-1:] * round(fps)
        write_gif(path, frames, self._limits(), LABELS[self.measure], fps=fps, dpi=dpi)

    def _image(self, k: int) -> Array:
        assert self.image_shape is not None
        image = self.values[k].reshape(self.image_shape)
        return np.asarray(image.sum(2) if image.ndim == 3 else image)

    def _limits(self) -> dict[str, float]:
        """Return limits of the colours, the same for all snapshots."""
        largest = max(self._image(k).max() for k in range(len(self.values)))
        return {"vmin": 0.0, "vmax": float(largest)}

    def _title(self, k: int) -> str:
        epoch = self.epochs[k]
        return epoch if isinstance(epoch, str) else f"epoch {epoch}"
