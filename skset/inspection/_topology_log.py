"""`TopologyLog`: a callback that records how a network changes from epoch to epoch."""

from collections.abc import Mapping
from numbers import Integral
from typing import Any
from uuid import uuid4

import numpy as np

from skset.estimators import Mailbox, Progress, SETClassifier, fit_in_progress
from skset.inspection._libraries import library
from skset.inspection._logged_run import LoggedRun, in_order, where_in_search
from skset.topology import Topology
from skset.training import Turnover

__all__ = ["TopologyLog"]


class TopologyLog:
    """Records the topology of a network, its loss and its rates after each epoch.

    It looks at the network and changes nothing: the fit has the same bits. Connections
    are known by their places, so one that is dropped and grown again in the same place
    within an epoch counts as kept.

    Set it on the estimator itself, also inside a Pipeline or a search. Every fit is a
    run of its own. Fits in other processes send their records here, as with
    scikit-learn's ScoringMonitor.

    Parameters
    ----------
    every : int, default=1
        Number of epochs from one record to the next. The connections are followed in
        each epoch anyway, as their ages need it.
    snapshots : int, default=None
        Number of epochs from one snapshot of the topologies to the next. The first
        shows them before training. None takes none, because a snapshot takes 4 bytes
        for each connection and 8 for each unit.

    Attributes
    ----------
    runs : list of LoggedRun
        All fits until now. Those of a search are in its order, and the refit is last.
    records : list of dict
        Of the last run; see `LoggedRun`.
    snapshots : dict
        Of the last run: the list of `skset.topology.Topology` after each of some
        epochs. 0 is before training.

    Raises
    ------
    ImportError
        If scikit-learn is older than 1.9: its estimators call no callbacks.
    ValueError
        If `every` or `snapshots` is no whole number of at least 1.
    TypeError
        From `fit`, if the estimator is not one of skset that fits in epochs.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skset import SETClassifier
    >>> from skset.callbacks import TopologyLog
    >>> X, y = load_iris(return_X_y=True)
    >>> log = TopologyLog(snapshots=2)
    >>> model = SETClassifier(max_iter=4, random_state=0)
    >>> _ = model.set_callbacks(log).fit(X, y)
    >>> [record["epoch"] for record in log.records]
    [1, 2, 3, 4]
    >>> sorted(log.snapshots)
    [0, 2, 4]
    """

    def __init__(self, *, every: int = 1, snapshots: int | None = None) -> None:
        if not hasattr(SETClassifier, "set_callbacks"):
            raise ImportError(
                "TopologyLog needs scikit-learn 1.9 or later, whose estimators call "
                "callbacks."
            )
        self.every = _checked_epochs("every", every)
        if snapshots is not None:
            snapshots = _checked_epochs("snapshots", snapshots)
        self._snapshot_every = snapshots
        self._mailbox = Mailbox()
        self._watches: dict[int, _Watch] = {}  # of the fits in progress here

    def __repr__(self) -> str:
        given = f"every={self.every}, snapshots={self._snapshot_every}"
        return f"TopologyLog({given}): {len(self.runs)} runs"

    @property
    def runs(self) -> list[LoggedRun]:
        """All fits until now."""
        return in_order(self._mailbox.messages)

    @property
    def records(self) -> list[dict[str, Any]]:
        """Records of the last run."""
        return self._last().records

    @property
    def snapshots(self) -> dict[int, list[Topology]]:
        """Snapshots of the last run."""
        return self._last().snapshots

    def _last(self) -> LoggedRun:
        if not (runs := self.runs):
            raise ValueError(
                "There is no record yet. Set the callback on an estimator of skset, "
                "and fit that."
            )
        return runs[-1]

    def to_frame(self) -> Any:
        """Return all runs as a DataFrame: a row for each layer and record.

        Columns that a fit alone does not have, as `fold`, are empty there. Parameters
        that differ between runs have columns ``param_...``.

        Returns
        -------
        frame : pandas.DataFrame
            In the order of `runs`.

        Raises
        ------
        ImportError
            If pandas is not installed.
        ValueError
            If there is no record yet.
        """
        pd = library("pandas", "TopologyLog.to_frame")
        self._last()
        runs = self.runs
        names = _that_differ([run.params for run in runs])
        return pd.DataFrame(
            [{"run": n, **row} for n, run in enumerate(runs) for row in run.rows(names)]
        )

    # What scikit-learn calls.

    def setup(self, estimator: Any, context: Any) -> None:
        """Begin a run."""
        progress = fit_in_progress(estimator)
        if progress is None:
            raise TypeError(
                "TopologyLog is for the estimators of skset that fit in epochs, got a "
                f"{type(estimator).__name__}. Set it on the estimator itself, not on "
                "the Pipeline or search around it."
            )
        watch = _Watch(self._mailbox, progress)
        self._watches[id(estimator)] = watch
        watch.send("begin", where_in_search(estimator, context))

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Look at the network before its first epoch."""
        watch = self._watches[id(estimator)]
        if context.task_name == "epoch" and watch.turnover is None:
            watch.begin(self._snapshot_every is not None)

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Record an epoch, if it is time, and what the fit has left."""
        watch = self._watches[id(estimator)]
        if context.task_name == "epoch":
            watch.note_epoch(self.every, self._snapshot_every)
        else:
            layers = estimator.network_.layers
            best = vars(estimator).get("best_validation_score_")
            nnz = [layer.topology.nnz for layer in layers]
            watch.send("end", {"nnz": nnz, "best_validation_score": best})

    def teardown(self, estimator: Any, context: Any) -> None:
        """Let go of the network."""
        self._watches.pop(id(estimator), None)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_watches": {}}


class _Watch:
    """Follows one fit, and sends what it sees into a mailbox."""

    def __init__(self, mailbox: Mailbox, progress: Progress) -> None:
        self.mailbox = mailbox
        self.progress = progress
        self.run_id = uuid4()
        self.turnover: Turnover | None = None

    def send(self, kind: str, content: Any) -> None:
        self.mailbox.send((self.run_id, kind, content))

    def begin(self, snapshot: bool) -> None:
        self.turnover = Turnover(self.progress.training)
        if snapshot:
            self._send_snapshot()

    def note_epoch(self, every: int, snapshot_every: int | None) -> None:
        assert self.turnover is not None
        new = self.turnover.note_epoch()
        if self.progress.n_epochs % every == 0:
            self.send("record", _record(self.progress, self.turnover, new))
        if snapshot_every is not None and self.progress.n_epochs % snapshot_every == 0:
            self._send_snapshot()

    def _send_snapshot(self) -> None:
        assert self.turnover is not None
        content = self.progress.n_epochs, list(self.turnover.topologies)
        self.send("snapshot", content)


def _record(progress: Progress, turnover: Turnover, new: list[int]) -> dict[str, Any]:
    """Return what is recorded of an epoch; the lists have an entry for each layer."""
    state, scores = progress.training.state, progress.stopping.scores
    topologies = turnover.topologies
    of_layers = [
        {
            "nnz": topology.nnz,
            "replaced": n_new,
            "density": topology.density,
            **_age_moments(ages),
            **_moments("in_degree", topology.fan_in),
            **_moments("out_degree", topology.fan_out),
        }
        for topology, n_new, ages in zip(topologies, new, turnover.ages, strict=True)
    ]
    return {
        "epoch": state.epochs,
        "loss": progress.loss,
        "validation_score": None if scores is None else float(scores[-1]),
        "learning_rate": float(state.learning_rate.now),
        **{name: [layer[name] for layer in of_layers] for name in of_layers[0]},
    }


def _age_moments(ages: Any) -> dict[str, float]:
    """Return mean and median of the ages of connections; NaN if there are none."""
    if not ages.size:
        return {"age_mean": np.nan, "age_median": np.nan}
    # Ages are small numbers, so counting them is faster than sorting them.
    up_to = np.cumsum(np.bincount(ages))
    middle = np.searchsorted(up_to, [(ages.size - 1) // 2, ages.size // 2], "right")
    return {"age_mean": float(ages.mean()), "age_median": float(middle.mean())}


def _moments(name: str, degrees: Any) -> dict[str, float]:
    return {
        f"{name}_mean": float(degrees.mean()),
        f"{name}_std": float(degrees.std()),
        f"{name}_max": int(degrees.max()),
    }


def _checked_epochs(name: str, value: Any) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a whole number of epochs, got {value!r}.")
    return int(value)


def _that_differ(of_runs: list[Mapping[str, Any]]) -> list[str]:
    """Return the names of the parameters that are not the same in all runs."""
    names = {name: None for params in of_runs for name in params}
    return [
        name
        for name in names
        if len({repr(params.get(name)) for params in of_runs}) > 1
    ]
