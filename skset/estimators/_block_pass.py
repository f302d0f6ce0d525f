"""`BlockPass`: the first pass over blocks, and the windows of the later ones."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from numpy.random import Generator
from scipy import sparse

from skset.estimators._block_reader import BlockReader
from skset.estimators._block_source import BlockSource
from skset.estimators._first_pass import (
    facts_of_checked,
    few_rows,
    samples_of_checked,
    weighed_checked,
)
from skset.estimators._fit_facts import Facts, Weighed, merged
from skset.estimators._kept_rows import KeptRows
from skset.model import RowBlock, Samples, recut

__all__ = ["BlockPass"]

# By default a window takes about so many bytes, and has so many rows at least, which
# are four of the largest batches that are chosen for the user.
WINDOW_BYTES, LEAST_ROWS = 64 << 20, 512
# The rows kept are as many as a window has, and so many at least: importances of
# features are measured on them.
LEAST_KEPT = 1024
# The first so many rows tell how many bytes a row of a sparse table takes.
N_MEASURED = 1024


class BlockPass:
    """The first pass over the blocks of a table, and the windows of the later ones.

    Parameters
    ----------
    estimator : SparseEstimator
        It is not changed.
    p : SimpleNamespace
        Its parameters.
    source : BlockSource
        The blocks.
    window : int or None
        Rows in a window; None takes as many as make a window of `WINDOW_BYTES`.
    rng : numpy.random.Generator
        A stream apart from it draws the rows to keep; it is not moved on.

    Attributes
    ----------
    facts : Facts
        What a fit must know of all rows.
    kept : RowBlock
        A random sample of the rows, or all if they fit into one window.
    is_whole : bool
        Whether they do.
    """

    def __init__(
        self,
        estimator: Any,
        p: SimpleNamespace,
        source: BlockSource,
        window: int | None,
        rng: Generator,
    ) -> None:
        self.p = p
        self.reader = BlockReader(estimator, p, source)
        rows = self.reader.first()
        if window is None:
            rows, window = _with_default(rows)
        self.window = window
        bits: Any = rng.bit_generator
        kept = KeptRows(max(window, LEAST_KEPT), Generator(bits.jumped()))
        facts = self._over_all(rows, kept)
        self.is_whole = kept.n_seen <= window
        self.kept = kept.rows()
        if facts.weighed is None:
            facts = facts.with_weighed([self._weighed(estimator, facts)])
        self.facts = facts
        self.kept = _with_known_y(facts, self.kept)
        self._n_epochs = 0

    def windows(
        self, estimator: Any, rng: Generator | None, batch_size: int
    ) -> Iterator[Samples]:
        """Yield the samples of an epoch, window by window.

        Parameters
        ----------
        estimator : SparseEstimator
            It knows its targets and units.
        rng : numpy.random.Generator or None
            Draws the order of the blocks, if that can be changed.
        batch_size : int
            The rows of a window are a multiple of it.
        """
        self._n_epochs += 1
        blocks = self.reader.again(estimator, f"epoch {self._n_epochs}", rng)
        n_rows = max(1, self.window // batch_size) * batch_size
        for rows in recut(blocks, n_rows):
            samples = samples_of_checked(estimator, self.p, self.facts, rows, False)
            del rows  # before the next window is made
            yield samples
            del samples

    def _over_all(self, blocks: Iterator[RowBlock], kept: KeptRows) -> Facts:
        """Return the facts of all rows, found window by window, and keep some rows."""
        facts: Facts | None = None
        for rows in recut(blocks, self.window):
            kept.add(rows)
            new = self._facts_of(rows)
            del rows
            facts = new if facts is None else merged([facts, new])
        assert facts is not None
        return facts

    def _facts_of(self, rows: RowBlock) -> Facts:
        twin, certain = self.reader.twin, self.reader.kind
        kind = twin._kinds_of(rows.y)
        if certain is not None:
            kind = certain, certain.possible
        with few_rows():
            return facts_of_checked(twin, self.p, rows, kind, "blocks", rows.y)

    def _weighed(self, estimator: Any, facts: Facts) -> Weighed:
        """Return what follows from the class weights, by a second pass if need be."""
        known, twin = facts.learned, self.reader.twin
        if self.is_whole:
            return weighed_checked(twin, self.p, _with_known_y(facts, self.kept), known)
        found: Weighed | None = None
        blocks = self.reader.once_more()
        for rows in recut(blocks, self.window):
            new = weighed_checked(twin, self.p, _with_known_y(facts, rows), known)
            del rows
            found = new if found is None else Weighed.merged([found, new])
        assert found is not None
        return found


def _with_known_y(facts: Facts, rows: RowBlock) -> RowBlock:
    """Return rows with y as it is learned, now that it is known what it is."""
    if facts.y_kind is None:
        return rows
    targets, _ = facts.targets[facts.supervision]
    with few_rows():
        _, y = targets.seen(rows.y, rows.y)
    return RowBlock(rows.X, y, rows.weight)


def _with_default(blocks: Iterator[RowBlock]) -> tuple[Iterator[RowBlock], int]:
    """Return the same blocks, and the rows of a window that suits their first rows."""
    held: list[RowBlock] = []
    n_held = 0
    for block in blocks:
        held.append(block)
        n_held += block.n_rows
        del block
        if n_held >= N_MEASURED:
            break
    first = next(recut(held, N_MEASURED))
    n_bytes = _row_bytes(first.X)
    del first
    return _and_rest(held, blocks), max(LEAST_ROWS, WINDOW_BYTES // n_bytes)


def _and_rest(held: list[RowBlock], rest: Iterator[RowBlock]) -> Iterator[RowBlock]:
    while held:
        yield held.pop(0)
    yield from rest


def _row_bytes(X: Any) -> int:
    """Return the bytes of a row of X."""
    if sparse.issparse(X):
        n_bytes = X.dtype.itemsize + X.indices.itemsize
        return 8 + int(X.size * n_bytes // X.shape[0])
    return int(X.shape[1] * X.dtype.itemsize)
