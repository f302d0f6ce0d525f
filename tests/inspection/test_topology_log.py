"""`TopologyLog`: records that agree with networks, of any process, after breaks."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skset
from skset import QuickSelection, SETClassifier, SparseRBM
from skset.callbacks import Checkpoint, TopologyLog
from skset.strategies import ImportancePruning

pytest.importorskip("sklearn.callback")  # from scikit-learn 1.9 on

pytestmark = pytest.mark.filterwarnings(
    "ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning",
    "ignore:The network took only:UserWarning",
)
X, y = load_digits(return_X_y=True)
X, y = X[:200] / 16, y[:200]


def small(**params):
    given = {
        "epsilon": 3,
        "max_iter": 4,
        "random_state": 0,
        "n_iter_no_change": 99,
        **params,
    }
    return SETClassifier((20, 15), **given)


class Seen:
    """Keeps the topologies of each epoch, by scikit-learn's own way."""

    def __init__(self):
        self.topologies = []

    def setup(self, estimator, context):
        """Do nothing."""

    teardown = on_fit_task_begin = setup

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch":
            layers = fitted_estimator.network_.layers
            self.topologies.append([layer.topology for layer in layers])


def logged(model, **params):
    log, seen = TopologyLog(**params), Seen()
    return log, seen, model.set_callbacks(log, seen).fit(X, y)


def connections(topology):
    return set(topology.positions().tolist())


def test_records_agree_with_the_networks():
    log, seen, model = logged(small(early_stopping=True))
    records = log.records
    assert [r["epoch"] for r in records] == [1, 2, 3, 4]
    np.testing.assert_array_equal([r["loss"] for r in records], model.loss_curve_)
    scores = [r["validation_score"] for r in records]
    assert scores == model.validation_scores_
    born = [{} for _ in range(3)]  # the epoch in which a connection grew
    for n, (record, topologies) in enumerate(
        zip(records, seen.topologies, strict=True), start=1
    ):
        for depth, topology in enumerate(topologies):
            now, before = connections(topology), born[depth]
            n_new = len(now - before.keys()) if n > 1 else 0
            assert record["replaced"][depth] == n_new
            born[depth] = {place: before.get(place, n) for place in now}
            ages = [n + 1 - epoch for epoch in born[depth].values()]
            assert record["age_mean"][depth] == pytest.approx(np.mean(ages))
            assert record["age_median"][depth] == np.median(ages)
            assert record["nnz"][depth] == topology.nnz
            assert record["density"][depth] == topology.density
            degrees = {"in_degree": topology.fan_in, "out_degree": topology.fan_out}
            for name, values in degrees.items():
                assert record[f"{name}_mean"][depth] == pytest.approx(values.mean())
                assert record[f"{name}_std"][depth] == pytest.approx(values.std())
                assert record[f"{name}_max"][depth] == values.max()
    assert sum(sum(r["replaced"]) for r in records) > 0
    run = log.runs[-1]
    assert run.nnz == [layer.topology.nnz for layer in model.network_.layers]
    assert run.best_validation_score == model.best_validation_score_


def test_it_changes_nothing():
    _, _, watched = logged(small(), snapshots=1)
    alone = small().fit(X, y)
    for a, b in zip(watched.network_.layers, alone.network_.layers, strict=True):
        np.testing.assert_array_equal(a.topology.indices, b.topology.indices)
        np.testing.assert_array_equal(a.weights, b.weights)


def test_the_learning_rate_is_recorded():
    params = {"solver": "sgd", "learning_rate": "invscaling", "max_iter": 3}
    log, _, _ = logged(small(**params, learning_rate_init=0.1))
    rates = [0.1 / (200 * n + 1) ** 0.5 for n in (1, 2, 3)]
    assert [r["learning_rate"] for r in log.records] == pytest.approx(rates)


def test_every_and_snapshots():
    log, seen, _ = logged(small(max_iter=7), every=3, snapshots=2)
    assert [r["epoch"] for r in log.records] == [3, 6]
    assert sorted(log.snapshots) == [0, 2, 4, 6]
    for epoch in (2, 4, 6):
        for a, b in zip(log.snapshots[epoch], seen.topologies[epoch - 1], strict=True):
            np.testing.assert_array_equal(a.indptr, b.indptr)
            np.testing.assert_array_equal(a.indices, b.indices)
    whole, _, _ = logged(small(max_iter=7))
    assert whole.records[2] == log.records[0]
    assert whole.snapshots == {}


def test_ages_survive_the_pruning_of_units():
    pruning = ImportancePruning(start=0.2, stop=0.9, every=0.2)
    log, seen, _ = logged(small(method="static", unit_pruning=pruning, max_iter=5))
    shapes = [[t.shape for t in topologies] for topologies in seen.topologies]
    assert shapes[0] != shapes[-1]  # units have gone
    for n, record in enumerate(log.records, start=1):
        assert record["replaced"] == [0, 0, 0]
        assert record["age_mean"] == [n, n, n]
        assert record["nnz"] == [t.nnz for t in seen.topologies[n - 1]]


@pytest.mark.parametrize(
    "model", [QuickSelection(10, max_iter=2), SparseRBM(20, n_iter=2)], ids=str
)
def test_selectors_and_machines(model):
    log = TopologyLog()
    model.set_params(random_state=0).set_callbacks(log).fit(X)
    assert [r["epoch"] for r in log.records] == [1, 2]
    assert log.runs[0].nnz == [ly.topology.nnz for ly in model.network_.layers]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_search_sends_the_records_of_all_its_fits(n_jobs):
    log = TopologyLog(snapshots=2)
    model = make_pipeline(StandardScaler(), small(max_iter=2).set_callbacks(log))
    grid = {"setclassifier__epsilon": [2, 4]}
    search = GridSearchCV(model, grid, cv=2, n_jobs=n_jobs).fit(X, y)
    assert [run.params["epsilon"] for run in log.runs[:4]] == [2, 2, 4, 4]
    assert [run.fold for run in log.runs] == [0, 1, 0, 1, None]
    assert [run.task_id for run in log.runs[:4]] == [0, 1, 2, 3]
    assert {run.search_name for run in log.runs} == {"GridSearchCV"}
    assert log.runs[-1].task == "refit-with-best-params"
    assert all(len(run.records) == 2 for run in log.runs)
    assert all(sorted(run.snapshots) == [0, 2] for run in log.runs)
    best = search.best_estimator_[-1]
    assert log.records[-1]["loss"] == best.loss_curve_[-1]
    frame = log.to_frame() if pandas() else None
    if frame is not None:
        assert len(frame) == 5 * 2 * 3
        assert frame["param_epsilon"].tolist()[:24:6] == [2, 2, 4, 4]
        assert frame["nnz"].tolist()[-3:] == log.records[-1]["nnz"]


def pandas():
    try:
        import pandas
    except ImportError:
        return None
    return pandas


def test_a_frame_has_a_row_for_each_layer():
    pytest.importorskip("pandas")
    log, _, _ = logged(small(max_iter=2))
    frame = log.to_frame()
    assert frame["layer"].tolist() == [0, 1, 2] * 2
    assert frame["epoch"].tolist() == [1, 1, 1, 2, 2, 2]
    assert not [name for name in frame if name.startswith("param_")]
    for record, (_, rows) in zip(log.records, frame.groupby("epoch"), strict=True):
        assert rows["replaced"].tolist() == record["replaced"]
        assert rows["loss"].tolist() == [record["loss"]] * 3


def test_beside_checkpoints_and_after_a_break(tmp_path):
    path = tmp_path / "fit.npz"
    log = TopologyLog()
    broken = small(max_iter=6).set_callbacks(Checkpoint(path), log, Kill())
    with pytest.raises(RuntimeError, match="killed"):
        broken.fit(X, y)
    skset.resume(path, X, y, callbacks=[log])
    first, second = log.runs
    assert [r["epoch"] for r in first.records] == [1, 2, 3]
    assert [r["epoch"] for r in second.records] == [4, 5, 6]
    whole, _, _ = logged(small(max_iter=6))
    for name in ("loss", "nnz", "replaced", "in_degree_std"):
        both = [r[name] for r in first.records + second.records]
        assert both == [r[name] for r in whole.records]
    assert max(second.records[0]["age_mean"]) <= 1  # counted from there


class Kill(Seen):
    """Breaks a fit off after three epochs."""

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch" and context.task_id == 2:
            raise RuntimeError("killed")


def test_copies_keep_the_records_and_go_their_own_way():
    log, _, _ = logged(small(), snapshots=4)
    for other in (copy.deepcopy(log), pickle.loads(pickle.dumps(log))):
        assert other.records == log.records
        small(max_iter=2).set_callbacks(other).fit(X, y)
        assert len(other.runs) == 2
        assert len(log.runs) == 1


def test_an_error_leaves_nothing_behind():
    log = TopologyLog()
    model = small().set_callbacks(log, Kill())
    with pytest.raises(RuntimeError, match="killed"):
        model.fit(X, y)
    assert log._watches == {}
    assert len(log.records) == 3
    assert log.runs[0].nnz is None
    assert "1 runs" in repr(log)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "2"])
@pytest.mark.parametrize("name", ["every", "snapshots"])
def test_wrong_numbers_of_epochs(name, wrong):
    with pytest.raises(ValueError, match=f"{name} must be a whole number of epochs"):
        TopologyLog(**{name: wrong})


def test_wrong_places():
    log = TopologyLog()
    search = GridSearchCV(LogisticRegression(), {"C": [1]}, cv=2).set_callbacks(log)
    with pytest.raises(TypeError, match="on the estimator itself"):
        search.fit(X, y)
    for look in (lambda: log.records, lambda: log.snapshots, log.to_frame):
        with pytest.raises(ValueError, match="no record yet"):
            look()
    assert log.runs == []


def test_without_callbacks_it_says_which_scikit_learn_it_needs(monkeypatch):
    class Old:
        """An estimator of scikit-learn before 1.9."""

    monkeypatch.setattr("skset.inspection._topology_log.SETClassifier", Old)
    with pytest.raises(ImportError, match=r"scikit-learn 1\.9"):
        TopologyLog()
