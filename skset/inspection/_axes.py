"""The axes that a display draws on: given, made or divided, with names and scales.

All displays take the same `ax`: None makes a figure. A display with one panel takes one
Axes. A display with several takes one Axes, which is hidden and divided, or an array
with one Axes for each panel.
"""

from typing import Any

import numpy as np

from skset.inspection._libraries import library

__all__ = ["axes_grid", "color_bar", "inches_of", "one_axes", "shortened"]

# Longer names leave no room for what is drawn.
LONGEST_NAME = 28


def one_axes(ax: Any, display: type, **figure: Any) -> Any:
    """Return the Axes of a display with one panel; for the rest see `axes_grid`."""
    return axes_grid(ax, (1, 1), display, **figure)[0, 0]


def axes_grid(
    ax: Any,
    shape: tuple[int, int],
    display: type,
    *,
    sharex: bool = False,
    **figure: Any,
) -> Any:
    """Return the Axes of the panels of a display.

    Parameters
    ----------
    ax : matplotlib Axes, array of them, or None
        What the user gave.
    shape : tuple of int
        Rows and columns of panels.
    display : type
        Who asks, for errors.
    sharex : bool, default=False
        Whether panels that are made share their x axis.
    **figure
        Arguments of `pyplot.subplots`. With images take the layout "compressed": the
        default "constrained" cuts labels off beside axes of a fixed shape.

    Returns
    -------
    axes : ndarray of object of this shape
        Panels.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If `ax` is something else.
    ValueError
        If there is another number of Axes, or one that cannot be divided.
    """
    plt = library("matplotlib.pyplot", f"{display.__name__}.plot")
    if ax is None:
        made = {"layout": "constrained", "squeeze": False, "sharex": sharex, **figure}
        return plt.subplots(*shape, **made)[1]
    axes = _checked(ax, shape, display)
    if axes.size == shape[0] * shape[1]:
        return axes.reshape(shape)
    return _divided(axes[0], shape, sharex)


def _checked(ax: Any, shape: tuple[int, int], display: type) -> Any:
    """Return what the user gave as a flat array: one Axes, or one for each panel."""
    from matplotlib.axes import Axes

    axes = np.ravel(np.asarray(ax, object))
    n_panels, several = shape[0] * shape[1], f"{shape[0]} x {shape[1]}"
    needed = "one Axes" if n_panels == 1 else f"one Axes or {several} of them"
    for each in axes:
        if not isinstance(each, Axes):
            raise TypeError(
                f"ax must be None or matplotlib Axes, got {type(each).__name__}: "
                f"{display.__name__} needs {needed}."
            )
    is_one = isinstance(ax, Axes)
    if axes.size != n_panels and not is_one:
        raise ValueError(f"{display.__name__} needs {needed}, got {axes.size}.")
    if axes.size != n_panels and axes[0].get_subplotspec() is None:
        raise ValueError(
            f"{display.__name__} can divide an Axes that subplots() made, not one that "
            f"was placed by hand. Give {several} Axes."
        )
    return axes


def _divided(ax: Any, shape: tuple[int, int], sharex: bool) -> Any:
    """Return panels in the place of an Axes, which is hidden."""
    ax.set_axis_off()
    grid = ax.get_subplotspec().subgridspec(*shape)
    return grid.subplots(squeeze=False, sharex=sharex)


def inches_of(ax: Any) -> tuple[float, float]:
    """Return width and height of an Axes in inches."""
    box = ax.get_window_extent()
    return box.width / ax.figure.dpi, box.height / ax.figure.dpi


def color_bar(image: Any, label: str, **kwargs: Any) -> Any:
    """Draw the scale of an image beside it, as high as the image, and return it."""
    beside = image.axes.inset_axes((1.03, 0, 0.05, 1))
    return image.axes.figure.colorbar(image, cax=beside, label=label, **kwargs)


def shortened(name: str) -> str:
    """Return the name without its middle if it is too long for a label."""
    if len(name) <= LONGEST_NAME:
        return name
    half = (LONGEST_NAME - 1) // 2
    return f"{name[:half]}…{name[-half:]}"
