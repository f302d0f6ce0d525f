"""Random patterns: uniform, exact in number, in time and memory of the connections."""

import numpy as np

from skset import kernels
from skset.topology.pattern import Topology

__all__ = [
    "filled_up",
    "random_free_positions",
    "random_topology",
    "sample_ranks",
    "topped_up",
]


def sample_ranks(total, n, rng):
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
        Drawn with replacement and topped up until n are different, which leaves the
        set uniform; where more than half are wanted, the others are drawn instead.
    """
    if 2 * n > total:
        chosen = np.ones(total, bool)
        chosen[sample_ranks(total, total - n, rng)] = False
        return np.flatnonzero(chosen)
    ranks = _different(_sorted_integers(total, n, rng))
    while ranks.size < n:
        fresh = _sorted_integers(total, n - ranks.size, rng)
        # A stable sort merges two sorted runs in linear time.
        both = np.concatenate([ranks, fresh])
        both.sort(kind="stable")
        ranks = _different(both)
    return ranks


def _different(ranks):
    """Return the different ones of sorted numbers, in their memory."""
    # Not np.unique: it hashes, at three times the cost of this.
    return ranks[: kernels.squeeze(ranks)]


def _sorted_integers(total, n, rng):
    """Return n random numbers below `total`, sorted, each uniform by itself.

    The partial sums of exponential numbers, divided by their total, are uniform numbers
    in order (Devroye 1986, Non-Uniform Random Variate Generation, section V.3.1): that
    costs a fifth of sorting. Beyond the precision of float64 integers are sorted.
    """
    if total > 1 << 48:
        return np.sort(rng.integers(total, size=n))
    sums = rng.standard_exponential(n + 1)
    np.cumsum(sums, out=sums)
    sums *= total / sums[-1]
    ranks = sums[:-1].astype(np.int64)
    return np.minimum(ranks, total - 1, out=ranks)


def random_free_positions(topology, n, rng):
    """Return n free positions of the topology, uniformly without replacement."""
    return topology.free_positions(sample_ranks(topology.n_free, n, rng))


def random_topology(shape, nnz, rng):
    """Return a topology with exactly `nnz` uniformly random connections.

    Parameters
    ----------
    shape : tuple of int
        (n_in, n_out).
    nnz : int
        Number of connections, at most n_in * n_out.
    rng : numpy.random.Generator
        Source of randomness.
    """
    positions = sample_ranks(int(shape[0]) * int(shape[1]), nnz, rng)
    return Topology.from_positions(shape, positions)


def topped_up(topology, positions, n, rng):
    """Return n free positions: the given sorted ones, and random ones for the rest."""
    if positions.size >= n:
        return positions[:n]
    taken = topology.with_positions(positions)
    rest = random_free_positions(taken, n - positions.size, rng)
    return np.concatenate([positions, rest])


def filled_up(topology, nnz, rng):
    """Return the topology with random connections added until it has `nnz`."""
    n = max(nnz - topology.nnz, 0)
    return topology.with_positions(random_free_positions(topology, n, rng))
