"""`to_mlp`: scikit-learn's own MLP says what the sparse network says."""

import inspect
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from estimators.cases import first_call, impatient, nothing_changes, scores, small, toy
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skset.estimators import QuickSelection, SETClassifier, SETRegressor
from skset.model import GELU, LeakyReLU, Loss, Network, Tanh

pytestmark = impatient
unsettled = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning"
)

# An MLP with the output "exp" exists from scikit-learn 1.7 on.
HAS_EXP = "loss" in inspect.signature(MLPRegressor).parameters
# Largest difference of probabilities, or of numbers in deviations of y.
CLOSE = {np.float32: 5e-6, np.float64: 1e-9}
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def assert_alike(model, mlp, X, close=CLOSE[np.float32], unit=1.0):
    """Assert that both say the same of X."""
    said, expected = scores(mlp, X), scores(model, X)
    assert said.shape == expected.shape
    assert np.abs(said - expected).max() < close * unit
    if hasattr(model, "classes_"):
        assert mlp.predict(X).dtype == model.predict(X).dtype
        np.testing.assert_array_equal(mlp.predict(X), model.predict(X))


@every_dtype
@pytest.mark.parametrize("mean", [0, 1e5], ids=["as it is", "far from 0"])
@pytest.mark.parametrize(
    "load", [load_iris, load_wine, load_breast_cancer], ids=lambda load: load.__name__
)
def test_probabilities_are_the_same_on_raw_columns(load, mean, dtype):
    X, y = load(return_X_y=True)
    model = SETClassifier((30, 20), max_iter=5, dtype=dtype, random_state=0)
    model.fit(X + mean, y)
    mlp = model.to_mlp()
    assert isinstance(mlp, MLPClassifier)
    assert_alike(model, mlp, X + mean, CLOSE[dtype])
    assert mlp.score(X + mean, y) == model.score(X + mean, y)


@every_dtype
@pytest.mark.parametrize("mean", [0, 1e5], ids=["as it is", "far from 0"])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_numbers_are_the_same_in_any_units(n_outputs, mean, dtype):
    X, y = load_diabetes(return_X_y=True)
    y = np.stack([1e3 * y + mean, -y], axis=1) if n_outputs == 2 else 1e3 * y + mean
    model = SETRegressor((30, 20), max_iter=5, dtype=dtype, random_state=0)
    model.fit(X + mean, y)
    mlp = model.to_mlp()
    assert isinstance(mlp, MLPRegressor)
    assert_alike(model, mlp, X + mean, CLOSE[dtype], y.std(axis=0).max())


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["a", "b", "c"]),
        np.array(["a", "b", "c"], dtype=object),
        np.array([-1, 5, 7], dtype=np.int8),
        np.array([0.0, 1.0, 3.0]),
        np.array(["no", "yes"]),
        np.array([False, True]),
    ],
    ids=lambda labels: f"{labels.size} {labels.dtype}",
)
def test_labels_of_any_kind(labels):  # row 11
    X, codes = toy(SETClassifier, n_classes=labels.size)
    model = small(SETClassifier).fit(X, labels[codes])
    mlp = model.to_mlp()
    assert_alike(model, mlp, X)
    assert mlp.classes_.dtype == model.classes_.dtype
    np.testing.assert_array_equal(mlp.classes_, labels)


def test_several_labels():
    X, _ = toy(SETClassifier)
    Y = (X[:, :3] > 0).astype(int)
    model = small(SETClassifier).fit(X, Y)
    mlp = model.to_mlp()
    assert_alike(model, mlp, X)
    mlp.partial_fit(X, Y)
    assert mlp.predict(X).shape == Y.shape


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("as_list", [False, True])
def test_activations_that_an_mlp_has(Estimator, activation, as_list):
    X, y = toy(Estimator)
    given = [activation] * 2 if as_list else activation
    sizes = (8, 6)
    model = small(Estimator, hidden_layer_sizes=sizes, activation=given).fit(X, y)
    mlp = model.to_mlp()
    assert mlp.activation == activation
    assert_alike(model, mlp, X)


def test_activations_that_are_the_same_by_another_name(Estimator):
    X, y = toy(Estimator)
    same = small(Estimator, activation="leaky_relu", negative_slope=0.0).fit(X, y)
    assert same.to_mlp().activation == "relu"
    own = small(Estimator, activation=Tanh()).fit(X, y)
    assert own.to_mlp().activation == "tanh"


def test_a_network_of_one_layer(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator, hidden_layer_sizes=()).fit(X, y)
    mlp = model.to_mlp()
    assert mlp.n_layers_ == 2
    assert_alike(model, mlp, X)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile"])
def test_losses_whose_predictions_an_mlp_can_make(loss):
    X, y = toy(SETRegressor)
    model = small(SETRegressor, loss=loss).fit(X, y)
    assert_alike(model, model.to_mlp(), X)


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_rates_need_an_mlp_of_scikit_learn_1_7(loss):
    X, y = toy(SETRegressor)
    y = np.exp(y / 4)
    model = small(SETRegressor, loss=loss).fit(X, y)
    if not HAS_EXP:
        with pytest.raises(ValueError, match=r"'exp', .* needs, from version 1\.7"):
            model.to_mlp()
        return
    mlp = model.to_mlp()
    assert mlp.loss == "poisson"
    assert_alike(model, mlp, X, unit=y.std())


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csc_matrix, np.float32])
def test_sparse_and_single_precision_inputs(Estimator, kind):
    X, y = toy(Estimator)
    model = small(Estimator).fit(X, y)
    given = X.astype(kind) if kind is np.float32 else kind(X)
    said, expected = scores(model.to_mlp(), given), scores(model, X)
    np.testing.assert_allclose(said, expected, atol=1e-5)


def test_names_of_columns(Estimator):
    pd = pytest.importorskip("pandas")
    X, y = toy(Estimator)
    X = pd.DataFrame(X, columns=list("abcde"))
    mlp = small(Estimator).fit(X, y).to_mlp()
    np.testing.assert_array_equal(mlp.feature_names_in_, X.columns)
    scores(mlp, X)  # no warning
    with pytest.raises(ValueError, match="feature names should match"):
        mlp.predict(X.rename(columns={"a": "z"}))


@unsettled
def test_it_has_all_that_a_fitted_mlp_shows(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator, hidden_layer_sizes=(8, 6)).fit(X, y)
    mlp = model.to_mlp()
    trained = clone(mlp).fit(X, y)
    shown = {name for name in vars(trained) if name.endswith("_")}
    assert shown <= vars(mlp).keys()
    for name in ("n_iter_", "t_", "loss_", "loss_curve_", "n_layers_", "n_outputs_"):
        assert getattr(mlp, name) == getattr(model, name)
    assert mlp.out_activation_ == trained.out_activation_
    assert [c.shape for c in mlp.coefs_] == [c.shape for c in trained.coefs_]
    assert [c.shape for c in mlp.intercepts_] == [c.shape for c in trained.intercepts_]
    assert {a.dtype for a in (*mlp.coefs_, *mlp.intercepts_)} == {np.dtype(float)}
    assert [int((c != 0).sum()) for c in mlp.coefs_] == [c.nnz for c in model.coefs_]


def test_clone_repr_and_pickle(Estimator):
    X, y = toy(Estimator)
    mlp = small(Estimator).fit(X, y).to_mlp()
    assert clone(mlp).get_params() == mlp.get_params()
    assert not hasattr(clone(mlp), "coefs_")
    assert "hidden_layer_sizes=(8,)" in repr(mlp)
    again = pickle.loads(pickle.dumps(mlp))
    assert scores(again, X).tobytes() == scores(mlp, X).tobytes()


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit_goes_on_from_its_weights(Estimator, solver):
    X, y = toy(Estimator)
    model = small(Estimator).fit(X, y)
    mlp = model.to_mlp().set_params(solver=solver, learning_rate_init=1e-9)
    mlp.partial_fit(X, y)
    assert mlp.t_ == model.t_ + len(X)
    assert_alike(model, mlp, X, close=1e-5)
    mlp = model.to_mlp().set_params(solver=solver, alpha=0, random_state=0)
    for _ in range(100):
        mlp.partial_fit(X, y)
    losses = mlp.loss_curve_[len(model.loss_curve_) :]
    assert losses[-1] < losses[0]


@unsettled
def test_warm_start_goes_on_and_does_not_stop_at_once():
    # The loss of the estimator is in other units, far below that of the MLP.
    X, y = toy(SETRegressor)
    model = small(SETRegressor).fit(X, 1000 * y)
    mlp = model.to_mlp().set_params(warm_start=True, max_iter=40, random_state=0)
    mlp.fit(X, 1000 * y)
    losses = mlp.loss_curve_[len(model.loss_curve_) :]
    assert mlp.n_iter_ == len(losses) == 40
    assert losses[-1] < losses[0]


def test_its_arrays_are_its_own(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator).fit(X, y)
    model.network_  # noqa: B018 (so that nothing is left to be cached)
    with nothing_changes(model):
        mlp = model.to_mlp()
        mlp.coefs_[0] += 1
        mlp.intercepts_[-1] += 1
        mlp.loss_curve_.append(0.0)


def test_after_partial_fit_pruning_early_stopping_and_a_temperature():
    X, y = toy(SETClassifier, n_samples=200)
    assert_alike(model := first_call(small(SETClassifier), X, y), model.to_mlp(), X)
    pruned = small(SETClassifier, hidden_layer_sizes=(30,), unit_pruning="strength")
    pruned.set_params(max_iter=10).fit(X, y)
    assert pruned.hidden_layer_sizes_ < [30]
    assert pruned.to_mlp().hidden_layer_sizes == tuple(pruned.hidden_layer_sizes_)
    assert_alike(pruned, pruned.to_mlp(), X)
    stopped = small(SETClassifier, early_stopping=True).fit(X, y)
    assert stopped.best_loss_ is None
    assert_alike(stopped, stopped.to_mlp().partial_fit(X[:0:-1], y[:0:-1]), X, 1.0)
    cooled = SETClassifier((20,), alpha="auto", random_state=0).fit(X[:30], y[:30])
    assert_alike(cooled, cooled.to_mlp(), X)


def test_a_network_that_was_given(Estimator):
    X, y = toy(Estimator)
    network = small(Estimator, standardize=False).fit(X, y).network_
    classes = ([0, 1],) if Estimator is SETClassifier else ()
    model = Estimator.from_network(network, *classes)
    mlp = model.to_mlp()
    assert_alike(model, mlp, X)
    assert mlp.n_iter_ == 0
    assert not hasattr(mlp, "loss_")
    mlp.partial_fit(X, y)


# What an MLP does not have.


def test_not_fitted(Estimator):  # row 32
    with pytest.raises(NotFittedError, match="not fitted yet"):
        Estimator().to_mlp()


def test_a_selector_has_no_mlp():
    assert not hasattr(QuickSelection, "to_mlp")


@dataclass(frozen=True)
class Squares(LeakyReLU):
    """An activation of a user."""

    below_zero: float = 0.0


@pytest.mark.parametrize(
    ("activation", "named"),
    [
        ("leaky_relu", r"LeakyReLU\(below_zero=0.01\), which hidden layer 0"),
        ("all_relu", r"LeakyReLU\(below_zero=0.6\), which hidden layer 0"),
        ("gelu", r"GELU\(\)"),
        (["relu", GELU()], r"GELU\(\), which hidden layer 1"),
        (Squares(), r"Squares\(below_zero=0.0\)"),
        (["relu", "tanh"], r"one activation .*\['relu', 'tanh'\]"),
    ],
    ids=str,
)
def test_activations_that_an_mlp_does_not_have(Estimator, activation, named):
    X, y = toy(Estimator)
    model = small(Estimator, hidden_layer_sizes=(8, 6), activation=activation)
    with pytest.raises(ValueError, match=named):
        model.fit(X, y).to_mlp()


def test_one_class():
    X, _ = toy(SETClassifier)
    model = small(SETClassifier).fit(X, np.full(len(X), "a"))
    with pytest.raises(ValueError, match=r"one class .*\['a'\]"):
        model.to_mlp()


def test_one_label():
    network = Network.from_csr([np.ones((2, 1))], [np.zeros(1)], output="logistic")
    model = SETClassifier.from_network(network, ["a"], multilabel=True)
    with pytest.raises(ValueError, match="one label"):
        model.to_mlp()


@dataclass(frozen=True)
class Odds(Loss):
    """A loss of a user, of shares."""

    outputs = ("logistic",)

    def __call__(self, Z, Y, weight):
        P = 1 / (1 + np.exp(-Z))
        losses = (P - Y) ** 2
        Z[...] = 2 * (P - Y) * P * (1 - P) * weight
        return float(losses.sum(axis=0) @ weight)


def test_an_output_that_an_mlp_does_not_have():
    X, y = toy(SETRegressor)
    model = small(SETRegressor, loss=Odds()).fit(X, (y > 0).astype(float))
    with pytest.raises(ValueError, match=r"'logistic', which Odds\(\) needs"):
        model.to_mlp()


def test_weights_that_would_be_too_large(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator).fit(X, y)  # 5-8-1 units
    needed = 8 * (5 * 8 + 8 * 1 + 8 + 1)
    assert_alike(model, model.to_mlp(max_bytes=needed), X)
    with pytest.raises(ValueError, match=rf"take {needed} bytes, .*={needed - 1}\."):
        model.to_mlp(max_bytes=needed - 1)


def test_a_wide_network_is_refused_before_anything_is_made():
    X, y = toy(SETClassifier)
    sizes = (200_000, 200_000)
    model = small(SETClassifier, hidden_layer_sizes=sizes, epsilon=1, max_iter=1)
    model.fit(X, y)
    with pytest.raises(ValueError, match=r"take 320(,\d+){3} bytes, .*1,073,741,824"):
        model.to_mlp()


@pytest.mark.parametrize("wrong", [-1, float("nan"), "1GB", None])
def test_max_bytes_must_be_a_number(Estimator, wrong):
    X, y = toy(Estimator)
    model = small(Estimator, max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match="max_bytes must be a number"):
        model.to_mlp(max_bytes=wrong)


def test_weights_that_overflow_in_the_units_of_y():
    X, y = toy(SETRegressor)
    model = small(SETRegressor, dtype=np.float64).fit(X, y)
    last = model._network.layers[-1]
    network = Network.from_csr(
        [*(layer.to_csr() for layer in model._network.layers[:-1]), last.to_csr() * 10],
        [layer.bias for layer in model._network.layers],
    )
    model = SETRegressor.from_network(network)
    model._targets = type(model._targets)(
        np.float64, standardised=True, n_outputs=1, mean=0.0, scale=1.7e308
    )
    with pytest.raises(ValueError, match="not finite in the units"):
        model.to_mlp()
