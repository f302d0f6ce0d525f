"""What a selector chooses on some of the rows."""

from typing import Any

import numpy as np
from joblib import effective_n_jobs
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import indexable
from sklearn.utils.validation import has_fit_parameter

from skset.estimators._columns import refuse_dates
from skset.estimators._selection import QuickSelection
from skset.estimators._sklearn import checked_sample_weight, safe_indexing
from skset.estimators._supervision import resolved
from skset.estimators._types import Array, Matrix
from skset.topology import checked_indices

__all__ = ["chosen", "indexable_targets", "prototype", "seeded", "weight_for"]


def prototype(estimator: Any, y: Any, by_rank: bool, n_jobs: int | None) -> Any:
    """Return the selector that is cloned for each resample.

    Parameters
    ----------
    estimator : selector or None
        As the user gave it; None is a `QuickSelection`.
    y : array-like or None
        Targets of all rows.
    by_rank : bool
        Whether ranks say which features are chosen, not the selector.
    n_jobs : int or None
        If several resamples are fitted at once, a selector has one thread.
    """
    given = QuickSelection() if estimator is None else clone(estimator)
    if isinstance(given, QuickSelection):
        # All rows decide whether whole numbers are classes, not each half anew.
        given.supervised = resolved(given.supervised, y)
        if by_rank:
            given.n_features_to_select = "all"
    if effective_n_jobs(n_jobs) > 1:
        names = [n for n in given.get_params() if n.split("__")[-1] == "n_jobs"]
        given.set_params(**dict.fromkeys(names, 1))
    return given


def indexable_targets(X: Matrix, y: Any) -> Any:
    """Return y in a form whose rows can be picked, or raise if it has not as many."""
    if y is None:
        return None
    refuse_dates(y, "y")
    return indexable(X, checked_indices(y, "y") if sparse.issparse(y) else y)[1]


def weight_for(selector: Any, sample_weight: Any, X: Matrix) -> Array | None:
    """Return checked weights, or raise if the selector takes none."""
    if sample_weight is None:
        return None
    if not has_fit_parameter(selector, "sample_weight"):
        raise ValueError(
            f"sample_weight is given, but {type(selector).__name__}.fit takes none."
        )
    return checked_sample_weight(sample_weight, X)


def seeded(given: Any, seed: int) -> Any:
    """Return a clone in which every `random_state` is an own seed."""
    selector = clone(given)
    names = [n for n in selector.get_params() if n.split("__")[-1] == "random_state"]
    rng = np.random.default_rng(seed)
    own = {name: int(rng.integers(2**31 - 1)) for name in sorted(names)}
    return selector.set_params(**own) if own else selector


def chosen(selector: Any, data: Any, rows: Array, n: int | None) -> Array:
    """Return the mask of the features that a selector chooses on some rows."""
    X, y, weight = data
    given = {} if weight is None else {"sample_weight": weight[rows]}
    selector.fit(X[rows], None if y is None else safe_indexing(y, rows), **given)
    mask: Array = np.asarray(selector.get_support(), bool)
    if n is not None:
        mask = _ranks(selector) <= n
    importances = getattr(selector, "feature_importances_", None)
    if importances is not None and np.shape(importances) == mask.shape:
        # Ranks of features without importance are those of the order in X.
        mask = mask & (np.asarray(importances) > 0)
    return mask


def _ranks(selector: Any) -> Array:
    ranks: Array = np.asarray(getattr(selector, "ranking_", ()))
    if not np.array_equal(np.sort(ranks), np.arange(1, selector.n_features_in_ + 1)):
        raise ValueError(
            "n_features_per_resample needs an estimator whose ranking_ ranks all "
            f"features one by one, as that of QuickSelection; got {selector!r:.80}. "
            "Set how many features it selects in its own parameters."
        )
    return ranks
