"""Which connections exist, how many, and one step of their evolution."""

from skset.topology.arrays import Booleans, Floats, Integers, read_only
from skset.topology.candidates import best_candidates
from skset.topology.layer_counts import erdos_renyi, shared_out, uniform, uniform_plus
from skset.topology.paths import are_joined, joined_anew
from skset.topology.pattern import Topology
from skset.topology.random_positions import (
    filled_up,
    random_free_positions,
    random_topology,
    sample_ranks,
    topped_up,
)
from skset.topology.ranks import (
    all_but_smallest,
    is_outside,
    nth_smallest,
    unless_surplus,
)
from skset.topology.returned import (
    checked_count,
    checked_flag,
    checked_mask,
    checked_share,
    checked_topologies,
    refuse,
)
from skset.topology.rewiring import (
    Rewiring,
    carry,
    enlarge,
    evolve,
    is_blind,
    strongest,
)
from skset.topology.sparse_indices import canonical, checked_indices
from skset.topology.strongest_pairs import pair_scores, row_lengths, topk_pairs

__all__ = [
    "Booleans",
    "Floats",
    "Integers",
    "Rewiring",
    "Topology",
    "all_but_smallest",
    "are_joined",
    "best_candidates",
    "canonical",
    "carry",
    "checked_count",
    "checked_flag",
    "checked_indices",
    "checked_mask",
    "checked_share",
    "checked_topologies",
    "enlarge",
    "erdos_renyi",
    "evolve",
    "filled_up",
    "is_blind",
    "is_outside",
    "joined_anew",
    "nth_smallest",
    "pair_scores",
    "random_free_positions",
    "random_topology",
    "read_only",
    "refuse",
    "row_lengths",
    "sample_ranks",
    "shared_out",
    "strongest",
    "topk_pairs",
    "topped_up",
    "uniform",
    "uniform_plus",
    "unless_surplus",
]
