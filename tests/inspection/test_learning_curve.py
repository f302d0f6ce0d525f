"""`LearningCurveDisplay`: what is drawn is what the fit and its log say."""

import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from skset import QuickSelection, SETClassifier, SparseRBM
from skset.inspection import LearningCurveDisplay, LoggedRun, TopologyLog

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

pytestmark = pytest.mark.filterwarnings(
    "ignore:Maximum iterations:sklearn.exceptions.ConvergenceWarning",
    "ignore:The network took only:UserWarning",
)
X, y = load_digits(return_X_y=True)
X, y = X[:200] / 16, y[:200]
with_callbacks = pytest.mark.skipif(
    not hasattr(SETClassifier, "set_callbacks"), reason="came with scikit-learn 1.9"
)
STOPPING = {"early_stopping": True, "scoring": "accuracy"}


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def small(**params):
    given = {"epsilon": 3, "max_iter": 6, "n_iter_no_change": 99, **params}
    return SETClassifier((20, 15), random_state=0, **given)


def labels(display):
    return [ax.get_ylabel() for ax in display.axes_]


def test_an_estimator_shows_its_loss():
    model = small().fit(X, y)
    display = LearningCurveDisplay.from_estimator(model)
    (line,) = display.lines_["loss"]
    np.testing.assert_array_equal(line.get_xdata(), range(1, 7))
    np.testing.assert_array_equal(line.get_ydata(), model.loss_curve_)
    assert labels(display) == ["Loss"]
    assert display.axes_[-1].get_xlabel() == "Epoch"
    assert display.figure_ is display.axes_[0].figure
    assert display.best_lines_ == []


def test_validation_scores_and_the_epoch_that_was_kept():
    model = small(**STOPPING).fit(X, y)
    display = LearningCurveDisplay.from_estimator(model)
    (line,) = display.lines_["validation_score"]
    np.testing.assert_array_equal(line.get_ydata(), model.validation_scores_)
    assert labels(display) == ["Loss", "Validation score"]
    best = np.argmax(model.validation_scores_) + 1
    assert [mark.get_xdata()[0] for mark in display.best_lines_] == [best, best]
    (text,) = display.axes_[1].get_legend().get_texts()
    assert text.get_text() == f"Kept epoch, {best}"


def test_while_the_density_falls_no_epoch_is_the_best():
    """The greatest score may be that of a network with too many connections."""
    model = small(method="granet", max_iter=12, **STOPPING).fit(X, y)
    display = LearningCurveDisplay.from_estimator(model)
    scores = model.validation_scores_
    assert scores[display.best_epoch - 1] == model.best_validation_score_


@with_callbacks
@pytest.mark.parametrize("stopping", [{}, STOPPING])
def test_a_log_shows_all(stopping):
    log = TopologyLog()
    model = small(**stopping).set_callbacks(log).fit(X, y)
    display = LearningCurveDisplay.from_log(log)
    names = ["loss", "learning_rate", "nnz", "replaced"]
    if stopping:
        names.insert(1, "validation_score")
        assert display.best_epoch == np.argmax(model.validation_scores_) + 1
    assert list(display.lines_) == names
    for name in names:
        drawn = np.transpose([line.get_ydata() for line in display.lines_[name]])
        recorded = [record[name] for record in log.records]
        np.testing.assert_array_equal(drawn, np.reshape(recorded, drawn.shape))
    legend = display.axes_[names.index("nnz")].get_legend()
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == ["Layer 0", "Layer 1", "Layer 2"]
    colors = [line.get_color() for line in display.lines_["nnz"]]
    assert colors == [line.get_color() for line in display.lines_["replaced"]]
    assert len(set(colors)) == 3
    of_run = LearningCurveDisplay.from_log(log.runs[0])
    assert list(of_run.lines_) == names


@with_callbacks
def test_a_log_of_some_epochs():
    log = TopologyLog(every=2)
    small().set_callbacks(log).fit(X, y)
    display = LearningCurveDisplay.from_log(log)
    np.testing.assert_array_equal(display.lines_["loss"][0].get_xdata(), [2, 4, 6])


@pytest.mark.parametrize(
    ("model", "label"),
    [
        (QuickSelection(10, max_iter=2), "Loss"),
        (SparseRBM(20, n_iter=2), "Reconstruction error"),
    ],
    ids=["QuickSelection", "SparseRBM"],
)
def test_selectors_and_machines(model, label):
    display = LearningCurveDisplay.from_estimator(
        model.set_params(random_state=0).fit(X)
    )
    assert labels(display) == [label]
    assert display.lines_["loss"][0].get_marker() == "o"  # a line of two points


def test_lbfgs_has_scores_of_rounds_and_shows_iterations():
    model = small(solver="lbfgs", max_iter=12, **STOPPING).fit(X, y)
    assert len(model.validation_scores_) < len(model.loss_curve_)
    display = LearningCurveDisplay.from_estimator(model)
    assert labels(display) == ["Loss"]
    assert display.best_lines_ == []


def test_axes_of_the_user():
    model = small(**STOPPING).fit(X, y)
    _, axes = plt.subplots(2, 1)
    display = LearningCurveDisplay.from_estimator(model, ax=axes, linewidth=3)
    assert list(display.axes_) == list(axes)
    assert display.lines_["loss"][0].get_linewidth() == 3
    figure, ax = plt.subplots()
    display = LearningCurveDisplay.from_estimator(model, ax=ax)
    assert display.figure_ is figure
    assert len(display.axes_) == 2
    assert not ax.axison
    _, ax = plt.subplots()
    display = LearningCurveDisplay.from_estimator(small().fit(X, y), ax=ax)
    assert list(display.axes_) == [ax]


def test_it_can_be_drawn_again():
    display = LearningCurveDisplay([1, 2], {"loss": [2, 1]})
    first = display.plot().figure_
    assert display.plot(color="red") is display
    assert display.figure_ is not first
    assert display.lines_["loss"][0].get_color() == "red"


def test_layers_of_very_different_sizes_get_a_logarithmic_axis():
    curves = {"loss": [2, 1], "nnz": [[10, 9000], [9, 9000]]}
    display = LearningCurveDisplay([1, 2], {**curves, "replaced": [[0, 0], [1, 90]]})
    assert [ax.get_yscale() for ax in display.plot().axes_] == [
        *("linear", "log", "symlog")
    ]


def test_bad_input():
    model = small(**STOPPING).fit(X, y)
    with pytest.raises(NotFittedError):
        LearningCurveDisplay.from_estimator(small())
    with pytest.raises(TypeError, match="LogisticRegression has no curve"):
        LearningCurveDisplay.from_estimator(LogisticRegression().fit(X, y))
    bare = SETClassifier.from_network(model.network_, classes=model.classes_)
    with pytest.raises(ValueError, match="no epoch"):
        LearningCurveDisplay.from_estimator(bare)
    with pytest.raises(TypeError, match="got a SETClassifier"):
        LearningCurveDisplay.from_log(model)
    _, axes = plt.subplots(3)
    with pytest.raises(ValueError, match="one Axes or 2 x 1 of them, got 3"):
        LearningCurveDisplay.from_estimator(model, ax=axes)
    with pytest.raises(TypeError, match="matplotlib Axes, got str"):
        LearningCurveDisplay.from_estimator(model, ax="here")


@with_callbacks
def test_an_empty_log():
    with pytest.raises(ValueError, match="no record yet"):
        LearningCurveDisplay.from_log(TopologyLog())
    log = TopologyLog(every=9)
    small().set_callbacks(log).fit(X, y)
    assert isinstance(log.runs[0], LoggedRun)
    with pytest.raises(ValueError, match="no epoch was due"):
        LearningCurveDisplay.from_log(log)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    model = small(max_iter=1).fit(X, y)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"skset\[plot\]"):
        LearningCurveDisplay.from_estimator(model)
