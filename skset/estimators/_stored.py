"""What of an estimator is kept in a file, and estimators made of what a file says.

A file may be a forgery. So every attribute is checked before an estimator has it: its
type, and whether it fits to the others.
"""

from collections.abc import Mapping
from typing import Any

from sklearn import config_context

from skset.estimators._class_targets import ClassTargets
from skset.estimators._classifier import SETClassifier
from skset.estimators._continual import ContinualSETClassifier
from skset.estimators._number_targets import InputTargets, NumberTargets
from skset.estimators._progress import Snapshot
from skset.estimators._ranking import Ranking
from skset.estimators._rbm import SparseRBM
from skset.estimators._regressor import SETRegressor
from skset.estimators._selection import QuickSelection
from skset.estimators._stable_selection import StableSelection
from skset.estimators._stored_attributes import WRONG, check_attributes, check_whole
from skset.estimators._task_perceptron import TaskTargets
from skset.model import (
    RBM,
    ExplainedVariance,
    Held,
    Scaling,
    SharedLayer,
    SharedNetwork,
    Task,
)

__all__ = ["ESTIMATORS", "STATE_CLASSES", "restored", "stored"]

# Classes of the objects that fitted estimators consist of, beside layers, strategies,
# activations, losses, and what a
# training has.
STATE_CLASSES: tuple[type, ...] = (
    *(ClassTargets, InputTargets, NumberTargets, TaskTargets, Ranking),
    *(ExplainedVariance, Held, RBM, Scaling, SharedLayer, SharedNetwork, Task),
    Snapshot,
)
ESTIMATORS = {
    kind.__name__: kind
    for kind in (
        *(ContinualSETClassifier, QuickSelection, SETClassifier, SETRegressor),
        *(SparseRBM, StableSelection),
    )
}
# What scikit-learn keeps in an estimator: callbacks, which are code, are left out.
CALLBACKS = (
    *("_skl_callbacks", "_parent_callback_ctx", "_callback_fit_ctx"),
    "_skl_callbacks_to_teardown",
)
# Methods that can ask for metadata.
METHODS = (
    *("fit", "partial_fit", "predict", "predict_proba", "score", "transform"),
    *("decision_function", "predict_log_proba", "inverse_transform"),
)
OUTPUT, ROUTING = "_sklearn_output_config", "_metadata_request"


def stored(estimator: Any, training: bool = False) -> dict[str, Any]:
    """Return everything that makes an estimator what it is, by name.

    Parameters
    ----------
    estimator : estimator of skset
        Fitted or not.
    training : bool, default=False
        Whether to keep the state of the optimiser and the random generators, with which
        `partial_fit` goes on as if nothing had happened.

    Returns
    -------
    state : dict
        Parameters and attributes, of numbers, strings, containers and objects of
        `STATE_CLASSES` and of the packages below.

    Raises
    ------
    TypeError
        If it is no estimator of skset.
    """
    kind = type(estimator)
    if ESTIMATORS.get(kind.__name__) is not kind:
        raise TypeError(
            f"Only estimators of skset can be saved, {sorted(ESTIMATORS)}, got a "
            f"{kind.__name__}. Save the steps of a Pipeline one by one."
        )
    state = {k: v for k, v in vars(estimator).items() if k not in CALLBACKS}
    if ROUTING in state:
        state[ROUTING] = _requests(estimator)
    if "_network" in state and not training:
        network = state["_network"]
        if "_state" in state:
            state["_state"] = None
        if not isinstance(network, SharedNetwork):  # which has no optimiser
            state["_network"] = network.at_rest()
    return state


def _requests(estimator: Any) -> dict[str, Any]:
    """Return which metadata each method asks for."""
    routing = estimator.get_metadata_routing()
    requests = {name: getattr(routing, name).requests for name in METHODS}
    return {name: dict(of) for name, of in requests.items() if of}


def restored(name: str, state: Mapping[str, Any]) -> Any:
    """Return the estimator that has a state; every part of it is checked.

    Parameters
    ----------
    name : str
        Of its class.
    state : mapping
        As `stored` returns it.

    Raises
    ------
    ValueError
        If there is no such estimator, or if the state cannot be that of one.
    """
    if name not in ESTIMATORS:
        raise ValueError(f"there is no estimator {name!r:.80}")
    state = dict(state)
    estimator: Any = ESTIMATORS[name]()
    output, requests = state.pop(OUTPUT, None), state.pop(ROUTING, {})
    params = {k: state.pop(k) for k in estimator.get_params(deep=False) if k in state}
    try:
        vars(estimator).update(params)
        check_attributes(estimator, state)
        vars(estimator).update(state)
        if estimator.__sklearn_is_fitted__():
            check_whole(estimator)
        if output is not None:
            estimator.set_output(**output)
        _ask(estimator, requests)
    except WRONG as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"it is no {name}: {reason}") from error
    if "_network" in state:
        estimator._network.frozen()
    return estimator


def _ask(estimator: Any, requests: Mapping[str, Mapping[str, Any]]) -> None:
    """Make the methods of an estimator ask for metadata."""
    with config_context(enable_metadata_routing=True):
        for method, request in requests.items():
            getattr(estimator, f"set_{method}_request")(**request)
