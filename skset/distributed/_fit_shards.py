"""`fit`: one network, trained on many shards of rows."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, TypeVar

from skset.distributed._attendance import Attendance, say
from skset.distributed._common_network import CommonNetwork
from skset.distributed._crew import Crew, LocalCrew
from skset.distributed._messages import Job, Start
from skset.distributed._rounds import Rounds
from skset.estimators import CommonFit

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
    crew = crew or LocalCrew()
    n_epochs = rounds * local_epochs
    record: list[dict[str, Any]] = []
    try:
        attendance = Attendance(crew, names)
        facts = attendance.open(handles, Job(estimator))
        common = CommonFit.begin(estimator, list(facts.values()), n_epochs)
        common, network = _begun(common, attendance)
        weights = {number: facts[number].n / common.n_rows for number in facts}
        training = Rounds(common, attendance, network, weights, local_epochs)
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
    fitted = common.fitted(training.result, stopping)
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


def _begun(
    common: CommonFit, attendance: Attendance
) -> tuple[CommonFit, CommonNetwork]:
    """Have the first shard make the network, and all others start with it."""
    state, common = attendance.call_one("first_state", common)
    network = CommonNetwork(common, state)
    start = Start(
        state.network,
        state.topology_rng.bit_generator.state,
        0,
        common.estimator._density_goal,
    )
    for method, message in [("begin", common), ("start", start)]:
        for _ in attendance.call(method, message, again=message):
            pass
    return common, network
