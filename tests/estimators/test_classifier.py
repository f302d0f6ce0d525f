"""What SETClassifier learns, and how it says so."""

import numpy as np
import pandas as pd
import pytest
from estimators.cases import impatient, small, toy
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_circles,
    make_multilabel_classification,
)
from sklearn.metrics import f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skset.estimators import SETClassifier

pytestmark = impatient

FLOORS = [
    (load_digits, 0.95),
    (load_breast_cancer, 0.94),
    (load_iris, 0.9),
    (load_wine, 0.94),
]


def scaled(**params):
    return make_pipeline(StandardScaler(), SETClassifier(random_state=0, **params))


@pytest.mark.parametrize(("load", "floor"), FLOORS)
def test_accuracy_on_real_data(load, floor):
    X, y = load(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    model = scaled(max_iter=40).fit(X, y)
    assert model.score(X_test, y_test) > floor
    assert log_loss(y_test, model.predict_proba(X_test)) < 0.35


VARIANTS = [
    {"solver": "sgd", "learning_rate_init": 0.01},
    {"solver": "adam", "learning_rate": "cosine"},
    {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.05},
    {"activation": "all_relu"},
    {"activation": "tanh", "weight_init": "glorot"},
    {"activation": "logistic", "learning_rate_init": 0.01},
    {"method": "static", "dropout": 0.1},
    {"init": "uniform", "density": 0.1, "zeta_schedule": "cosine"},
    {"weight_init": "normal", "newborn": "init", "drop": "magnitude"},
    {"early_stopping": True, "update_interval": 10},
    {"dtype": np.float64},
]


@pytest.mark.parametrize("params", VARIANTS, ids=str)
def test_every_way_to_train_learns_digits(params):
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    sizes = {"hidden_layer_sizes": (100, 100), "max_iter": 20}
    assert scaled(**sizes, **params).fit(X, y).score(X_test, y_test) > 0.9


def test_hidden_layers_bend_the_boundary():
    X, y = make_circles(300, noise=0.1, factor=0.4, random_state=0)
    bent = SETClassifier((50,), learning_rate_init=0.02, random_state=0).fit(X, y)
    straight = SETClassifier((50,), activation="identity", random_state=0).fit(X, y)
    assert bent.score(X, y) > 0.95
    assert straight.score(X, y) < 0.7


def test_multilabel_is_learned():
    X, Y = make_multilabel_classification(800, n_classes=4, random_state=0)
    X, X_test, Y, Y_test = train_test_split(X, Y, random_state=0)
    model = scaled(max_iter=30).fit(X, Y)
    said = model.predict(X_test)
    constant = np.tile(Y.mean(axis=0) > 0.5, (len(X_test), 1))
    assert f1_score(Y_test, constant, average="micro") < 0.68
    assert f1_score(Y_test, said, average="micro") > 0.73
    assert said.shape == Y_test.shape
    assert set(np.unique(said)) == {0, 1}
    assert model[-1].out_activation_ == "logistic"
    assert model[-1].n_outputs_ == 4


@pytest.mark.parametrize("n_classes", [2, 3])
def test_ways_to_say_it_agree(n_classes):
    X, y = toy(SETClassifier, n_classes=n_classes)
    model = small(SETClassifier, max_iter=30).fit(X, y)
    proba, logits = model.predict_proba(X), model.decision_function(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), proba.argmax(axis=1))
    np.testing.assert_allclose(np.log(proba), model.predict_log_proba(X), rtol=1e-9)
    if n_classes == 2:
        assert logits.shape == (40,)
        np.testing.assert_allclose(proba[:, 1], 1 / (1 + np.exp(-logits)), rtol=1e-9)
    else:
        assert logits.shape == (40, 3)
        exp = np.exp(logits)
        np.testing.assert_allclose(proba, exp / exp.sum(1, keepdims=True), rtol=1e-9)


def test_labels_of_a_sample_are_told_apart():
    X, _ = toy(SETClassifier)
    Y = (X[:, :3] > 0).astype(int)
    model = small(SETClassifier, max_iter=30).fit(X, Y)
    proba, logits = model.predict_proba(X), model.decision_function(X)
    assert proba.shape == logits.shape == Y.shape
    np.testing.assert_allclose(proba, 1 / (1 + np.exp(-logits)), rtol=1e-9)
    np.testing.assert_array_equal(model.predict(X), proba > 0.5)
    np.testing.assert_allclose(np.log(proba), model.predict_log_proba(X), rtol=1e-9)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_log_probabilities_are_finite_where_probabilities_vanish(n_classes):
    X, y = toy(SETClassifier, n_classes=n_classes)
    model = small(SETClassifier).fit(X, y)
    proba, log_proba = model.predict_proba(X * 1e6), model.predict_log_proba(X * 1e6)
    assert (proba == 0).any()
    assert np.isfinite(log_proba).all()
    assert log_proba.min() < -1e4


@pytest.mark.parametrize("label", [0, 7, "only", True])
def test_one_class_is_always_right(label):  # row 9
    X, _ = toy(SETClassifier)
    y = np.full(40, label)
    for model in (
        small(SETClassifier).fit(X, y),
        small(SETClassifier, early_stopping=True).fit(X, y),
        small(SETClassifier).partial_fit(X, y, classes=[label]),
    ):
        np.testing.assert_array_equal(model.predict(X), y)
        np.testing.assert_array_equal(model.predict_proba(X), np.ones((40, 1)))
        assert np.isfinite(model.predict_log_proba(X)).all()
        assert model.classes_.tolist() == [label]


LABELS = {
    "str": np.array(["a", "b", "c"]),
    "object": np.array(["a", "bcd", "ef"], dtype=object),
    "int8": np.array([-7, 0, 3], dtype=np.int8),
    "float": np.array([-1.0, 2.0, 5.0]),
    "bytes": np.array([b"a", b"b", b"c"]),
    "unsigned": np.array([1, 2, 2**63], dtype=np.uint64),
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_labels_keep_their_type(labels):  # row 11
    X, y = toy(SETClassifier, n_classes=3)
    try:
        model = small(SETClassifier).fit(X, labels[y])
    except (TypeError, FutureWarning):
        # scikit-learn itself takes no bytes, and warned of that before 1.7.
        assert labels.dtype.kind == "S"
        return
    np.testing.assert_array_equal(model.classes_, labels)
    assert model.classes_.dtype == labels.dtype
    assert model.predict(X).dtype == labels.dtype
    plain = small(SETClassifier).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), labels[plain.predict(X)])


@pytest.mark.parametrize("make", [pd.Categorical, pd.Series, list], ids=str)
def test_labels_in_other_containers(make):  # row 11
    X, y = toy(SETClassifier, n_classes=3)
    labels = np.array(["a", "b", "c"])[y]
    model = small(SETClassifier).fit(X, make(labels))
    assert model.classes_.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(
        model.predict(X), small(SETClassifier).fit(X, labels).predict(X)
    )


def test_bool_labels_stay_bool():  # row 11
    X, y = toy(SETClassifier)
    model = small(SETClassifier).fit(X, y.astype(bool))
    assert model.predict(X).dtype == bool


def test_order_of_the_columns_is_that_of_the_classes():
    X, y = toy(SETClassifier, n_classes=3)
    labels = np.array(["z", "m", "a"])
    model = small(SETClassifier, max_iter=60, learning_rate_init=0.02)
    model.fit(X, labels[y])
    assert model.classes_.tolist() == ["a", "m", "z"]
    said = model.classes_[model.predict_proba(X).argmax(axis=1)]
    assert (said == labels[y]).mean() > 0.8
