"""Snapshots of fits that come from a file: whether their parts fit."""

from typing import Any

import numpy as np

from skset.estimators._progress import COUNTED, Snapshot
from skset.estimators._ranking import Ranking
from skset.estimators._stored_attributes import (
    COUNT,
    NUMBER,
    WRONG,
    check_ranking,
    check_state,
    is_list_of,
    maybe,
    require,
)

__all__ = ["check_snapshot"]


def check_snapshot(snapshot: Any, estimator: Any) -> None:
    """Raise ValueError unless a value is a snapshot of a fit of this estimator."""
    try:
        _check(snapshot, estimator)
    except WRONG as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"The checkpoint is broken: {reason}") from error


def _check(snapshot: Any, estimator: Any) -> None:
    require(isinstance(snapshot, Snapshot), "there is no snapshot")
    for pair in (snapshot.streams, snapshot.begun):
        both = [isinstance(one, np.random.Generator) for one in pair]
        require(both == [True, True], "there are no two generators")
    _check_network(snapshot.state.network, estimator._network)
    check_state(snapshot.state, snapshot.state.network)
    require(NUMBER(snapshot.temperature), "the temperature is no number")
    require(isinstance(snapshot.ended, bool), "`ended` is no boolean")
    _check_counted(snapshot.counted, estimator._network)
    _check_rule(snapshot.rule, getattr(estimator, "solver", None))
    ranking = snapshot.attributes.get("_ranking")
    if ranking is not None:
        require(isinstance(ranking, Ranking), "the ranking is none")
        check_ranking(ranking, estimator._network.n_units, ranked=False)
    unknown = set(snapshot.attributes) - {"_ranking"}
    require(not unknown, "it has unknown attributes")


def _check_network(network: Any, predicting: Any) -> None:
    """Raise unless the network in training fits to that of the estimator."""
    require(type(network) is type(predicting), "the network is another one")
    network.checked()
    require(network.is_finite(), "weights are not finite")
    require(network.n_units == predicting.n_units, "the network has other units")
    require(network.dtype == predicting.dtype, "the network has another type")


def _check_counted(counted: Any, network: Any) -> None:
    """Raise unless a value is what a stopping rule has counted."""
    require(set(counted) <= set(COUNTED), "unknown counts")
    best = counted.get("best_network")
    if best is not None:
        require(type(best) is type(network), "the best network is none")
        best.checked()
        ends, wanted = [(n.n_units[0], n.n_units[-1]) for n in (best, network)]
        require(ends == wanted, "the best network has other units")
        require(best.dtype == network.dtype, "the best network has another type")
    for name in ("n_stalled", "since_best"):
        require(COUNT(counted[name]), f"{name} is no count")
    for name in ("best", "earlier_best"):
        require(NUMBER(counted.get(name, 0)), f"{name} is no number")
    scores = counted.get("scores")
    require(maybe(is_list_of(NUMBER))(scores), "the scores are no numbers")


def _check_rule(memory: Any, solver: Any) -> None:
    """Raise unless a value is what the rule of this solver remembers."""
    kinds = {"n_left": int, "converged": bool} if solver == "lbfgs" else {}
    require(isinstance(memory, dict), "the rule remembers nothing")
    found = {name: type(of) for name, of in memory.items()}
    require(found == kinds, "the rule remembers something else")
