"""Whether a path of connections leads from the inputs of a network to its outputs."""

from collections.abc import Sequence

import numpy as np

from skset import kernels
from skset.topology.pattern import Topology
from skset.topology.random_positions import filled_up

__all__ = ["are_joined", "joined_anew"]

# Numbers of units. No layer has as many as ALL.
FEW, ALL = 16, 1 << 62


def are_joined(topologies: Sequence[Topology]) -> bool:
    """Return whether a path of connections leads from an input to an output.

    Parameters
    ----------
    topologies : sequence of Topology
        From the input to the output.
    """
    # Most often a few units of each layer are enough to find a path.
    return any(_are_joined(topologies, n_units) for n_units in (FEW, ALL))


def _are_joined(topologies: Sequence[Topology], n_units: int) -> bool:
    """Return whether a path is found through about so many units of each layer."""
    reached = np.ones(topologies[0].shape[0], bool)
    for topology in topologies:
        onward = np.zeros(topology.shape[1], bool)
        pattern = topology.indptr, topology.indices
        kernels.mark_reached(*pattern, reached, onward, n_units)
        reached = onward
    return bool(reached.any())


def joined_anew(
    topologies: Sequence[Topology], rng: np.random.Generator
) -> list[Topology]:
    """Return random topologies as large as these, with one random path at least.

    Parameters
    ----------
    topologies : sequence of Topology
        From the input to the output, each with a connection at least.
    rng : numpy.random.Generator
        Source of randomness.
    """
    units = [rng.integers(topology.shape[0]) for topology in topologies]
    units.append(rng.integers(topologies[-1].shape[1]))
    anew = []
    for depth, topology in enumerate(topologies):
        position = units[depth] * topology.shape[1] + units[depth + 1]
        one = Topology.from_positions(topology.shape, np.array([position]))
        anew.append(filled_up(one, topology.nnz, rng))
    return anew
