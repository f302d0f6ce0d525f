"""The same seed gives the same bits, whoever computes; and nothing else is touched."""

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from estimators.cases import (
    BOTH,
    assert_same_network,
    first_call,
    impatient,
    nothing_changes,
    scores,
    small,
    toy,
)

from skset.estimators import SETClassifier
from skset.estimators._estimator import n_threads
from skset.runtime import team

pytestmark = impatient

# All that draws random numbers or works in threads.
BUSY = {
    "hidden_layer_sizes": (30, 20),
    "dropout": 0.1,
    "newborn": "init",
    "update_interval": 3,
    "final_drop": True,
    "early_stopping": True,
}


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_number_of_threads_gives_the_same_bits(
    Estimator, solver, dtype, threads_at_work
):
    # row 53
    X, y = toy(Estimator, n_samples=70)
    params = {**BUSY, "solver": solver, "dtype": dtype}
    serial = small(Estimator, **params, n_jobs=None).fit(X, y)
    assert not threads_at_work
    for n_jobs in (1, 2, 3, -1, -(10**6)):
        model = small(Estimator, **params, n_jobs=n_jobs).fit(X, y)
        assert_same_network(model, serial)
        assert model.loss_curve_ == serial.loss_curve_
        if n_jobs in (2, 3):
            assert threads_at_work
            threads_at_work.clear()


def test_all_cores_are_those_that_joblib_counts(monkeypatch):
    asked = []
    monkeypatch.setattr(joblib, "cpu_count", lambda: 3)
    monkeypatch.setattr(
        "skset.training.loop.Team", lambda n: asked.append(n) or team.Team(n)
    )
    X, y = toy(SETClassifier)
    for n_jobs in (None, 1, 2, -1, -2, -99):
        small(SETClassifier, n_jobs=n_jobs, alpha=0.1, max_iter=1).fit(X, y)
    assert asked == [1, 1, 2, 3, 2, 1]


def test_same_seed_same_bits_other_seed_other_bits(Estimator):
    X, y = toy(Estimator)
    one, same = (small(Estimator, **BUSY).fit(X, y) for _ in range(2))
    assert_same_network(one, same)
    with pytest.raises(AssertionError):
        assert_same_network(one, small(Estimator, **BUSY, random_state=1).fit(X, y))


def test_fitting_again_forgets_the_earlier_fit(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator).fit(X[:, :3], y)
    again = model.fit(X, y)
    assert_same_network(again, small(Estimator).fit(X, y))
    assert len(again.loss_curve_) == again.n_iter_


PROGRAM = """
import warnings
warnings.simplefilter("ignore")
import joblib
from estimators.cases import small, toy
from estimators.test_determinism import BUSY
from skset.estimators import SETClassifier, SETRegressor
for Estimator in (SETClassifier, SETRegressor):
    model = small(Estimator, **BUSY).fit(*toy(Estimator))
    print(joblib.hash([W.data for W in model.coefs_]))
print(hash("a string"))
"""


def test_other_processes_give_the_same_bits():  # row 53
    tests = os.path.join(os.path.dirname(__file__), "..")
    said = []
    for hash_seed in ("1", "2"):  # which is also how many threads numba may take
        child = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={
                **os.environ,
                "PYTHONHASHSEED": hash_seed,
                "NUMBA_NUM_THREADS": hash_seed,
                "PYTHONPATH": tests,
            },
            capture_output=True,
            text=True,
            check=True,
        )
        said.append(child.stdout.split())
    models = [small(Estimator, **BUSY).fit(*toy(Estimator)) for Estimator in BOTH]
    here = [joblib.hash([W.data for W in model.coefs_]) for model in models]
    assert said[0][:2] == said[1][:2] == here
    assert said[0][2] != said[1][2], "the hash seeds made no difference"


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_threads_that_fit_and_predict_at_once_equal_serial_work(
    Estimator, n_jobs, threads_at_work
):
    # row 50
    X, y = toy(Estimator, n_samples=200)
    fitted = small(Estimator).fit(X, y)

    def work(seed):
        model = small(Estimator, **BUSY, random_state=seed, n_jobs=n_jobs)
        return model.fit(X, y), scores(fitted, X)

    serial = [work(seed) for seed in range(4)]
    # ThreadPoolExecutor is not the one that the fixture replaced.
    with ThreadPoolExecutor(4) as pool:
        threaded = list(pool.map(work, range(4)))
    for (one, said), (other, also_said) in zip(serial, threaded, strict=True):
        assert_same_network(one, other)
        assert said.tobytes() == also_said.tobytes()


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="cannot fork"
)
# Other libraries and tests may have threads that Python warns of.
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_predicts_what_its_parent_does(Estimator, threads_at_work):
    # row 51
    X, y = toy(Estimator, n_samples=200)
    model = small(Estimator, **BUSY, n_jobs=2).fit(X, y)
    assert threads_at_work
    said = scores(model, X)

    def work():
        assert scores(model, X).tobytes() == said.tobytes()
        assert scores(model.fit(X, y), X).tobytes() == said.tobytes()

    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join(60)
    if child.is_alive():
        child.kill()
    assert child.exitcode == 0


def test_fitting_and_predicting_change_nothing_around_them(Estimator):  # row 54
    X, y = toy(Estimator)
    weight = np.linspace(0.5, 1.5, 40)
    model = small(Estimator, **BUSY, n_jobs=2)
    params = dict(model.get_params())
    with nothing_changes(X, y, weight, params):
        model.fit(X, y, sample_weight=weight)
        model.predict(X)
        model.score(X, y, sample_weight=weight)
        first_call(small(Estimator), X, y)
    assert model.get_params() == params


def test_predicting_does_not_change_the_model(Estimator):
    X, y = toy(Estimator)
    model = first_call(small(Estimator), X, y)
    before = model.coefs_[0].data.copy(), model.loss_curve_.copy(), sorted(vars(model))
    scores(model, X), model.score(X, y), model.feature_importances_
    after = model.coefs_[0].data, model.loss_curve_, sorted(vars(model))
    np.testing.assert_array_equal(before[0], after[0])
    assert before[1:] == after[1:]


def test_what_was_taken_from_a_model_stays_as_it_was(Estimator):
    """Training again must not change what a caller took from the model before."""
    X, y = toy(Estimator)
    model = first_call(small(Estimator), X, y)
    weights, curve = model.coefs_, model.loss_curve_
    values, length = weights[0].data.copy(), len(curve)
    model.partial_fit(X, y)
    np.testing.assert_array_equal(weights[0].data, values)
    assert len(curve) == length
    assert len(model.loss_curve_) == length + 1


def test_no_more_threads_than_cores(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 3)
    wanted = (None, 1, 2, 10**6, -1, -2, -99)
    assert [n_threads(n_jobs) for n_jobs in wanted] == [1, 1, 2, 3, 3, 2, 1]
