"""One step of evolution: drop connections, grow as many, carry what is aligned."""

from typing import NamedTuple

import numpy as np

from skset import kernels
from skset.topology.arrays import read_only
from skset.topology.pattern import Topology
from skset.topology.ranks import all_but_smallest
from skset.topology.returned import checked_mask, checked_positions, refuse

__all__ = ["Rewiring", "carry", "enlarge", "evolve", "strongest"]


class Rewiring(NamedTuple):
    """A new topology, and where its connections come from.

    Attributes
    ----------
    topology : Topology
        The pattern after the evolution.
    source : ndarray of shape (nnz,), int32 or int64
        Old place of each connection, in by-input order; -1 if it is newborn.
    """

    topology: Topology
    source: np.ndarray


def evolve(topology, weights, *, zeta, drop, grow, rng, signals=None, layer=None):
    """Drop a fraction of the connections and grow as many elsewhere.

    nnz is the same before and after. A place that was just dropped counts as free. A
    layer with fewer free places than connections to drop replaces only as many as it
    has free places, so that a full layer is left alone.

    Parameters
    ----------
    topology : Topology
        The pattern; it is not changed.
    weights : ndarray of shape (nnz,)
        In by-input order.
    zeta : float in [0, 1]
        Fraction to replace.
    drop : callable
        ``drop(weights, zeta, rng)`` returns a boolean array, True where a connection
        is kept. If it has a true attribute `needs_signals`, it also gets the signals.
    grow : callable or None
        ``grow(topology, n, rng, signals)`` returns n free positions of the topology of
        the kept connections. None drops without regrowth.
    rng : numpy.random.Generator
        Source of randomness.
    signals : object, default=None
        What the layer last computed, for strategies that look at more than weights.
    layer : int, default=None
        Which layer that is, for errors.

    Returns
    -------
    rewiring : Rewiring
        The new topology and the source of each of its connections.

    Raises
    ------
    ValueError
        If zeta is not in [0, 1], if `drop` does not return a boolean for each
        connection, or `grow` positions that are not free, not different or too few.
    """
    if not 0 <= zeta <= 1:
        raise ValueError(f"zeta must be in [0, 1], got {zeta!r}.")
    zeta = min(zeta, topology.n_free / max(topology.nnz, 1))
    if zeta == 0:  # nothing to carry
        return Rewiring(topology, np.arange(topology.nnz, dtype=topology.place_dtype))
    extra = (signals,) if getattr(drop, "needs_signals", False) else ()
    keep = drop(read_only(weights), zeta, rng, *extra)
    keep = checked_mask("drop", keep, topology.nnz, layer)
    kept, source = topology.kept(keep)
    n_dropped = topology.nnz - kept.nnz
    if grow is None or n_dropped == 0:
        return Rewiring(kept, source)
    return _grown(kept, source, n_dropped, grow, rng, signals, layer)


def enlarge(topology, n, *, grow, rng, signals=None, layer=None):
    """Grow n connections and drop none.

    Parameters
    ----------
    topology : Topology
        The pattern; it is not changed.
    n : int
        How many connections to grow. A layer with fewer free places becomes full.
    grow, rng, signals, layer
        As for `evolve`.

    Returns
    -------
    rewiring : Rewiring
        The new topology and the source of each of its connections.

    Raises
    ------
    ValueError
        If `grow` returns positions that are not free, not different or too few.
    """
    n = min(n, topology.n_free)
    source = np.arange(topology.nnz, dtype=topology.place_dtype)
    if n == 0:
        return Rewiring(topology, source)
    return _grown(topology, source, n, grow, rng, signals, layer)


def _grown(topology, source, n, grow, rng, signals, layer):
    """Return the topology with n more connections, and the source of each."""
    born = grow(topology, n, rng, signals)
    positions = checked_positions("grow", born, n, layer)
    try:
        return Rewiring(*topology.merged(source, positions))
    except ValueError:
        wrong = _first_wrong(topology, positions)
        wanted = f"{n} positions that are free, different and in the layer"
        refuse("grow", wanted, born, layer, f", of which {wrong}")


def _first_wrong(topology, positions):
    """Return what is wrong with some sorted positions that cannot all be grown."""
    size = topology.shape[0] * topology.shape[1]
    outside = (positions < 0) | (positions >= size)
    repeated = np.diff(positions, prepend=-1) == 0
    taken = topology.has(positions)
    kinds = {"outside": outside, "repeated": repeated, "taken": taken}
    kind, wrong = next(pair for pair in kinds.items() if pair[1].any())
    return f"{positions[wrong][0]} is {kind}"


def strongest(topologies, weights, nnz, least, rng):
    """Return the layers' rewirings that keep the greatest weights of all layers.

    Parameters
    ----------
    topologies : sequence of Topology
        The patterns of all layers.
    weights : sequence of ndarray
        Their weights.
    nnz : int
        How many connections are kept, those with the greatest absolute weights in the
        whole network (GraNet, Liu et al. 2021, NeurIPS).
    least : sequence of int
        How many each layer keeps at least, one in any case, if it has them; even if all
        these are more than `nnz`.
    rng : numpy.random.Generator
        Chooses between equal weights.

    Returns
    -------
    rewirings : list of Rewiring
        One for each layer.
    """
    magnitudes = [np.abs(w) for w in weights]
    for values, n in zip(magnitudes, least, strict=True):
        n = min(max(n, 1), values.size)
        values[~all_but_smallest(-values, n, rng)] = np.inf
    every = np.concatenate(magnitudes)
    nnz = max(nnz, np.count_nonzero(np.isinf(every)))
    keep = all_but_smallest(every, every.size - nnz, rng)
    ends = np.cumsum([topology.nnz for topology in topologies])
    parts = zip(topologies, np.split(keep, ends[:-1]), strict=True)
    return [Rewiring(*topology.kept(of_layer)) for topology, of_layer in parts]


def carry(values, source, fill):
    """Return the values of the surviving connections in their new places.

    Parameters
    ----------
    values : ndarray of shape (nnz_before,)
        Anything aligned with the old topology.
    source : ndarray of shape (nnz,), int
        As in `Rewiring`.
    fill : scalar or ndarray of shape (nnz,)
        What newborn connections get.
    """
    carried = np.empty(source.size, values.dtype)
    carried[:] = fill
    kernels.carry(values, source, carried)
    return carried
