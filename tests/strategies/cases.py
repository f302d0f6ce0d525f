"""What strategies look at."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skset.model import Signals
from skset.topology import Topology


def signals_of(topology, weights, n=6, seed=0):
    """Return random signals of a layer that has been everywhere it is now."""
    rng = np.random.default_rng(seed)
    dtype = weights.dtype
    inputs, outputs, deltas = (
        rng.standard_normal((units, n)).astype(dtype)
        for units in (*topology.shape, topology.shape[1])
    )
    return Signals(
        inputs,
        outputs,
        deltas,
        topology=topology,
        weights=weights,
        explored=topology,
        recent=(inputs, deltas),
    )


def literal_signals(inputs, others, taken=(), **given):
    """Return signals with these numbers, in which outputs are deltas as well."""
    A, D = np.array(inputs, float), np.array(others, float)
    topology = layer((len(A), len(D)), taken)
    weights = np.ones(topology.nnz)
    signals = Signals(A, D, D, topology=topology, weights=weights, recent=(A, D))
    return replace(signals, **given)


def layer(shape, positions):
    return Topology.from_positions(shape, np.array(positions, np.int64))


@dataclass
class Seen:
    """Signals of which only gradients are looked at."""

    gradients: Any
