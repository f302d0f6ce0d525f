"""`ranked_features`: the best features by name, through a Pipeline."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from skset.estimators import feature_records
from skset.inspection._libraries import library
from skset.inspection._pipelines import importance_step, importances_of, names_before

__all__ = ["ranked_features"]


def ranked_features(
    estimator: Any,
    n: int | None = None,
    *,
    input_features: ArrayLike | None = None,
    step: str | None = None,
    as_frame: bool = False,
) -> Any:
    """Return the best features as a table, with their names before the first step.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator with `feature_importances_` or, as `~skset.StableSelection`
        has them, `selection_frequencies_`; or a Pipeline with one. The names pass
        through the steps before it by their `get_feature_names_out`.
    n : int, default=None
        How many features; None means all, selected or not.
    input_features : array-like of str of shape (n_features,), default=None
        Names of the columns of X. By default those of the DataFrame that was fitted,
        or "x0", "x1", ... for an array.
    step : str, default=None
        Name of the step whose features are ranked. By default the last selector that
        has importances; without such a selector the last step that has them.
    as_frame : bool, default=False
        Whether to return a DataFrame, which needs pandas.

    Returns
    -------
    records : ndarray or DataFrame of shape (n,)
        A structured array or a table, the best feature first. It has the fields
        "feature" (the name), "index" (the column in the input of that step), "rank" and
        "importance".

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If nothing has importances, or n is no whole number.
    ValueError
        If n is less than 1, if no step is called `step`, if a step before it cannot
        tell its names, or if `input_features` do not fit.
    ImportError
        If a DataFrame is asked for and pandas is not installed.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skset import QuickSelection
    >>> from skset.inspection import ranked_features
    >>> data = load_breast_cancer()
    >>> selector = QuickSelection(5, hidden_layer_sizes=(50,), random_state=0)
    >>> model = make_pipeline(StandardScaler(), selector)
    >>> model = model.fit(data.data, data.target)
    >>> best = ranked_features(model, 3, input_features=data.feature_names)
    >>> best["rank"]
    array([1, 2, 3])
    >>> bool("worst" in str(best["feature"]))
    True
    """
    before, ranker = importance_step(estimator, step)
    names = names_before(before, ranker, input_features)
    ranks = getattr(ranker, "ranking_", None)
    importances = np.asarray(importances_of(ranker))
    records = feature_records(names, importances, ranks=ranks, n=n)
    if not as_frame:
        return records
    return library("pandas", "ranked_features").DataFrame(records)
