"""Axes for displays that need several of them."""

from typing import Any

import numpy as np

from skset.inspection._libraries import library

__all__ = ["axes_grid", "one_axes"]


def axes_grid(
    ax: Any, shape: tuple[int, int], size: tuple[float, float], display: type
) -> tuple[Any, Any]:
    """Return a figure, and an array of its axes of this shape.

    Parameters
    ----------
    ax : matplotlib Axes, array of them, or None
        One Axes is switched off and divided. None makes a figure.
    shape : tuple of int
        Rows and columns.
    size : tuple of float
        Width and height of a new figure in inches.
    display : type
        Who asks, for messages.

    Raises
    ------
    ImportError
        If matplotlib is missing.
    ValueError
        If `ax` is an array of another shape.
    """
    plt = library("matplotlib.pyplot", display.__name__)
    if ax is None:
        figure, axes = plt.subplots(
            *shape, figsize=size, squeeze=False, layout="constrained"
        )
        return figure, axes
    if isinstance(ax, (list, tuple, np.ndarray)):
        axes = np.asarray(ax, dtype=object)
        if axes.size != shape[0] * shape[1]:
            raise ValueError(
                f"{display.__name__} needs {shape[0]} x {shape[1]} axes, got "
                f"{axes.size}."
            )
        axes = axes.reshape(shape)
        return axes[0, 0].figure, axes
    _check(ax, display)
    ax.set_axis_off()
    spec = ax.get_subplotspec()
    if spec is None:
        raise ValueError(
            f"{display.__name__} can divide only axes that subplots() made."
        )
    return ax.figure, spec.subgridspec(*shape).subplots(squeeze=False)


def one_axes(ax: Any, size: tuple[float, float], display: type) -> tuple[Any, Any]:
    """Return a figure and one Axes, which is the given one if there is any."""
    plt = library("matplotlib.pyplot", display.__name__)
    if ax is None:
        figure, axes = plt.subplots(figsize=size, layout="constrained")
        return figure, axes
    _check(ax, display)
    return ax.figure, ax


def _check(ax: Any, display: type) -> None:
    if not hasattr(ax, "get_subplotspec"):
        raise TypeError(
            f"ax must be a matplotlib Axes, got {type(ax).__name__} for "
            f"{display.__name__}."
        )
