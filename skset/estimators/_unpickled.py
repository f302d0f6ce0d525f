"""Checks of a fitted estimator that was unpickled, or read from another kind of file.

A file may hold anything, and kernels do not check bounds. So all that reaches them is
checked here, once, before anything predicts. Pickles are not safe for all that: to open
one runs the code that it names. Files of skops name nothing but what is trusted.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from skset.estimators._class_targets import ClassTargets, checked_classes
from skset.estimators._from_network import check_outputs
from skset.estimators._number_targets import NumberTargets
from skset.estimators._types import Array
from skset.model import RBM, Network, Scaling, SharedNetwork
from skset.model.integrity import check_array, check_finite, check_type

__all__ = ["check_learned"]


def check_learned(estimator: Any) -> None:
    """Raise ValueError unless all that an estimator has learned fits together.

    Parameters
    ----------
    estimator : SparseEstimator or TaskEstimator
        With a network. It is not changed.

    Raises
    ------
    ValueError
        If arrays do not have the shapes and types that the network needs, if weights
        are not finite, or if classes do not fit to the outputs.
    """
    try:
        _check_network(estimator._network)
        _check_inputs(estimator)
        _check_targets(estimator._network, estimator._targets)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        kind = type(estimator).__name__
        raise ValueError(f"This {kind} is damaged: {error}") from error


def _check_network(network: Any) -> None:
    if not isinstance(network, (Network, RBM, SharedNetwork)):
        raise ValueError(f"its network is a {type(network)}.")
    network.checked()
    for array in _numbers(network):
        check_finite("Weights and biases", array)


def _numbers(network: Any) -> Iterator[Array]:
    """Yield the weights and biases of a network."""
    if isinstance(network, SharedNetwork):
        yield from (layer.values for layer in network.layers)
        for task in network.tasks.values():
            yield from (*task.biases, task.head.weights, task.head.bias)
        return
    for layer in network.layers:
        yield from (layer.weights, layer.bias)
    if isinstance(network, RBM):
        yield network.visible_bias


def _check_inputs(estimator: Any) -> None:
    """Raise ValueError unless X will be given the number of inputs of the network."""
    n_features, scaling = estimator._network.n_units[0], estimator._scaling
    if estimator.n_features_in_ != n_features:
        raise ValueError(
            f"n_features_in_ is {estimator.n_features_in_!r}, but the network has "
            f"{n_features} inputs."
        )
    if scaling is not None:
        check_type("_scaling", scaling, Scaling)
        for name in ("shift", "factor"):
            of_inputs = getattr(scaling, name)
            check_array(name, of_inputs, (n_features,), np.dtype(np.float64))


def _check_targets(network: Any, targets: Any) -> None:
    """Raise ValueError unless y will be given the number of outputs of the network."""
    if isinstance(network, SharedNetwork):
        if targets.keys() != network.tasks.keys():
            raise ValueError(f"there are classes of the tasks {list(targets)} only.")
        for label, of_task in targets.items():
            _check_targets(network.network_of(label), of_task)
    elif isinstance(network, Network):
        if isinstance(targets, ClassTargets):
            checked_classes(targets.classes)
        # Made anew, as then all is computed that follows from the classes.
        check_outputs(network, replace(targets))
        if isinstance(targets, NumberTargets):
            _check_units_of_outputs(targets)


def _check_units_of_outputs(targets: NumberTargets) -> None:
    """Raise ValueError unless y keeps its shape when it is standardised."""
    of_y = (targets.n_outputs,)
    for name in ("mean", "scale"):
        shape = np.shape(getattr(targets, name))
        if shape not in ((), of_y):
            raise ValueError(
                f"{name} must be a number or of shape {of_y}, got {shape}."
            )
