"""What is checked of inputs beyond what scikit-learn checks."""

from functools import wraps

import numpy as np
from scipy import sparse

__all__ = ["all_or_nothing", "checked_indices", "refuse_dates"]


def all_or_nothing(method):
    """Make a method leave the estimator as it was if it raises.

    It may replace attributes of the estimator, but must not change the objects that
    they hold.
    """

    @wraps(method)
    def wrapper(self, *args, **kwargs):
        before = vars(self).copy()
        try:
            return method(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return wrapper


def refuse_dates(X):
    """Raise a TypeError if X holds dates or durations, which numpy takes for numbers."""
    dtypes = getattr(X, "dtypes", None)
    dtypes = [getattr(X, "dtype", None)] if dtypes is None else list(np.ravel(dtypes))
    for dtype in dtypes:
        if getattr(dtype, "kind", "") in ("m", "M"):
            raise TypeError(
                f"Input X has dtype {dtype}, which is not a number. Convert dates and "
                "durations to numbers first."
            )


def checked_indices(X):
    """Return X, after making sure that its sparse indices are within its shape.

    scikit-learn does not look at them, and compiled code that follows a wrong one reads
    outside its arrays.

    Raises
    ------
    ValueError
        If indices or index pointers are out of range or do not fit together.
    """
    if not sparse.issparse(X):
        return X
    if X.format in ("csr", "csc", "bsr"):
        # A second matrix on the same arrays, as check_format may replace attributes.
        try:
            twin = type(X)((X.data, X.indices, X.indptr), shape=X.shape, copy=False)
            twin.check_format(full_check=True)
        except ValueError as error:
            raise ValueError(f"Sparse X has invalid indices: {error}") from error
        if X.format != "bsr" and X.data.size != X.indices.size:
            raise ValueError(
                f"Sparse X has {X.indices.size} indices but {X.data.size} values."
            )
    elif X.format == "coo":
        for index, size in zip(X.coords, X.shape, strict=True):
            if index.size and not (index.min() >= 0 and index.max() < size):
                raise ValueError(f"Sparse X has indices outside [0, {size}).")
    return X
