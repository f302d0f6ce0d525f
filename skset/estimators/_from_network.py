"""Fitted estimators that were never fitted: made of a network that exists."""

from typing import Any

import numpy as np

from skset.model import Network

__all__ = ["adopt_network", "check_kind", "check_outputs", "with_arrays"]


def adopt_network(
    estimator: Any, network: Any, targets: Any, feature_names: Any
) -> Any:
    """Make an estimator a fitted one that has the given network; return it.

    Parameters
    ----------
    estimator : SparseEstimator
        New, with parameters that describe the network.
    network : Network or RBM
        Its arrays are copied.
    targets : ClassTargets, NumberTargets or InputTargets
        What the network is taken to have learned.
    feature_names : array-like of str or None
        Names of the inputs, if they have any.
    """
    n_features = network.n_units[0]
    fitted = {
        "network_": network.copy().frozen(),
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
        names = np.asarray(feature_names, dtype=object)
        if names.shape != (n_features,) or not all(isinstance(n, str) for n in names):
            raise ValueError(
                f"feature_names must be {n_features} strings, one for each input of "
                f"the network, got {feature_names!r}."
            )
        fitted["feature_names_in_"] = names
    vars(estimator).update(fitted)
    return estimator


def check_kind(network: Any, kind: type) -> None:
    """Raise unless a network is of this class."""
    if not isinstance(network, kind):
        raise TypeError(
            f"network must be a {kind.__name__} of skset.model, got {network!r}."
        )


def check_outputs(network: Network, targets: Any) -> None:
    """Raise unless a network puts out what targets ask for."""
    n_outputs, output = network.n_units[-1], network.output
    if (n_outputs, output) != (targets.n_outputs, targets.output):
        raise ValueError(
            f"The network has {n_outputs} outputs with the function {output!r}, but "
            f"{targets.n_outputs} with {targets.output!r} are needed."
        )


def with_arrays(network: Network, coefs: Any = None, intercepts: Any = None) -> Network:
    """Return a network of the same shape with other weights, or other biases.

    Raises
    ------
    ValueError
        If they do not have the shapes of the network.
    """
    new = Network.from_csr(
        [layer.to_csr() for layer in network.layers] if coefs is None else coefs,
        [layer.bias for layer in network.layers] if intercepts is None else intercepts,
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
