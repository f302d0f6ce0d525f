"""Degree distributions: what is drawn is what the network has."""

import numpy as np
import pytest
from inspection_fits import topologies
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from skset import SETClassifier
from skset.inspection import TopologyDisplay


def test_points_are_the_degrees_of_the_network(digits, plt):
    model, twin = digits
    display = TopologyDisplay.from_estimator(model, twin, n_resamples=5)
    assert display.axes_.shape == (3, 2)
    for name, network in (("before", twin), ("after", model)):
        for k, topology in enumerate(topologies(network)):
            for side, degrees in (("out", topology.fan_out), ("in", topology.fan_in)):
                x, y = display.lines_[k][side][name].get_data()
                expected = [(degrees >= d).mean() for d in x]
                assert set(x) == set(degrees[degrees > 0])
                np.testing.assert_allclose(y, expected)
    assert display.axes_[0, 0].get_xscale() == display.axes_[0, 0].get_yscale() == "log"


def test_an_exponent_has_its_test_and_its_rivals_beside_it(digits, plt):
    display = TopologyDisplay.from_estimator(digits[0], n_resamples=5)
    fits = display.fits[0]["in"]
    legend = display.axes_[0, 1].get_legend()
    texts = [text.get_text() for text in legend.get_texts()]
    (law,) = [text for text in texts if text.startswith("power law")]
    assert f"exponent {fits.exponent:.2f}, p " in law
    assert f"tail: {fits.n_tail} of {fits.n_units}" in law
    assert sum("log ratio" in text for text in texts) == 2
    assert legend.get_title().get_text() == fits.verdict


def test_small_axes_show_no_exponent(digits, plt):
    figure, ax = plt.subplots(figsize=(6, 4))
    display = TopologyDisplay.from_estimator(digits[0], n_resamples=5, ax=ax)
    assert display.figure_ is figure
    texts = [t.get_text() for t in display.axes_[0, 1].get_legend().get_texts()]
    assert any("power law, p" in text for text in texts)
    assert not any("exponent " in text for text in texts)


def test_the_random_network_has_as_many_connections(digits, plt):
    display = TopologyDisplay.from_estimator(digits[0], fit=False, color="black")
    assert display.names == ("random", "trained")
    assert display.fits is None
    for sides, topology in zip(display.before, topologies(digits[0]), strict=True):
        assert sides["out"].sum() == sides["in"].sum() == topology.nnz
    assert display.lines_[0]["in"]["trained"].get_color() == "black"


def test_snapshots_show_the_first_and_the_last(snapshots, plt):
    display = TopologyDisplay.from_snapshots(iter(snapshots))
    assert display.names == ("epoch 0", "epoch 10")
    assert display.before[0]["out"].tolist() == [2, 0]
    assert display.degrees[0]["out"].tolist() == [1, 1]


def test_tiny_axes_show_the_verdict_alone(digits, plt):
    _, axes = plt.subplots(3, 2, figsize=(3, 3))
    display = TopologyDisplay.from_estimator(digits[0], n_resamples=20, ax=axes)
    fits = display.fits[0]["out"]
    legend = axes[0, 0].get_legend()
    assert legend.get_title().get_text() == fits.verdict
    assert legend.get_texts() == []
    assert display.axes_[0, 0].get_title() == "layer 0: out-degree"


def test_axes_are_used_as_given(digits, plt):
    _, axes = plt.subplots(3, 2)
    display = TopologyDisplay.from_estimator(digits[0], fit=False, ax=axes)
    assert (display.axes_ == axes).all()
    with pytest.raises(ValueError, match="one Axes or 3 x 2 of them, got 2"):
        display.plot(axes[0])
    with pytest.raises(TypeError, match="ax must be None or matplotlib Axes, got int"):
        display.plot(3)


def test_bad_input(digits, snapshots, plt):
    with pytest.raises(NotFittedError):
        TopologyDisplay.from_estimator(SETClassifier())
    with pytest.raises(TypeError, match="fitted estimator of skset"):
        TopologyDisplay.from_estimator(LogisticRegression().fit([[0], [1]], [0, 1]))
    with pytest.raises(TypeError, match="Topology objects"):
        TopologyDisplay.from_estimator([1, 2])
    with pytest.raises(ValueError, match="same shapes"):
        TopologyDisplay.from_estimator(digits[0], snapshots[0][1])
    with pytest.raises(ValueError, match="one snapshot at least"):
        TopologyDisplay.from_snapshots([])
    with pytest.raises(ValueError, match="must increase"):
        TopologyDisplay.from_snapshots(snapshots[::-1])
    with pytest.raises(ValueError, match="pair"):
        TopologyDisplay.from_snapshots([3])
