"""Every activation of skset has nodes, in both types."""

from dataclasses import dataclass

import numpy as np
import pytest
from with_onnx.runs import X, assert_same_numbers, outputs, regressor

from skset import SETRegressor
from skset.model import ACTIVATIONS, LeakyReLU, Network, Tanh
from skset.onnx import to_onnx

SUMS = np.array([[-200.0, -20, -3, -1, -1e-3, 0, 1e-3, 1, 3, 20, 200]]).T


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [*ACTIVATIONS, LeakyReLU(-0.3), LeakyReLU(2.0)])
def test_an_activation(name, dtype):
    """Layers of one unit show the function itself, also where it overflows."""
    network = Network.from_csr(
        [np.eye(1), np.eye(1), np.eye(1)],
        [np.zeros(1)] * 3,
        activation=name,
        output="identity",
        dtype=dtype,
    )
    model = SETRegressor.from_network(network)
    found = outputs(to_onnx(model, input_dtype=dtype), SUMS.astype(dtype))
    expected = model.predict(SUMS.astype(dtype))[:, None]
    # erf has float32 only.
    tolerance = 1e-6 if dtype == np.float32 or name == "gelu" else 1e-14
    np.testing.assert_allclose(
        found["variable"], expected, rtol=tolerance, atol=tolerance
    )


def test_a_list_of_activations():
    model = regressor(activation=["selu", "silu"])
    assert_same_numbers(outputs(to_onnx(model)), model.predict(X))


@dataclass(frozen=True)
class MyTanh(Tanh):
    """It could do anything."""


def test_an_activation_of_the_user_is_named():
    model = regressor(activation=["relu", MyTanh()])
    with pytest.raises(ValueError, match=r"The activation MyTanh\(\) is not one of"):
        to_onnx(model)
