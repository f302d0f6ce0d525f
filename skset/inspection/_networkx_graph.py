"""`to_networkx`: a network as a graph of networkx."""

from typing import Any

from skset.inspection._libraries import library
from skset.inspection._shown_topologies import input_names, network_of, output_names

__all__ = ["to_networkx"]


def to_networkx(estimator: Any, *, feature_names: Any = None) -> Any:
    """Return a network as a directed graph of networkx.

    Parameters
    ----------
    estimator : estimator of skset, or Network
        Fitted.
    feature_names : sequence of str, default=None
        Names of the inputs. None takes those of the DataFrame that it was fitted on.

    Returns
    -------
    graph : networkx.DiGraph
        Nodes are pairs (layer, unit) of int; layer 0 has the inputs. All units are
        nodes, also those without a connection. Nodes have the attributes "layer",
        "name" (of an input, and of an output: its class) and "bias" (not of inputs).
        Edges have "weight", in the units of X, and "layer".

    Raises
    ------
    ImportError
        If networkx is missing.
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it has no network.
    ValueError
        If `feature_names` has another length.

    Examples
    --------
    >>> import numpy as np
    >>> from skset.inspection import to_networkx
    >>> from skset.model import Network
    >>> network = Network.from_csr([np.eye(3, 2)], [np.zeros(2)])
    >>> to_networkx(network).number_of_edges()  # doctest: +SKIP
    2
    """
    networkx = library("networkx", "to_networkx")
    layers = network_of(estimator).layers
    n_inputs, n_outputs = layers[0].topology.shape[0], layers[-1].topology.shape[1]
    graph = networkx.DiGraph()
    for unit, name in enumerate(input_names(estimator, n_inputs, feature_names)):
        graph.add_node((0, unit), layer=0, name=name)
    for depth, layer in enumerate(layers, start=1):
        for unit, bias in enumerate(layer.bias.tolist()):
            graph.add_node((depth, unit), layer=depth, bias=bias)
        graph.add_edges_from(_edges(layer, depth))
    for unit, name in enumerate(output_names(estimator, n_outputs)):
        graph.nodes[len(layers), unit]["name"] = name
    return graph


def _edges(layer: Any, depth: int) -> Any:
    """Return the connections of a layer, with their attributes."""
    units = layer.topology.in_units.tolist(), layer.topology.indices.tolist()
    for i, j, weight in zip(*units, layer.weights.tolist(), strict=True):
        yield (depth - 1, i), (depth, j), {"weight": weight, "layer": depth - 1}
