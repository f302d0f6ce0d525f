"""Ctrl-C: what was learned is kept; before anything was learned it goes on as usual."""

import os
import signal
import subprocess
import sys
import time
from itertools import count

import numpy as np
import pytest
from estimators.cases import impatient, refused, small, toy
from interrupts import await_end, helpers, interrupted
from sklearn.exceptions import NotFittedError

from skset.estimators import _fit
from skset.training import Training, backpropagation

pytestmark = impatient

INTERRUPTED = "Training interrupted by user"


def interrupt(monkeypatch, epoch, step=0):
    """Raise KeyboardInterrupt in the given step of the given epoch (0 is the first)."""
    monkeypatch.setattr(backpropagation, "MOST_STEPS", 1)
    take, taken = Training._steps, []

    def interrupted(self, window, rows):
        if self.state.epochs == epoch:
            if len(taken) == step:
                raise KeyboardInterrupt
            taken.append(rows)
        return take(self, window, rows)

    monkeypatch.setattr(Training, "_steps", interrupted)


@pytest.mark.parametrize("step", [0, 2])
@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"n_jobs": 2}])
def test_what_was_learned_is_kept(
    Estimator, params, step, monkeypatch, threads_at_work
):
    X, y = toy(Estimator)
    model = small(Estimator, alpha=0.1, max_iter=50, batch_size=10, **params)
    interrupt(monkeypatch, epoch=2, step=step)
    before = helpers()
    with pytest.warns(UserWarning, match=INTERRUPTED):
        assert model.fit(X, y) is model
    assert bool(threads_at_work) == ("n_jobs" in params)
    await_end(before)
    assert model.n_iter_ == len(model.loss_curve_) == 2
    assert np.isfinite(model.predict(X)).all()
    assert np.isfinite(model.score(X, y))


@pytest.mark.parametrize("step", [0, 2])
def test_before_the_first_epoch_has_passed_nothing_is_kept(
    Estimator, step, monkeypatch
):
    # row 44
    X, y = toy(Estimator)
    model = small(Estimator, alpha=0.1, batch_size=10)
    interrupt(monkeypatch, epoch=0, step=step)
    with refused(KeyboardInterrupt, ".*", model, X, y):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_interrupted_between_epochs_it_is_what_it_was_then(Estimator, monkeypatch):
    """Even the connections of the final drop, which did not take place."""
    X, y = toy(Estimator)
    whole = small(Estimator, alpha=0.1, max_iter=2, final_drop=False, epsilon=1).fit(
        X, y
    )
    interrupt(monkeypatch, epoch=2)
    with pytest.warns(UserWarning, match=INTERRUPTED):
        cut = small(Estimator, alpha=0.1, max_iter=9, final_drop=True, epsilon=1).fit(
            X, y
        )
    assert cut.nnz_ == whole.nnz_
    assert cut.loss_curve_ == whole.loss_curve_


def rising():
    numbers = count()
    return lambda *_: float(next(numbers))


def test_early_stopping_restores_the_best_network_though_interrupted(
    Estimator, monkeypatch
):
    X, y = toy(Estimator)
    said = iter([1.0, 3.0, 2.0, 2.0])
    params = {"scoring": lambda *_: next(said), "early_stopping": True}
    best = small(Estimator, alpha=0.1, max_iter=2, final_drop=False, scoring=rising())
    best.set_params(early_stopping=True).fit(X, y)
    interrupt(monkeypatch, epoch=4)
    with pytest.warns(UserWarning, match=INTERRUPTED):
        cut = small(Estimator, alpha=0.1, max_iter=9, **params).fit(X, y)
    assert cut.best_validation_score_ == 3.0
    assert [W.nnz for W in cut.coefs_] == [W.nnz for W in best.coefs_]
    np.testing.assert_array_equal(cut.predict(X), best.predict(X))


def test_warm_start_interrupted_at_once_keeps_the_earlier_fit(Estimator, monkeypatch):
    X, y = toy(Estimator)
    model = small(Estimator, alpha=0.1, warm_start=True, batch_size=10).fit(X, y)
    model.predict(X)
    interrupt(monkeypatch, epoch=0, step=1)
    with refused(KeyboardInterrupt, ".*", model, X, y):
        model.fit(X, y)


PROGRAM = """
import warnings
import numpy as np
from skset.estimators import {0}

class Announce:
    def __init__(self):
        self.last = 0
    def setup(self, estimator, context): pass
    def teardown(self, estimator, context): pass
    def on_fit_task_begin(self, estimator, context): pass
    def on_fit_task_end(self, estimator, context):
        # The second has seen an evolution: nothing is left that numba would compile.
        if context.task_name == "epoch" and context.task_id == 1:
            print("trained", flush=True)

rng = np.random.default_rng(0)
X = rng.standard_normal((2000, 100)).astype(np.float32)
y = (X[:, 0] > 0).astype(int)
model = {0}(hidden_layer_sizes=(300, 300), max_iter=10**6, tol=0.0,
            n_iter_no_change=np.inf, random_state=0, n_jobs={1})
model.set_callbacks(Announce())
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model.fit(X, y)
assert [str(w.message) for w in caught] == ["Training interrupted by user."], caught
assert model.n_iter_ >= 1 and np.isfinite(model.predict(X)).all()
print("done", model.n_iter_, flush=True)
"""


def said_after_interrupt(program):
    """Interrupt a program once it says that it trained; return what it says then."""
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout.readline() == "trained\n"
        time.sleep(0.2)
        child.send_signal(signal.SIGINT)
        said, complaint = child.communicate(timeout=60)
    finally:
        child.kill()
        child.wait()
    assert child.returncode == 0, complaint
    return said


SEARCH = """
import numpy as np
from sklearn.model_selection import GridSearchCV
from skset.estimators import {0}

rng = np.random.default_rng(0)
X = rng.standard_normal((2000, 100)).astype(np.float32)
y = (X[:, 0] > 0).astype(int)
model = {0}(hidden_layer_sizes=(300, 300), max_iter=10**6, tol=0.0,
            n_iter_no_change=np.inf, random_state=0, verbose=True)
try:
    GridSearchCV(model, {{"epsilon": [1, 5, 20]}}, cv=3, n_jobs=2).fit(X, y)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def is_alive(group):
    """Return whether there is any process in the group."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C in another way")
def test_search_is_stopped_and_leaves_no_process(Estimator):  # row 45
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SEARCH.format(Estimator.__name__)],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        while "Epoch 2 of" not in (line := child.stdout.readline()):
            assert line, "the search ended before it was interrupted"
        os.killpg(child.pid, signal.SIGINT)  # as a terminal sends it, to all
        said, _ = child.communicate(timeout=60)
        deadline = time.monotonic() + 60
        while is_alive(child.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert said.endswith("stopped\n")
        assert not is_alive(child.pid)
    finally:
        if is_alive(child.pid):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C in another way")
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_real_signal_stops_a_long_fit_soon(Estimator, n_jobs):  # row 44
    pytest.importorskip("sklearn.callback")
    said = said_after_interrupt(PROGRAM.format(Estimator.__name__, n_jobs))
    assert said.startswith("done")


REPEATED = """
import signal, sys, time, warnings
import numpy as np
from skset.estimators import {0}
from skset.runtime import helper, team

team.MIN_WORK, helper.IDLE = 0, 0.01
X = np.random.default_rng(0).standard_normal((60, 20))
y = (X[:, 0] > 0).astype(int)
model = {0}((20,), max_iter=2, n_jobs=2, random_state=0)
warnings.simplefilter("ignore")
expected = model.fit(X, y).predict(X)  # nothing is left that numba would compile
began = time.perf_counter()
model.fit(X, y)
seconds = time.perf_counter() - began
struck = 0

def strike(*_):
    global struck
    struck += 1
    raise KeyboardInterrupt

signal.signal(signal.SIGALRM, strike)
rng = np.random.default_rng(1)
for n in range({1}):
    try:
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-6, 1.5 * seconds))
        while struck == n:
            model.fit(X, y)
    except KeyboardInterrupt:
        pass
assert struck == {1}
assert np.array_equal(model.fit(X, y).predict(X), expected)
deadline = time.monotonic() + 20
while len(sys._current_frames()) > 1:
    assert time.monotonic() < deadline, "threads were left behind"
    time.sleep(0.001)
print("done")
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such timer")
def test_interrupts_at_random_moments_leave_no_thread_behind(Estimator):
    # Row 44. In team.py itself, test_team.py interrupts at every moment.
    program = REPEATED.format(Estimator.__name__, 40)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_interrupts_never_empty_the_estimator(Estimator):
    """One may come while another error makes the estimator what it was."""
    X, y = toy(Estimator)
    model, n = small(Estimator), 0
    params = model.get_params()

    def fail():
        with refused(ValueError, "NaN", model, X, y):
            model.fit(np.full_like(X, np.nan), y)

    while interrupted(n, fail, _fit.__file__):
        n += 1
        assert model.get_params() == params
    assert n > 20  # it was interrupted at all
