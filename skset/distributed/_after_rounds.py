"""What follows a round: its record, a score, a checkpoint, a line for the user."""

from collections.abc import Callable
from typing import Any

from skset.distributed._rounds import Rounds
from skset.estimators import CommonFit
from skset.persistence import save_with

__all__ = ["AfterRounds", "new_score"]


class AfterRounds:
    """Does what follows each round.

    Parameters
    ----------
    common : CommonFit
        Records the losses.
    score : callable or None
        ``score(rounds)`` returns the score of the network.
    checkpoint : str or path-like or None
        Where to write the estimator.
    verbose : int
        0 prints nothing.
    n_rounds : int
        Planned.

    Attributes
    ----------
    record : list of dict
        What is known of each round.
    """

    def __init__(
        self,
        common: CommonFit,
        score: Callable[[Rounds], float] | None,
        checkpoint: Any,
        verbose: int,
        n_rounds: int,
    ) -> None:
        self.common = common
        self.score = score
        self.checkpoint = checkpoint
        self.verbose = verbose
        self.n_rounds = n_rounds
        self.stopping = common.stopping()
        self.record: list[dict[str, Any]] = []

    def resume(self, earlier: Any) -> None:
        """Go on from the estimator in a checkpoint."""
        self.record = [dict(entry) for entry in earlier.rounds_]
        self.stopping.resume(vars(earlier))

    def note(self, rounds: Rounds, done: dict[str, Any]) -> None:
        """Note a round that is done."""
        losses = rounds.losses[-rounds.local_epochs :]
        self.common.record(losses)
        for loss in losses:
            self.stopping.stalled(loss, rounds.result)
        entry = {"round": len(self.record) + 1, **done}
        if self.score is not None:
            # Between their own ways there is no network of all.
            entry["score"] = float("nan") if rounds.parted else self.score(rounds)
        entry.update(rounds.attendance.account())
        self.record.append(entry)
        if self.checkpoint is not None and not rounds.parted:
            state = {"rounds": rounds.network.state}
            save_with(self.fitted(rounds), self.checkpoint, state)
        if self.verbose:
            print(self._line(entry), flush=True)

    def end(self, rounds: Rounds) -> None:
        """Add to the last round what its end has taken."""
        more, last = rounds.attendance.account(), self.record[-1]
        for name, of in more.items():
            last[name] = last[name] + of

    def fitted(self, rounds: Rounds) -> Any:
        """Return the estimator with the network of the last round."""
        estimator = self.common.fitted(rounds.result, self.stopping.attributes)
        estimator.rounds_ = [dict(entry) for entry in self.record]
        return estimator

    def _line(self, entry: dict[str, Any]) -> str:
        score = f"  score {entry['score']:.4f}" if "score" in entry else ""
        lost = f"  lost {entry['lost']}" if entry["lost"] else ""
        moved = (entry["bytes_sent"] + entry["bytes_received"]) / 1e6
        return (
            f"Round {entry['round']}/{self.n_rounds}  loss {entry['loss']:.5f}{score}  "
            f"{entry['seconds']:.2f} s  {moved:.2f} MB{lost}"
        )


def new_score(
    common: CommonFit, scoring: Any, held_out: Any
) -> Callable[[Rounds], float] | None:
    """Return what scores the network of a round, or None.

    Parameters
    ----------
    common : CommonFit
        Makes fitted estimators.
    scoring : str, callable or None
        As in scikit-learn.
    held_out : tuple or None
        X and y to score. Without them each shard scores its own rows.
    """
    if scoring is None and held_out is None:
        return None
    # Here, as it brings along what doubles the time of the import.
    from sklearn.metrics import check_scoring

    scorer = check_scoring(common.estimator, scoring=scoring)
    if held_out is None:
        return lambda rounds: rounds.score(scorer)
    return lambda rounds: float(scorer(common.fitted(rounds.result), *held_out))
