"""The drawings of `SelectionStabilityDisplay`: bars, a map, curves."""

from collections.abc import Mapping
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_scalar

from skset.inspection._axes import color_bar, one_axes, shortened
from skset.inspection._colors import BLUE, GREY, ORANGE
from skset.inspection._selection_masks import pairwise_agreement
from skset.metrics import selection_stability

__all__ = ["drawn"]

Array: TypeAlias = NDArray[Any]

ARTISTS = "bars_", "image_", "line_", "band_"
OF_SIZES = "score", "stability"
# Height of a figure of bars, in inches: of each bar, and of the rest.
BAR_HEIGHT, MARGINS = 0.24, 1.2
# Values are written into a map whose squares are at least so many points wide.
NARROWEST = 28
# Beyond this ratio of the largest size to the smallest the axis is logarithmic.
WIDE = 8
# A share of 3 in 5 may be a little less than 0.6.
ROUNDING = 1e-9


def drawn(
    display: Any,
    ax: Any = None,
    *,
    kind: str | None = None,
    size: int | None = None,
    n_bars: int = 20,
    **kwargs: Any,
) -> dict[str, Any]:
    """Draw, and return the attributes that a display has afterwards.

    Raises
    ------
    ImportError, TypeError, ValueError
        As `SelectionStabilityDisplay.plot`.
    """
    check_scalar(n_bars, "n_bars", Integral, min_val=1)
    if kind is None:
        kind = "frequency" if display.scores is None else "score"
    if kind not in DRAWINGS:
        raise ValueError(f"kind must be one of {sorted(DRAWINGS)}, got {kind!r}.")
    if kind in OF_SIZES and display.scores is None:
        raise ValueError(f"kind={kind!r} needs from_cross_validation.")
    masks = display.selections if kind in OF_SIZES else _of_size(display, size)
    if kind != "frequency" and masks.shape[-2] < 2:
        raise ValueError("At least 2 selections are needed to compare them.")
    ax, artists = DRAWINGS[kind](display, ax, masks, n_bars, kwargs)
    return {**dict.fromkeys(ARTISTS), **artists, "ax_": ax, "figure_": ax.figure}


def _of_size(display: Any, size: int | None) -> Array:
    """Return the selections of one size; by default of that with the best score."""
    if display.sizes is None:
        if size is not None:
            raise ValueError("size needs from_cross_validation.")
        first: Array = display.selections[0]
        return first
    sizes = display.sizes.tolist()
    if size is None:
        size = sizes[display.scores.mean(1).argmax()]
    if size not in sizes:
        raise ValueError(f"size must be one of {sizes}, got {size!r}.")
    masks: Array = display.selections[sizes.index(size)]
    return masks


def _frequencies(
    display: Any, ax: Any, masks: Array, n_bars: int, kwargs: Mapping[str, Any]
) -> tuple[Any, dict[str, Any]]:
    shares = masks.mean(0)
    n_bars = min(n_bars, max(1, int(np.count_nonzero(shares))))
    best = np.argsort(-shares, kind="stable")[:n_bars]
    ax = one_axes(ax, type(display), figsize=(6.4, MARGINS + BAR_HEIGHT * n_bars))
    chosen = shares[best] >= (display.threshold or 0) - ROUNDING
    colors = np.where(chosen, BLUE, GREY).tolist()
    bars = ax.barh(np.arange(n_bars), shares[best], **{"color": colors, **kwargs})
    ax.set_yticks(range(n_bars), [shortened(n) for n in display.feature_names[best]])
    ax.set(xlim=(0, 1.02), ylim=(n_bars - 0.4, -0.6))
    ax.set_xlabel(f"Share of {len(masks)} selections")
    if display.threshold is not None:
        ax.axvline(display.threshold, color=ORANGE, linestyle="--")
    ax.set_title(_facts(masks, display.threshold), fontsize="medium")
    return ax, {"bars_": bars}


def _facts(masks: Array, threshold: float | None) -> str:
    facts = [] if threshold is None else [f"threshold {threshold:g}"]
    if len(masks) > 1:
        facts.insert(0, f"stability {selection_stability(masks):.2f}")
    return ", ".join(facts)


def _agreement(
    display: Any, ax: Any, masks: Array, n_bars: int, kwargs: Mapping[str, Any]
) -> tuple[Any, dict[str, Any]]:
    agreement = pairwise_agreement(masks)
    low = min(0.0, agreement.min())
    style = {"cmap": "viridis", "vmin": low, "vmax": 1, **kwargs}
    ax = one_axes(ax, type(display), layout="compressed")
    image = ax.imshow(agreement, **style)
    width = ax.bbox.width / ax.figure.dpi * 72 / len(masks)
    if width >= NARROWEST:
        _write(ax, image, agreement)
        ax.set(xticks=range(len(masks)), yticks=range(len(masks)))
    color_bar(image, "Kuncheva's index")
    ax.set(xlabel="Selection", ylabel="Selection")
    return ax, {"image_": image}


def _write(ax: Any, image: Any, values: Array) -> None:
    """Write the values into a map, dark on light and light on dark."""
    for (i, j), value in np.ndenumerate(values):
        color = "black" if np.mean(image.to_rgba(value)[:3]) > 0.5 else "white"
        style = {"ha": "center", "va": "center", "color": color, "fontsize": "small"}
        ax.text(j, i, f"{value:.2f}", **style)


def _scores(
    display: Any, ax: Any, masks: Array, n_bars: int, kwargs: Mapping[str, Any]
) -> tuple[Any, dict[str, Any]]:
    mean, spread = display.scores.mean(1), display.scores.std(1)
    ax, line = _curve(display, ax, mean, kwargs)
    style = {"color": line.get_color(), "alpha": 0.25, "linewidth": 0}
    low, high = mean - spread, mean + spread
    band = ax.fill_between(display.sizes, low, high, **style)
    ax.set_ylabel(f"{display.score_name} (mean ± std, {masks.shape[1]} splits)")
    return ax, {"line_": line, "band_": band}


def _stabilities(
    display: Any, ax: Any, masks: Array, n_bars: int, kwargs: Mapping[str, Any]
) -> tuple[Any, dict[str, Any]]:
    stabilities = np.array([selection_stability(of_size) for of_size in masks])
    ax, line = _curve(display, ax, stabilities, kwargs)
    ax.set_ylabel("Stability (mean Kuncheva's index)")
    ax.set_ylim(min(0.0, stabilities.min()), 1.02)
    return ax, {"line_": line}


def _curve(
    display: Any, ax: Any, values: Array, kwargs: Mapping[str, Any]
) -> tuple[Any, Any]:
    ax = one_axes(ax, type(display))
    sizes = display.sizes
    (line,) = ax.plot(sizes, values, **{"color": BLUE, "marker": "o", **kwargs})
    if sizes.max() >= WIDE * sizes.min():
        ax.set_xscale("log")
    ax.minorticks_off()
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.set_xlabel("Number of features")
    return ax, line


DRAWINGS = {
    "frequency": _frequencies,
    "agreement": _agreement,
    "score": _scores,
    "stability": _stabilities,
}
