"""A machine among others: threads, processes, pipelines and searches."""

import os
import subprocess
import sys

import joblib
import numpy as np
import pytest
from estimators.cases import (
    assert_same_machine,
    bits,
    machine,
    nothing_changes,
    parts,
)
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils import estimator_html_repr

from skset.estimators import SparseRBM

# Random numbers and threads.

BUSY = [
    {"update_interval": 3, "newborn": "init"},
    {"persistent": True, "n_gibbs": 2, "dtype": np.float64, "momentum": 0.9},
]
busy = pytest.mark.parametrize("params", BUSY, ids=str)


@busy
def test_any_number_of_threads_gives_the_same_bits(params, threads_at_work):
    X = bits(n_samples=70, n_features=30)
    serial = machine(20, **params).fit(X)
    for n_jobs in (1, 2, 3, -1):
        assert (not threads_at_work) or n_jobs > 1 or n_jobs < 0
        assert_same_machine(machine(20, **params, n_jobs=n_jobs).fit(X), serial)
    assert threads_at_work


@busy
def test_same_seed_same_bits_other_seed_other_bits(params):
    X = bits()
    one, same = (machine(**params).fit(X) for _ in range(2))
    assert_same_machine(one, same)
    assert_same_machine(one.fit(X[:, :3]).fit(X), same)
    other = machine(**params, random_state=1).fit(X)
    assert not np.array_equal(one.transform(X), other.transform(X))
    given = machine(**params, random_state=np.random.RandomState(0)).fit(X)
    assert_same_machine(one, given)


PROGRAM = """
import joblib
from estimators.cases import bits, machine, parts
from estimators.test_rbm_company import BUSY
models = [machine(**params).fit(bits()) for params in BUSY]
print(joblib.hash([parts(model) for model in models]), hash("a string"))
"""


def test_other_processes_give_the_same_bits():
    tests = os.path.join(os.path.dirname(__file__), "..")
    said = [joblib.hash([parts(machine(**params).fit(bits())) for params in BUSY])]
    child = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": tests},
        capture_output=True,
        text=True,
        check=True,
    )
    assert child.stdout.split()[0] == said[0]


def test_fitting_and_asking_change_nothing_around_them():
    X, weight = bits(), np.linspace(0.5, 1.5, 40)
    model = machine(n_jobs=2)
    params = model.get_params()
    with nothing_changes(X, weight, params):
        model.fit(X, sample_weight=weight).partial_fit(X, sample_weight=weight)
        model.score(X, sample_weight=weight)
        model.reconstruct(model.gibbs(X))
    assert model.get_params() == params


# Pipelines and searches.


def pipeline(**params):
    params = {"momentum": 0.9, "batch_size": 20, "n_iter": 10, **params}
    features = machine(params.pop("n_components", 100), **params)
    return make_pipeline(
        MinMaxScaler(clip=True), features, LogisticRegression(max_iter=1000)
    )


def test_features_of_a_pipeline_tell_digits():
    digits = train_test_split(*load_digits(return_X_y=True), random_state=0)
    X_train, X_test, y_train, y_test = digits
    model = pipeline(density=0.2).fit(X_train, y_train)
    assert model.score(X_test, y_test) > 0.9
    few = pipeline(n_components=2).fit(X_train, y_train)
    assert few.score(X_test, y_test) < 0.6


def test_number_of_components_is_found_by_grid_search():
    X = load_digits().data[:300] / 16
    grid = {"n_components": [1, 60]}
    search = GridSearchCV(machine(momentum=0.9, n_iter=20), grid, cv=2).fit(X)
    one, sixty = search.cv_results_["mean_test_score"]
    assert sixty > one + 1
    assert search.best_params_ == {"n_components": 60}
    best = search.best_estimator_
    assert search.score(X) == best.score(X)
    with joblib.parallel_config(backend="threading", n_jobs=2):
        threaded = clone(search).fit(X)
    assert_same_machine(threaded.best_estimator_, best)


def test_output_of_a_frame_is_a_frame_if_asked_for():
    pd = pytest.importorskip("pandas")
    F = pd.DataFrame(bits(), columns=list("abcde"), index=range(7, 47))
    model = machine().set_output(transform="pandas").fit(F)
    said = model.transform(F)
    assert said.columns.tolist() == [f"sparserbm{i}" for i in range(6)]
    assert said.index.equals(F.index)
    np.testing.assert_array_equal(said, machine().fit(F).transform(F))
    assert clone(model).fit_transform(F).equals(said)


def test_sample_weight_is_routed():
    X, weight = bits(), np.linspace(0.1, 1, 40)
    model = machine()
    expected = machine(density=0.4).fit(X, sample_weight=weight)
    with config_context(enable_metadata_routing=True):
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"density": [0.4]}, cv=2)
        search.fit(X, sample_weight=weight)
        requests = SparseRBM().get_metadata_routing()
    assert_same_machine(search.best_estimator_, expected)
    for method in ("fit", "partial_fit", "score"):
        assert set(getattr(requests, method).requests) == {"sample_weight"}


def test_representations():
    model = machine(drop="magnitude").fit(bits())
    assert repr(model).startswith("SparseRBM(")
    assert "magnitude" in repr(model)
    assert "SparseRBM" in estimator_html_repr(model)
