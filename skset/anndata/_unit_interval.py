"""Values of genes brought into [0, 1], in which a Boltzmann machine takes them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["SCALES", "ScaledBlocks", "UnitScale", "unit_scale_of"]

SCALES = ("auto", "log1p", "max")
# Numbers that are scaled at once: a few MB of temporary arrays.
AT_ONCE = 1 << 19


@dataclass(frozen=True)
class UnitScale:
    """``v / max v``, or ``log(1 + v) / log(1 + max v)``, for each gene.

    Attributes
    ----------
    logarithmic : bool
        Whether the logarithm is taken first.
    greatest : ndarray of float of shape (n_genes,)
        Greatest value of each gene in any cell.
    """

    logarithmic: bool
    greatest: NDArray[np.float64]

    def __call__(self, X: Any) -> Any:
        """Return X in [0, 1] and in float32, as an array or in CSR."""
        # Divided, not multiplied by the inverse: the greatest value becomes exactly 1.
        most = np.log1p(self.greatest) if self.logarithmic else self.greatest
        most = np.where(most > 0, most, 1)
        if not sparse.issparse(X):
            made = np.empty(X.shape, np.float32)
            step = max(1, AT_ONCE // X.shape[1])
            for first in range(0, len(X), step):
                rows = slice(first, first + step)
                made[rows] = self._logarithm(X[rows]) / most
            return made
        X = _canonical(X)
        data = np.empty(X.data.shape, np.float32)
        for first in range(0, data.size, AT_ONCE):
            some = slice(first, first + AT_ONCE)
            data[some] = self._logarithm(X.data[some]) / most[X.indices[some]]
        return sparse.csr_matrix((data, X.indices, X.indptr), X.shape)

    def _logarithm(self, values: Any) -> Any:
        return np.log1p(values, dtype=float) if self.logarithmic else values


class ScaledBlocks(Sequence[Any]):
    """Blocks of rows that are scaled when they are asked for.

    Parameters
    ----------
    blocks : sequence of arrays or CSR matrices
        The rows.
    scale : UnitScale
        What is done to them.
    """

    def __init__(self, blocks: Sequence[Any], scale: UnitScale) -> None:
        self._blocks = blocks
        self._scale = scale

    def __len__(self) -> int:
        return len(self._blocks)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return ScaledBlocks(self._blocks[i], self._scale)
        return self._scale(self._blocks[i])


def unit_scale_of(
    blocks: Iterable[Any], n_genes: int, scale: str, name: str
) -> UnitScale:
    """Return how values are brought into [0, 1]; all of them are read once.

    Parameters
    ----------
    blocks : iterable of arrays or CSR matrices of shape (n_rows, n_genes)
        All values.
    n_genes : int
        Number of columns.
    scale : {"auto", "log1p", "max"}
        "auto" takes logarithms if all values are whole numbers, as counts are.
    name : str
        Where the values were found, for messages.

    Raises
    ------
    ValueError
        If a value is negative or not finite.
    """
    greatest, whole = np.zeros(n_genes), True
    for X in blocks:
        X = _canonical(X) if sparse.issparse(X) else X
        values = X.data if sparse.issparse(X) else X
        if not np.isfinite(values).all():
            raise ValueError(f"{name} contains NaN or infinity.")
        if (values < 0).any():
            raise ValueError(
                f"{name} has negative values, which cannot be brought into [0, 1] "
                "without making it dense. Give counts or logarithmised values that are "
                "not scaled, for instance by `layer`."
            )
        if sparse.issparse(X):
            of_block = np.zeros(n_genes, values.dtype)  # of another type it takes long
            np.maximum.at(of_block, X.indices, values)
        else:
            of_block = X.max(axis=0)
        np.maximum(greatest, of_block, out=greatest)
        whole = whole and bool((values == np.floor(values)).all())
    return UnitScale(scale == "log1p" or (scale == "auto" and whole), greatest)


def _canonical(X: Any) -> Any:
    """Return a CSR matrix without duplicate entries, which would be scaled apart."""
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X
