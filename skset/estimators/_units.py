"""Units of the inputs: `standardize`, what it learns, and networks in raw units."""

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from skset.estimators._input import stays_as_given
from skset.estimators._input_moments import Moments
from skset.estimators._types import Array, Matrix
from skset.model import Layer, Network, Scaled, Scaling

__all__ = ["learned_scaling", "raw_inputs", "raw_outputs", "scaled_table"]


def learned_scaling(standardize: bool | str, moments: Moments) -> Scaling:
    """Return the units that suit columns with these moments.

    Parameters
    ----------
    standardize : {"auto", True, "global"}
        See `PERCEPTRON_PARAMETERS`.
    moments : Moments
        Of the rows to train on.
    """
    if not moments.varies.any():  # as in one row: each column has the unit of its size
        return Scaling(np.zeros(moments.mean.size), moments.size_factors)
    if standardize == "global":
        return Scaling(moments.mean, moments.common_factors)
    return Scaling(moments.mean, moments.factors)


def scaled_table(X: Matrix, scaling: Scaling | None, dtype: Any) -> Matrix:
    """Return X in the units of a network: a small array at once, else by batches."""
    if scaling is None:
        return X
    if sparse.issparse(X) or stays_as_given(X, dtype):
        return Scaled(X, scaling)
    return scaling.applied(X, dtype)


def raw_inputs(network: Network, scaling: Scaling) -> Network:
    """Return the network that computes the same from inputs in raw units.

    It does so but for rounding: the shift becomes a part of its first biases.
    """
    first, *others = network.layers
    weights = first.weights * scaling.factor[first.topology.in_units]
    bias = first.bias - scaling.shift @ first.topology.to_csr(weights)
    return network.with_layers([_with(first, weights, bias), *others]).frozen()


def raw_outputs(network: Network, mean: Any, scale: Any) -> Network:
    """Return the network whose outputs have another mean and scale."""
    *others, last = network.layers
    scale = np.broadcast_to(scale, last.bias.shape)
    weights = last.weights * scale[last.topology.indices]
    layer = _with(last, weights, last.bias * scale + mean)
    return network.with_layers([*others, layer]).frozen()


def _with(layer: Layer, weights: Array, bias: Array) -> Layer:
    """Return a layer at rest with other weights and bias, in its own type."""
    dtype = layer.bias.dtype
    with np.errstate(over="ignore"):
        weights, bias = weights.astype(dtype), bias.astype(dtype)
    return replace(layer.at_rest(), weights=weights, bias=bias)
