"""Panels above each other that share an axis of epochs, and where they come from."""

from typing import Any

import numpy as np

__all__ = ["LAYER_COLORS", "checked_axes", "new_panels", "require_matplotlib"]

# Colours that the colour-blind can tell apart, and that are seen on white and on black
# (Okabe and Ito 2008, without black and yellow).
LAYER_COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9")
# Inches of a panel.
WIDTH, HEIGHT = 6.4, 1.7


def require_matplotlib(caller: str) -> None:
    """Raise an ImportError that names the extra if matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"{caller} requires matplotlib. Install it with `pip install "
            "'skset[plot]'`."
        ) from error


def new_panels(n: int) -> Any:
    """Return n panels of a new figure."""
    import matplotlib.pyplot as plt

    height = max(HEIGHT * n, 2 * HEIGHT) + 0.4
    figure, axes = plt.subplots(
        *(n, 1), figsize=(WIDTH, height), sharex=True, squeeze=False, layout="tight"
    )
    axes = axes[:, 0]
    figure.align_ylabels(axes)
    return axes


def checked_axes(ax: Any, n: int) -> Any:
    """Return n panels in what the user gave: one Axes, which is divided, or n of them.

    Raises
    ------
    TypeError, ValueError
        If these are no Axes, or another number of them.
    """
    from matplotlib.axes import Axes

    if isinstance(ax, Axes):
        return np.array([ax], object) if n == 1 else _divided(ax, n)
    axes = np.empty(0, object) if ax is None else np.ravel(np.asarray(ax, object))
    wrong = [type(each).__name__ for each in axes if not isinstance(each, Axes)]
    if wrong:
        raise TypeError(f"ax must be matplotlib Axes, got {wrong[0]}.")
    if axes.size != n:
        raise ValueError(f"ax must be one Axes or {n} of them, got {axes.size}.")
    return axes


def _divided(ax: Any, n: int) -> Any:
    """Return n panels in the place of an Axes, which is hidden."""
    ax.set_axis_off()
    grid = ax.get_subplotspec()
    if grid is None:  # an Axes that was placed by hand
        raise ValueError(f"ax must be in a grid of subplots, or {n} Axes.")
    inner = grid.subgridspec(n, 1)
    first = ax.figure.add_subplot(inner[0])
    others = [ax.figure.add_subplot(inner[i], sharex=first) for i in range(1, n)]
    axes = np.array([first, *others], object)
    for each in axes[:-1]:
        each.tick_params(labelbottom=False)
    return axes
