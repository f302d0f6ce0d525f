"""`BlockReader`: reads the blocks of a table and checks them, in each pass."""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.random import Generator
from scipy import sparse
from sklearn.exceptions import DataConversionWarning

from skset.estimators._block_source import BlockSource, GivenBlock
from skset.estimators._first_pass import checked_part, few_rows, named
from skset.estimators._input import own_type
from skset.estimators._supervision import YKind
from skset.model import RowBlock

__all__ = ["BlockReader"]


class BlockReader:
    """Reads the blocks of a table; each is checked as `fit` checks a table.

    Parameters
    ----------
    estimator : SparseEstimator
        It is not changed.
    p : SimpleNamespace
        Its parameters.
    source : BlockSource
        The blocks.

    Attributes
    ----------
    kind : YKind or None
        What a block with certainty has told of the kind of y.
    n_rows, n_blocks : int
        Of the first pass.
    """

    def __init__(self, estimator: Any, p: SimpleNamespace, source: BlockSource) -> None:
        self.twin = copy.copy(estimator)
        self.p = p
        self.source = source
        self.kind: YKind | None = None
        self.n_rows = self.n_blocks = 0
        self._first: tuple[Any, ...] | None = None
        self._kinds: dict[Any, tuple[Any, str]] = {}
        self._has_y: tuple[bool, str] | None = None

    def first(self) -> Iterator[RowBlock]:
        """Yield the checked rows of each block in the first pass."""
        for block in self.source.read():
            with named(block.name), few_rows(), _one_warning(self.n_blocks):
                rows = self._new_rows(block)
            self.n_rows += rows.n_rows
            self.n_blocks += 1
            del block
            yield rows
            del rows
        if not self.n_blocks:
            raise ValueError("There are no blocks: blocks is empty.")

    def once_more(self) -> Iterator[RowBlock]:
        """Yield the rows of the first pass again, as they were then."""
        for block in self.source.read():
            with named(f"second pass: {block.name}"), few_rows(), _one_warning(1):
                rows = self._new_rows(block)
            del block
            yield rows
            del rows

    def again(
        self, estimator: Any, label: str, rng: Generator | None = None
    ) -> Iterator[RowBlock]:
        """Yield the checked rows of each block in a later pass.

        Parameters
        ----------
        estimator : SparseEstimator
            It knows what the first pass has told.
        label : str
            Of the pass, for errors.
        rng : numpy.random.Generator, default=None
            Draws the order of the blocks, if that can be changed.

        Raises
        ------
        ValueError
            If the blocks are not those of the first pass.
        """
        twin, n_rows, n_blocks = copy.copy(estimator), 0, 0
        for block in self.source.read(rng):
            with named(f"{label}: {block.name}"), few_rows(), _one_warning(1):
                rows = self._known_rows(twin, block)
            n_rows, n_blocks = n_rows + rows.n_rows, n_blocks + 1
            del block
            yield rows
            del rows
        if n_rows != self.n_rows:
            raise ValueError(
                f"{label}: blocks had {n_rows} rows in {n_blocks} blocks, but "
                f"{self.n_rows} rows in {self.n_blocks} blocks in the first pass. Each "
                "pass must give the same rows."
            )

    def _new_rows(self, block: GivenBlock) -> RowBlock:
        """Return the checked rows of a block; its columns are those of the others."""
        twin = self.twin
        self._check_y(block)
        kind, kinds = twin._kinds_of(block.y)
        self._note_kind(kind)
        twin._take_kind(kinds[0])
        part = checked_part(twin, self.p, block.X, block.y, block.sample_weight)
        self._check_columns(part, block.name)
        _, targets = twin._prepared(self.p, part.X, reset=True)
        facts, y = targets.seen(part.y, block.y)
        if facts is not None:
            first, name = self._kinds.setdefault(kinds[0], (facts, block.name))
            first.check_fits(facts, name, block.name)
        if len(kinds) > 1:  # it may turn out to be the other
            y = part.y
        return RowBlock(self._in_type(part.X), y, part.weight)

    def _known_rows(self, twin: Any, block: GivenBlock) -> RowBlock:
        self._check_width(block.X)
        part = checked_part(twin, self.p, *block[1:], reset=False)
        self._check_columns(part, "this block", names=False)
        _, targets = twin._prepared(self.p, part.X, reset=False)
        _, y = targets.resumed(twin._targets, part.y, block.y, "fit_blocks")
        return RowBlock(self._in_type(part.X), y, part.weight)

    def _in_type(self, X: Any) -> Any:
        """Return X in a type of the network's, or of its units."""
        own = self.twin._standardises(self.p, False)
        return X.astype(own_type(X) if own else self.p.dtype, copy=False)

    def _check_y(self, block: GivenBlock) -> None:
        """Raise if only some blocks have y: a selector would take it for two kinds."""
        has_y = block.y is not None
        if self._has_y is None:
            self._has_y = has_y, block.name
        had_y, first = self._has_y
        if has_y != had_y:
            has = ["no y", "y"]
            raise ValueError(f"it has {has[has_y]}, but {first} has {has[had_y]}.")

    def _note_kind(self, kind: YKind | None) -> None:
        if kind is None or not kind.is_certain:
            return
        if self.kind is not None and self.kind.has_labels != kind.has_labels:
            kinds = ["numbers", "labels"]
            raise ValueError(
                f"y has {kinds[bool(kind.has_labels)]}, but in an earlier block "
                f"{kinds[bool(self.kind.has_labels)]}."
            )
        self.kind = kind

    def _check_width(self, X: Any) -> None:
        width = getattr(X, "shape", ())[1:]
        if self._first is not None and width and width[0] != self._first[1]:
            raise ValueError(
                f"it has {width[0]} features, but {self._first[0]} has "
                f"{self._first[1]}."
            )

    def _check_columns(self, part: RowBlock, name: str, names: bool = True) -> None:
        """Raise unless a block has the same columns as the first one, and weights."""
        now = (
            name,
            part.X.shape[1],
            vars(self.twin).get("feature_names_in_") if names else None,
            sparse.issparse(part.X),
            part.weight is not None,
        )
        if self._first is None:
            self._first = now
        first, width, columns, is_sparse, has_weight = self._first
        if now[1] != width:
            raise ValueError(f"it has {now[1]} features, but {first} has {width}.")
        if names and not _same(now[2], columns):
            raise ValueError(f"its columns have other names than those of {first}.")
        if now[3] != is_sparse:
            kinds = ["dense", "sparse"]
            raise ValueError(
                f"X is {kinds[now[3]]}, but that of {first} is {kinds[is_sparse]}."
            )
        if now[4] != has_weight:
            has = ["no sample_weight", "a sample_weight"]
            raise ValueError(
                f"it has {has[now[4]]}, but {first} has {has[has_weight]}. Give it for "
                "all blocks or for none."
            )


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


@contextmanager
def _one_warning(n_before: int) -> Iterator[None]:
    """Say only of the first block that y has the shape of a column."""
    with warnings.catch_warnings():
        if n_before:
            warnings.simplefilter("ignore", DataConversionWarning)
        yield
