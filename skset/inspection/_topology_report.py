"""`topology_report`: what a network looks like, layer by layer."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.inspection._libraries import library
from skset.inspection._shown_topologies import same_shapes, topologies_of
from skset.topology import Integers, Topology

__all__ = ["path_counts", "topology_report"]

Array: TypeAlias = NDArray[Any]

# Numbers of paths are kept as digits of this many bits. A sum of 2**31 of them fits
# into 64 bits with room to spare.
DIGIT = 24


def topology_report(estimator: Any, before: Any = None) -> Any:
    """Return units, connections, degrees and paths of each layer.

    Parameters
    ----------
    estimator : estimator of skset, Network, or sequence of Topology
        Fitted.
    before : the same, default=None
        An earlier network with the same units, to say which connections survived.

    Returns
    -------
    report : DataFrame, or list of dict if pandas is missing
        A row for each layer, from the inputs to the outputs, with these columns:

        - layer, n_in, n_out, nnz, density
        - dead_in, dead_out: inputs without a connection to the next layer, and outputs
          without one from the layer before.
        - out_min, out_mean, out_max, out_std: degrees of the inputs, all units counted.
        - in_min, in_mean, in_max, in_std: degrees of the outputs.
        - n_paths: number of paths from the inputs of the network to the outputs of this
          layer, a Python int, exact however large. In the last row these are all paths
          of the network.
        - log10_paths: its logarithm; -inf if there are none.
        - survivors: share of the connections of `before` that are still there. A
          connection that was dropped and has grown again counts too. NaN without
          `before`, and where it has none.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it has no network.
    ValueError
        If both networks have different units.

    Examples
    --------
    >>> import numpy as np
    >>> from skset.inspection import topology_report
    >>> from skset.model import Network
    >>> network = Network.from_csr([np.eye(3, 2), np.ones((2, 1))], [[0, 0], [0]])
    >>> topology_report(network)[["nnz", "dead_in", "n_paths"]]  # doctest: +SKIP
       nnz  dead_in  n_paths
    0    2        1        2
    1    2        0        2
    """
    topologies = topologies_of(estimator)
    earlier: list[Topology] = [] if before is None else topologies_of(before)
    if earlier:
        same_shapes(topologies, earlier)
    rows = []
    for depth, n_paths in enumerate(path_counts(topologies)):
        row = {"layer": depth, **_facts(topologies[depth]), "n_paths": n_paths}
        row["log10_paths"] = _log10(n_paths)
        pair = (earlier[depth], topologies[depth]) if earlier else None
        row["survivors"] = _survivors(*pair) if pair else float("nan")
        rows.append(row)
    return _table(rows)


def _facts(topology: Topology) -> dict[str, Any]:
    """Return what one layer tells."""
    n_in, n_out = topology.shape
    fan_out, fan_in = topology.fan_out, topology.fan_in
    facts = {
        "n_in": n_in,
        "n_out": n_out,
        "nnz": topology.nnz,
        "density": topology.density,
        "dead_in": int((fan_out == 0).sum()),
        "dead_out": int((fan_in == 0).sum()),
    }
    return {**facts, **_moments("out", fan_out), **_moments("in", fan_in)}


def _moments(side: str, degrees: Integers) -> dict[str, Any]:
    return {
        f"{side}_min": int(degrees.min()),
        f"{side}_mean": float(degrees.mean()),
        f"{side}_max": int(degrees.max()),
        f"{side}_std": float(degrees.std()),
    }


def _survivors(before: Topology, after: Topology) -> float:
    """Return the share of the earlier connections that are still there."""
    if not before.nnz:
        return float("nan")
    return float(after.has(before.positions()).mean())


def path_counts(topologies: list[Topology]) -> list[int]:
    """Return how many paths lead from the inputs to the outputs of each layer.

    Parameters
    ----------
    topologies : list of Topology
        From the input to the output.

    Returns
    -------
    counts : list of int
        Exact.
    """
    digits = [np.ones(topologies[0].shape[0], np.int64)]
    counts = []
    for topology in topologies:
        digits = _onward(topology, digits)
        totals = [int(digit.sum()) << DIGIT * k for k, digit in enumerate(digits)]
        counts.append(sum(totals))
    return counts


def _onward(topology: Topology, digits: list[Array]) -> list[Array]:
    """Return the numbers of paths to the outputs, given those to the inputs.

    The first digits are the lowest.
    """
    by_output = topology.to_csr(np.ones(topology.nnz, np.int64)).T
    sums, carry = [], np.zeros(topology.shape[1], np.int64)
    for digit in digits:
        carry = carry + by_output @ digit
        sums.append(carry & (1 << DIGIT) - 1)
        carry >>= DIGIT
    while carry.any():
        sums.append(carry & (1 << DIGIT) - 1)
        carry = carry >> DIGIT
    return sums


def _log10(n: int) -> float:
    """Return the logarithm of an integer that may be too large for a float."""
    if n == 0:
        return float("-inf")
    shift = max(n.bit_length() - 64, 0)
    return float(np.log10(float(n >> shift)) + shift * np.log10(2.0))


def _table(rows: list[dict[str, Any]]) -> Any:
    """Return a DataFrame if pandas is there."""
    try:
        pandas = library("pandas", "topology_report")
    except ImportError:
        return rows
    table = pandas.DataFrame(rows)
    counts = [row["n_paths"] for row in rows]
    table["n_paths"] = pandas.Series(counts, dtype=object)
    return table
