"""`RowsInPlace`: rows of a large table, predicted without being picked first."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from skset.estimators._input import (
    checked_again,
    own_type,
    picked,
    stays_as_given,
)
from skset.estimators._types import Array, Matrix
from skset.estimators._units import scaled_table
from skset.model import Samples

__all__ = ["RowsInPlace", "rows_to_score", "samples_to_predict"]


@dataclass(frozen=True, eq=False)
class RowsInPlace:
    """Some rows of a checked table, as a scorer passes them to `predict`.

    An estimator of skset reads them batch by batch. For all others they are an array.

    Attributes
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        The table.
    rows : ndarray of shape (n_rows,)
        Numbers of the rows.
    """

    X: Matrix
    rows: Array

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and of features."""
        return self.rows.size, self.X.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type that the picked rows would have."""
        return np.dtype(own_type(self.X))

    def __len__(self) -> int:
        return int(self.rows.size)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        rows = picked(self.X, self.rows, self.dtype)
        array = rows.toarray() if sparse.issparse(rows) else rows
        return np.asarray(array, dtype)


def rows_to_score(X: Matrix, rows: Array, scoring: Any, dtype: Any) -> Any:
    """Return rows of a checked X for a scorer.

    A scorer of scikit-learn, known by its name, only passes them on. So they can stay
    in their place if X is large. A callable gets an array or a CSR matrix.
    """
    if callable(scoring) or not stays_as_given(X, dtype):
        return picked(X, rows, own_type(X))
    return RowsInPlace(X, rows)


def samples_to_predict(estimator: Any, X: Any) -> Samples:
    """Return the samples for a fitted estimator to predict, or raise if X is wrong."""
    rows = None
    if isinstance(X, RowsInPlace):
        X, rows = X.X, X.rows
    else:
        X = checked_again(estimator, X)
    dtype = estimator._network.dtype
    table = scaled_table(X, estimator._scaling, dtype)
    return Samples(table, rows=rows, dtype=dtype)
