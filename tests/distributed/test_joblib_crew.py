"""Shards in processes of joblib: the same bits, and processes that are killed."""

import os
import signal
from functools import partial

import numpy as np
import pytest
from joblib.externals.loky import reusable_executor
from mortal_crew import digits, same_networks

from skset import SETClassifier
from skset.distributed import _joblib_crew, fit


def fitted(shards, backend, n_workers=None, rounds=3, **more):
    params = {k: more.pop(k) for k in ("method", "dropout") if k in more}
    model = SETClassifier((30, 20), random_state=0, **params)
    return fit(
        model, shards, rounds=rounds, backend=backend, n_workers=n_workers, **more
    )


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Have all files of a run in a folder, and see that none is left."""
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(tmp_path))
    yield tmp_path
    assert list(tmp_path.glob("skset-*")) == []


@pytest.mark.parametrize("n_workers", [2, 4])
def test_any_number_of_workers_gives_the_same_bits(n_workers):
    shards, *_ = digits(4)
    for params in ({}, {"method": "ctre", "dropout": 0.1}):
        usual = fitted(shards, "sequential", **params)
        model = fitted(shards, "loky", n_workers, **params)
        assert same_networks(usual, model)
        assert usual.loss_curve_ == model.loss_curve_


def test_threads_give_the_same_bits():
    shards, *_ = digits(3)
    usual = fitted(shards, "sequential", own_topologies=0.4)
    model = fitted(shards, "threading", 2, own_topologies=0.4)
    assert same_networks(usual, model)


def test_a_killed_process_costs_nothing():
    shards, X_test, y_test = digits(2)
    killed = []

    def kill(model, X, y):
        if not killed:
            pid = next(iter(reusable_executor._executor._processes))
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
        return 0.0

    usual = fitted(shards, "sequential")
    model = fitted(shards, "loky", 2, scoring=kill, X_val=X_test, y_val=y_test)
    assert killed
    assert same_networks(usual, model)
    assert all(one["lost"] == [] for one in model.rounds_)


def test_without_a_shard_that_kills_its_process_the_others_go_on():
    shards, X_test, y_test = digits(2)
    deadly = [*shards, partial(os._exit, 3)]
    with pytest.warns(UserWarning, match=r"without them: shards\[2\]"):
        model = fitted(deadly, "loky", 2)
    assert model.rounds_[0]["lost"] == [2]
    assert model.score(X_test, y_test) > 0.4


def test_errors_in_a_process_name_the_shard():
    (one, other), *_ = digits(2)
    bad = other[0].copy()
    bad[0, 0] = np.inf
    with pytest.raises(ValueError, match=r"shards\[1\]"):
        fitted([one, (bad, other[1])], "loky", 2)


def test_files_are_those_of_the_last_version(folder):
    """Of each shard there are its handle, and what it remembers now."""
    shards, X_test, y_test = digits(2)
    seen = []

    def look(model, X, y):
        [run] = folder.glob("skset-*")
        seen.append(sorted(path.name.split("-")[0] for path in run.iterdir()))
        return 0.0

    fitted(shards, "threading", 2, scoring=look, X_val=X_test, y_val=y_test)
    assert seen == [["0", "0", "0", "1", "1", "1"]] * 3


def test_a_process_lets_go_of_the_shards_of_earlier_runs():
    shards, *_ = digits(2)
    fitted(shards, "threading", 1)
    first = set(_joblib_crew.KEPT)
    fitted(shards, "threading", 1)
    assert first
    assert not first & set(_joblib_crew.KEPT)
