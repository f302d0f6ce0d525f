"""Everything is compared with sums over all states of small machines."""

from functools import cache

import numpy as np
import pytest
from estimators.cases import nothing_changes, refused
from pandas import DataFrame
from reference import states
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import BernoulliRBM

from skset import SparseRBM
from skset.metrics import (
    likelihood,
    log_likelihood,
    log_partition_ais,
    log_partition_exact,
)

blocks = pytest.mark.parametrize("block", [1, 7, 24, 64, 1000])


def machine(weights, hidden_bias=0.0, visible_bias=0.0):
    """Return a BernoulliRBM with these parameters; weights (n_hidden, n_visible)."""
    n_hidden, n_visible = weights.shape
    rbm = BernoulliRBM(n_hidden)
    rbm.components_ = weights
    rbm.intercept_hidden_ = np.full(n_hidden, hidden_bias, weights.dtype)
    rbm.intercept_visible_ = np.full(n_visible, visible_bias, weights.dtype)
    return rbm


def random_machine(n_hidden, n_visible, scale=1.0, bias=1.0, seed=0, dtype=float):
    rng = np.random.default_rng(seed)
    weights = scale * rng.standard_normal((n_hidden, n_visible))
    hidden, visible = (bias * rng.standard_normal(n) for n in weights.shape)
    return machine(weights.astype(dtype), hidden, visible)


def clusters(n_samples, n_features=10, n_prototypes=3, noise=0.1, seed=0):
    """Return noisy copies of a few binary prototypes."""
    rng = np.random.default_rng(seed)
    prototypes = np.random.default_rng(1).integers(2, size=(n_prototypes, n_features))
    X = prototypes[rng.integers(n_prototypes, size=n_samples)]
    return np.abs(X - (rng.random(X.shape) < noise)).astype(float)


def sparse_rbm(**params):
    return SparseRBM(**{"n_components": 6, "random_state": 0, **params})


def dense_rbm():
    return BernoulliRBM(6, n_iter=30, random_state=0)


MACHINES = {
    "static": lambda: sparse_rbm(method="static").fit(clusters(200)),
    "set": lambda: sparse_rbm(density=0.5).fit(clusters(200)),
    "persistent": lambda: sparse_rbm(persistent=True).fit(clusters(200)),
    "float64": lambda: sparse_rbm(dtype=np.float64).fit(clusters(200)),
    "BernoulliRBM": lambda: dense_rbm().fit(clusters(200)),
    "strong weights": lambda: random_machine(8, 9, scale=2.0),
    "strong, float32": lambda: random_machine(8, 9, scale=2.0, dtype=np.float32),
}
fitted = cache(lambda name: MACHINES[name]())
every_machine = pytest.mark.parametrize("name", MACHINES)


# By counting.


def log_joint(rbm):
    """Return minus the energy of all (v, h): a row for each v, a column for each h."""
    weights = rbm.components_
    W = weights.toarray() if sparse.issparse(weights) else weights
    W = W.astype(float)
    H, V = (states(n) for n in W.shape)
    of_units = (V @ rbm.intercept_visible_)[:, None] + H @ rbm.intercept_hidden_
    return of_units + V @ W.T @ H.T


def counted_log_partition(rbm):
    return np.logaddexp.reduce(log_joint(rbm), axis=None)


def counted_log_probabilities(rbm):
    """Return log P(v) of all states v."""
    marginal = np.logaddexp.reduce(log_joint(rbm), axis=1)
    return marginal - np.logaddexp.reduce(marginal)


def softplus(x):
    return np.logaddexp(0, x)


def independent(X, means):
    """Return the mean log-likelihood of independent units with these means."""
    return (X * np.log(means) + (1 - X) * np.log(1 - means)).sum(axis=1).mean()


# The exact partition function.

SHAPES = [(3, 6), (6, 3), (4, 4), (1, 7), (7, 1), (1, 1)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csr_matrix])
def test_exact_is_the_sum_over_all_joint_states(shape, dtype, kind):
    rbm = random_machine(*shape, dtype=dtype)
    rbm.components_ = kind(rbm.components_)
    expected = counted_log_partition(rbm)
    assert log_partition_exact(rbm) == pytest.approx(expected, rel=1e-12)


@every_machine
def test_exact_of_fitted_machines(name):
    expected = counted_log_partition(fitted(name))
    assert log_partition_exact(fitted(name)) == pytest.approx(expected, rel=1e-12)


def test_exact_is_the_sum_of_exp_of_minus_the_free_energy():
    rbm = fitted("float64")
    expected = np.logaddexp.reduce(-rbm.free_energy(states(10)))
    assert log_partition_exact(rbm) == pytest.approx(expected, rel=1e-12)


@blocks
@pytest.mark.parametrize("shape", [(5, 6), (6, 5), (1, 3), (3, 1)])
def test_exact_in_blocks_of_any_size(shape, block, monkeypatch):
    monkeypatch.setattr(likelihood, "BLOCK", block)
    rbm = random_machine(*shape)
    expected = counted_log_partition(rbm)
    assert log_partition_exact(rbm) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_exact_without_weights_is_that_of_independent_units(shape):
    rbm = random_machine(*shape, scale=0.0)
    biases = np.concatenate([rbm.intercept_hidden_, rbm.intercept_visible_])
    assert log_partition_exact(rbm) == pytest.approx(softplus(biases).sum(), rel=1e-12)


@pytest.mark.parametrize("shape", [(3, 6), (6, 3)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_exact_of_large_biases_does_not_overflow(shape, sign):
    rbm = random_machine(*shape, scale=300.0, bias=2000.0)
    rbm.intercept_hidden_ *= sign
    expected = counted_log_partition(rbm)
    assert expected > 2000
    assert log_partition_exact(rbm) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("shape", [(20, 21), (21, 20)])
def test_exact_takes_20_units_on_one_side(shape):
    expected = sum(shape) * np.log(2)
    assert log_partition_exact(machine(np.zeros(shape))) == pytest.approx(expected)


def test_exact_refuses_more_than_20_units_on_both_sides():
    rbm = machine(np.zeros((21, 22)))
    match = r"22 visible and 21 hidden units .* log_partition_ais"
    with refused(ValueError, match, rbm):
        log_partition_exact(rbm)


# The estimate.

estimate = cache(
    lambda name, seed, **params: log_partition_ais(
        fitted(name), random_state=seed, **params
    )
)


def estimates(name, seeds, **params):
    """Return how far the estimates are off, and the standard errors they report."""
    exact = log_partition_exact(fitted(name))
    values, errors = np.transpose([estimate(name, seed, **params) for seed in seeds])
    return values - exact, errors


# Four errors and not three: of many comparisons one is off by three by mere chance, as
# soon as training gives other bits. The mean over the seeds is the sharper test.


@every_machine
def test_ais_is_right_within_its_errors(name):
    off, errors = estimates(name, range(10), n_steps=300)
    assert (errors < 0.2).all()
    assert (np.abs(off) < 4 * errors).all()
    assert abs(off.mean()) < 4 * np.sqrt((errors**2).mean() / off.size)


@every_machine
@pytest.mark.parametrize("n_steps", [1, 2, 5])
def test_ais_is_right_for_any_number_of_steps(name, n_steps):
    off, error = estimates(name, [0], n_steps=n_steps, n_chains=20000)
    assert error < 0.2
    assert abs(off) < 4 * error


@pytest.mark.parametrize("name", ["persistent", "strong weights"])
@pytest.mark.parametrize("rate", [0.2, 0.7])
def test_ais_is_right_from_any_base_rates(name, rate):
    rates = np.linspace(rate, 0.5, fitted(name).intercept_visible_.size)
    options = {"n_steps": 30, "n_chains": 2000}
    off, error = estimates(name, [0], base_rates=tuple(rates), **options)
    assert error < 0.1
    assert abs(off) < 4 * error


def test_ais_reports_an_honest_error():
    off, errors = estimates("strong weights", range(30), n_steps=300)
    assert 0.5 < off.std(ddof=1) / errors.mean() < 2
    assert (np.abs(off) < 3 * errors).mean() >= 0.9


def test_ais_of_one_step_and_two_chains_by_hand():
    """One visible unit: a chain's weight is one of two, whichever it begins with."""
    rbm = random_machine(3, 1)
    off, on = 2 * np.exp(np.logaddexp.reduce(log_joint(rbm), axis=1))
    pairs = [(off, off), (off, on), (on, on)]
    expected = [(np.log((x + y) / 2), abs(x - y) / (x + y)) for x, y in pairs]
    found = [log_partition_ais(rbm, 2, 1, seed, base_rates=[0.5]) for seed in range(20)]
    distances = np.abs(np.array(found)[:, None] - expected).max(axis=2)
    assert (distances.min(axis=1) < 1e-12).all()
    assert set(distances.argmin(axis=1)) == {0, 1, 2}


def test_ais_takes_as_many_steps_as_told():
    found = [log_partition_ais(fitted("set"), 10, n, 0)[0] for n in (1, 2, 3, 4)]
    assert len(set(found)) == 4


def test_ais_errs_less_with_more_steps():
    few, many = (
        estimates("strong weights", range(5), n_steps=n_steps) for n_steps in (30, 1000)
    )
    assert many[1].mean() < few[1].mean() / 2
    assert np.abs(many[0]).mean() < np.abs(few[0]).mean()


def test_ais_errs_less_with_the_root_of_the_number_of_chains():
    few, many = (
        estimates("strong weights", range(5), n_steps=300, n_chains=n)[1].mean()
        for n in (100, 1600)
    )
    assert few / many == pytest.approx(4, rel=0.3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ais_without_weights_is_exact(dtype):
    rbm = random_machine(5, 7, scale=0.0, dtype=dtype)
    value, error = log_partition_ais(rbm, 10, 10, 0)
    assert value == pytest.approx(log_partition_exact(rbm), rel=1e-6)
    assert error < 1e-6


@pytest.mark.parametrize("sign", [-1, 1])
def test_ais_of_large_biases_does_not_overflow(sign):
    rbm = random_machine(5, 7, bias=2000.0)
    rbm.intercept_hidden_ *= sign
    value, error = log_partition_ais(rbm, 10, 10, 0)
    assert value == pytest.approx(counted_log_partition(rbm), rel=1e-9)
    assert error < 1e-6


def test_ais_defaults_to_the_visible_biases():
    rbm = fitted("float64")
    rates = 1 / (1 + np.exp(-rbm.intercept_visible_))
    given = log_partition_ais(rbm, 10, 20, 0, base_rates=rates)
    assert log_partition_ais(rbm, 10, 20, 0) == pytest.approx(given, rel=1e-9)


def test_ais_errs_less_from_rates_near_the_data():
    rng = np.random.default_rng(0)
    X = (rng.random((300, 12)) < np.where(np.arange(12) < 8, 0.05, 0.9)).astype(float)
    rbm = sparse_rbm().fit(X)

    def mean_error(rates):
        options = {"n_steps": 20, "base_rates": rates}
        found = [log_partition_ais(rbm, random_state=i, **options) for i in range(5)]
        return np.mean(found, axis=0)[1]

    assert mean_error(X.mean(axis=0)) < mean_error(np.full(12, 0.5)) / 2


def test_ais_is_reproducible():
    rbm = fitted("set")
    with nothing_changes(rbm):
        first = log_partition_ais(rbm, 10, 10, 3)
        assert log_partition_ais(rbm, 10, 10, 3) == first
        state = np.random.RandomState(3)
        assert log_partition_ais(rbm, 10, 10, state) == first
        assert log_partition_ais(rbm, 10, 10, state) != first
        assert log_partition_ais(rbm, 10, 10, 4) != first


def test_partitions_are_python_floats():
    rbm = fitted("set")
    returned = [*log_partition_ais(rbm, 10, 10, 0), log_partition_exact(rbm)]
    assert {type(number) for number in returned} == {float}


@pytest.mark.parametrize("name", ["n_chains", "n_steps"])
@pytest.mark.parametrize(
    ("value", "error"),
    [
        (0, ValueError),
        (-5, ValueError),
        (2.0, TypeError),
        ("9", TypeError),
        (None, TypeError),
        ([9], TypeError),
    ],
)
@pytest.mark.parametrize("caller", ["log_partition_ais", "log_likelihood"])
def test_bad_numbers_are_refused(name, value, error, caller):
    rbm, X = fitted("set"), clusters(5)
    data = [X] if caller == "log_likelihood" else []
    with refused(error, name, rbm, X):
        getattr(likelihood, caller)(rbm, *data, **{name: value})


def test_one_chain_has_no_error_and_is_refused():
    with pytest.raises(ValueError, match="n_chains"):
        log_partition_ais(fitted("set"), 1)


@pytest.mark.parametrize(
    "rates",
    [
        0.5,
        np.full(9, 0.5),
        np.full(11, 0.5),
        np.full((1, 10), 0.5),
        np.full((10, 1), 0.5),
        *(np.r_[np.full(9, 0.5), bad] for bad in (0, 1, -0.1, 1.1, np.nan, np.inf)),
    ],
)
def test_bad_base_rates_are_refused(rates):
    with refused(ValueError, "base_rates must be 10 probabilities", fitted("set")):
        log_partition_ais(fitted("set"), base_rates=rates)


# The likelihood.

TINY = {
    "more visible": lambda: random_machine(3, 6),
    "more hidden": lambda: random_machine(7, 5),
    "strong": lambda: random_machine(5, 6, scale=3.0, bias=3.0),
    "float32": lambda: random_machine(3, 6, dtype=np.float32),
    "SparseRBM": lambda: sparse_rbm().fit(clusters(100, 6)),
    "SparseRBM, float64": lambda: sparse_rbm(dtype=np.float64).fit(clusters(100, 6)),
    "BernoulliRBM": lambda: dense_rbm().fit(clusters(100, 6)),
}
tiny = cache(lambda name: TINY[name]())
every_tiny = pytest.mark.parametrize("name", TINY)


@every_tiny
def test_likelihood_of_each_state_is_its_probability(name):
    rbm = tiny(name)
    log_partition = log_partition_exact(rbm)
    V = states(rbm.components_.shape[1])
    actual = [log_likelihood(rbm, [v], log_partition=log_partition)[0] for v in V]
    single = rbm.components_.dtype == np.float32
    expected = counted_log_probabilities(rbm)
    np.testing.assert_allclose(actual, expected, atol=1e-5 if single else 1e-12)
    assert np.exp(actual).sum() == pytest.approx(1, rel=1e-5 if single else 1e-12)


@every_tiny
def test_likelihood_is_the_mean_over_rows(name):
    rbm = tiny(name)
    V = states(rbm.components_.shape[1])
    rows = np.random.default_rng(0).integers(len(V), size=101)
    expected = counted_log_probabilities(rbm)[rows].mean()
    log_partition = log_partition_exact(rbm)
    actual, error = log_likelihood(rbm, V[rows], log_partition=log_partition)
    assert actual == pytest.approx(expected, rel=1e-5)
    assert error == 0


@blocks
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_likelihood_in_blocks_of_any_size(block, kind, monkeypatch):
    rbm, X = random_machine(4, 10), kind(clusters(31))
    whole = log_likelihood(rbm, X, log_partition=1.0)
    monkeypatch.setattr(likelihood, "BLOCK", block)
    assert log_likelihood(rbm, X, log_partition=1.0) == pytest.approx(whole, rel=1e-12)


KINDS = {
    "list": np.ndarray.tolist,
    "integers": lambda X: X.astype(int),
    "booleans": lambda X: X.astype(bool),
    "float32": lambda X: X.astype(np.float32),
    "columns first": np.asfortranarray,
    **{
        name: getattr(sparse, name)
        for form in ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")
        for name in (f"{form}_array", f"{form}_matrix")
    },
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["float64", "BernoulliRBM"])
@pytest.mark.parametrize("options", [{"log_partition": 2.0}, {"random_state": 0}])
def test_any_kind_of_X_has_the_same_likelihood(kind, name, options):
    rbm, X = fitted(name), clusters(20)
    expected = log_likelihood(rbm, X, n_chains=10, n_steps=10, **options)
    X = KINDS[kind](X)
    with nothing_changes(rbm, X):
        actual = log_likelihood(rbm, X, n_chains=10, n_steps=10, **options)
    assert actual == pytest.approx(expected, rel=1e-12)


def test_likelihood_takes_stored_zeros():
    X = sparse.csr_array(clusters(20))
    expected = log_likelihood(fitted("set"), X, log_partition=2.0)
    stored = X.copy()
    stored.data[::2] = 0
    pruned = stored.copy()
    pruned.eliminate_zeros()
    actual, pruned = (
        log_likelihood(fitted("set"), X, log_partition=2.0) for X in (stored, pruned)
    )
    assert actual == pytest.approx(pruned)
    assert actual != pytest.approx(expected)


def test_error_of_a_given_partition_is_passed_on():
    rbm, X = fitted("set"), clusters(20)
    alone, none = log_likelihood(rbm, X, log_partition=2.5)
    assert none == 0
    assert log_likelihood(rbm, X, log_partition=(2.5, 0.125)) == (alone, 0.125)
    assert log_likelihood(rbm, X, log_partition=0.0)[0] == pytest.approx(alone + 2.5)


@pytest.mark.parametrize("name", ["set", "float64", "BernoulliRBM"])
def test_partition_is_estimated_from_the_means_of_X(name):
    rbm, X = fitted(name), clusters(20)
    rates = (X.sum(axis=0) + 0.5) / 21
    partition = log_partition_ais(rbm, 12, 30, 5, base_rates=rates)
    expected = log_likelihood(rbm, X, log_partition=partition)
    actual = log_likelihood(rbm, X, n_chains=12, n_steps=30, random_state=5)
    assert actual == pytest.approx(expected, rel=1e-6)
    assert actual[1] == pytest.approx(partition[1], rel=1e-4)


@every_machine
def test_estimate_is_near_the_exact_value(name):
    rbm = fitted(name)
    X = clusters(50, rbm.intercept_visible_.size)
    log_partition = log_partition_exact(rbm)
    exact, _ = log_likelihood(rbm, X, log_partition=log_partition)
    value, error = log_likelihood(rbm, X, n_steps=300, random_state=0)
    assert 0 < error < 0.2
    assert abs(value - exact) < 4 * error


def test_likelihood_of_constant_columns_is_finite():
    X = np.zeros((10, 10))
    X[:, 5:] = 1
    value, error = log_likelihood(fitted("set"), X, random_state=0)
    assert value < 0
    assert error < 0.2


def test_likelihood_is_reproducible():
    rbm, X = fitted("set"), clusters(20)

    def drawn(seed):
        return log_likelihood(rbm, X, n_chains=10, n_steps=10, random_state=seed)

    with nothing_changes(rbm, X):
        first = drawn(0)
        assert drawn(0) == drawn(np.random.RandomState(0)) == first
        assert drawn(1) != first


def test_likelihood_is_two_python_floats():
    returned = log_likelihood(fitted("set"), clusters(20), log_partition=np.float32(2))
    assert [type(number) for number in returned] == [float, float]


def test_likelihood_without_weights_is_that_of_independent_units():
    X, means = clusters(50), np.linspace(0.1, 0.8, 10)
    rbm = machine(np.zeros((4, 10)), 0.7, np.log(means / (1 - means)))
    value, error = log_likelihood(rbm, X, n_steps=10, random_state=0)
    assert value == pytest.approx(independent(X, means), abs=4 * error)
    log_partition = log_partition_exact(rbm)
    value, _ = log_likelihood(rbm, X, log_partition=log_partition)
    assert value == pytest.approx(independent(X, means), rel=1e-12)


def test_the_right_structure_is_likelier_than_independent_units():
    """One hidden unit switches all visible ones, each wrong one time in eight."""
    odds = np.log(7)
    rbm = machine(np.full((1, 10), 2 * odds), -10 * odds, -odds)
    rng = np.random.default_rng(0)
    X = (rng.random((500, 10)) < np.repeat([[1 / 8], [7 / 8]], 250, axis=0)) * 1.0
    log_partition = log_partition_exact(rbm)
    value, _ = log_likelihood(rbm, X, log_partition=log_partition)
    entropy = np.log(2) - 10 * (np.log(1 / 8) / 8 + np.log(7 / 8) * 7 / 8)
    assert value == pytest.approx(-entropy, abs=0.3)
    assert value > independent(X, X.mean(axis=0)) + 1


@pytest.mark.parametrize("persistent", [False, True])
def test_a_trained_machine_is_likelier_than_independent_units(persistent):
    X, unseen = clusters(500), clusters(500, seed=2)
    rbm = sparse_rbm(persistent=persistent).fit(X)
    value, error = log_likelihood(rbm, unseen, random_state=0)
    assert error < 0.1
    assert value > independent(unseen, X.mean(axis=0)) + 0.4


@pytest.mark.parametrize("bad", [0.5, 2, -1, 1e-3])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csc_matrix])
@pytest.mark.parametrize("row", [0, 19])
def test_other_values_than_zeros_and_ones_are_refused(bad, kind, row):
    X = clusters(20)
    X[row, 3] = bad
    with refused(ValueError, "Binarizer", fitted("set"), X):
        log_likelihood(fitted("set"), kind(X), log_partition=1.0)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_refused(bad, kind):
    X = clusters(20)
    X[4, 3] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        log_likelihood(fitted("set"), kind(X), log_partition=1.0)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("width", [1, 9, 11])
@pytest.mark.parametrize("name", ["set", "BernoulliRBM"])
def test_another_number_of_features_is_refused(width, kind, name):
    X = kind(np.ones((4, width)))
    match = f"X has {width} features, but .* 10 features"
    with refused(ValueError, match, fitted(name), X):
        log_likelihood(fitted(name), X)


@pytest.mark.parametrize("rbm", [SparseRBM(), BernoulliRBM()], ids=["sparse", "dense"])
def test_an_unfitted_machine_is_refused(rbm):
    X = clusters(5)
    for ask in (log_partition_exact, log_partition_ais):
        with refused(NotFittedError, "not fitted", rbm):
            ask(rbm)
    with refused(NotFittedError, "not fitted", rbm, X):
        log_likelihood(rbm, X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_duplicates_are_added_up(dtype):
    def twice(value):
        parts = np.full(2, value, dtype), np.array([1, 1]), np.array([0, 2])
        return sparse.csr_array(parts, shape=(1, 10))

    rbm, row = fitted("set"), np.eye(10)[[1]]
    expected = log_likelihood(rbm, row, log_partition=1.0)
    given = twice(0.5)
    assert log_likelihood(rbm, given, log_partition=1.0) == expected
    assert given.nnz == 2
    with pytest.raises(ValueError, match="Binarizer"):
        log_likelihood(rbm, twice(1), log_partition=1.0)


@pytest.mark.parametrize("make", [sparse_rbm, dense_rbm])
def test_indices_outside_the_matrix_are_refused(make):
    rbm = make().fit(clusters(50))
    X = sparse.csr_matrix(clusters(5))
    X.indices[3] = 10**6
    with refused(ValueError, "ind", rbm):
        log_likelihood(rbm, X, log_partition=1.0)


@pytest.mark.parametrize("make", [sparse_rbm, dense_rbm])
def test_columns_in_another_order_are_refused(make):
    frame = DataFrame(clusters(50), columns=list("abcdefghij"))
    rbm = make().fit(frame)
    assert log_likelihood(rbm, frame, log_partition=log_partition_exact(rbm))[0] < 0
    with refused(ValueError, "feature names should match", rbm):
        log_likelihood(rbm, frame[frame.columns[::-1]], log_partition=1.0)
