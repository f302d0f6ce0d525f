"""scikit-learn's checks of a selector, exact weights, company, and same bits for all.

The checks of transformers' names and output are not run by `check_estimator`.
"""

import importlib.util
import pickle

import joblib
import numpy as np
import pytest
from estimators.cases import (
    assert_same_network,
    assert_same_selection,
    brief,
    every_ranking,
    every_supervised,
    impatient,
    nothing_changes,
    selector,
    small,
    toy,
    toy_for,
)
from estimators.test_interrupt import INTERRUPTED, interrupt
from estimators.test_pickle import WAYS
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

import skset
from skset.estimators import SETClassifier, _version_stamp

pytestmark = [
    impatient,
    brief,
    pytest.mark.filterwarnings("ignore:n_features_to_select=:UserWarning"),
]

# As in test_checks.py. What is equivalent, to the last digits, is further down.
RANDOM = "mini-batches and noise depend on the number of samples"
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": RANDOM,
    "check_sample_weight_equivalence_on_sparse_data": RANDOM,
}
CONFIGURATIONS = [
    {},
    {"supervised": True},
    {"supervised": "classification"},
    {"supervised": "regression", "importance": "coverage"},
    {"importance": "strength"},
    {"importance": "attribution"},
    {"supervised": True, "importance": "attribution"},
]


def checked(**params):
    """Return a selector that takes any number of samples."""
    return selector(3, batch_size="auto", max_iter=6, **params)


@parametrize_with_checks(
    [checked(**params) for params in CONFIGURATIONS],
    expected_failed_checks=lambda selector: EXPECTED_FAILURES,
)
def test_selector_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


BY_NAME = [
    "check_dataframe_column_names_consistency",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_global_output_transform_pandas",
    "check_param_validation",
    "check_inplace_ensure_writeable",
]
if importlib.util.find_spec("polars"):
    BY_NAME += [
        "check_set_output_transform_polars",
        "check_global_set_output_transform_polars",
    ]


# The checks of pandas output fit to a frame and transform an array, and back.
NAMES = "ignore:X (does not have valid|has) feature names:UserWarning"


@pytest.mark.filterwarnings(NAMES)
@every_supervised
@pytest.mark.parametrize("check", BY_NAME)
def test_selector_passes_the_checks_that_must_be_called_by_name(check, supervised):
    check = getattr(estimator_checks, check)
    check("QuickSelection", checked(supervised=supervised))


def test_the_expected_failures_name_real_checks():
    assert set(EXPECTED_FAILURES) <= set(vars(estimator_checks))


# Sample weights, exact where nothing is random.


def full_batch(n_samples, **params):
    """Return a selector without any randomness but its beginning."""
    fixed = {"method": "static", "noise": 0, "dtype": "float64", "max_iter": 60}
    params = {"importance": "strength", **fixed, **params}
    return selector(batch_size=n_samples, **params)


@every_supervised
def test_weight_counts_as_often_as_the_row(supervised):
    """A weight of 2 is the row twice, a weight of 0 is no row, but for the penalty."""
    X, y = toy_for(supervised)
    weight = np.arange(40) % 3
    rows = np.repeat(np.arange(40), weight)
    params = {"supervised": supervised, "alpha": 0.0}
    weighted = full_batch(40, **params).fit(X, y, sample_weight=weight)
    repeated = full_batch(len(rows), **params).fit(X[rows], y[rows])
    plain = full_batch(40, **params).fit(X, y)
    np.testing.assert_allclose(
        weighted.feature_importances_, repeated.feature_importances_, rtol=1e-6
    )
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-6)
    assert not np.allclose(weighted.feature_importances_, plain.feature_importances_)


# Together with others.


def digits():
    X, y = load_digits(return_X_y=True)
    return X[:400], y[:400]


def pipeline(**params):
    return make_pipeline(
        StandardScaler(), selector(batch_size="auto"), LogisticRegression(), **params
    )


def test_number_of_features_is_found_by_grid_search():
    grid = {"quickselection__n_features_to_select": [2, 30]}
    search = GridSearchCV(pipeline(), grid, cv=2).fit(*digits())
    two, thirty = search.cv_results_["mean_test_score"]
    assert thirty > two + 0.2
    assert search.best_estimator_[-1].n_features_in_ == 30


def test_pipeline_with_memory_gives_the_same_and_takes_it_from_there(tmp_path):
    X, y = digits()
    plain = pipeline().fit(X, y)
    for _ in range(2):
        cached = pipeline(memory=str(tmp_path)).fit(X, y)
        np.testing.assert_array_equal(cached.predict(X), plain.predict(X))
        np.testing.assert_array_equal(cached[1].ranking_, plain[1].ranking_)
    assert list(tmp_path.rglob("output.pkl"))


def informed(n_features=10):
    """Return data in which the first two features tell the class."""
    return toy(SETClassifier, n_samples=300, n_features=n_features)


def test_other_selectors_take_the_importances_of_a_network():
    X, y = informed()
    network = small(SETClassifier, max_iter=30, learning_rate_init=0.01)
    by_threshold = SelectFromModel(network, max_features=2, threshold=-np.inf).fit(X, y)
    one_by_one = RFE(network, n_features_to_select=2).fit(X, y)
    for chosen in (by_threshold, one_by_one):
        assert chosen.get_support(indices=True).tolist() == [0, 1]


def test_select_from_model_takes_the_importances_of_a_selector():
    X, y = informed()
    model = selector(supervised=True, batch_size="auto", max_iter=30)
    outer = SelectFromModel(model, max_features=2, threshold=-np.inf).fit(X, y)
    assert outer.get_support(indices=True).tolist() == [0, 1]
    given = SelectFromModel(clone(model).fit(X, y), prefit=True, threshold="mean")
    importances = given.estimator.feature_importances_
    np.testing.assert_array_equal(
        given.transform(X), X[:, importances >= importances.mean()]
    )


# Callbacks.


class Recorder:
    """Writes down the epochs and what the selector that is shown transforms to."""

    def __init__(self, stop_at=None):
        self.stop_at, self.tasks, self.shown = stop_at, [], []

    def setup(self, estimator, context):
        self.tasks.append("setup")

    def teardown(self, estimator, context):
        self.tasks.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.tasks.append(context.task_name)
        return self.tasks.count("epoch") == self.stop_at


class Watcher(Recorder):
    def on_fit_task_end(self, estimator, context, *, X, fitted_estimator):
        self.shown.append(fitted_estimator.transform(X))


def test_callback_sees_every_epoch_and_can_stop_the_fit():
    pytest.importorskip("sklearn.callback")
    X, _ = toy_for(False)
    seen, plain = Recorder(stop_at=3), selector(max_iter=13).fit(X)
    model = selector().set_callbacks(seen).fit(X)
    assert model.n_iter_ == 3
    assert seen.tasks == ["setup", *["epoch"] * 3, "fit", "teardown"]
    assert_same_network(selector().set_callbacks(Recorder()).fit(X), plain)


@pytest.mark.parametrize("fitted", [False, True])
def test_selector_that_callbacks_are_shown_selects(fitted):
    pytest.importorskip("sklearn.callback")
    X, _ = toy_for(False)
    model = selector()
    if fitted:  # to more features: nothing of it must be left
        model.fit(np.hstack([X, X]))
    model.set_callbacks(seen := Watcher()).fit(X)
    assert [shown.shape for shown in seen.shown] == [(40, 2)] * 14
    np.testing.assert_array_equal(seen.shown[-1], model.transform(X))


# Copies, random numbers and threads.


@every_ranking
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_copy_goes_on_as_the_original(supervised, importance, way, tmp_path):
    X, y = toy_for(supervised)
    params = {"supervised": supervised, "importance": importance}
    straight, copied = (selector(**params).partial_fit(X, y) for _ in range(2))
    copied = way(copied, tmp_path)
    np.testing.assert_array_equal(copied.transform(X), straight.transform(X))
    for _ in range(2):
        assert_same_selection(copied.partial_fit(X, y), straight.partial_fit(X, y))


@pytest.mark.parametrize("fitted", [False, True])
def test_pickle_of_another_version_is_warned_of(fitted, monkeypatch):
    X, _ = toy_for(False)
    model = selector().fit(X) if fitted else selector()
    with monkeypatch.context() as patch:
        patch.setattr(_version_stamp, "__version__", "0.0-old")
        old = pickle.dumps(model)
    match = rf"QuickSelection.*0\.0-old.*{skset.__version__}"
    with pytest.warns(UserWarning, match=match):
        model = pickle.loads(old)
    assert not fitted or model.transform(X).shape == (40, 2)


@every_ranking
def test_any_number_of_threads_gives_the_same_bits(supervised, importance, monkeypatch):
    X, y = toy_for(supervised)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    monkeypatch.setattr("skset.runtime.team.MIN_WORK", 0)
    params = {"supervised": supervised, "importance": importance, "dropout": 0.1}
    params["keep_history"] = True
    one = selector(**params, n_jobs=1).fit(X, y)
    two = selector(**params, n_jobs=2).fit(X, y)
    assert_same_selection(one, two)
    assert_same_selection(clone(one).fit(X, y), one)
    np.testing.assert_array_equal(one.importances_history_, two.importances_history_)
    with pytest.raises(AssertionError):
        assert_same_network(
            one, selector(**params).set_params(random_state=1).fit(X, y)
        )


@every_supervised
def test_fitting_and_transforming_change_nothing_around_them(supervised):
    X, y = toy_for(supervised)
    weight, model = np.linspace(0.5, 1.5, 40), selector(supervised=supervised)
    params = model.get_params()
    with nothing_changes(X, y, weight, params):
        model.fit(X, y, sample_weight=weight)
        with nothing_changes(model):
            model.inverse_transform(model.transform(X))
    assert model.get_params() == params


def test_interrupted_selector_ranks_by_what_it_has_learned(monkeypatch):
    X, _ = toy_for(False)
    interrupt(monkeypatch, epoch=2, step=2)
    with pytest.warns(UserWarning, match=INTERRUPTED):
        model = selector(keep_history=True).fit(X)
    assert model.n_iter_ == len(model.importances_history_) == 2
    assert model.transform(X).shape == (40, 2)


def test_training_that_stalls_ends():
    X, _ = toy_for(False)
    model = selector(max_iter=100, tol=1e9, n_iter_no_change=20).fit(X)
    assert model.n_iter_ == 22
