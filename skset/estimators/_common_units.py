"""Units that suit several fitted perceptrons, and their networks in these units."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from skset.estimators._number_targets import NumberTargets
from skset.estimators._targets import Targets
from skset.estimators._types import Array
from skset.estimators._units import raw_outputs
from skset.model import Network, Scaling

__all__ = ["common_inputs", "common_outputs"]


def common_inputs(
    networks: Sequence[Network], scalings: Sequence[Scaling | None], shares: Array
) -> tuple[Scaling | None, list[Network]]:
    """Return units of inputs that suit several networks, and these in the units.

    They are the mean and the deviation of all rows together, given those of each part:
    the variance of all is the mean of the variances plus the variance of the means.
    Where all have the same units, these stay. Networks that take X as it is know
    nothing of its units, and have no say.

    Parameters
    ----------
    networks : sequence of Network
        With the same inputs.
    scalings : sequence of Scaling or None
        Of each network.
    shares : ndarray of shape (n_networks,)
        Weights that add up to 1.

    Returns
    -------
    scaling : Scaling or None
        None if all are None.
    networks : list of Network
        They compute the same from inputs in these units, but for rounding.
    """
    known = [k for k, scaling in enumerate(scalings) if scaling is not None]
    if not known:
        return None, list(networks)
    shifts = np.array([scalings[k].shift for k in known])  # type: ignore[union-attr]
    factors = np.array([scalings[k].factor for k in known])  # type: ignore[union-attr]
    with np.errstate(divide="ignore"):
        deviations = np.where(factors > 0, 1 / factors, 0.0)
        shift, deviation = _pooled(shifts, deviations, shares[known])
        pooled = np.where(deviation > 0, 1 / deviation, 0.0)
    same = (factors == factors[0]).all(axis=0) & (shifts == shifts[0]).all(axis=0)
    wanted = Scaling(shift, np.where(same, factors[0], pooled))
    pairs = zip(networks, scalings, strict=True)
    return wanted, [_with_inputs(network, own, wanted) for network, own in pairs]


def common_outputs(
    first: Targets,
    networks: Sequence[Network],
    targets: Sequence[Targets],
    shares: Array,
) -> tuple[Targets, list[Network]]:
    """Return targets in units that suit several networks, and these in the units.

    Parameters
    ----------
    first : ClassTargets, NumberTargets or InputTargets
        Whose kind the result has. If they are not standardised, the units are those of
        y. Otherwise they are chosen as in `common_inputs`.
    networks : sequence of Network
        With the same outputs.
    targets : sequence of ClassTargets, NumberTargets or InputTargets
        Of each network.
    shares : ndarray of shape (n_networks,)
        Weights that add up to 1.

    Returns
    -------
    targets : ClassTargets, NumberTargets or InputTargets
        As `first`, with the common units.
    networks : list of Network
        They compute the same outputs in these units, but for rounding.
    """
    if not isinstance(first, NumberTargets):
        return first, list(networks)
    n, of_numbers = networks[0].n_units[-1], cast(Sequence[NumberTargets], targets)
    means = np.array([np.broadcast_to(t.mean, n) for t in of_numbers])
    scales = np.array([np.broadcast_to(t.scale, n) for t in of_numbers])
    known = ((means != 0) | (scales != 1)).any(axis=1)
    mean, scale = np.zeros(n), np.ones(n)
    if first.standardised and known.any():
        mean, scale = _pooled(means[known], scales[known], shares[known])
    changed = [
        raw_outputs(network, (own_mean - mean) / scale, own_scale / scale)
        if (own_mean != mean).any() or (own_scale != scale).any()
        else network
        for network, own_mean, own_scale in zip(networks, means, scales, strict=True)
    ]
    if np.ndim(first.mean) == 0 and n == 1:  # y had one dimension
        mean, scale = mean[0], scale[0]
    return replace(first, mean=mean, scale=scale), changed


def _pooled(means: Array, deviations: Array, shares: Array) -> tuple[Array, Array]:
    """Return mean and deviation of all parts together, for each column.

    Where all parts are the same, they have the same bits. What varies in no part has
    deviation 0.
    """
    shares = shares / shares.sum()
    mean = means[0] + shares @ (means - means[0])
    distances = np.abs(means - mean)
    largest = np.maximum(deviations, distances).max(axis=0)
    unit = np.where(largest > 0, largest, 1.0)  # else a square may overflow
    squares = (deviations / unit) ** 2 + (distances / unit) ** 2
    deviation: Array = unit * np.sqrt(shares @ squares)
    same = (deviations == deviations[0]).all(axis=0) & (distances == 0).all(axis=0)
    deviation = np.where(same, deviations[0], deviation)
    return mean, np.where(deviations.any(axis=0), deviation, 0.0)


def _with_inputs(network: Network, own: Scaling | None, wanted: Scaling) -> Network:
    """Return the network that computes the same from inputs in other units."""
    if own is None:
        n = network.n_units[0]
        own = Scaling(np.zeros(n), np.ones(n))
    varies = wanted.factor > 0
    ratio = np.divide(own.factor, wanted.factor, out=np.ones(varies.size), where=varies)
    offset = (wanted.shift - own.shift) * own.factor
    if (ratio == 1).all() and not offset.any():
        return network
    first, *others = network.layers
    weights, bias = first.weights, first.bias
    with np.errstate(over="ignore"):
        layer: Any = replace(
            first.at_rest(),
            weights=(weights * ratio[first.topology.in_units]).astype(weights.dtype),
            bias=(bias + offset @ first.topology.to_csr(weights)).astype(bias.dtype),
        )
    return network.with_layers([layer, *others])
