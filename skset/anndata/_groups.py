"""Labels of cells: a column of obs as classes or numbers."""

from dataclasses import dataclass
from typing import Any
from warnings import warn

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from skset.anndata._expression import absent

__all__ = ["Groups", "groups_of"]


@dataclass(frozen=True)
class Groups:
    """Labels of some cells.

    Attributes
    ----------
    labels : ndarray of shape (n_obs,)
        Strings, booleans or numbers; those of cells without a label mean nothing.
    known : ndarray of bool of shape (n_obs,)
        Whether each cell has a label.
    """

    labels: NDArray[Any]
    known: NDArray[np.bool_]


def groups_of(adata: AnnData, groupby: str | None) -> Groups | None:
    """Return the labels of a column of obs; None without one.

    Warns
    -----
    UserWarning
        If some cells have no label: they are left out.

    Raises
    ------
    ValueError
        If there is no such column, or it has less than two different values.
    TypeError
        If it has dates.
    """
    if groupby is None:
        return None
    if groupby not in adata.obs:
        raise absent("adata.obs", groupby, adata.obs)
    column = adata.obs[groupby]
    name = f"adata.obs[{groupby!r}]"
    known = column.notna().to_numpy()
    n_values = column[known].nunique()
    if n_values < 2:
        raise ValueError(
            f"{name} has {n_values} different values; to learn from it takes two."
        )
    if not known.all():
        warn(
            f"{name} is missing in {np.count_nonzero(~known)} of {known.size} cells, "
            "which are left out.",
            stacklevel=3,
        )
    return Groups(_labels(column, known, name), known)


def _labels(column: Any, known: NDArray[np.bool_], name: str) -> Any:
    """Return a column as an array of strings, booleans, whole or other numbers."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        categories = np.asarray(column.cat.categories)
        if categories.dtype.kind not in "biu":
            categories = categories.astype(str)
        return categories[column.cat.codes.to_numpy()]
    if pd.api.types.is_bool_dtype(dtype):
        return column.where(known, False).to_numpy(bool)
    if pd.api.types.is_integer_dtype(dtype) and known.all():
        return column.to_numpy(int)
    if pd.api.types.is_numeric_dtype(dtype):
        return column.to_numpy(float, na_value=np.nan)
    if pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype):
        return column.astype(str).to_numpy(str)
    raise TypeError(f"{name} has dtype {dtype}, which is neither labels nor numbers.")
