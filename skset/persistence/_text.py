"""Strings as arrays of bytes, and what is said of values that no file can hold."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["cannot", "strings_of", "text_array"]

Array: TypeAlias = NDArray[Any]


def text_array(strings: Any, where: str) -> Array:
    """Return strings as one array of bytes: lengths in UTF-8, then the text."""
    given = np.asarray(strings, dtype=object)
    if given.ndim != 1 or not all(type(part) is str for part in given):
        raise cannot(strings, where)
    text = [part.encode("utf-8", "surrogatepass") for part in given]
    sizes = np.array([len(text), *map(len, text)], np.int64)
    return np.frombuffer(sizes.astype("<i8").tobytes() + b"".join(text), np.uint8)


def strings_of(array: Array) -> list[str]:
    """Return the strings that `text_array` has put into an array."""
    raw = array.tobytes()
    n = int.from_bytes(raw[:8], "little")
    if array.dtype != np.uint8 or not 0 <= n <= (len(raw) - 8) // 8:
        raise ValueError("strings are cut off")
    ends = np.cumsum(np.frombuffer(raw[8 : 8 + 8 * n], "<i8")) + 8 + 8 * n
    starts = [8 + 8 * n, *ends[:-1].tolist()]
    last = int(ends[-1]) if n else 8
    if last != len(raw) or (np.diff([8 + 8 * n, *ends]) < 0).any():
        raise ValueError("strings have other lengths")
    pairs = zip(starts, ends.tolist(), strict=True) if n else ()
    return [raw[a:b].decode("utf-8", "surrogatepass") for a, b in pairs]


def cannot(value: Any, where: str) -> ValueError:
    """Return the error for a value that a file without code cannot hold."""
    text = " ".join(repr(value).split())
    text = text if len(text) <= 80 else f"{text[:77]}..."
    return ValueError(
        f"{where} cannot be saved: a file without code cannot hold {text} of type "
        f"{type(value).__module__}.{type(value).__qualname__}. Pickle and skops can."
    )
