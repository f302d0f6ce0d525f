"""Drawings of networks: the strongest paths, their signs and their ages."""

from itertools import pairwise, product

import numpy as np
import pytest
from inspection_fits import topologies
from sklearn.exceptions import NotFittedError

from skset import SETClassifier
from skset.inspection import NetworkDisplay
from skset.inspection._network_display import NEGATIVE, POSITIVE
from skset.inspection._strongest_paths import (
    connection_ages,
    strongest_connections,
)
from skset.model import Network


def network(seed=0, units=(4, 5, 3)):
    rng = np.random.default_rng(seed)
    coefs = [
        rng.normal(size=shape) * (rng.random(shape) < 0.7) for shape in pairwise(units)
    ]
    return Network.from_csr(coefs, [np.zeros(n) for n in units[1:]])


@pytest.mark.parametrize("n", [2, 5, 9, 100])
def test_the_strongest_connections_are_those_of_the_strongest_paths(n):
    net = network()
    dense = [abs(layer.to_csr().toarray()) for layer in net.layers]
    paths = {
        (i, j, k): dense[0][i, j] * dense[1][j, k]
        for i, j, k in product(range(4), range(5), range(3))
        if dense[0][i, j] * dense[1][j, k] > 0
    }
    expected = [set(), set()]
    for i, j, k in sorted(paths, key=paths.get, reverse=True):
        more = [expected[0] | {(i, j)}, expected[1] | {(j, k)}]
        if sum(map(len, more)) > n:
            break
        expected = more
    weights = [abs(layer.weights) for layer in net.layers]
    tops = [layer.topology for layer in net.layers]
    for k, places in enumerate(strongest_connections(tops, weights, n)):
        pairs = zip(tops[k].in_units[places], tops[k].indices[places], strict=True)
        assert {(int(i), int(j)) for i, j in pairs} == expected[k]


def test_lines_have_the_signs_of_the_weights(plt):
    from matplotlib.colors import to_rgba

    net = network()
    display = NetworkDisplay.from_estimator(net, n_connections=12)
    assert 2 <= sum(map(len, display.edges)) <= 12
    for layer, edges, lines in zip(
        net.layers, display.edges, display.edges_, strict=True
    ):
        weights = layer.to_csr().toarray()[tuple(edges.T)]
        order = np.argsort(abs(weights), kind="stable")
        colors = [NEGATIVE if w < 0 else POSITIVE for w in weights[order]]
        expected = [to_rgba(color, 0.8) for color in colors]
        np.testing.assert_allclose(lines.get_colors(), expected)
        assert len(lines.get_segments()) == len(edges)
    assert display.colorbar_ is None
    labels = [text.get_text() for text in display.legend_.get_texts()]
    assert labels == ["positive weight", "negative weight"]


def test_names_and_counts_are_written(table, plt):
    display = NetworkDisplay.from_estimator(table, n_connections=40)
    texts = {text.get_text() for text in display.ax_.texts}
    shown = len(display.units[0])
    assert f"inputs\n{shown} of 30" in texts
    assert {str(table.feature_names_in_[k])[:24] for k in display.units[0]} <= texts
    assert "1" in texts  # the class that the output speaks for


def test_ages_are_the_epochs_since_a_connection_came(snapshots, plt):
    first, second = connection_ages(snapshots)
    assert first.tolist() == [10, 0]
    assert second.tolist() == [10, 10]
    coefs = [np.diag([1.0, 2.0]), np.ones((2, 1))]
    net = Network.from_csr(coefs, [np.zeros(2), np.zeros(1)])
    display = NetworkDisplay.from_estimator(net, snapshots=snapshots)
    assert display.edges_[0].get_array().tolist() == [10, 0]
    assert display.colorbar_.ax.get_ylabel() == "age in epochs"
    assert display.legend_ is None


def test_a_network_without_paths_is_drawn_empty(plt):
    coefs = [np.array([[1.0, 0.0]]), np.array([[0.0], [1.0]])]
    net = Network.from_csr(coefs, [np.zeros(2), np.zeros(1)])
    display = NetworkDisplay.from_estimator(net)
    assert [len(edges) for edges in display.edges] == [0, 0]


def test_a_given_ax_is_used(digits, plt):
    figure, axes = plt.subplots(1, 2)
    display = NetworkDisplay.from_estimator(digits[0], ax=axes[1], alpha=0.5)
    assert display.ax_ is axes[1]
    assert display.figure_ is figure
    assert display.edges_[0].get_alpha() == 0.5


def test_bad_input(digits, snapshots, plt):
    with pytest.raises(NotFittedError):
        NetworkDisplay.from_estimator(SETClassifier())
    with pytest.raises(ValueError, match="at least 1"):
        NetworkDisplay.from_estimator(digits[0], n_connections=0)
    with pytest.raises(ValueError, match="same shapes"):
        NetworkDisplay.from_estimator(digits[0], snapshots=snapshots)
    with pytest.raises(TypeError, match="fitted estimator of skset"):
        NetworkDisplay.from_estimator(topologies(digits[0]))
