"""onnxruntime, on small data."""

import numpy as np
import onnx
import onnxruntime

from skset import ContinualSETClassifier, SETClassifier, SETRegressor

rng = np.random.default_rng(0)
N_SAMPLES, N_FEATURES = 80, 7
# Columns in units that float32 has few digits for.
X = (rng.normal(size=(N_SAMPLES, N_FEATURES)) * 3 + [0, 1e4, -50, 0, 1e5, 2, 0]).astype(
    np.float32
)
NEAR = X - X.mean(axis=0)
SIGNAL = NEAR @ rng.normal(size=(N_FEATURES, 4))
THREE = SIGNAL[:, :3].argmax(axis=1)
# So few connections that it pays to gather.
SIZES = (40, 30)
SMALL = {
    "hidden_layer_sizes": SIZES,
    "density": 0.1,
    "max_iter": 3,
    "random_state": 0,
}


def classifier(y=THREE, X=X, **params):
    return SETClassifier(**{**SMALL, **params}).fit(X, y)


def regressor(y=SIGNAL[:, 0], X=X, **params):
    return SETRegressor(**{**SMALL, **params}).fit(X, y)


def continual():
    """Return a model of two tasks; they have one class in common."""
    model = ContinualSETClassifier((12, 9), density=0.3, max_iter=3, random_state=0)
    model.partial_fit(X, np.array(["a", "b", "c"])[THREE], task="first")
    return model.partial_fit(X, np.where(THREE == 1, "b", "d"), task="second")


def outputs(model, X=X):
    """Return what onnxruntime puts out, by name; the model is checked."""
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 2  # warns of shapes that are not as declared
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"X": X}), strict=True))


def assert_same_classes(found, estimator, X=X, atol=1e-6, **task):
    """Compare label and probabilities with those of an estimator."""
    expected = estimator.predict(X, **task)
    assert found["label"].tolist() == expected.tolist()
    P = estimator.predict_proba(X, **task)
    assert found["probabilities"].shape == P.shape
    np.testing.assert_allclose(found["probabilities"], P, rtol=0, atol=atol)


def assert_same_numbers(found, expected, rtol=1e-5):
    """Compare numbers, relative to their size."""
    Y = np.reshape(expected, (len(expected), -1))
    assert found["variable"].shape == Y.shape
    atol = rtol * np.abs(Y).max()
    np.testing.assert_allclose(found["variable"], Y, rtol=0, atol=atol)
