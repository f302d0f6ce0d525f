"""`TableSize`: how many rows and columns a fit learns from."""

from typing import NamedTuple

import numpy as np

from skset.estimators._types import Rows

__all__ = ["TableSize"]


class TableSize(NamedTuple):
    """How many rows and columns a fit learns from.

    Attributes
    ----------
    n_rows : int
        Rows to train on.
    n_weighted : int
        Those of them whose weight is not 0, and 1 if there is none.
    n_features : int
        Columns.
    """

    n_rows: int
    n_weighted: int
    n_features: int

    @classmethod
    def of(cls, training_set: Rows) -> "TableSize":
        """Return the size of a training set."""
        X, _, weight, rows = training_set
        n_rows = X.shape[0] if rows is None else len(rows)
        n_weighted = n_rows if weight is None else int(np.count_nonzero(weight))
        return cls(n_rows, max(1, n_weighted), X.shape[1])
