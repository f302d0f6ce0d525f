"""What strategies look at."""

import numpy as np

from skset.strategies import Context, bound
from skset.topology import Topology


def context_of(topology, weights, n=6, seed=0):
    """Return a random context of a layer that has been everywhere it is now."""
    rng = np.random.default_rng(seed)
    dtype = weights.dtype
    inputs, outputs, deltas = (
        rng.standard_normal((units, n)).astype(dtype)
        for units in (*topology.shape, topology.shape[1])
    )
    return Context(
        inputs,
        outputs,
        deltas,
        topology=topology,
        weights=weights,
        explored=topology,
        recent=(inputs, deltas),
    )


def bound_pair(drop, grow, context):
    """Return a drop, and a grow or None, as `evolve` takes them."""
    grow = grow and bound("grow", grow, context)
    return {"drop": bound("drop", drop, context), "grow": grow}


def literal_context(inputs, others, taken=(), **given):
    """Return a context with these numbers, in which outputs are deltas as well."""
    A, D = np.array(inputs, float), np.array(others, float)
    topology = layer((len(A), len(D)), taken)
    seen = {"outputs": D, "deltas": D, "recent": (A, D), "topology": topology}
    seen["weights"] = np.ones(topology.nnz)
    return Context(A, **(seen | given))


def layer(shape, positions):
    return Topology.from_positions(shape, np.array(positions, np.int64))
