"""scikit-learn's checks with one task, and tasks inside its meta-estimators."""

import numpy as np
import pytest
from estimators.continual import sequence, small
from estimators.test_checks import EXPECTED_FAILURES
from sklearn import config_context
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from skset import ContinualSETClassifier

pytestmark = pytest.mark.filterwarnings("ignore:The network is so sparse:UserWarning")


@parametrize_with_checks(
    [ContinualSETClassifier((40, 40), density=0.3)],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_it_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_dataframe_column_names_consistency,
        estimator_checks.check_param_validation,
        estimator_checks.check_inplace_ensure_writeable,
    ],
    ids=lambda check: check.__name__,
)
def test_it_passes_the_checks_that_must_be_called_by_name(check):
    check("ContinualSETClassifier", ContinualSETClassifier((20,), max_iter=3))


def routed():
    """Return a classifier that asks for the tasks of rows in all methods."""
    model = small()
    for method in ("fit", "predict", "score"):
        getattr(model, f"set_{method}_request")(task=True)
    return model


def test_tasks_go_through_a_pipeline():
    X, y, task = sequence()
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(StandardScaler(), routed())
        pipeline.fit(X, y, task=task)
        predicted = pipeline.predict(X, task=task)
        assert np.mean(predicted == y) == pipeline.score(X, y, task=task)
    rows = StandardScaler().fit_transform(X)
    alone = small().fit(rows, y, task=task).predict(rows, task=task)
    assert np.array_equal(predicted, alone)


def test_tasks_are_split_with_their_rows():
    X, y, task = sequence()
    folds = list(
        StratifiedKFold(3, shuffle=True, random_state=0).split(X, 3 * task + y)
    )
    with config_context(enable_metadata_routing=True):
        found = cross_validate(routed(), X, y, params={"task": task}, cv=folds)
        search = GridSearchCV(routed(), {"density": [0.1, 0.3]}, cv=folds)
        search.fit(X, y, task=task)
    expected = [
        small().fit(X[a], y[a], task=task[a]).score(X[b], y[b], task=task[b])
        for a, b in folds
    ]
    assert found["test_score"].tolist() == expected
    assert search.best_estimator_.tasks_ == [0, 1, 2]
