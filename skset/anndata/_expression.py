"""The matrix of an AnnData that is read: X, a layer, or that of raw; and its genes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from anndata import AnnData
from anndata.abc import CSCDataset
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

__all__ = ["Expression", "absent", "check_adata", "expression_of"]

# So many names of what is there are listed in an error.
MOST_NAMES = 20
RAW = "adata.raw.X"


@dataclass(frozen=True)
class Expression:
    """Values of some genes in all cells, in memory or in a file.

    Attributes
    ----------
    name : str
        Where it was found, for messages.
    matrix : array or sparse matrix, or a table in a file that can be sliced
        Shape (n_obs, n_columns).
    columns : ndarray of int of shape (n_genes,) or None
        The columns that are read, in this order; None means all.
    genes : ndarray of bool of shape (n_vars,)
        The genes of the AnnData that these are.
    """

    name: str
    matrix: Any
    columns: NDArray[np.intp] | None
    genes: NDArray[np.bool_]

    @property
    def n_rows(self) -> int:
        """Number of cells."""
        return int(self.matrix.shape[0])

    @property
    def n_genes(self) -> int:
        """Number of genes that are read."""
        return int(self.genes.sum())

    @property
    def is_raw(self) -> bool:
        """Whether they are those of raw."""
        return self.name == RAW

    @property
    def in_memory(self) -> bool:
        """Whether the values are in memory, so that nothing need be read."""
        return isinstance(self.matrix, np.ndarray) or sparse.issparse(self.matrix)

    def rows(self, first: int = 0, stop: int | None = None) -> Any:
        """Return consecutive cells, by default all, as an array or in CSR."""
        part = self.matrix if stop is None else self.matrix[first:stop]
        if hasattr(part, "compute"):  # dask's
            part = part.compute()
        if self.columns is not None:
            part = part[:, self.columns]
        return sparse.csr_matrix(part) if sparse.issparse(part) else np.asarray(part)


def check_adata(adata: Any, function: str) -> None:
    """Raise unless it is an AnnData with cells and genes.

    Raises
    ------
    TypeError
        If it is something else.
    ValueError
        If it has no cells or no genes.
    """
    if not isinstance(adata, AnnData):
        raise TypeError(
            f"{function} takes an AnnData, and got a {type(adata).__name__}."
        )
    for number, what in ((adata.n_obs, "cells"), (adata.n_vars, "genes")):
        if not number:
            raise ValueError(f"adata has no {what}: its shape is {adata.shape}.")


def absent(where: str, key: object, present: Iterable[object]) -> ValueError:
    """Return the error about a key that is not there; it lists those that are."""
    names = [repr(name) for name in present]
    listed = ", ".join(names[:MOST_NAMES])
    if len(names) > MOST_NAMES:
        listed += f" and {len(names) - MOST_NAMES} more"
    return ValueError(f"{where} has no {key!r}. It has: {listed or 'nothing'}.")


def expression_of(
    adata: AnnData,
    *,
    layer: str | None = None,
    use_raw: bool | None = None,
    mask_var: str | ArrayLike | None = None,
) -> Expression:
    """Return what is to be read of an AnnData; see `skset.anndata.select_genes`.

    Raises
    ------
    ValueError
        If something named is not there, if no gene is left, if a file stores the values
        by columns, or if adata is a view of a file.
    """
    if adata.isbacked and adata.is_view:
        raise ValueError(
            "adata is a view of a backed AnnData, which can neither be read in pieces "
            "nor take results. Use adata.to_memory(), or the whole with mask_var."
        )
    genes = _masked(adata, mask_var)
    name, matrix, var_names = _matrix(adata, layer, use_raw)
    _check_stored_by_rows(name, matrix)
    if sparse.issparse(matrix):  # also of views, which are other classes and warn
        matrix = sparse.csr_matrix(matrix)
    columns = None if genes.all() else np.flatnonzero(genes)
    if var_names is not None:
        columns = _found(adata.var_names[genes], var_names)
    return Expression(name, matrix, columns, genes)


def _masked(adata: AnnData, mask_var: str | ArrayLike | None) -> NDArray[np.bool_]:
    """Return the mask of the genes that are looked at."""
    if mask_var is None:
        return np.ones(adata.n_vars, bool)
    name = "mask_var"
    if isinstance(mask_var, str):
        name = f"adata.var[{mask_var!r}]"
        if mask_var not in adata.var:
            raise absent("adata.var", mask_var, adata.var)
        mask_var = adata.var[mask_var]
    mask = np.asarray(mask_var)
    if mask.dtype != bool or mask.shape != (adata.n_vars,):
        raise ValueError(
            f"{name} must have one boolean for each of {adata.n_vars} genes; it has "
            f"dtype {mask.dtype} and shape {mask.shape}."
        )
    if not mask.any():
        raise ValueError(f"{name} leaves no gene.")
    return mask


def _matrix(
    adata: AnnData, layer: str | None, use_raw: bool | None
) -> tuple[str, Any, Any]:
    """Return name and matrix, and the names of its genes if they are other ones."""
    if use_raw and layer is not None:
        raise ValueError(f"Choose either layer={layer!r} or use_raw=True, not both.")
    if use_raw and adata.raw is None:
        raise ValueError("use_raw=True, but adata.raw is None.")
    if layer is not None:
        if layer not in adata.layers:
            raise absent("adata.layers", layer, adata.layers)
        return f"adata.layers[{layer!r}]", adata.layers[layer], None
    if adata.raw is not None and use_raw is not False:
        return RAW, adata.raw.X, adata.raw.var_names
    if adata.X is None:
        layers = ", ".join(map(repr, adata.layers)) or "none"
        raise ValueError(f"adata.X is None. Name a layer; there are: {layers}.")
    return "adata.X", adata.X, None


def _check_stored_by_rows(name: str, matrix: Any) -> None:
    if isinstance(matrix, CSCDataset):
        raise ValueError(
            f"The file stores {name} by columns (CSC), so that no row can be read "
            "without all others. Write it anew by rows (CSR), or use "
            "adata.to_memory()."
        )


def _found(names: Any, var_names: Any) -> NDArray[np.intp]:
    """Return the columns of raw that have the genes of these names."""
    if not var_names.is_unique:
        raise ValueError(
            "adata.raw.var_names are not unique, so that its genes cannot be found. "
            "Set use_raw=False, or make them unique."
        )
    columns: NDArray[np.intp] = var_names.get_indexer(names)
    if (columns < 0).any():
        lacking = list(names[columns < 0])
        raise ValueError(
            f"adata.raw lacks {len(lacking)} genes of adata, for instance "
            f"{lacking[0]!r}. Set use_raw=False to read adata.X."
        )
    return columns
