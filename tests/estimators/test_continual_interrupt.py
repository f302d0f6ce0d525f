"""Ctrl-C ends the whole sequence of tasks; what was learned is kept, and named."""

import os
import pickle

import numpy as np
import pytest
from estimators.cases import impatient
from estimators.continual import sequence, small
from estimators.test_interrupt import INTERRUPTED, said_after_interrupt
from interrupts import interrupted
from sklearn.exceptions import NotFittedError

from skset.estimators import _task_learning
from skset.training import Training

pytestmark = impatient

X, Y, TASK = sequence(4)


def rows(*labels):
    """Return X, y and the tasks of some tasks."""
    of = np.isin(TASK, labels)
    return X[of], Y[of], TASK[of]


def interrupt(monkeypatch, task, epoch):
    """Raise KeyboardInterrupt in an epoch of a task; both count from 0."""
    take, begun = Training._steps, []

    def steps(self, window, rows):
        if not any(training is self for training in begun):
            begun.append(self)
        if (len(begun) - 1, self.state.epochs) == (task, epoch):
            raise KeyboardInterrupt
        return take(self, window, rows)

    monkeypatch.setattr(Training, "_steps", steps)


def assert_same(one, other, *labels):
    of = rows(*labels)[0]
    for label in labels:
        assert np.array_equal(
            one.predict_proba(of, task=label), other.predict_proba(of, task=label)
        )


def test_the_tasks_behind_an_interrupted_one_are_not_learned(monkeypatch):  # row 44
    first = small().fit(*rows(0)[:2], task=0)
    cut = small(max_iter=2).fit(*rows(0)[:2], task=0)
    interrupt(monkeypatch, task=1, epoch=2)
    message = (
        rf"^{INTERRUPTED}\. Learned tasks: \[0, 1\], 1 only in part\. "
        r"Not learned: \[2, 3\]\.$"
    )
    with pytest.warns(UserWarning, match=message):
        model = small().fit(X, Y, task=TASK)
    assert model.tasks_ == list(model.task_classes_) == [0, 1]
    assert model.n_iter_ == len(model.loss_curve_) == 2
    assert model.n_iter_ == cut.n_iter_
    assert_same(model, first, 0)
    assert np.isfinite(model.predict_proba(X, task=1)).all()
    assert 0 <= model.score(*rows(1)[:2], task=1) <= 1
    with pytest.raises(ValueError, match="Task 2 is unknown"):
        model.predict(X, task=2)


def test_a_task_without_an_epoch_is_not_kept(monkeypatch):
    two = small().fit(*rows(0, 1)[:2], task=rows(0, 1)[2])
    interrupt(monkeypatch, task=2, epoch=0)
    message = rf"{INTERRUPTED}\. Learned tasks: \[0, 1\]\. Not learned: \[2, 3\]\."
    with pytest.warns(UserWarning, match=message):
        model = small().fit(X, Y, task=TASK)
    assert model.tasks_ == [0, 1]
    assert_same(model, two, 0, 1)


def test_the_last_task_has_no_others_behind_it(monkeypatch):
    interrupt(monkeypatch, task=3, epoch=1)
    message = rf"{INTERRUPTED}\. Learned tasks: \[0, 1, 2, 3\], 3 only in part\.$"
    with pytest.warns(UserWarning, match=message):
        model = small().fit(X, Y, task=TASK)
    assert model.tasks_ == [0, 1, 2, 3]


@pytest.mark.parametrize("fitted", [False, True])
def test_before_the_first_epoch_of_all_nothing_changes(fitted, monkeypatch):
    model = small()
    if fitted:
        model.fit(*rows(0)[:2], task="old")
    before = pickle.dumps(model)
    interrupt(monkeypatch, task=0, epoch=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, task=TASK)
    assert pickle.dumps(model) == before
    if not fitted:
        with pytest.raises(NotFittedError):
            model.predict(X)


def test_one_task_alone_is_told_as_in_other_estimators(monkeypatch):
    interrupt(monkeypatch, task=0, epoch=1)
    with pytest.warns(UserWarning, match=rf"^{INTERRUPTED}\.$"):
        model = small().fit(X, Y)
    assert model.n_iter_ == 1


def test_partial_fit_keeps_what_has_an_epoch_and_refines_it(monkeypatch):
    model = small().partial_fit(*rows(0)[:2], task=0)
    known = model.predict_proba(X, task=0)
    with monkeypatch.context() as patched:
        interrupt(patched, task=0, epoch=1)
        with pytest.warns(UserWarning, match=rf"^{INTERRUPTED}\.$"):
            model.partial_fit(*rows(1)[:2], task=1)
    assert (model.tasks_, model.n_iter_) == ([0, 1], 1)
    before = pickle.dumps(model)
    with monkeypatch.context() as patched:
        interrupt(patched, task=0, epoch=0)
        with pytest.raises(KeyboardInterrupt):
            model.partial_fit(*rows(2)[:2], task=2)
    assert pickle.dumps(model) == before
    model.partial_fit(*rows(1)[:2], task=1, refine=True)
    assert np.array_equal(model.predict_proba(X, task=0), known)


@pytest.mark.filterwarnings(f"ignore:{INTERRUPTED}:UserWarning")
def test_an_interrupt_at_any_moment_leaves_whole_tasks():
    """Wherever it comes, the first tasks are there, as they always are.

    Every seventh moment is tried.
    """
    few = sequence(3, n_samples=12)
    whole = small(max_iter=1).fit(few[0], few[1], task=few[2])
    begun, n = small(max_iter=1).fit(few[0], few[1], task="old"), 0
    found, model = set(), pickle.loads(pickle.dumps(begun))

    def fit():
        model.fit(few[0], few[1], task=few[2])

    while interrupted(n, fit, _task_learning.__file__) or not _ended(model):
        tasks = model.tasks_
        assert tasks in (["old"], [0], [0, 1], [0, 1, 2])
        of = begun if tasks == ["old"] else whole
        for label in tasks:
            expected = of.predict_proba(few[0], task=label)
            assert np.array_equal(model.predict_proba(few[0], task=label), expected)
        found.add(len(tasks) if tasks != ["old"] else 0)
        n, model = n + 7, pickle.loads(pickle.dumps(begun))
    assert found >= {0, 1, 2}
    assert n > 100  # it was interrupted at all


def _ended(model):
    return model.tasks_ == [0, 1, 2]


PROGRAM = """
import sys, warnings
import numpy as np
from skset import ContinualSETClassifier

class Announce:
    \"\"\"The second task has passed an evolution: nothing is left to compile.\"\"\"
    seen = 0
    def flush(self): pass
    def write(self, text):
        self.seen += text.startswith("Epoch 2 of")
        if text.startswith("Epoch 2 of") and self.seen == 2:
            print("trained", file=sys.__stdout__, flush=True)

rng = np.random.default_rng(0)
X = rng.standard_normal((40020, 100)).astype(np.float32)
y = (X[:, 0] > 0).astype(int)
task = np.repeat(["a", "b", "c"], [20, 20000, 20000])
model = ContinualSETClassifier((300, 300), density=0.1, max_iter=500, random_state=0,
                               n_jobs={0}, verbose=True)
sys.stdout = Announce()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model.fit(X, y, task=task)
sys.stdout = sys.__stdout__
assert [str(w.message) for w in caught] == [
    "Training interrupted by user. Learned tasks: ['a', 'b'], 'b' only in part. "
    "Not learned: ['c']."
], caught
assert 2 <= model.n_iter_ < 500
for label in ("a", "b"):
    assert np.isfinite(model.predict_proba(X, task=label)).all()
print("done", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C in another way")
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_real_signal_ends_all_tasks_soon(n_jobs):  # row 44
    assert said_after_interrupt(PROGRAM.format(n_jobs)) == "done\n"
