"""Which connections exist, how many, and one step of their evolution."""

from skset.topology.densities import erdos_renyi, uniform
from skset.topology.evolution import Rewiring, carry, evolve
from skset.topology.pattern import Topology
from skset.topology.sampling import (
    random_free_positions,
    random_topology,
    sample_ranks,
)

__all__ = [
    "Rewiring",
    "Topology",
    "carry",
    "erdos_renyi",
    "evolve",
    "random_free_positions",
    "random_topology",
    "sample_ranks",
    "uniform",
]
