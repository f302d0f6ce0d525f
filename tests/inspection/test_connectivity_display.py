"""Connections of the inputs: images, bars and an animation."""

import numpy as np
import pytest
from inspection_fits import topologies
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError

from skset import SETClassifier
from skset.inspection import ConnectivityDisplay, TopologyLog


def test_images_are_the_degrees_of_the_pixels(digits, plt):
    model, twin = digits
    display = ConnectivityDisplay.from_estimator(model, twin, image_shape=(8, 8))
    for image, network in zip(display.images_, (twin, model), strict=True):
        degrees = topologies(network)[0].fan_out
        np.testing.assert_array_equal(image.get_array(), degrees.reshape(8, 8))
        assert image.get_clim() == (0, display.values.max())
    assert [axes.get_title() for axes in display.axes_.flat] == ["before", "after"]
    assert display.colorbar_.ax.get_ylabel() == "connections"


def test_strengths_are_for_inputs_of_variance_1(digits, plt):
    model = digits[0]
    display = ConnectivityDisplay.from_estimator(
        model, image_shape=(8, 8), measure="strength"
    )
    dense = abs(model.network_.layers[0].to_csr()).sum(1)
    scale = np.where(np.isfinite(model.input_scale_), model.input_scale_, 0)
    np.testing.assert_allclose(display.values[0], dense * scale, rtol=1e-5)


def test_channels_are_added_up(plt):
    display = ConnectivityDisplay([np.arange(12)], image_shape=(2, 2, 3)).plot()
    assert display.images_[0].get_array().tolist() == [[3, 12], [21, 30]]


def test_bars_are_the_top_columns_with_their_names(table, plt):
    display = ConnectivityDisplay.from_estimator(table, n_top=5, color="red")
    degrees = topologies(table)[0].fan_out
    top = np.argsort(-degrees, kind="stable")[:5]
    assert [bar.get_width() for bar in display.bars_] == degrees[top].tolist()
    labels = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert labels == [str(name) for name in table.feature_names_in_[top]]
    assert display.ax_.get_ylim()[0] > display.ax_.get_ylim()[1]  # the first on top


def test_snapshots_and_arrays_without_names(snapshots, plt):
    display = ConnectivityDisplay.from_snapshots(snapshots)
    assert display.values.tolist() == [[2, 0], [1, 1], [1, 1]]
    assert [t.get_text() for t in display.ax_.get_yticklabels()] == ["x0", "x1"]
    (first,) = display.ax_.lines
    assert first.get_xdata().tolist() == [2, 0]
    assert first.get_label() == "epoch 0"


def test_a_log_has_snapshots(digits, plt):
    pytest.importorskip("sklearn.callback")
    log, (model, _) = TopologyLog(snapshots=1), digits
    X, y = load_digits(return_X_y=True)
    again = clone(model).set_callbacks(log).fit(X, y)
    for given in (log, log.runs[-1], log.snapshots, list(log.snapshots.items())):
        display = ConnectivityDisplay.from_snapshots(given, image_shape=(8, 8))
        assert list(display.epochs) == [0, 1, 2, 3]
    last = again.network_.layers[0].topology
    assert display.values[-1].sum() >= last.nnz  # SET's last drop is not in the log


def test_long_logs_show_some_of_their_snapshots(plt):
    display = ConnectivityDisplay(
        np.arange(40).reshape(20, 2), epochs=range(20), image_shape=(1, 2)
    ).plot()
    titles = [axes.get_title() for axes in display.axes_.flat]
    assert titles == [f"epoch {k}" for k in (0, 4, 8, 11, 15, 19)]


def test_an_animation_has_a_frame_for_each_snapshot(snapshots, tmp_path, plt):
    image = pytest.importorskip("PIL.Image")
    display = ConnectivityDisplay.from_snapshots(snapshots, image_shape=(1, 2))
    path = tmp_path / "a.gif"
    display.save_animation(path, fps=2, dpi=30)
    with image.open(path) as file:
        assert file.size == (120, 108)
        assert file.n_frames >= 2  # equal frames may be joined
    assert len(plt.get_fignums()) == 1
    with pytest.raises(ValueError, match="image_shape"):
        ConnectivityDisplay([[1, 2]]).save_animation(path)


def test_bad_input(digits, snapshots, plt):
    with pytest.raises(NotFittedError):
        ConnectivityDisplay.from_estimator(SETClassifier())
    with pytest.raises(ValueError, match="measure must be one of"):
        ConnectivityDisplay.from_estimator(digits[0], measure="weight")
    with pytest.raises(ValueError, match="of 64 inputs"):
        ConnectivityDisplay.from_estimator(digits[0], image_shape=(8, 9))
    with pytest.raises(ValueError, match="must have 64 names"):
        ConnectivityDisplay.from_estimator(digits[0], feature_names=["a"])
    with pytest.raises(ValueError, match="an epoch for each of 1"):
        ConnectivityDisplay([[1, 2]], epochs=[1, 2])
