import numpy as np
import pytest
import reference
from model.cases import OUTPUTS as NAMES
from model.cases import problem
from reference import assert_close
from sklearn.neural_network._base import LOSS_FUNCTIONS

from skset.model import LOSSES, OUTPUTS, log_softmax

names = pytest.mark.parametrize("name", NAMES)
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
SCIKIT_LEARNS = {
    "identity": "squared_error",
    "exp": "poisson",
    "logistic": "binary_log_loss",
    "softmax": "log_loss",
}


class Case:
    def __init__(self, name, dtype="float64", n_outputs=3, seed=0):
        rng = np.random.default_rng(seed)
        _, y, self.Y = problem(name, n_outputs=n_outputs, dtype=dtype)
        self.name, self.y = name, y.T
        self.Z = rng.standard_normal((n_outputs, len(y))).astype(dtype)
        weight = rng.integers(0, 4, len(y)).astype(dtype)
        self.weight = weight / weight.sum()

    def loss(self, Z=None):
        """Return the loss and the deltas."""
        deltas = (self.Z if Z is None else Z).copy()
        return LOSSES[self.name](deltas, self.y, self.weight), deltas

    def predicted(self):
        return reference.OUTPUTS[self.name](self.Z.T.astype("float64"))


def test_every_loss_is_tested():
    assert set(NAMES) == set(LOSSES) == set(OUTPUTS)


@names
@dtypes
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_values_and_deltas(name, dtype, n_outputs):
    if name == "softmax" and n_outputs == 1:
        n_outputs = 2
    case = Case(name, dtype, n_outputs)
    loss, deltas = case.loss()
    assert isinstance(loss, float)
    assert deltas.dtype == dtype
    weighted = reference.losses(name, case.predicted(), case.Y) @ case.weight
    assert loss == pytest.approx(weighted, rel=reference.TOLERANCE[dtype])
    assert_close(deltas.T, case.weight[:, None] * (case.predicted() - case.Y), dtype)


@names
@dtypes
def test_outputs_are_the_functions_of_their_names(name, dtype):
    case = Case(name, dtype)
    predicted = OUTPUTS[name](case.Z)
    assert predicted.dtype == dtype
    assert_close(predicted.T, case.predicted(), dtype)


@names
def test_values_are_those_of_scikit_learn(name):
    case = Case(name)
    expected = LOSS_FUNCTIONS[SCIKIT_LEARNS[name]](case.Y, case.predicted())
    case.weight = np.full(case.Z.shape[1], 1 / case.Z.shape[1])
    assert case.loss()[0] == pytest.approx(expected, rel=1e-12)


@names
def test_deltas_are_the_gradient_of_the_loss(name):
    case = Case(name)
    deltas, step = case.loss()[1], 1e-6
    for place in [(0, 0), (1, 7), (2, 22)]:
        up, down = case.Z.copy(), case.Z.copy()
        up[place] += step
        down[place] -= step
        numerical = (case.loss(up)[0] - case.loss(down)[0]) / (2 * step)
        if name == "identity":  # scikit-learn's: the mean over the outputs, but its sum
            numerical *= case.Z.shape[0]
        assert deltas[place] == pytest.approx(numerical, abs=1e-8)


@names
@dtypes
def test_weights_of_zero_give_zeros(name, dtype):
    case = Case(name, dtype)
    case.weight[:] = 0
    loss, deltas = case.loss()
    assert loss == 0
    assert not deltas.any()


@pytest.mark.parametrize("name", ["logistic", "softmax"])
@dtypes
def test_far_out_sums_stay_finite(name, dtype):
    case = Case(name, dtype)
    case.Z *= 1000
    loss, deltas = case.loss()
    assert np.isfinite(loss)
    assert loss > 100
    assert np.isfinite(deltas).all()
    assert np.isfinite(log_softmax(case.Z)).all()


@dtypes
@pytest.mark.parametrize("count", [0, 2])
def test_poisson_is_finite_where_the_rate_underflows(dtype, count):
    Z = np.full((1, 1), -800, dtype)
    loss = LOSSES["exp"](Z, np.full((1, 1), count, dtype), np.ones(1, dtype))
    expected = count * np.log(count) + 800 * count - count if count else 0
    assert loss == pytest.approx(expected)
    assert Z.tolist() == [[-count]]


def test_poisson_is_0_where_the_rate_is_the_count():
    counts = np.array([[1.0, 2.0, 5.0]])
    assert LOSSES["exp"](np.log(counts), counts, np.ones(3) / 3) == pytest.approx(0)


@pytest.mark.parametrize("axis", [0, 1])
def test_log_softmax_is_the_logarithm_of_the_softmax(axis):
    Z = np.random.default_rng(0).standard_normal((3, 5))
    expected = np.log(np.exp(Z) / np.exp(Z).sum(axis=axis, keepdims=True))
    assert_close(log_softmax(Z, axis), expected)
