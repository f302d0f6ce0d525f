"""Estimators made of a network without a fit, and weights that are assigned."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from skset.estimators._targets import Targets
from skset.model import RBM, Network

__all__ = [
    "adopt_network",
    "check_kind",
    "check_outputs",
    "with_coefs",
    "with_intercepts",
]


# A `SparseEstimator`, whose subclasses import this module.
Estimator = TypeVar("Estimator", bound=Any)


def adopt_network(
    estimator: Estimator,
    network: Network | RBM,
    targets: Targets,
    feature_names: ArrayLike | None,
) -> Estimator:
    """Make an estimator a fitted one that has the given network; return it.

    Parameters
    ----------
    estimator : SparseEstimator
        New, with parameters that describe the network.
    network : Network or RBM
        Its arrays are copied.
    targets : ClassTargets, NumberTargets or InputTargets
        Targets that fit the network's outputs.
    feature_names : array-like of str or None
        Names of the inputs, if they have any.
    """
    n_features = network.n_units[0]
    fitted = {
        "_network": network.copy().frozen(),
        "n_features_in_": n_features,
        "n_iter_": 0,
        "t_": 0,
        estimator._curve: [],
        "_targets": targets,
        "_density_goal": None,
        "_state": None,
        **targets.attributes,
    }
    if feature_names is not None:
        names = np.array(feature_names, dtype=object)
        if names.shape != (n_features,) or not all(isinstance(n, str) for n in names):
            raise ValueError(
                f"feature_names must be {n_features} strings, one for each input of "
                f"the network, got {feature_names!r}."
            )
        fitted["feature_names_in_"] = names
    vars(estimator).update(fitted)
    return estimator


def check_kind(network: object, kind: type) -> None:
    """Raise unless a network is of this class."""
    if not isinstance(network, kind):
        raise TypeError(
            f"network must be a {kind.__name__} of skset.model, got {network!r}."
        )


def check_outputs(network: Network, targets: Targets) -> None:
    """Raise unless the outputs of a network fit the targets."""
    n_outputs, output = network.n_units[-1], network.output
    if (n_outputs, output) != (targets.n_outputs, targets.output):
        raise ValueError(
            f"The network has {n_outputs} outputs with the function {output!r}, but "
            f"{targets.n_outputs} with {targets.output!r} are needed."
        )


def with_coefs(network: Network, coefs: Sequence[Any]) -> Network:
    """Return a network with the same units and biases and other weights, or raise."""
    return _rebuilt(network, coefs, [layer.bias for layer in network.layers])


def with_intercepts(network: Network, intercepts: Sequence[ArrayLike]) -> Network:
    """Return a network with the same connections and other biases, or raise."""
    coefs = [layer.to_csr() for layer in network.layers]
    new = _rebuilt(network, coefs, intercepts)
    # The connections are unchanged, and so is the number that the last drop took.
    return new.with_layers(
        replace(layer, n_dropped=old.n_dropped)
        for layer, old in zip(new.layers, network.layers, strict=True)
    )


def _rebuilt(
    network: Network, coefs: Sequence[Any], intercepts: Sequence[ArrayLike]
) -> Network:
    new = Network.from_csr(
        coefs,
        intercepts,
        activation=network.activation,
        output=network.output,
        negative_slope=network.negative_slope,
        dtype=network.dtype,
    )
    if new.n_units != network.n_units:
        raise ValueError(
            f"coefs_ must keep the numbers of units {network.n_units}, got "
            f"{new.n_units}."
        )
    return new
