"""All displays take the same `ax`, and refuse the same things with the same words."""

import numpy as np
import pytest

from skset.inspection import (
    ConnectivityDisplay,
    FeatureImportanceDisplay,
    FiltersDisplay,
    LearningCurveDisplay,
    NetworkDisplay,
    ReconstructionDisplay,
    SelectionStabilityDisplay,
    TopologyDisplay,
)

NAMES = np.array(["a", "b"])
DEGREES = [{"out": np.array([1, 2, 3]), "in": np.array([2, 2])}]

# Displays and the numbers of their panels.
DISPLAYS = [
    (ConnectivityDisplay([[1, 2]]), (1, 1)),
    (ConnectivityDisplay([[1, 2]], image_shape=(1, 2)), (1, 1)),
    (ConnectivityDisplay([[1, 2], [2, 1]], image_shape=(1, 2)), (1, 2)),
    (FeatureImportanceDisplay(importances=np.eye(2), feature_names=NAMES), (1, 1)),
    (FiltersDisplay(filters=np.ones((2, 2, 2)), units=np.arange(2)), (1, 1)),
    (LearningCurveDisplay([1, 2], {"loss": [2, 1]}), (1, 1)),
    (LearningCurveDisplay([1, 2], {"loss": [2, 1], "nnz": [9, 9]}), (2, 1)),
    (
        NetworkDisplay(
            [np.arange(2), np.arange(1)],
            [2, 1],
            [np.array([[0, 0], [1, 0]])],
            [np.array([1.0, -1.0])],
            names=(["a", "b"], ["y"]),
        ),
        (1, 1),
    ),
    (
        ReconstructionDisplay(images=np.ones((2, 1, 2, 2)), labels=["x", "y"]),
        (1, 1),
    ),
    (
        SelectionStabilityDisplay(
            selections=np.ones((1, 3, 2), bool), feature_names=NAMES
        ),
        (1, 1),
    ),
    (TopologyDisplay(DEGREES, DEGREES), (1, 2)),
]
each_display = pytest.mark.parametrize(
    ("display", "shape"), DISPLAYS, ids=lambda each: type(each).__name__
)


@each_display
def test_none_makes_a_figure(display, shape, plt):
    before = plt.get_fignums()
    figure = display.plot().figure_
    assert figure.number not in before
    assert hasattr(display, "ax_") or len(display.axes_) > 0


@each_display
def test_one_axes_is_used_or_divided(display, shape, plt):
    figure, (ax, beside) = plt.subplots(2)
    drawn = display.plot(ax)
    assert drawn is display
    assert display.figure_ is figure
    assert beside.has_data() is False
    assert ax.has_data() is (shape == (1, 1))


@each_display
def test_an_array_has_an_axes_for_each_panel(display, shape, plt):
    axes = plt.subplots(*shape, squeeze=False)[1]
    display.plot(axes)
    assert all(each.has_data() for each in axes.flat)


@each_display
def test_an_axes_of_a_subfigure(display, shape, plt):
    part = plt.figure().subfigures(1, 2)[0]
    display.plot(part.subplots())
    assert display.figure_ is part


@each_display
def test_what_is_wrong_is_named(display, shape, plt):
    name = type(display).__name__
    with pytest.raises(TypeError, match=f"matplotlib Axes, got str: {name} needs one"):
        display.plot("here")
    with pytest.raises(TypeError, match=f"matplotlib Axes, got Figure: {name} needs"):
        display.plot(plt.figure())
    with pytest.raises(ValueError, match=f"{name} needs one Axes.*, got 3"):
        display.plot(plt.subplots(3)[1])


def test_an_axes_placed_by_hand_cannot_be_divided(plt):
    ax = plt.figure().add_axes((0, 0, 1, 1))
    with pytest.raises(ValueError, match=r"placed by hand\. Give 1 x 2 Axes"):
        TopologyDisplay(DEGREES, DEGREES).plot(ax)
