"""`verbose` on a terminal, in a search and in a file: what is seen, and stays whole."""

import io
import os
import re
import sys
import threading
import time
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from estimators.cases import first_call, impatient, small, toy
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skset.estimators import SETClassifier, _progress_line

pty = pytest.importorskip("pty")  # there are none on Windows

pytestmark = impatient


class Terminal:
    """A pseudo terminal in place of standard output."""

    def __init__(self):
        self.master, slave = pty.openpty()
        self.stdout = os.fdopen(slave, "w")
        self.received = bytearray()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        while not self.received.endswith(b"THE END"):
            self.received += os.read(self.master, 1024)

    def __enter__(self):  # pytest sets its own output after every fixture
        self.before, sys.stdout = sys.stdout, self.stdout

    def __exit__(self, *exc_info):
        sys.stdout = self.before

    def screen(self):
        """Close the terminal; return what is drawn on it, line by line."""
        self.stdout.write("THE END")
        self.stdout.close()
        self.reader.join(10)
        os.close(self.master)
        text = self.received.decode().removesuffix("THE END")
        self.n_drawn = text.replace("\r\n", "\n").count("\r")
        return [drawn(line) for line in text.replace("\r\n", "\n").split("\n")]


def drawn(line):
    """Return what is seen of a line whose parts are drawn over each other."""
    seen = ""
    for part in line.split("\r"):
        seen = part + seen[len(part) :]
    return seen.rstrip()


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    return Terminal()


class Hook:
    """Calls a function after each epoch."""

    def __init__(self, function):
        self.function = function

    def setup(self, estimator, context):
        """Do nothing."""

    teardown = on_fit_task_begin = setup

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch":
            return self.function(context.task_id + 1)
        return None


def calls(model, function):
    if not hasattr(model, "set_callbacks"):
        pytest.skip("callbacks came with scikit-learn 1.9")
    return model.set_callbacks(Hook(function))


def test_a_terminal_shows_one_line_and_at_last_the_last_epoch(Estimator, terminal):
    model = small(Estimator, max_iter=30, verbose=1, early_stopping=True)
    with terminal:
        model.set_params(n_iter_no_change=np.inf).fit(*toy(Estimator))
    line, rest = terminal.screen()
    assert rest == ""
    score = model.validation_scores_[-1]
    assert re.fullmatch(
        rf"Epoch 30 of 30: loss {model.loss_curve_[-1]:.4f}, score {score:.4f}, "
        rf"{model.nnz_} connections, \d+\.\d\d s",
        line,
    )


def test_a_line_is_drawn_some_times_per_second(terminal, monkeypatch):
    now = iter(np.arange(0, 100, 0.03))
    clock = SimpleNamespace(monotonic=lambda: next(now))
    monkeypatch.setattr(_progress_line, "time", clock)
    with terminal:
        small(SETClassifier, max_iter=30, verbose=1).fit(*toy(SETClassifier))
    assert len(terminal.screen()) == 2
    assert 3 < terminal.n_drawn < 15


def test_verbose_2_adds_what_the_topology_does(Estimator, capsys):
    params = {"epsilon": 2, "zeta": 0.5, "max_iter": 3, "final_drop": False}
    model = small(Estimator, **params, verbose=2).fit(*toy(Estimator))
    lines = capsys.readouterr().out.splitlines()
    new = [int(re.search(r", (\d+) new, ", line)[1]) for line in lines]
    assert new[0] == 0
    assert all(0 < n <= 0.5 * model.nnz_ for n in new[1:])
    assert all(f", density {model.density_:.2%}, " in line for line in lines)
    assert "new" not in said_by(small(Estimator, verbose=1), capsys, *toy(Estimator))


def said_by(model, capsys, X, y):
    model.fit(X, y)
    return capsys.readouterr().out


def test_partial_fit_prints_whole_lines(Estimator, terminal):
    model = small(Estimator, verbose=2)
    with terminal:
        for _ in range(2):
            first_call(model, *toy(Estimator))
    first, second, rest = terminal.screen()
    form = r"Epoch {}: loss [\d.]+, \d+ connections, \d+ new, density [\d.]+%, [\d.]+ s"
    assert re.fullmatch(form.format(1), first)
    assert re.fullmatch(form.format(2), second)
    assert rest == ""


def test_a_warning_ends_the_line(Estimator, terminal):
    def complain(epoch):
        if epoch == 2:
            warnings.warn("be careful", UserWarning, stacklevel=1)

    before = warnings.showwarning
    model = calls(small(Estimator, max_iter=4, verbose=1), complain)
    with terminal, warnings.catch_warnings():
        warnings.simplefilter("always")
        shown = warnings.showwarning = lambda message, *_: print(f"WARNING {message}")
        model.fit(*toy(Estimator))
        assert warnings.showwarning is shown
    assert warnings.showwarning is before
    lines = terminal.screen()
    assert lines[0].startswith("Epoch 2 of 4: ")
    assert lines[1] == "WARNING be careful"
    assert lines[2].startswith("Epoch 4 of 4: ")


def test_an_error_ends_the_line(Estimator, terminal):
    def fail(epoch):
        if epoch == 3:
            raise RuntimeError("raised")

    model = calls(small(Estimator, max_iter=9, verbose=1), fail)
    before = warnings.showwarning
    with terminal, pytest.raises(RuntimeError, match="raised"):
        model.fit(*toy(Estimator))
    assert warnings.showwarning is before
    line, rest = terminal.screen()
    assert line.startswith("Epoch 3 of 9: ")
    assert rest == ""


def test_an_interrupt_ends_the_line_before_its_warning(Estimator, terminal):
    def interrupt(epoch):
        if epoch == 2:
            raise KeyboardInterrupt

    model = calls(small(Estimator, max_iter=9, verbose=1), interrupt)
    with terminal, warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_: print(f"WARNING {message}")
        model.fit(*toy(Estimator))
    line, warning, rest = terminal.screen()
    assert line.startswith("Epoch 2 of 9: ")
    assert warning == "WARNING Training interrupted by user."
    assert rest == ""


def test_a_plateau_is_told_on_a_line_of_its_own(Estimator, terminal):
    model = small(Estimator, max_iter=50, verbose=1, tol=1e3, n_iter_no_change=2)
    with terminal:
        model.fit(*toy(Estimator))
    line, plateau, rest = terminal.screen()
    assert line.startswith(f"Epoch {model.n_iter_} of 50: ")
    assert plateau.startswith("Training loss did not improve")
    assert rest == ""


@pytest.mark.parametrize("columns", [20, 40, 60, 80])
def test_a_line_is_never_wider_than_the_terminal(columns, terminal, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    X, y = toy(SETClassifier)
    with terminal:
        small(SETClassifier, max_iter=3, verbose=2).fit(X, y)
    line, _ = terminal.screen()
    assert len(line) < columns
    assert line.startswith("Epoch 3 of 3: loss"[: columns - 1])
    assert bool(re.search(r", \d+\.\d\d s$", line)) == (columns > 30)


def test_where_there_is_no_live_line(monkeypatch, terminal):
    """A thread, a dumb terminal and a stand-in of stdout get whole lines."""
    X, y = toy(SETClassifier)
    model = small(SETClassifier, max_iter=3, verbose=1)
    with terminal:
        thread = threading.Thread(target=model.fit, args=(X, y))
        thread.start()
        thread.join()
        monkeypatch.setenv("TERM", "dumb")
        model.fit(X, y)
    tee = SimpleNamespace(write=terminal.stdout.write, flush=terminal.stdout.flush)
    monkeypatch.setattr(sys, "stdout", tee)
    model.fit(X, y)
    assert len(terminal.screen()) == 3 * 3 + 1
    assert terminal.n_drawn == 0


def test_without_any_standard_output(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)  # as in a program without a console
    model = small(SETClassifier, verbose=2).fit(*toy(SETClassifier))
    assert model.n_iter_ == 3


def test_a_search_says_which_fit_it_is(capsys):
    pytest.importorskip("sklearn.callback")
    model = small(SETClassifier, max_iter=2, verbose=1)
    pipe = make_pipeline(StandardScaler(), model)
    grid = {"setclassifier__epsilon": [1, 5]}
    GridSearchCV(pipe, grid, cv=2).fit(*toy(SETClassifier))
    heads = [
        line.split("]")[0] + "]" for line in capsys.readouterr().out.splitlines()[::2]
    ]
    assert [head.split(",")[0] for head in heads] == [
        *(f"[fit {n} of 4" for n in (1, 2, 3, 4)),
        "[refit",
    ]
    assert ["epsilon=1," in head for head in heads[:4]] == [True, True, False, False]
    assert all("max_iter=2" in head for head in heads)
    assert not any("verbose" in head or "random_state" in head for head in heads)


def test_a_fit_alone_and_in_a_pipeline_has_no_label(capsys):
    X, y = toy(SETClassifier)
    model = small(SETClassifier, max_iter=2, verbose=1)
    assert said_by(model, capsys, X, y).startswith("Epoch 1 of 2")
    pipe = make_pipeline(StandardScaler(), model)
    assert said_by(pipe, capsys, X, y).startswith("Epoch 1 of 2")


def test_time_that_is_left(monkeypatch):
    """It is the median's, so that an epoch in which numba compiles does not count."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    times = iter([0, 10, 10, 10.5, 11, 11.5, 12, 12.5, 13, 13.5])
    clock = SimpleNamespace(perf_counter=lambda: next(times), monotonic=time.monotonic)
    monkeypatch.setattr("skset.estimators._epochs.time", clock)
    small(SETClassifier, max_iter=5, verbose=1).fit(*toy(SETClassifier))
    lines = sys.stdout.getvalue().splitlines()
    left = [line.rpartition(" s, ")[2] for line in lines[:-1]]
    assert left == ["40 s left", "16 s left", "1 s left", "0 s left"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.4, "59 s"), (60, "1:00 min"), (3725, "1:02:05 h")],
)
def test_durations(seconds, text):
    assert _progress_line._duration(seconds) == text
