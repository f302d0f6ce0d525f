"""`fit`: one network, trained on many shards of rows."""

import math
from collections.abc import Sequence
from typing import Any, TypeVar

from skset.distributed._attendance import Attendance
from skset.distributed._common_network import CommonNetwork
from skset.distributed._crew import LocalCrew
from skset.distributed._messages import Job
from skset.distributed._rounds import Rounds
from skset.estimators import CommonFit, Facts, merged

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
    verbose: int = 0,
    crew: Any = None,
) -> Estimator:
    """Train one network on many shards of rows."""
    names = [f"shards[{n}]" for n in range(len(shards))]
    handles = [_Pair(shard) for shard in shards]
    n_epochs = rounds * local_epochs
    CommonFit.check(estimator, n_epochs)
    crew = crew or LocalCrew()
    record: list[dict[str, Any]] = []
    try:
        attendance = Attendance(crew, names)
        facts, weights = _facts(attendance, handles, estimator)
        common = CommonFit.begin(estimator, facts, len(handles), n_epochs)
        network = _begun(common, attendance)
        training = Rounds(common, attendance, network, weights, local_epochs)
        training.start()
        stopping = common.stopping()
        for number in range(rounds):
            done = training.next(stopping.since_best)
            losses = training.losses[-local_epochs:]
            common.record(losses)
            for loss in losses:
                stopping.stalled(loss, network.network)
            record.append({"round": number + 1, **done})
            if verbose:
                print(record[-1])
        training.finish(common.p.final_drop)
    finally:
        crew.close()
    fitted = common.fitted(training.result, stopping.attributes)
    vars(estimator).update(vars(fitted))
    estimator.rounds_ = record
    return estimator


class _Pair:
    """Until q4's handles."""

    def __init__(self, rows: Any) -> None:
        self.rows = (*rows, None)[:3]

    def load(self) -> Any:
        """Return X, y, weights."""
        return self.rows


def _facts(
    attendance: Attendance, handles: Sequence[Any], estimator: Any
) -> tuple[Facts, dict[int, float]]:
    """Return the facts of all rows, and the share of each shard of their weight."""
    parts = attendance.open(handles, Job(estimator))
    facts = merged(list(parts.values()))
    found = {number: part.weighed for number, part in parts.items()}
    if facts.weighed is None:
        found = dict(attendance.call("weighed", facts, again=facts))
        facts = facts.with_weighed([found[number] for number in sorted(found)])
    unit = max(one.exponent for one in found.values())
    totals = {n: math.ldexp(one.total, one.exponent - unit) for n, one in found.items()}
    total = sum(totals.values())
    return facts, {number: of / total for number, of in totals.items()}


def _begun(common: CommonFit, attendance: Attendance) -> CommonNetwork:
    """Have the first shard make the network."""
    beginning = attendance.call_one("beginning", common)
    common.adopt(beginning)
    return CommonNetwork(beginning)
