"""scikit-learn's callback protocol: what callbacks see, can stop, and cannot break."""

import importlib.util

import numpy as np
import pytest
from estimators.cases import (
    assert_same_network,
    first_call,
    impatient,
    scores,
    small,
    toy,
)
from interrupts import await_end, helpers
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

callback = pytest.importorskip("sklearn.callback")  # from scikit-learn 1.9 on

pytestmark = impatient


class Recorder:
    """Writes down every hook; can stop the fit or raise in it."""

    def __init__(self, stop_at=None, fail_in=None):
        self.hooks = []
        self.predictions = []
        self.shown = []
        self.epochs = []
        self.stop_at = stop_at
        self.fail_in = fail_in

    def _note(self, hook):
        self.hooks.append(hook)
        if hook == self.fail_in:
            raise RuntimeError(f"raised in {hook}")

    def setup(self, estimator, context):
        self._note("setup")

    def teardown(self, estimator, context):
        self._note("teardown")

    def on_fit_task_begin(self, estimator, context, *, X, y):
        self._note(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        self.predictions.append(fitted_estimator.predict(X))
        self.shown.append(fitted_estimator)
        self.metadata = metadata
        if context.task_name == "epoch":
            self.epochs.append(context.task_id)
            self.max_subtasks = context.parent.max_subtasks
        self._note(f"end {context.task_name}")
        return context.task_name == "epoch" and len(self.epochs) == self.stop_at


EPOCH = ["begin epoch", "end epoch"]


def test_every_epoch_is_a_task_of_the_fit(Estimator):
    X, y = toy(Estimator)
    seen = Recorder()
    weight = np.linspace(1, 2, 40)
    model = small(Estimator, max_iter=4).set_callbacks(seen)
    model.fit(X, y, sample_weight=weight)
    assert seen.hooks == ["setup", "begin fit", *EPOCH * 4, "end fit", "teardown"]
    assert seen.epochs == [0, 1, 2, 3]
    assert seen.max_subtasks == 4
    np.testing.assert_array_equal(seen.metadata["sample_weight"], weight)


def test_estimator_that_is_shown_predicts_as_if_fit_had_stopped_there(Estimator):
    X, y = toy(Estimator)
    seen = Recorder()
    model = small(Estimator, max_iter=4, final_drop=True).set_callbacks(seen).fit(X, y)
    for n, predicted in enumerate(seen.predictions[:-1], start=1):
        there = small(Estimator, max_iter=n, final_drop=False).fit(X, y)
        np.testing.assert_array_equal(predicted, there.predict(X))
    np.testing.assert_array_equal(seen.predictions[-1], model.predict(X))
    for shown, predicted in zip(seen.shown, seen.predictions, strict=True):
        np.testing.assert_array_equal(shown.predict(X), predicted)  # also later


def test_callbacks_do_not_change_the_result(Estimator):
    X, y = toy(Estimator)
    watched = small(Estimator).set_callbacks(Recorder()).fit(X, y)
    assert_same_network(watched, small(Estimator).fit(X, y))


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_callback_can_stop_the_fit(Estimator):
    X, y = toy(Estimator)
    seen = Recorder(stop_at=3)
    model = small(Estimator, max_iter=50).set_callbacks(seen).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 3
    assert seen.hooks[-2:] == ["end fit", "teardown"]
    stopped = small(Estimator, max_iter=50, early_stopping=True)
    stopped.set_callbacks(Recorder(stop_at=3)).fit(X, y)
    assert len(stopped.validation_scores_) == 3


HOOKS = ["setup", "begin fit", "begin epoch", "end epoch", "end fit", "teardown"]


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("fitted", [False, True])
def test_error_in_a_callback_comes_out_and_leaves_nothing(
    Estimator, hook, fitted, threads_at_work
):  # row 46
    X, y = toy(Estimator)
    model = small(Estimator, n_jobs=2)
    if fitted:
        model.fit(X, y)
    bad, good = Recorder(fail_in=hook), Recorder()
    model.set_callbacks(bad, good)
    before, threads = dict(vars(model)), helpers()
    with pytest.raises(RuntimeError, match=f"raised in {hook}"):
        model.fit(X + 1, y)
    assert vars(model) == before
    assert bad.hooks[-1] == "teardown"
    assert hook == "setup" or good.hooks[-1] == "teardown"
    await_end(threads)
    if not fitted:
        with pytest.raises(NotFittedError):
            model.predict(X)
    assert_same_network(model.set_callbacks().fit(X, y), small(Estimator).fit(X, y))


def test_torn_down_after_bad_data_too(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator, standardize=False).set_callbacks(seen := Recorder())
    with pytest.raises(ValueError, match="non-finite"):
        model.fit(X * 1e30, y)
    assert seen.hooks == ["setup", "begin fit", "begin epoch", "teardown"]


@pytest.mark.parametrize("scoring", [None, "loss"])
def test_scoring_monitor(Estimator, scoring):
    """With a frame, of which the monitor must see the names."""
    pd = pytest.importorskip("pandas")
    X, y = toy(Estimator)
    X = pd.DataFrame(X, columns=list("abcde"))
    name = "neg_log_loss" if hasattr(Estimator, "predict_proba") else "r2"
    monitor = callback.ScoringMonitor(scoring=name)
    params = {"max_iter": 5, "early_stopping": True, "scoring": scoring}
    model = small(Estimator, **params).set_callbacks(monitor).fit(X, y)
    log = monitor.get_logs().data
    assert len([row for row in log if row["task_name"] == "epoch"]) == 5
    assert all(np.isfinite(row[name]) for row in log)
    assert model.feature_names_in_.tolist() == list("abcde")


def test_progress_bar(Estimator, capsys):
    if importlib.util.find_spec("rich") is None:
        with pytest.raises(ImportError, match="rich"):
            small(Estimator).set_callbacks(callback.ProgressBar()).fit(*toy(Estimator))
        return
    small(Estimator).set_callbacks(callback.ProgressBar()).fit(*toy(Estimator))


def test_progress_bar_shows_the_epochs_of_every_fit(Estimator, monkeypatch):
    """On the outermost estimator, as deep as the estimator lies; nowhere else."""
    rich = pytest.importorskip("sklearn.callback._progressbar")
    if importlib.util.find_spec("rich") is None:
        pytest.skip("needs rich")
    X, y = toy(Estimator)
    begun = []
    monkeypatch.setattr(rich, "send", lambda _, told: begun.append(told))
    step = small(Estimator, max_iter=7)
    pipe = make_pipeline(StandardScaler(), step)
    name = f"{type(step).__name__.lower()}__epsilon"

    def fits_seen(model, bar):
        begun.clear()
        model.set_callbacks(bar).fit(X, y)
        model.set_callbacks()
        return [told.get("max_subtasks") for told in begun].count(7)

    whole = callback.ProgressBar(max_propagation_depth=None)
    search = GridSearchCV(pipe, {name: [1, 5]}, cv=2)
    assert fits_seen(pipe, callback.ProgressBar()) == 1
    assert fits_seen(search, whole) == 5
    assert fits_seen(search, callback.ProgressBar()) == 0
    bare = GridSearchCV(step, {"epsilon": [1, 5]}, cv=2)
    assert fits_seen(bare, callback.ProgressBar()) == 5
    step.set_callbacks(callback.ProgressBar())
    with pytest.raises(TypeError, match="Register them directly on the meta-estimator"):
        pipe.fit(X, y)


def test_callback_set_on_the_last_step_of_a_pipeline(Estimator):
    X, y = toy(Estimator)
    seen = Recorder(stop_at=2)
    model = small(Estimator, max_iter=9).set_callbacks(seen)
    pipe = make_pipeline(StandardScaler(), model).fit(X, y)
    assert pipe[-1].n_iter_ == 2
    assert seen.hooks.count("end epoch") == 2


class Propagated(Recorder):
    max_propagation_depth = None


def test_callback_set_on_a_search_reaches_every_fit(Estimator):
    X, y = toy(Estimator)
    seen = Propagated(stop_at=None)
    search = GridSearchCV(small(Estimator), {"epsilon": [1, 5]}, cv=2)
    # The search's own tasks have no fitted estimator to predict with.
    seen.on_fit_task_end = lambda estimator, context, *, X: seen.hooks.append(
        f"end {context.task_name}"
    )
    search.set_callbacks(seen).fit(X, y)
    assert seen.hooks.count("end epoch") == (2 * 2 + 1) * 3
    assert seen.hooks.count("setup") == seen.hooks.count("teardown") == 1
    assert search.best_estimator_.n_iter_ == 3


def test_callbacks_can_score_what_was_held_out(Estimator):
    X, X_test, y, y_test = train_test_split(*toy(Estimator), random_state=0)
    curve = []

    class Test(Recorder):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            curve.append(fitted_estimator.score(X_test, y_test))

    model = small(Estimator, max_iter=4, final_drop=False).set_callbacks(Test())
    model.fit(X, y)
    assert len(curve) == 5
    assert curve[-1] == curve[-2] == model.score(X_test, y_test)
    assert scores(model, X).shape[0] == len(X)


def test_partial_fit_calls_no_callback(Estimator):
    """It has neither a beginning nor an end that a callback could be told of."""
    X, y = toy(Estimator)
    recorder = Recorder()
    model = small(Estimator).set_callbacks(recorder)
    first_call(model, X, y).partial_fit(X, y)
    assert recorder.hooks == []
    assert model.n_iter_ == 2
