"""Scores of models on the folds of one table, and the record that is kept of them."""

import time
import warnings
from dataclasses import dataclass, field

from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

__all__ = ["N_SPLITS", "Record", "ignore_warnings", "timed_fit"]

N_SPLITS = 3


@dataclass
class Record:
    """What is kept of a model's fits on one table, fold by fold."""

    scores: dict[str, list[float]] = field(default_factory=dict)
    connections: int | None = None
    failed: list[str] = field(default_factory=list)
    chosen: list[dict] = field(default_factory=list)

    def add(self, **scores):
        for name, score in scores.items():
            self.scores.setdefault(name, []).append(round(float(score), 6))

    def look_at(self, model):
        """Keep what a fitted model says of itself."""
        model = getattr(model, "regressor_", model)  # below TransformedTargetRegressor
        last = model[-1] if isinstance(model, Pipeline) else model
        self.connections = getattr(last, "nnz_", self.connections)
        if hasattr(last, "best_params_"):
            self.chosen.append(last.best_params_)


def timed_fit(model, X, y, constant, record):
    """Return the fitted model and seconds; `constant`, fitted, if the fit fails.

    Some networks diverge on columns of large numbers. This is a result, so that it
    counts, and does not end the benchmark.
    """
    began = time.perf_counter()
    try:
        model.fit(X, y)
        record.look_at(model)
    except ValueError as error:
        record.failed.append(str(error)[:200])
        model = constant.fit(X, y)
    return model, time.perf_counter() - began


def ignore_warnings():
    """Ignore the warnings that small tables and columns without a scale lead to."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.simplefilter("ignore", RuntimeWarning)
    warnings.filterwarnings("ignore", message="The least populated class")
    warnings.filterwarnings("ignore", message="Got `batch_size` less than 1")
    warnings.filterwarnings("ignore", message=".*fits failed out of a total")
    warnings.filterwarnings("ignore", message="Some fits failed|One or more of the")
