"""`FeatureImportanceDisplay` draws the importances of `network_`, and their spread."""

import numpy as np
import pytest
from inspection.fits import (
    NAMES,
    brief,
    classifier,
    digits,
    impatient,
    machine,
    selector,
    table,
)
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skset import SETClassifier, SETRegressor
from skset.inspection import FeatureImportanceDisplay
from skset.model import strength

pytestmark = impatient

draw = FeatureImportanceDisplay.from_estimator


def widths(display):
    return np.array([bar.get_width() for bar in display.bars_])


def labels(display):
    return [label.get_text() for label in display.ax_.get_yticklabels()]


def test_bars_are_the_strengths_of_the_inputs():
    X, y = table()
    model = SETRegressor((10,), max_iter=5, standardize=False, random_state=0)
    model.fit(X, y)
    expected = strength(model.network_) / strength(model.network_).sum()
    display = draw(model)
    order = np.argsort(-expected)
    np.testing.assert_allclose(widths(display), expected[order])
    assert labels(display) == [NAMES[i] for i in order]
    assert display.ax_.get_xlabel() == "Importance"
    assert display.image_ is None
    assert display.figure_ is display.ax_.figure
    bottom, top = display.ax_.get_ylim()
    assert bottom > top  # the best is above


@pytest.mark.parametrize("named", [True, False])
def test_several_fits_have_a_mean_and_a_spread(named):
    fits = [classifier(seed, named) for seed in range(3)]
    table_of_fits = np.array([fit.feature_importances_ for fit in fits])
    display = draw(fits, n_bars=5)
    mean, spread = table_of_fits.mean(0), table_of_fits.std(0, ddof=1)
    order = np.argsort(-mean)[:5]
    np.testing.assert_allclose(widths(display), mean[order])
    (bars,) = display.bars_.errorbar.lines[2]
    ends = np.array(bars.get_segments())[:, :, 0]
    np.testing.assert_allclose(ends[:, 0], (mean - spread)[order])
    np.testing.assert_allclose(ends[:, 1], (mean + spread)[order])
    names = NAMES if named else [f"x{i}" for i in range(8)]
    assert labels(display) == [names[i] for i in order]
    assert "3 fits" in display.ax_.get_xlabel()


def test_folds_of_a_cross_validation_are_taken():
    X, y = table()
    model = make_pipeline(StandardScaler(), brief(random_state=0), LogisticRegression())
    folds = cross_validate(model, X, y, cv=3, return_estimator=True)["estimator"]
    display = draw(folds)
    expected = np.mean([fold[1].feature_importances_ for fold in folds], 0)
    np.testing.assert_allclose(widths(display), np.sort(expected)[::-1])


def test_features_are_matched_by_name_where_a_fold_lacks_some():
    X, y = table()
    lacking = X.copy()
    lacking["gene a"] = 0.0
    model = make_pipeline(VarianceThreshold(), brief(random_state=0))
    one = make_pipeline(VarianceThreshold(), brief(random_state=0)).fit(lacking, y)
    display = draw([one, model.fit(X, y)])
    assert sorted(display.feature_names) == NAMES
    (a,) = np.flatnonzero(display.feature_names == "gene a")
    expected = [0.0, model[-1].feature_importances_[0]]
    np.testing.assert_allclose(display.importances[:, a], expected)


def test_pixels_are_drawn_as_a_map():
    display = draw(machine(), image_shape=(8, 8))
    expected = machine().feature_importances_.reshape(8, 8)
    np.testing.assert_allclose(display.image_.get_array(), expected)
    assert display.bars_ is None
    assert digits().shape[1] == 64


def test_a_given_ax_and_style_are_used():
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2)
    display = draw(selector(), ax=axes[1], color="red", feature_names=NAMES)
    assert (display.ax_, display.figure_) == (axes[1], figure)
    assert display.bars_[0].get_facecolor() == (1, 0, 0, 1)
    assert display.plot(axes[0]) is display
    assert display.ax_ is axes[0]


def test_long_names_are_shortened():
    names = ["a" * 20 + "b" * 20, "short"]
    display = FeatureImportanceDisplay.from_importances([1, 2], feature_names=names)
    assert labels(display) == ["short", "a" * 13 + "…" + "b" * 13]


@pytest.mark.parametrize(
    ("importances", "arguments", "error", "message"),
    [
        ([], {}, ValueError, "finite numbers"),
        ([np.nan, 1], {}, ValueError, "finite numbers"),
        ([[[1.0]]], {}, ValueError, "finite numbers"),
        ([1, 2], {"feature_names": ["a"]}, ValueError, "1 names for 2 features"),
        ([1, 2], {"image_shape": (2, 2)}, ValueError, "has not 2 pixels"),
        ([1, 2], {"image_shape": 2}, TypeError, "must be \\(height, width\\)"),
        ([1, 2], {"n_bars": 0}, ValueError, "n_bars"),
        ([1, 2], {"ax": "left"}, TypeError, "ax must be None or matplotlib Axes"),
    ],
)
def test_bad_arguments_are_refused(importances, arguments, error, message):
    with pytest.raises(error, match=message):
        FeatureImportanceDisplay.from_importances(importances, **arguments)


def test_wrong_estimators_are_refused():
    with pytest.raises(NotFittedError):
        draw(SETClassifier())
    with pytest.raises(TypeError, match="feature_importances_ is needed"):
        draw(StandardScaler().fit(table()[0]))
    with pytest.raises(ValueError, match="At least one estimator"):
        draw([])
    with pytest.raises(ValueError, match="same name"):
        draw(classifier(0, False), feature_names=["a"] * 8)
