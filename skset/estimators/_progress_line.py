"""What `verbose` prints: one live line on a terminal, else a line per epoch."""

import inspect
import multiprocessing
import os
import shutil
import sys
import threading
import time
import warnings
from collections import deque
from statistics import median
from typing import Any, Self

from skset.training import Training, Turnover

__all__ = ["ProgressLine", "fit_label"]

# Shortest time between two drawings of a live line, in seconds.
INTERVAL = 0.1
# Epochs whose median time says how much is left: numba may compile in one of them.
N_RECENT = 10
# Parameters that tell nothing of a candidate of a search.
UNTOLD = ("n_jobs", "random_state", "verbose")
# What scikit-learn calls the fits of a search.
EVALUATION, REFIT = "candidate-split-evaluation", "refit-with-best-params"


class ProgressLine:
    """Prints how a training gets on, as a context.

    On a terminal one line is drawn over itself, at most ten times per second. Anything
    else that is printed by the fit ends it first: a warning, an error, `say`. So does
    the end of the context. Then the last epoch is shown, and the cursor is on a new
    line.

    A live line belongs to the main thread of the main process. Other fits would draw
    over it, so they print whole lines. So does a "dumb" terminal, and a file.

    Parameters
    ----------
    verbose : int
        0 is silent, 2 and above add the topology.
    training : Training
        Whose epochs are told.
    label : str, default=""
        Which fit this is; see `fit_label`.
    partial : bool, default=False
        True of one epoch that has no planned end.
    """

    def __init__(
        self, verbose: int, training: Training, label: str = "", partial: bool = False
    ) -> None:
        self.verbose = int(verbose)
        self.training = training
        self.label = label
        self.partial = partial
        self.is_live = bool(verbose) and not partial and _on_terminal()
        self.turnover = Turnover(training, with_ages=False) if verbose > 1 else None
        self._recent: deque[float] = deque(maxlen=N_RECENT)
        self._parts: list[str] = []  # of the line that is still open
        self._width = 0  # of what is drawn of it
        self._drawn_at = -float("inf")
        self._show_before: Any = None

    def __enter__(self) -> Self:
        if self.is_live:
            self._show_before = warnings.showwarning
            warnings.showwarning = self._show_warning
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self.is_live and warnings.showwarning == self._show_warning:
            warnings.showwarning = self._show_before
        self.end()

    def _show_warning(self, *args: Any, **kwargs: Any) -> None:
        self.end()
        self._show_before(*args, **kwargs)

    def epoch(
        self, n_iter: int, loss: float, seconds: float, scores: list[float] | None
    ) -> None:
        """Tell of an epoch: its number, loss, seconds, and all scores until now."""
        if not self.verbose:
            return
        self._recent.append(seconds)
        parts = self._parts_of(n_iter, loss, seconds, scores)
        if not self.is_live:
            print(_line(self.label, parts))
            return
        self._parts = parts
        if time.monotonic() - self._drawn_at >= INTERVAL:
            self._draw()

    def say(self, text: str) -> None:
        """Print a line of its own."""
        if self.verbose:
            self.end()
            print(_line(self.label, [text]))

    def end(self) -> None:
        """End the open line, if there is one."""
        if self._parts:
            self._draw()
            print(flush=True)
            self._parts, self._width = [], 0
            self._drawn_at = -float("inf")

    def _draw(self) -> None:
        text = _fitted(self.label, self._parts)
        padding = " " * (self._width - len(text))
        print(f"\r{text}{padding}", end="", flush=True)
        self._width, self._drawn_at = len(text), time.monotonic()

    def _parts_of(
        self, n_iter: int, loss: float, seconds: float, scores: list[float] | None
    ) -> list[str]:
        """Return what the line says of an epoch, part by part; a live one is short."""
        training = self.training
        digits, watched = (4, "score") if self.is_live else (6, "validation score")
        network, name = training.state.network, training.rule.loss_name
        most = training.rule.n_losses(training.max_epochs)
        number = f"Epoch {n_iter}" if self.partial else f"Epoch {n_iter} of {most}"
        parts = [f"{number}: {name} {loss:.{digits}f}"]
        if scores:
            parts.append(f"{watched} {scores[-1]:.{digits}f}")
        parts.append(f"{network.nnz} connections")
        if self.turnover is not None:
            parts.append(f"{sum(self.turnover.note_epoch())} new")
            parts.append(f"density {network.nnz / network.n_possible:.2%}")
        return [*parts, f"{seconds:.2f} s", *self._left()]

    def _left(self) -> list[str]:
        """Return the time that is left if no rule stops the training before."""
        n_left = self.training.max_epochs - self.training.state.epochs
        if self.partial or n_left <= 0:
            return []
        return [f"{_duration(n_left * median(self._recent))} left"]


def fit_label(estimator: Any, context: Any) -> str:
    """Return which fit of a search this is, and its parameters; else an empty text.

    scikit-learn (1.9) tells the number of the fit, not those of the fold and of the
    candidate. So the parameters are those of the estimator that are no defaults.
    """
    task = context
    while task is not None and task.source_task_name not in (EVALUATION, REFIT):
        task = task.parent
    if task is None:
        return ""
    name = "refit" if task.source_task_name == REFIT else _which(task)
    return ", ".join([name, *_changed(estimator)])


def _which(task: Any) -> str:
    of_all = task.parent.max_subtasks
    return f"fit {task.task_id + 1}" + (f" of {of_all}" if of_all else "")


def _changed(estimator: Any) -> list[str]:
    """Return the parameters that are no defaults, as ``name=value``."""
    parameters = inspect.signature(type(estimator)).parameters
    return [
        f"{name}={value}"
        for name, value in estimator.get_params(deep=False).items()
        if name not in UNTOLD and repr(value) != repr(parameters[name].default)
    ]


def _on_terminal() -> bool:
    isatty = getattr(sys.stdout, "isatty", None)  # a stand-in may have no such method
    return (
        isatty is not None
        and isatty()
        and os.environ.get("TERM") != "dumb"
        and threading.current_thread() is threading.main_thread()
        and multiprocessing.parent_process() is None
    )


def _line(label: str, parts: list[str]) -> str:
    return (f"[{label}] " if label else "") + ", ".join(parts)


def _fitted(label: str, parts: list[str]) -> str:
    """Return a line that fits the terminal.

    A longer one would be wrapped, and could not be drawn over. The parameters go first,
    then the parts between the loss and the time that is left, then the rest.
    """
    most = shutil.get_terminal_size().columns - 1
    kept = list(parts)
    if len(_line(label, kept)) > most:
        label = label.partition(",")[0]
    while len(kept) > 2 and len(_line(label, kept)) > most:
        kept.pop(-2)
    return _line(label, kept)[:most]


def _duration(seconds: float) -> str:
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    hours, rest = divmod(round(seconds), 3600)
    clock = f"{rest // 60}:{rest % 60:02}"
    return f"{hours}:{rest // 60:02}:{rest % 60:02} h" if hours else f"{clock} min"
