"""`resumed`: an estimator whose fit goes on from a snapshot to its planned end."""

from typing import Any

from skset.estimators import _fit
from skset.estimators._progress import Snapshot
from skset.estimators._sklearn import with_callbacks
from skset.estimators._stored_snapshots import check_snapshot

__all__ = ["resumed"]


def resumed(
    estimator: Any,
    snapshot: Snapshot,
    data: tuple[Any, Any, Any],
    held_out: tuple[Any, Any, Any] = (None, None, None),
) -> Any:
    """Return the estimator after the rest of its fit.

    Parameters
    ----------
    estimator : SparseEstimator
        As it was when the snapshot was taken.
    snapshot : Snapshot
        Where the fit stood.
    data : tuple
        X, y and the sample weights: those that the fit began with.
    held_out : tuple
        X, y and weights to validate on, if the fit was given any.

    Raises
    ------
    ValueError
        If the parts of the snapshot do not fit, or if the data are others.
    """
    check_snapshot(snapshot, estimator)
    estimator._validate_params()
    vars(estimator).update(snapshot.attributes)
    _rest(estimator, snapshot, data, held_out)
    return estimator


@_fit.all_or_nothing
@with_callbacks
def _rest(estimator: Any, snapshot: Snapshot, data: Any, held_out: Any) -> None:
    X, y, weight = data
    _fit.fit(estimator, X, y, weight, held_out, snapshot)
