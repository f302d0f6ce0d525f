"""`SelectionStabilityDisplay`: how sure a selection of features is."""

from collections.abc import Sequence
from typing import Any, Self, TypeAlias

from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from skset.inspection._selection_drawings import drawn
from skset.inspection._selection_masks import checked_names, masks_of, support_of
from skset.inspection._selection_scores import selections_and_scores

__all__ = ["SelectionStabilityDisplay"]

Array: TypeAlias = NDArray[Any]


class SelectionStabilityDisplay:
    """Several selections of features: how much they agree, how good they are.

    It is recommended to use one of the `from_` methods. There are four drawings:

    - "frequency": the share of the selections that each feature is in.
    - "agreement": Kuncheva's index of each pair of selections; 0 is chance.
    - "score": score against the number of features, with its spread.
    - "stability": mean Kuncheva's index against the number of features.

    Parameters
    ----------
    selections : ndarray of bool of shape (n_sizes, n_selections, n_features)
        Masks of the features, for each number of features.
    feature_names : ndarray of str of shape (n_features,)
        Names of the features.
    sizes : ndarray of int of shape (n_sizes,), default=None
        The numbers of features, if selections were made for several.
    scores : ndarray of shape (n_sizes, n_selections), default=None
        Score of each selection on rows that it has not seen.
    score_name : str, default="Score"
        What the scores are.
    threshold : float, default=None
        A line is drawn at this share of the selections.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes of the last drawing.
    figure_ : matplotlib.figure.Figure
        Its figure.
    bars_ : matplotlib.container.BarContainer
        The bars of "frequency", the most frequent feature first; None for the others.
    image_ : matplotlib.image.AxesImage
        The map of "agreement"; None for the others.
    line_ : matplotlib.lines.Line2D
        The curve of "score" or "stability"; None for the others.
    band_ : matplotlib.collections.PolyCollection
        The spread of "score": the standard deviation over the selections, to each side.

    See Also
    --------
    skset.metrics.selection_stability : The mean agreement as a number.
    FeatureImportanceDisplay : Importances, with their spread over fits.

    Examples
    --------
    >>> from skset.inspection import SelectionStabilityDisplay
    >>> display = SelectionStabilityDisplay.from_selections(
    ...     [[0, 1], [0, 2], [0, 1]], ["age", "height", "weight", "shoes"]
    ... )
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['age', 'height', 'weight']
    """

    def __init__(
        self,
        *,
        selections: Array,
        feature_names: Array,
        sizes: Array | None = None,
        scores: Array | None = None,
        score_name: str = "Score",
        threshold: float | None = None,
    ) -> None:
        self.selections = selections
        self.feature_names = feature_names
        self.sizes = sizes
        self.scores = scores
        self.score_name = score_name
        self.threshold = threshold

    @classmethod
    def from_selections(
        cls,
        selections: Sequence[ArrayLike],
        feature_names: ArrayLike | None = None,
        *,
        n_features: int | None = None,
        threshold: float | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw given selections.

        Parameters
        ----------
        selections : sequence of array-like of shape (n_features,) or (n_selected,)
            Masks, or indices of columns. Indices need `feature_names` or `n_features`.
        feature_names : array-like of str, default=None
            Names of all features; by default "x0", "x1", ...
        n_features : int, default=None
            How many features there are, if indices come without names.
        threshold : float, default=None
            A line is drawn at this share of the selections.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a figure.
        **kwargs
            Further arguments of `plot`.

        Returns
        -------
        display : SelectionStabilityDisplay
            With what was drawn.

        Raises
        ------
        ValueError
            If there are no selections, if they are neither masks nor indices of
            columns, or the names do not fit.
        """
        masks = masks_of(selections, feature_names, n_features)
        names = checked_names(feature_names, masks.shape[1])
        display = cls(selections=masks[None], feature_names=names, threshold=threshold)
        return display.plot(ax, **kwargs)

    @classmethod
    def from_estimator(cls, estimator: Any, **kwargs: Any) -> Self:
        """Draw the selections that a selector has made on resamples.

        Parameters
        ----------
        estimator : estimator
            Fitted, with the attribute `selections_`, masks (n_resamples, n_features),
            such as `~skset.StableSelection`. Its `threshold_`, if it has one, becomes a
            line.
        **kwargs
            Further arguments of `from_selections`.

        Returns
        -------
        display : SelectionStabilityDisplay
            With what was drawn.

        Raises
        ------
        NotFittedError
            If it is not fitted.
        TypeError
            If it has no `selections_`.
        """
        check_is_fitted(estimator)
        if not hasattr(estimator, "selections_"):
            raise TypeError(
                "A selector with selections_ is needed, such as StableSelection; got "
                f"{type(estimator).__name__}. See from_estimators."
            )
        known = {
            "feature_names": getattr(estimator, "feature_names_in_", None),
            "threshold": getattr(estimator, "threshold_", None),
        }
        return cls.from_selections(estimator.selections_, **{**known, **kwargs})

    @classmethod
    def from_estimators(cls, estimators: Sequence[Any], **kwargs: Any) -> Self:
        """Draw the selections of several fitted selectors.

        Parameters
        ----------
        estimators : sequence of estimators
            Any selectors of scikit-learn, fitted to the same columns with several seeds
            or on several resamples.
        **kwargs
            Further arguments of `from_selections`.

        Returns
        -------
        display : SelectionStabilityDisplay
            With what was drawn.

        Raises
        ------
        NotFittedError
            If a selector is not fitted.
        TypeError
            If one is no selector.
        ValueError
            If there are none, or they were fitted to other columns.
        """
        masks, names = support_of(estimators)
        return cls.from_selections(masks, **{"feature_names": names, **kwargs})

    @classmethod
    def from_cross_validation(
        cls,
        selector: Any,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        n_features: Sequence[int] | None = None,
        cv: Any = 10,
        scoring: Any = None,
        n_jobs: int | None = None,
        feature_names: ArrayLike | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Select on training rows and score on the others, for several sizes.

        Parameters
        ----------
        selector : estimator
            With the parameter `n_features_to_select` or `k`. A `~skset.QuickSelection`
            is fitted once for each split, as one ranking serves all sizes; other
            selectors once for each size.
        estimator : estimator
            Classifier or regressor that learns from the selected features.
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Data.
        y : array-like of shape (n_samples,)
            Targets.
        n_features : sequence of int, default=None
            The sizes; by default 1, 2, 5, 10, ... up to 200 and to all.
        cv : int or splitter, default=10
            The splits. The spread over fewer than ten says little.
        scoring : str or callable, default=None
            As in `sklearn.model_selection.cross_validate`.
        n_jobs : int, default=None
            How many splits are computed at the same time.
        feature_names : array-like of str, default=None
            Names of the features; by default the columns of X, or "x0", "x1", ...
        ax : matplotlib Axes, default=None
            Where to draw. None makes a figure.
        **kwargs
            Further arguments of `plot`.

        Returns
        -------
        display : SelectionStabilityDisplay
            With what was drawn: "score" if `kind` is not given.

        Raises
        ------
        TypeError
            If the selector has neither parameter.
        ValueError
            If a size is less than 1 or greater than the number of features.
        """
        found = selections_and_scores(
            selector, estimator, X, y, sizes=n_features, cv=cv, scoring=scoring,
            n_jobs=n_jobs,
        )  # fmt: skip
        if feature_names is None:
            feature_names = getattr(X, "columns", None)
        names = checked_names(feature_names, found["selections"].shape[2])
        return cls(feature_names=names, **found).plot(ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw one of the four drawings.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a figure.
        kind : {"frequency", "agreement", "score", "stability"}, default=None
            What is drawn; by default "score" if there are scores, else "frequency".
        size : int, default=None
            The number of features whose selections are drawn as "frequency" or
            "agreement". By default the one with the best mean score.
        n_bars : int, default=20
            How many bars are drawn at most.
        **kwargs
            Arguments of `Axes.barh`, `Axes.imshow` or `Axes.plot`.

        Returns
        -------
        self : SelectionStabilityDisplay
            With `ax_`, `figure_` and the artists.

        Raises
        ------
        ImportError, TypeError
            If matplotlib is not installed; if `ax` is no matplotlib Axes.
        ValueError
            If the kind is unknown or needs several sizes, if `size` is none of them,
            or `n_bars` is less than 1.
        """
        for name, artist in drawn(self, ax, **kwargs).items():
            setattr(self, name, artist)
        return self
