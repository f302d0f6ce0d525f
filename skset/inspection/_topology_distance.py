"""`topology_distance`: how different two networks are, whatever order units have."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from skset.inspection._shown_topologies import same_shapes, topologies_of
from skset.topology import Topology

__all__ = ["topology_distance"]

Array: TypeAlias = NDArray[Any]

# Pairs of units whose distances are held at once in one matrix: 2 GB.
MOST_PAIRS = 1 << 28


def topology_distance(
    a: Any, b: Any, *, match_outputs: bool = False, by_layer: bool = False
) -> Any:
    """Return the Neural Network Sparse Topology Distance of two networks.

    It is defined in [1]_. The distance of two units is that of their sets of incoming
    connections: the number of connections that only one has, divided by the number that
    one or both have. It is 0 for equal sets, also for two empty ones, and 1 for sets
    without a common connection. Hidden units have no fixed order. So those of `b` are
    matched with those of `a`, one to one, with the smallest sum of distances (Hungarian
    algorithm), layer by layer from the inputs on. The units of each layer are put in
    the order of the match before the next layer is compared.

    Parameters
    ----------
    a, b : estimator of skset, Network, Topology, or sequence of Topology
        With the same units. Inputs are compared as they are.
    match_outputs : bool, default=False
        Whether outputs are matched too. By default they are compared as they are, as
        each stands for a class or a target. The authors' code matches every layer.
    by_layer : bool, default=False
        Whether to return the distance of each layer.

    Returns
    -------
    distance : float, or ndarray of shape (n_layers,)
        In [0, 1]: the mean over the units of a layer, and over the layers.

    Raises
    ------
    NotFittedError
        If an estimator is not fitted.
    TypeError
        If one has no network.
    ValueError
        If both have different units, or a layer so many (16,384) that the matrix of
        distances would exceed 2 GB.

    Notes
    -----
    Random networks of density p have a distance of about ``1 - p / (2 - p)`` before
    they are matched, and of somewhat less after: compare with it. Time grows with the
    third power of the number of units of a layer: 1,000 take about a second.

    References
    ----------
    .. [1] Liu et al. (2020). "Topological insights into sparse neural networks." ECML
       PKDD 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skset.inspection import topology_distance
    >>> from skset.topology import Topology
    >>> a = Topology.from_positions((2, 2), [0, 3])
    >>> b = Topology.from_positions((2, 2), [1, 2])  # a with its units exchanged
    >>> topology_distance(a, b), topology_distance(a, b, match_outputs=True)
    (1.0, 0.0)
    """
    first, second = topologies_of(a), topologies_of(b)
    same_shapes(first, second)
    order = np.arange(first[0].shape[0])
    distances = np.empty(len(first))
    for depth, pair in enumerate(zip(first, second, strict=True)):
        is_matched = match_outputs or depth < len(first) - 1
        distances[depth], order = _compared(*pair, order, is_matched)
    return distances if by_layer else float(distances.mean())


def _compared(
    a: Topology, b: Topology, order: Array, is_matched: bool
) -> tuple[float, Array]:
    """Return the distance of a layer, and which unit of b each unit of a has.

    `order` is the same for the layer's inputs.
    """
    one, other = _incidence(a), _incidence(b)[order]
    if not is_matched:
        common = np.asarray(one.multiply(other).sum(0)).ravel()
        distances = _distances(common, a.fan_in, b.fan_in)
        return float(distances.mean()), np.arange(a.shape[1])
    if a.shape[1] ** 2 > MOST_PAIRS:
        raise ValueError(
            f"A layer has {a.shape[1]} units: the matrix of their distances would "
            "exceed 2 GB."
        )
    common = (one.T @ other).toarray()
    matrix = _distances(common, a.fan_in[:, None], b.fan_in)
    rows, columns = linear_sum_assignment(matrix)
    return float(matrix[rows, columns].mean()), columns


def _incidence(topology: Topology) -> Any:
    return sparse.csr_array(topology.to_csr(np.ones(topology.nnz, np.float32)))


def _distances(common: Array, n_a: Array, n_b: Array) -> Array:
    """Return 1 - |both| / |one or both|, and 0 where no unit has a connection."""
    either = n_a + n_b - common
    return np.where(either > 0, 1 - common / np.maximum(either, 1), 0.0)
