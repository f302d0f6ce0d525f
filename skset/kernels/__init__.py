"""numba kernels: pure functions on bare arrays."""

# Before any kernel is compiled:
import skset.kernels._lane_bit_instructions
import skset.kernels._lane_instructions
import skset.kernels._lane_sum_instructions  # noqa: F401
from skset.kernels.batches import add_slices, gather_dense, gather_sparse
from skset.kernels.deltas import bend
from skset.kernels.energies import add_log_odds
from skset.kernels.memory import aligned_empty
from skset.kernels.moments import (
    dense_squares,
    dense_sums,
    sparse_squares,
    sparse_sums,
)
from skset.kernels.patterns import (
    add_counts,
    by_output,
    carry,
    flat_positions,
    floors,
    free_positions,
    mark_reached,
    mark_taken,
    sort_numbers,
    split,
    squeeze,
    subset,
    tile_starts,
    unite,
)
from skset.kernels.products import AHEAD, forward, forward_by_output, pull_back
from skset.kernels.ranges import between, outside
from skset.kernels.replacement import replace
from skset.kernels.scores import BLOCK, TILE, encode, pair_scores, strong_pairs
from skset.kernels.steps import backward
from skset.kernels.sums import (
    all_finite,
    column_sums,
    row_lengths,
    row_sums,
    running_sums,
    squared_sum,
)
from skset.kernels.updates import Step, hold, update
from skset.kernels.whole_steps import train

__all__ = [
    "AHEAD",
    "BLOCK",
    "TILE",
    "Step",
    "add_counts",
    "add_log_odds",
    "add_slices",
    "aligned_empty",
    "all_finite",
    "backward",
    "bend",
    "between",
    "by_output",
    "carry",
    "column_sums",
    "dense_squares",
    "dense_sums",
    "encode",
    "flat_positions",
    "floors",
    "forward",
    "forward_by_output",
    "free_positions",
    "gather_dense",
    "gather_sparse",
    "hold",
    "mark_reached",
    "mark_taken",
    "outside",
    "pair_scores",
    "pull_back",
    "replace",
    "row_lengths",
    "row_sums",
    "running_sums",
    "sort_numbers",
    "sparse_squares",
    "sparse_sums",
    "split",
    "squared_sum",
    "squeeze",
    "strong_pairs",
    "subset",
    "tile_starts",
    "train",
    "unite",
    "update",
]
