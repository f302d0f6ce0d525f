"""`FeatureImportanceDisplay`: importances of features, with their spread over fits."""

from collections.abc import Mapping
from numbers import Integral
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_scalar

from skset.inspection._axes import color_bar, one_axes, shortened
from skset.inspection._colors import BLUE
from skset.inspection._mosaic import checked_shape
from skset.inspection._pipelines import importance_step, importances_of, names_before

__all__ = ["FeatureImportanceDisplay"]

Array: TypeAlias = NDArray[Any]

# Height of a figure of bars, in inches: of each bar, and of the rest.
BAR_HEIGHT, MARGINS = 0.24, 1.0


class FeatureImportanceDisplay:
    """Importances of features: ranked bars, or a map of the pixels of an image.

    It is recommended to use `from_estimator` or `from_importances`. The importances of
    skset's estimators add up to 1, so those of different fits can be compared.

    Parameters
    ----------
    importances : ndarray of shape (n_fits, n_features)
        Importances in each fit.
    feature_names : ndarray of str of shape (n_features,)
        Names of the features.
    image_shape : tuple of two int, default=None
        Height and width of the image whose pixels are the features. Without it `plot`
        draws bars.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes with the importances.
    figure_ : matplotlib.figure.Figure
        Figure with the axes.
    bars_ : matplotlib.container.BarContainer
        The bars, the best feature first; None for an image.
    image_ : matplotlib.image.AxesImage
        The map; None for bars.

    See Also
    --------
    skset.inspection.ranked_features : The same as a table.
    SelectionStabilityDisplay : How sure a selection is.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skset import SETClassifier
    >>> from skset.inspection import FeatureImportanceDisplay
    >>> data = load_iris(as_frame=True)
    >>> fits = [
    ...     SETClassifier((20,), max_iter=30, random_state=seed).fit(
    ...         data.data, data.target
    ...     )
    ...     for seed in range(3)
    ... ]
    >>> display = FeatureImportanceDisplay.from_estimator(fits)
    >>> display.ax_.get_yticklabels()[0].get_text().startswith("petal")
    True
    """

    def __init__(
        self,
        *,
        importances: Array,
        feature_names: Array,
        image_shape: tuple[int, int] | None = None,
    ) -> None:
        self.importances = importances
        self.feature_names = feature_names
        self.image_shape = image_shape

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        feature_names: ArrayLike | None = None,
        image_shape: tuple[int, int] | None = None,
        step: str | None = None,
        n_bars: int = 20,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the importances of one or several fitted estimators.

        Parameters
        ----------
        estimator : estimator or sequence of estimators
            With importances, or Pipelines with one that has them: several seeds,
            or ``cross_validate(..., return_estimator=True)["estimator"]``. Features are
            matched by name. One that a fit has not seen has the importance 0 there.
        feature_names : array-like of str, default=None
            Names of the columns of X. By default those of the DataFrame that was
            fitted, or "x0", "x1", ...
        image_shape : tuple of two int, default=None
            Height and width of the image whose pixels are the features.
        step : str, default=None
            Name of the step of a Pipeline. By default the last selector that has
            importances; without such a selector the last step that has them.
        n_bars : int, default=20
            How many bars are drawn at most. More than 20 are hard to read.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a figure.
        **kwargs
            Arguments of `Axes.barh`, or of `Axes.imshow` for an image.

        Returns
        -------
        display : FeatureImportanceDisplay
            With what was drawn.

        Raises
        ------
        NotFittedError
            If an estimator is not fitted.
        TypeError
            If an estimator has no importances.
        ValueError
            If there are no estimators, if a step cannot tell its names, or if names or
            shape do not fit.
        """
        estimators = [estimator] if hasattr(estimator, "fit") else estimator
        fits = [_importances(fit, feature_names, step) for fit in estimators]
        names = list(dict.fromkeys(name for fit in fits for name in fit))
        if not names:
            raise ValueError("At least one estimator is needed.")
        return cls.from_importances(
            [[fit.get(name, 0.0) for name in names] for fit in fits],
            feature_names=names,
            image_shape=image_shape,
            n_bars=n_bars,
            ax=ax,
            **kwargs,
        )

    @classmethod
    def from_importances(
        cls,
        importances: ArrayLike,
        *,
        feature_names: ArrayLike | None = None,
        image_shape: tuple[int, int] | None = None,
        n_bars: int = 20,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw given importances.

        Parameters
        ----------
        importances : array-like of shape (n_features,) or (n_fits, n_features)
            Importances, of one or several fits.
        feature_names : array-like of str of shape (n_features,), default=None
            Names of the features; by default "x0", "x1", ...
        image_shape : tuple of two int, default=None
            Height and width of the image whose pixels are the features.
        n_bars : int, default=20
            How many bars are drawn at most.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a figure.
        **kwargs
            Arguments of `Axes.barh`, or of `Axes.imshow` for an image.

        Returns
        -------
        display : FeatureImportanceDisplay
            With what was drawn.

        Raises
        ------
        ValueError
            If the importances are empty or non-finite, or names or shape do not fit.
        """
        table = np.atleast_2d(np.asarray(importances, float))
        if table.ndim != 2 or not table.size or not np.isfinite(table).all():
            raise ValueError("importances must be finite numbers (n_fits, n_features).")
        n = table.shape[1]
        if feature_names is None:
            feature_names = [f"x{i}" for i in range(n)]
        names = np.asarray(feature_names, str)
        if names.shape != (n,):
            raise ValueError(f"{names.size} names for {n} features.")
        if image_shape is not None:
            image_shape = checked_shape(image_shape, n)
        display = cls(importances=table, feature_names=names, image_shape=image_shape)
        return display.plot(ax, n_bars=n_bars, **kwargs)

    def plot(self, ax: Any = None, *, n_bars: int = 20, **kwargs: Any) -> Self:
        """Draw bars, or a map if there is an `image_shape`.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a figure.
        n_bars : int, default=20
            How many bars are drawn at most.
        **kwargs
            Arguments of `Axes.barh`, or of `Axes.imshow` for an image.

        Returns
        -------
        self : FeatureImportanceDisplay
            With `ax_`, `figure_`, and `bars_` or `image_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `ax` is no matplotlib Axes, or `n_bars` no whole number.
        ValueError
            If `n_bars` is less than 1.
        """
        check_scalar(n_bars, "n_bars", Integral, min_val=1)
        self.bars_ = self.image_ = None
        if self.image_shape is not None:
            return self._map(ax, kwargs)
        return self._ranked_bars(ax, n_bars, kwargs)

    def _ranked_bars(self, ax: Any, n_bars: int, kwargs: Mapping[str, Any]) -> Self:
        mean = self.importances.mean(0)
        best = np.argsort(-mean, kind="stable")[:n_bars]
        height = MARGINS + BAR_HEIGHT * best.size
        ax = one_axes(ax, type(self), figsize=(6.4, height))
        spread = self._spread()
        style = {
            "color": BLUE,
            "xerr": None if spread is None else spread[best],
            "error_kw": {"elinewidth": 1, "capsize": 2},
            "ecolor": ax.xaxis.label.get_color(),  # black is not seen on black
            **kwargs,
        }
        places = np.arange(best.size)
        self.bars_ = ax.barh(places, mean[best], **style)
        labels = [shortened(name) for name in self.feature_names[best]]
        ax.set_yticks(places, labels)
        ax.set(xlabel=self._label("mean ± std"), ylim=(best.size - 0.4, -0.6))
        ax.set_xlim(left=min(0.0, mean[best].min()))
        return self._drawn(ax)

    def _map(self, ax: Any, kwargs: Mapping[str, Any]) -> Self:
        ax = one_axes(ax, type(self), layout="compressed")
        image = self.importances.mean(0).reshape(self.image_shape)
        self.image_ = ax.imshow(image, **{"cmap": "viridis", "vmin": 0, **kwargs})
        ax.set(xticks=[], yticks=[])
        color_bar(self.image_, self._label("mean"))
        return self._drawn(ax)

    def _drawn(self, ax: Any) -> Self:
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _spread(self) -> Array | None:
        """Return the standard deviation over the fits, None of a single one."""
        if len(self.importances) < 2:
            return None
        spread: Array = self.importances.std(0, ddof=1)
        return spread

    def _label(self, what: str) -> str:
        n_fits = len(self.importances)
        return "Importance" if n_fits < 2 else f"Importance ({what}, {n_fits} fits)"


def _importances(
    estimator: Any, feature_names: ArrayLike | None, step: str | None
) -> dict[str, float]:
    """Return the importance of each feature by its name."""
    before, part = importance_step(estimator, step)
    names = names_before(before, part, feature_names)
    values = np.asarray(importances_of(part)).tolist()
    found = dict(zip(names.tolist(), values, strict=True))
    if len(found) < names.size:
        raise ValueError("Two features have the same name.")
    return found
