"""The strongest paths of a network: their connections, and places to draw them."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.inspection._shown_topologies import (
    Snapshots,
    checked_snapshots,
    same_shapes,
)
from skset.topology import Topology

__all__ = [
    "ages_of",
    "connection_ages",
    "drawn_units",
    "spread",
    "strongest_connections",
]

Array: TypeAlias = NDArray[Any]

# Sums of logarithms along one path differ in their last bits. They count as equal.
DECIMALS = 9


def strongest_connections(
    topologies: Sequence[Topology], weights: Sequence[Array], n_connections: int
) -> list[Array]:
    """Return which connections of each layer lie on the strongest paths.

    The strength of a path is the product of its absolute weights. A connection is as
    strong as the strongest path through it. So with a connection its whole path is
    among the strongest.

    Parameters
    ----------
    topologies : sequence of Topology
        From the input to the output.
    weights : sequence of ndarray of shape (nnz,)
        Absolute weights of each layer.
    n_connections : int
        Largest number of connections in all. Only one path may have more.

    Returns
    -------
    places : list of ndarray of int
        Of each layer the places of these connections, sorted.
    """
    scores = _path_scores(topologies, weights)
    joined = np.concatenate(scores)
    ranked = np.sort(joined[joined > -np.inf])[::-1]
    if not ranked.size:
        return [np.empty(0, np.intp) for _ in scores]
    bound = ranked[min(n_connections, ranked.size) - 1]
    if (joined >= bound).sum() > n_connections and bound < ranked[0]:
        bound = ranked[ranked > bound][-1]  # else a path would be cut
    return [np.flatnonzero(score >= bound) for score in scores]


def _path_scores(
    topologies: Sequence[Topology], weights: Sequence[Array]
) -> list[Array]:
    """Return for each connection the logarithm of the strongest path through it."""
    with np.errstate(divide="ignore"):
        logs = [np.log(np.asarray(w, float)) for w in weights]
    into = [np.zeros(topologies[0].shape[0])]
    for topology, log in zip(topologies, logs, strict=True):
        into.append(np.full(topology.shape[1], -np.inf))
        np.maximum.at(into[-1], topology.indices, into[-2][topology.in_units] + log)
    onward = np.zeros(topologies[-1].shape[1])
    scores: list[Array] = []
    for topology, log, before in zip(
        reversed(topologies), reversed(logs), reversed(into[:-1]), strict=True
    ):
        rest = log + onward[topology.indices]
        scores.append((before[topology.in_units] + rest).round(DECIMALS))
        onward = np.full(topology.shape[0], -np.inf)
        np.maximum.at(onward, topology.in_units, rest)
    return scores[::-1]


def connection_ages(snapshots: Sequence[tuple[int, Sequence[Topology]]]) -> list[Array]:
    """Return for how many epochs each connection of the last snapshot has been there.

    Parameters
    ----------
    snapshots : sequence of (epoch, sequence of Topology)
        In the order of their epochs. What happened between two of them is not seen: a
        connection that is in both counts as one that stayed.

    Returns
    -------
    ages : list of ndarray of shape (nnz,)
        Of each layer, in epochs. Those that the first snapshot has are as old as that.
    """
    end, last = snapshots[-1]
    ages = []
    for depth, topology in enumerate(last):
        positions = topology.positions()
        age = np.zeros(topology.nnz, np.int64)
        alive = np.ones(topology.nnz, bool)
        for epoch, topologies in reversed(snapshots[:-1]):
            alive &= topologies[depth].has(positions)
            age[alive] = end - epoch
        ages.append(age)
    return ages


def drawn_units(pairs: list[Array]) -> list[Array]:
    """Return the units of each column that have a drawn connection."""
    sides = [pairs[0][:, 0], *(pair[:, 1] for pair in pairs)]
    for k, pair in enumerate(pairs[1:], start=1):
        sides[k] = np.concatenate([sides[k], pair[:, 0]])
    return [np.unique(side) for side in sides]


def spread(keys: Array) -> Array:
    """Return heights between 0 and 1, evenly spread in the order of the keys."""
    n = keys.size
    heights = np.empty(n)
    heights[np.argsort(keys, kind="stable")] = (np.arange(n) + 0.5) / max(n, 1)
    return heights


def ages_of(snapshots: Snapshots, topologies: list[Any]) -> list[Array]:
    """Return the ages of an estimator's connections, given earlier topologies."""
    checked = checked_snapshots(snapshots)
    end, last = checked[-1]
    same_shapes(last, topologies)
    # The final drop comes after the last snapshot.
    return connection_ages([*checked, (end, topologies)])
