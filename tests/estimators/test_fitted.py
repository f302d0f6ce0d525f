"""Fitted attributes: shapes, exact numbers of connections, and the dense limit."""

from itertools import pairwise

import numpy as np
import pytest
from estimators.cases import (
    change_layer,
    first_call,
    impatient,
    scores,
    small,
    toy,
)
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.datasets import make_classification
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skset.estimators import SETClassifier, SETRegressor
from skset.model import Layer

pytestmark = impatient
torn = pytest.mark.filterwarnings("ignore:The network is so sparse:UserWarning")


def expected_nnz(units, epsilon):
    """Return the numbers of connections by equation 3 of Mocanu et al. 2018."""
    pairs = pairwise(units)
    return [
        max(1, round(min(1.0, epsilon * (a + b) / (a * b)) * a * b)) for a, b in pairs
    ]


@torn
@pytest.mark.parametrize("epsilon", [0.2, 1, 3.7, 20])
@pytest.mark.parametrize("sizes", [(30,), (30, 20), 25])
@pytest.mark.parametrize("method", ["set", "static"])
def test_number_of_connections_is_exact(Estimator, epsilon, sizes, method):
    X, y = toy(Estimator, n_features=11)
    model = small(Estimator, hidden_layer_sizes=sizes, epsilon=epsilon, method=method)
    model.set_params(final_drop=False).fit(X, y)
    units = [11, *np.atleast_1d(sizes), 1]
    nnz = expected_nnz(units, epsilon)
    assert [W.nnz for W in model.coefs_] == nnz
    assert model.nnz_ == sum(nnz)
    possible = sum(a * b for a, b in pairwise(units))
    assert model.density_ == sum(nnz) / possible


def test_final_drop_takes_its_share_of_what_is_not_full(Estimator):
    X, y = toy(Estimator, n_features=11)
    params = {"hidden_layer_sizes": (30, 30), "epsilon": 3, "zeta": 0.4}
    whole = small(Estimator, **params, final_drop=False).fit(X, y)
    cut = small(Estimator, **params, final_drop=True).fit(X, y)
    for before, after in zip(whole.coefs_[:2], cut.coefs_[:2], strict=True):
        assert before.nnz - after.nnz in (
            int(0.4 * before.nnz),
            int(0.4 * before.nnz) - 1,  # each sign rounds on its own
        )
    still = small(Estimator, **params, method="static").set_params(zeta=None)
    assert still.fit(X, y).nnz_ == whole.nnz_


@pytest.mark.parametrize("density", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("init", ["erdos_renyi", "uniform"])
def test_density_is_the_share_of_all_connections(Estimator, density, init):
    X, y = toy(Estimator, n_features=20)
    sizes = {"hidden_layer_sizes": (40, 30), "final_drop": False}
    model = small(Estimator, **sizes, init=init, density=density).fit(X, y)
    assert model.density_ == pytest.approx(density, abs=0.002)
    if init == "uniform":
        for W in model.coefs_[:2]:
            assert W.nnz / np.prod(W.shape) == pytest.approx(density, abs=0.002)


def test_weights_are_canonical_csr_arrays_of_the_layers(Estimator):
    X, y = toy(Estimator, n_classes=3)
    model = small(Estimator, hidden_layer_sizes=(9, 7), epsilon=2).fit(X, y)
    n_outputs = 3 if Estimator is SETClassifier else 1
    assert [W.shape for W in model.coefs_] == [(5, 9), (9, 7), (7, n_outputs)]
    assert [b.shape for b in model.intercepts_] == [(9,), (7,), (n_outputs,)]
    for W in model.coefs_:
        assert isinstance(W, sparse.csr_array)
        W.check_format(full_check=True)
        rows = np.repeat(np.arange(W.shape[0]), np.diff(W.indptr))
        assert (np.diff(rows * W.shape[1] + W.indices) > 0).all()
        assert W.nnz == W.data.size
    assert model.n_layers_ == 4
    assert model.n_outputs_ == n_outputs
    assert model.n_features_in_ == 5


def test_names_and_lengths_of_what_was_learned(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator, max_iter=4, early_stopping=True).fit(X, y)
    assert model.n_iter_ == 4 == len(model.loss_curve_) == len(model.validation_scores_)
    assert model.loss_ == model.loss_curve_[-1]
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.t_ == 4 * 36
    kinds = {SETClassifier: "logistic", SETRegressor: "identity"}
    assert model.out_activation_ == kinds[Estimator]
    if Estimator is SETClassifier:
        assert model.classes_.tolist() == [0, 1]
        X, y = toy(Estimator, n_classes=3)
        assert small(Estimator).fit(X, y).out_activation_ == "softmax"


HIDDEN = {
    "relu": lambda Z, layer: np.maximum(Z, 0),
    "tanh": lambda Z, layer: np.tanh(Z),
    "logistic": lambda Z, layer: expit(Z),
    "identity": lambda Z, layer: Z,
    "leaky_relu": lambda Z, layer: np.where(Z > 0, Z, 0.01 * Z),
    # Slopes alternate: Curci et al. 2021, equation 4.
    "all_relu": lambda Z, layer: np.where(Z > 0, Z, (-1) ** layer * 0.6 * Z),
}


def dense_scores(model, X):
    """Return what the model predicts, from its public attributes and dense matrices."""
    A = X
    for layer, (W, b) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        Z = A @ W.toarray() + b
        A = HIDDEN[model.activation](Z, layer)
    if isinstance(model, SETRegressor):
        return Z[:, 0]
    if Z.shape[1] == 1:
        return np.hstack([expit(-Z), expit(Z)])
    return softmax(Z, axis=1)


@pytest.mark.parametrize("activation", HIDDEN)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_prediction_is_what_the_weights_say(Estimator, activation, n_classes):
    X, y = toy(Estimator, n_classes=n_classes)
    model = small(Estimator, activation=activation, dtype=np.float64, epsilon=2)
    model.set_params(hidden_layer_sizes=(9, 7, 8), weight_init="normal").fit(X, y)
    np.testing.assert_allclose(scores(model, X), dense_scores(model, X), rtol=1e-9)


def test_dropout_is_for_training_only(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator, dropout=0.5, dtype=np.float64).fit(X, y)
    np.testing.assert_allclose(scores(model, X), dense_scores(model, X), rtol=1e-9)


# Importances.


def test_importances_are_strengths_that_add_up_to_one(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator, hidden_layer_sizes=(30,), epsilon=2).fit(X, y)
    strengths = abs(model.coefs_[0].toarray()).sum(axis=1) * model.input_scale_
    said = model.feature_importances_
    np.testing.assert_allclose(said, strengths / strengths.sum(), rtol=1e-5)
    assert said.sum() == pytest.approx(1)
    assert said.shape == (5,)


def test_feature_without_a_connection_has_no_importance(Estimator):
    X, y = toy(Estimator, n_features=50)
    model = small(Estimator, hidden_layer_sizes=(5,), epsilon=0.3).fit(X, y)
    weights = model.coefs_[0]
    connected = np.diff(weights.indptr) > 0
    assert not connected.all()
    assert not model.feature_importances_[~connected].any()
    # A newborn connection to a unit that is never active still weighs 0.
    weighted = np.add.reduceat(np.abs(np.r_[weights.data, 0]), weights.indptr[:-1]) > 0
    weighted &= connected
    assert weighted.sum() > 3
    np.testing.assert_array_equal(model.feature_importances_ > 0, weighted)


def test_importances_are_finite_if_no_weight_is_left(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator).fit(X, y)
    change_layer(model, 0, weights=np.zeros_like(model.coefs_[0].data))
    np.testing.assert_array_equal(model.feature_importances_, np.zeros(5))


def test_informative_features_become_important():
    X, y = make_classification(
        600, 40, n_informative=5, n_redundant=0, shuffle=False, random_state=0
    )
    model = small(SETClassifier, hidden_layer_sizes=(100,), epsilon=5, max_iter=40)
    importances = model.set_params(learning_rate_init=0.01).fit(X, y)
    importances = importances.feature_importances_
    assert importances[:5].mean() > 1.5 * importances[5:].mean()


# Extremes.


@torn
def test_units_without_any_connection_are_no_harm(Estimator):  # row 59
    X, y = toy(Estimator)
    model = small(Estimator, hidden_layer_sizes=(50, 50), epsilon=0.05).fit(X, y)
    assert (model.coefs_[0].nnz, model.coefs_[2].nnz) == (3, 3)
    assert np.isfinite(scores(model, X)).all()
    assert all(np.isfinite(W.data).all() for W in model.coefs_)


def test_one_connection_per_layer(Estimator):  # row 59
    X, y = toy(Estimator)
    model = small(Estimator, density=1e-9, final_drop=False)
    with pytest.warns(UserWarning, match="no path leads") as said:
        model.fit(X, y)
    assert sum("no path leads" in str(warning.message) for warning in said) == 1
    assert [W.nnz for W in model.coefs_] == [1, 1]
    assert np.isfinite(scores(model, X)).all()


MLPS = {SETClassifier: MLPClassifier, SETRegressor: MLPRegressor}


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_dense_limit_is_the_multilayer_perceptron_of_scikit_learn(Estimator, solver):
    # row 59
    """Pass for pass, from the same weights."""
    X, y = toy(Estimator, n_classes=3)
    if Estimator is SETRegressor:
        y = np.stack([y, X[:, 3]], axis=1)
    params = {"hidden_layer_sizes": (9, 7), "solver": solver, "shuffle": False}
    params |= {"batch_size": 16, "alpha": 0.1, "learning_rate_init": 0.01}
    params |= {"random_state": 0}
    mlp = first_mlp_call(MLPS[Estimator](**params), X, y)
    del mlp._optimizer  # the next pass begins with a new one
    own = {"density": 1.0, "method": "static", "dtype": np.float64}
    own |= {"standardize": False}
    model = first_call(Estimator(**params, **own), X, y)
    give_weights(model, mlp)
    for _ in range(4):
        mlp.partial_fit(X, y)
        model.partial_fit(X, y)
        for W, expected in zip(model.coefs_, mlp.coefs_, strict=True):
            np.testing.assert_allclose(W.toarray(), expected, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(model.loss_curve_[1:], mlp.loss_curve_[1:], rtol=1e-9)
    np.testing.assert_allclose(scores(model, X), mlp_scores(mlp, X), rtol=1e-8)


def first_mlp_call(mlp, X, y):
    classes = {"classes": np.unique(y)} if isinstance(mlp, MLPClassifier) else {}
    return mlp.partial_fit(X, y, **classes)


def mlp_scores(mlp, X):
    return mlp.predict_proba(X) if hasattr(mlp, "classes_") else mlp.predict(X)


def give_weights(model, mlp):
    """Put the perceptron's weights into the full network, and forget its momentum."""
    network = model._network
    model._network = network.with_layers(
        Layer(layer.topology, W.ravel().copy(), b.copy())
        for layer, W, b in zip(network.layers, mlp.coefs_, mlp.intercepts_, strict=True)
    )
    model._state = None
