"""The data of a fit: checked, and what is learned of the targets, or known already."""

from types import SimpleNamespace
from typing import Any

from skset.estimators._input import checked
from skset.estimators._sklearn import checked_sample_weight
from skset.estimators._targets import Targets

__all__ = ["targets_learned"]


def targets_learned(
    estimator: Any,
    p: SimpleNamespace,
    given: tuple[Any, Any, Any],
    goes_on: bool,
    caller: str,
    classes: Any = None,
) -> tuple[Any, Any, Any]:
    """Check X, y and sample weights, and note in the estimator what the targets are.

    Parameters
    ----------
    estimator, p : SparseEstimator, SimpleNamespace
        Gets `_targets` and their attributes; its parameters.
    given : tuple
        X, y and the sample weights as the user gave them.
    goes_on : bool
        Whether earlier targets must fit.
    caller : {"warm_start", "partial_fit"}
        What goes on, for errors.
    classes : array-like, default=None
        All classes, where `partial_fit` was given them.

    Returns
    -------
    X, y, weight
        Checked, and the weight of each row for the training.
    """
    X, given_y, sample_weight = given
    own = estimator._standardises(p, goes_on)
    X, y = checked(estimator, X, given_y, dtype=p.dtype, reset=not goes_on, own=own)
    if sample_weight is not None:
        sample_weight = checked_sample_weight(sample_weight, X)
    X, targets = estimator._prepared(p, X, reset=not goes_on)
    if caller == "partial_fit":
        estimator._check_classes(targets, classes)
    if goes_on:
        y = _resume(estimator, p, targets, y, given_y, caller)
    else:
        targets, y = targets.learned(y, given_y, sample_weight, classes)
        estimator._targets = targets
        vars(estimator).update(targets.attributes)
    return X, y, estimator._targets.combined_weight(y, sample_weight)


def _resume(
    estimator: Any,
    p: SimpleNamespace,
    targets: Targets,
    y: Any,
    given_y: Any,
    caller: str,
) -> Any:
    """Go on with the targets of an earlier call; return y, or raise if it differs."""
    earlier = estimator._targets
    if type(earlier) is not type(targets):
        raise ValueError(
            f"{caller}: the network has learned from {earlier.kind} and cannot go on "
            f"with {targets.kind}; `supervised` and the kind of y must stay the same."
        )
    estimator._targets, y = targets.resumed(earlier, y, given_y, caller)
    if estimator._density_goal is None and p.density_schedule is not None:
        raise ValueError(
            f"{caller} cannot go on with a density that falls: the network began "
            "without a density_schedule. Fit it anew, or set density_schedule to "
            "'constant'."
        )
    for what, (now, before) in estimator._unchanged(p).items():
        if now != before:
            raise ValueError(
                f"{caller} can only be used where {what} is the same as in the "
                f"previous call to fit. Previously it was {before}, now {now}."
            )
    return y
