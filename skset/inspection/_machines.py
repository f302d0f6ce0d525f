"""The Boltzmann machine of a Pipeline, and what the steps before it make of X."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from skset.estimators import SparseRBM
from skset.inspection._pipelines import steps_of

__all__ = ["dense", "machine_step", "passed"]

Array: TypeAlias = NDArray[Any]


def machine_step(estimator: Any) -> tuple[list[Any], SparseRBM]:
    """Return the last `SparseRBM` of a Pipeline, or that itself, and what is before it.

    Raises
    ------
    NotFittedError
        If it is not fitted.
    TypeError
        If there is none, or it is no estimator.
    """
    check_is_fitted(estimator)
    steps = [part for _, part in steps_of(estimator)]
    places = [at for at, part in enumerate(steps) if isinstance(part, SparseRBM)]
    if not places:
        raise TypeError(
            "A SparseRBM is needed, or a Pipeline with one; got "
            f"{type(estimator).__name__}."
        )
    return steps[: places[-1]], steps[places[-1]]


def passed(before: list[Any], X: Any) -> Any:
    """Return X as the machine gets it from the steps before."""
    for step in before:
        X = step.transform(X)
    return X


def dense(X: Any) -> Array:
    """Return a few rows as an array."""
    return np.asarray(X.toarray() if sparse.issparse(X) else X)
