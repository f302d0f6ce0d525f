import pickle
from dataclasses import dataclass

import numpy as np
import pytest
import reference
from model.cases import ACTIVATIONS as NAMES
from reference import assert_close
from scipy.special import expit

from skset.model import (
    ACTIVATIONS,
    Activation,
    activations_for,
    auto_weight_init,
    logistic,
    softplus,
)
from skset.model.activations import GELU, LeakyReLU

names = pytest.mark.parametrize("name", NAMES)
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
Z = np.array([[-30.0, -1.5, -0.2, 0.3], [0.7, 2.5, 30.0, -0.01]])


def activations(name):
    """Yield the activation of the first and of the second layer, and its slope."""
    for slope in [0.3, 0.6]:
        one, other = activations_for(name, 2, slope)
        yield one, slope
        yield other, -slope if name == "all_relu" else slope


def passed(activation, Z):
    """Return the sums as they are kept, and the activations."""
    Z = Z.copy()
    A = np.empty_like(Z) if activation.needs_sums else Z
    activation.apply(Z, A)
    return Z, A


def test_every_activation_is_tested():
    assert set(NAMES) == set(ACTIVATIONS) == set(reference.ACTIVATIONS)


@names
@dtypes
def test_values(name, dtype):
    function = reference.ACTIVATIONS[name][0]
    for activation, slope in activations(name):
        given = Z.astype(dtype)
        A = np.empty_like(given)
        activation.apply(given, A)
        assert np.array_equal(given, Z.astype(dtype))
        assert_close(A, function(Z, slope))
        activation.apply(given, given)  # prediction works in place
        assert np.array_equal(given, A)


@pytest.mark.parametrize(
    ("name", "z", "value", "derivative"),
    [
        ("identity", -2, -2, 1),
        ("logistic", 0, 0.5, 0.25),
        ("tanh", 1, 0.7615941559557649, 0.41997434161402614),
        ("relu", -2, 0, 0),
        ("relu", 2, 2, 1),
        ("leaky_relu", -2, -0.02, 0.01),
        ("all_relu", -2, -1.2, 0.6),
        ("elu", -1, np.exp(-1) - 1, np.exp(-1)),
        ("elu", 3, 3, 1),
        ("selu", 1, 1.0507009873554805, 1.0507009873554805),
        ("selu", -1, -1.1113307378125625, 0.6467686),
        ("gelu", 0, 0, 0.5),
        ("gelu", 1, 0.8413447460685429, 1.0833154705876864),
        ("gelu", -1, -0.15865525393145707, -0.0833154705876864),
        ("silu", 0, 0, 0.5),
        ("silu", 1, 0.7310585786300049, 0.9276705118714867),
        ("softplus", 0, np.log(2), 0.5),
        ("softplus", -1, 0.31326168751822286, 0.2689414213699951),
    ],
)
def test_literal_values(name, z, value, derivative):
    (activation,) = activations_for(name, 1)
    kept, A = passed(activation, np.array([[float(z)]]))
    D = np.ones((1, 1))
    activation.multiply_derivative(kept, A, D)
    assert A[0, 0] == pytest.approx(value, rel=1e-12)
    assert D[0, 0] == pytest.approx(derivative, rel=1e-7)


@names
@dtypes
def test_derivatives(name, dtype):
    D = np.array([[1.0, -2.0, 0.5, 3.0], [-1.0, 0.1, 2.0, -0.5]], dtype)
    for activation, slope in activations(name):
        kept, A = passed(activation, Z.astype(dtype))
        deltas = D.copy()
        activation.multiply_derivative(kept, A, deltas)
        expected = D * reference.ACTIVATIONS[name][1](Z, slope)
        assert deltas.dtype == dtype
        assert_close(deltas, expected, factor=10)


@names
def test_derivatives_are_those_of_the_values(name):
    step = 1e-6
    for activation, _ in activations(name):
        up, down = (passed(activation, Z + by)[1] for by in (step, -step))
        D = np.ones_like(Z)
        activation.multiply_derivative(*passed(activation, Z), D)
        np.testing.assert_allclose(D, (up - down) / (2 * step), atol=1e-8)


@names
@dtypes
def test_far_out_sums_stay_finite(name, dtype):
    """Without a warning, which would be an error here."""
    far = np.array([[-1e30, -1e4, -800, -90, 90, 800, 1e4, 1e30]], dtype)
    for activation, _ in activations(name):
        kept, A = passed(activation, far)
        D = np.ones_like(far)
        activation.multiply_derivative(kept, A, D)
        assert A.dtype == D.dtype == dtype
        assert np.isfinite(A).all()
        assert np.isfinite(D).all()


def test_the_slope_of_all_relu_alternates():
    layers = activations_for("all_relu", 4, 0.6)
    assert [layer.below_zero for layer in layers] == [0.6, -0.6, 0.6, -0.6]
    assert [layer.slope for layer in layers] == [0.6, None, 0.6, None]
    assert [layer.needs_sums for layer in layers] == [False, True, False, True]
    assert activations_for("leaky_relu", 3, 0.6) == (LeakyReLU(0.6),) * 3


def test_slopes_that_nobody_gives():
    assert activations_for("leaky_relu", 1) == (LeakyReLU(0.01),)
    assert activations_for("all_relu", 2) == (LeakyReLU(0.6), LeakyReLU(-0.6))


@names
def test_what_the_kernels_apply_is_the_activation(name):
    for activation, _ in activations(name):
        if activation.slope is not None:
            A = passed(activation, Z)[1]
            assert np.array_equal(A, np.where(Z > 0, Z, activation.slope * Z))
            assert not activation.needs_sums


@names
def test_nan_stays_nan(name):
    for activation, _ in activations(name):
        assert np.isnan(passed(activation, np.full((1, 2), np.nan))[1]).all()


def test_initial_weights_that_belong_to_each():
    glorot = {n for n in NAMES if auto_weight_init(activations_for(n, 2)) == "glorot"}
    assert glorot == {"identity", "logistic", "tanh", "selu"}
    assert auto_weight_init(activations_for(("tanh", "relu"), 2)) == "he"
    assert auto_weight_init(()) == "glorot"


# Whose activation is which


@dataclass(frozen=True)
class Softsign(Activation):
    needs_sums = False

    def apply(self, Z, A):
        np.divide(Z, 1 + np.abs(Z), out=A)

    def multiply_derivative(self, Z, A, D):
        D *= (1 - np.abs(A)) ** 2


def test_one_for_each_layer_by_name_or_as_an_object():
    given = ("all_relu", Softsign(), "all_relu", "all_relu", "gelu")
    found = activations_for(given, 5, 0.5)
    expected = LeakyReLU(0.5), Softsign(), LeakyReLU(0.5), LeakyReLU(-0.5), GELU()
    assert found == expected
    assert activations_for(Softsign(), 2) == (Softsign(),) * 2
    assert activations_for("relu", 0) == activations_for((), 0) == ()


@pytest.mark.parametrize("given", [("relu",), ("relu",) * 3, ()])
def test_as_many_as_there_are_hidden_layers(given):
    with pytest.raises(ValueError, match=f"{len(given)} entries, but there are 2"):
        activations_for(given, 2)


@pytest.mark.parametrize("given", ["swish", None, Softsign, ("relu", 3)])
def test_what_is_no_activation(given):
    with pytest.raises(ValueError, match=r"activation must be one of \['all_relu'"):
        activations_for(given, 2)


@dataclass(frozen=True)
class Ramp(Activation):
    slope: float = 0.2

    def apply(self, Z, A):
        A[...] = np.where(Z > 0, Z, self.slope * Z)

    def multiply_derivative(self, Z, A, D):
        D *= np.where(Z > 0, 1, self.slope)


def test_an_object_that_the_kernels_apply():
    assert activations_for(Ramp(), 1) == (Ramp(),)
    assert not Ramp().needs_sums
    with pytest.raises(ValueError, match=r"not negative.* got Ramp\(slope=-0.2\)"):
        activations_for(Ramp(-0.2), 1)


def test_an_object_that_the_kernels_cannot_apply():
    @dataclass(frozen=True)
    class Greedy(Ramp):
        needs_sums = True

    with pytest.raises(ValueError, match="needs_sums must be False"):
        activations_for(("relu", Greedy()), 2)


def test_an_object_can_be_pickled_and_compared():
    for activation in (*activations_for("all_relu", 2), Softsign()):
        assert pickle.loads(pickle.dumps(activation)) == activation
    assert len({*activations_for(("elu", "elu", "selu"), 3)}) == 2


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
