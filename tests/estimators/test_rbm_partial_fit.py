"""partial_fit, warm_start and copies of a machine: what goes on from call to call."""

import copy
import pickle
from itertools import pairwise

import numpy as np
import pytest
from estimators.cases import assert_same_machine, bits, machine, refused
from estimators.test_pickle import WAYS
from sklearn.base import clone

import skset
from skset.estimators import _version_stamp
from skset.training import ContrastiveDivergence

CONFIGURATIONS = [
    {},
    {"momentum": 0.9, "dtype": np.float64},
    {"persistent": True, "n_gibbs": 2},
    {"update_interval": 3, "newborn": "init", "drop": "magnitude"},
    {"zeta_schedule": "cosine", "n_iter": 8},
    {"method": "static", "batch_size": 16},
]
every_configuration = pytest.mark.parametrize("params", CONFIGURATIONS, ids=str)


def positions(model):
    """Return the connections, as a set of flat positions."""
    W = model.components_.tocoo()
    return set((W.row * W.shape[1] + W.col).tolist())


@every_configuration
def test_passes_equal_the_epochs_of_one_fit(params):
    """With momentum, chains, schedules, topology and random numbers carried over."""
    X = bits()
    params = {"n_iter": 4, "final_drop": False, **params}
    model = machine(**params)
    for _ in range(params["n_iter"]):
        assert model.partial_fit(X) is model
    fitted = machine(**params).fit(X)
    assert_same_machine(model, fitted)
    assert model.n_iter_ == fitted.n_iter_ == params["n_iter"]
    assert model.t_ == fitted.t_ == params["n_iter"] * 40
    np.testing.assert_array_equal(model.gibbs(X), fitted.gibbs(X))


def test_rate_does_not_fall_where_training_has_no_end():
    cosine = machine(learning_rate_schedule="cosine", n_iter=2)
    constant = machine(learning_rate_schedule="constant", n_iter=2)
    for _ in range(4):
        assert_same_machine(cosine.partial_fit(bits()), constant.partial_fit(bits()))


@every_configuration
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_copy_answers_and_goes_on_as_the_original(params, way, tmp_path):
    X = bits()
    straight, copied = (machine(**params).partial_fit(X) for _ in range(2))
    copied = way(copied, tmp_path)
    assert_same_machine(copied, straight)
    assert copied.get_params() == straight.get_params()
    assert sorted(vars(copied)) == sorted(vars(straight))
    assert copied.transform(X).tobytes() == straight.transform(X).tobytes()
    assert_same_machine(copied.partial_fit(X), straight.partial_fit(X))
    (tmp_path / "again").mkdir()  # the earlier file may still be mapped
    copied = way(copied, tmp_path / "again")
    assert_same_machine(copied.partial_fit(X), straight.partial_fit(X))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_copy_samples_as_the_original_would(way, tmp_path):
    X = bits()
    model, twin = machine().fit(X), machine().fit(X)
    for each in (model, twin):
        each.gibbs(X)
    other = way(model, tmp_path)
    np.testing.assert_array_equal(other.gibbs(X), twin.gibbs(X))
    other.gibbs(X)  # of no concern to the original
    twin = machine().fit(X)
    twin.gibbs(X)
    np.testing.assert_array_equal(model.gibbs(X), twin.gibbs(X))


@pytest.mark.parametrize("what", ["momentum", "chains"])
def test_state_of_training_is_kept(what):
    """Two calls are not the same as two first calls on the same weights."""
    X = bits()
    params = {"learning_rate": 1.0, "momentum": 0.9, "persistent": True}
    # With most other seeds all chains are sampled alike, whatever they were before.
    kept = machine(method="static", random_state=2, **params)
    for _ in range(5):
        kept.partial_fit(X)
    lost = copy.deepcopy(kept)
    if what == "chains":
        lost._network = lost._network.with_chains(None)
    else:
        chains = lost._network.chains
        lost._network = lost._network.at_rest().with_chains(chains)
    assert_same_machine(kept, lost)
    kept.partial_fit(X)
    lost.partial_fit(X)
    assert not np.array_equal(kept.components_.data, lost.components_.data)


# Topology.


def test_topology_evolves_at_the_beginning_of_every_call_but_the_first():
    X = bits(n_features=20)
    model = machine(20, density=0.25, zeta=0.5, final_drop=True)
    drawn = positions(machine(20, density=0.25, method="static").partial_fit(X))
    before = positions(model.partial_fit(X))
    assert before == drawn
    for _ in range(3):
        after = positions(model.partial_fit(X))
        assert 0.1 < len(before - after) / len(before) <= 0.5
        assert len(after) == len(before) == 100  # no final drop
        before = after


def test_update_interval_counts_steps_across_calls():
    # 2 steps a call: an evolution is due after step 5, and made before step 6.
    model = machine(density=0.4, zeta=0.5, batch_size=20, update_interval=5)
    seen = [positions(model.partial_fit(bits())) for _ in range(7)]
    moved = [a != b for a, b in pairwise(seen)]
    assert moved == [False, True, False, False, True, False]


def test_calls_may_bring_any_number_of_samples():
    model = machine(batch_size=5, persistent=True)
    for rows in (slice(0, 12), slice(12, 17), slice(17, 40)):
        model.partial_fit(bits()[rows])
    assert model.t_ == 40
    assert model.n_iter_ == len(model.reconstruction_error_curve_) == 3


def test_after_a_fit_the_machine_goes_on():
    X = bits()
    model = machine(method="static").fit(X)
    before, curve = positions(model), model.reconstruction_error_curve_
    model.partial_fit(X)
    assert positions(model) == before
    assert model.n_iter_ == 4
    assert model.reconstruction_error_curve_[:3] == curve
    assert len(curve) == 3
    assert_same_machine(model.fit(X), machine(method="static").fit(X))


def test_training_a_copy_leaves_the_original():
    X = bits()
    model, twin = (machine(persistent=True).partial_fit(X) for _ in range(2))
    copy.copy(model).partial_fit(X)
    copy.deepcopy(model).partial_fit(X)
    assert_same_machine(model, twin)
    assert_same_machine(model.partial_fit(X), twin.partial_fit(X))


# A call that fails.


@pytest.mark.parametrize("what", ["range", "weights", "divergence", "interrupt"])
def test_failing_call_leaves_the_machine_bit_for_bit(what, monkeypatch):
    X = bits()
    model, twin = (machine(persistent=True).partial_fit(X) for _ in range(2))
    error = KeyboardInterrupt if what == "interrupt" else ValueError
    with refused(error, ".*", model, X):
        if what == "range":
            model.partial_fit(X + 1)
        elif what == "weights":
            model.partial_fit(X, sample_weight=np.ones(3))
        else:
            fail_in_the_last_step(monkeypatch, what)
            model.partial_fit(X)
    monkeypatch.undo()
    assert_same_machine(model.partial_fit(X), twin.partial_fit(X))


def fail_in_the_last_step(monkeypatch, what):
    step, taken = ContrastiveDivergence._step, []

    def failing(self, state, samples, rows, team):
        taken.append(rows)
        if len(taken) == 4 and what == "interrupt":
            raise KeyboardInterrupt
        error, weight = step(self, state, samples, rows, team)
        return (np.nan if len(taken) == 4 else error), weight

    monkeypatch.setattr(ContrastiveDivergence, "_step", failing)


CHANGES = [("n_components", 7), ("dtype", np.float64)]


@pytest.mark.parametrize(("what", "value"), CHANGES)
def test_another_machine_does_not_go_on(what, value):
    X = bits()
    model = machine(dtype=np.float32).partial_fit(X).set_params(**{what: value})
    with refused(ValueError, rf"partial_fit .*{what} is the same", model, X):
        model.partial_fit(X)


# warm_start.


def test_warm_start_goes_on():
    X = np.repeat(bits(), 4, axis=1)  # there is something to learn
    params = {"method": "static", "n_iter": 10, "learning_rate": 0.3}
    model = machine(warm_start=True, **params).fit(X)
    earlier, before = copy.copy(model), positions(model)
    weights, curve = earlier.components_, earlier.reconstruction_error_curve_
    data = weights.data.copy()
    model.fit(X)
    assert positions(model) == before
    assert model.reconstruction_error_curve_[:10] == curve
    assert len(model.reconstruction_error_curve_) == 20
    assert len(curve) == 10
    assert np.mean(model.reconstruction_error_curve_[10:]) < curve[0]
    np.testing.assert_array_equal(earlier.components_.data, data)
    cold = machine(**params).fit(X)
    assert not np.array_equal(model.components_.data, cold.components_.data)
    assert_same_machine(cold.fit(X), machine(**params).fit(X))


@pytest.mark.parametrize(("what", "value"), CHANGES)
def test_warm_start_refuses_another_machine(what, value):  # row 35
    X = bits()
    model = machine(dtype=np.float32, warm_start=True).fit(X)
    model.set_params(**{what: value})
    with refused(ValueError, f"warm_start .*{what} is the same", model, X):
        model.fit(X)


def test_warm_start_refuses_other_features():  # row 35
    X = bits()
    model = machine(warm_start=True).fit(X)
    with refused(ValueError, "X has 4 features", model, X):
        model.fit(X[:, :4])
    model.set_params(warm_start=False).fit(X[:, :4])
    assert model.n_features_in_ == 4


# Pickles.


def test_machine_at_rest_has_no_state_of_training():
    X = bits(n_samples=500)
    fitted = machine(20, persistent=True, batch_size=100).fit(X)
    going_on = machine(20, persistent=True, batch_size=100).partial_fit(X)
    assert len(pickle.dumps(fitted)) < len(pickle.dumps(going_on)) - 8000
    assert b"numba" not in pickle.dumps(going_on)


@pytest.mark.parametrize("fitted", [False, True])
def test_pickle_of_another_version_is_warned_of(fitted, monkeypatch):  # row 56
    model = machine().fit(bits()) if fitted else machine()
    with monkeypatch.context() as patch:
        patch.setattr(_version_stamp, "__version__", "0.0-old")
        old = pickle.dumps(model)
    with pytest.warns(UserWarning, match=rf"SparseRBM.*0\.0-old.*{skset.__version__}"):
        model = pickle.loads(old)
    assert not fitted or model.transform(bits()).shape == (40, 6)


def test_clone_forgets_what_was_learned():
    X = bits()
    model = machine(zeta=0.4).fit(X)
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    assert not hasattr(twin, "components_")
    assert_same_machine(twin.fit(X), model)


def test_rate_may_be_changed_between_calls():
    X = bits()
    model = machine(learning_rate=0.1, momentum=0.0, method="static").partial_fit(X)
    before = model.components_.data.copy()
    model.set_params(learning_rate=1e-12).partial_fit(X)
    np.testing.assert_allclose(model.components_.data, before, rtol=1e-6)
    model.set_params(learning_rate=0.1).partial_fit(X)
    assert np.abs(model.components_.data - before).max() > 1e-3


def test_chains_are_as_many_as_a_batch_asks_for():
    X = bits()
    model = machine(6, persistent=True, batch_size=7)
    model.partial_fit(X[:3])  # a small call is no reason to warn
    assert model.partial_fit(X).network_.chains.shape == (6, 7)
