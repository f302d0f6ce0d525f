"""Initial weights, scaled with the sparse fan-in and fan-out of each unit."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from skset.topology import Topology

__all__ = ["INITIAL_WEIGHTS"]

Array: TypeAlias = NDArray[Any]
DType: TypeAlias = np.dtype[Any]


# Connections that get their weights at a time, so that temporary arrays stay small.
BLOCK = 1 << 20


def he(topology: Topology, rng: Generator, dtype: DType) -> Array:
    """Uniform with variance 2 / fan_in (He et al. 2015, ICCV, equation 10).

    fan_in is the number of connections that the output unit really has.
    """
    bound: Array = np.sqrt(6 / np.maximum(topology.fan_in, 1)).astype(dtype)
    return _uniform(lambda block: bound[topology.indices[block]], topology, rng, dtype)


def glorot(topology: Topology, rng: Generator, dtype: DType) -> Array:
    """Uniform with variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010).

    Both are the numbers of connections that the units really have.
    """
    fan_in, fan_out, in_units = topology.fan_in, topology.fan_out, topology.in_units

    def bound(block: slice) -> Array:
        fans = fan_in[topology.indices[block]] + fan_out[in_units[block]]
        bounds: Array = np.sqrt(6 / fans).astype(dtype)
        return bounds

    return _uniform(bound, topology, rng, dtype)


def normal(topology: Topology, rng: Generator, dtype: DType) -> Array:
    """N(0, 0.1^2) for any fan-in, as in the SET papers' code."""
    weights: Array = rng.standard_normal(topology.nnz, dtype)
    weights *= dtype.type(0.1)
    return weights


def _uniform(
    bound: Callable[[slice], Array], topology: Topology, rng: Generator, dtype: DType
) -> Array:
    """Return uniform weights between plus and minus the bound of each connection."""
    weights: Array = rng.random(topology.nnz, dtype)
    for start in range(0, weights.size, BLOCK):
        block = slice(start, start + BLOCK)
        weights[block] *= 2
        weights[block] -= 1
        weights[block] *= bound(block)
    return weights


INITIAL_WEIGHTS: dict[str, Callable[[Topology, Generator, DType], Array]] = {
    "he": he,
    "glorot": glorot,
    "normal": normal,
}
