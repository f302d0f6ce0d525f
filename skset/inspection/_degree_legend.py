"""Fits of degrees as lines, and a legend that says what speaks for and against them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skset.inspection._axes import inches_of
from skset.inspection._colors import GREEN, PINK, VERMILION
from skset.inspection._degree_fits import DegreeFits

__all__ = ["add_legend", "draw_fits", "is_small", "whole_ticks"]

FITTED = {
    "power law": (VERMILION, "-"),
    "lognormal": (GREEN, "--"),
    "exponential": (PINK, "-."),
}
# Inches that the long legend needs.
SMALL = (3.3, 2.1)
# Narrower axes have room for the verdict alone.
NARROW = 1.7


def is_small(axes: Any) -> bool:
    """Return whether the long legend has no room in the axes."""
    width, height = inches_of(axes)
    return width < SMALL[0] or height < SMALL[1]


def add_legend(axes: Any, verdict: str | None, small: bool) -> None:
    """Add a legend below the data, with the verdict in bold; only that in tiny axes."""
    size = "xx-small" if small else "x-small"
    lines = [] if inches_of(axes)[0] < NARROW else axes.lines
    legend = axes.legend(
        handles=lines, fontsize=size, loc="lower left", title=verdict, labelspacing=0.3
    )
    legend.set_visible(bool(lines) or verdict is not None)
    legend.get_title().set(fontsize=size, fontweight="bold")
    # Room for the legend: the data take the upper part.
    shares = np.concatenate([line.get_ydata() for line in axes.lines[:2]])
    lowest = min(shares.min(initial=1), 0.1)
    axes.set_ylim(lowest ** (2.2 if small else 1.8), 1.5)


def draw_fits(
    axes: Any, fits: DegreeFits, degrees: NDArray[Any], small: bool
) -> dict[str, Any]:
    """Draw the fitted tails; each label has what speaks for and against it."""
    d = np.unique(degrees[degrees >= fits.xmin])
    lines = {}
    for name, label in _labels(fits, small).items():
        color, style = FITTED[name]
        tail = fits.tail(d, name)
        (lines[name],) = axes.plot(d, tail, style, color=color, lw=1.2, label=label)
    return lines


def whole_ticks(axes: Any) -> None:
    """Label the degrees with whole numbers: 5, 10, 20, ... in place of powers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axes.get_xlim()
    subs = (1.0, 2.0, 5.0) if high / max(low, 1e-9) < 500 else (1.0,)
    axes.xaxis.set_major_locator(LogLocator(subs=subs))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda d, _: f"{d:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _labels(fits: DegreeFits, small: bool) -> dict[str, str]:
    """Return the label of each fit; a small one has the test without the exponent."""
    p = f"p {_probability(fits.p_value, 1 / max(fits.n_resamples, 1))}"
    tail = f"tail: {fits.n_tail} of {fits.n_units}"
    long = f"power law, exponent {fits.exponent:.2f}, {p} ({tail})"
    labels = {"power law": f"power law, {p}" if small else long}
    for rival in fits.rivals:
        ratio = f"{round(rival.log_ratio, 1) + 0.0:+.1f}"  # not -0.0
        p = _probability(rival.p_value, 0.001)
        labels[rival.name] = (
            f"{rival.name}, {ratio}"
            if small
            else f"{rival.name}, log ratio {ratio} (p {p})"
        )
    return labels


def _probability(p: float, least: float) -> str:
    return f"< {least:g}" if p < least else f"= {p:.2g}"
