"""In company: pipelines, searches, selectors, metadata routing, strategies, verbose."""

import pickle
import re
import tracemalloc
from dataclasses import dataclass

import joblib
import numpy as np
import pytest
from estimators.cases import (
    assert_same_network,
    first_call,
    impatient,
    refused,
    scores,
    small,
    toy,
)
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.inspection import permutation_importance
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from skset import strategies
from skset.estimators import SETClassifier, SETRegressor
from skset.strategies import Needs
from skset.topology import random_topology

pytestmark = impatient


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_grid_search(Estimator, backend):  # row 52
    X, y = toy(Estimator)
    grid = {"epsilon": [1, 20], "drop": ["set", strategies.MagnitudeDrop()]}
    serial = GridSearchCV(small(Estimator), grid, cv=2).fit(X, y)
    with joblib.parallel_config(backend, n_jobs=2):
        parallel = GridSearchCV(small(Estimator), grid, cv=2).fit(X, y)
    assert serial.best_params_ == parallel.best_params_
    for name in ("split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(
            serial.cv_results_[name], parallel.cv_results_[name]
        )
    assert_same_network(serial.best_estimator_, parallel.best_estimator_)


def test_cross_validation(Estimator):
    X, y = toy(Estimator)
    assert np.isfinite(cross_val_score(small(Estimator), X, y, cv=3)).all()
    assert cross_val_predict(small(Estimator), X, y, cv=3).shape == (40,)


def test_parameters_in_a_pipeline(Estimator):
    X, y = toy(Estimator)
    pipe = make_pipeline(StandardScaler(), small(Estimator))
    name = Estimator.__name__.lower()
    pipe.set_params(**{f"{name}__epsilon": 3}).fit(X, y)
    assert pipe[-1].epsilon == 3
    weight = np.linspace(0, 1, 40)
    pipe.fit(X, y, **{f"{name}__sample_weight": weight})
    direct = small(Estimator, epsilon=3)
    direct.fit(StandardScaler().fit_transform(X), y, sample_weight=weight)
    assert_same_network(pipe[-1], direct)


def test_features_are_selected_by_importance(Estimator):
    X, y = toy(Estimator, n_samples=200, n_features=10)
    model = small(Estimator, hidden_layer_sizes=(50,), max_iter=30)
    model.set_params(learning_rate_init=0.02)
    selector = SelectFromModel(model, max_features=2, threshold=-np.inf).fit(X, y)
    assert selector.get_support(indices=True).tolist() == [0, 1]
    assert selector.transform(X).shape == (200, 2)


def test_inspection_and_ensembles():
    X, y = toy(SETClassifier)
    model = small(SETClassifier)
    assert permutation_importance(model.fit(X, y), X, y, n_repeats=2).importances.size
    BaggingClassifier(small(SETClassifier), n_estimators=2).fit(X, y).predict(X)
    StackingClassifier([("set", small(SETClassifier))], cv=2).fit(X, y).predict(X)


def test_outputs_can_be_fitted_one_by_one():
    X, y = toy(SETRegressor)
    model = MultiOutputRegressor(small(SETRegressor)).fit(X, np.stack([y, y], axis=1))
    assert_same_network(*model.estimators_)


# Metadata routing.


def test_sample_weight_is_routed(Estimator):
    X, y = toy(Estimator)
    weight = np.linspace(0.1, 1, 40)
    with config_context(enable_metadata_routing=True):
        model = small(Estimator)
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"epsilon": [2]}, cv=2)
        search.fit(X, y, sample_weight=weight)
        plain = GridSearchCV(small(Estimator), {"epsilon": [2]}, cv=2).fit(X, y)
        scored = cross_validate(
            model, X, y, cv=2, params={"sample_weight": weight}, return_estimator=True
        )
    expected = small(Estimator, epsilon=2).fit(X, y, sample_weight=weight)
    assert_same_network(search.best_estimator_, expected)
    assert not np.array_equal(
        search.best_estimator_.coefs_[0].data, plain.best_estimator_.coefs_[0].data
    )
    assert len(scored["estimator"]) == 2


def test_requests_name_all_metadata(Estimator):
    with config_context(enable_metadata_routing=True):
        routing = small(Estimator).get_metadata_routing()
        fit = set(routing.fit.requests)
        partial = set(routing.partial_fit.requests)
    assert fit == {"sample_weight", "X_val", "y_val", "sample_weight_val"}
    assert partial - {"classes"} == {"sample_weight"}


@pytest.mark.parametrize("scoring", [None, "loss"])
def test_early_stopping_with_weights_while_routing_is_on(Estimator, scoring):
    X, y = toy(Estimator)
    model = small(Estimator, early_stopping=True, scoring=scoring)
    with config_context(enable_metadata_routing=True):
        routed = clone(model).fit(X, y, sample_weight=np.linspace(0.1, 1, 40))
    plain = clone(model).fit(X, y, sample_weight=np.linspace(0.1, 1, 40))
    assert_same_network(routed, plain)


# Strategies.


NAMED = {
    "init": ("erdos_renyi", strategies.ErdosRenyi(epsilon=3)),
    "drop": ("set", strategies.SETDrop()),
    "grow": ("random", strategies.RandomGrow()),
    "zeta_schedule": ("cosine", strategies.CosineSchedule(0.4)),
}


@pytest.mark.parametrize("name", NAMED)
def test_strategy_and_its_name_are_the_same(Estimator, name):
    X, y = toy(Estimator)
    word, strategy = NAMED[name]
    params = {"epsilon": 3, "zeta": 0.4}
    by_name = small(Estimator, **params, **{name: word}).fit(X, y)
    by_object = small(Estimator, **params, **{name: strategy}).fit(X, y)
    assert_same_network(by_name, by_object)
    assert_same_network(clone(by_object).fit(X, y), by_object)


@pytest.mark.parametrize("change", [{"drop": "magnitude"}, {"zeta_schedule": "cosine"}])
def test_another_name_is_another_strategy(Estimator, change):
    X, y = toy(Estimator)
    params = {"hidden_layer_sizes": (30,), "epsilon": 3, "final_drop": False}
    plain = small(Estimator, **params, drop="set", zeta_schedule="constant").fit(X, y)
    other = small(Estimator, **params, **change).fit(X, y)
    assert not np.array_equal(plain.coefs_[0].indices, other.coefs_[0].indices)


@dataclass(frozen=True)
class OldestDrop:
    """Drops the first connections."""

    seen = []  # noqa: RUF012 (what it was called with, for the test)

    def __call__(self, weights, zeta, rng):
        OldestDrop.seen.append((weights.size, zeta))
        return np.arange(weights.size) >= int(zeta * weights.size)


@dataclass(frozen=True)
class FirstGrow:
    """Grows at the first free places."""

    def __call__(self, topology, n, rng, context):
        return topology.free_positions(np.arange(n))


@dataclass(frozen=True)
class GradientDrop:
    """Drops where the gradient is small: needs samples."""

    needs = Needs(samples=256)

    def __call__(self, weights, zeta, rng, context):
        assert context.inputs.shape[1] == context.deltas.shape[1]
        return np.arange(weights.size) >= int(zeta * weights.size)


@dataclass(frozen=True)
class Halves:
    """Fills a half of each layer."""

    def __call__(self, shapes, rng):
        return [random_topology(s, max(1, s[0] * s[1] // 2), rng) for s in shapes]


def falling(progress):
    return 0.5 * (1 - progress)


OWN = {"drop": OldestDrop(), "grow": FirstGrow(), "init": Halves()}
OWN["zeta_schedule"] = falling


def test_strategies_of_the_user_work_like_ours(Estimator):
    X, y = toy(Estimator)
    OldestDrop.seen.clear()
    model = small(Estimator, max_iter=4, final_drop=False, **OWN).fit(X, y)
    assert [W.nnz for W in model.coefs_] == [20, 4]
    shares = [zeta for size, zeta in OldestDrop.seen if size == 20]
    assert len(shares) == 3  # before every epoch but the first
    assert shares == sorted(shares, reverse=True)
    assert 0 < shares[-1] < shares[0] <= 0.5
    assert_same_network(clone(model).fit(X, y), model)
    again = pickle.loads(pickle.dumps(model))
    assert again.get_params() == model.get_params()
    assert_same_network(again.fit(X, y), model)
    search = GridSearchCV(model, {"drop": [OldestDrop(), "set"]}, cv=2, n_jobs=2)
    search.fit(X, y)


@pytest.mark.parametrize("batch_size", [10, 16])  # 16 leaves a smaller last batch
def test_schedules_see_the_share_of_the_training_that_is_done(Estimator, batch_size):
    X, y = toy(Estimator)
    seen = []

    def schedule(progress):
        seen.append(progress)
        return 0.3

    model = small(Estimator, zeta_schedule=schedule, max_iter=4, final_drop=True)
    model.set_params(batch_size=batch_size).fit(X, y)
    np.testing.assert_allclose(np.diff(seen), [1 / 4] * 3)  # an epoch of four
    assert 0.9 < seen[-1] <= 1


def test_strategy_that_asks_for_samples_gets_them(Estimator):
    X, y = toy(Estimator)
    small(Estimator, drop=GradientDrop()).fit(X, y)
    small(Estimator, drop=GradientDrop(), update_interval=1).fit(X, y)


@pytest.mark.parametrize("positions", [[0, 0], [-1], [10**6], []], ids=str)
def test_growing_where_nothing_can_grow_is_refused(Estimator, positions):
    X, y = toy(Estimator)

    def grow(topology, n, rng, context):
        return np.resize(positions, n) if positions else np.empty(0, np.int64)

    model = small(Estimator, epsilon=2, grow=grow)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=r"free|must return \d+ positions"):
        model.fit(X, y)
    assert vars(model) == before


# Output.


def test_verbose_writes_a_line_per_epoch(Estimator, capsys):
    X, y = toy(Estimator)
    model = small(Estimator, max_iter=4, verbose=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    heads = [line.split(":")[0] for line in lines]
    assert heads == [f"Epoch {i} of 4" for i in range(1, 5)]
    for line, loss in zip(lines, model.loss_curve_, strict=True):
        assert f"loss {loss:.6f}" in line
        assert f", {model.nnz_} connections, " in line
    assert all(re.search(r"\d s, \d+ s left$", line) for line in lines[:-1])
    assert lines[-1].endswith(" s")
    stopped = small(Estimator, max_iter=50, verbose=1, early_stopping=True, tol=1e3)
    stopped.set_params(n_iter_no_change=1).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == stopped.n_iter_ + 1
    assert all("validation score" in line for line in lines[:-1])
    assert "did not improve" in lines[-1]
    assert "Stopping" in lines[-1]


@pytest.mark.parametrize("verbose", [0, False])
def test_silence(Estimator, verbose, capsys):
    X, y = toy(Estimator)
    first_call(small(Estimator, verbose=verbose).fit(X, y), X, y)
    said = capsys.readouterr()
    assert said.out == said.err == ""


def test_representations(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator, drop=strategies.SETDrop())
    assert repr(model).startswith(f"{Estimator.__name__}(")
    assert "SETDrop()" in repr(model)
    assert Estimator.__name__ in estimator_html_repr(model)
    assert Estimator.__name__ in estimator_html_repr(model.fit(X, y))


# Wide data.


def test_wide_data_takes_memory_for_its_connections_only(Estimator):  # row 43
    """n_in * n_out passes 1e8; nothing of that size is ever made."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 100_000), dtype=np.float32)
    y = X[:, 0] > 0
    model = small(Estimator, hidden_layer_sizes=(1000,), max_iter=1, epsilon=20)
    tracemalloc.start()
    model.fit(X, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert model.nnz_ > 1.3e6  # of 2e6, after the final drop
    weights = sum(W.data.nbytes + W.indices.nbytes for W in model.coefs_)
    assert peak < 2 * (X.nbytes + weights)
    assert scores(model, X).shape[0] == 200


def test_more_than_2_to_the_31_possible_connections(Estimator):  # row 43
    X = np.zeros((4, 60_000), np.float32)
    X[:, ::7] = 1
    y = np.array([0, 1, 0, 1])
    model = small(Estimator, hidden_layer_sizes=(50_000,), epsilon=0.5, max_iter=2)
    model.set_params(final_drop=False).fit(X, y)
    W = model.coefs_[0]
    assert W.shape == (60_000, 50_000)
    assert W.nnz == 55_000
    assert W.tocoo().row.max() > 59_000
    assert W.indices.max() > 49_000
    assert (W.indices >= 0).all()


def test_scorers_by_name():
    X, y = make_classification(100, random_state=0)
    model = small(SETClassifier).fit(X, y)
    for name in ("roc_auc", "average_precision", "neg_brier_score", "f1"):
        assert np.isfinite(get_scorer(name)(model, X, y))


def test_search_reports_what_is_wrong(Estimator):
    X, y = toy(Estimator)
    search = GridSearchCV(small(Estimator), {"epsilon": [-1]}, error_score="raise")
    with refused(ValueError, "'epsilon' parameter"):
        search.fit(X, y)
