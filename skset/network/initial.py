"""Initial weights, scaled with the sparse fan-in and fan-out of each unit."""

import numpy as np

__all__ = ["INITIAL_WEIGHTS"]


def he(topology, rng, dtype):
    """Uniform with variance 2 / fan_in (He et al. 2015, ICCV, equation 10).

    fan_in is the number of connections that the output unit really has.
    """
    return _uniform(np.sqrt(6 / topology.fan_in[topology.indices]), rng, dtype)


def glorot(topology, rng, dtype):
    """Uniform with variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010).

    Both are numbers of connections that the two units really have.
    """
    fan_out = topology.fan_out[topology.in_units]
    fans = topology.fan_in[topology.indices] + fan_out
    return _uniform(np.sqrt(6 / fans), rng, dtype)


def normal(topology, rng, dtype):
    """N(0, 0.1^2), whatever the fan-in, as in the SET papers' code."""
    return rng.standard_normal(topology.nnz, dtype) * dtype.type(0.1)


def _uniform(bound, rng, dtype):
    bound = bound.astype(dtype)
    return bound * (2 * rng.random(bound.size, dtype) - 1)


INITIAL_WEIGHTS = {"he": he, "glorot": glorot, "normal": normal}
