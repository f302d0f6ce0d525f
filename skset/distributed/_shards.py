"""`Shard`: where the rows of a shard are, and how a worker gets them.

A shard is known by a handle. The rows behind it are read where they are needed.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

__all__ = ["Shard", "client_of", "handles", "is_delayed", "is_future"]

# X, y and the weights of a shard; the last two may be None.
ShardRows: TypeAlias = tuple[Any, Any, Any]

KINDS = (
    "A shard is a path (.npz), paths (X.npy, y.npy), (table.parquet, label), a "
    "function without arguments that returns (X, y), a delayed object or future of "
    "these, or (X, y)"
)


@dataclass(frozen=True)
class Shard:
    """A handle of some rows.

    Parameters
    ----------
    number : int
        Its place among all shards.
    parts : tuple
        One handle of all rows, or handles of X, of y and of the weights: paths,
        functions, delayed objects, futures, arrays. With a table the second and third
        are names of columns.
    """

    number: int
    parts: tuple[Any, ...]

    @property
    def name(self) -> str:
        """What messages call it."""
        first = self.parts[0]
        what = f" ({str(first)!r})" if isinstance(first, str | Path) else ""
        return f"shards[{self.number}]{what}"

    def bare(self) -> "Shard":
        """Return the same without rows: what to send beside them."""
        first = self.parts[0]
        return Shard(self.number, (first if isinstance(first, str | Path) else None,))

    def load(self) -> ShardRows:
        """Return its rows.

        Returns
        -------
        X, y, sample_weight
            The last is None if the shard has no weights.

        Raises
        ------
        ValueError
            If they cannot be read; the message names the shard.
        """
        return self.rows([here(part) for part in self.parts])

    def rows(self, parts: Sequence[Any]) -> ShardRows:
        """Return the rows, given what the delayed parts and futures have become."""
        try:
            return rows_of([read(part) for part in parts])
        except Exception as error:
            raise self.named(error) from error

    def named(self, error: Exception) -> Exception:
        """Return an error that names the shard."""
        if f"shards[{self.number}]" in str(error):
            return error
        return ValueError(
            f"{self.name} could not be loaded: {type(error).__name__}: {error}"
        )


def handles(shards: Any) -> list[Shard]:
    """Return a handle for each shard.

    Parameters
    ----------
    shards : iterable, or tuple of Dask collections
        One item for each shard, as `skset.distributed.fit` describes them; or (X, y)
        or (X, y, sample_weight) of Dask arrays, cut where their chunks of rows end;
        or a Dask frame with the name of the column of y, or with a series.

    Returns
    -------
    shards : list of Shard

    Raises
    ------
    TypeError
        If an item is no shard; the message names it.
    ValueError
        If there is no shard, or if the chunks of y are not those of X.
    """
    if isinstance(shards, tuple) and shards and is_collection(shards[0]):
        shards = by_chunks(*shards)
    elif is_collection(shards) or not isinstance(shards, Iterable):
        raise TypeError(
            "shards must be a list of shards, or a tuple (X, y) of Dask collections, "
            f"got {type(shards).__name__}"
        )
    found = [Shard(number, _parts(number, item)) for number, item in enumerate(shards)]
    if not found:
        raise ValueError("shards is empty: at least one shard is required")
    return found


def _parts(number: int, item: Any) -> tuple[Any, ...]:
    """Return the handles of which an item consists."""
    lone = isinstance(item, str | Path) or is_delayed(item) or is_future(item)
    if lone or callable(item):
        return (item,)
    if isinstance(item, tuple | list) and len(item) in (2, 3):
        return tuple(item)
    raise TypeError(f"{KINDS}; shards[{number}] is {type(item).__name__}")


# Dask's objects. They are told apart without an import of Dask.


def is_collection(value: Any) -> bool:
    """Return whether it is a Dask array, frame or series."""
    return not is_delayed(value) and hasattr(value, "to_delayed")


def is_delayed(value: Any) -> bool:
    """Return whether it is a delayed object, which has every attribute."""
    module = sys.modules.get("dask.delayed")
    return module is not None and isinstance(value, module.Delayed)


def is_future(value: Any) -> bool:
    """Return whether it is a future of a Dask client."""
    distributed = sys.modules.get("distributed")
    return distributed is not None and isinstance(value, distributed.Future)


def client_of(shards: Iterable[Shard]) -> Any:
    """Return the client of the first future among the handles, or None."""
    parts = (part for shard in shards for part in shard.parts)
    return next((part.client for part in parts if is_future(part)), None)


def by_chunks(X: Any, y: Any, sample_weight: Any = None) -> list[tuple[Any, ...]]:
    """Return a shard for each chunk of rows of Dask collections.

    Parameters
    ----------
    X : Dask array of shape (n_samples, n_features) or Dask frame
    y, sample_weight : Dask array or series, array, name of a column or None
        An array or a series has the chunks of X, or is cut again if lengths are known.

    Returns
    -------
    shards : list of tuple
    """
    if hasattr(X, "chunks") and X.ndim == 2 and len(X.chunks[1]) > 1:
        X = X.rechunk({1: -1})
    blocks = _blocks(X)
    others = [
        _like(X, len(blocks), name, other)
        for name, other in (("y", y), ("sample_weight", sample_weight))
        if other is not None
    ]
    return list(zip(blocks, *others, strict=True))


def _like(X: Any, n_blocks: int, name: str, other: Any) -> list[Any]:
    """Return the blocks of y or of the weights, one for each of X."""
    if isinstance(other, str):
        return [other] * n_blocks
    if not is_collection(other):
        return _cut(X, name, other)
    if hasattr(X, "chunks") and hasattr(other, "chunks"):
        known = not any(np.isnan(n) for n in (*X.chunks[0], *other.chunks[0]))
        if known and other.chunks[0] != X.chunks[0]:
            other = other.rechunk({0: X.chunks[0]})
    blocks = _blocks(other)
    if len(blocks) != n_blocks:
        raise ValueError(
            f"X has {n_blocks} chunks of rows, but {name} has {len(blocks)}"
        )
    return blocks


def _cut(X: Any, name: str, array: Any) -> list[Any]:
    """Cut an array in memory where the chunks of X end."""
    lengths = X.chunks[0] if hasattr(X, "chunks") else (np.nan,)
    if np.isnan(sum(lengths)):
        raise ValueError(
            f"{name} is no Dask collection, and the lengths of X's chunks are unknown. "
            "Call X.compute_chunk_sizes()."
        )
    if sum(lengths) != len(array):
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: "
            f"[{sum(lengths)}, {len(array)}]"
        )
    return np.split(np.asarray(array), np.cumsum(lengths)[:-1])


def _blocks(collection: Any) -> list[Any]:
    return list(np.ravel(np.asarray(collection.to_delayed(), dtype=object)))


# Reading.


def here(part: Any) -> Any:
    """Return the value of a delayed object or a future in this process."""
    if is_delayed(part):
        return part.compute(scheduler="synchronous")
    return part.result() if is_future(part) else part


def read(part: Any) -> Any:
    """Return what a path or a function stands for; anything else as it is."""
    if isinstance(part, str | Path) and Path(part).suffix in READERS:
        return READERS[Path(part).suffix](part)
    return part() if callable(part) else part


def read_npz(path: str | Path) -> Any:
    """Return (X, y) or (X, y, sample_weight), or the matrix that scipy has saved.

    The rows of X may be ``X``, or the parts of a sparse matrix as
    `scipy.sparse.save_npz` names them.
    """
    with np.load(path, allow_pickle=False) as file:
        dense = "X" in file.files
        if not dense and "indptr" not in file.files:
            raise ValueError(f"it has no array 'X', but {sorted(file.files)}")
        parts = [file["X"] if dense else None]
        parts += [file[name] for name in ("y", "sample_weight") if name in file.files]
    if not dense:
        parts[0] = sparse.load_npz(path)
    return parts[0] if len(parts) == 1 else tuple(parts)


def read_npy(path: str | Path) -> Any:
    """Return a memory map: rows are read when they are needed."""
    return np.load(path, mmap_mode="r", allow_pickle=False)


def read_parquet(path: str | Path) -> Any:
    """Return a pandas frame."""
    try:
        import pandas as pd
    except ImportError:
        raise ImportError("Parquet needs pandas and pyarrow: skset[dask]") from None
    return pd.read_parquet(path)


READERS = {".npz": read_npz, ".npy": read_npy, ".parquet": read_parquet}


def rows_of(values: Sequence[Any]) -> ShardRows:
    """Return X, y and weights: as given, from one tuple, or from a table's columns."""
    if len(values) == 1:
        (values,) = values
    if isinstance(values, str | Path):
        raise ValueError(f"files are known that end in {', '.join(READERS)}")
    if not isinstance(values, tuple | list) or not 2 <= len(values) <= 3:
        raise ValueError(f"(X, y) is needed, got {type(values).__name__}")
    X, *others = values
    columns = [name for name in others if isinstance(name, str)]
    if columns and not hasattr(X, "columns"):
        raise ValueError(
            f"{columns[0]!r} is neither a known file nor a column of a table"
        )
    others = [X[name] if isinstance(name, str) else name for name in others]
    X = X[[name for name in X.columns if name not in columns]] if columns else X
    return (X, *others, *[None] * (2 - len(others)))
