"""Columns of a table: their types, dates, gaps, and values that are no numbers."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from skset.estimators._types import Array

__all__ = [
    "check_table",
    "dtypes_of",
    "located",
    "output_dtype",
    "refuse_dates",
    "refuse_missing",
]

# How the names of the types of dates and durations begin, in any library.
DATES = ("date", "duration", "interval", "period", "time")
# Messages of numpy about values that are no numbers.
NO_NUMBER = (
    "could not convert string to float",
    "must be a string or a real number",
    "setting an array element with a sequence",
)


def dtypes_of(X: Any) -> list[Any]:
    """Return the types of the columns of a frame, or that of an array, else None."""
    if hasattr(X, "column_names"):  # a table of pyarrow
        return list(X.schema.types)
    return list(X.dtypes) if _is_frame(X) else [getattr(X, "dtype", None)]


def output_dtype(X: Any) -> type[np.float32] | type[np.float64]:
    """Return float32 for X in float32, else float64, as scikit-learn's transformers."""
    single = all(str(dtype).lower() == "float32" for dtype in dtypes_of(X))
    return np.float32 if single else np.float64


def check_table(X: Any) -> None:
    """Raise a TypeError if X is a file that has not been read, or has dates."""
    _refuse_unread(X)
    refuse_dates(X)


def refuse_dates(X: Any, name: str = "X") -> None:
    """Raise a TypeError if X has dates or durations: numpy casts them to numbers."""
    if isinstance(X, (list, tuple)):
        X = _array_of(X)
    if not any(_is_date(dtype) or _is_object(dtype) for dtype in dtypes_of(X)):
        return  # one look, even for an array of many columns
    for place, dtype, values in _columns(X):
        kinds = {type(v).__name__ for v in values()} if _is_object(dtype) else set()
        dates = [str(_taken(dtype))] if _is_date(dtype) else []
        dates += [f"object ({kind})" for kind in sorted(kinds) if _is_date(kind)]
        if dates:
            raise TypeError(
                f"Input {name} has dtype {dates[0]}{place}, which is not a number. "
                "Convert dates and durations to numbers first."
            )


def refuse_missing(y: Any) -> None:
    """Raise a ValueError if y is made of objects, and one is None, NaN or NA."""
    if y is None or sparse.issparse(y):
        return
    values = _array_of(y)
    for value in values.flat if values.dtype == object else ():
        if value is None or _is_missing(value):
            what = "None" if value is None else "NaN"
            raise ValueError(
                f"Input y contains {what}, which is neither a label nor a number."
            )


def located(
    error: TypeError | ValueError, X: Any, name: str = "X"
) -> TypeError | ValueError | None:
    """Return a better error about what is no number, which names its column.

    Returns None if the error is about something else, or if no column is found.
    """
    if sparse.issparse(X) or not any(text in str(error) for text in NO_NUMBER):
        return None
    for place, _, values in _columns(X):
        try:
            np.asarray(values(), dtype=float)
        except (TypeError, ValueError) as fault:
            return type(fault)(
                f"{str(fault).rstrip('.')} (input {name}{place}). Encode words first, "
                "for example with OneHotEncoder, and fill gaps with SimpleImputer."
            )
    return None


def _refuse_unread(X: Any) -> None:
    """Raise a TypeError if X is an AnnData, or a matrix that stays in its file.

    numpy makes an array of one object of them. Other tables of files, as h5py's, are
    read whole by numpy, as memory maps are.
    """
    if not hasattr(X, "to_memory") or sparse.issparse(X):
        return
    if hasattr(X, "obs"):
        raise TypeError(
            f"X is an {type(X).__name__}, not a table. Pass its X or one of its "
            "layers, or call skset.anndata.select_genes or skset.anndata.rbm."
        )
    raise TypeError(
        f"X is a {type(X).__name__}, a matrix in a file that has not been read. "
        "X.to_memory() reads all of it; skset.anndata (select_genes, rbm, blocks) "
        "reads it in pieces."
    )


def _columns(X: Any) -> Iterator[tuple[str, Any, Callable[[], Any]]]:
    """Yield place, type and a function that returns the values of each column."""
    dtypes = dtypes_of(X)
    names: Iterable[Any]
    take: Callable[[int], Any]
    if hasattr(X, "column_names"):
        names, take = X.column_names, X.column
    elif _is_frame(X):
        indexed = getattr(X, "iloc", X)  # numbers are names to pandas without it
        names, take = X.columns, lambda i: indexed[:, i]
    else:
        array = X if isinstance(X, np.ndarray) else np.asarray(X, dtype=object)
        if array.ndim != 2:
            yield "", dtypes[0], array.ravel
            return
        names, take = range(array.shape[1]), lambda i: array[:, i]
        dtypes = dtypes * array.shape[1]
    for i, (name, dtype) in enumerate(zip(names, dtypes, strict=True)):
        yield f" in column {name!r}", dtype, partial(take, i)


def _array_of(X: Any) -> Array:
    """Return X as an array; an empty one if X is none (scikit-learn refuses it)."""
    try:
        return np.asarray(X)
    except (TypeError, ValueError):
        return np.empty(0)


def _is_frame(X: Any) -> bool:
    return hasattr(X, "__len__") and hasattr(X, "columns")  # a lazy one has no length


def _is_object(dtype: Any) -> bool:
    return str(dtype).lower() == "object"


def _taken(dtype: Any) -> Any:
    """Return the numpy type for a type; for categories, that of their values."""
    return getattr(getattr(dtype, "categories", None), "dtype", dtype)


def _is_date(dtype: Any) -> bool:
    dtype = _taken(dtype)
    named_so = str(dtype).lower().startswith(DATES)
    return named_so or getattr(dtype, "kind", "") in ("m", "M")


def _is_missing(value: Any) -> bool:
    """Return whether a value is NaN, NaT or pandas' NA."""
    try:
        return bool(value != value)
    except TypeError:  # NA is neither true nor false
        return True
    except ValueError:  # an array
        return False
