"""With all connections and no evolution, training is scikit-learn's, step by step."""

import numpy as np
import pytest
from model.cases import dense_network, problem, training
from reference import assert_close
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skset.model import Samples
from skset.training import SGD, Adam, LearningRate

OPTIMISERS = {
    "sgd": (SGD(0.0, nesterov=False), {"solver": "sgd", "momentum": 0.0}),
    "momentum": (
        SGD(0.8, nesterov=False),
        {"solver": "sgd", "momentum": 0.8, "nesterovs_momentum": False},
    ),
    "nesterov": (SGD(0.9), {"solver": "sgd", "momentum": 0.9}),
    "adam": (Adam(beta_1=0.8, epsilon=1e-4), {"beta_1": 0.8, "epsilon": 1e-4}),
}
POISSON = "loss" in MLPRegressor().get_params()  # from scikit-learn 1.7 on
TASKS = ["binary", "multiclass", "multilabel", "regression"] + ["poisson"] * POISSON
OUTPUTS = {
    "binary": ("logistic", 1),
    "multiclass": ("softmax", 4),
    "multilabel": ("logistic", 3),
    "regression": ("identity", 2),
    "poisson": ("exp", 2),
}
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}


def scikit_learns(task, **parameters):
    parameters = {
        "hidden_layer_sizes": (7, 5),
        "alpha": 0.3,
        "batch_size": 5,
        "shuffle": False,
        "random_state": 0,
        **parameters,
    }
    if task in ("regression", "poisson"):
        loss = {"loss": "poisson"} if task == "poisson" else {}
        return MLPRegressor(**parameters, **loss)
    return MLPClassifier(**parameters)


def begin(mlp, X, y, dtype, seed=3):
    """Let the MLP make its arrays, then put it before its first step."""
    if isinstance(mlp, MLPClassifier):
        classes = np.unique(y) if y.ndim == 1 else np.arange(y.shape[1])
        mlp.partial_fit(X, y, classes=classes)
    else:
        mlp.partial_fit(X, y)
    del mlp._optimizer
    mlp.t_ = 0
    rng = np.random.default_rng(seed)
    for arrays in (mlp.coefs_, mlp.intercepts_):
        for array in arrays:
            assert array.dtype == dtype
            array[...] = rng.uniform(-0.5, 0.5, array.shape)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", OPTIMISERS)
@pytest.mark.parametrize("schedule", ["constant", "invscaling"])
def test_weights_and_loss_are_those_of_the_mlp(task, solver, schedule, dtype):
    if solver == "adam":
        schedule = "constant"  # Adam has no other in scikit-learn
    compare(task, solver, dtype, "tanh", learning_rate=schedule, power_t=0.3)


@pytest.mark.parametrize("activation", ["identity", "logistic", "relu"])
@pytest.mark.parametrize("solver", ["nesterov", "adam"])
def test_every_common_activation(activation, solver):
    compare("multiclass", solver, "float64", activation)


def compare(task, solver, dtype, activation, **parameters):
    """Train both for 6 epochs of 5 steps, the last of 3 samples, side by side."""
    output, n_outputs = OUTPUTS[task]
    optimiser, given = OPTIMISERS[solver]
    X, y, _ = problem(output, n_outputs=n_outputs, dtype=dtype)
    rate = 0.02
    mlp = scikit_learns(
        task, activation=activation, learning_rate_init=rate, **given, **parameters
    )
    labels = {"binary": y.ravel(), "multilabel": y.astype(int)}.get(task, y)
    begin(mlp, X, labels, dtype)
    if task in ("binary", "multilabel"):
        assert mlp.out_activation_ == "logistic"
    network = dense_network(mlp.coefs_, mlp.intercepts_, activation, output)
    schedule = LearningRate(rate, parameters.get("learning_rate", "constant"), 0.3)
    with training(
        network,
        Samples(X, y),
        optimiser=optimiser,
        learning_rate=schedule,
        batch_size=5,
        alpha=0.3,
    ) as running:
        for _ in range(6):
            mlp.partial_fit(X, labels)
            loss = next(running)
            tolerance = TOLERANCE[dtype]
            assert loss == pytest.approx(mlp.loss_, rel=10 * tolerance)
            for layer, W, b in zip(
                running.state.network.layers, mlp.coefs_, mlp.intercepts_, strict=True
            ):
                assert layer.weights.dtype == dtype
                np.testing.assert_allclose(layer.weights, W.ravel(), atol=tolerance)
                np.testing.assert_allclose(layer.bias, b, atol=tolerance)
    assert running.state.steps == 30
    if schedule.schedule == "invscaling":
        assert schedule.now == pytest.approx(mlp._optimizer.learning_rate)
    moved = running.state.network.layers[0].weights - network.layers[0].weights
    assert np.abs(moved).max() > 100 * tolerance


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("task", TASKS)
def test_predictions_are_those_of_the_mlp(task, activation):
    output, n_outputs = OUTPUTS[task]
    X, y, _ = problem(output, n_outputs=n_outputs)
    mlp = scikit_learns(task, activation=activation)
    labels = {"binary": y.ravel(), "multilabel": y.astype(int)}.get(task, y)
    begin(mlp, X, labels, "float64")
    network = dense_network(mlp.coefs_, mlp.intercepts_, activation, output)
    Z = network.weighted_sums(Samples(X)).T
    expected = X
    for depth, (W, b) in enumerate(zip(mlp.coefs_, mlp.intercepts_, strict=True)):
        expected = expected @ W + b
        if depth < 2:
            expected = np.tanh(expected) if activation == "tanh" else expected.clip(0)
    assert_close(Z, expected)
