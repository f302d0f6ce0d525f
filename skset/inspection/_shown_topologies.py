"""What reports and displays take: estimators, networks, topologies, snapshots."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skset.inspection._logged_run import LoggedRun
from skset.inspection._topology_log import TopologyLog
from skset.topology import Topology, random_topology

__all__ = [
    "Snapshots",
    "check_image_shape",
    "checked_snapshots",
    "connectivity",
    "input_names",
    "network_of",
    "output_names",
    "random_twin",
    "same_shapes",
    "topologies_of",
    "weights_of",
]

Array: TypeAlias = NDArray[Any]

# Those of a log of a fit, or what it has: topologies by their epochs.
Snapshots: TypeAlias = (
    TopologyLog
    | LoggedRun
    | Mapping[int, Sequence[Topology]]
    | Iterable[tuple[int, Sequence[Topology]]]
)


def network_of(thing: Any) -> Any:
    """Return the network of a fitted estimator, or the network itself.

    Raises
    ------
    NotFittedError
        If it is an estimator that is not fitted.
    TypeError
        If it is none of both.
    """
    if hasattr(thing, "layers"):
        return thing
    if hasattr(thing, "fit"):
        check_is_fitted(thing)
    network = getattr(thing, "network_", None)
    if not hasattr(network, "layers"):
        raise TypeError(
            "Expected a fitted estimator of skset (with network_) or a network, got "
            f"{type(thing).__name__}.{_advice(thing)}"
        )
    return network


def _advice(thing: Any) -> str:
    """Return what to give in place of something that has its networks inside."""
    if hasattr(thing, "steps"):
        return " Give the step of the Pipeline, such as pipeline[-1]."
    if hasattr(thing, "network_of"):
        return " Give the network of one task, estimator.network_of(task)."
    if hasattr(thing, "best_estimator_"):
        return " Give best_estimator_ of the search."
    return ""


def topologies_of(thing: Any) -> list[Topology]:
    """Return the topologies of an estimator, a network, or of a sequence of them."""
    if isinstance(thing, Topology):
        return [thing]
    if isinstance(thing, Sequence) and not isinstance(thing, str):
        if len(thing) == 0 or not all(isinstance(t, Topology) for t in thing):
            raise TypeError("A sequence must have Topology objects, and at least one.")
        return list(thing)
    return [layer.topology for layer in network_of(thing).layers]


def weights_of(thing: Any) -> list[Array]:
    """Return the absolute weights of each layer, for inputs of variance 1.

    `network_` is in the units of X, where a column of small numbers has large weights.
    """
    weights = [abs(layer.weights) for layer in network_of(thing).layers]
    scale = getattr(thing, "input_scale_", None)
    if scale is not None:
        scale = np.where(np.isfinite(scale), scale, 0)  # of constant columns infinite
        weights[0] = weights[0] * scale[topologies_of(thing)[0].in_units]
    return weights


def same_shapes(a: Sequence[Topology], b: Sequence[Topology]) -> None:
    """Check that two networks have the same units.

    Raises
    ------
    ValueError
        If they do not.
    """
    shapes = [[topology.shape for topology in side] for side in (a, b)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"Both networks must have layers of the same shapes, got {shapes[0]} and "
            f"{shapes[1]}."
        )


def checked_snapshots(snapshots: Snapshots) -> list[tuple[int, list[Topology]]]:
    """Return snapshots as a list of (epoch, topologies), checked.

    Raises
    ------
    ValueError
        If there are none, if a snapshot is no pair, if the epochs do not increase, or
        if networks have different units.
    """
    if isinstance(snapshots, (TopologyLog, LoggedRun)):
        snapshots = snapshots.snapshots
    pairs = list(snapshots.items() if isinstance(snapshots, Mapping) else snapshots)
    if not pairs:
        raise ValueError("There must be one snapshot at least.")
    if not all(isinstance(pair, Sequence) and len(pair) == 2 for pair in pairs):
        raise ValueError("Each snapshot must be a pair (epoch, list of Topology).")
    checked = [(int(epoch), topologies_of(layers)) for epoch, layers in pairs]
    epochs = [epoch for epoch, _ in checked]
    if sorted(set(epochs)) != epochs:
        raise ValueError(f"The epochs of snapshots must increase, got {epochs}.")
    for _, topologies in checked[1:]:
        same_shapes(checked[0][1], topologies)
    return checked


def random_twin(topologies: Sequence[Topology], random_state: int) -> list[Topology]:
    """Return random topologies with as many connections in each layer.

    All positions are equally likely, as in a network before its training.
    """
    rng = np.random.default_rng(random_state)
    return [random_topology(t.shape, t.nnz, rng) for t in topologies]


def input_names(thing: Any, n_inputs: int, feature_names: Any = None) -> list[str]:
    """Return the names of the inputs: given, of a DataFrame, or "x0", "x1", ...

    Raises
    ------
    ValueError
        If `feature_names` has another length.
    """
    names = feature_names
    if names is None:
        names = getattr(thing, "feature_names_in_", None)
    if names is None:
        return [f"x{k}" for k in range(n_inputs)]
    if len(names) != n_inputs:
        raise ValueError(
            f"feature_names must have {n_inputs} names, one for each input, got "
            f"{len(names)}."
        )
    return [str(name) for name in names]


def output_names(thing: Any, n_outputs: int) -> list[str]:
    """Return the class that each output speaks for, else "y0", "y1", ..."""
    classes = getattr(thing, "classes_", ())
    if isinstance(classes, np.ndarray):
        if len(classes) == n_outputs:
            return [str(name) for name in classes]
        if (len(classes), n_outputs) == (2, 1):
            return [str(classes[1])]
    return [f"y{k}" for k in range(n_outputs)]


def connectivity(thing: Any, measure: str) -> Array:
    """Return the degree or the strength of each input."""
    topology = topologies_of(thing)[0]
    if measure == "degree":
        return topology.fan_out
    weights = weights_of(thing)[0]
    return np.bincount(topology.in_units, weights, topology.shape[0])


def check_image_shape(image_shape: tuple[int, ...], n_inputs: int) -> None:
    """Check that the inputs can be shown as an image of this shape."""
    if len(image_shape) not in (2, 3) or np.prod(image_shape) != n_inputs:
        raise ValueError(
            "image_shape must be (height, width) or (height, width, channels) of "
            f"{n_inputs} inputs, got {image_shape!r}."
        )
