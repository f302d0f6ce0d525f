import numpy as np
import pytest
import reference

from skset import kernels
from skset.kernels import replacement

BLOCK = replacement.BLOCK
# Shape and density: rows without connections, one of each, full ones, several blocks.
PATTERNS = [
    *(((1, 1), d) for d in (0, 1)),
    *((s, d) for s in [(1, 9), (9, 1), (6, 7)] for d in (0, 0.1, 0.5, 0.9, 1)),
    *(((40, 90), d) for d in (0.02, 0.8, 1)),
    ((2, BLOCK + 5), 0.9),
    ((BLOCK + 5, 2), 0.6),
]
patterns = pytest.mark.parametrize(
    ("shape", "density"), PATTERNS, ids=lambda part: str(part).replace(" ", "")
)


def masks(shape, density, seed=0):
    """Return which connections there are, kept ones of them, and newborn ones."""
    rng = np.random.default_rng(seed)
    old = rng.random(shape) < density
    kept = old & (rng.random(shape) < 0.7)
    return old, kept, ~kept & (rng.random(shape) < 0.3)


def replaced(old, kept, born, *, by_rank, dtype=np.int32):
    """Return what the kernel writes, given masks of connections, and positions."""
    pattern, keep = reference.by_input(old), kept[old]
    nnz = keep.sum() + len(born)
    new = np.zeros(len(old) + 1, np.int64), np.empty(nnz, np.int32)
    source = np.empty(nnz, dtype)
    born = np.array(born, np.int64)
    valid = kernels.replace(*pattern, keep, born, old.shape[1], by_rank, *new, source)
    return valid, *new, source


def check(result, old, kept, born):
    """Hold the result against dense masks."""
    valid, indptr, indices, source = result
    assert valid
    expected = reference.by_input(kept | born)
    assert np.array_equal(indptr, expected[0])
    assert np.array_equal(indices, expected[1])
    places = np.full(old.shape, -1)
    places[old] = np.arange(old.sum())
    places[~kept] = -1
    assert np.array_equal(source, places[kept | born])


@patterns
@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_newborn_connections_join_the_kept_ones(shape, density, dtype):
    old, kept, born = masks(shape, density)
    ranks = np.flatnonzero(born.ravel()[~kept.ravel()])
    by_rank = replaced(old, kept, ranks, by_rank=1, dtype=dtype)
    by_position = replaced(old, kept, np.flatnonzero(born), by_rank=0, dtype=dtype)
    check(by_rank, old, kept, born)
    check(by_position, old, kept, born)


@patterns
def test_all_free_places_or_none_can_be_taken(shape, density):
    old, kept, _ = masks(shape, density, 1)
    for born in (~kept, np.zeros(shape, bool)):
        ranks = np.arange(born.sum())
        check(replaced(old, kept, ranks, by_rank=1), old, kept, born)
        positions = np.flatnonzero(born)
        check(replaced(old, kept, positions, by_rank=0), old, kept, born)


@pytest.mark.parametrize("born", [[1, 1], [0, 3], [3, 4], [5, 2], [-1, 4], [5, 6]])
def test_taken_repeated_and_unsorted_positions_are_told(born):
    old = np.array([[False, False, True], [True, False, False]])
    kept = np.array([[False, False, False], [True, False, False]])
    assert not replaced(old, kept, born, by_rank=0)[0]
    assert replaced(old, kept, [2], by_rank=0)[0]  # what is dropped is free


@pytest.mark.parametrize("ranks", [[1, 1], [4, 2], [-1, 4], [4, 5], [0, 2**40]])
def test_wrong_ranks_are_told(ranks):
    old = np.array([[False, False, True], [True, False, False]])
    kept = np.array([[False, False, False], [True, False, False]])
    assert not replaced(old, kept, ranks, by_rank=1)[0]
    assert replaced(old, kept, [0, 4], by_rank=1)[0]


def test_wrong_positions_are_told_wherever_they_are():
    rng = np.random.default_rng(0)
    old, kept, born = masks((40, 90), 0.8)
    positions = np.flatnonzero(born)
    for _ in range(30):
        wrong = positions.copy()
        place = rng.integers(1, wrong.size)
        wrong[place] = rng.choice([wrong[place - 1], rng.choice(np.flatnonzero(kept))])
        assert not replaced(old, kept, wrong, by_rank=0)[0]


def test_positions_pass_32_bits():
    n_in, n_out = 70_000, (1 << 31) - 1
    indptr = np.zeros(n_in + 1, np.int64)
    indptr[1:] = 1
    indptr[-1] = 2
    indices = np.array([3, n_out - 2], np.int32)
    for array in (indptr, indices):
        array.flags.writeable = False
    last = n_in * n_out - 1
    new = np.zeros(n_in + 1, np.int64), np.empty(4, np.int32)
    for born, by_rank in (([4, last], 0), ([3, last - 2], 1)):
        source = np.empty(4, np.int32)
        born, keep = np.array(born), np.ones(2, bool)
        given = indptr, indices, keep, born, n_out, by_rank
        assert kernels.replace(*given, *new, source)
        assert new[0][[0, 1, -2, -1]].tolist() == [0, 2, 2, 4]
        assert new[1].tolist() == [3, 4, n_out - 2, n_out - 1]
        assert source.tolist() == [0, -1, 1, -1]
