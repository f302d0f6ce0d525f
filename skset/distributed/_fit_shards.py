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
from skset.training import State

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
    """Train one network on rows that lie in many shards, by many workers.

    Every shard has its own copy of the network. In a *round* each trains
    `local_epochs` epochs on its own rows. Then the weights and biases of all are
    averaged, weighted by the rows. All copies evolve alike, at the beginning of a
    round, as they have the same weights and random numbers then. So only weights
    travel: 4 bytes to each worker and 4 bytes from each shard, for each connection.
    Rows and optimisers' states stay where they are.

    The same shards give the same bits, whatever the number of workers. With one shard
    and one local epoch the result is, bit for bit, that of ``estimator.fit`` with
    ``max_iter=rounds``. That is not so if it stops early, or if a strategy looks at
    random rows, which are drawn in another order.

    Parameters
    ----------
    estimator : SETClassifier, SETRegressor or SparseRBM
        It is fitted in place. Numbers that are "auto" follow from all rows. A step
        takes `batch_size` rows of all shards, but 8 at least of each. Schedules run
        over ``rounds * local_epochs`` epochs; `max_iter` and `n_iter` are not used. The
        topology evolves once per round at most. Callbacks are not called.
    shards : list
        Each shard is a path (``.npz`` with X and y), a tuple of paths (X.npy, y.npy) or
        (table.parquet, name of the label), a function without arguments that returns
        (X, y) or (X, y, sample_weight), a delayed object or future of Dask for that, or
        (X, y) itself. A tuple (X, y) of Dask collections is cut where its chunks end.
        y is None for `~skset.SparseRBM`.
    rounds : positive int
        Number of rounds.
    local_epochs : positive int, default=1
        Epochs between two averages. More of them send less, and cost accuracy.
    client : distributed.Client, default=None
        Dask's client. None starts a cluster on this machine, and closes it.
    backend : str, default=None
        A backend of joblib in place of Dask: "loky" has processes on this machine,
        "sequential" this process only.
    n_workers : int, default=None
        Number of workers where they are started here; None is one for each core.
    own_topologies : float in [0, 1), default=0.0
        Share of the rounds, the last ones, in which each shard evolves its topology on
        its own and nothing is averaged. At the end the networks are averaged over all
        connections that any of them has. The weakest are then removed, until there are
        as many as before (WASAP-SGD [1]_).
    scoring : str or callable, default=None
        Score after each round, see `rounds_`; of X_val and y_val if they are given,
        else the mean over the shards of their own rows.
    X_val, y_val : array-like, default=None
        Rows to score in this process. With no `scoring` they get the estimator's own.
    checkpoint : str or path-like, default=None
        File that is written after each round, and at the end. `skset.load` opens it.
    resume : bool, default=False
        Whether to go on from the checkpoint, if the file exists, to `rounds` rounds.
        Network, topology stream and schedules go on; optimisers begin anew, with rows
        in another order. So the result is not bit by bit that of an unbroken fit.
        Rounds with own topologies are done again.
    verbose : int, default=0
        1 prints a line after each round.

    Returns
    -------
    estimator : SETClassifier, SETRegressor or SparseRBM
        Itself, fitted, and nothing of Dask in it. `rounds_` is a list with a dict for
        each round: "round", "loss", "seconds", "score" if there is one, "bytes_sent"
        and "bytes_received" by this process, and "lost", the shards whose worker died.

    Raises
    ------
    TypeError
        If the estimator is of another class, or if an item is no shard.
    ValueError
        If an argument or parameter is invalid or does not go with shards, if shards do
        not fit together, or if the training of one diverges. The error names the shard.
    RuntimeError
        If no shard is left, or if a strategy is not the same everywhere.
    ImportError
        If Dask is needed and not installed: ``pip install "skset[dask]"``.

    Warns
    -----
    UserWarning
        If a worker dies. Its shards begin anew on others, in the same round; a shard
        that cannot be loaded again is left out. Also after an interrupt (Ctrl-C), which
        keeps the finished rounds.

    References
    ----------
    .. [1] Curci, S., Mocanu, D. C. and Pechenizkiy, M. (2021). Truly sparse neural
       networks at scale. arXiv 2102.01732.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skset import SETClassifier
    >>> from skset.distributed import fit
    >>> X, y = load_digits(return_X_y=True)
    >>> shards = [(X[i::3], y[i::3]) for i in range(3)]
    >>> model = SETClassifier((100,), random_state=0)
    >>> model = fit(model, shards, rounds=10, backend="sequential")
    >>> model.score(X, y) > 0.95
    True
    """
    found = handles(shards)
    plan = _plan(rounds, local_epochs, own_topologies)
    CommonFit.check(estimator, len(plan) * local_epochs)
    held_out = _held_out(X_val, y_val)
    earlier = _earlier(estimator, checkpoint, resume)
    if earlier is not None and earlier[1] is None:  # it had come to its end
        return _as(estimator, earlier[0])
    crew = _crew(client, backend, n_workers, found)
    try:
        # What has to be known of all rows, and the network that all begin with.
        training = _begun(estimator, found, crew, len(plan), local_epochs, earlier)
        score = new_score(training.common, scoring, held_out)
        after = AfterRounds(training.common, score, checkpoint, verbose, len(plan))
        if earlier is not None:
            after.resume(earlier[0])

        # Rounds, and what follows each.
        whole = _run(training, after, plan)
    finally:
        crew.close()
    fitted = after.fitted(training)
    if checkpoint is not None and whole:  # else it can go on later
        save_with(fitted, checkpoint, {"rounds": None})
    return _as(estimator, fitted)


def _run(training: Rounds, after: AfterRounds, plan: Sequence[bool]) -> bool:
    """Do all rounds that are left, and the end; return False if that is broken off."""
    training.start()
    try:
        for alone in plan[len(after.record) :]:
            after.note(training, training.next(after.stopping.since_best, alone))
        training.finish(training.common.p.final_drop)
        after.end(training)
    except KeyboardInterrupt:
        if not after.record:
            raise
        training.common.warn_of_interrupt()
        return False
    return True


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


def _earlier(
    estimator: Any, checkpoint: Any, resume: bool
) -> tuple[Any, State | None] | None:
    """Return the estimator in the checkpoint and where its training stood, or None."""
    if checkpoint is not None:
        check_savable(estimator)
    if not resume:
        return None
    if checkpoint is None:
        raise ValueError("resume=True needs the checkpoint to go on from.")
    if not os.path.exists(checkpoint):
        return None
    earlier, more = opened(checkpoint)
    if "rounds" not in more:
        raise ValueError(
            f"{os.fspath(checkpoint)} is no checkpoint of skset.distributed.fit."
        )
    return earlier, more["rounds"]


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


def _begun(
    estimator: Any,
    found: Sequence[Any],
    crew: Crew,
    n_rounds: int,
    local_epochs: int,
    earlier: tuple[Any, State | None] | None,
) -> Rounds:
    """Return the rounds, before the first, on the network that the first shard made."""
    attendance = Attendance(crew, [shard.name for shard in found])
    facts, shares = _facts(attendance, found, estimator)
    n_epochs = n_rounds * local_epochs
    common = CommonFit.begin(estimator, facts, len(found), n_epochs)
    if earlier is not None:
        common.go_on(*earlier)
    beginning = attendance.call_one("beginning", common)
    common.adopt(beginning)
    network = CommonNetwork(beginning)
    training = Rounds(common, attendance, network, shares, local_epochs)
    if earlier is not None:
        training.resume(len(earlier[0].rounds_))
    return training


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
