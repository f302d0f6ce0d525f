"""`TopologyDisplay`: degree distributions of each layer, with fits and their tests."""

from collections.abc import Sequence
from typing import Any, Self, TypeAlias

from numpy.typing import NDArray

from skset.inspection._axes import axes_grid
from skset.inspection._colors import BLUE, GREY
from skset.inspection._degree_fits import DegreeFits, fit_degrees, survival
from skset.inspection._degree_legend import (
    add_legend,
    draw_fits,
    is_small,
    whole_ticks,
)
from skset.inspection._shown_topologies import (
    Snapshots,
    checked_snapshots,
    random_twin,
    same_shapes,
    topologies_of,
)
from skset.topology import Topology

__all__ = ["TopologyDisplay"]

Degrees: TypeAlias = list[dict[str, NDArray[Any]]]

AFTER, BEFORE = BLUE, GREY
SHORT = {"out": "out-degree", "in": "in-degree"}
TITLES = {"out": "out-degree of its inputs", "in": "in-degree of its outputs"}


class TopologyDisplay:
    """Degree distributions of each layer, before and after training.

    Shown is the complementary cumulative distribution, the share of units with at
    least d connections, on log-log axes. It needs no bins, so there is no choice that
    could draw a straight line, and the few units of a tail are seen as few.

    A power law is never shown by its exponent alone. The legend has the p-value of its
    test by resampling, how many units the law is about, and the likelihood ratios with
    a lognormal and an exponential (see `fit_degrees`). The far tail of a random network
    passes that test too, so compare with the network before training.

    It is recommended to use `from_estimator` or `from_snapshots`.

    Parameters
    ----------
    degrees, before : list of dict of ndarray of int
        For each layer the degrees "out" of its inputs and "in" of its outputs.
    fits : list of dict, default=None
        For each layer and side the `DegreeFits`, or None.
    names : tuple of str, default=("before", "after")
        What the two are called in the legend.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_layers, 2)
        Left the inputs of a layer, right its outputs.
    figure_ : matplotlib Figure
        With these axes.
    lines_ : list of dict
        For each layer and side the lines by name: those of the two networks, and of
        the fits.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skset import SETClassifier
    >>> from skset.inspection import TopologyDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SETClassifier((50,), epsilon=3, max_iter=5, random_state=0)
    >>> display = TopologyDisplay.from_estimator(model.fit(X, y))
    >>> display.axes_.shape
    (2, 2)
    """

    def __init__(
        self,
        degrees: Degrees,
        before: Degrees,
        *,
        fits: list[dict[str, DegreeFits | None]] | None = None,
        names: tuple[str, str] = ("before", "after"),
    ) -> None:
        self.degrees = degrees
        self.before = before
        self.fits = fits
        self.names = names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        before: Any = None,
        *,
        fit: bool = True,
        n_resamples: int = 100,
        random_state: int = 0,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the degrees of a fitted estimator.

        Parameters
        ----------
        estimator : estimator of skset, Network, or sequence of Topology
            After the training.
        before : the same, default=None
            Before it. The static twin of an estimator has the very topology that it
            began with: ``clone(estimator).set_params(method="static").fit(X, y)`` with
            an integer random_state. None draws a random topology with as many
            connections in each layer: the distribution is that of the static twin.
        fit : bool, default=True
            Whether distributions are fitted.
        n_resamples : int, default=100
            For the p-value of the power law: its standard error is at most 0.05.
        random_state : int, default=0
            Seed of the random topology and of the resamples.
        ax : matplotlib Axes, or array of them of shape (n_layers, 2), default=None
            Where to draw. One Axes is divided. None makes a figure.
        **kwargs
            Passed to `matplotlib.axes.Axes.plot` for the degrees after training.

        Returns
        -------
        display : TopologyDisplay
            With the drawing.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If it has no network.
        ValueError
            If both networks have different units, or if `ax` has another shape.
        ImportError
            If matplotlib is missing.
        """
        after = topologies_of(estimator)
        names = ("before", "after") if before is not None else ("random", "trained")
        first = random_twin(after, random_state) if before is None else before
        first = topologies_of(first)
        same_shapes(after, first)
        display = cls._of(after, first, names, fit, n_resamples, random_state)
        return display.plot(ax, **kwargs)

    @classmethod
    def from_snapshots(
        cls,
        snapshots: Snapshots,
        *,
        fit: bool = True,
        n_resamples: int = 100,
        random_state: int = 0,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the degrees of the first and of the last of some snapshots.

        Parameters
        ----------
        snapshots : TopologyLog, mapping or sequence of (epoch, sequence of Topology)
            A log with snapshots, or the topologies of some epochs.
        fit, n_resamples, random_state, ax, **kwargs
            As in `from_estimator`.

        Returns
        -------
        display : TopologyDisplay
            With the drawing.

        Raises
        ------
        ValueError
            If snapshots are missing, out of order, or of different units.
        """
        (start, first), *_, (end, last) = 2 * checked_snapshots(snapshots)
        names = (f"epoch {start}", f"epoch {end}")
        display = cls._of(last, first, names, fit, n_resamples, random_state)
        return display.plot(ax, **kwargs)

    @classmethod
    def _of(
        cls,
        after: Sequence[Topology],
        before: Sequence[Topology],
        names: tuple[str, str],
        fit: bool,
        n_resamples: int,
        random_state: int,
    ) -> Self:
        degrees, first = _degrees(after), _degrees(before)
        how = {"n_resamples": n_resamples, "random_state": random_state}
        fits = [
            {side: fit_degrees(d, **how) for side, d in sides.items()}
            for sides in degrees
        ]
        return cls(degrees, first, fits=fits if fit else None, names=names)

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the distributions.

        Parameters
        ----------
        ax : matplotlib Axes, or array of them of shape (n_layers, 2), default=None
            Where to draw. One Axes is divided. None makes a figure.
        **kwargs
            Passed to `matplotlib.axes.Axes.plot` for the degrees after training.

        Returns
        -------
        display : TopologyDisplay
            Itself.

        Raises
        ------
        ImportError, TypeError, ValueError
            If matplotlib is missing, or `ax` is no Axes, or not as many as needed.
        """
        n_layers = len(self.degrees)
        size = (10.0, 0.6 + 3.4 * n_layers)
        self.axes_ = axes_grid(ax, (n_layers, 2), type(self), figsize=size)
        self.figure_ = self.axes_[0, 0].figure
        self.lines_: list[dict[str, dict[str, Any]]] = [{} for _ in range(n_layers)]
        for layer, row in enumerate(self.axes_):
            for side, axes in zip(("out", "in"), row, strict=True):
                self.lines_[layer][side] = self._drawn(axes, layer, side, kwargs)
                axes.set(xscale="log", yscale="log")
                whole_ticks(axes)
                small = is_small(axes)
                what, font = (SHORT, "x-small") if small else (TITLES, "medium")
                axes.set_title(f"layer {layer}: {what[side]}", fontsize=font)
                axes.set_xlabel("connections d", fontsize=font)
                axes.set_ylabel("share ≥ d" if small else "share of units with ≥ d")
        return self

    def _drawn(
        self, axes: Any, layer: int, side: str, kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """Draw one layer from one side; return its lines by name."""
        lines = {}
        both = zip(self.names, (self.before, self.degrees), strict=True)
        for (name, degrees), color in zip(both, (BEFORE, AFTER), strict=True):
            d = degrees[layer][side]
            style = {"color": color, "marker": ".", "linestyle": "", "markersize": 5}
            style |= kwargs if degrees is self.degrees else {}
            label = f"{name}: {d.min()} to {d.max()}"
            if n_without := int((d == 0).sum()):
                label += f" ({n_without} have 0)"
            (lines[name],) = axes.plot(*survival(d), label=label, **style)
        fits = self.fits[layer][side] if self.fits else None
        small = is_small(axes)
        if fits is not None:
            lines |= draw_fits(axes, fits, self.degrees[layer][side], small)
        add_legend(axes, fits.verdict if fits else None, small)
        return lines


def _degrees(topologies: Sequence[Topology]) -> Degrees:
    return [{"out": t.fan_out, "in": t.fan_in} for t in topologies]
