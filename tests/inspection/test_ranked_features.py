"""Ranked features: records of a selector, and names through a Pipeline."""

import numpy as np
import pandas as pd
import pytest
from inspection.fits import (
    NAMES,
    brief,
    classifier,
    impatient,
    machine,
    selector,
    table,
)
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skset import QuickSelection
from skset.estimators import feature_records
from skset.inspection import ranked_features

pytestmark = impatient


def fitted(*steps, named=True):
    X, y = table()
    return make_pipeline(*steps).fit(X if named else X.to_numpy(), y)


def assert_names_are_those_of(records, ranker, names):
    order = np.argsort(-ranker.feature_importances_, kind="stable")
    assert records["feature"].tolist() == [names[i] for i in order]
    assert records["index"].tolist() == order.tolist()
    assert records["rank"].tolist() == list(range(1, len(names) + 1))
    assert (records["importance"] == ranker.feature_importances_[order]).all()


@pytest.mark.parametrize("named", [True, False])
def test_a_selector_lists_its_features(named):
    ranker = selector(0, named)
    names = NAMES if named else [f"x{i}" for i in range(8)]
    assert_names_are_those_of(ranker.ranked_features(), ranker, names)
    assert (ranker.ranked_features() == ranked_features(ranker)).all()
    best = ranker.ranked_features(3)
    assert (best == ranker.ranked_features()[:3]).all()
    assert set(best["index"]) == set(ranker.get_support(indices=True))
    assert len(ranker.ranked_features(100)) == 8


def test_pandas_takes_the_records():
    frame = pd.DataFrame(selector().ranked_features(2))
    assert list(frame) == ["feature", "index", "rank", "importance"]
    same = ranked_features(selector(), 2, as_frame=True)
    pd.testing.assert_frame_equal(frame, same)


def test_ties_go_to_the_lower_column():
    records = feature_records(["a", "b", "c"], [0.25, 0.5, 0.25])
    assert records["feature"].tolist() == ["b", "a", "c"]


@pytest.mark.parametrize("of", [classifier, machine])
def test_every_estimator_with_importances_has_ranked_features(of):
    model = of()
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        names = [f"x{i}" for i in range(model.n_features_in_)]
    assert_names_are_those_of(ranked_features(model), model, names)


@pytest.mark.parametrize("named", [True, False])
def test_names_pass_a_scaler(named):
    model = fitted(StandardScaler(), brief(random_state=0), named=named)
    names = NAMES if named else [f"x{i}" for i in range(8)]
    assert_names_are_those_of(ranked_features(model), model[-1], names)
    assert_names_are_those_of(
        ranked_features(model, input_features=NAMES), model[-1], NAMES
    )


def test_names_pass_steps_that_remove_and_make_columns():
    X, y = table()
    X = X.assign(constant=1.0, colour=np.where(y, "red", "blue"))
    encoded = ColumnTransformer(
        [("hot", OneHotEncoder(), ["colour"]), ("num", "passthrough", NAMES)],
        verbose_feature_names_out=False,
    )
    inner = make_pipeline(encoded, "passthrough", VarianceThreshold())
    ranker = brief(random_state=0)
    model = make_pipeline(inner, StandardScaler(), ranker, LogisticRegression())
    model.fit(X, y)
    names = ["colour_blue", "colour_red", *NAMES]
    assert_names_are_those_of(ranked_features(model), ranker, names)


def test_dropped_columns_shift_the_index_but_not_the_names():
    X, y = table()
    X = X.copy()
    X["gene a"] = 0.0
    model = make_pipeline(VarianceThreshold(), brief(random_state=0)).fit(X, y)
    assert_names_are_those_of(ranked_features(model), model[-1], NAMES[1:])


def test_a_selector_goes_before_a_later_model_with_importances():
    forest = RandomForestClassifier(3, random_state=0)
    model = fitted(StandardScaler(), brief(random_state=0), forest)
    assert_names_are_those_of(ranked_features(model), model[1], NAMES)
    later = ranked_features(model, step="randomforestclassifier")
    chosen = np.array(NAMES)[model[1].get_support()]
    assert_names_are_those_of(later, forest, chosen)


def test_a_step_without_names_is_passed_if_a_table_comes_out():
    logs = FunctionTransformer(np.abs)
    model = fitted(logs, brief(random_state=0))
    assert_names_are_those_of(ranked_features(model), model[-1], NAMES)
    silent = fitted(logs, brief(random_state=0), named=False)
    with pytest.raises(ValueError, match="'functiontransformer' has no get_feature"):
        ranked_features(silent)


def test_names_of_components_are_those_that_the_step_gives():
    model = fitted(PCA(4), brief(2, random_state=0))
    assert set(ranked_features(model)["feature"]) == {f"pca{i}" for i in range(4)}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n": 0}, ValueError, "n == 0, must be >= 1"),
        ({"n": 1.5}, TypeError, "n must be an instance of"),
        ({"step": "svc"}, ValueError, "step must be one of"),
        ({"input_features": NAMES[:3]}, ValueError, "input_features"),
        ({"input_features": NAMES[::-1]}, ValueError, "input_features"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    model = fitted(StandardScaler(), brief(random_state=0))
    with pytest.raises(error, match=message):
        ranked_features(model, **arguments)


def test_a_wrong_number_of_names_is_refused_for_a_single_estimator():
    with pytest.raises(ValueError, match="3 names for 8 features"):
        ranked_features(selector(0, False), input_features=NAMES[:3])
    with pytest.raises(ValueError, match="not equal to feature_names_in_"):
        ranked_features(selector(), input_features=NAMES[::-1])
    with pytest.raises(ValueError, match="2 names for 3 features"):
        feature_records(["a", "b"], [1, 2, 3])


def test_what_is_not_fitted_or_has_no_importances_is_refused():
    with pytest.raises(NotFittedError):
        QuickSelection().ranked_features()
    with pytest.raises(NotFittedError):
        ranked_features(make_pipeline(StandardScaler(), QuickSelection()))
    with pytest.raises(TypeError, match="feature_importances_ is needed"):
        ranked_features(fitted(StandardScaler(), LogisticRegression()))
    with pytest.raises(TypeError, match="not an estimator"):
        ranked_features("selector")
