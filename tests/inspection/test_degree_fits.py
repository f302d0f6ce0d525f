"""Fits of degrees: exponents that are known, laws that are wrong, resamples."""

import numpy as np
import pytest
from scipy.special import zeta

from skset.inspection import fit_degrees
from skset.inspection._degree_distributions import drawn, log_zeta
from skset.inspection._degree_fits import survival


def power_law(exponent, xmin, n, seed=0):
    return drawn(xmin, exponent, n, np.random.default_rng(seed))


def test_draws_of_a_power_law_have_its_probabilities():
    d = power_law(2.5, 3, 200_000)
    for k in (3, 4, 10, 100):
        expected = zeta(2.5, k) / zeta(2.5, 3)
        error = np.sqrt(expected * (1 - expected) / d.size)
        assert abs((d >= k).mean() - expected) < 4 * error + 1e-12


@pytest.mark.parametrize("exponent", [2.0, 2.5, 3.5])
def test_an_exponent_is_found_again(exponent):
    fits = fit_degrees(power_law(exponent, 2, 5000), n_resamples=0)
    standard_error = (fits.exponent - 1) / np.sqrt(fits.n_tail)
    assert abs(fits.exponent - exponent) < 4 * standard_error
    assert np.isnan(fits.p_value)


def test_a_power_law_is_not_rejected_and_beats_the_exponential():
    fits = fit_degrees(power_law(2.5, 2, 2000), n_resamples=50)
    assert fits.p_value >= 0.1
    exponential = next(r for r in fits.rivals if r.name == "exponential")
    assert exponential.log_ratio > 0
    assert exponential.p_value < 0.01
    assert "rejected" not in fits.verdict or "not rejected" in fits.verdict


def others(seed):
    rng = np.random.default_rng(seed)
    yield np.rint(rng.lognormal(3, 0.5, 1000)).astype(int)
    yield rng.geometric(0.05, 1000)


def test_the_upper_half_of_a_lognormal_or_an_exponential_is_no_power_law():
    for d in others(0):
        fits = fit_degrees(d, xmin=int(np.median(d)), n_resamples=50)
        assert fits.xmin == np.median(d)
        assert fits.p_value < 0.02
        assert fits.verdict == "power law rejected"
        assert all(r.log_ratio < -5 and r.p_value < 0.1 for r in fits.rivals)


@pytest.mark.parametrize("seed", range(5))
def test_of_a_lognormal_or_an_exponential_at_most_the_tail_passes(seed):
    for d in others(seed):
        verdict = fit_degrees(d, n_resamples=50).verdict
        assert verdict == "power law rejected" or verdict.startswith("tail only")


def test_a_given_beginning_is_kept():
    d = power_law(2.5, 1, 1000)
    assert fit_degrees(d, xmin=4, n_resamples=3).n_tail == (d >= 4).sum()
    assert fit_degrees(d, xmin=int(d.max())) is None


def test_the_far_tail_of_a_random_network_is_called_a_tail():
    """It passes the test for a power law, so the test alone says nothing."""
    d = np.random.default_rng(0).poisson(40, 1000)
    fits = fit_degrees(d, n_resamples=50)
    assert fits.p_value >= 0.1
    assert fits.verdict == f"tail only: {fits.n_tail} of 1000 units"


def test_p_values_of_a_true_power_law_are_spread_over_0_to_1():
    p = [
        fit_degrees(power_law(2.5, 1, 200, k), n_resamples=20).p_value
        for k in range(30)
    ]
    assert 0.3 < np.mean(p) < 0.75  # of 30 uniform ones: 0.5, standard error 0.05
    assert np.mean(np.array(p) < 0.1) < 0.3


def test_the_likelihood_is_that_of_the_definition():
    d = power_law(2.2, 1, 300)
    fits = fit_degrees(d, n_resamples=0)
    tail = d[d >= fits.xmin]
    mine = -fits.exponent * np.log(tail) - np.log(zeta(fits.exponent, fits.xmin))
    rate = next(r for r in fits.rivals if r.name == "exponential").parameters["rate"]
    its = np.log(1 - np.exp(-rate)) - rate * (tail - fits.xmin)
    exponential = next(r for r in fits.rivals if r.name == "exponential")
    assert exponential.log_ratio == pytest.approx((mine - its).sum(), rel=1e-6)


@pytest.mark.parametrize("name", ["power law", "lognormal", "exponential"])
def test_a_fitted_tail_begins_at_its_share_and_falls(name):
    d = np.random.default_rng(0).geometric(0.05, 500)
    fits = fit_degrees(d, n_resamples=0)
    tail = fits.tail(np.arange(fits.xmin, fits.xmin + 50), name)
    assert tail[0] == pytest.approx((d >= fits.xmin).mean())
    assert (np.diff(tail) < 0).all()


def test_the_expansion_of_the_zeta_function_meets_its_values():
    a, q = np.array([1.5, 3.0, 20.0]), np.array([1024, 1025])
    steps = log_zeta(a, q)
    assert np.exp(steps[:, 0]) - np.exp(steps[:, 1]) == pytest.approx(
        1024.0**-a, rel=1e-6
    )


def test_survival_counts_units_without_a_connection():
    d, share = survival([0, 0, 1, 3])
    assert d.tolist() == [1, 3]
    assert share.tolist() == [0.5, 0.25]


@pytest.mark.parametrize("degrees", [[1, 2, 3], [5] * 100, [1, 2] * 50, [0] * 20])
def test_too_few_degrees_are_not_fitted(degrees):
    assert fit_degrees(degrees) is None


def test_the_same_seed_gives_the_same_p_value():
    d = power_law(2.5, 1, 200)
    both = [fit_degrees(d, n_resamples=10, random_state=3).p_value for _ in range(2)]
    assert both[0] == both[1]
