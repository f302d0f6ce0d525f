"""The training on one shard: stopped, remembered, its threads."""

import numpy as np
import pytest
from mortal_crew import digits

from skset import SETClassifier
from skset.distributed import _fit_shards, fit
from skset.distributed._crew import LocalCrew, nbytes_of, pickled
from skset.distributed._messages import Job
from skset.distributed._shard_training import open_shard
from skset.training import StoppedError


@pytest.mark.parametrize(
    ("n_jobs", "share", "wanted"),
    [
        (None, 4, 1),
        (1, 4, 1),
        (3, 1, 3),
        (-1, 4, 4),
        (-1, 1, 1),
        (-2, 4, 3),
        (-9, 2, 1),
    ],
)
def test_threads_are_those_of_the_share_of_the_worker(n_jobs, share, wanted):
    job = Job(SETClassifier(n_jobs=n_jobs))
    assert open_shard(0, (None, None, None), job, share).n_threads == wanted


def test_a_training_that_is_told_to_stop_takes_no_further_step(monkeypatch):
    crew = LocalCrew()
    monkeypatch.setattr(_fit_shards, "_crew", lambda *_: crew)
    shards, X_test, y_test = digits(2)

    def stop(model, X, y):
        for training in crew._trainings:
            training.stop()
        return 0.0

    model = SETClassifier((30, 20), random_state=0)
    with pytest.raises(StoppedError):
        fit(model, shards, rounds=3, scoring=stop, X_val=X_test, y_val=y_test)
    assert not hasattr(model, "classes_")


def test_nothing_is_left_in_a_closed_crew(monkeypatch):
    crew = LocalCrew()
    monkeypatch.setattr(_fit_shards, "_crew", lambda *_: crew)
    shards, *_ = digits(2)
    fit(SETClassifier((30, 20), random_state=0), shards, rounds=2)
    assert crew._trainings == []


def test_the_bytes_of_a_message_are_those_of_its_arrays_and_a_little():
    arrays = [np.zeros(1000, np.float32), np.zeros((50, 20))]
    assert 12_000 < nbytes_of(arrays) < 12_500
    assert nbytes_of(None) < 20


def test_functions_of_a_script_have_bytes_too():
    def schedule(progress):
        return 1.0 - progress

    assert nbytes_of({"learning_rate": schedule}) > 50
    assert len(pickled([schedule])) > 50
