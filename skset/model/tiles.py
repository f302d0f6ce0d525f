"""Tiles: into how many parts the outputs of a layer are cut."""

from typing import Any, TypeAlias

from numpy.typing import NDArray

from skset.topology import Topology

__all__ = ["n_tiles"]

Array: TypeAlias = NDArray[Any]

# The outputs of a wide layer are cut into tiles of about so many bytes, so that their
# rows stay in a cache, those of long rows in a nearer one. A tile has at least so many
# connections of each input, on average. Measured from 3,000 to 300,000 units.
TILE_BYTES, TILE_BYTES_OF_LONG_ROWS, LONG_ROW_BYTES = 1 << 23, 1 << 21, 512
SHORTEST_RUN, MAX_TILES = 5, 8


def n_tiles(topology: Topology, Z: Array, n_threads: int) -> int:
    """Return the number of tiles of the outputs Z: a multiple of the threads.

    Tiles fit into a cache if possible, but have a few connections of each input.
    """
    longest_runs = topology.nnz // (SHORTEST_RUN * topology.shape[0])
    long_rows = Z.shape[1] * Z.itemsize >= LONG_ROW_BYTES
    size = TILE_BYTES_OF_LONG_ROWS if long_rows else TILE_BYTES
    near: int = min(-(-Z.nbytes // size), max(longest_runs, 1), MAX_TILES)
    threads: int = min(n_threads, topology.shape[1])
    return -(-near // threads) * threads
