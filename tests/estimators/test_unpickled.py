"""What an unpickled estimator has learned is checked before it reaches a kernel."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from estimators.cases import (
    bits,
    change_layer,
    impatient,
    machine,
    selector,
    small,
    toy,
)
from sklearn.base import clone

from skset.estimators import ContinualSETClassifier, SETClassifier, SETRegressor
from skset.model import Scaling

pytestmark = impatient


def fitted():
    return small(SETClassifier).fit(*toy(SETClassifier, n_classes=3))


def fitted_rbm():
    return machine().fit(bits())


def fitted_tasks():
    X, y = toy(SETClassifier)
    model = ContinualSETClassifier((9, 7), density=0.3, max_iter=1, random_state=0)
    return model.partial_fit(X, y, task="a").partial_fit(X, 1 - y, task="b")


def fitted_numbers():
    return small(SETRegressor).fit(*toy(SETRegressor))


def set_weights(model, value):
    weights = model._network.layers[0].weights.copy()
    weights[0] = value
    change_layer(model, 0, weights=weights)


def set_visible_bias(model):
    bias = model._network.visible_bias.copy()
    bias[0] = np.nan
    model._network = replace(model._network, visible_bias=bias)


def set_head(model):
    tasks = dict(model._network.tasks)
    bias = np.full_like(tasks["a"].head.bias, np.inf)
    tasks["a"] = replace(tasks["a"], head=replace(tasks["a"].head, bias=bias))
    model._network = replace(model._network, tasks=tasks)


def put(**attributes):
    return lambda model: vars(model).update(attributes)


def put_targets(**parts):
    return lambda model: put(_targets=replace(model._targets, **parts))(model)


def put_number_of_outputs(model):
    # A file can hold a number that does not follow from the classes.
    targets = replace(model._targets, classes=np.arange(5))
    vars(targets).update(n_outputs=3)
    model._targets = targets


# What is done to a whole estimator, and what the message says.
DAMAGES = {
    "too few inputs": (fitted, put(n_features_in_=4), "n_features_in_ is 4, .* 5 inp"),
    "too many inputs": (fitted, put(n_features_in_=6), "n_features_in_ is 6, .* 5 inp"),
    "inputs of a machine": (fitted_rbm, put(n_features_in_=6), "n_features_in_ is 6"),
    "inputs of tasks": (fitted_tasks, put(n_features_in_=6), "n_features_in_ is 6"),
    "NaN": (fitted, lambda m: set_weights(m, np.nan), "must be finite"),
    "infinity": (fitted_numbers, lambda m: set_weights(m, -np.inf), "must be finite"),
    "NaN in a machine": (fitted_rbm, set_visible_bias, "must be finite"),
    "infinity in a task": (fitted_tasks, set_head, "must be finite"),
    "no network": (fitted, put(_network=3), "its network is a <class 'int'>"),
    "other units": (fitted, put(_scaling=3), "_scaling must be a Scaling"),
    "short units": (
        fitted,
        put(_scaling=Scaling(np.zeros(4), np.ones(5))),
        r"shift must be float64 of shape \(5,\)",
    ),
    "units of another type": (
        fitted_tasks,
        put(_scaling=Scaling(np.zeros(5), np.ones(5, np.float32))),
        "factor must be float64",
    ),
    "more classes": (fitted, put_targets(classes=np.arange(4)), "4 with 'softmax'"),
    "hidden classes": (fitted, put_number_of_outputs, "5 with 'softmax' are needed"),
    "unsorted classes": (fitted, put_targets(classes=np.array([2, 0, 1])), "sorted"),
    "no classes": (fitted, put_targets(classes=None), "sorted|iter"),
    "units of numbers": (
        fitted_numbers,
        put_targets(mean=np.zeros((1, 1))),
        r"mean must be .* \(1,\), got \(1, 1\)",
    ),
    "more numbers": (fitted_numbers, put_targets(n_outputs=2), "2 with 'identity'"),
    "no targets": (fitted, put(_targets=None), "replace"),
    "classes of other tasks": (fitted_tasks, put(_targets={}), r"tasks \[\] only"),
}


@pytest.mark.parametrize(("make", "damage", "match"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_estimator_is_refused(make, damage, match):
    model = make()
    pickle.loads(pickle.dumps(model))
    damage(model)
    with pytest.raises(
        ValueError, match=rf"This {type(model).__name__} is damaged: "
    ) as e:
        pickle.loads(pickle.dumps(model))
    assert e.match(match)
    assert "\n" not in str(e.value)


def test_missing_parts_are_named():
    model = fitted()
    del model._targets
    with pytest.raises(ValueError, match=r"damaged: .*'_targets'"):
        pickle.loads(pickle.dumps(model))


def test_no_part_of_a_layer_can_be_missing():
    model = fitted()
    hollow = object.__new__(type(model._network.layers[0]))
    layers = hollow, *model._network.layers[1:]
    network = object.__new__(type(model._network))
    vars(network).update({**model._network.__getstate__(), "layers": layers})
    # As skops makes it, which calls no method of a class for a state that is missing.
    state = {**model.__getstate__(), "_network": network}
    with pytest.raises(ValueError, match=r"damaged: .*'topology'"):
        object.__new__(SETClassifier).__setstate__(state)


@pytest.mark.parametrize(
    "make",
    [fitted, fitted_rbm, fitted_numbers, lambda: selector().fit(bits())],
)
def test_a_shallow_copy_shares_all(make):
    model = make()
    twin = copy.copy(model)
    assert type(twin) is type(model)
    assert vars(twin) == vars(model)
    assert all(vars(twin)[name] is value for name, value in vars(model).items())


def test_an_estimator_can_be_copied_in_the_middle_of_a_fit_to_other_columns():
    """A scorer gets copies while the network of the last fit is still there."""
    seen = []

    def scorer(estimator, X, y):
        seen.append((estimator._network.n_units[0], copy.copy(estimator)))
        return estimator.score(X, y)

    model = small(SETClassifier, early_stopping=True, scoring=scorer)
    model.fit(*toy(SETClassifier, n_features=5))
    model.fit(*toy(SETClassifier, n_features=7))
    assert [n for n, _ in seen] == [5] * 3 + [7] * 3
    assert clone(model).fit(*toy(SETClassifier, n_features=7)).n_features_in_ == 7


@pytest.mark.parametrize("label", [None, 3, "a"])
def test_tasks_of_any_label_come_back(label):
    X, y = toy(SETClassifier)
    model = ContinualSETClassifier((9,), density=0.3, max_iter=1, random_state=0)
    model.partial_fit(X, y, task=label)
    state = model.__getstate__()
    assert [name for name, _ in state["_targets"]] == [label]
    again = pickle.loads(pickle.dumps(model))
    assert again.tasks_ == [label]
    assert list(again.task_classes_) == [label]
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_steps_of_a_momentum_come_back():
    X, y = toy(SETClassifier)
    model = small(SETClassifier, grow="momentum").partial_fit(X, y, classes=[0, 1])
    steps = model._state.recent_steps
    again = pickle.loads(pickle.dumps(steps))
    assert again.steps.maxlen == steps.steps.maxlen
    for one, other in zip(again.factors(0), steps.factors(0), strict=True):
        np.testing.assert_array_equal(one, other)
    steps.steps[0][0][0][0, 0] = np.nan
    with pytest.raises(ValueError, match="Recent steps must be finite"):
        pickle.loads(pickle.dumps(steps))


def test_partial_fit_needs_a_column_for_each_label():
    """The kernel of the loss reads a target for each output."""
    X, _ = toy(SETClassifier)
    Y = (X[:, :3] > 0).astype(int)
    model = small(SETClassifier).partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="a column for each of the 3 labels, got 2"):
        model.partial_fit(X, Y[:, :2])
    with pytest.raises(ValueError, match="a column for each of the 3 labels, got 2"):
        small(SETClassifier).partial_fit(X, Y[:, :2], classes=[0, 1, 2])
