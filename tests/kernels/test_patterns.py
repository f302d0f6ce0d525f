import numpy as np
import pytest
import reference

from skset import kernels


def random_mask(shape, density, seed=0):
    return np.random.default_rng(seed).random(shape) < density


MASKS = [
    random_mask(shape, density)
    for shape in [(1, 1), (1, 9), (9, 1), (6, 7), (12, 5)]
    for density in (0, 0.1, 0.5, 0.9, 1)
]
masks = pytest.mark.parametrize(
    "mask", MASKS, ids=lambda m: f"{m.shape[0]}x{m.shape[1]}-{m.sum()}"
)


@masks
def test_counts_are_added(mask):
    _, indices = reference.by_input(mask)
    counts = np.ones(mask.shape[1], np.int64)
    kernels.add_counts(indices, counts)
    assert counts.tolist() == (1 + mask.sum(axis=0)).tolist()


@masks
@pytest.mark.parametrize("n_tiles", [1, 2, 3, 7, 20])
def test_tile_starts_count_the_connections_before(mask, n_tiles):
    n_in, n_out = mask.shape
    starts = np.empty(n_in * n_tiles + 1, np.int64)
    kernels.tile_starts(*reference.by_input(mask), n_out, n_tiles, starts)
    borders = [tile * n_out // n_tiles for tile in range(n_tiles)]
    before = [mask[:i].sum() + mask[i, :j].sum() for i in range(n_in) for j in borders]
    assert starts.tolist() == [*before, mask.sum()]


@masks
def test_flat_positions_number_the_places_row_by_row(mask):
    indptr, indices = reference.by_input(mask)
    positions = np.empty(indices.size, np.int64)
    kernels.flat_positions(indptr, indices, mask.shape[1], positions)
    assert np.array_equal(positions, np.flatnonzero(mask))


@masks
def test_free_positions_number_the_places_without_connection(mask):
    indptr, indices = reference.by_input(mask)
    free = np.flatnonzero(~mask)
    for ranks in (np.arange(free.size), np.arange(free.size)[::3]):
        positions = np.empty(ranks.size, np.int64)
        kernels.free_positions(indptr, indices, mask.shape[1], ranks, positions)
        assert np.array_equal(positions, free[ranks])


@masks
@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_subset_is_what_is_kept(mask, share):
    keep = np.random.default_rng(2).random(mask.sum()) < share
    old = reference.by_input(mask)
    indptr = np.zeros_like(old[0])
    indices, places = np.empty((2, keep.sum()), np.int32)
    kernels.subset(*old, keep, indptr, indices, places)
    expected = reference.by_input(reference.dense(mask, keep))
    for a, b in zip((indptr, indices), expected, strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(places, np.flatnonzero(keep))


def split(positions, shape):
    indptr = np.zeros(shape[0] + 1, np.int64)
    indices = np.empty(len(positions), np.int32)
    positions = np.array(positions, np.int64)
    return kernels.split(positions, shape[1], indptr, indices), indptr, indices


@masks
def test_split_is_the_pattern_of_the_positions(mask):
    valid, *pattern = split(np.flatnonzero(mask), mask.shape)
    assert valid
    for a, b in zip(pattern, reference.by_input(mask), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("positions", [[-1], [0, 0], [1, 0], [3, 2], [5, 6], [6]])
def test_split_tells_wrong_positions(positions):
    assert not split(positions, (2, 3))[0]


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_carry_moves_what_has_an_old_place(dtype):
    source = np.array([2, -1, 0, -1], dtype)
    values, carried = np.array([1.0, 2, 3]), np.empty(4)
    kernels.carry(values, source, np.array([9.0]), carried)
    assert carried.tolist() == [3, 9, 1, 9]
    kernels.carry(values, source, np.array([5.0, 6, 7, 8]), carried)
    assert carried.tolist() == [3, 6, 1, 8]


@pytest.mark.parametrize("fills", [[7.0], [7.0, 7.0]])
def test_carry_fills_what_was_empty(fills):
    carried = np.empty(2)
    kernels.carry(np.empty(0), np.array([-1, -1]), np.array(fills), carried)
    assert carried.tolist() == [7, 7]


@pytest.mark.parametrize(
    "numbers", [[], [4], [4, 4], [0, 1, 2], [0, 0, 1, 1, 1, 7], [-3, -3, 2**40]]
)
def test_squeeze_leaves_each_number_once(numbers):
    squeezed = np.array(numbers, np.int64)
    n = kernels.squeeze(squeezed)
    assert squeezed[:n].tolist() == sorted(set(numbers))


@pytest.mark.parametrize("others", [[], [0], [3], [9], [0, 2, 3, 8, 9], [4, 5, 6]])
@pytest.mark.parametrize("numbers", [[], [3], [1, 3, 8], [0, 1, 2, 3]])
def test_unite_has_each_number_once(numbers, others):
    union = np.empty(len(numbers) + len(others), np.int64)
    n = kernels.unite(np.array(numbers, int), np.array(others, int), union)
    assert union[:n].tolist() == sorted({*numbers, *others})


@pytest.mark.parametrize("n", [0, 1, 2, 1000])
@pytest.mark.parametrize("end", [1, 2, 2047, 2048, 2049, 1 << 22, (1 << 22) + 1])
@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_numbers_are_sorted(n, end, dtype):
    numbers = np.random.default_rng(0).integers(end, size=n).astype(dtype)
    numbers[:1] = end - 1
    numbers[1:2] = 0
    expected, room = np.sort(numbers), np.full(n, -1, dtype)
    result = kernels.sort_numbers(numbers, room, end)
    assert np.array_equal(result, expected)
    assert result.dtype == dtype


@pytest.mark.parametrize("end", [1 << 31, 1 << 44, (1 << 63) - 1])
def test_numbers_that_pass_32_bits_are_sorted(end):
    numbers = np.random.default_rng(0).integers(end, size=500)
    numbers[[7, 300]] = end - 1, 0
    expected = np.sort(numbers)
    result = kernels.sort_numbers(numbers, np.empty_like(numbers), end)
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("end", [100, 5000])
def test_what_is_sorted_lies_in_one_of_the_two_arrays(end):
    numbers, room = np.array([17, 3, 99, 3]), np.full(4, -1)
    result = kernels.sort_numbers(numbers, room, end)
    assert result.tolist() == [3, 3, 17, 99]
    assert np.shares_memory(result, numbers if end == 5000 else room)


@masks
def test_mark_taken_tells_which_positions_have_a_connection(mask):
    pattern, n_out = reference.by_input(mask), mask.shape[1]
    for positions in (
        np.arange(mask.size),
        np.arange(mask.size)[1::3],
        np.flatnonzero(mask),
        np.flatnonzero(~mask),
        np.empty(0, np.int64),
    ):
        for before in (False, True):  # what was there is written over
            taken = np.full(positions.size, before)
            kernels.mark_taken(*pattern, n_out, positions, taken)
            assert np.array_equal(taken, mask.flat[positions])


def test_mark_taken_takes_a_position_more_than_once():
    pattern = reference.by_input(np.array([[False, True], [True, False]]))
    taken = np.zeros(6, bool)
    kernels.mark_taken(*pattern, 2, np.array([0, 1, 1, 2, 2, 3]), taken)
    assert taken.tolist() == [False, True, True, True, True, False]


@masks
@pytest.mark.parametrize("share", [0, 0.4, 1])
def test_mark_reached_follows_every_connection_of_a_marked_input(mask, share):
    rng = np.random.default_rng(4)
    reached, before = (rng.random(n) < share for n in mask.shape)
    onward = before.copy()
    kernels.mark_reached(*reference.by_input(mask), reached, onward, mask.size + 1)
    assert np.array_equal(onward, before | (mask & reached[:, None]).any(axis=0))


def test_mark_reached_stops_when_enough_are_marked():
    pattern = reference.by_input(np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]]))
    expected = {0: [], 1: [0, 1], 2: [0, 1], 3: [0, 1, 2], 4: [0, 1, 2, 3]}
    for enough, marked in expected.items():
        onward = np.zeros(4, bool)
        kernels.mark_reached(*pattern, np.ones(3, bool), onward, enough)
        assert np.flatnonzero(onward).tolist() == marked


@pytest.mark.parametrize(
    ("values", "factor", "most", "expected"),
    [
        ([], 1.0, 5, []),
        ([0.0, 0.4, 0.5, 0.9], 2.0, 5, [0, 1]),
        ([0.5, 1.5, 7.5, 8.5], 1.0, 5, [0, 1, 5]),
        ([1.0], 2.0**40, 2**62, [2**40]),
    ],
)
def test_floors_are_the_different_whole_parts(values, factor, most, expected):
    numbers = np.empty(len(values), np.int64)
    n = kernels.floors(np.array(values), factor, most, numbers)
    assert numbers[:n].tolist() == expected


def test_positions_pass_32_bits():
    n_out = 60_000
    indptr = np.concatenate([np.zeros(n_out), [2]]).astype(np.int64)
    indices = np.array([3, n_out - 1], np.int32)
    positions = np.empty(2, np.int64)
    kernels.flat_positions(indptr, indices, n_out, positions)
    assert positions.tolist() == [n_out * (n_out - 1) + 3, n_out**2 - 1]
    ranks, free = np.array([n_out**2 - 3]), np.empty(1, np.int64)
    kernels.free_positions(indptr, indices, n_out, ranks, free)
    assert free.tolist() == [n_out**2 - 2]
    taken = np.empty(3, bool)
    looked_at = np.array([5, n_out * (n_out - 1) + 3, n_out**2 - 2])
    kernels.mark_taken(indptr, indices, n_out, looked_at, taken)
    assert taken.tolist() == [False, True, False]
