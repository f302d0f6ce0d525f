"""`BlockSource`: a table in blocks, as the user gives them, read once for each pass."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

__all__ = ["BlockSource", "GivenBlock"]

HOW = (
    "Give a list of blocks, an object whose __iter__ begins anew each time, or a "
    "callable that returns a new iterator."
)


class GivenBlock(NamedTuple):
    """A block as the user gave it.

    Attributes
    ----------
    name : str
        For errors.
    X, y, sample_weight
        Its rows; y and the weights may be None.
    """

    name: str
    X: Any
    y: Any = None
    sample_weight: Any = None


class BlockSource:
    """The blocks of a table; each pass begins anew.

    Parameters
    ----------
    blocks : sequence, iterable or callable
        As for `skset.fit_blocks`.

    Raises
    ------
    TypeError
        If the blocks can be read once only, or are no blocks.
    """

    def __init__(self, blocks: Any) -> None:
        self.blocks: Any = blocks
        self.is_sequence = hasattr(blocks, "__len__") and hasattr(blocks, "__getitem__")
        if hasattr(blocks, "shape") or isinstance(blocks, (str, bytes, Mapping)):
            raise TypeError(
                f"blocks must be the blocks of a table, got a {type(blocks).__name__}. "
                "Give one table to fit, or as [(X, y)]. " + HOW
            )
        if hasattr(blocks, "__next__"):
            raise TypeError(
                f"blocks can be read once only: it is a {type(blocks).__name__}, but "
                "there is a pass over all blocks in each epoch. " + HOW
            )
        if not (self.is_sequence or callable(blocks) or isinstance(blocks, Iterable)):
            raise TypeError(f"blocks is a {type(blocks).__name__}. " + HOW)

    def read(self, rng: Generator | None = None) -> Iterator[GivenBlock]:
        """Yield the blocks; those of a sequence in an order drawn from a generator."""
        if self.is_sequence:
            n = len(self.blocks)
            order = np.arange(n) if rng is None else rng.permutation(n)
            for index in order.tolist():
                yield _given_block(self.blocks[index], index)
            return
        each = self.blocks() if _must_be_called(self.blocks) else self.blocks
        for index, block in enumerate(each):
            yield _given_block(block, index)
            del block


def _must_be_called(blocks: Any) -> bool:
    return isinstance(blocks, Callable) and not isinstance(blocks, Iterable)  # type: ignore[arg-type]


def _given_block(block: Any, index: int) -> GivenBlock:
    """Return a block: (X,), (X, y), (X, y, sample_weight), or X alone."""
    name = f"blocks[{index}]"
    if not _has_parts(block):
        return GivenBlock(name, block)
    if not 1 <= len(block) <= 3:
        raise ValueError(
            f"{name} has {len(block)} parts; a block is (X, y), (X, y, sample_weight) "
            "or (X,)."
        )
    return GivenBlock(name, *block)


def _has_parts(block: Any) -> bool:
    """Return whether a block is a tuple, or a list that begins with a table."""
    if isinstance(block, list):
        return bool(block) and len(getattr(block[0], "shape", ())) == 2
    return isinstance(block, tuple)
