import pickle

import numpy as np
import pytest
from model.cases import assert_same_machine, machine_on, sparse_machine
from reference import DenseRBM, assert_canonical, assert_close, state_numbers, states
from scipy.special import logit
from scipy.stats import binomtest, chisquare

from skset.model import RBM, bernoulli
from skset.runtime import team
from skset.runtime.team import Team
from skset.topology import Topology
from skset.training import SGD, Adam


def mask_of_ones(shape, *places):
    mask = np.zeros(shape, bool)
    for place in places:
        mask[place] = True
    return mask


MASKS = {
    "full": np.ones((4, 3), bool),
    "sparse": mask_of_ones((5, 4), (0, 1), (0, 2), (1, 1), (3, 0), (3, 1), (4, 2)),
    "one connection": mask_of_ones((3, 4), (1, 2)),
    "no connection": np.zeros((3, 2), bool),
    "one unit each": np.ones((1, 1), bool),
    "many hidden": np.ones((2, 9), bool),
}
masks = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def given_states(n, dtype):
    """Return all states as the columns of a batch."""
    return np.ascontiguousarray(states(n).T.astype(dtype))


def fractions(n, dtype, width=9, seed=3):
    return np.random.default_rng(seed).random((n, width)).astype(dtype)


# The probabilities, against the joint distribution of all states


@masks
@dtypes
def test_mean_hiddens_are_conditional_probabilities(mask, dtype):
    machine = machine_on(mask, dtype)
    joint = DenseRBM.of(machine).joint()
    expected = joint @ states(mask.shape[1]) / joint.sum(axis=1, keepdims=True)
    actual = machine.mean_hiddens(given_states(mask.shape[0], dtype))
    assert actual.dtype == dtype
    assert_close(actual, expected.T)


@masks
@dtypes
def test_mean_visibles_are_conditional_probabilities(mask, dtype):
    machine = machine_on(mask, dtype)
    joint = DenseRBM.of(machine).joint().T
    expected = joint @ states(mask.shape[0]) / joint.sum(axis=1, keepdims=True)
    actual = machine.mean_visibles(given_states(mask.shape[1], dtype))
    assert actual.dtype == dtype
    assert_close(actual, expected.T)


@masks
@dtypes
def test_sums_are_the_log_odds_of_the_means(mask, dtype):
    machine = machine_on(mask, dtype)
    V, H = (fractions(n, dtype) for n in mask.shape)
    dense = DenseRBM.of(machine)
    assert_close(machine.hidden_sums(V), logit(dense.mean_hiddens(V.T)).T, dtype)
    assert_close(machine.visible_sums(H), logit(dense.mean_visibles(H.T)).T, dtype)


@masks
@dtypes
def test_free_energy_counts_all_hidden_states(mask, dtype):
    machine = machine_on(mask, dtype)
    dense = DenseRBM.of(machine)
    for V in (given_states(mask.shape[0], dtype), fractions(mask.shape[0], dtype)):
        energy = machine.free_energy(V)
        assert energy.dtype == np.float64
        assert_close(energy, dense.counted_free_energy(V.T), dtype)
        assert_close(dense.free_energy(V.T), dense.counted_free_energy(V.T))


@masks
@dtypes
def test_free_energies_give_the_marginal(mask, dtype):
    machine = machine_on(mask, dtype)
    odds = np.exp(-machine.free_energy(given_states(mask.shape[0], dtype)))
    assert_close(odds / odds.sum(), DenseRBM.of(machine).marginal(), dtype)


@masks
@dtypes
def test_log_odds_are_those_of_the_marginal(mask, dtype):
    machine = machine_on(mask, dtype)
    marginal = DenseRBM.of(machine).marginal()
    V = given_states(mask.shape[0], dtype)
    odds = machine.log_odds(V)
    for i in range(mask.shape[0]):
        off, on = V.T.copy(), V.T.copy()
        off[:, i], on[:, i] = 0, 1
        ratio = marginal[state_numbers(on)] / marginal[state_numbers(off)]
        assert_close(odds[i], np.log(ratio), dtype, factor=5)


@masks
@dtypes
def test_pseudo_log_likelihood_is_that_of_the_marginal(mask, dtype):
    machine = machine_on(mask, dtype)
    marginal = DenseRBM.of(machine).marginal()
    V = given_states(mask.shape[0], dtype)
    expected = np.zeros(V.shape[1])
    for i in range(mask.shape[0]):
        other = V.T.copy()
        other[:, i] = 1 - other[:, i]
        expected += np.log(marginal / (marginal + marginal[state_numbers(other)]))
    actual = machine.pseudo_log_likelihood(V)
    assert actual.dtype == np.float64
    assert_close(actual, expected, dtype, factor=5)


@masks
@dtypes
def test_pseudo_log_likelihood_of_fractions_is_an_expectation(mask, dtype):
    machine = machine_on(mask, dtype)
    V = fractions(mask.shape[0], dtype)
    odds = DenseRBM.of(machine).log_odds(V.T)
    P = 1 / (1 + np.exp(-odds))
    expected = (V.T * np.log(P) + (1 - V.T) * np.log(1 - P)).sum(axis=1)
    assert_close(machine.pseudo_log_likelihood(V), expected, dtype, factor=5)


@dtypes
def test_machines_of_large_weights_have_finite_numbers(dtype):
    machine = machine_on(np.ones((6, 30), bool), dtype, scale=100.0)
    dense = DenseRBM.of(machine)
    V = given_states(6, dtype)
    tolerance = {"rtol": 1e-10, "atol": 1e-9}
    if dtype == "float32":  # whose sums of hundreds are right to 1e-5
        tolerance = {"rtol": 1e-5, "atol": 1e-2}
    energies = machine.free_energy(V), dense.free_energy(V.T)
    np.testing.assert_allclose(*energies, **tolerance)
    odds = machine.log_odds(V)
    assert np.abs(odds).max() > 500
    np.testing.assert_allclose(odds, dense.log_odds(V.T).T, **tolerance)
    likelihood = machine.pseudo_log_likelihood(V)
    assert np.isfinite(likelihood).all()
    assert (likelihood <= 0).all()


@masks
@dtypes
def test_threads_change_no_bit(mask, dtype, monkeypatch):
    monkeypatch.setattr(team, "MIN_WORK", 0)
    machine = machine_on(mask, dtype)
    V, H = (fractions(n, dtype) for n in mask.shape)

    def computed(*team):
        yield machine.mean_hiddens(V, *team)
        yield machine.mean_visibles(H, *team)
        yield machine.gibbs(V, np.random.default_rng(0), *team)

    with Team(2) as workers:
        for serial, parallel in zip(computed(), computed(workers), strict=True):
            assert np.array_equal(serial, parallel)


@masks
@dtypes
def test_pull_back_and_pulled_back_agree(mask, dtype):
    machine = machine_on(mask, dtype)
    H = fractions(mask.shape[1], dtype)
    DX = np.full((mask.shape[0], H.shape[1]), np.nan, dtype)
    machine.layer.pull_back(H, np.zeros(mask.shape[0], dtype), DX, Team())
    assert np.array_equal(DX, machine.layer.pulled_back(H))
    assert_close(DX, DenseRBM.of(machine).W @ H, dtype)
    with_bias = machine.visible_bias[:, None] + DX
    assert_close(machine.visible_sums(H), with_bias)


# Sampling


@dtypes
def test_bernoulli_is_one_as_often_as_it_should(dtype):
    P = np.array([0, 1e-3, 0.3, 0.5, 0.9, 1], dtype)
    many = np.repeat(P[:, None], 20_000, axis=1)
    drawn = bernoulli(many, np.random.default_rng(0))
    assert drawn.dtype == dtype
    assert np.array_equal(many, np.repeat(P[:, None], 20_000, axis=1))
    assert set(np.unique(drawn)) == {0, 1}
    assert not drawn[0].any()
    assert drawn[-1].all()
    for p, row in zip(P[1:-1].tolist(), drawn[1:-1], strict=True):
        assert binomtest(int(row.sum()), row.size, p).pvalue > 1e-3


@dtypes
def test_bernoulli_draws_for_every_unit_and_sample_on_its_own(dtype):
    drawn = bernoulli(np.full((2, 20_000), 0.5, dtype), np.random.default_rng(0))
    for one, other in [(drawn[0], drawn[1]), (drawn[0, 1:], drawn[0, :-1])]:
        assert binomtest(int((one * other).sum()), one.size, 0.25).pvalue > 1e-3


@pytest.mark.parametrize("name", ["full", "sparse"])
@dtypes
def test_the_long_run_of_gibbs_sampling_is_the_marginal(name, dtype):
    machine = machine_on(MASKS[name], dtype)
    n_visible, n_chains = MASKS[name].shape[0], 20_000
    rng = np.random.default_rng(0)
    V = np.zeros((n_visible, n_chains), dtype)
    for _ in range(50):
        V = machine.gibbs(V, rng)
    seen = np.bincount(state_numbers(V.T), minlength=2**n_visible)
    expected = DenseRBM.of(machine).marginal() * n_chains
    assert chisquare(seen, expected).pvalue > 1e-3
    independent = np.full(expected.size, n_chains / expected.size)
    assert chisquare(seen, independent).pvalue < 1e-9


@masks
@dtypes
def test_one_step_of_gibbs_sampling(mask, dtype):
    machine = machine_on(mask, dtype)
    V = given_states(mask.shape[0], dtype)
    actual = machine.gibbs(V, np.random.default_rng(5))
    rng, dense = np.random.default_rng(5), DenseRBM.of(machine)

    def uniform(shape):
        return rng.random(shape[::-1], dtype).T

    expected = dense.visibles(dense.hiddens(V.T, uniform), uniform)
    assert actual.dtype == dtype
    assert np.array_equal(actual, expected.T)


# The object


@dtypes
def test_at_first_the_visible_bias_is_the_log_odds_of_the_means(dtype):
    means = np.array([0.01, 0.3, 0.5, 0.99], dtype)
    topology = Topology.from_positions((4, 3), np.array([0, 4, 5, 7]))

    def made(scale):
        rng = np.random.default_rng(7)
        return RBM.initial(topology, rng, means, weight_init="normal", scale=scale)

    machine, half = made(1.0), made(0.5)
    assert_close(machine.visible_bias, logit(means.astype(float)), dtype)
    assert machine.visible_bias.dtype == machine.dtype == dtype
    assert machine.layer.bias.dtype == dtype
    assert machine.layer.weights.shape == (4,)
    assert not machine.layer.bias.any()
    assert np.array_equal(half.layer.weights, machine.layer.weights / 2)
    assert machine.chains is None
    assert machine.visible_moments == ()
    # Without weights the visible units have just these means.
    P = made(0.0).mean_visibles(fractions(3, dtype))
    assert_close(P, np.repeat(means[:, None], 9, axis=1))


def trained_state(machine, optimiser):
    """Return the machine with moments and chains that are not 0."""
    machine = machine.with_moments(optimiser.n_moments)
    moments = machine.layer.moments + machine.layer.bias_moments
    for k, moment in enumerate(moments + machine.visible_moments):
        moment[:] = k + 1
    return machine.with_chains(np.ones((machine.n_units[1], 4), machine.dtype))


def arrays(machine):
    layer = machine.layer
    yield from (layer.weights, layer.bias, machine.visible_bias)
    yield from layer.moments + layer.bias_moments + machine.visible_moments
    if machine.chains is not None:
        yield machine.chains


@pytest.mark.parametrize("optimiser", [SGD(), Adam()], ids=str)
def test_a_copy_shares_nothing_that_changes(optimiser):
    machine = trained_state(sparse_machine(), optimiser)
    copied = machine.copy(at_rest=False)
    assert len(list(arrays(copied))) == 4 + 3 * optimiser.n_moments
    for a, b in zip(arrays(machine), arrays(copied), strict=True):
        assert np.array_equal(a, b)
        assert not np.shares_memory(a, b)
    assert copied.layer.topology is machine.layer.topology


def test_at_rest_nothing_is_left_of_the_training():
    machine = trained_state(sparse_machine(), Adam())
    copied = machine.copy()
    for still in (machine.at_rest(), copied):
        assert len(list(arrays(still))) == 3
        assert still.chains is None
        assert still.visible_moments == still.layer.moments == ()
    for a, b in zip(list(arrays(machine))[:3], arrays(copied), strict=True):
        assert np.array_equal(a, b)
        assert not np.shares_memory(a, b)
    assert machine.chains is not None


def test_moments_are_kept_where_there_are_as_many():
    machine = trained_state(sparse_machine(dtype="float32"), SGD())
    same, more = machine.with_moments(1), machine.with_moments(2)
    assert same.visible_moments[0] is machine.visible_moments[0]
    assert same.layer.moments[0] is machine.layer.moments[0]
    assert len(more.visible_moments) == len(more.layer.moments) == 2
    for moment in more.visible_moments + more.layer.moments + more.layer.bias_moments:
        assert not moment.any()
        assert moment.dtype == np.float32
    assert [m.shape for m in more.visible_moments] == [(6,), (6,)]
    assert not np.shares_memory(*more.visible_moments)
    assert more.chains is machine.chains


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_it_knows_whether_it_is_finite(place, value):
    machine = sparse_machine()
    assert machine.is_finite() is True
    list(arrays(machine))[place][1] = value
    assert not machine.is_finite()


def test_sizes():
    machine = sparse_machine((6, 5), "float32", density=0.4)
    assert machine.n_units == [6, 5]
    assert (machine.nnz, machine.n_possible) == (12, 30)
    assert machine.layer is machine.layers[0]
    assert machine.dtype == np.float32
    assert_canonical(machine.layer.topology)


def test_pickling_keeps_every_bit():
    machine = trained_state(sparse_machine(), SGD())
    same = pickle.loads(pickle.dumps(machine))
    assert_same_machine(machine, same)
    assert np.array_equal(machine.chains, same.chains)
    V = fractions(6, "float64")
    assert np.array_equal(machine.log_odds(V), same.log_odds(V))
