"""The step of a Pipeline that is looked at, and the names of the features there."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

__all__ = ["importance_step", "importances_of", "names_before", "steps_of"]

Array: TypeAlias = NDArray[Any]
Steps: TypeAlias = list[tuple[str, Any]]

# Attributes with a number for each feature; the second is that of `StableSelection`.
IMPORTANCES = "feature_importances_", "selection_frequencies_"


def importance_step(estimator: Any, step: str | None = None) -> tuple[Steps, Any]:
    """Return the steps before the one with importances, and that one.

    Parameters
    ----------
    estimator : estimator
        A Pipeline, or the estimator itself.
    step : str, default=None
        Name of the step. By default the last selector that has importances; without
        such a selector the last step that has them.

    Raises
    ------
    NotFittedError
        If it is not fitted.
    TypeError
        If no step has importances, or it is no estimator.
    ValueError
        If no step has that name.
    """
    check_is_fitted(estimator)
    steps = list(steps_of(estimator))
    names = [name for name, _ in steps]
    if step is not None and step not in names:
        raise ValueError(f"step must be one of {names}, got {step!r}.")
    able = [
        (hasattr(part, "get_support"), place)
        for place, (name, part) in enumerate(steps)
        if importances_of(part) is not None and step in (None, name)
    ]
    if not able:
        raise TypeError(
            "An estimator with feature_importances_ is needed, or a Pipeline with one; "
            f"got {type(estimator).__name__}. Of a search take best_estimator_."
        )
    _, place = max(able)
    return steps[:place], steps[place][1]


def importances_of(part: Any) -> Array | None:
    """Return the importances of the features, None if there are none."""
    found = (getattr(part, name, None) for name in IMPORTANCES)
    return next((values for values in found if values is not None), None)


def names_before(
    steps: Steps, last: Any, input_features: ArrayLike | None = None
) -> Array:
    """Return the names of the features that the last of some steps takes.

    Parameters
    ----------
    steps : list of tuple of str and transformer
        The steps before it.
    last : estimator
        The step itself.
    input_features : array-like of str, default=None
        Names of the columns of X; by default those in the fit, or "x0", "x1", ...

    Raises
    ------
    ValueError
        If a step cannot tell its names, or `input_features` do not fit.
    """
    names = None if input_features is None else np.asarray(input_features, object)
    untold = ""
    for at, (name, part) in enumerate([*steps, ("", last)]):
        own = getattr(part, "feature_names_in_", None)
        if own is not None and (at or names is None):
            names, untold = own, ""  # a table came in, whatever was before
        if untold:
            raise ValueError(f"The step {untold!r} has no get_feature_names_out.")
        if names is None:
            names = np.array([f"x{i}" for i in range(part.n_features_in_)], object)
        if part is last:
            break
        if hasattr(part, "get_feature_names_out"):
            names = part.get_feature_names_out(names)
        else:
            untold = name
    return _checked(np.asarray(names), last)


def _checked(names: Array, last: Any) -> Array:
    """Return names, or raise if they are not those of the estimator's features."""
    known = getattr(last, "feature_names_in_", None)
    if known is not None and not np.array_equal(names, known):
        raise ValueError("input_features is not equal to feature_names_in_.")
    if len(names) != last.n_features_in_:
        raise ValueError(f"{len(names)} names for {last.n_features_in_} features.")
    return np.asarray(names, str)


def steps_of(estimator: Any) -> Iterator[tuple[str, Any]]:
    """Yield the steps that do something, those of inner Pipelines too."""
    if not isinstance(estimator, Pipeline):
        yield "", estimator
        return
    for name, part in estimator.steps:
        if isinstance(part, Pipeline):
            yield from steps_of(part)
        elif part is not None and part != "passthrough":
            yield name, part
