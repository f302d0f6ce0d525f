"""Animated pictures of arrays, as GIF files."""

from collections.abc import Sequence
from typing import Any

from skset.inspection._libraries import library

__all__ = ["write_gif"]


def write_gif(
    path: Any,
    frames: Sequence[tuple[Any, str]],
    limits: dict[str, float],
    label: str,
    *,
    fps: float,
    dpi: int,
) -> None:
    """Write images with titles, one after the other, into a GIF.

    Parameters
    ----------
    path : str or path-like
        Path of the file.
    frames : sequence of (ndarray of shape (height, width), str)
        Images and their titles.
    limits : dict of float
        "vmin" and "vmax" of the colours.
    label : str
        Of the colours.
    fps : float
        Frames per second.
    dpi : int
        Pixels per inch; the picture has 4 x 3.6 inches.

    Raises
    ------
    ImportError
        If matplotlib or pillow is missing.
    """
    animation = library("matplotlib.animation", "save_animation")
    library("PIL", "save_animation")
    plt = library("matplotlib.pyplot", "save_animation")
    figure, axes = plt.subplots(figsize=(4, 3.6), layout="constrained")
    try:
        image = axes.imshow(frames[0][0], cmap="viridis", **limits)
        axes.set_axis_off()
        figure.colorbar(image, label=label)
        writer = animation.PillowWriter(fps=fps)
        with writer.saving(figure, path, dpi):
            for values, title in frames:
                image.set_data(values)
                axes.set_title(title)
                writer.grab_frame()
    finally:
        plt.close(figure)
