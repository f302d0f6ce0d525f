"""The axes that a display draws on, and colours that everybody can tell apart."""

from typing import Any

__all__ = ["AREA", "BAR", "LINE", "axes_of", "color_bar", "shortened"]

# Of Petroff (2021), https://arxiv.org/abs/2107.02270: colour-blind people can tell them
# apart, and they are seen on light and on dark ground.
BAR, LINE, AREA = "#3f90da", "#ffa90e", "#94a4a2"
# Longer names of features leave no room for what is drawn.
LONGEST_NAME = 28


def axes_of(ax: Any, caller: str, **figure: Any) -> Any:
    """Return the axes, made by `pyplot.subplots` if there are none.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        What the user gave.
    caller : str
        Name of the display, for errors.
    **figure
        Arguments of `pyplot.subplots`. With images take the layout "compressed": the
        default "constrained" cuts labels off beside axes of a fixed shape.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If `ax` is something else.
    """
    try:
        import matplotlib.pyplot as plt
        from matplotlib.axes import Axes
    except ImportError as error:
        raise ImportError(
            f"{caller}.plot needs matplotlib. Install it with: pip install "
            "'skset[plot]'"
        ) from error
    if ax is None:
        return plt.subplots(**{"layout": "constrained", **figure})[1]
    if not isinstance(ax, Axes):
        raise TypeError(f"ax must be a matplotlib Axes or None, got {ax!r}.")
    return ax


def color_bar(image: Any, label: str, **kwargs: Any) -> None:
    """Draw the scale of an image beside it, as high as the image."""
    beside = image.axes.inset_axes((1.03, 0, 0.05, 1))
    image.axes.figure.colorbar(image, cax=beside, label=label, **kwargs)


def shortened(name: str) -> str:
    """Return the name without its middle if it is too long for a label."""
    if len(name) <= LONGEST_NAME:
        return name
    half = (LONGEST_NAME - 1) // 2
    return f"{name[:half]}…{name[-half:]}"
