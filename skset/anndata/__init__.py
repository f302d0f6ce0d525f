"""Genes and cells of an AnnData: selectors and machines in scanpy's manner.

Install it with ``pip install 'skset[anndata]'``. ``import skset`` imports no anndata.
Files that are opened with ``backed="r"`` are read in chunks of rows.
"""

try:
    import anndata  # noqa: F401
except ImportError as error:
    raise ImportError(
        "skset.anndata needs anndata. Install it with: pip install 'skset[anndata]'"
    ) from error

from skset.anndata._cell_blocks import CellBlocks, blocks
from skset.anndata._genes import select_genes
from skset.anndata._hidden_units import rbm

__all__ = ["CellBlocks", "blocks", "rbm", "select_genes"]
