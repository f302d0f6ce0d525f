"""Training of Boltzmann machines: weights, seeds, chains, going on, divergence.

The loop is the perceptron's, see test_loop.py; here is what is said of it for the
machines.
"""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from model.cases import assert_same_machine, binary, divergence, sparse_machine
from scipy import sparse
from training.machines import MODES, SET, dtypes, modes, trained

from skset.model import Samples
from skset.runtime import team
from skset.strategies import METHODS
from skset.training import SGD, Adam, LearningRate

# Sample weights


# With more Gibbs steps, chains that get the same random numbers meet.
@pytest.mark.parametrize("mode", [MODES[m] for m in ("cd", "cd-3", "persistent")])
@dtypes
def test_samples_without_weight_have_no_influence(mode, dtype):
    X, machine = binary(dtype=dtype), sparse_machine(dtype=dtype)
    weight = np.random.default_rng(4).uniform(0.1, 3, 23)
    weight[[0, 1, 2, 4, 5, 6, 7, 12, 21]] = 0
    other = X.copy()
    other[weight == 0] = 1 - X[weight == 0]
    given = {"batch_size": 10, "alpha": 0.1, "optimiser": SGD(0.5), **mode}
    a, errors_a = trained(3, machine, X, weight, **given)
    b, errors_b = trained(3, machine, other, weight, **given)
    assert errors_a == errors_b
    assert_same_machine(a, b)


@pytest.mark.parametrize("n_gibbs", [1, 3])
def test_batches_without_any_weight_change_nothing(n_gibbs):
    assert_no_weight_changes_nothing(n_gibbs=n_gibbs)


@pytest.mark.parametrize("n_gibbs", [1, 3])
def test_nor_does_the_decay(n_gibbs):
    assert_no_weight_changes_nothing(n_gibbs=n_gibbs, alpha=0.5)


@pytest.mark.parametrize("n_gibbs", [1, 3])
def test_nor_do_the_chains(n_gibbs):
    assert_no_weight_changes_nothing(n_gibbs=n_gibbs, persistent=True)


def assert_no_weight_changes_nothing(**given):
    X, machine = binary(), sparse_machine()
    after, errors = trained(2, machine, X, np.zeros(23), batch_size=10, **given)
    assert errors == [0, 0]
    assert_same_machine(after.at_rest(), machine)


def test_chains_do_not_begin_where_there_is_no_weight():
    X, machine = binary(), sparse_machine()
    weight = np.ones(23)
    weight[:10] = 0  # the first batch
    other = X.copy()
    other[:10] = 1 - X[:10]
    given = {"batch_size": 10, "persistent": True}
    a, _ = trained(2, machine, X, weight, **given)
    b, _ = trained(2, machine, other, weight, **given)
    assert_same_machine(a, b)


@modes
def test_only_ratios_of_weights_matter(mode):
    X, machine = binary(), sparse_machine()
    weight = np.random.default_rng(4).uniform(0.1, 3, 23)
    given = {"batch_size": 10, "alpha": 0.1, **mode}
    a, errors_a = trained(3, machine, X, weight, **given)
    b, errors_b = trained(3, machine, X, 1024 * weight, **given)
    assert errors_a == errors_b
    assert_same_machine(a, b)
    c, errors_c = trained(3, machine, X, weight / 7, **given)
    assert errors_c == pytest.approx(errors_a, rel=1e-9)
    np.testing.assert_allclose(c.layer.weights, a.layer.weights, atol=1e-12)
    plain, _ = trained(3, machine, X, **given)
    assert np.abs(plain.layer.weights - a.layer.weights).max() > 1e-3


@modes
def test_equal_weights_are_no_weights(mode):
    X, machine = binary(), sparse_machine()
    a, errors_a = trained(2, machine, X, np.full(23, 2.5), batch_size=10, **mode)
    b, errors_b = trained(2, machine, X, batch_size=10, **mode)
    assert errors_a == pytest.approx(errors_b)
    np.testing.assert_allclose(a.layer.weights, b.layer.weights, atol=1e-13)


# The same bits


@dtypes
@modes
def test_the_seed_decides_every_bit_for_every_number_of_threads(
    dtype, mode, monkeypatch
):
    monkeypatch.setattr(team, "MIN_WORK", 0)
    X, machine = binary(dtype=dtype), sparse_machine(dtype=dtype)

    def run(seed, n_threads):
        return trained(
            4,
            machine,
            X,
            optimiser=SGD(0.5),
            evolution=METHODS["set"].evolution(newborn="init"),
            batch_size=5,
            shuffle=True,
            alpha=0.1,
            n_threads=n_threads,
            seed=seed,
            **mode,
        )

    one, errors = run(0, 1)
    for n_threads in (1, 2, 3):
        other, other_errors = run(0, n_threads)
        assert errors == other_errors
        assert_same_machine(one, other)
    assert run(1, 1)[1] != errors


@dtypes
@modes
def test_the_samples_form_changes_no_bit(dtype, mode):
    X, machine = binary(dtype=dtype), sparse_machine(dtype=dtype)
    X *= np.random.default_rng(5).random(X.shape)  # fractions are probabilities
    given = {"evolution": SET, "batch_size": 5, "shuffle": True, **mode}
    a, errors_a = trained(3, machine, X.astype(dtype), **given)
    b, errors_b = trained(3, machine, sparse.csr_array(X.astype(dtype)), **given)
    assert errors_a == errors_b
    assert_same_machine(a, b)


# The chains


def test_chains_are_as_many_as_the_first_batch_and_go_on():
    X, machine = binary(), sparse_machine()
    with divergence(machine, Samples(X), batch_size=10, persistent=True) as running:
        seen = []
        for _ in range(3):
            next(running)
            assert running.state.network.chains.shape == (5, 10)
            assert set(np.unique(running.state.network.chains)) == {0, 1}
            seen.append(running.state.network.chains)
    assert not np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[1], seen[2])


def test_without_persistence_no_chains_are_kept():
    after, _ = trained(2, sparse_machine(), binary(), batch_size=10, n_gibbs=3)
    assert after.chains is None


def test_chains_outlive_an_evolution():
    with divergence(
        sparse_machine(), Samples(binary()), evolution=SET, persistent=True
    ) as running:
        next(running)
        chains, bias = running.state.network.chains, running.state.network.visible_bias
        before = chains.copy(), bias.copy()
        running.evolve()
    assert running.state.network.chains is chains
    assert running.state.network.visible_bias is bias
    assert np.array_equal(chains, before[0])
    assert np.array_equal(bias, before[1])


# Going on


def in_two_parts(machine, X, at_rest, **given):
    """Train for 2 epochs and then, in a new training of a copy, for 2 more."""
    with divergence(machine, Samples(X), **given) as first:
        errors = [next(first), next(first)]
    kept = first.state.network.copy(at_rest=at_rest)
    given = given | {"state": replace(first.state)}
    before = [array.copy() for array in (kept.layer.weights, kept.visible_bias)]
    with divergence(kept, Samples(X), **given) as second:
        errors += [next(second), next(second)]
    for a, b in zip(before, (kept.layer.weights, kept.visible_bias), strict=True):
        assert np.array_equal(a, b)
    return second.state.network, errors


@modes
@pytest.mark.parametrize("optimiser", [SGD(0.8), Adam()], ids=str)
@pytest.mark.parametrize("evolution", [METHODS["static"].evolution(), SET], ids=str)
def test_a_training_can_go_on_where_another_ended(mode, optimiser, evolution):
    X, machine = binary(), sparse_machine()
    given = {
        "optimiser": optimiser,
        "evolution": evolution,
        "batch_size": 10,
        "shuffle": True,
        "learning_rate": 0.05,
        **mode,
    }
    whole, errors = trained(4, machine, X, **given)
    begun, begun_errors = in_two_parts(machine, X, at_rest=False, **given)
    assert begun_errors == errors
    assert_same_machine(whole, begun)
    rested, _ = in_two_parts(machine, X, at_rest=True, **given)
    assert not np.array_equal(rested.visible_bias, whole.visible_bias)


def test_the_chains_alone_make_a_difference_when_going_on():
    X, machine = binary(), sparse_machine()
    given = {"batch_size": 10, "persistent": True, "optimiser": SGD(0.0)}
    whole, errors = trained(4, machine, X, **given)
    rested, rested_errors = in_two_parts(machine, X, at_rest=True, **given)
    assert rested_errors[:2] == errors[:2]
    assert rested_errors[2:] != errors[2:]
    assert not np.array_equal(rested.layer.weights, whole.layer.weights)


def test_progress_and_learning_rate():
    rate = LearningRate(0.1, "cosine")
    given = {"learning_rate": rate, "batch_size": 10, "max_epochs": 4}
    with divergence(sparse_machine(), Samples(binary()), **given) as running:
        rates = []
        for _ in range(4):
            next(running)
            rates.append(rate.now)
    assert (running.state.steps, running.state.epochs) == (12, 4)
    assert running.state.samples == 92
    expected = [0.05 * (1 + np.cos(np.pi * (3 * e - 1) / 12)) for e in range(1, 5)]
    assert rates == pytest.approx(expected)


def test_only_the_optimisers_state_and_the_chains_are_added_to_the_machine():
    machine = sparse_machine()
    before = machine.copy(at_rest=False)
    running = divergence(machine, Samples(binary()), persistent=True)
    assert running.state.network.visible_moments[0].shape == (6,)
    assert running.rule.loss_name == "reconstruction error"
    with running:
        next(running)
    assert_same_machine(machine, before)
    assert machine.chains is None
    assert machine.visible_moments == ()


# Divergence


@dtypes
@modes
def test_divergence_is_an_error_in_its_epoch_and_no_warning(dtype, mode):
    X, machine = binary(dtype=dtype), sparse_machine(dtype=dtype)
    # Decay beyond its size doubles a weight in each step.
    given = {"learning_rate": 3.0, "alpha": 1.0, "batch_size": 10, **mode}
    with (
        divergence(machine, Samples(X), **given) as running,
        pytest.raises(ValueError, match=r"non-finite .* epoch \d") as raised,
    ):
        list(islice(running, 100))  # pytest makes warnings errors
    assert f"epoch {running.state.epochs + 1}. learning_rate" in str(raised.value)
    assert 0 < running.state.epochs < 100


@dtypes
@modes
def test_weights_beyond_any_use_are_an_error_at_once(dtype, mode):
    """The probabilities stay finite, and so does the reconstruction error."""
    X, machine = binary(dtype=dtype), sparse_machine(dtype=dtype)
    with (
        divergence(machine, Samples(X), learning_rate=1e6, **mode) as running,
        pytest.raises(ValueError, match="epoch 1"),
    ):
        next(running)


def test_a_rate_beyond_the_dtype_is_an_error_and_no_warning():
    X, machine = binary(dtype="float32"), sparse_machine(dtype="float32")
    with (
        divergence(machine, Samples(X), learning_rate=1e40) as running,
        pytest.raises(ValueError, match="non-finite weights"),
    ):
        next(running)


def test_an_error_that_is_not_finite_is_found_in_its_step():
    X, machine = binary(), sparse_machine()
    X[3] = np.nan
    with (
        divergence(machine, Samples(X), batch_size=2) as running,
        pytest.raises(ValueError, match="non-finite"),
    ):
        next(running)
    assert running.state.steps == 2
