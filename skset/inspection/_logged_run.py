"""`LoggedRun`: what a `TopologyLog` has recorded of one fit."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from skset.topology import Topology

__all__ = ["LoggedRun", "in_order", "where_in_search"]

# What scikit-learn calls the fits of a search.
EVALUATION, REFIT = "candidate-split-evaluation", "refit-with-best-params"
PLAIN = (bool, int, float, str, type(None))


@dataclass
class LoggedRun:
    """What a `~skset.callbacks.TopologyLog` has recorded of one fit.

    Attributes
    ----------
    estimator_name : str
        Class of the estimator that was fitted.
    params : dict
        Its parameters. Values other than numbers, texts, None and tuples of these are
        kept as texts.
    search_name : str or None
        Class of the search that the fit belongs to.
    task : str
        What the search calls the fit: "candidate-split-evaluation",
        "refit-with-best-params", or "fit" of a fit alone.
    task_id : int
        Number of the fit in the search, from 0; 0 without a search.
    fold : int or None
        How many fits of the search came before this one with the same parameters; None
        without a search. scikit-learn does not tell the number of the fold. In
        GridSearchCV and RandomizedSearchCV this number is the fold, if all candidates
        differ in parameters of this estimator.
    root : str
        Identifies the search, or the fit alone.
    started : datetime
        When the fit began, UTC.
    records : list of dict
        One for each recorded epoch: `epoch` (from 1), `loss`, `validation_score`
        (None without early stopping), `learning_rate`. With an entry for each layer:
        `nnz`, `replaced` (connections that were not there an epoch before), `density`,
        `age_mean` and `age_median` of the connections (epochs in which they were
        trained), and `mean`, `std` and `max` of `in_degree` and `out_degree`.
    snapshots : dict of int to list of Topology
        Topologies of all layers after an epoch; those of epoch 0 come before training.
    nnz : list of int or None
        Connections of each layer after the fit. With `final_drop` or early stopping
        they differ from those of the last record. None until the fit has ended.
    best_validation_score : float or None
        Validation score of the network that was kept.
    """

    estimator_name: str
    params: dict[str, Any]
    search_name: str | None
    task: str
    task_id: int
    root: str
    started: datetime
    fold: int | None = None
    records: list[dict[str, Any]] = field(default_factory=list)
    snapshots: dict[int, list[Topology]] = field(default_factory=dict)
    nnz: list[int] | None = None
    best_validation_score: float | None = None

    def __repr__(self) -> str:
        task = self.task if self.fold is None else f"{self.task}, fold {self.fold}"
        n = len(self.records)
        return f"LoggedRun({self.estimator_name}, {task}, {n} records)"

    def rows(self, params: Iterable[str] = ()) -> list[dict[str, Any]]:
        """Return the records as flat dicts, one for each layer and record.

        Parameters
        ----------
        params : iterable of str, default=()
            Names of parameters to add, as ``param_...``.

        Returns
        -------
        rows : list of dict
            With "task", "task_id", "fold", the parameters, "layer", and what `records`
            have, of that layer.
        """
        chosen = {f"param_{name}": self.params.get(name) for name in params}
        told = {"task": self.task, "task_id": self.task_id, "fold": self.fold, **chosen}
        return [
            {**told, "layer": layer, **_of_layer(record, layer)}
            for record in self.records
            for layer in range(len(record["nnz"]))
        ]


def _of_layer(record: dict[str, Any], layer: int) -> dict[str, Any]:
    return {k: v[layer] if isinstance(v, list) else v for k, v in record.items()}


def where_in_search(estimator: Any, context: Any) -> dict[str, Any]:
    """Return what scikit-learn tells of a fit, as arguments of `LoggedRun`."""
    task = context
    while task is not None and task.source_task_name not in (EVALUATION, REFIT):
        task = task.parent
    given = {name: _plain(v) for name, v in estimator.get_params(deep=False).items()}
    return {
        "estimator_name": type(estimator).__name__,
        "params": given,
        "search_name": None if task is None else task.source_estimator_name,
        "task": "fit" if task is None else task.source_task_name,
        "task_id": 0 if task is None else task.task_id,
        "root": str(context.root_uuid),
        "started": context.init_time,
    }


def _plain(value: Any) -> Any:
    """Return a value that any process can read; others are shown as text."""
    if isinstance(value, tuple):
        return tuple(_plain(part) for part in value)
    return value if type(value) in PLAIN else repr(value)


def in_order(messages: Iterable[tuple[Any, str, Any]]) -> list[LoggedRun]:
    """Return the runs that messages tell of; those of a search in its order."""
    runs: dict[Any, LoggedRun] = {}
    for run_id, kind, content in list(messages):
        if kind == "begin":
            runs[run_id] = LoggedRun(**content)
        elif kind == "record":
            runs[run_id].records.append(content)
        elif kind == "snapshot":
            epoch, topologies = content
            runs[run_id].snapshots[epoch] = topologies
        else:
            vars(runs[run_id]).update(content)
    first: dict[str, int] = {}
    for n, run in enumerate(runs.values()):
        first.setdefault(run.root, n)
    ordered = sorted(
        runs.values(), key=lambda run: (first[run.root], run.task == REFIT, run.task_id)
    )
    _number_folds(ordered)
    return ordered


def _number_folds(runs: list[LoggedRun]) -> None:
    """Count the fits of a search that have the same parameters."""
    counts: dict[Any, int] = {}
    for run in runs:
        if run.task == EVALUATION:
            same = run.root, repr(run.params)
            run.fold = counts.get(same, 0)
            counts[same] = run.fold + 1
