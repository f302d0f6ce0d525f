"""Estimators that are made of networks, without a fit."""

import copy

import numpy as np
import pandas as pd
import pytest
from estimators.cases import (
    assert_same_network,
    bits,
    impatient,
    machine,
    nothing_changes,
    scores,
    small,
)
from estimators.networks import (
    KINDS,
    X,
    arrays,
    fingerprint_of,
    labelled,
    made_for,
    of_numbers,
)
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from skset.estimators import SETClassifier, SETRegressor, SparseRBM
from skset.model import Network

pytestmark = impatient

NAMES = ["a", "b", "c", "d", "e"]


CLASSIFIERS = {
    "two classes": ([0, 1], False),
    "three classes": ([3, 5, 7], False),
    "two strings": (["no", "yes"], False),
    "three strings": (["a", "bb", "ccc"], False),
    "booleans": ([False, True], False),
    "labels": ([0, 1, 2], True),
}
ANSWERS = ["predict", "predict_proba", "predict_log_proba", "decision_function"]
each_kind = pytest.mark.parametrize(
    ("classes", "multilabel"), CLASSIFIERS.values(), ids=CLASSIFIERS
)


# Predictions.


@each_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_classifier_of_a_network_predicts_the_same_bits(classes, multilabel, dtype):
    fitted, y = labelled(classes, multilabel)
    network = fitted.set_params(dtype=dtype).fit(X, y).network_
    made = SETClassifier.from_network(network, classes, multilabel=multilabel)
    for method in ANSWERS:
        expected = getattr(fitted, method)(X)
        found = getattr(made, method)(X)
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected), method
    assert np.array_equal(made.classes_, fitted.classes_)
    assert made.score(X, y) == fitted.score(X, y)
    for name in ("n_features_in_", "n_outputs_", "n_layers_", "out_activation_"):
        assert getattr(made, name) == getattr(fitted, name), name


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("loss", ["squared_error", "poisson", "huber"])
def test_a_regressor_of_a_network_predicts_the_same_bits(n_outputs, loss):
    fitted, y = of_numbers(n_outputs, loss=loss)
    made = SETRegressor.from_network(fitted.network_, loss=loss)
    assert np.array_equal(made.predict(X), fitted.predict(X))
    assert made.score(X, y) == fitted.score(X, y)
    assert made.n_outputs_ == n_outputs


def test_a_machine_of_weights_answers_the_same_bits():
    V = bits()
    fitted = machine().fit(V)
    made = SparseRBM.from_network(fitted.network_, random_state=0)
    for method in ("transform", "reconstruct", "free_energy", "score_samples", "gibbs"):
        assert np.array_equal(getattr(made, method)(V), getattr(fitted, method)(V))
    assert np.array_equal(made.components_.toarray(), fitted.components_.toarray())
    assert made.n_components == 6
    assert list(made.get_feature_names_out()) == list(fitted.get_feature_names_out())


def test_a_network_of_ones_own_weights():
    """z = x_1 - x_2 + 1/2: the second class where it is positive."""
    network = Network.from_csr([[[1.0], [-1.0]]], [[0.5]], output="logistic")
    made = SETClassifier.from_network(network, ["below", "above"][::-1])
    assert made.decision_function([[1.0, 2.0], [0, 0]]).tolist() == [-0.5, 0.5]
    assert made.predict([[1.0, 2.0], [0, 0]]).tolist() == ["above", "below"]
    assert made.hidden_layer_sizes_ == []


def test_one_class():
    network = Network.from_csr([np.ones((2, 1))], [[0.0]], output="softmax")
    made = SETClassifier.from_network(network, ["only"])
    assert made.predict([[1.0, 2.0]]).tolist() == ["only"]
    assert made.predict_proba([[1.0, 2.0]]).tolist() == [[1.0]]


# Names, parameters and what is shown.


def test_feature_names_are_those_of_a_fit_and_checked_after():
    frame = pd.DataFrame(X, columns=NAMES)
    fitted, _ = labelled([0, 1])
    made = SETClassifier.from_network(fitted.network_, [0, 1], feature_names=NAMES)
    assert made.feature_names_in_.dtype == object
    assert list(made.feature_names_in_) == NAMES
    assert np.array_equal(made.predict(frame), fitted.predict(X))
    with pytest.raises(ValueError, match="feature names should match"):
        made.predict(frame[NAMES[::-1]])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        made.predict(X)
    without = SETClassifier.from_network(fitted.network_, [0, 1])
    assert not hasattr(without, "feature_names_in_")
    with pytest.warns(UserWarning, match="has feature names, but SETClassifier was"):
        without.predict(frame)
    with pytest.raises(ValueError, match="X has 4 features, but SETClassifier is exp"):
        without.predict(X[:, :4])


def test_names_and_classes_are_not_shared_with_the_caller():
    fitted, _ = labelled([0, 1])
    names, classes = np.array(NAMES, object), np.array([0, 1])
    made = SETClassifier.from_network(fitted.network_, classes, feature_names=names)
    names[:], classes[:] = "x", 7
    assert list(made.feature_names_in_) == NAMES
    assert made.classes_.tolist() == [0, 1]


@pytest.mark.parametrize(
    "names",
    [
        NAMES[:4],
        [*NAMES, "f"],
        "abcde",
        [1, 2, 3, 4, 5],
        [*NAMES[:4], None],
        [NAMES],
        3,
    ],
)
@pytest.mark.parametrize("kind", [SETClassifier, SETRegressor, SparseRBM])
def test_wrong_feature_names(kind, names):
    network, given = made_for(kind)
    with pytest.raises(ValueError, match="feature_names must be 5 strings"):
        kind.from_network(network, *given, feature_names=names)


each_estimator = pytest.mark.parametrize("kind", KINDS)


@each_estimator
def test_parameters_describe_the_network_and_others_are_given(kind):
    network, given = made_for(kind)
    made = kind.from_network(network, *given, zeta=0.2, random_state=3)
    params = made.get_params()
    assert (params["zeta"], params["random_state"]) == (0.2, 3)
    assert np.dtype(params["dtype"]) == network.dtype
    assert repr(made).startswith(kind.__name__)
    check_is_fitted(made)
    assert made.n_iter_ == 0
    assert made.t_ == 0
    twin = clone(made)
    assert twin.get_params() == params
    with pytest.raises(NotFittedError):
        check_is_fitted(twin)


@pytest.mark.parametrize("activation", ["tanh", "leaky_relu", ["relu", "elu"]])
def test_the_activation_and_the_sizes_become_parameters(activation):
    y = (X[:, 0] > 0).astype(int)
    params = {"hidden_layer_sizes": (8, 6), "activation": activation}
    params["standardize"] = False
    fitted = small(SETClassifier, **params, negative_slope=0.3).fit(X, y)
    made = SETClassifier.from_network(fitted.network_, [0, 1])
    assert made.hidden_layer_sizes == (8, 6)
    assert made.negative_slope == 0.3
    assert np.array_equal(made.predict_proba(X), fitted.predict_proba(X))
    made.set_params(max_iter=1).fit(X, y)
    assert made.network_.hidden == fitted.network_.hidden


@each_estimator
def test_wrong_parameters(kind):
    network, given = made_for(kind)
    with pytest.raises(ValueError, match=r"The 'zeta' parameter of .* must be"):
        kind.from_network(network, *given, zeta=2.0)
    with pytest.raises(TypeError, match="unexpected keyword"):
        kind.from_network(network, *given, nonsense=1)
    with pytest.raises(TypeError, match="multiple values"):
        kind.from_network(network, *given, dtype=np.float64)


@each_estimator
@pytest.mark.parametrize("network", [None, "network", np.eye(3)])
def test_what_is_no_network(kind, network):
    given = ([0, 1],) if kind is SETClassifier else ()
    with pytest.raises(TypeError, match=r"network must be a (Network|RBM) of skset"):
        kind.from_network(network, *given)


def test_a_network_is_no_machine_and_a_machine_no_network():
    network, given = made_for(SETClassifier)
    with pytest.raises(TypeError, match="must be a RBM"):
        SparseRBM.from_network(network)
    with pytest.raises(TypeError, match="must be a Network"):
        SETClassifier.from_network(made_for(SparseRBM)[0], *given)
    with pytest.raises(TypeError, match="must be a Network"):
        SETClassifier.from_network(labelled([0, 1])[0], *given)


@pytest.mark.parametrize(
    ("n_outputs", "output", "classes", "multilabel"),
    [
        (2, "softmax", [0, 1], False),
        (1, "softmax", [0, 1], False),
        (1, "identity", [0, 1], False),
        (3, "logistic", [0, 1, 2], False),
        (3, "softmax", [0, 1, 2], True),
        (3, "softmax", [0, 1], False),
        (2, "softmax", [0, 1, 2], False),
        (1, "softmax", [], False),
    ],
)
def test_outputs_that_are_not_those_of_the_classes(
    n_outputs, output, classes, multilabel
):
    network = Network.from_csr(
        [np.ones((3, n_outputs))], [np.zeros(n_outputs)], output=output
    )
    with pytest.raises(ValueError, match=f"The network has {n_outputs} outputs with"):
        SETClassifier.from_network(network, classes, multilabel=multilabel)


@pytest.mark.parametrize(
    "classes", [[1, 0], [0, 0, 1], ["b", "a"], [[0, 1]], 3, [0.0, np.nan]]
)
def test_classes_that_are_not_sorted_and_different(classes):
    network, _ = made_for(SETClassifier)
    with pytest.raises(ValueError, match="classes must be sorted and different"):
        SETClassifier.from_network(network, classes)


def test_an_output_that_is_not_that_of_the_loss():
    network, _ = made_for(SETRegressor)
    with pytest.raises(ValueError, match="with 'exp' are needed"):
        SETRegressor.from_network(network, loss="poisson")
    with pytest.raises(ValueError, match="The 'loss' parameter"):
        SETRegressor.from_network(network, loss="nonsense")


# It goes on to learn.


@each_kind
def test_partial_fit_goes_on_as_that_of_the_fitted_estimator(classes, multilabel):
    fitted, y = labelled(classes, multilabel)
    made = SETClassifier.from_network(
        fitted.network_,
        classes,
        multilabel=multilabel,
        random_state=0,
        learning_rate="constant",
        zeta=0.4,
        max_iter=3,
    )
    with nothing_changes(fitted):
        made.partial_fit(X, y)
    twin = copy.deepcopy(fitted).partial_fit(X, y)
    assert made.n_iter_ == 1
    for one, other in zip(made.coefs_, twin.coefs_, strict=True):
        assert one.shape == other.shape
    moved = made.coefs_[0].toarray() - fitted.coefs_[0].toarray()
    assert np.abs(moved).max() > 0
    # Wherever a final drop took nothing it is the same step.
    given = {"alpha": 0.1, "learning_rate_init": 0.001, "method": "static"}
    without = small(
        SETClassifier, hidden_layer_sizes=(8, 6), standardize=False, **given
    )
    without.fit(X, y)
    made = SETClassifier.from_network(
        without.network_,
        classes,
        multilabel=multilabel,
        random_state=0,
        learning_rate="constant",
        **given,
    )
    assert_same_network(made.partial_fit(X, y), without.partial_fit(X, y))


@pytest.mark.parametrize("kind", [SETClassifier, SETRegressor])
def test_warm_start_goes_on(kind):
    network, given = made_for(kind)
    y = (X[:, 0] > X[:, 1]).astype(int)
    params = {"max_iter": 3, "random_state": 0}
    with nothing_changes(*arrays(network)):
        made = kind.from_network(network, *given, warm_start=True, **params).fit(X, y)
    assert made.n_iter_ == 3
    assert len(made.loss_curve_) == 3
    anew = kind.from_network(network, *given, **params).fit(X, y)
    assert not np.array_equal(scores(made, X), scores(anew, X))
    with pytest.raises(ValueError, match="hidden_layer_sizes is the same"):
        made.set_params(hidden_layer_sizes=(5,)).fit(X, y)


def test_a_machine_goes_on():
    V = bits()
    fitted = machine(method="static").fit(V)
    before = fingerprint_of(fitted.network_)
    params = {"method": "static", "random_state": 0, "batch_size": 10, "momentum": 0.5}
    made = SparseRBM.from_network(fitted.network_, **params, alpha=1e-3)
    made.partial_fit(V)
    assert fingerprint_of(fitted.network_) == before
    assert_same_parts(made, fitted.partial_fit(V))
    warm = SparseRBM.from_network(fitted.network_, warm_start=True, n_iter=2).fit(V)
    assert warm.n_iter_ == 2


def assert_same_parts(one, other):
    assert np.array_equal(one.components_.toarray(), other.components_.toarray())
    assert np.array_equal(one.intercept_visible_, other.intercept_visible_)
    assert np.array_equal(one.intercept_hidden_, other.intercept_hidden_)


@each_estimator
def test_the_given_network_is_not_the_estimators(kind):
    network, given = made_for(kind)
    made = kind.from_network(network, *given)
    for one, other in zip(network.layers, made.network_.layers, strict=True):
        assert not np.shares_memory(one.weights, other.weights)
        assert not np.shares_memory(one.bias, other.bias)


def test_in_a_pipeline():
    y = (X[:, 0] > X[:, 1]).astype(int)
    scaler = StandardScaler().fit(X)
    fitted = small(SETClassifier).fit(scaler.transform(X), y)
    made = SETClassifier.from_network(fitted.network_, [0, 1])
    model = make_pipeline(scaler, made)
    assert np.array_equal(model.predict(X), fitted.predict(scaler.transform(X)))
    check_is_fitted(model)
