"""`SelectionStabilityDisplay`: frequencies, agreement, and scores by size."""

from types import SimpleNamespace

import numpy as np
import pytest
from inspection.fits import NAMES, brief, impatient, selector, table
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import StratifiedKFold

from skset import QuickSelection, SETClassifier
from skset.inspection import SelectionStabilityDisplay, ranked_features
from skset.metrics import selection_stability

pytestmark = impatient

MASKS = np.array([[1, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 1, 0, 1, 0]], bool)
from_selections = SelectionStabilityDisplay.from_selections
cross_validated = SelectionStabilityDisplay.from_cross_validation


class Resampled(BaseEstimator):
    """What `StableSelection` has."""

    def __init__(self, threshold=0.6):
        self.threshold = threshold

    def fit(self, X, y=None):
        self.feature_names_in_ = np.array(NAMES[:5])
        self.selections_ = MASKS
        self.threshold_ = self.threshold
        self.selection_frequencies_ = MASKS.mean(0)
        self.n_features_in_ = 5
        return self

    def get_support(self):
        return self.selection_frequencies_ > self.threshold_


def labels(display):
    return [label.get_text() for label in display.ax_.get_yticklabels()]


@pytest.mark.parametrize("selections", [MASKS, [[0, 1], np.array([2, 1]), [3, 1]]])
def test_bars_are_shares_of_the_selections(selections):
    display = from_selections(selections, list("abcde"))
    assert (display.selections == MASKS).all()
    found = [bar.get_width() for bar in display.bars_]
    np.testing.assert_allclose(found, [1, 1 / 3, 1 / 3, 1 / 3])
    assert labels(display) == ["b", "a", "c", "d"]  # nobody selects e
    assert display.ax_.get_xlabel() == "Share of 3 selections"
    title = f"stability {selection_stability(MASKS):.2f}"
    assert display.ax_.get_title() == title
    assert display.image_ is display.line_ is display.band_ is None


def test_names_are_made_and_few_bars_are_drawn():
    display = from_selections([[1], []], n_features=3, n_bars=1)
    assert labels(display) == ["x1"]
    assert from_selections(MASKS).feature_names.tolist() == [f"x{i}" for i in range(5)]


def test_a_single_selection_has_no_stability():
    assert from_selections(MASKS[:1]).ax_.get_title() == ""
    with pytest.raises(ValueError, match="At least 2 selections"):
        from_selections(MASKS[:1], kind="agreement")


def test_the_threshold_divides_the_bars():
    display = SelectionStabilityDisplay.from_estimator(Resampled().fit(None))
    assert labels(display) == [NAMES[i] for i in (1, 0, 2, 3)]
    (line,) = display.ax_.lines
    assert line.get_xdata() == [0.6, 0.6]
    chosen, *others = (bar.get_facecolor() for bar in display.bars_)
    assert chosen not in others
    assert "threshold 0.6" in display.ax_.get_title()


def test_frequencies_stand_in_for_importances():
    records = ranked_features(Resampled().fit(None), 2)
    assert records["feature"].tolist() == [NAMES[1], NAMES[0]]
    assert records["importance"].tolist() == [1, 1 / 3]


def test_the_map_has_the_index_of_each_pair():
    display = from_selections(MASKS, kind="agreement")
    expected = np.eye(3)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        expected[i, j] = expected[j, i] = selection_stability(MASKS[[i, j]])
    np.testing.assert_allclose(display.image_.get_array(), expected)
    written = [text.get_text() for text in display.ax_.texts]
    assert written == [f"{value:.2f}" for value in expected.ravel()]
    assert display.bars_ is None


def test_nothing_is_written_where_there_is_no_room():
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(8, 8)
    assert not from_selections(MASKS, kind="agreement", ax=axes[0, 0]).ax_.texts


def test_fitted_selectors_are_compared():
    fits = [selector(seed) for seed in range(3)]
    display = SelectionStabilityDisplay.from_estimators(fits)
    masks = np.array([fit.get_support() for fit in fits])
    assert (display.selections[0] == masks).all()
    assert display.feature_names.tolist() == NAMES
    assert display.bars_[0].get_width() == masks.mean(0).max()


@pytest.mark.parametrize("of", [brief(random_state=0), SelectKBest()])
def test_scores_are_those_of_each_split_by_hand(of):
    X, y = table()
    splits = list(StratifiedKFold(3).split(X, y))
    arguments = {"n_features": [4, 1], "cv": splits, "scoring": "neg_log_loss"}
    display = cross_validated(of, LogisticRegression(), X, y, **arguments)
    assert display.sizes.tolist() == [1, 4]
    scorer = get_scorer("neg_log_loss")
    for i, size in enumerate(display.sizes):
        for j, (train, test) in enumerate(splits):
            one = brief(size, random_state=0)
            one = one if isinstance(of, QuickSelection) else SelectKBest(k=size)
            A = one.fit_transform(X.iloc[train], y[train])
            model = LogisticRegression().fit(A, y[train])
            score = scorer(model, one.transform(X.iloc[test]), y[test])
            assert display.scores[i, j] == pytest.approx(score)
            assert (display.selections[i, j] == one.get_support()).all()
    mean, spread = display.scores.mean(1), display.scores.std(1)
    np.testing.assert_allclose(display.line_.get_xydata(), np.c_[[1, 4], mean])
    heights = display.band_.get_paths()[0].vertices[:, 1]
    assert heights.min() == pytest.approx((mean - spread).min())
    assert heights.max() == pytest.approx((mean + spread).max())
    assert display.ax_.get_ylabel().startswith("Neg log loss")
    ticks = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert ticks == ["1", "4"]


def test_stability_by_size_and_the_selections_of_one_size():
    X, y = table()
    display = cross_validated(SelectKBest(), LogisticRegression(), X, y, cv=3)
    assert display.sizes.tolist() == [1, 2, 5]
    assert display.ax_.get_ylabel() == "Accuracy (mean ± std, 3 splits)"
    display.plot(kind="stability")
    expected = [selection_stability(masks) for masks in display.selections]
    np.testing.assert_allclose(display.line_.get_ydata(), expected)
    assert display.band_ is None
    display.plot(kind="frequency", size=2)
    assert display.bars_[0].get_width() == display.selections[1].mean(0).max()
    display.plot(kind="frequency")
    best = display.selections[display.scores.mean(1).argmax()]
    shares = [bar.get_width() for bar in display.bars_]
    assert sum(shares) == pytest.approx(best.sum() / 3)


@pytest.mark.parametrize("container", [np.asarray, sparse.coo_array])
def test_containers_give_the_same_scores(container):
    X, y = table()
    arguments = {"n_features": [2], "cv": 2}
    given = (SelectKBest(), LogisticRegression())
    same = cross_validated(*given, X, y, **arguments)
    found = cross_validated(*given, container(X), y, **arguments)
    np.testing.assert_allclose(found.scores, same.scores)
    assert same.feature_names.tolist() == NAMES


@pytest.mark.parametrize(
    ("selections", "arguments", "message"),
    [
        ([], {}, "At least one selection"),
        ([[0, 1]], {}, "need feature_names or n_features"),
        ([[0, 9]], {"n_features": 4}, "mask of 4 features or an array"),
        ([[-1]], {"n_features": 4}, "mask of 4 features or an array"),
        ([[0.5]], {"n_features": 4}, "mask of 4 features or an array"),
        ([[True, False]], {"n_features": 4}, "mask of 4 features or an array"),
        (MASKS, {"kind": "pie"}, "kind must be one of"),
        (MASKS, {"kind": "score"}, "needs from_cross_validation"),
        (MASKS, {"size": 2}, "needs from_cross_validation"),
        (MASKS, {"n_bars": 0}, "n_bars"),
    ],
)
def test_bad_selections_and_arguments_are_refused(selections, arguments, message):
    with pytest.raises(ValueError, match=message):
        from_selections(selections, **arguments)


def test_a_wrong_ax_is_refused():
    with pytest.raises(TypeError, match="ax must be None or matplotlib Axes"):
        from_selections(MASKS, ax=SimpleNamespace())


def test_wrong_selectors_are_refused():
    from_estimators = SelectionStabilityDisplay.from_estimators
    with pytest.raises(NotFittedError):
        from_estimators([QuickSelection()])
    with pytest.raises(TypeError, match="A selector has get_support"):
        from_estimators([SETClassifier()])
    with pytest.raises(ValueError, match="At least one selection"):
        from_estimators([])
    with pytest.raises(ValueError, match="columns with other names"):
        from_estimators([selector(), selector(0, False)])
    with pytest.raises(TypeError, match="A selector with selections_ is needed"):
        SelectionStabilityDisplay.from_estimator(selector())
    with pytest.raises(NotFittedError):
        SelectionStabilityDisplay.from_estimator(Resampled())


def test_bad_sizes_and_selectors_of_a_cross_validation():
    X, y = table()
    for sizes in ([0], [9], []):
        with pytest.raises(ValueError, match="n_features"):
            cross_validated(SelectKBest(), LogisticRegression(), X, y, n_features=sizes)
    with pytest.raises(TypeError, match="one of the parameters"):
        cross_validated(LogisticRegression(), LogisticRegression(), X, y)
    display = cross_validated(SelectKBest(), LogisticRegression(), X, y, cv=2)
    with pytest.raises(ValueError, match="size must be one of"):
        display.plot(kind="frequency", size=3)
