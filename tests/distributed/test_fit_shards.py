"""`skset.distributed.fit`: one network on many shards of rows."""

import numpy as np
import pytest
from mortal_crew import digits, same_networks
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import NotFittedError

import skset
from skset import (
    ContinualSETClassifier,
    QuickSelection,
    SETClassifier,
    SETRegressor,
    SparseRBM,
    StableSelection,
)
from skset.distributed import _rounds, fit
from skset.model import averaged
from skset.strategies import METHODS


def fitted(estimator, shards, rounds=3, **more):
    return fit(estimator, shards, rounds=rounds, backend="sequential", **more)


def same_predictions(one, other, X):
    return np.array_equal(one.predict_proba(X), other.predict_proba(X))


def small(**more):
    return SETClassifier((30, 20), random_state=0, **more)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"solver": "sgd"},
        {"solver": "adamw"},
        {"dropout": 0.2},
        {"method": "mest", "zeta": 0.3},
        {"method": "set", "density_schedule": "cubic"},
        {"learning_rate": "cosine"},
        {"dtype": np.float64, "max_norm": 1.0},
        {"class_weight": "balanced"},
        {"batch_size": 7, "shuffle": False},
    ],
    ids=str,
)
def test_one_shard_and_one_local_epoch_are_an_ordinary_fit(params):
    [(X, y)], X_test, _ = digits(1)
    usual = small(max_iter=5, n_iter_no_change=1000, **params).fit(X, y)
    shared = fitted(small(n_iter_no_change=1000, **params), [(X, y)], rounds=5)
    if params.get("method") == "mest":  # it looks at rows, drawn in another order
        assert shared.nnz_ == usual.nnz_
        return
    assert same_networks(usual, shared)
    assert usual.loss_curve_ == shared.loss_curve_
    assert (usual.n_iter_, usual.t_) == (shared.n_iter_, shared.t_)
    assert usual.best_loss_ == shared.best_loss_
    np.testing.assert_array_equal(
        usual.predict_proba(X_test), shared.predict_proba(X_test)
    )


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_one_shard_is_an_ordinary_fit_of_a_regressor(loss):
    X, y = load_diabetes(return_X_y=True)
    usual = SETRegressor((20,), loss=loss, random_state=0, max_iter=4).fit(X, y)
    shared = fitted(SETRegressor((20,), loss=loss, random_state=0), [(X, y)], rounds=4)
    assert same_networks(usual, shared)
    assert usual.score(X, y) == shared.score(X, y)


@pytest.mark.parametrize("persistent", [False, True])
def test_one_shard_is_an_ordinary_fit_of_a_machine(persistent):
    X = load_digits().data / 16
    params = {"n_components": 30, "random_state": 0, "persistent": persistent}
    usual = SparseRBM(n_iter=4, **params).fit(X)
    shared = fitted(SparseRBM(**params), [(X, None)], rounds=4)
    assert same_networks(usual, shared)
    np.testing.assert_array_equal(usual.intercept_visible_, shared.intercept_visible_)


def test_more_shards_learn_nearly_as_well_and_far_better_than_one_of_them():
    shards, X_test, y_test = digits(4, 1200)
    X, y = (np.concatenate(parts) for parts in zip(*shards, strict=True))
    scores = [
        fitted(small(), rows, rounds=12).score(X_test, y_test)
        for rows in (shards, [(X, y)], shards[:1])
    ]
    assert scores[0] > scores[1] - 0.03
    assert scores[0] > scores[2]


def test_all_shards_have_the_connections_of_the_lead_after_every_round(monkeypatch):
    seen = []
    taken = _rounds.Rounds._check

    def check(self, number, answer):
        seen.append((self.n_epochs, answer.checksum))
        taken(self, number, answer)

    monkeypatch.setattr(_rounds.Rounds, "_check", check)
    shards, *_ = digits(3)
    fitted(small(), shards, rounds=4)
    assert len(seen) == 12
    assert len(set(seen)) == 4  # the same in a round
    assert len({code for _, code in seen}) == 4  # another one in each


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_evolves_alike_everywhere(method):
    shards, X_test, y_test = digits(3)
    model = fitted(small(method=method), shards, rounds=5)
    assert model.score(X_test, y_test) > 0.5
    alone = small(method=method, max_iter=5, n_iter_no_change=99)
    alone.fit(*shards[0])
    assert model.nnz_ == alone.nnz_


@pytest.mark.parametrize("newborn", ["zero", "init", "he_uniform"])
def test_newborn_weights_are_alike_everywhere(newborn):
    shards, X_test, y_test = digits(2)
    model = fitted(small(newborn=newborn, grow="cosine"), shards)
    assert model.score(X_test, y_test) > 0.4


def test_local_epochs_are_part_of_the_planned_length():
    shards, *_ = digits(2)
    rates = []

    def schedule(progress):
        rates.append(progress)
        return 1.0

    model = fitted(small(learning_rate=schedule), shards, rounds=2, local_epochs=3)
    assert len(model.loss_curve_) == model.n_iter_ == 6
    assert len(model.rounds_) == 2
    assert 0.9 < max(rates) < 1


def test_what_a_round_is_worth():
    shards, *_ = digits(2)
    model = fitted(small(), shards)
    first, second, third = model.rounds_
    size = 4 * (model.nnz_ + 60)
    for one in (second, third):
        assert 0.5 * size < one["bytes_sent"] < 3 * size
        assert one["bytes_sent"] < one["bytes_received"] < 2.5 * one["bytes_sent"]
    assert first["bytes_sent"] > second["bytes_sent"]  # all of the network
    assert [one["round"] for one in model.rounds_] == [1, 2, 3]
    assert [one["loss"] for one in model.rounds_] == model.loss_curve_
    assert all(one["lost"] == [] and one["seconds"] > 0 for one in model.rounds_)


def test_shards_count_by_the_weights_of_their_rows():
    """Shards of weight 0 change nothing, and units of weights do not matter."""
    shards, X_test, _ = digits(2)
    (X, y), (X_2, y_2) = shards
    rng = np.random.default_rng(0)
    weight = rng.random(len(y))
    model = small(class_weight={0: 2.0})
    one = fitted(clone(model), [(X, y, weight), (X_2, y_2, weight[: len(y_2)])])
    other = fitted(
        clone(model), [(X, y, 8e9 * weight), (X_2, y_2, 8e9 * weight[: len(y_2)])]
    )
    np.testing.assert_array_equal(
        one.predict_proba(X_test), other.predict_proba(X_test)
    )


def test_sparse_rows_and_frames():
    pd = pytest.importorskip("pandas")
    shards, X_test, y_test = digits(2)
    dense = fitted(small(), shards)
    csr = fitted(small(), [(sparse.csr_array(X), y) for X, y in shards])
    frames = [(pd.DataFrame(X).add_prefix("p"), y) for X, y in shards]
    named = fitted(small(), frames)
    assert named.feature_names_in_.tolist() == [f"p{i}" for i in range(64)]
    assert same_networks(dense, named)
    assert csr.score(X_test, y_test) > 0.6


def test_a_class_that_one_shard_lacks_is_learned_from_the_others():
    X, y = load_digits(return_X_y=True)
    X, y = X[:600], np.array([f"n{label}" for label in y[:600]])
    low = y < "n5"
    model = fitted(small(), [(X[low], y[low]), (X[~low], y[~low])], rounds=8)
    assert model.classes_.tolist() == [f"n{i}" for i in range(10)]
    assert set(model.predict(X)) > {"n1", "n8"}


def test_labels_of_several_columns():
    X, y = load_digits(return_X_y=True)
    Y = np.c_[y % 2, y > 4].astype(int)
    model = fitted(small(), [(X[:400:2], Y[:400:2]), (X[1:400:2], Y[1:400:2])])
    assert model.predict(X).shape == Y.shape


def test_the_result_is_an_ordinary_estimator(tmp_path):
    shards, X_test, _ = digits(2)
    model = fitted(small(), shards)
    skset.save(model, tmp_path / "model.npz")
    loaded = skset.load(tmp_path / "model.npz")
    assert same_networks(model, loaded)
    assert loaded.rounds_ == model.rounds_
    loaded.partial_fit(*shards[0])
    again = clone(model).set_params(max_iter=2)
    with pytest.raises(NotFittedError):
        again.predict(X_test)
    again = model.set_params(max_iter=2)
    again.fit(*shards[0])
    assert not hasattr(again, "rounds_")


def test_an_earlier_fit_leaves_no_trace():
    shards, *_ = digits(2)
    X, y = shards[0]
    model = small(max_iter=2).fit(X, y)
    fitted(model, shards)
    fresh = fitted(small(max_iter=2), shards)
    assert same_networks(model, fresh)
    assert model.n_iter_ == 3


# Own topologies.


@pytest.mark.parametrize("method", ["set", "ctre"])
def test_own_topologies_are_united_and_pruned_to_the_common_number(method):
    shards, X_test, y_test = digits(3)
    common = fitted(small(method=method, final_drop=False), shards, rounds=6)
    own = fitted(
        small(method=method, final_drop=False), shards, rounds=6, own_topologies=0.3
    )
    assert own.nnz_ == common.nnz_
    assert not same_networks(own, common)
    assert own.score(X_test, y_test) > common.score(X_test, y_test) - 0.15
    before, between, last = (own.rounds_[n]["bytes_received"] for n in (3, 4, 5))
    if method == "set":  # which looks at no rows
        assert between < 2000  # losses
        assert before < last  # topologies too


def test_own_topologies_differ_between_shards(monkeypatch):
    found = []

    def note(networks, *more):
        found.extend(networks)
        return averaged(networks, *more)

    monkeypatch.setattr(_rounds, "averaged", note)
    shards, *_ = digits(2)
    fitted(small(), shards, rounds=5, own_topologies=0.5)
    one, other = (network.layers[0].topology for network in found)
    assert one.nnz == other.nnz
    assert not np.array_equal(one.indices, other.indices)


# Scores, and lines for the user.


def test_scores_of_the_lead_and_of_the_shards(capsys):
    shards, X_test, y_test = digits(2)
    lead = fitted(small(final_drop=False), shards, X_val=X_test, y_val=y_test)
    assert lead.rounds_[-1]["score"] == lead.score(X_test, y_test)
    own = fitted(small(final_drop=False), shards, scoring="accuracy", verbose=1)
    assert same_networks(lead, own)  # they change nothing
    mean = np.mean([own.score(X, y) for X, y in shards])
    assert own.rounds_[-1]["score"] == pytest.approx(mean)
    # The averages go out for the scores already, and are not sent again.
    whole = [one["bytes_sent"] for one in lead.rounds_]
    assert own.rounds_[1]["bytes_sent"] < 1.6 * whole[1]
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("Round 1/3  loss ")
    assert f"score {own.rounds_[0]['score']:.4f}" in lines[0]


def test_there_is_no_score_while_topologies_go_their_own_ways():
    shards, X_test, y_test = digits(2)
    model = fitted(
        small(), shards, rounds=4, own_topologies=0.5, X_val=X_test, y_val=y_test
    )
    scores = [one["score"] for one in model.rounds_]
    assert np.isnan(scores).tolist() == [False, False, True, True]


# Interrupts.


def test_an_interrupt_keeps_the_finished_rounds():
    shards, X_test, y_test = digits(2)
    calls = []

    def scorer(model, X, y):
        calls.append(model)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return 0.0

    with pytest.warns(UserWarning, match="interrupted"):
        model = fitted(small(), shards, 5, scoring=scorer, X_val=X_test, y_val=y_test)
    assert model.n_iter_ == 2
    assert len(model.rounds_) == 1
    assert same_networks(model, calls[1])


def test_an_interrupt_before_the_first_round_ends_leaves_nothing(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(_rounds.Rounds, "next", interrupt)
    shards, X_test, _ = digits(2)
    model = small()
    with pytest.raises(KeyboardInterrupt):
        fitted(model, shards)
    with pytest.raises(NotFittedError):
        model.predict(X_test)


# Bad input.


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"rounds": 0}, "rounds"),
        ({"rounds": 2.0}, "rounds"),
        ({"rounds": True}, "rounds"),
        ({"local_epochs": 0}, "local_epochs"),
        ({"own_topologies": 1.0}, "own_topologies"),
        ({"own_topologies": -0.1}, "own_topologies"),
        ({"own_topologies": "0.3"}, "own_topologies"),
        ({"n_workers": 0}, "n_workers"),
        ({"client": object()}, "client or backend"),
        ({"y_val": [1]}, "X_val was not"),
        ({"resume": True}, "checkpoint"),
    ],
)
def test_arguments_are_checked(more, named):
    shards, *_ = digits(2)
    model = small()
    before = vars(model).copy()
    with pytest.raises(ValueError, match=named):
        fitted(model, shards, **more)
    assert vars(model) == before


@pytest.mark.parametrize(
    "estimator",
    [StableSelection(), ContinualSETClassifier(), QuickSelection(5), object()],
)
def test_estimators_that_cannot_be_fitted_on_shards_are_refused(estimator):
    with pytest.raises(TypeError, match=type(estimator).__name__):
        fitted(estimator, digits(2)[0])


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"solver": "lbfgs"}, "lbfgs"),
        ({"early_stopping": True}, "early_stopping"),
        ({"unit_pruning": "strength"}, "unit_pruning"),
        ({"solver": "sgd", "learning_rate": "adaptive"}, "adaptive"),
        ({"warm_start": True}, "warm_start"),
        ({"alpha": -1.0}, "alpha"),
    ],
)
def test_parameters_that_do_not_go_with_shards_are_refused(params, named):
    with pytest.raises(ValueError, match=named):
        fitted(small(**params), digits(2)[0])


def test_errors_name_the_shard_and_leave_the_estimator():
    (one, other), *_ = digits(2)
    X, y = other
    bad = X.copy()
    bad[3, 3] = np.nan
    cases = [
        ([one, (X[:, :50], y)], "shards\\[1\\] has 50 features"),
        ([one, (bad, y)], "shards\\[1\\].*NaN"),
        ([one, (X[:0], y[:0])], "shards\\[1\\].*0 sample"),
        ([one, (X, y + 0.5)], "shards\\[1\\].*Unknown label type"),
        ([one, (X, y, np.ones(len(y)))], "sample_weight"),
        ([one, (X, y[:-1])], "shards\\[1\\].*inconsistent"),
    ]
    for shards, message in cases:
        model = small()
        before = vars(model).copy()
        with pytest.raises(ValueError, match=message):
            fitted(model, shards)
        assert vars(model) == before


def test_a_divergence_names_the_shard():
    shards, *_ = digits(2)
    with pytest.raises(ValueError, match="shards\\[0\\]: Training produced non-finite"):
        fitted(small(learning_rate_init=1e30), shards)


def test_no_shards():
    with pytest.raises(ValueError, match="at least one shard"):
        fitted(small(), [])


def test_a_strategy_that_is_not_alike_everywhere_is_found():
    class Wild:
        def __call__(self, topology, n, rng, context):
            free = np.setdiff1d(
                np.arange(np.prod(topology.shape)), topology.positions()
            )
            return np.random.default_rng().permutation(free)[:n]  # not `rng`

    with pytest.raises(RuntimeError, match="other connections"):
        fitted(small(grow=Wild()), digits(2)[0])
