"""Checkpoints of `skset.distributed.fit`, and fits that go on from them."""

import pytest
from mortal_crew import digits, same_networks

import skset
from skset import SETClassifier, SETRegressor
from skset.distributed import fit


def fitted(shards, model=None, rounds=4, **more):
    model = SETClassifier((30, 20), random_state=0) if model is None else model
    return fit(model, shards, rounds=rounds, backend="sequential", **more)


def broken_off(shards, path, after, rounds=4, **more):
    """Have a fit fail after some rounds, with a checkpoint."""
    calls = []

    def scorer(model, X, y):
        calls.append(model)
        if len(calls) > after:
            raise OSError("the power failed")
        return 0.0

    X, y = shards[0]
    with pytest.raises(OSError, match="power"):
        fitted(
            shards,
            rounds=rounds,
            checkpoint=path,
            scoring=scorer,
            X_val=X,
            y_val=y,
            **more,
        )


def test_every_round_leaves_an_estimator_that_predicts(tmp_path):
    shards, X_test, y_test = digits(2)
    path = tmp_path / "run.npz"
    broken_off(shards, path, after=2)
    model = skset.load(path)
    assert model.n_iter_ == len(model.rounds_) == 2
    assert model.score(X_test, y_test) > 0.3


def test_a_fit_goes_on_to_its_planned_end(tmp_path):
    shards, X_test, y_test = digits(2)
    path = tmp_path / "run.npz"
    broken_off(shards, path, after=2)
    at_break = skset.load(path)
    model = fitted(shards, checkpoint=path, resume=True)
    assert model.n_iter_ == 4
    assert [one["round"] for one in model.rounds_] == [1, 2, 3, 4]
    assert model.loss_curve_[:2] == at_break.loss_curve_
    assert model.score(X_test, y_test) > at_break.score(X_test, y_test)
    assert model.loss_curve_[-1] < at_break.loss_curve_[-1]


def test_a_fit_that_the_user_broke_off_goes_on(tmp_path):
    shards, X_test, y_test = digits(2)
    path = tmp_path / "run.npz"
    calls = []

    def scorer(model, X, y):
        calls.append(model)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return 0.0

    held_out = {"X_val": X_test, "y_val": y_test}
    with pytest.warns(UserWarning, match="interrupted"):
        model = fitted(shards, checkpoint=path, scoring=scorer, **held_out)
    assert len(model.rounds_) == 2
    assert len(fitted(shards, checkpoint=path, resume=True).rounds_) == 4


def test_a_fit_that_had_come_to_its_end_is_returned(tmp_path):
    shards, *_ = digits(2)
    path = tmp_path / "run.npz"
    model = fitted(shards, checkpoint=path)
    again = fitted(shards, checkpoint=path, resume=True)
    assert same_networks(model, again)
    assert again.rounds_ == model.rounds_


def test_without_a_file_it_begins(tmp_path):
    shards, *_ = digits(2)
    model = fitted(shards, checkpoint=tmp_path / "run.npz", resume=True)
    assert same_networks(model, fitted(shards))


@pytest.mark.parametrize("after", [1, 2])
def test_own_topologies_are_done_again_from_the_last_average(tmp_path, after):
    shards, X_test, y_test = digits(2)
    path = tmp_path / "run.npz"
    broken_off(shards, path, after, own_topologies=0.25)
    model = fitted(shards, checkpoint=path, resume=True, own_topologies=0.25)
    assert len(model.rounds_) == 4
    assert model.score(X_test, y_test) > 0.4


def test_what_is_in_a_checkpoint_must_fit(tmp_path):
    shards, *_ = digits(2)
    path = tmp_path / "run.npz"
    broken_off(shards, path, after=1)
    wider = SETClassifier((30, 25), random_state=0)
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        fitted(shards, wider, checkpoint=path, resume=True)
    fewer = [(X[:, :60], y) for X, y in shards]
    with pytest.raises(ValueError, match="number of features"):
        fitted(fewer, checkpoint=path, resume=True)
    other = [(X, y % 5) for X, y in shards]
    with pytest.raises(ValueError, match="classes"):
        fitted(other, checkpoint=path, resume=True)
    with pytest.raises(ValueError, match="the estimator"):
        fitted(shards, SETRegressor((30, 20)), checkpoint=path, resume=True)


def test_other_files_are_refused(tmp_path):
    shards, *_ = digits(2)
    path = tmp_path / "model.npz"
    skset.save(fitted(shards), path)
    with pytest.raises(ValueError, match="no checkpoint of"):
        fitted(shards, checkpoint=path, resume=True)


def test_what_cannot_be_saved_is_known_before_the_training(tmp_path):
    shards, *_ = digits(2)
    model = SETClassifier((30, 20), learning_rate=lambda progress: 1.0)
    with pytest.raises(ValueError, match="learning_rate"):
        fitted(shards, model, checkpoint=tmp_path / "run.npz")
