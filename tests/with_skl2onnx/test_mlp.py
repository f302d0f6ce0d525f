"""skl2onnx's own converter of MLPs, on the MLP of a sparse network."""

import numpy as np
import onnxruntime
import pytest
from estimators.cases import impatient, scores, small
from skl2onnx import to_onnx
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skset.estimators import SETClassifier, SETRegressor

pytestmark = impatient


def answers(model, X):
    """Return what onnxruntime says, with inputs in double precision."""
    chosen = {"zipmap": False} if hasattr(model, "predict_proba") else None
    proto = to_onnx(model, X[:1], options=chosen)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: X})


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("load", [load_iris, load_breast_cancer])
def test_classes_and_probabilities(load, activation):
    X, y = load(return_X_y=True)
    model = small(SETClassifier, hidden_layer_sizes=(20, 10), activation=activation)
    model.fit(X, y)
    labels, probabilities = answers(model.to_mlp(), X)
    np.testing.assert_array_equal(labels, model.predict(X))
    np.testing.assert_allclose(probabilities, scores(model, X), atol=1e-5)


def test_strings_and_columns_far_from_0():
    X, y = load_iris(return_X_y=True)
    X, names = X + 1e5, np.array(["setosa", "versicolor", "virginica"])
    model = small(SETClassifier).fit(X, names[y])
    labels, probabilities = answers(model.to_mlp(), X)
    np.testing.assert_array_equal(labels, model.predict(X))
    np.testing.assert_allclose(probabilities, scores(model, X), atol=1e-5)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_numbers(n_outputs):
    X, y = load_diabetes(return_X_y=True)
    y = y if n_outputs == 1 else np.stack([y, -y], axis=1)
    model = small(SETRegressor).fit(X, y)
    (numbers,) = answers(model.to_mlp(), X)
    # skl2onnx has the numbers of several outputs in one column, row by row.
    expected = scores(model, X).ravel()
    np.testing.assert_allclose(numbers.ravel(), expected, atol=1e-5 * y.std())


def test_a_pipeline():
    X, y = load_iris(return_X_y=True)
    model = small(SETClassifier)
    pipe = make_pipeline(StandardScaler(), model).fit(X, y)
    pipe.steps[-1] = ("mlp", model.to_mlp())
    labels, _ = answers(pipe, X)
    np.testing.assert_array_equal(labels, pipe.predict(X))
