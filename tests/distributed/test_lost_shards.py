"""Workers that die: their shards move, or the others go on without them."""

import numpy as np
import pytest
from mortal_crew import MortalCrew, digits, same_networks

from skset import SETClassifier
from skset.distributed import _fit_shards, fit


def fit_with(monkeypatch, crew, shards, rounds=4, **more):
    monkeypatch.setattr(_fit_shards, "_crew", lambda *_: crew)
    params = {k: more.pop(k) for k in ("method", "final_drop") if k in more}
    model = SETClassifier((30, 20), random_state=0, **params)
    return fit(model, shards, rounds=rounds, **more)


@pytest.mark.parametrize("method", ["set", "ctre", "granet"])
def test_a_lost_shard_begins_anew_in_the_same_round(monkeypatch, method):
    shards, X_test, y_test = digits(3)
    crew = MortalCrew({("train", 2): [1]})
    with pytest.warns(UserWarning, match=r"begin anew.*shards\[1\] \(killed by"):
        model = fit_with(monkeypatch, crew, shards, method=method)
    assert [one["lost"] for one in model.rounds_] == [[], [], [1], []]
    trained = [numbers for name, numbers in crew.called if name == "train"]
    assert trained == [[0, 1, 2], [0, 1, 2], [0, 1, 2], [1], [0, 1, 2]]
    assert model.score(X_test, y_test) > 0.5


@pytest.mark.parametrize("when", [("beginning", 0), ("begin", 0), ("start", 0)])
def test_a_shard_lost_before_the_first_round_changes_nothing(monkeypatch, when):
    shards, *_ = digits(3)
    usual = fit_with(monkeypatch, MortalCrew({}), shards)
    with pytest.warns(UserWarning, match="begin anew"):
        model = fit_with(monkeypatch, MortalCrew({when: [0]}), shards)
    assert same_networks(usual, model)


def test_a_shard_lost_in_the_first_round_changes_nothing(monkeypatch):
    """Its training begins with the same rows, as no moments were there yet."""
    shards, *_ = digits(3)
    usual = fit_with(monkeypatch, MortalCrew({}), shards)
    with pytest.warns(UserWarning, match="begin anew"):
        model = fit_with(monkeypatch, MortalCrew({("train", 0): [2]}), shards)
    assert same_networks(usual, model)


def test_a_shard_lost_while_it_looks_is_asked_again(monkeypatch):
    shards, X_test, y_test = digits(3)
    crew = MortalCrew({("signals", 1): [0, 1]})
    with pytest.warns(UserWarning, match="begin anew"):
        model = fit_with(monkeypatch, crew, shards, method="granet")
    assert model.score(X_test, y_test) > 0.4


def test_without_a_shard_that_cannot_be_opened_the_others_go_on(monkeypatch):
    shards, X_test, y_test = digits(3)
    crew = MortalCrew({("train", 1): [1]}, mortal=[1])
    with pytest.warns(UserWarning, match=r"without them: shards\[1\] \(it is mortal"):
        model = fit_with(monkeypatch, crew, shards)
    assert [one["lost"] for one in model.rounds_] == [[], [1], [], []]
    assert [n for name, n in crew.called if name == "train"][2:] == [[0, 2], [0, 2]]
    assert model.score(X_test, y_test) > 0.5


def test_all_shards_lost_at_once_begin_anew(monkeypatch):
    shards, X_test, y_test = digits(2)
    crew = MortalCrew({("train", 2): [0, 1]})
    with pytest.warns(UserWarning, match="begin anew"):
        model = fit_with(monkeypatch, crew, shards)
    assert model.n_iter_ == 4
    assert model.score(X_test, y_test) > 0.5


def test_if_no_shard_is_left_the_fit_fails_and_the_estimator_stays(monkeypatch):
    shards, *_ = digits(2)
    crew = MortalCrew({("train", 2): [0, 1]}, mortal=[0, 1])
    monkeypatch.setattr(_fit_shards, "_crew", lambda *_: crew)
    model = SETClassifier((30, 20), random_state=0)
    before = vars(model).copy()
    with (
        pytest.warns(UserWarning, match="without them"),
        pytest.raises(RuntimeError, match="All shards were lost"),
    ):
        fit(model, shards, rounds=4)
    assert vars(model) == before


def test_a_shard_that_goes_its_own_way_begins_anew_with_the_common_network(
    monkeypatch,
):
    shards, X_test, y_test = digits(2)
    crew = MortalCrew({("train", 3): [1]})
    with pytest.warns(UserWarning, match="begin anew"):
        model = fit_with(monkeypatch, crew, shards, own_topologies=0.5)
    assert model.score(X_test, y_test) > 0.4
    assert np.isfinite(model.loss_curve_).all()


def test_a_crew_is_closed_whatever_happens(monkeypatch):
    closed = []

    class Noted(MortalCrew):
        def close(self):
            closed.append(True)

    shards, *_ = digits(2)
    crew = Noted({("beginning", 0): [0, 1], ("beginning", 1): [1]}, [0, 1])
    with (
        pytest.warns(UserWarning, match="without them"),
        pytest.raises(RuntimeError, match="All shards"),
    ):
        fit_with(monkeypatch, crew, shards)
    assert closed == [True]
