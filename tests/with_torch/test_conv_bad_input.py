"""What `SETConvClassifier` says of bad input and wrong parameters."""

import copy
import inspect
import re

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

pytest.importorskip("skorch")

from skset.torch import SETConvClassifier

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 1, 6, 6))
y = np.arange(40) % 2
SMALL = SETConvClassifier((20,), channels=(2,), density=0.2, max_iter=1, random_state=0)


def with_one(value):
    wrong = X.copy()
    wrong[3, 0, 2, 2] = value
    return wrong


def fitted():
    return clone(SMALL).fit(X, y)


@pytest.mark.parametrize(
    ("X", "y", "error", "message"),
    [
        (with_one(np.nan), y, ValueError, "Input X contains NaN"),
        (with_one(np.inf), y, ValueError, "contains infinity"),
        (with_one(1e300), y, ValueError, "too large to be standardised"),
        (X, np.where(y, np.nan, 1.0), ValueError, "Input y contains NaN"),
        (X, y + 0.5 * rng.random(40), ValueError, "Unknown label type"),
        (X, y[:39], ValueError, r"inconsistent numbers of samples: \[40, 39\]"),
        (X, None, ValueError, "requires y to be passed"),
        (X.reshape(40, 36), None, ValueError, "requires y to be passed"),
        (X.reshape(40, 36), y, ValueError, "image_shape=.channels, height, width."),
        (X.ravel(), y, ValueError, "Expected 2D array"),
        (X[..., None], y, ValueError, "X must have shape"),
        (X[:0], y[:0], ValueError, "0 sample"),
        (X[:1], y[:1], ValueError, "1 sample"),
        (X[..., :0], y, ValueError, "without pixels"),
        (X + 1j, y, ValueError, "Complex data not supported"),
        (X.astype("M8[s]"), y, (TypeError, ValueError), "real numbers|dtype"),
        (X, np.array(["a", 1] * 20, object), TypeError, "labels|uniformly"),
    ],
)
def test_bad_data_are_refused_in_a_fit(X, y, error, message):
    model = clone(SMALL)
    with pytest.raises(error, match=message):
        model.fit(X, y)
    assert not [name for name in vars(model) if name.endswith("_")]


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (X[..., :5], r"images of shape \(1, 6, 5\), but .* is expecting \(1, 6, 6\)"),
        (np.concatenate([X, X], axis=1), r"images of shape \(2, 6, 6\)"),
        (X.reshape(40, 36)[:, :30], "X has 30 features, but SETConvClassifier is exp"),
        (with_one(np.nan), "contains NaN"),
        (X[:0], "0 sample"),
        (1e300 * np.abs(X), "not finite"),
    ],
)
def test_bad_data_are_refused_in_a_prediction(method, X, message):
    with pytest.raises(ValueError, match=message):
        getattr(fitted(), method)(X)


def test_image_shape_must_fit_the_data():
    rows = X.reshape(40, 36)
    with pytest.raises(ValueError, match=r"36 features, but image_shape=.* needs 35"):
        clone(SMALL).set_params(image_shape=(1, 5, 7)).fit(rows, y)
    with pytest.raises(ValueError, match=r"but image_shape is \(1, 4, 9\)"):
        clone(SMALL).set_params(image_shape=(1, 4, 9)).fit(X, y)


def test_it_must_be_fitted():
    with pytest.raises(NotFittedError, match="not fitted yet"):
        clone(SMALL).predict(X)


WRONG = {
    "hidden_layer_sizes": [(0,), (3.5,), "8", -1, True],
    "channels": [(0,), "a", 2.0],
    "image_shape": [(1, 8), "rows", (1, 0, 8), 64],
    "kernel_size": [2, 0, 3.0],
    "batch_norm": [1, None],
    "pool": [0, 1.5],
    "dropout": [1.0, -0.1, np.nan, "a"],
    "epsilon": [0, np.inf, True],
    "density": [0, 1.1, np.nan],
    "weight_init": ["auto", None],
    "method": ["sett", None],
    "zeta": [1, -0.1],
    "drop": ["weak", 3],
    "grow": ["strong"],
    "zeta_schedule": ["slow"],
    "density_schedule": ["quadratic"],
    "newborn": ["one"],
    "final_drop": [1],
    "solver": ["lbfgs"],
    "alpha": [-1, np.inf],
    "batch_size": [0, 1, "auto"],
    "learning_rate_init": [0, "fast"],
    "learning_rate": ["adaptive"],
    "momentum": [1],
    "max_iter": [0, 2.5],
    "tol": [-1],
    "n_iter_no_change": [0, "never"],
    "early_stopping": ["yes"],
    "validation_fraction": [0, 1],
    "class_weight": ["foo", 3],
    "warm_start": [None],
    "standardize": ["global"],
    "device": ["gpuu", 3.5],
    "callbacks": ["print"],
    "random_state": ["a"],
    "verbose": [-1, "yes"],
}


def test_all_parameters_have_wrong_values():
    assert set(WRONG) == set(SMALL.get_params())


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]]
)
def test_wrong_parameters_are_named(name, value):
    model = clone(SMALL).set_params(**{name: value})
    with pytest.raises((ValueError, TypeError), match=f"{name}|seed a"):
        model.fit(X, y)
    assert not hasattr(model, "module_")


def test_every_parameter_is_described_with_its_default():
    text = inspect.getdoc(SETConvClassifier)
    text = text.split("Parameters\n----------\n")[1].split("\n\nAttributes")[0]
    described = dict(re.findall(r"^(\w+) : .*default=(.*)$", text, re.MULTILINE))
    signature = inspect.signature(SETConvClassifier).parameters
    assert list(described) == list(signature)
    for name, parameter in signature.items():
        assert eval(described[name]) == parameter.default


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (-np.ones(40), "Negative values"),
        (np.zeros(40), "at least one non-zero"),
        (np.full(40, np.nan), "sample_weight contains NaN"),
        (np.ones(39), "sample_weight.shape"),
        (np.ones((40, 2)), "sample_weight.shape"),
        (np.eye(40)[0], "leave 1 sample"),
    ],
)
def test_wrong_weights(weight, message):
    with pytest.raises(ValueError, match=message):
        clone(SMALL).fit(X, y, sample_weight=weight)


def test_partial_fit_knows_its_classes():
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        clone(SMALL).partial_fit(X, y)
    model = clone(SMALL).partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="is not the same as on last call"):
        model.partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"classes not in `classes`: \[2\]"):
        model.partial_fit(X, 2 * y)
    with pytest.raises(ValueError, match="early_stopping"):
        clone(SMALL).set_params(early_stopping=True).partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="balanced"):
        clone(SMALL).set_params(class_weight="balanced").partial_fit(X, y, None, [0, 1])


def test_warm_start_keeps_classes_images_and_layers():
    model = fitted().set_params(warm_start=True)
    with pytest.raises(ValueError, match="same classes"):
        model.fit(X, 2 * y)
    with pytest.raises(ValueError, match="is expecting"):
        model.fit(X[..., :5], y)
    for name, value in {"channels": 3, "hidden_layer_sizes": (21,), "pool": 1}.items():
        model.set_params(**{name: value})
        with pytest.raises(ValueError, match=f"{name} cannot change"):
            model.fit(X, y)
        model.set_params(**{name: SMALL.get_params()[name]})
    assert model.fit(X, y).n_iter_ == 1


def test_a_validation_set_that_cannot_be_made():
    few = np.r_[[2], y[1:]]
    with pytest.raises(ValueError, match=r"validation_fraction=0\.1"):
        clone(SMALL).set_params(early_stopping=True).fit(X, few)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_training_that_diverges_leaves_all_as_it_was(method):
    model = clone(SMALL).partial_fit(X, y, classes=[0, 1])
    learned, state = model.predict_proba(X), copy.deepcopy(model._state)
    model.set_params(learning_rate_init=1e36, batch_size=8, warm_start=True)
    with pytest.raises(ValueError, match="non-finite"):
        getattr(model, method)(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), learned)
    for held, before in zip(
        model._state["optimizer"]["state"].values(),
        state["optimizer"]["state"].values(),
        strict=True,
    ):
        assert torch.equal(held["exp_avg"], before["exp_avg"])
