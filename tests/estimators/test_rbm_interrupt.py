"""What looks at the training of a machine or ends it: Ctrl-C, callbacks, verbose."""

import os

import numpy as np
import pytest
from estimators.cases import assert_same_machine, bits, machine, refused
from estimators.test_interrupt import INTERRUPTED, interrupt, said_after_interrupt
from interrupts import await_end, helpers
from sklearn.exceptions import NotFittedError

# Ctrl-C.


@pytest.mark.parametrize("step", [0, 2])
@pytest.mark.parametrize("params", [{}, {"persistent": True}, {"n_jobs": 2}])
def test_what_was_learned_is_kept(params, step, monkeypatch, threads_at_work):
    X = bits()
    model = machine(n_iter=50, **params)
    interrupt(monkeypatch, epoch=2, step=step)
    before = helpers()
    with pytest.warns(UserWarning, match=INTERRUPTED):
        assert model.fit(X) is model
    assert bool(threads_at_work) == ("n_jobs" in params)
    await_end(before)
    assert model.n_iter_ == len(model.reconstruction_error_curve_) == 2
    assert np.isfinite(model.score(X))
    monkeypatch.undo()
    whole = machine(n_iter=2, final_drop=False, **params).fit(X)
    assert model.nnz_ == whole.nnz_  # without a final drop
    assert model.reconstruction_error_curve_ == whole.reconstruction_error_curve_


@pytest.mark.parametrize("step", [0, 2])
@pytest.mark.parametrize("fitted", [False, True])
def test_before_the_first_epoch_has_passed_nothing_is_kept(step, fitted, monkeypatch):
    X = bits()
    model = machine(warm_start=True)
    if fitted:
        model.fit(X).gibbs(X)
    interrupt(monkeypatch, epoch=0, step=step)
    with refused(KeyboardInterrupt, ".*", model, X):
        model.fit(X)
    if not fitted:
        with pytest.raises(NotFittedError):
            model.transform(X)


LONG = """
import warnings
import numpy as np
from skset import SparseRBM

class Announce:
    def setup(self, estimator, context): pass
    def teardown(self, estimator, context): pass
    def on_fit_task_begin(self, estimator, context): pass
    def on_fit_task_end(self, estimator, context):
        # The second has seen an evolution: nothing is left that numba would compile.
        if context.task_name == "epoch" and context.task_id == 1:
            print("trained", flush=True)

X = (np.random.default_rng(0).random((2000, 100)) < 0.3).astype(np.float32)
model = SparseRBM(300, n_iter=10**6, random_state=0, n_jobs=2)
model.set_callbacks(Announce())
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model.fit(X)
assert [str(w.message) for w in caught] == ["Training interrupted by user."], caught
assert model.n_iter_ >= 1 and np.isfinite(model.score(X))
print("done", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C in another way")
def test_real_signal_stops_a_long_fit_soon():  # row 44
    pytest.importorskip("sklearn.callback")
    assert said_after_interrupt(LONG) == "done\n"


# Callbacks and verbose.


class Recorder:
    """Writes down every task and what the machine that is shown answers."""

    def __init__(self, stop_at=None, fail_in=None):
        self.tasks, self.shown, self.answers = [], [], []
        self.stop_at, self.fail_in = stop_at, fail_in

    def setup(self, estimator, context):
        self.tasks.append("setup")

    def teardown(self, estimator, context):
        self.tasks.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X, y):
        pass

    def on_fit_task_end(self, estimator, context, *, X, metadata, fitted_estimator):
        self.tasks.append(context.task_name)
        self.shown.append(fitted_estimator)
        self.answers.append(fitted_estimator.transform(X))
        self.metadata = metadata
        if context.task_name == self.fail_in:
            raise RuntimeError(f"raised in {self.fail_in}")
        return self.tasks.count("epoch") == self.stop_at


def test_callback_sees_every_epoch_and_changes_nothing():
    pytest.importorskip("sklearn.callback")
    X, weight = bits(), np.linspace(1, 2, 40)
    seen = Recorder()
    model = machine(n_iter=4).set_callbacks(seen).fit(X, sample_weight=weight)
    assert seen.tasks == ["setup", *["epoch"] * 4, "fit", "teardown"]
    np.testing.assert_array_equal(seen.metadata["sample_weight"], weight)
    assert_same_machine(model, machine(n_iter=4).fit(X, sample_weight=weight))


@pytest.mark.parametrize("before", [None, 7])
def test_machine_that_callbacks_are_shown_is_that_of_the_epoch(before):
    pytest.importorskip("sklearn.callback")
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(bits(), columns=list("abcde"))
    model = machine(n_iter=4)
    if before:  # of other features: nothing of it must be left
        model.fit(bits(n_features=before))
    model.set_callbacks(seen := Recorder()).fit(X)
    for n, said in enumerate(seen.answers[:-1], start=1):
        there = machine(n_iter=n, final_drop=False).fit(X)
        np.testing.assert_array_equal(said, there.transform(X))
    np.testing.assert_array_equal(seen.answers[-1], model.transform(X))
    for shown, said in zip(seen.shown, seen.answers, strict=True):
        np.testing.assert_array_equal(shown.transform(X), said)  # also later


def test_callback_can_stop_the_fit():
    pytest.importorskip("sklearn.callback")
    seen = Recorder(stop_at=3)
    model = machine(n_iter=50).set_callbacks(seen).fit(bits())
    assert model.n_iter_ == len(model.reconstruction_error_curve_) == 3
    assert seen.tasks[-2:] == ["fit", "teardown"]


@pytest.mark.parametrize("task", ["epoch", "fit"])
@pytest.mark.parametrize("fitted", [False, True])
def test_error_in_a_callback_comes_out_and_leaves_nothing(task, fitted):
    pytest.importorskip("sklearn.callback")
    X = bits()
    model = machine(n_jobs=2)
    if fitted:
        model.fit(X)
    model.set_callbacks(bad := Recorder(fail_in=task))
    before = dict(vars(model))
    with pytest.raises(RuntimeError, match=f"raised in {task}"):
        model.fit(1 - X)
    assert vars(model) == before
    assert bad.tasks[-1] == "teardown"
    assert_same_machine(model.set_callbacks().fit(X), machine().fit(X))


def test_verbose_writes_a_line_per_epoch_and_else_there_is_silence(capsys):
    X = bits()
    model = machine(n_iter=4, verbose=True).fit(X)
    lines = capsys.readouterr().out.splitlines()
    curve = model.reconstruction_error_curve_
    for n, (line, error) in enumerate(zip(lines, curve, strict=True), start=1):
        head = f"Epoch {n} of 4: reconstruction error {error:.6f}, 15 connections, "
        assert line.startswith(head)
        assert line.endswith(" left" if n < 4 else " s")
    machine(verbose=0).fit(X).partial_fit(X)
    said = capsys.readouterr()
    assert said.out == said.err == ""
