import pickle

import numpy as np
import pytest
import reference
from model.cases import LOSS_CASES, OUTPUTS, USUAL_LOSS, problem, targets_for
from reference import assert_close, one_hot
from sklearn.linear_model._huber import _huber_loss_and_gradient
from sklearn.metrics import (
    log_loss,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
)
from sklearn.neural_network._base import LOSS_FUNCTIONS

from skset.model import LOSSES
from skset.model.losses import (
    AbsoluteError,
    Gamma,
    Huber,
    LogLoss,
    Poisson,
    Quantile,
    SquaredError,
)

outputs = pytest.mark.parametrize("output", OUTPUTS)
cases = pytest.mark.parametrize(("loss", "output"), LOSS_CASES, ids=str)
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
SCIKIT_LEARNS = {
    "identity": "squared_error",
    "exp": "poisson",
    "logistic": "binary_log_loss",
    "softmax": "log_loss",
}


class Case:
    def __init__(self, loss, output, dtype="float64", n_outputs=3, seed=0):
        rng = np.random.default_rng(seed)
        targets = targets_for(loss, output)
        _, y, self.Y = problem(targets, n_outputs=n_outputs, dtype=dtype)
        self.loss_function, self.output, self.y = loss, output, y.T
        self.Z = rng.standard_normal((n_outputs, len(y))).astype(dtype)
        weight = rng.integers(0, 4, len(y)).astype(dtype)
        self.weight = weight / weight.sum()

    def loss(self, Z=None):
        """Return the loss and the deltas."""
        deltas = (self.Z if Z is None else Z).copy()
        return self.loss_function(deltas, self.y, self.weight), deltas

    def predicted(self):
        return reference.OUTPUTS[self.output](self.Z.T.astype("float64"))


def named(value):
    """Return a name for a case that is the same in every process."""
    return getattr(value, "__name__", str(value))


def called(loss, z, y, dtype="float64"):
    """Return loss and delta for one output of one sample."""
    Z = np.full((1, 1), z, dtype)
    return loss(Z, np.full((1, 1), y, dtype), np.ones(1, dtype)), Z[0, 0]


def test_every_loss_is_tested():
    assert {type(loss) for loss, _ in LOSS_CASES} == {*LOSSES.values()}
    tested = {(type(loss), output) for loss, output in LOSS_CASES}
    assert tested == {(L, output) for L in LOSSES.values() for output in L.outputs}
    assert {output for _, output in tested} == set(OUTPUTS)


@outputs
@dtypes
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_values_and_deltas(output, dtype, n_outputs):
    if output == "softmax" and n_outputs == 1:
        n_outputs = 2
    case = Case(USUAL_LOSS[output], output, dtype, n_outputs)
    loss, deltas = case.loss()
    weighted = reference.losses(output, case.predicted(), case.Y) @ case.weight
    assert loss == pytest.approx(weighted, rel=reference.TOLERANCE[dtype])
    assert_close(deltas.T, case.weight[:, None] * (case.predicted() - case.Y), dtype)


@pytest.mark.parametrize(
    ("loss", "z", "y", "value", "delta"),
    [
        (SquaredError(), 3, 1, 2, 2),
        (AbsoluteError(), 3, 1, 2, 1),
        (AbsoluteError(), -3, 1, 4, -1),
        (AbsoluteError(), 1, 1, 0, 0),
        (Huber(), 1.5, 1, 0.125, 0.5),
        (Huber(), 3, 1, 1.5, 1),
        (Huber(), -3, 1, 3.5, -1),
        (Huber(delta=0.5), 3, 1, 0.875, 0.5),
        (Huber(delta=2), 3, 1, 2, 2),
        (Quantile(0.9), 1, 3, 1.8, -0.9),
        (Quantile(0.9), 3, 1, 0.2, 0.1),
        (Quantile(0.9), 1, 1, 0, 0),
        (Quantile(), 3, 1, 1, 0.5),
        (Poisson(), 0, 2, 2 * np.log(2) - 1, -1),
        (Poisson(), 0, 0, 1, 1),
        (Gamma(), 0, 2, 1 - np.log(2), -1),
        (Gamma(), np.log(4), 2, np.log(2) - 0.5, 0.5),
        (LogLoss(), 0, 1, np.log(2), -0.5),
        (LogLoss(), np.log(3), 0, np.log(4), 0.75),
        (LogLoss(0.2), np.log(3), 1, 0.9 * np.log(4 / 3) + 0.1 * np.log(4), -0.15),
        (LogLoss(0.2), np.log(3), 0, 0.1 * np.log(4 / 3) + 0.9 * np.log(4), 0.65),
    ],
    ids=str,
)
@dtypes
def test_literal_values(loss, z, y, value, delta, dtype):
    exact = {"float32": 1e-6, "float64": 1e-14}[dtype]
    assert called(loss, z, y, dtype) == pytest.approx((value, delta), abs=exact)


@dtypes
def test_literal_values_of_classes(dtype):
    """Probabilities of 1/2, 1/4 and 1/4."""
    logits = np.log(np.array([[2.0], [1.0], [1.0]]))
    for share, value, delta in [
        (0.0, np.log(4), [0.5, -0.75, 0.25]),
        (0.3, 0.1 * np.log(2) + 0.9 * np.log(4), [0.4, -0.55, 0.15]),
    ]:
        Z = logits.astype(dtype)
        loss = LogLoss(share)(Z, np.array([1]), np.ones(1, dtype))
        assert loss == pytest.approx(value, rel=1e-6)
        np.testing.assert_allclose(Z[:, 0], delta, atol=1e-6)


@cases
@dtypes
def test_types(loss, output, dtype):
    case = Case(loss, output, dtype)
    y, weight = case.y.copy(), case.weight.copy()
    value, deltas = case.loss()
    assert isinstance(value, float)
    assert deltas.dtype == dtype
    assert np.array_equal(case.y, y)
    assert np.array_equal(case.weight, weight)
    double = Case(loss, output, "float64")
    double.Z, double.weight = case.Z.astype(float), case.weight.astype(float)
    double.y = y if y.ndim == 1 else y.astype(float)
    expected, expected_deltas = double.loss()
    assert value == pytest.approx(expected, rel=reference.TOLERANCE[dtype])
    assert_close(deltas, expected_deltas, dtype)


# Other people's formulas


@outputs
def test_values_are_those_of_scikit_learns_mlp(output):
    case = Case(USUAL_LOSS[output], output)
    expected = LOSS_FUNCTIONS[SCIKIT_LEARNS[output]](case.Y, case.predicted())
    case.weight = np.full(case.Z.shape[1], 1 / case.Z.shape[1])
    assert case.loss()[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("loss", "output", "factor", "metric", "options"),
    [
        (SquaredError(), "identity", 6, mean_squared_error, {}),  # a mean of three
        (AbsoluteError(), "identity", 1, mean_absolute_error, {}),
        (Quantile(0.2), "identity", 1, mean_pinball_loss, {"alpha": 0.2}),
        (Quantile(0.9), "identity", 1, mean_pinball_loss, {"alpha": 0.9}),
        (Poisson(), "exp", 2, mean_poisson_deviance, {}),
        (Gamma(), "exp", 2, mean_gamma_deviance, {}),
    ],
    ids=named,
)
def test_values_are_those_of_scikit_learns_metrics(
    loss, output, factor, metric, options
):
    """Ours are sums over the outputs, but for the squared error."""
    case = Case(loss, output)
    expected = sum(
        metric(y, p, sample_weight=case.weight, **options)
        for y, p in zip(case.Y.T, case.predicted().T, strict=True)
    )
    assert factor * case.loss()[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("output", ["softmax", "logistic"])
def test_log_loss_is_scikit_learns(output):
    case = Case(LogLoss(), output, n_outputs=3 if output == "softmax" else 1)
    y = case.y if output == "softmax" else case.y[0]
    expected = log_loss(y, case.predicted().squeeze(), sample_weight=case.weight)
    assert case.loss()[0] == pytest.approx(expected, rel=1e-12)


def test_smoothing_is_cross_entropy_with_smooth_targets():
    case = Case(LogLoss(0.3), "softmax")
    targets = 0.7 * one_hot(case.y, 3) + 0.1
    expected = -(targets * np.log(case.predicted())).sum(axis=1) @ case.weight
    loss, deltas = case.loss()
    assert loss == pytest.approx(expected, rel=1e-12)
    assert_close(deltas.T, case.weight[:, None] * (case.predicted() - targets))


@pytest.mark.parametrize("delta", [1.0, 1.35])
def test_huber_is_half_of_the_huber_regressors(delta):
    """Its loss at scale 1, less the 1 of each sample that the scale gives."""
    rng = np.random.default_rng(0)
    X, y = 2 * rng.standard_normal((40, 1)), 2 * rng.standard_normal(40)
    total, gradient = _huber_loss_and_gradient(
        np.array([0.7, 1.0]), X, y, epsilon=delta, alpha=0.0, sample_weight=np.ones(40)
    )
    Z = 0.7 * X.T
    loss = Huber(delta)(Z, y[None], np.full(40, 1 / 40))
    assert loss == pytest.approx((total / 40 - 1) / 2, rel=1e-12)
    assert Z[0] @ X[:, 0] == pytest.approx(gradient[0] / 80, rel=1e-12)


def test_the_middle_quantile_is_half_the_absolute_error():
    one, other = (Case(loss, "identity") for loss in (Quantile(0.5), AbsoluteError()))
    assert one.loss()[0] == pytest.approx(other.loss()[0] / 2, rel=1e-14)
    assert np.array_equal(one.loss()[1], other.loss()[1] / 2)


def test_a_wide_huber_is_the_squared_error():
    case = Case(Huber(1e9), "identity", n_outputs=1)
    other = Case(SquaredError(), "identity", n_outputs=1)
    assert case.loss()[0] == pytest.approx(other.loss()[0], rel=1e-14)
    assert np.array_equal(case.loss()[1], other.loss()[1])


# What holds for all


@cases
def test_deltas_are_the_gradient_of_the_loss(loss, output):
    case = Case(loss, output)
    deltas, step = case.loss()[1], 1e-6
    for place in [(0, 0), (1, 7), (2, 22), (0, 12), (1, 3)]:
        up, down = case.Z.copy(), case.Z.copy()
        up[place] += step
        down[place] -= step
        numerical = (case.loss(up)[0] - case.loss(down)[0]) / (2 * step)
        if isinstance(loss, SquaredError):  # the mean over the outputs, but its sum
            numerical *= case.Z.shape[0]
        assert deltas[place] == pytest.approx(numerical, abs=1e-8)


@cases
@dtypes
def test_weights_of_zero_give_zeros(loss, output, dtype):
    case = Case(loss, output, dtype)
    case.weight[:] = 0
    value, deltas = case.loss()
    assert value == 0
    assert not deltas.any()


@cases
def test_a_sum_that_is_nan_makes_the_loss_nan(loss, output):
    case = Case(loss, output)
    case.Z[1, 3], case.weight[3] = np.nan, 0.1
    with np.errstate(invalid="ignore"):  # as in training
        assert np.isnan(case.loss()[0])


@cases
@dtypes
def test_far_out_sums_stay_finite(loss, output, dtype):
    case = Case(loss, output, dtype)
    case.Z *= 1000
    if output == "exp":
        case.Z[case.Z * (1 if isinstance(loss, Poisson) else -1) > 80] = 0
    value, deltas = case.loss()
    assert np.isfinite(value)
    assert value > 100
    assert np.isfinite(deltas).all()


@dtypes
@pytest.mark.parametrize("count", [0, 2])
def test_poisson_is_finite_where_the_rate_underflows(dtype, count):
    expected = count * np.log(count) + 800 * count - count if count else 0
    loss, delta = called(Poisson(), -800, count, dtype)
    assert loss == pytest.approx(expected)
    assert delta == -count


@dtypes
def test_gamma_is_finite_where_the_mean_overflows_or_underflows_with_y(dtype):
    assert called(Gamma(), 800, 1, dtype) == pytest.approx((799, 1))
    tiny = np.finfo(dtype).tiny
    loss, delta = called(Gamma(), np.log(tiny) - 10, tiny, dtype)
    assert loss == pytest.approx(np.expm1(10) - 10, rel=1e-4)
    assert delta == pytest.approx(-np.expm1(10), rel=1e-4)


@pytest.mark.parametrize("loss", [Poisson(), Gamma()], ids=str)
def test_deviance_is_0_where_the_prediction_is_the_target(loss):
    Y = np.array([[1.0, 2.0, 5.0]])
    Z = np.log(Y)
    assert loss(Z, Y, np.ones(3) / 3) == pytest.approx(0)
    np.testing.assert_allclose(Z, 0, atol=1e-15)


# Doors


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        *((Huber, value) for value in (0, -1.0, np.inf, np.nan)),
        *((Quantile, value) for value in (0, 1, -0.1, np.nan)),
        *((LogLoss, value) for value in (-0.1, 1, np.nan)),
    ],
)
def test_parameters_out_of_range(kind, wrong):
    with pytest.raises(ValueError, match=r"must be .*, got "):
        kind(wrong)


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        (Poisson(), [-1.0, 2.0], r"negative, or all are 0.*loss='poisson'"),
        (Poisson(), [0.0, 0.0], r"negative, or all are 0.*loss='poisson'"),
        (Gamma(), [0.0, 2.0], r"negative or 0.*loss='gamma'"),
        (Gamma(), [-1.0, 2.0], r"negative or 0.*loss='gamma'"),
        (Gamma(), [np.nan, 2.0], r"negative or 0.*loss='gamma'"),
    ],
    ids=str,
)
def test_targets_that_a_loss_does_not_take(loss, y, message):
    with pytest.raises(ValueError, match=message):
        loss.check_targets(np.array(y))


def test_targets_that_a_loss_takes():
    for loss, _ in LOSS_CASES:
        loss.check_targets(np.array([0.5, 2.0]))
    Poisson().check_targets(np.array([0.0, 1.0]))
    SquaredError().check_targets(np.array([-1.0, 0.0]))


def test_an_output_that_a_loss_does_not_go_with():
    for loss, output in LOSS_CASES:
        loss.check_output(output)
        for other in {*OUTPUTS} - {*loss.outputs}:
            with pytest.raises(ValueError, match="goes with the outputs"):
                loss.check_output(other)


@cases
def test_a_loss_can_be_pickled_and_compared(loss, output):
    assert pickle.loads(pickle.dumps(loss)) == loss
