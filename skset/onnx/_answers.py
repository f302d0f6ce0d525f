"""Nodes of whole estimators: labels, probabilities, numbers, features.

They compute what `predict`, `predict_proba` and `transform` return, in the same order
of types: X is standardised in float64, the network computes in its own type, and
probabilities are made of its outputs in float64.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skset.estimators import (
    ClassifierParts,
    MachineParts,
    Parts,
    RegressorParts,
    SelectorParts,
)
from skset.model import Layer, Network, Scaling
from skset.onnx._activation_nodes import add_activation, check_activations
from skset.onnx._graph import Graph
from skset.onnx._storage import Storage

__all__ = [
    *["add_codes", "add_features", "add_label", "add_logits", "add_numbers"],
    *["add_probabilities", "add_selected", "add_sums", "check_parts", "label_values"],
]

# Largest whole number up to which each has a value of its own in float64.
MOST_EXACT = 2**53


def check_parts(parts: Parts, storage: Storage) -> None:
    """Raise if an estimator cannot be a model: functions that ONNX lacks, or its size.

    The output functions of networks are all there.
    """
    if isinstance(parts, SelectorParts):
        return
    layers: Sequence[Layer]
    if isinstance(parts, MachineParts):
        layers = parts.machine.layers
    else:
        check_activations(parts.network.hidden)
        layers = parts.network.layers
    storage.check(layers)


def add_sums(
    graph: Graph, X: str, parts: ClassifierParts | RegressorParts, storage: Storage
) -> str:
    """Add the network's weighted sums (n_samples, n_outputs) in its own type."""
    network: Network = parts.network
    A = _standardised(graph, X, parts.scaling, network.dtype)
    for layer, activation in zip(network.layers, network.hidden, strict=False):
        Z = storage.add_sums(graph, layer, A)
        A = add_activation(graph, activation, Z, network.dtype)
    return storage.add_sums(graph, network.layers[-1], A)


def _standardised(
    graph: Graph, X: str, scaling: Scaling | None, dtype: DTypeLike
) -> str:
    if scaling is None:
        return graph.cast(X, dtype)
    X = graph.node("Sub", graph.cast(X, np.float64), graph.constant(scaling.shift))
    return graph.cast(graph.node("Mul", X, graph.constant(scaling.factor)), dtype)


def add_probabilities(
    graph: Graph, Z: str, parts: ClassifierParts, dtype: DTypeLike
) -> str:
    """Add what `predict_proba` returns, given the weighted sums."""
    Z = graph.cast(Z, np.float64)
    if parts.is_binary:
        Z = graph.node("Concat", graph.node("Neg", Z), Z, axis=1)
    separate = parts.is_binary or parts.multilabel
    P = _logistic(graph, Z) if separate else graph.node("Softmax", Z, axis=1)
    if parts.all_classes.size > parts.classes.size:
        P = _among_all(graph, P, parts)
    return graph.cast(P, dtype)


def _logistic(graph: Graph, Z: str) -> str:
    """Add ``1 / (1 + exp(-z))``; onnxruntime's Sigmoid has 0 for small ones."""
    power = graph.node("Exp", graph.node("Neg", Z))
    one = graph.constant(np.ones(()))
    return graph.node("Reciprocal", graph.node("Add", one, power))


def _among_all(graph: Graph, P: str, parts: ClassifierParts) -> str:
    """Add the columns of all classes; those of other tasks are a column of zeros."""
    columns = np.full(parts.all_classes.size, parts.classes.size)
    places = np.searchsorted(parts.all_classes, parts.classes)
    columns[places] = np.arange(parts.classes.size)
    padded = graph.node("Pad", P, graph.constant(np.array([0, 0, 0, 1])))
    return graph.node("Gather", padded, graph.constant(columns), axis=1)


def add_logits(graph: Graph, Z: str, parts: ClassifierParts, dtype: DTypeLike) -> str:
    """Add what `decision_function` returns, for two classes as two columns."""
    if parts.is_binary:
        Z = graph.node("Concat", graph.node("Neg", Z), Z, axis=1)
    return graph.cast(Z, dtype)


def add_codes(graph: Graph, Z: str, parts: ClassifierParts) -> str:
    """Add the number of each sample's class, or the indicator matrix of its labels."""
    if not (parts.is_binary or parts.multilabel):
        return graph.node("ArgMax", Z, axis=1, keepdims=0)
    zero = graph.constant(np.zeros((), parts.network.dtype))
    codes = graph.cast(graph.node("Greater", Z, zero), np.int64)
    if parts.multilabel:
        return codes
    return graph.node("Reshape", codes, graph.constant(np.array([-1])))


def add_label(graph: Graph, codes: str, values: NDArray[Any]) -> str:
    """Add the label of each sample, given the values of all labels."""
    return graph.node("Gather", graph.constant(values), codes, axis=0)


def label_values(classes: NDArray[Any]) -> NDArray[Any]:
    """Return class labels in a type of ONNX.

    Strings stay strings. Booleans, integers, and floats that are whole become int64, as
    skl2onnx has it. Other floats become float64.
    """
    labels = np.array(classes.tolist())
    if labels.dtype.kind == "U":
        return labels.astype(object)
    exact = labels.dtype.kind != "f" or _are_whole(labels)
    return labels.astype(np.int64 if exact else np.float64)


def _are_whole(labels: NDArray[Any]) -> bool:
    return bool(np.all((labels == np.rint(labels)) & (np.abs(labels) <= MOST_EXACT)))


def add_numbers(graph: Graph, Z: str, parts: RegressorParts, dtype: DTypeLike) -> str:
    """Add the predicted numbers (n_samples, n_outputs), given the weighted sums."""
    Y = graph.cast(Z, np.float64)
    if parts.network.output == "exp":
        Y = graph.node("Exp", Y)
    scale, mean = (
        graph.constant(np.array(a, float)) for a in (parts.scale, parts.mean)
    )
    return graph.cast(graph.node("Add", graph.node("Mul", Y, scale), mean), dtype)


def add_selected(graph: Graph, X: str, parts: SelectorParts) -> str:
    """Add the selected columns of X."""
    columns = graph.constant(np.flatnonzero(parts.support))
    return graph.node("Gather", X, columns, axis=1)


def add_features(
    graph: Graph, X: str, parts: MachineParts, dtype: DTypeLike, storage: Storage
) -> str:
    """Add the probabilities of the hidden units."""
    machine = parts.machine
    sums = storage.add_sums(graph, machine.layer, graph.cast(X, machine.dtype))
    return graph.cast(graph.node("Sigmoid", sums), dtype)
