"""Bad input of `ContinualSETClassifier`: errors that name it and change nothing."""

import pickle
import re

import numpy as np
import pytest
from estimators.continual import sequence, small, task_data
from sklearn.exceptions import NotFittedError

X, Y = task_data(0)
TWO = Y < 2


@pytest.fixture
def model():
    return small().partial_fit(X, Y, task="a").partial_fit(X, Y, task="b")


def partial(task="c", X=X, y=Y, **more):
    return lambda model: model.partial_fit(X, y, task=task, **more)


def whole(task, X=X, y=Y):
    return lambda model: model.fit(X, y, task=task)


MIXED = np.array(["x", 1] * 30, object)
CASES = [
    # Tasks.
    (partial("a"), ValueError, "Task 'a' has been learned already. Pass refine=True"),
    (partial("c", refine=True), ValueError, "refine=True needs a task that has been"),
    (partial(1), TypeError, "all strings or all integers"),
    (partial(None), TypeError, "without a label can only be alone"),
    (partial(1.5), TypeError, "A task must be a string or an integer, got 1.5"),
    (partial(True), TypeError, "A task must be a string or an integer, got True"),
    (partial(["a"] * 60), TypeError, "A task must be a string or an integer"),
    (whole(MIXED), TypeError, "all strings or all integers"),
    (whole(list(MIXED)), TypeError, "all strings or all integers"),
    (whole(["a"] * 59), ValueError, "one for each of the 60 rows"),
    (whole(np.ones((60, 2))), ValueError, "one for each of the 60 rows"),
    (whole(np.full(60, 0.5)), TypeError, "A task must be a string or an integer"),
    # Classes.
    (partial(y=np.zeros(60)), ValueError, "Task 'c' has one class, [0.0]"),
    (whole(np.where(TWO, "a", "z")), ValueError, "Task 'z' has one class, [2]"),
    (partial(classes=[0, 1]), ValueError, "y has classes not in `classes`: [2]"),
    (partial(y=np.array(list("xyz"))[Y]), TypeError, "all strings or all numbers"),
    (partial("a", y=Y + 1, refine=True), ValueError, "`y` has classes not in"),
    (partial(y=np.eye(3, dtype=int)[Y]), ValueError, "Unknown label type"),
    (partial(y=Y + 0.5), ValueError, "Unknown label type"),
    # Rows.
    (
        partial(X=X[:, :5]),
        ValueError,
        "X has 5 features, but ContinualSETClassi",
    ),
    (partial(X=X[:0], y=Y[:0]), ValueError, "0 sample(s)"),
    (whole("a", X=X[:0], y=Y[:0]), ValueError, "0 sample(s)"),
    (partial(y=Y[:9]), ValueError, "inconsistent numbers of samples: [60, 9]"),
    (partial(X=np.full_like(X, np.nan)), ValueError, "Input X contains NaN"),
    (partial(y=None), ValueError, "requires y to be passed"),
    (partial(sample_weight=-np.ones(60)), ValueError, "sample_weight"),
    (partial(sample_weight=np.zeros(60)), ValueError, "at least one non-zero"),
]
IDS = [f"{n} {message[:40]}" for n, (_, _, message) in enumerate(CASES)]


@pytest.mark.parametrize(("call", "error", "message"), CASES, ids=IDS)
def test_a_call_that_fails_changes_nothing(model, call, error, message):
    before = pickle.dumps(model)
    with pytest.raises(error, match=re.escape(message)):
        call(model)
    assert pickle.dumps(model) == before


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"hidden_layer_sizes": (20, 17)}, "same hidden_layer_sizes"),
        ({"dtype": np.float64}, "same dtype"),
        ({"reuse": "sometimes"}, "'reuse' parameter of ContinualSETClassifier"),
        ({"density": 0}, "'density' parameter of ContinualSETClassifier"),
        ({"unknown_task": None}, "'unknown_task' parameter"),
        ({"solver": "lbfgs"}, "'solver' parameter"),
        ({"max_iter": 0}, "'max_iter' parameter"),
        ({"learning_rate_init": 1e30, "solver": "sgd"}, "non-finite"),
    ],
    ids=str,
)
def test_parameters_that_cannot_be_are_refused(model, params, message):
    model.set_params(**params)
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(X, Y, task="c")
    assert pickle.dumps(model) == before


def test_other_parameters_may_change_between_tasks(model):
    known = model.predict_proba(X, task="a")
    model.set_params(activation="tanh", density=0.2, grow="gradient", max_iter=2)
    model.partial_fit(X, Y, task="c")
    assert np.array_equal(model.predict_proba(X, task="a"), known)


def test_without_hidden_layers_there_is_nothing_to_share():
    with pytest.raises(ValueError, match="one layer at least"):
        small(hidden_layer_sizes=()).fit(X, Y)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_predictions_name_a_task_that_exists(model, method):
    predict = getattr(model, method)
    with pytest.raises(ValueError, match="Task 'z' is unknown; the tasks are"):
        predict(X, task="z")
    with pytest.raises(ValueError, match="Task 'z' is unknown"):
        predict(X, task=["a", "z"] * 30)
    with pytest.raises(ValueError, match="There are several tasks"):
        predict(X)
    with pytest.raises(ValueError, match="one for each of the 60 rows"):
        predict(X, task=["a", "b"])
    with pytest.raises(ValueError, match="X has 5 features"):
        predict(X[:, :5], task="a")
    with pytest.raises(ValueError, match="0 sample"):
        predict(X[:0], task="a")


def test_a_label_that_a_task_has_not_learned_has_no_score(model):
    with pytest.raises(ValueError, match=r"task 'a' has not learned: \[7\]"):
        model.score(X, np.where(TWO, Y, 7), task="a")
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.score(X, Y[:5], task="a")
    model.set_params(unknown_task="entropy")
    with pytest.raises(ValueError, match="has not learned"):
        model.score(X, np.where(TWO, Y, 7))


def test_before_a_fit_there_is_nothing():
    model = small()
    with pytest.raises(NotFittedError):
        model.predict(X)
    with pytest.raises(NotFittedError):
        model.network_of()
    for name in ("tasks_", "capacity_", "owner_", "shared_connections_", "nnz_"):
        assert not hasattr(model, name)


def test_a_fit_that_fails_in_its_second_task_leaves_the_first_model(model):
    many, labels, task = sequence(3)
    labels[task == 2] = 1
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match="Task 2 has one class"):
        model.fit(many, labels, task=task)
    assert pickle.dumps(model) == before


def test_a_fit_forgets_what_was_learned_before(model):
    model.fit(X[:, :4], Y, task="new")
    assert model.tasks_ == ["new"]
    assert model.n_features_in_ == 4
