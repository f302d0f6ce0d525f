"""How a machine trains: topology, what it learns, weights of samples, memory."""

import tracemalloc

import numpy as np
import pytest
from estimators.cases import assert_same_machine, bits, machine
from estimators.test_rbm_partial_fit import positions
from scipy import sparse
from scipy.special import expit, logit

from skset import strategies
from skset.strategies import Needs
from skset.training import LearningRate

# Topology.


def test_static_topology_stays_and_set_keeps_its_number():
    X = bits(n_features=20)
    params = {"n_components": 20, "density": 0.25, "zeta": 0.5, "final_drop": False}
    drawn = positions(machine(**params, n_iter=1).fit(X))
    evolved = positions(machine(**params, n_iter=4).fit(X))
    params["zeta"] = None
    still = positions(machine(**params, n_iter=4, method="static").fit(X))
    assert still == drawn
    assert len(evolved) == len(drawn) == 100
    assert len(evolved - drawn) > 20


def test_zeta_is_that_of_the_paper_by_default():
    X = bits(n_features=20)
    params = {"n_components": 20, "density": 0.25, "n_iter": 2}
    assert_same_machine(machine(zeta=0.3, **params).fit(X), machine(**params).fit(X))


@pytest.mark.parametrize("zeta", [0.2, 0.4])
def test_final_drop_takes_its_share(zeta):
    X = bits(n_features=20)
    params = {"n_components": 20, "density": 0.25, "zeta": zeta}
    whole = machine(**params, final_drop=False).fit(X)
    cut = machine(**params, final_drop=True).fit(X)
    dropped = whole.nnz_ - cut.nnz_
    assert dropped in (int(zeta * 100), int(zeta * 100) - 1)  # each sign rounds
    assert positions(cut) < positions(whole)
    kept = np.min(abs(cut.components_.data))
    assert (abs(whole.components_.data) < kept).sum() > dropped / 2
    static = machine(20, density=0.25, method="static", final_drop=True)
    assert static.fit(X).nnz_ == 100


@pytest.mark.parametrize("epsilon", [0.2, 1, 3.7, 11])
def test_number_of_connections_is_that_of_erdos_and_renyi(epsilon):
    model = machine(9, density=None, epsilon=epsilon, final_drop=False)
    nnz = min(1, epsilon * (9 + 20) / (9 * 20)) * 9 * 20
    assert model.fit(bits(n_features=20)).nnz_ == max(1, round(nnz))


@pytest.mark.parametrize("init", ["erdos_renyi", "uniform", strategies.ErdosRenyi(2)])
def test_full_machine_is_dense_and_stays_so(init):
    by_density = machine(density=1.0, init=init, final_drop=False).fit(bits())
    assert by_density.density_ == 1
    assert by_density.components_.nnz == 30


@pytest.mark.parametrize(("newborn", "weigh"), [(None, False), ("init", True)])
def test_newborn_connections_weigh_what_they_should(newborn, weigh):
    params = {"zeta": 0.5, "newborn": newborn, "learning_rate": 1e-12, "n_iter": 2}
    model = machine(20, final_drop=False, **params).fit(bits(n_features=20))
    tiny = abs(model.components_.data) < 1e-9
    assert tiny.mean() == pytest.approx(0.0 if weigh else 0.5, abs=0.02)


def test_initial_weights_are_those_of_the_paper():
    model = machine(200, density=1.0, learning_rate=1e-12, n_iter=1, method="static")
    weights = model.fit(bits(n_features=50)).components_.data
    assert weights.std() == pytest.approx(0.05, rel=0.02)
    assert abs(weights.mean()) < 0.002
    assert not model.intercept_hidden_.round(6).any()


NAMED = {
    "drop": ("magnitude", strategies.MagnitudeDrop()),
    "grow": ("random", strategies.RandomGrow()),
    "zeta_schedule": ("cosine", strategies.CosineSchedule(0.4)),
}


@pytest.mark.parametrize("name", NAMED)
def test_strategy_and_its_name_are_the_same(name):
    word, strategy = NAMED[name]
    by_name, by_object = (
        machine(zeta=0.4, n_iter=5, **{name: how}).fit(bits(n_features=20))
        for how in (word, strategy)
    )
    assert_same_machine(by_name, by_object)
    plain = machine(zeta=0.4, n_iter=5).fit(bits(n_features=20))
    assert name == "grow" or positions(by_name) != positions(plain)


def test_strategies_of_the_user_see_samples_of_both_phases():
    seen = []

    class Grow:
        needs = Needs(samples=256)

        def __call__(self, topology, n, rng, context):
            seen.append((context.inputs.shape, context.deltas.shape))
            return topology.free_positions(np.arange(n))

    machine(grow=Grow()).fit(bits())
    assert seen == [((5, 80), (6, 80))] * 2  # of all 40 samples


# What it learns.


def patterns(n=400):
    """Return noisy copies of four patterns of 24 bits."""
    rng = np.random.default_rng(0)
    prototypes = rng.random((4, 24)) < 0.5
    X = prototypes[rng.integers(4, size=n)]
    return (X ^ (rng.random(X.shape) < 0.05)).astype(float)


WAYS = {
    "CD-1": {},
    "CD-3": {"n_gibbs": 3},
    "PCD-1": {"persistent": True, "learning_rate": 0.05},
    "PCD-3": {"persistent": True, "learning_rate": 0.05, "n_gibbs": 3},
    "static": {"method": "static"},
    "dense": {"density": 1.0},
}


@pytest.mark.parametrize("params", WAYS.values(), ids=WAYS)
def test_it_learns(params):
    X = patterns()
    X, new = X[:300], X[300:]
    params = {"random_state": 3, "n_iter": 40, "momentum": 0.9, **params}
    model = machine(30, **params).fit(X)
    curve = model.reconstruction_error_curve_
    assert curve[-1] < 0.8 * curve[0]
    means = (X.sum(axis=0) + 0.5) / 301
    independent = (new * np.log(means) + (1 - new) * np.log(1 - means)).sum(axis=1)
    assert model.score(new) > 0.8 * independent.mean()
    rng = np.random.default_rng(1)
    shuffled = np.stack([rng.permutation(column) for column in new.T], axis=1)
    assert model.score(new) > model.score(shuffled) + 5
    assert ((model.reconstruct(new) - new) ** 2).mean() < 0.7 * new.var(axis=0).mean()


def test_ways_to_train_differ():
    X, params = patterns(), [{}, {"n_gibbs": 3}, {"persistent": True}]
    said = [machine(**way).fit(X).transform(X) for way in params]
    assert not np.array_equal(said[0], said[1])
    assert not np.array_equal(said[0], said[2])


def test_momentum_is_plain_and_begins_at_rest():
    """So that the first step is the same with it, and the second is not."""
    params = {"batch_size": 40, "method": "static"}
    for n_iter, same in [(1, True), (2, False)]:
        one, other = (
            machine(momentum=momentum, n_iter=n_iter, **params).fit(bits())
            for momentum in (0.0, 0.9)
        )
        assert np.array_equal(one.components_.data, other.components_.data) == same


def test_its_own_samples_look_like_the_data():
    X = patterns()
    model = machine(30, n_iter=60, momentum=0.9).fit(X)
    V = np.random.default_rng(1).random((200, 24)) < 0.5
    nearest = []
    for _ in range(30):
        V = model.gibbs(V)
        distances = abs(V[:, None].astype(float) - patterns(60)).sum(axis=2)
        nearest.append(distances.min(axis=1).mean())
    assert nearest[-1] < 3 < nearest[0] + 3


def test_penalty_shrinks_the_weights_alone():
    X = patterns()
    params = {"method": "static", "n_iter": 20, "dtype": np.float64}
    free, held = (machine(alpha=alpha, **params).fit(X) for alpha in (0.0, 1.0))
    assert abs(held.components_.data).mean() < 0.2 * abs(free.components_.data).mean()
    means = expit(held.intercept_visible_)
    np.testing.assert_allclose(means, X.mean(axis=0), atol=0.1)


def test_cosine_takes_the_learning_rate_down(monkeypatch):
    rates = []
    after_epoch = LearningRate.after_epoch

    def noted(self, samples):
        rates.append(self.now)
        after_epoch(self, samples)

    monkeypatch.setattr(LearningRate, "after_epoch", noted)
    machine(learning_rate_schedule="cosine", n_iter=8).fit(bits())
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.01 < 0.09 < rates[0]
    rates.clear()
    machine(learning_rate_schedule="constant").fit(bits())
    assert rates == [0.1] * 3


def test_visible_biases_begin_at_the_log_odds_of_the_weighted_means():
    X, weight = bits(), np.random.default_rng(0).random(40)
    frozen = machine(learning_rate=1e-12, dtype=np.float64)
    for given in (None, weight):
        w = np.ones(40) if given is None else given * 40 / given.sum()
        means = (w @ X + 0.5) / 41
        for data in (X, sparse.csr_array(X)):
            biases = frozen.fit(data, sample_weight=given).intercept_visible_
            np.testing.assert_allclose(biases, logit(means), rtol=1e-9)


# Weights of samples.


@pytest.mark.parametrize("persistent", [False, True])
def test_row_without_weight_takes_its_place_and_has_no_say(persistent):
    X, params = bits(), {"persistent": persistent}
    weight = np.arange(40) % 3.0
    spoilt = np.where(weight[:, None] > 0, X, 0.5)
    for fit in ("fit", "partial_fit"):
        one, other = (
            getattr(machine(**params), fit)(data, sample_weight=weight)
            for data in (X, spoilt)
        )
        assert_same_machine(one, other)
        with pytest.raises(AssertionError):
            assert_same_machine(one, getattr(machine(**params), fit)(X))


def test_rows_without_weight_are_not_counted_in_the_visible_biases():
    X, weight = bits(), np.arange(40) % 3.0
    frozen = machine(learning_rate=1e-12, dtype=np.float64)
    some = weight > 0
    biases, without = (
        frozen.fit(data, sample_weight=given).intercept_visible_.copy()
        for data, given in ((X, weight), (X[some], weight[some]))
    )
    np.testing.assert_allclose(biases, without, rtol=1e-9)


def test_equal_weights_are_no_weights():
    X, params = bits(), {"dtype": np.float64}
    plain = machine(**params).fit(X)
    for value in (1.0, 0.125):
        equal = machine(**params).fit(X, sample_weight=np.full(40, value))
        assert_same_machine(equal, plain)
    equal = machine(**params).fit(X, sample_weight=np.full(40, 7.0))
    assert positions(equal) == positions(plain)
    np.testing.assert_allclose(equal.transform(X), plain.transform(X), rtol=1e-9)
    np.testing.assert_allclose(
        equal.reconstruction_error_curve_, plain.reconstruction_error_curve_, rtol=1e-9
    )


def test_it_learns_what_has_weight():
    X = patterns()
    X[200:] = 1 - X[200:]
    model = machine(30, n_iter=20)
    model.fit(X, sample_weight=np.where(np.arange(400) < 200, 10.0, 0.1))
    first = model.score(X[:200])
    model.fit(X, sample_weight=np.where(np.arange(400) < 200, 0.1, 10.0))
    assert first > model.score(X[:200]) + 5


# Memory.


def peak_of(work):
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_wide_data_take_memory_for_their_connections_only():
    """A dense machine would take 400 MB, and a dense X 80; neither is ever made."""
    X = sparse.random_array(
        (200, 100_000), density=0.001, format="csr", dtype=np.float32, random_state=0
    )
    model = machine(1000, density=None, epsilon=11, n_iter=1, batch_size=20)
    assert peak_of(lambda: model.fit(X)) < 100e6
    assert model.nnz_ > 700_000  # of 1.1e6, after the final drop
    assert peak_of(lambda: model.transform(X)) < 50e6
    assert peak_of(lambda: model.gibbs(X[:20])) < 50e6
    assert peak_of(lambda: model.score(X[:20])) < 150e6
