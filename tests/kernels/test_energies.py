import numpy as np
import pytest
import reference
from kernels.test_products import MASKS, close, dtypes, masks, widths
from reference import DenseRBM, assert_close
from scipy.special import expit

from skset import kernels
from skset.runtime import team
from skset.runtime.team import Team

VISIBLE = ["binary", "fractional", "mixed"]
visible = pytest.mark.parametrize("form", VISIBLE)


def visible_units(form, shape, rng):
    binary = rng.integers(2, size=shape).astype(float)
    fractional = rng.random(shape)
    chosen = {"binary": binary, "fractional": fractional}
    return chosen.get(form, np.where(rng.random(shape) < 0.5, binary, fractional))


class Case:
    """A machine and a batch of visible units, as bare arrays and as matrices."""

    def __init__(self, mask, dtype, form, width=7, scale=1.0, seed=0):
        rng = np.random.default_rng(seed)
        self.mask = mask
        self.indptr, self.indices = reference.by_input(mask)
        self.weights = rng.uniform(-scale, scale, self.indices.size).astype(dtype)
        self.V = visible_units(form, (mask.shape[0], width), rng).astype(dtype)
        self.before = rng.standard_normal(self.V.shape)
        self.odds = self.before.copy()
        # Of the hidden units some are on, some off, some undecided.
        sums = reference.dense(mask, self.weights).sum(axis=0)
        self.infer(rng.standard_normal(mask.shape[1]) - sums / 2)

    def infer(self, c):
        """Set P and Q, given the bias of the hidden units."""
        W = reference.dense(self.mask, self.weights)
        self.dense = DenseRBM(W, np.zeros(self.mask.shape[0]), c, self.mask)
        Z = c[:, None] + self.dense.W.T @ self.V
        self.P, self.Q, self.Z = expit(Z), expit(-Z), Z

    def add(self, start=0, stop=None, run=None):
        stop = self.V.shape[0] if stop is None else stop
        units = (self.V, self.P, self.Q, self.Z)
        args = (self.indices, self.weights, *units, self.odds)
        if run is None:
            kernels.add_log_odds(start, stop, self.indptr, *args)
        else:
            run(kernels.add_log_odds, 10**6, self.indptr, self.indptr, *args)
        return self.odds

    def expected(self):
        """Return the difference of the free energies with each unit off and on."""
        return self.before + self.dense.log_odds(self.V.T).T


@masks
@dtypes
@visible
@widths
def test_log_odds_are_the_difference_of_the_free_energies(mask, dtype, form, width):
    case = Case(mask, dtype, form, width)
    given = case.weights.copy(), case.V.copy(), case.P.copy(), case.Q.copy()
    assert_close(case.add(), case.expected(), "float64")
    for before, after in zip(
        given, (case.weights, case.V, case.P, case.Q), strict=True
    ):
        assert np.array_equal(before, after)


@masks
@dtypes
@visible
@pytest.mark.parametrize("scale", [20, 200])
def test_large_weights_neither_overflow_nor_cancel(mask, dtype, form, scale):
    for seed in range(3):
        case = Case(mask, dtype, form, scale=scale, seed=seed)
        actual = case.add()
        assert np.isfinite(actual).all()
        np.testing.assert_allclose(actual, case.expected(), rtol=1e-10, atol=1e-9)


@masks
@dtypes
@visible
@pytest.mark.parametrize("scale", [1600, 1e4, 1e37])
def test_weights_whose_exponential_overflows(mask, dtype, form, scale):
    for seed in range(3):
        case = Case(mask, dtype, form, scale=scale, seed=seed)
        case.weights[::3] = 0.5  # beside those
        case.infer(np.random.default_rng(seed).standard_normal(mask.shape[1]))
        actual = case.add()
        assert np.isfinite(actual).all()
        lost = 1e-13 * scale * mask.size  # what sums of such numbers round away
        np.testing.assert_allclose(actual, case.expected(), rtol=1e-10, atol=lost)


def test_a_large_weight_by_hand():
    """The one hidden unit is as likely on as off, whichever of the two is on."""
    case = Case(np.ones((2, 1), bool), "float64", "binary", width=2)
    case.V[:], case.weights[:] = np.eye(2), 1600
    case.before[:] = case.odds[:] = 0
    case.infer(np.array([-1600.0]))
    # On and alone, it raises softplus from softplus(-1600) = 0 to softplus(0); beside
    # one that is on, from softplus(0) to softplus(1600).
    alone, beside = np.log(2), 1600 - np.log(2)
    expected = [[alone, beside], [beside, alone]]
    np.testing.assert_allclose(case.add(), expected, rtol=1e-15)


@dtypes
@visible
@pytest.mark.parametrize("sign", [1, -1])
def test_many_connections_of_the_largest_weight(dtype, form, sign):
    sizes = []
    for bias in (-200.0, -100.0, 0.0, 100.0, 200.0):
        case = Case(np.ones((1, 40), bool), dtype, form)
        case.weights[:] = 200 * sign
        case.infer(np.full(40, bias))
        actual = case.add()
        np.testing.assert_allclose(actual, case.expected(), rtol=1e-10, atol=1e-9)
        sizes.append(np.abs(actual).max())
    assert max(sizes) > 7000


@visible
def test_units_without_connections_keep_their_odds(form):
    case = Case(MASKS["empty units"], "float64", form)
    empty = np.diff(case.indptr) == 0
    assert 2 <= empty.sum() < empty.size
    case.add()
    assert np.array_equal(case.odds[empty], case.before[empty])
    assert (case.odds[~empty] != case.before[~empty]).all()


def test_it_writes_only_its_own_rows():
    case = Case(MASKS["empty units"], "float64", "mixed")
    case.add(4, 9)
    assert_close(case.odds[4:9], case.expected()[4:9])
    assert np.array_equal(case.odds[:4], case.before[:4])
    assert np.array_equal(case.odds[9:], case.before[9:])


@masks
@visible
def test_threads_change_no_bit(mask, form, monkeypatch):
    monkeypatch.setattr(team, "MIN_WORK", 0)
    for n_threads in (2, 3):
        serial, parallel = (Case(mask, "float64", form) for _ in range(2))
        with Team(n_threads) as workers:
            assert np.array_equal(serial.add(), parallel.add(run=workers.run))


@dtypes
def test_a_machine_may_be_read_only(dtype):
    given, other = (Case(MASKS["empty units"], dtype, "mixed") for _ in range(2))
    close(given, "indptr indices weights V P Q Z")
    assert np.array_equal(given.add(), other.add())


def test_nan_stays_nan():
    case = Case(MASKS["full"], "float64", "binary")
    case.P[2, 3] = np.nan
    case.add()
    assert np.isnan(case.odds[:, 3]).all()
    assert np.isnan(case.odds).sum() == case.odds.shape[0]
