"""Selections by cross-validation, and scores of a model on their features."""

from collections.abc import Iterator, Sequence
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import check_scalar, indexable

from skset.estimators import QuickSelection

__all__ = ["selections_and_scores"]

Array: TypeAlias = NDArray[Any]

# Sizes by default: up to the last of them, and to all features.
SIZES = 1, 2, 5, 10, 20, 50, 100, 200
# Names of the number of features: skset's and RFE's, and SelectKBest's.
PARAMETERS = "n_features_to_select", "k"


def selections_and_scores(
    selector: Any,
    estimator: Any,
    X: Any,
    y: ArrayLike,
    *,
    sizes: Sequence[int] | None = None,
    cv: Any = 10,
    scoring: Any = None,
    n_jobs: int | None = None,
) -> dict[str, Any]:
    """Return masks and scores for each size and split.

    Returns
    -------
    found : dict
        With the keys "selections", of shape (n_sizes, n_splits, n_features), "scores",
        of shape (n_sizes, n_splits), "sizes" and "score_name".

    Raises
    ------
    TypeError
        If the selector has no parameter for the number of features.
    ValueError
        If a size is less than 1 or greater than the number of features.
    """
    X, y = indexable(X if hasattr(X, "shape") else np.asarray(X), np.asarray(y))
    sizes = _checked_sizes(sizes, X.shape[1])
    selectors = _Sizes(selector, sizes)
    scorer = check_scoring(estimator, scoring)
    splits = check_cv(cv, y, classifier=is_classifier(estimator)).split(X, y)
    parts = Parallel(n_jobs=n_jobs)(
        delayed(_split)(selectors, estimator, scorer, X, y, *rows) for rows in splits
    )
    masks, scores = zip(*parts, strict=True)
    return {
        "selections": np.array(masks).swapaxes(0, 1),
        "scores": np.array(scores).T,
        "sizes": np.array(sizes),
        "score_name": _name_of(scoring, estimator),
    }


class _Sizes:
    """A selector for several numbers of features.

    Raises
    ------
    TypeError
        If it has no parameter for the number of features.
    """

    def __init__(self, selector: Any, sizes: Sequence[int]) -> None:
        known = [name for name in PARAMETERS if name in selector.get_params()]
        if not known:
            raise TypeError(
                f"A selector with one of the parameters {PARAMETERS} is needed; got "
                f"{type(selector).__name__}."
            )
        self.selector, self.parameter, self.sizes = selector, known[0], sizes

    def fitted(self, X: Any, y: Array) -> Iterator[Any]:
        """Yield the selector fitted for each size; a ranking serves them all."""
        selector = clone(self.selector)
        for at, size in enumerate(self.sizes):
            selector.set_params(**{self.parameter: size})
            if at == 0 or not isinstance(selector, QuickSelection):
                selector.fit(X, y)
            yield selector


def _split(
    selectors: _Sizes,
    estimator: Any,
    scorer: Any,
    X: Any,
    y: Array,
    train: Array,
    test: Array,
) -> tuple[list[Array], list[float]]:
    """Return the masks and scores of all sizes for one split."""
    masks, scores = [], []
    for selector in selectors.fitted(_rows(X, train), y[train]):
        model = clone(estimator)
        model.fit(selector.transform(_rows(X, train)), y[train])
        masks.append(selector.get_support())
        scores.append(scorer(model, selector.transform(_rows(X, test)), y[test]))
    return masks, scores


def _rows(X: Any, rows: Array) -> Any:
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def _checked_sizes(sizes: Sequence[int] | None, n_features: int) -> list[int]:
    if sizes is None:
        return [size for size in SIZES if size <= n_features]
    for size in sizes:
        check_scalar(size, "n_features", Integral, min_val=1, max_val=n_features)
    if not len(sizes):
        raise ValueError("n_features must have at least one size.")
    return sorted({int(size) for size in sizes})


def _name_of(scoring: Any, estimator: Any) -> str:
    """Return what the scores are, as the label of an axis."""
    if isinstance(scoring, str):
        return scoring.replace("_", " ").capitalize()
    if scoring is not None:
        return "Score"
    return "Accuracy" if is_classifier(estimator) else "R²"
