"""One step of evolution: drop connections, grow as many, carry aligned arrays."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from skset import kernels
from skset.topology.arrays import Booleans, Floats, Integers, read_only
from skset.topology.pattern import Topology
from skset.topology.ranks import all_but_smallest
from skset.topology.returned import checked_mask, checked_positions, refuse

__all__ = ["Rewiring", "carry", "enlarge", "evolve", "is_blind", "strongest"]


class Rewiring(NamedTuple):
    """A new topology, and the source of each of its connections.

    Attributes
    ----------
    topology : Topology
        The pattern after the evolution.
    source : ndarray of shape (nnz,), int32 or int64
        Old place of each connection, in the order of the new topology; -1 if it is
        newborn. `~skset.topology.carry` brings weights and the like along.
    """

    topology: Topology
    source: Integers


def evolve(
    topology: Topology,
    weights: Floats,
    *,
    zeta: float,
    drop: Callable[..., Any],
    grow: Callable[..., Any] | None,
    rng: np.random.Generator,
    layer: int | None = None,
) -> Rewiring:
    """Drop a fraction of the connections and grow as many elsewhere.

    nnz is the same before and after. The place of a connection that was just dropped
    counts as free. No more connections are replaced than there are free places before,
    so that a full layer does not change.

    Parameters
    ----------
    topology : Topology
        The pattern; it is not changed.
    weights : ndarray of shape (nnz,)
        In the order of the topology.
    zeta : float in [0, 1]
        Fraction to replace.
    drop : callable
        ``drop(weights, zeta, rng)`` returns a boolean array, True where a connection
        is kept.
    grow : callable or None
        ``grow(topology, n, rng)`` returns n free positions of the topology of the kept
        connections. None drops without regrowth. `~skset.strategies.bound` makes such
        functions of strategies that look at a context. A grow whose class has a method
        ``free_ranks(n_free, n, rng)``, as `~skset.strategies.RandomGrow` has, is asked
        for n sorted ranks among the free positions instead.
    rng : numpy.random.Generator
        Source of randomness.
    layer : int, default=None
        Which layer this is, for errors.

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
        return _unchanged(topology)
    keep = drop(read_only(weights), zeta, rng)
    keep = checked_mask("drop", keep, topology.nnz, layer)
    n_dropped = topology.nnz - int(np.count_nonzero(keep))
    if grow is None or n_dropped == 0:
        return Rewiring(*topology.kept(keep))
    return _grown(topology, keep, n_dropped, grow, rng, layer)


def enlarge(
    topology: Topology,
    n: int,
    *,
    grow: Callable[..., Any],
    rng: np.random.Generator,
    layer: int | None = None,
) -> Rewiring:
    """Grow n connections and drop none.

    Parameters
    ----------
    topology : Topology
        The pattern; it is not changed.
    n : int
        How many connections to grow. A layer with fewer free places becomes full.
    grow, rng, layer
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
    if n == 0:
        return _unchanged(topology)
    return _grown(topology, np.ones(topology.nnz, bool), n, grow, rng, layer)


def _unchanged(topology: Topology) -> Rewiring:
    """Return the rewiring that keeps every connection in its place."""
    return Rewiring(topology, np.arange(topology.nnz, dtype=topology.place_dtype))


def is_blind(grow: Any) -> bool:
    """Return whether a grow draws ranks of free places, whatever the connections.

    Its class must define the method itself: a subclass may grow in another way.
    """
    return "free_ranks" in vars(type(grow))


def _grown(
    topology: Topology,
    keep: Booleans,
    n: int,
    grow: Callable[..., Any],
    rng: np.random.Generator,
    layer: int | None,
) -> Rewiring:
    """Return the topology of what is kept and n more connections, and the sources."""
    if is_blind(grow):
        return _grown_blindly(topology, keep, n, grow, rng, layer)
    kept = topology if keep.all() else topology.kept(keep)[0]
    born = grow(kept, n, rng)
    positions = checked_positions("grow", born, n, layer)
    try:
        return Rewiring(*topology.replaced(keep, positions))
    except ValueError:
        wrong = _first_wrong(kept, positions)
        wanted = f"{n} positions that are free, different and in the layer"
        refuse("grow", wanted, born, layer, f", of which {wrong}")


def _grown_blindly(
    topology: Topology,
    keep: Booleans,
    n: int,
    grow: Any,
    rng: np.random.Generator,
    layer: int | None,
) -> Rewiring:
    """Grow by ranks. So the topology of what is kept need not be made."""
    n_free = topology.n_free + topology.nnz - int(np.count_nonzero(keep))
    ranks = grow.free_ranks(n_free, n, rng)
    wanted = f"{n} sorted, different ranks below {n_free}"
    if np.shape(ranks) != (n,):
        refuse("grow", wanted, ranks, layer)
    try:
        return Rewiring(*topology.replaced(keep, ranks, by_rank=True))
    except ValueError:
        refuse("grow", wanted, ranks, layer)


def _first_wrong(topology: Topology, positions: Integers) -> str:
    """Return what is wrong with some sorted positions that cannot all be grown."""
    size = topology.shape[0] * topology.shape[1]
    outside = (positions < 0) | (positions >= size)
    repeated = np.diff(positions, prepend=-1) == 0
    taken = topology.has(positions)
    kinds = {"outside": outside, "repeated": repeated, "taken": taken}
    kind, wrong = next(pair for pair in kinds.items() if pair[1].any())
    return f"{positions[wrong][0]} is {kind}"


def strongest(
    topologies: Sequence[Topology],
    weights: Sequence[Floats],
    nnz: int,
    least: Sequence[int],
    rng: np.random.Generator,
) -> list[Rewiring]:
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
        The least number that each layer keeps, if it has so many; never less than one.
        Their sum may exceed `nnz`.
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
    nnz = max(nnz, int(np.count_nonzero(np.isinf(every))))
    keep = all_but_smallest(every, every.size - nnz, rng)
    ends = np.cumsum([topology.nnz for topology in topologies])
    parts = zip(topologies, np.split(keep, ends[:-1]), strict=True)
    return [Rewiring(*topology.kept(of_layer)) for topology, of_layer in parts]


def carry(
    values: npt.NDArray[Any], source: Integers, fill: npt.ArrayLike
) -> npt.NDArray[Any]:
    """Return the values of the surviving connections in their new places.

    Parameters
    ----------
    values : ndarray of shape (nnz_before,)
        Aligned with the old topology.
    source : ndarray of shape (nnz,), int
        As in `Rewiring`.
    fill : scalar or ndarray of shape (nnz,)
        What newborn connections get.

    Returns
    -------
    carried : ndarray of shape (nnz,)
        Aligned with the new topology, in the type of `values`.
    """
    carried = np.empty(source.size, values.dtype)
    fills = np.ravel(np.asarray(fill, values.dtype))
    given = map(np.ascontiguousarray, (values, source, fills))
    kernels.carry(*map(read_only, given), carried)
    return carried
