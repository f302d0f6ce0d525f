"""`fit`: one network, trained on many shards of rows. To be read from top to bottom."""

import math
import os
from collections.abc import Sequence
from numbers import Integral
from typing import Any, TypeVar

from sklearn.base import clone

from skset.distributed._after_rounds import AfterRounds, new_score
from skset.distributed._attendance import Attendance
from skset.distributed._common_network import CommonNetwork
from skset.distributed._crew import Crew, LocalCrew
from skset.distributed._joblib_crew import JoblibCrew
from skset.distributed._messages import Job
from skset.distributed._rounds import Rounds
from skset.distributed._shards import client_of, handles
from skset.estimators import CommonFit, Facts, merged
from skset.persistence import check_savable, opened, save_with

__all__ = ["fit"]

Estimator = TypeVar("Estimator", bound=Any)


def fit(
    estimator: Estimator,
    shards: Any,
    *,
    rounds: int,
    local_epochs: int = 1,
    client: Any = None,
    backend: str | None = None,
    n_workers: int | None = None,
    own_topologies: float = 0.0,
    scoring: Any = None,
    X_val: Any = None,
    y_val: Any = None,
    checkpoint: Any = None,
    resume: bool = False,
    verbose: int = 0,
) -> Estimator:
    """Train one network on rows that lie in many shards.

    ...
    """
    found = handles(shards)
    plan = _plan(rounds, local_epochs, own_topologies)
    n_epochs = rounds * local_epochs
    CommonFit.check(estimator, n_epochs)
    held_out = _held_out(X_val, y_val)
    if checkpoint is not None:
        check_savable(estimator)
    earlier, more = _earlier(checkpoint, resume)
    if earlier is not None and more["rounds"] is None:  # it had come to its end
        return _as(estimator, earlier)
    crew = _crew(client, backend, n_workers, found)
    try:
        # What has to be known of all rows, and the network that all begin with.
        attendance = Attendance(crew, [shard.name for shard in found])
        facts, shares = _facts(attendance, found, estimator)
        common = CommonFit.begin(estimator, facts, len(found), n_epochs)
        if earlier is not None:
            common.go_on(earlier, more["rounds"])
        network = _begun(common, attendance)
        training = Rounds(common, attendance, network, shares, local_epochs)
        after = AfterRounds(
            common, new_score(common, scoring, held_out), checkpoint, verbose, rounds
        )
        if earlier is not None:
            after.resume(earlier)
            training.resume(len(after.record))

        # Rounds.
        training.start()
        try:
            for alone in plan[len(after.record) :]:
                done = training.next(after.stopping.since_best, alone)
                after.note(training, done)
            training.finish(common.p.final_drop)
            after.end(training)
        except KeyboardInterrupt:
            if not after.record:
                raise
            common.warn_of_interrupt()
    finally:
        crew.close()
    fitted = after.fitted(training)
    if checkpoint is not None:
        save_with(fitted, checkpoint, {"rounds": None})
    return _as(estimator, fitted)


# Arguments.


def _plan(rounds: Any, local_epochs: Any, own_topologies: Any) -> list[bool]:
    """Return for each round whether topologies go their own ways; check arguments."""
    for name, value in (("rounds", rounds), ("local_epochs", local_epochs)):
        whole = isinstance(value, Integral) and not isinstance(value, bool)
        if not whole or value < 1:
            raise ValueError(f"{name} must be a number of at least 1, got {value!r}.")
    if not isinstance(own_topologies, float | int) or not 0 <= own_topologies < 1:
        raise ValueError(
            "own_topologies must be a share of the rounds, at least 0 and below 1, got "
            f"{own_topologies!r}."
        )
    n_own = min(round(own_topologies * rounds), rounds - 1)
    return [False] * (rounds - n_own) + [True] * n_own


def _held_out(X_val: Any, y_val: Any) -> tuple[Any, ...] | None:
    """Return what the lead scores, or None."""
    if X_val is None and y_val is None:
        return None
    if X_val is None:
        raise ValueError("y_val is provided, but X_val was not provided.")
    return (X_val,) if y_val is None else (X_val, y_val)


def _earlier(checkpoint: Any, resume: bool) -> tuple[Any, dict[str, Any]]:
    """Return the estimator in the checkpoint and what is beside it, or None."""
    if not resume:
        return None, {}
    if checkpoint is None:
        raise ValueError("resume=True needs the checkpoint to go on from.")
    if not os.path.exists(checkpoint):
        return None, {}
    earlier, more = opened(checkpoint)
    if "rounds" not in more:
        raise ValueError(
            f"{os.fspath(checkpoint)} is no checkpoint of skset.distributed.fit."
        )
    return earlier, more


def _crew(
    client: Any, backend: str | None, n_workers: int | None, found: Sequence[Any]
) -> Crew:
    """Return the workers."""
    if n_workers is not None and (not isinstance(n_workers, Integral) or n_workers < 1):
        raise ValueError(f"n_workers must be 1 or more, got {n_workers!r}.")
    if backend is not None and client is not None:
        raise ValueError("Give client or backend, not both.")
    if backend == "sequential":
        return LocalCrew()
    if backend is not None:
        return JoblibCrew(backend, n_workers)
    from skset.distributed._dask_crew import DaskCrew

    crew: Crew = DaskCrew(client or client_of(found), n_workers)
    return crew


def _as(estimator: Estimator, fitted: Any) -> Estimator:
    """Give an estimator all attributes of a fitted one, but for parameters."""
    kept = estimator.get_params(deep=False)
    vars(estimator).pop("feature_names_in_", None)
    vars(estimator).update({k: of for k, of in vars(fitted).items() if k not in kept})
    return estimator


# What is known before the first round.


def _facts(
    attendance: Attendance, found: Sequence[Any], estimator: Any
) -> tuple[Facts, dict[int, float]]:
    """Return the facts of all rows, and the share of each shard of their weight."""
    parts = attendance.open(found, Job(clone(estimator)))
    facts = merged(list(parts.values()))
    of_weights = {number: part.weighed for number, part in parts.items()}
    if facts.weighed is None:
        of_weights = dict(attendance.call("weighed", facts, again=facts))
        facts = facts.with_weighed(
            [of_weights[number] for number in sorted(of_weights)]
        )
    unit = max(one.exponent for one in of_weights.values())
    totals = {
        number: math.ldexp(one.total, one.exponent - unit)
        for number, one in of_weights.items()
    }
    total = sum(totals.values())
    return facts, {number: of / total for number, of in totals.items()}


def _begun(common: CommonFit, attendance: Attendance) -> CommonNetwork:
    """Return the network that all begin with, made by the first shard."""
    beginning = attendance.call_one("beginning", common)
    common.adopt(beginning)
    return CommonNetwork(beginning)
