"""`NetworkDisplay`: a network as a drawing of its strongest paths."""

from collections.abc import Sequence
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.inspection._axes import inches_of, one_axes, shortened
from skset.inspection._colors import BLUE, VERMILION
from skset.inspection._shown_topologies import (
    Snapshots,
    input_names,
    network_of,
    output_names,
    topologies_of,
    weights_of,
)
from skset.inspection._strongest_paths import (
    ages_of,
    drawn_units,
    spread,
    strongest_connections,
)

__all__ = ["NetworkDisplay"]

Array: TypeAlias = NDArray[Any]

POSITIVE, NEGATIVE = BLUE, VERMILION
# Units of a layer get their names up to so many for each inch of the axes.
NAMES_PER_INCH = 6
# Widths in points; they shrink in layers with more than a few connections.
WIDEST, THINNEST, FEW = 2.5, 0.3, 80
# Headings and names are small below so many inches for a column.
NARROW = 1.3


class NetworkDisplay:
    """Layers as columns, with the connections on the strongest paths.

    The strength of a path is the product of the absolute weights along it, for inputs
    of variance 1. Only units on these paths are drawn; the heading of a column says how
    many there are in all. The larger a weight in its layer, the wider the connection.

    It is recommended to use `from_estimator`.

    Parameters
    ----------
    units : list of ndarray of int
        Drawn units of each column, in ascending order.
    n_units : list of int
        Number of units of each column in all.
    edges : list of ndarray of int of shape (n, 2)
        For each layer the two units of each drawn connection.
    weights : list of ndarray of shape (n,)
        Their weights, for inputs of variance 1.
    names : tuple of two lists of str
        Names of all inputs and of all outputs.
    ages : list of ndarray of shape (n,), default=None
        Their ages in epochs. With ages the colours tell them in place of the sign.

    Attributes
    ----------
    ax_ : matplotlib Axes
        With the drawing.
    figure_ : matplotlib Figure
        With the axes.
    edges_ : list of matplotlib LineCollection
        Connections of each layer.
    nodes_ : list of matplotlib PathCollection
        Units of each column.
    colorbar_ : matplotlib Colorbar
        Of the ages; None without.
    legend_ : matplotlib Legend
        Of the signs; None with ages.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skset import SETClassifier
    >>> from skset.inspection import NetworkDisplay
    >>> model = SETClassifier((10,), max_iter=5, random_state=0)
    >>> model = model.fit(*load_iris(return_X_y=True))
    >>> display = NetworkDisplay.from_estimator(model, n_connections=20)
    >>> display.n_units
    [4, 10, 3]
    """

    def __init__(
        self,
        units: list[Array],
        n_units: list[int],
        edges: list[Array],
        weights: list[Array],
        *,
        names: tuple[Sequence[str], Sequence[str]],
        ages: list[Array] | None = None,
    ) -> None:
        self.units = units
        self.n_units = n_units
        self.edges = edges
        self.weights = weights
        self.names = names
        self.ages = ages

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        n_connections: int = 200,
        snapshots: Snapshots | None = None,
        feature_names: Any = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the strongest paths of a fitted estimator.

        Parameters
        ----------
        estimator : estimator of skset or Network
            Fitted.
        n_connections : int, default=200
            Most connections that are drawn. Beyond some thousand they look alike.
        snapshots : TopologyLog, mapping or sequence, default=None
            A log with snapshots, or pairs (epoch, topologies). With them the colours
            tell how old connections are, as far as snapshots say.
        feature_names : sequence of str, default=None
            Names of the inputs. None takes those of the fitted DataFrame.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a figure.
        **kwargs
            Passed to matplotlib's `LineCollection`.

        Returns
        -------
        display : NetworkDisplay
            With the drawing.

        Raises
        ------
        NotFittedError, TypeError, ImportError
            If the estimator is not fitted, has no network, or matplotlib is missing.
        ValueError
            If `n_connections` is below 1, if snapshots are out of order or of other
            units, or if `feature_names` has another length.
        """
        if n_connections < 1:
            raise ValueError(f"n_connections must be at least 1, got {n_connections}.")
        topologies = topologies_of(estimator)
        layers = network_of(estimator).layers
        sizes = weights_of(estimator)
        places = strongest_connections(topologies, sizes, int(n_connections))
        pairs = [
            np.stack([t.in_units[p], t.indices[p]], axis=1)
            for t, p in zip(topologies, places, strict=True)
        ]
        ages = None
        if snapshots is not None:
            ages = [
                a[p]
                for a, p in zip(ages_of(snapshots, topologies), places, strict=True)
            ]
        n_units = [topologies[0].shape[0], *(t.shape[1] for t in topologies)]
        display = cls(
            drawn_units(pairs),
            n_units,
            pairs,
            [
                np.copysign(size[p], layer.weights[p])
                for size, layer, p in zip(sizes, layers, places, strict=True)
            ],
            names=(
                input_names(estimator, n_units[0], feature_names),
                output_names(estimator, n_units[-1]),
            ),
            ages=ages,
        )
        return display.plot(ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the network.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a figure.
        **kwargs
            Passed to matplotlib's `LineCollection`.

        Returns
        -------
        display : NetworkDisplay
            Itself.

        Raises
        ------
        ImportError, TypeError, ValueError
            If matplotlib is missing, or `ax` is no Axes, or not as many as needed.
        """
        size = (2.2 * len(self.n_units) + 1.5, 5.0)
        self.ax_ = one_axes(ax, type(self), figsize=size)
        self.figure_ = self.ax_.figure
        heights = self._heights()
        self.edges_ = [
            self._draw_layer(k, heights[k : k + 2], kwargs)
            for k in range(len(self.edges))
        ]
        self.nodes_ = [self._draw_column(k, y) for k, y in enumerate(heights)]
        self.ax_.set_xlim(-0.15, len(self.n_units) - 0.85)
        self.ax_.set_ylim(1.05, -0.05)
        self.ax_.set_axis_off()
        self.legend_ = self._legend() if self.ages is None else None
        self.colorbar_ = None
        if self.ages is not None:
            self.colorbar_ = self.figure_.colorbar(
                self.edges_[0], ax=self.ax_, label="age in epochs", shrink=0.6
            )
        return self

    def _heights(self) -> list[Array]:
        """Return the heights of the units, from 0 at the top to 1.

        Hidden units stand at the mean height of what is connected to them, so that few
        lines cross.
        """
        heights = [spread(np.arange(len(self.units[0])))]
        for k, edges in enumerate(self.edges):
            ends = np.searchsorted(self.units[k], edges[:, 0])
            starts = np.searchsorted(self.units[k + 1], edges[:, 1])
            n = len(self.units[k + 1])
            degrees = np.maximum(np.bincount(starts, minlength=n), 1)
            means = np.bincount(starts, heights[-1][ends], n) / degrees
            is_output = k == len(self.edges) - 1
            heights.append(spread(np.arange(n) if is_output else means))
        return heights

    def _draw_layer(self, k: int, heights: list[Array], kwargs: dict[str, Any]) -> Any:
        """Draw the connections of a layer, the weakest first."""
        from matplotlib.collections import LineCollection

        size = abs(self.weights[k])
        order = np.argsort(size, kind="stable")
        ends = [
            y[np.searchsorted(self.units[k + side], self.edges[k][order, side])]
            for side, y in enumerate(heights)
        ]
        lines = [[(k, y0), (k + 1, y1)] for y0, y1 in zip(*ends, strict=True)]
        share = size[order] / size.max(initial=1e-300)
        widest = WIDEST * min(1, (FEW / max(size.size, 1)) ** 0.5)
        style: dict[str, Any] = {"linewidths": np.maximum(widest * share, THINNEST)}
        if self.ages is None:
            signs = np.where(self.weights[k][order] > 0, POSITIVE, NEGATIVE)
            style["colors"] = signs.tolist()
        else:
            oldest = max(age.max(initial=0) for age in self.ages)
            style |= {"array": self.ages[k][order], "cmap": self._age_colors()}
            style["clim"] = (0, max(oldest, 1))
        collection = LineCollection(lines, **{"alpha": 0.8, **style, **kwargs})
        return self.ax_.add_collection(collection)

    def _draw_column(self, k: int, heights: Array) -> Any:
        """Draw the units of a column with its heading, and names if there is room."""
        from matplotlib import rcParams

        color, last = rcParams["text.color"], len(self.n_units) - 1
        width, tall = inches_of(self.ax_)
        small = width < NARROW * len(self.n_units)
        font = "x-small" if small else "medium"
        kind = {0: "inputs", last: "outputs"}.get(k, f"hidden {k}")
        heading = f"{kind}\n{len(heights)} of {self.n_units[k]}"
        self.ax_.text(k, -0.06, heading, ha="center", va="bottom", fontsize=font)
        names = {0: self.names[0], last: self.names[1]}.get(k)
        if names is not None and len(heights) <= NAMES_PER_INCH * tall:
            side, gap = ("right", -6) if k == 0 else ("left", 6)
            style = {"ha": side, "va": "center", "textcoords": "offset points"}
            style["fontsize"] = "xx-small" if small else "small"
            for unit, y in zip(self.units[k], heights, strict=True):
                self.ax_.annotate(shortened(names[unit]), (k, y), (gap, 0), **style)
        size = float(np.clip(600 / max(len(heights), 1), 4, 40))
        dots = {"s": size, "facecolor": rcParams["axes.facecolor"], "edgecolor": color}
        return self.ax_.scatter(np.full(len(heights), k), heights, zorder=3, **dots)

    def _age_colors(self) -> str:
        """Return a colour map in which old connections stand out from the ground."""
        from matplotlib.colors import to_rgb

        is_dark = sum(to_rgb(self.ax_.get_facecolor())) < 1.5
        return "viridis" if is_dark else "viridis_r"

    def _legend(self) -> Any:
        from matplotlib.lines import Line2D

        both = {"positive weight": POSITIVE, "negative weight": NEGATIVE}
        lines = [Line2D([], [], color=c, label=name) for name, c in both.items()]
        where = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0)}
        return self.ax_.legend(
            handles=lines, ncols=2, frameon=False, fontsize="small", **where
        )
