import numpy as np
import pytest
import reference
from network.cases import ACTIVATIONS as NAMES
from reference import assert_close

from skset.network import ACTIVATIONS

names = pytest.mark.parametrize("name", NAMES)
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
Z = np.array([[-30.0, -1.5, -0.2, 0.3], [0.7, 2.5, 30.0, -0.01]])


def slopes(name):
    return [-0.6, 0.6] if name == "all_relu" else [0.0, 0.3]


def test_every_activation_is_tested():
    assert set(NAMES) == set(ACTIVATIONS) == set(reference.ACTIVATIONS)


@names
@dtypes
def test_values(name, dtype):
    function = reference.ACTIVATIONS[name][0]
    for slope in slopes(name):
        given = Z.astype(dtype)
        A = np.empty_like(given)
        ACTIVATIONS[name].apply(given, A, slope)
        assert np.array_equal(given, Z.astype(dtype))
        assert_close(A, function(given, slope))
        ACTIVATIONS[name].apply(given, given, slope)  # prediction works in place
        assert np.array_equal(given, A)


@names
@dtypes
def test_derivatives(name, dtype):
    activation = ACTIVATIONS[name]
    D = np.array([[1.0, -2.0, 0.5, 3.0], [-1.0, 0.1, 2.0, -0.5]], dtype)
    for slope in slopes(name):
        given = Z.astype(dtype)
        A = given if activation.in_place else np.empty_like(given)
        activation.apply(given, A, slope)
        deltas = D.copy()
        activation.multiply_derivative(given, A, deltas, slope)
        expected = D * reference.ACTIVATIONS[name][1](Z, slope)
        assert deltas.dtype == dtype
        assert_close(deltas, expected, factor=10)


@names
def test_derivatives_are_those_of_the_values(name):
    activation = ACTIVATIONS[name]
    step = 1e-6

    def value(z, slope):
        A = np.empty_like(z)
        activation.apply(z, A, slope)
        return A

    for slope in slopes(name):
        numerical = (value(Z + step, slope) - value(Z - step, slope)) / (2 * step)
        z, D = Z.copy(), np.ones_like(Z)
        A = z if activation.in_place else np.empty_like(z)
        activation.apply(z, A, slope)
        activation.multiply_derivative(z, A, D, slope)
        np.testing.assert_allclose(D, numerical, atol=1e-8)


def test_the_slope_of_all_relu_alternates():
    slopes = [ACTIVATIONS["all_relu"].slope(layer, 0.6) for layer in range(4)]
    assert slopes == [0.6, -0.6, 0.6, -0.6]  # hidden layers 1, 2, 3, 4
    assert [ACTIVATIONS["leaky_relu"].slope(layer, 0.6) for layer in range(3)] == [
        0.6
    ] * 3


@names
def test_nan_stays_nan(name):
    z = np.full((1, 2), np.nan)
    A = np.empty_like(z)
    ACTIVATIONS[name].apply(z, A, 0.3)
    assert np.isnan(A).all()


def test_he_belongs_to_the_rectifiers():
    rectifiers = {name for name in NAMES if ACTIVATIONS[name].rectifier}
    assert rectifiers == {"relu", "leaky_relu", "all_relu"}
