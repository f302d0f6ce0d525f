"""`recut`: rows of blocks of any size, in windows; a stream of samples."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse

from skset.model import RowBlock, Samples, StreamedSamples, recut

N = 50


def table(form):
    X = np.random.default_rng(0).standard_normal((N, 4)).astype(np.float32)
    X[X < 0] = 0
    return X if form == "dense" else sparse.csr_array(X)


def blocks_of(X, size, y=None, weight=None):
    for start in range(0, N, size):
        some = slice(start, start + size)
        yield RowBlock(X, y, weight).some(some)


def dense(X):
    return X.toarray() if sparse.issparse(X) else X


@pytest.mark.parametrize("form", ["dense", "sparse"])
@pytest.mark.parametrize("size", [1, 3, 10, 16, 49, 50])
@pytest.mark.parametrize("n_rows", [1, 10, 16, 50, 1000])
def test_windows_do_not_depend_on_blocks(form, size, n_rows):
    X, y, weight = table(form), np.arange(N), np.linspace(0, 1, N)
    windows = list(recut(blocks_of(X, size, y, weight), n_rows))
    n = min(n_rows, N)
    assert [w.n_rows for w in windows] == [n] * (N // n) + [N % n] * (N % n > 0)
    for name, part in (("y", y), ("weight", weight)):
        parts = [getattr(window, name) for window in windows]
        np.testing.assert_array_equal(np.concatenate(parts), part)
    joined = np.concatenate([dense(window.X) for window in windows])
    assert joined.dtype == np.float32
    np.testing.assert_array_equal(joined, dense(X))


def test_there_may_be_neither_targets_nor_weights():
    [window] = recut(blocks_of(table("dense"), 7), N)
    assert window.y is None
    assert window.weight is None


def test_a_window_holds_the_numbers_of_all_types():
    """Also if the wider type comes last."""
    X = table("dense")
    blocks = [RowBlock(X[:5]), RowBlock(X[5:20].astype(float) + 1e-12)]
    [window] = recut(blocks, 30)
    assert window.X.dtype == np.float64
    np.testing.assert_array_equal(window.X, np.vstack([X[:5], blocks[1].X]))


def test_blocks_may_be_read_into_the_same_memory():
    """What was gathered of a block must not change with the next one."""
    X, y = table("dense"), np.arange(N)
    memory, labels = np.empty((5, 4), np.float32), np.empty(5, int)

    def read():
        for start in range(0, N, 5):
            memory[:], labels[:] = X[start : start + 5], y[start : start + 5]
            yield RowBlock(memory, labels)

    windows = [(w.X.copy(), w.y.copy()) for w in recut(read(), 12)]
    np.testing.assert_array_equal(np.vstack([X for X, _ in windows]), X)
    np.testing.assert_array_equal(np.concatenate([y for _, y in windows]), y)


@pytest.mark.parametrize("size", [300, 1000, 4000])
def test_a_window_and_a_block_are_in_memory(size):
    n_features, n_rows = 100, 2000
    row = 8 * n_features

    def read():
        for _ in range(0, 20_000, size):
            yield RowBlock(np.ones((size, n_features)))

    tracemalloc.start()
    total = 0
    for window in recut(read(), n_rows):
        total += window.n_rows
        del window
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == -(-20_000 // size) * size
    # A table that grows is copied once; a block that is made stands beside it.
    assert peak < (1.6 * n_rows + 2 * size) * row + 100_000


def test_a_huge_window_takes_no_more_than_its_rows():
    [window] = recut(blocks_of(table("dense"), 7), 10**15)
    assert window.n_rows == N


def test_samples_in_memory_are_one_window():
    samples = Samples(table("dense"))
    assert samples.at_hand is samples
    assert list(samples.windows(np.random.default_rng(0), 5)) == [samples]


def test_a_stream_has_the_shape_of_those_at_hand():
    at_hand = Samples(table("dense"), dtype=np.float64)
    stream = StreamedSamples(lambda rng, size: iter([at_hand]), 1000, at_hand)
    assert (stream.n_samples, stream.n_features) == (1000, 4)
    assert stream.dtype == np.float64
    assert list(stream.windows(None, 1)) == [at_hand]


def test_a_part_counts_in_the_unit_of_the_whole():
    X, weight = table("dense"), np.linspace(0.5, 4, N)
    whole = Samples(X, weight=weight, dtype=np.float64)
    mean = weight.mean()
    rows = np.arange(20).reshape(2, 10)
    part = Samples(X[10:30], dtype=np.float64).as_part(weight[10:30], mean)
    ours, counts = part.weights_of_steps(rows)
    wanted, n = whole.weights_of_steps(rows + 10)
    np.testing.assert_allclose(ours, wanted, rtol=1e-15)
    np.testing.assert_array_equal(counts, n)
