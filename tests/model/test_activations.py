import numpy as np
import pytest
import reference
from model.cases import ACTIVATIONS as NAMES
from reference import assert_close
from scipy.special import expit

from skset.model import ACTIVATIONS, logistic, softplus

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


# Of any size: exp overflows at 89 in float32 and at 710 in float64.


def all_sizes(dtype):
    ends = np.array([0.0, np.finfo(dtype).tiny, np.finfo(dtype).max, np.inf])
    positive = np.concatenate([np.linspace(1e-3, 1000, 4321), ends])
    return np.stack([-positive, positive]).astype(dtype)


def layouts(Z):
    return [Z, Z.T, np.asfortranarray(Z), Z[:, ::3]]


@dtypes
def test_logistic_is_expit(dtype):
    for given in layouts(all_sizes(dtype)):
        before = given.copy()
        A = logistic(given)
        assert A.dtype == dtype
        assert np.array_equal(given, before)
        assert_close(A, expit(given.astype(float)))
        assert A.min() == 0
        assert A.max() == 1


@dtypes
def test_logistic_in_place(dtype):
    Z = all_sizes(dtype)
    A = logistic(Z)
    other = np.empty_like(Z)
    assert logistic(Z, out=other) is other
    assert np.array_equal(other, A)
    assert np.array_equal(Z, all_sizes(dtype))
    assert logistic(Z, out=Z) is Z
    assert np.array_equal(Z, A)


@dtypes
def test_small_probabilities_are_relatively_right(dtype):
    Z = np.linspace(-80, 0, 100).astype(dtype)  # float32 can tell exp(-87) from 0
    np.testing.assert_allclose(
        logistic(Z), expit(Z.astype(float)), rtol=10 * np.finfo(dtype).eps
    )


@dtypes
def test_softplus_is_logaddexp(dtype):
    for given in layouts(all_sizes(dtype)):
        before = given.copy()
        A = softplus(given)
        assert A.dtype == dtype
        assert np.array_equal(given, before)
        assert_close(A, np.logaddexp(0, given.astype(float)))
    assert softplus(np.array([-np.inf], dtype)) == 0


@pytest.mark.parametrize("function", [logistic, softplus])
def test_nan_is_not_mistaken_for_a_large_number(function):
    assert np.isnan(function(np.array([np.nan, 1.0]))).tolist() == [True, False]
