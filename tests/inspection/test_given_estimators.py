"""What can be shown is shown; of other things the error says what to give instead."""

import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skset import ContinualSETClassifier, QuickSelection, SETClassifier, SparseRBM
from skset.inspection import (
    ConnectivityDisplay,
    LearningCurveDisplay,
    NetworkDisplay,
    TopologyDisplay,
    to_networkx,
    topology_distance,
    topology_report,
)

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")

X, y = load_iris(return_X_y=True)
X = X / X.max(0)
SMALL = {"hidden_layer_sizes": (10,), "max_iter": 3, "random_state": 0}
OF_NETWORKS = [
    NetworkDisplay.from_estimator,
    ConnectivityDisplay.from_estimator,
    TopologyDisplay.from_estimator,
    topology_report,
]


def small(**params):
    return SETClassifier(**{**SMALL, **params})


def continual():
    model = ContinualSETClassifier(max_iter=2, random_state=0)
    return model.partial_fit(X, y, task="flowers")


def numbered_columns():
    pandas = pytest.importorskip("pandas")
    return small().fit(pandas.DataFrame(X), y)


SHOWN = {
    "one layer": lambda: small(hidden_layer_sizes=()).fit(X, y),
    "pruned": lambda: small(method="granet").fit(X, y),
    "machine": lambda: SparseRBM(8, n_iter=2, random_state=0).fit(X),
    "selector": lambda: QuickSelection(2, **SMALL).fit(X, y),
    "a task": lambda: continual().network_of("flowers"),
    "numbered columns": numbered_columns,
}


@pytest.mark.parametrize("make", SHOWN.values(), ids=SHOWN)
def test_everything_with_a_network_is_shown(make):
    thing = make()
    network = getattr(thing, "network_", thing)
    n_connections = sum(layer.topology.nnz for layer in network.layers)
    display = NetworkDisplay.from_estimator(thing, n_connections=n_connections)
    assert 0 < sum(len(edges) for edges in display.edges) <= n_connections
    display = ConnectivityDisplay.from_estimator(thing)
    assert display.values.sum() == network.layers[0].topology.nnz
    display = TopologyDisplay.from_estimator(thing, n_resamples=3)
    assert len(display.axes_) == len(network.layers) == len(topology_report(thing))
    assert topology_distance(thing, thing) == 0
    names = [f"x{k}" for k in range(4)]
    assert [axis.get_text() for axis in _column_names(thing)] == names


def _column_names(thing):
    display = NetworkDisplay.from_estimator(thing, n_connections=1000)
    return [text for text in display.ax_.texts if text.get_text()[0] == "x"]


def test_a_graph_of_one_layer():
    pytest.importorskip("networkx")
    model = small(hidden_layer_sizes=()).fit(X, y)
    assert to_networkx(model).number_of_nodes() == 4 + 3


@pytest.mark.parametrize("show", OF_NETWORKS)
def test_what_has_networks_inside_is_told_apart(show):
    pipeline = make_pipeline(StandardScaler(), small()).fit(X, y)
    with pytest.raises(TypeError, match=r"got Pipeline. Give the step.*pipeline\[-1\]"):
        show(pipeline)
    with pytest.raises(TypeError, match=r"one task, estimator.network_of\(task\)"):
        show(continual())
    search = GridSearchCV(small(), {"epsilon": [5]}, cv=2).fit(X, y)
    with pytest.raises(TypeError, match="Give best_estimator_ of the search"):
        show(search)


@pytest.mark.parametrize("show", OF_NETWORKS)
def test_what_has_no_network_is_named(show):
    with pytest.raises(TypeError, match=r"got MLPClassifier\.$"):
        show(MLPClassifier((3,), tol=10).fit(X, y))
    with pytest.raises(NotFittedError):
        show(make_pipeline(StandardScaler(), small()))


def test_the_curve_of_a_pipeline_is_that_of_its_step():
    pipeline = make_pipeline(StandardScaler(), small()).fit(X, y)
    with pytest.raises(TypeError, match=r"Pipeline has no curve.*pipeline\[-1\]"):
        LearningCurveDisplay.from_estimator(pipeline)
    assert len(LearningCurveDisplay.from_estimator(pipeline[-1]).epochs) == 3
