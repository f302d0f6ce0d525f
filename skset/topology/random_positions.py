"""Random positions, drawn uniformly and without replacement.

Time and memory are proportional to the number of positions, not to the layer's size.
"""

import numpy as np

from skset import kernels
from skset.topology.arrays import Integers
from skset.topology.pattern import Topology

__all__ = [
    "filled_up",
    "random_free_positions",
    "random_topology",
    "sample_ranks",
    "topped_up",
]


def sample_ranks(total: int, n: int, rng: np.random.Generator) -> Integers:
    """Return n different numbers below `total`, sorted, every set equally likely.

    Parameters
    ----------
    total : int
        May pass 2**31, up to 2**63 - 1.
    n : int
        At most `total`.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ranks : ndarray of shape (n,), int64
        They are drawn with replacement, and again, until n are different; the set is
        uniform all the same. For more than half of the total, the others are drawn.
    """
    if 2 * n > total:
        chosen = np.ones(total, bool)
        chosen[sample_ranks(total, total - n, rng)] = False
        return np.flatnonzero(chosen)
    ranks = _sorted_integers(total, n, rng)
    while ranks.size < n:
        fresh = _sorted_integers(total, n - ranks.size, rng)
        union = np.empty(ranks.size + fresh.size, np.int64)
        ranks = union[: kernels.unite(ranks, fresh, union)]
    return ranks


def _sorted_integers(total: int, n: int, rng: np.random.Generator) -> Integers:
    """Return the different ones, sorted, of n uniform random numbers below `total`.

    The partial sums of exponential numbers, divided by their total, are uniform numbers
    in order (Devroye 1986, Non-Uniform Random Variate Generation, section V.3.1). That
    takes a fifth of the time of sorting. Totals beyond the precision of float64 are
    sorted.
    """
    if total > 1 << 48:
        ranks = np.sort(rng.integers(total, size=n))
        return ranks[: kernels.squeeze(ranks)]
    sums = rng.standard_exponential(n + 1)
    kernels.running_sums(sums)
    ranks = np.empty(n, np.int64)
    # Divided here: compiled code may round a quotient in another way.
    factor = total / float(sums[-1])
    return ranks[: kernels.floors(sums[:-1], factor, total - 1, ranks)]


def random_free_positions(
    topology: Topology, n: int, rng: np.random.Generator
) -> Integers:
    """Return n free positions of the topology, uniformly without replacement.

    Parameters
    ----------
    topology : Topology
        Positions with a connection are not free.
    n : int
        How many are wanted, at most ``topology.n_free``.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    positions : ndarray of shape (n,), int64
        Sorted numbers ``input * n_out + output``.
    """
    return topology.free_positions(sample_ranks(topology.n_free, n, rng))


def random_topology(
    shape: tuple[int, int], nnz: int, rng: np.random.Generator
) -> Topology:
    """Return a topology with exactly `nnz` uniformly random connections.

    Parameters
    ----------
    shape : tuple of int
        (n_in, n_out).
    nnz : int
        Number of connections, at most n_in * n_out.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    topology : Topology
        Every pattern of this shape with `nnz` connections is equally likely.
    """
    positions = sample_ranks(int(shape[0]) * int(shape[1]), nnz, rng)
    return Topology.from_positions(shape, positions)


def topped_up(
    topology: Topology, positions: Integers, n: int, rng: np.random.Generator
) -> Integers:
    """Return n free positions: the given ones, and random ones for the rest.

    Parameters
    ----------
    topology : Topology
        Positions with a connection are not free.
    positions : ndarray of int64
        Sorted, different and free numbers ``input * n_out + output``. If there are
        more than n, the first n are returned.
    n : int
        How many are wanted, at most ``topology.n_free``.
    rng : numpy.random.Generator
        Draws the rest.

    Returns
    -------
    positions : ndarray of shape (n,), int64
        The given positions, then the random ones.
    """
    if positions.size >= n:
        return positions[:n]
    taken = topology.with_positions(positions)
    rest = random_free_positions(taken, n - positions.size, rng)
    return np.concatenate([positions, rest])


def filled_up(topology: Topology, nnz: int, rng: np.random.Generator) -> Topology:
    """Return the topology with random connections added until it has `nnz`."""
    n = max(nnz - topology.nnz, 0)
    return topology.with_positions(random_free_positions(topology, n, rng))
