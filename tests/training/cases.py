"""What the tests of the loop and of evolution share."""

import pytest

from skset.strategies import METHODS

UNITS = [6, 30, 20, 3]
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def evolution_of(method="set", **parts):
    return METHODS[method].evolution(**parts)


def positions(layer):
    """Return the positions of a layer's connections."""
    return set(layer.topology.positions().tolist())


def nnz(network):
    """Return the number of connections of each layer."""
    return [layer.topology.nnz for layer in network.layers]


def is_at_goal(running):
    """Return whether a training has nothing more to take away."""
    return running.evolver.is_at_goal(running.state.network)
