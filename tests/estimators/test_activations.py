"""Activations as objects and one for each layer, and networks that need none."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from estimators.cases import (
    assert_same_network,
    brief,
    every_ranking,
    first_call,
    impatient,
    refused,
    selector,
    small,
    toy,
    toy_for,
)
from scipy import sparse
from sklearn.base import clone

from skset.estimators import QuickSelection, SETClassifier
from skset.model import (
    ACTIVATIONS,
    Activation,
    LeakyReLU,
    Tanh,
    reconstruction_paths,
)
from skset.strategies import METHODS

pytestmark = impatient
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@dataclass(frozen=True)
class Softsign(Activation):
    """``z / (1 + |z|)``, with the derivative ``(1 - |a|)^2``."""

    needs_sums = False
    weight_init = "glorot"

    def apply(self, Z, A):
        np.divide(Z, 1 + np.abs(Z), out=A)

    def multiply_derivative(self, Z, A, D):
        D *= (1 - np.abs(A)) ** 2


def two_layers(Estimator, activation, **params):
    return small(Estimator, hidden_layer_sizes=(8, 6), activation=activation, **params)


def sums(model, X):
    """Return the weighted sums of the output unit."""
    is_classifier = hasattr(model, "classes_")
    return model.decision_function(X) if is_classifier else model.predict(X)


@every_dtype
@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_every_name_trains_and_is_the_same_in_a_list(Estimator, name, dtype):
    X, y = toy(Estimator)
    one = two_layers(Estimator, name, dtype=dtype, learning_rate_init=0.01).fit(X, y)
    assert one.network_.dtype == dtype
    assert one.loss_ < one.loss_curve_[0]
    for each in ([name, name], (name, name)):
        other = two_layers(Estimator, each, dtype=dtype, learning_rate_init=0.01)
        assert_same_network(one, other.fit(X, y))


def test_objects_are_the_same_as_their_names(Estimator):
    X, y = toy(Estimator)
    by_name = two_layers(Estimator, ["tanh", "leaky_relu"]).fit(X, y)
    for each in ([Tanh(), LeakyReLU(0.01)], (Tanh(), "leaky_relu")):
        assert_same_network(by_name, two_layers(Estimator, each).fit(X, y))


def test_each_layer_has_its_own(Estimator):
    X, y = toy(Estimator)
    model = two_layers(Estimator, ["gelu", "tanh"], dtype=np.float64).fit(X, y)
    first, second = model.network_.hidden
    H = np.empty((8, 40))
    first.apply(model.coefs_[0].T @ X.T + model.intercepts_[0][:, None], H)
    H = np.tanh(model.coefs_[1].T @ H + model.intercepts_[1][:, None])
    Z = model.coefs_[2].T @ H + model.intercepts_[2][:, None]
    assert (type(first).__name__, type(second).__name__) == ("GELU", "Tanh")
    said = (
        model.decision_function(X) if hasattr(model, "classes_") else model.predict(X)
    )
    np.testing.assert_allclose(said, Z[0], rtol=1e-6)


@pytest.mark.parametrize("activation", [Softsign(), [Softsign(), "elu"]])
def test_one_of_ones_own(Estimator, activation):
    X, y = toy(Estimator)
    X = np.where(np.abs(X) < 0.5, 0.0, X)
    model = two_layers(Estimator, activation)
    assert clone(model).get_params()["activation"] == activation
    model.fit(X, y)
    assert_same_network(model, clone(model).fit(sparse.csr_array(X), y))
    other = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    assert model.loss_ < model.loss_curve_[0]


@pytest.mark.parametrize(
    ("sizes", "activation", "counts"),
    [
        ((8, 6), ["relu"], "1 entries, but there are 2"),
        ((8,), ["relu", "tanh"], "2 entries, but there are 1"),
        (8, (), "0 entries, but there are 1"),
        ((), [Tanh()], "1 entries, but there are 0"),
    ],
)
def test_a_list_has_one_for_each_hidden_layer(Estimator, sizes, activation, counts):
    X, y = toy(Estimator)
    model = small(Estimator, hidden_layer_sizes=sizes, activation=activation)
    for fit in (model.fit, lambda X, y: first_call(model, X, y)):
        with refused(ValueError, f"activation has {counts} hidden layers", model):
            fit(X, y)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"activation": "relu"}, {"activation": "tanh"}),
        ({"activation": ["relu", "tanh"]}, {"activation": "tanh"}),
        ({"activation": "leaky_relu"}, {"negative_slope": 0.2}),
    ],
)
@pytest.mark.parametrize("caller", ["warm_start", "partial_fit"])
def test_another_activation_is_refused(Estimator, caller, before, now):  # row 35
    X, y = toy(Estimator)
    sizes = {"hidden_layer_sizes": (8, 6), "warm_start": True}
    model = small(Estimator, **sizes, **before).fit(X, y)
    model.set_params(**now)
    fit = model.fit if caller == "warm_start" else model.partial_fit
    with refused(ValueError, f"{caller} .*where activation is the same", model):
        fit(X, y)


def test_the_same_activation_in_other_words_goes_on(Estimator):
    X, y = toy(Estimator)
    model = first_call(two_layers(Estimator, "tanh"), X, y)
    model.set_params(activation=[Tanh(), "tanh"]).partial_fit(X, y)
    assert model.n_iter_ == 2


@brief
def test_a_selector_takes_them_too():
    X, _ = toy_for(False)
    params = {"hidden_layer_sizes": (8, 6)}
    one = selector(activation=["silu", "silu"], **params).fit(X)
    assert_same_network(one, selector(activation="silu", **params).fit(X))


# Networks of one layer.


@pytest.mark.parametrize("sizes", [(), [], np.array([], int)])
def test_one_sparse_layer_is_a_linear_model(Estimator, sizes):
    X, y = toy(Estimator)
    model = small(Estimator, hidden_layer_sizes=sizes, max_iter=30).fit(X, y)
    assert (model.n_layers_, model.hidden_layer_sizes_) == (2, [])
    [W], [b] = model.coefs_, model.intercepts_
    said = (
        model.decision_function(X) if hasattr(model, "classes_") else model.predict(X)
    )
    np.testing.assert_allclose(said, (X @ W + b).ravel(), rtol=1e-4, atol=1e-6)
    strengths = np.abs(W.toarray()).sum(axis=1) * model.input_scale_
    np.testing.assert_allclose(
        model.feature_importances_, strengths / strengths.sum(), rtol=1e-5
    )


@pytest.mark.parametrize(
    "params",
    [
        *({"method": method} for method in METHODS),
        *({"init": init} for init in ("uniform", "uniform_plus", "snip", [0.4])),
        *({"grow": grow} for grow in ("momentum", "neuron", "random_unfired")),
        *({"drop": drop} for drop in ("sensitivity", "threshold", "random")),
        {"unit_pruning": "strength", "max_iter": 12},
        {"dropout": 0.5},
        {"early_stopping": True},
        {"activation": []},
        {"activation": "all_relu", "weight_init": "he"},
    ],
    ids=str,
)
@every_dtype
def test_one_layer_goes_with_everything(Estimator, params, dtype):
    X, y = toy(Estimator, n_features=30)
    params = {"learning_rate": "cosine", "density": 0.5, "dtype": dtype, **params}
    model = small(Estimator, hidden_layer_sizes=(), warm_start=True, **params)
    assert np.isfinite(model.fit(X, y).predict(X)).all()
    assert 0 < model.nnz_ < 30
    before = model.t_
    assert model.fit(X, y).t_ > before


def test_one_layer_goes_on_from_call_to_call(Estimator):
    X, y = toy(Estimator)
    model = first_call(small(Estimator, hidden_layer_sizes=()), X, y)
    model = pickle.loads(pickle.dumps(model)).partial_fit(X, y)
    assert model.n_iter_ == 2
    model.set_params(hidden_layer_sizes=(8,))
    with refused(ValueError, "partial_fit .*hidden_layer_sizes is the same", model):
        model.partial_fit(X, y)


def test_several_outputs_of_one_layer():
    X, y = toy(SETClassifier, n_classes=3)
    model = small(SETClassifier, hidden_layer_sizes=(), max_iter=60)
    assert model.set_params(learning_rate_init=0.01).fit(X, y).score(X, y) > 0.7
    several = np.stack([y == 0, y == 2], axis=1).astype(int)
    assert model.fit(X, several).predict(X).shape == (40, 2)


@every_ranking
def test_a_selector_of_one_layer_ranks_features(supervised, importance):
    """The two features with a signal tell each other, and y."""
    X, y = toy_for(supervised, n_samples=200)
    if not supervised:
        X[:, 1] = -X[:, 0] + 0.1 * X[:, 1]
    model = QuickSelection(
        2,
        supervised=supervised,
        importance=importance,
        hidden_layer_sizes=(),
        learning_rate_init=0.01,
        random_state=0,
    )
    assert set(model.fit(X, y).get_support(indices=True)) == {0, 1}


def test_paths_of_one_layer_are_its_weights_but_to_themselves():
    X, _ = toy_for(False)
    model = selector(hidden_layer_sizes=()).fit(X)
    samples = model._targets.samples(X, None, None)
    rows = reconstruction_paths(model.network_, samples, np.random.default_rng(0))
    W = model.coefs_[0].toarray()
    np.testing.assert_allclose(rows, W - np.diag(np.diag(W)), rtol=1e-6)
