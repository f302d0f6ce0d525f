"""`CellBlocks`: the cells of an AnnData as blocks of rows, each read when asked for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from anndata import AnnData
from anndata.abc import CSRDataset
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from skset.anndata._expression import Expression, check_adata, expression_of
from skset.anndata._groups import Groups, groups_of

__all__ = ["CellBlocks", "blocks", "blocks_of"]

# Bytes of a block where the user does not say how many rows it has. Blocks come in a
# new order in every epoch, and some of them are shuffled together: so they are small.
BLOCK = 4 << 20
# What a sparse matrix takes of a dense one, if a tenth of it is stored with indices.
STORED = 0.1 * 2


def blocks(
    adata: AnnData,
    *,
    groupby: str | None = None,
    layer: str | None = None,
    use_raw: bool | None = None,
    mask_var: str | ArrayLike | None = None,
    chunk_rows: int | None = None,
) -> "CellBlocks":
    """Return the cells in blocks of rows, for `skset.fit_blocks` or loops of your own.

    Parameters
    ----------
    adata : AnnData
        In memory, opened with ``backed="r"``, or made of tables in files.
    groupby : str, default=None
        Column of ``adata.obs`` with labels or numbers. Blocks are then pairs (X, y),
        and cells without a label are left out. By default blocks are X.
    layer, use_raw, mask_var
        What is read, as in `select_genes`.
    chunk_rows : int, default=None
        Number of cells in a block. None takes so many that a block has about 4 MB.

    Returns
    -------
    blocks : CellBlocks
        A sequence. Nothing has been read yet.

    Warns
    -----
    UserWarning
        If some cells have no label.

    Raises
    ------
    TypeError, ValueError
        As in `select_genes`.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from skset.anndata import blocks
    >>> adata = anndata.AnnData(np.eye(5, dtype=np.float32))
    >>> adata.obs["type"] = ["a", "b", "a", "b", "a"]
    >>> for X, y in blocks(adata, groupby="type", chunk_rows=2):
    ...     print(X.shape, y)
    (2, 5) ['a' 'b']
    (2, 5) ['a' 'b']
    (1, 5) ['a']
    """
    check_adata(adata, "blocks")
    values = expression_of(adata, layer=layer, use_raw=use_raw, mask_var=mask_var)
    return blocks_of(values, groups_of(adata, groupby), chunk_rows)


def blocks_of(
    values: Expression, groups: Groups | None, chunk_rows: int | None
) -> "CellBlocks":
    """Return blocks of some values; those without a labelled cell are left out."""
    if chunk_rows is None:
        chunk_rows = _auto_rows(values)
    whole = isinstance(chunk_rows, (int, np.integer)) and chunk_rows is not True
    if not whole or chunk_rows < 1:
        raise ValueError(f"chunk_rows must be a whole number above 0: {chunk_rows!r}.")
    starts = np.arange(0, values.n_rows, chunk_rows)
    if groups is not None:
        starts = starts[np.logical_or.reduceat(groups.known, starts)]
    return CellBlocks(values, groups, int(chunk_rows), starts)


class CellBlocks(Sequence[Any]):
    """The cells of an AnnData as blocks of rows, each read when it is asked for.

    It is made by `skset.anndata.blocks`, not by hand. It can be read any number of
    times and in any order. It keeps no rows.

    Parameters
    ----------
    values : Expression
        What is read.
    groups : Groups or None
        Labels of the cells. Cells without one are left out.
    chunk_rows : int
        Number of cells in a block, before some are left out. The last has fewer.
    starts : ndarray of int of shape (n_blocks,)
        First cell of each block.
    """

    def __init__(
        self,
        values: Expression,
        groups: Groups | None,
        chunk_rows: int,
        starts: NDArray[np.intp],
    ) -> None:
        self._values = values
        self._groups = groups
        self._starts = starts
        self.chunk_rows = chunk_rows

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, i: Any) -> Any:
        """Return block number i: X, or X and y.

        Returns
        -------
        X : ndarray or csr_matrix of shape (n_rows, n_genes)
            Values as they are stored.
        y : ndarray of shape (n_rows,)
            Labels, only with `groupby`.
        """
        if isinstance(i, slice):
            parts = self._values, self._groups, self.chunk_rows, self._starts[i]
            return CellBlocks(*parts)
        first = int(self._starts[i])
        last = min(first + self.chunk_rows, self._values.n_rows)
        X = self._values.rows(first, last)
        if self._groups is None:
            return X
        known = self._groups.known[first:last]
        y = self._groups.labels[first:last]
        return (X, y) if known.all() else (X[known], y[known])

    def __repr__(self) -> str:
        return (
            f"CellBlocks({len(self)} blocks of up to {self.chunk_rows} rows of "
            f"{self._values.name}, {self._values.n_genes} genes)"
        )


def _auto_rows(values: Expression) -> int:
    """Return how many rows make about 4 MB."""
    matrix = values.matrix
    width = matrix.shape[1] * np.dtype(matrix.dtype).itemsize
    is_sparse = sparse.issparse(matrix) or isinstance(matrix, CSRDataset)
    return max(1, int(BLOCK // (width * (STORED if is_sparse else 1))))
