"""Reports, distances and graphs of networks."""

import sys
from itertools import pairwise

import numpy as np
import pytest
from inspection_fits import topologies
from sklearn.exceptions import NotFittedError

from skset import SETClassifier, SparseRBM
from skset.inspection import to_networkx, topology_distance, topology_report
from skset.inspection._topology_report import path_counts
from skset.model import Network
from skset.topology import Topology, random_topology


def rows_of(report):
    return report if isinstance(report, list) else report.to_dict("records")


def test_a_report_counts_what_the_matrices_have(digits):
    model, twin = digits
    paths = np.ones(64)
    for k, row in enumerate(rows_of(topology_report(model, twin))):
        dense = model.network_.layers[k].topology
        dense = dense.to_csr(np.ones(dense.nnz)).toarray()
        earlier = topologies(twin)[k]
        earlier = earlier.to_csr(np.ones(earlier.nnz)).toarray()
        paths = paths @ dense
        assert (row["layer"], row["n_in"], row["n_out"]) == (k, *dense.shape)
        assert row["nnz"] == dense.sum()
        assert row["density"] == pytest.approx(dense.mean())
        assert row["dead_in"] == (dense.sum(1) == 0).sum()
        assert row["dead_out"] == (dense.sum(0) == 0).sum()
        assert row["out_max"] == dense.sum(1).max()
        assert row["in_min"] == dense.sum(0).min()
        assert row["in_std"] == pytest.approx(dense.sum(0).std())
        assert row["n_paths"] == paths.sum()
        assert row["log10_paths"] == pytest.approx(np.log10(paths.sum()))
        assert row["survivors"] == pytest.approx(
            (dense * earlier).sum() / earlier.sum()
        )


def test_paths_are_exact_beyond_64_bits():
    full = [Topology.from_positions((30, 30), np.arange(900)) for _ in range(40)]
    assert path_counts(full)[-1] == 30**41
    row = rows_of(topology_report(full))[-1]
    assert row["n_paths"] == 30**41
    assert row["log10_paths"] == pytest.approx(41 * np.log10(30))


def test_without_paths_and_without_an_earlier_network():
    row = rows_of(topology_report([Topology.empty((3, 2))]))[0]
    assert row["n_paths"] == 0
    assert row["log10_paths"] == -np.inf
    assert np.isnan(row["survivors"])


def test_without_pandas_there_is_a_list(digits, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    report = topology_report(digits[0])
    assert isinstance(report, list)
    assert report[0]["nnz"] == topologies(digits[0])[0].nnz


def test_a_machine_has_a_report():
    X = np.random.default_rng(0).random((20, 6))
    machine = SparseRBM(8, n_iter=1, random_state=0).fit(X)
    (row,) = rows_of(topology_report(machine))
    assert row["nnz"] == machine.nnz_


def test_reports_refuse(digits, snapshots):
    with pytest.raises(NotFittedError):
        topology_report(SETClassifier())
    with pytest.raises(ValueError, match="same shapes"):
        topology_report(digits[0], snapshots[0][1])
    with pytest.raises(TypeError, match="got int"):
        topology_report(3)


def random_network(seed, units=(12, 15, 9, 4), density=0.3):
    rng = np.random.default_rng(seed)
    shapes = pairwise(units)
    return [random_topology(s, int(density * s[0] * s[1]), rng) for s in shapes]


def shuffled(network, seed):
    """Return the same network with its hidden units in another order."""
    rng, order = np.random.default_rng(seed), np.arange(network[0].shape[0])
    new = []
    for k, topology in enumerate(network):
        n_out = topology.shape[1]
        onward = np.arange(n_out) if k == len(network) - 1 else rng.permutation(n_out)
        places = order[topology.in_units] * n_out + onward[topology.indices]
        new.append(Topology.from_positions(topology.shape, places))
        order = onward
    return new


def test_the_order_of_hidden_units_makes_no_distance():
    a = random_network(0)
    assert topology_distance(a, a) == 0
    assert topology_distance(a, shuffled(a, 1)) == pytest.approx(0)


def test_a_distance_is_that_of_the_definition():
    """A layer with every assignment tried."""
    from itertools import permutations

    a, b = random_network(0, (6, 4)), random_network(1, (6, 4))
    sets = [
        [set(t.in_units[t.indices == j].tolist()) for j in range(4)] for (t,) in (a, b)
    ]

    def apart(s, t):
        return len(s ^ t) / len(s | t) if s | t else 0

    best = min(
        np.mean([apart(sets[0][j], sets[1][m[j]]) for j in range(4)])
        for m in permutations(range(4))
    )
    as_they_are = np.mean([apart(s, t) for s, t in zip(*sets, strict=True)])
    assert topology_distance(a, b, match_outputs=True) == pytest.approx(best)
    assert topology_distance(a, b) == pytest.approx(as_they_are)


def test_distances_of_layers_and_their_symmetry():
    a, b = random_network(0), random_network(1)
    layers = topology_distance(a, b, by_layer=True)
    assert layers.shape == (3,)
    assert topology_distance(a, b) == pytest.approx(layers.mean())
    assert layers[0] == pytest.approx(topology_distance(b, a, by_layer=True)[0])
    assert ((layers > 0) & (layers <= 1)).all()


def test_estimators_have_a_distance(digits):
    model, twin = digits
    assert 0 < topology_distance(model, twin) < 1
    assert topology_distance(model, model.network_) == 0
    with pytest.raises(ValueError, match="same shapes"):
        topology_distance(model, random_network(0))


def test_a_graph_has_all_units_and_weights(table):
    pytest.importorskip("networkx")
    graph = to_networkx(table)
    network = table.network_
    assert graph.number_of_nodes() == sum(network.n_units)
    assert graph.number_of_edges() == network.nnz
    for k, layer in enumerate(network.layers):
        dense = layer.to_csr().toarray()
        for i, j in zip(*np.nonzero(dense), strict=True):
            edge = graph.edges[(k, int(i)), (k + 1, int(j))]
            assert edge == {"weight": pytest.approx(dense[i, j]), "layer": k}
    assert graph.nodes[0, 3]["name"] == str(table.feature_names_in_[3])
    assert graph.nodes[1, 0]["bias"] == pytest.approx(float(network.layers[0].bias[0]))
    assert graph.nodes[3, 0]["name"] == "1"


def test_graph_and_names_without_a_table():
    pytest.importorskip("networkx")
    network = Network.from_csr([np.eye(2)], [np.zeros(2)])
    assert to_networkx(network).nodes[0, 1]["name"] == "x1"
    assert to_networkx(network, feature_names=["a", "b"]).nodes[0, 1]["name"] == "b"
    with pytest.raises(ValueError, match="must have 2 names"):
        to_networkx(network, feature_names=["a"])
    with pytest.raises(NotFittedError):
        to_networkx(SETClassifier())


@pytest.mark.parametrize(
    ("library", "extra"), [("networkx", "graph"), ("matplotlib.pyplot", "plot")]
)
def test_a_missing_library_is_named_with_its_extra(digits, monkeypatch, library, extra):
    from skset.inspection import NetworkDisplay

    monkeypatch.setitem(sys.modules, library, None)
    draw = to_networkx if extra == "graph" else NetworkDisplay.from_estimator
    with pytest.raises(ImportError, match=rf"skset\[{extra}\]"):
        draw(digits[0])


def test_the_wing_imports_no_library_that_skset_does_not_import():
    import subprocess

    code = (
        "import skset, sys; before = set(sys.modules); import skset.inspection; "
        "print([m for m in ('matplotlib', 'networkx', 'powerlaw', 'pandas') "
        "if m in sys.modules and m not in before])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
