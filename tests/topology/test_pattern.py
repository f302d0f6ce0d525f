import copy
import dataclasses
import pickle
import tracemalloc

import joblib
import numpy as np
import pytest
from reference import assert_canonical, dense, mask_of, merge

from skset.topology import Topology, pattern, random_topology

SHAPES = [(1, 1), (1, 6), (6, 1), (5, 7), (13, 4)]
MASKS = [
    np.random.default_rng(0).random(shape) < density
    for shape in SHAPES
    for density in (0, 0.2, 0.7, 1)
]
masks = pytest.mark.parametrize(
    "mask", MASKS, ids=lambda m: f"{m.shape[0]}x{m.shape[1]}-{m.sum()}"
)


def topology_of(mask):
    positions = np.random.default_rng(1).permutation(np.flatnonzero(mask))
    return Topology.from_positions(mask.shape, positions)


@masks
def test_from_positions_holds_exactly_these_in_canonical_form(mask):
    topology = topology_of(mask)
    assert_canonical(topology)
    assert topology.shape == mask.shape
    assert np.array_equal(mask_of(topology), mask)
    assert np.array_equal(topology.positions(), np.flatnonzero(mask))


@masks
def test_numbers_of_connections(mask):
    topology = topology_of(mask)
    assert topology.nnz == mask.sum()
    assert topology.n_free == (~mask).sum()
    assert topology.density == mask.mean()
    assert topology.fan_in.tolist() == mask.sum(axis=0).tolist()
    assert topology.fan_out.tolist() == mask.sum(axis=1).tolist()
    assert topology.in_units.tolist() == np.nonzero(mask)[0].tolist()
    assert topology.in_units.dtype == np.int32


@masks
def test_free_positions_by_rank(mask):
    free = np.flatnonzero(~mask)
    topology = topology_of(mask)
    assert np.array_equal(topology.free_positions(np.arange(free.size)), free)
    assert np.array_equal(
        topology.free_positions(np.arange(free.size)[1::2]), free[1::2]
    )


@masks
def test_subset_keeps_what_is_marked(mask):
    topology = topology_of(mask)
    for share in (0, 0.5, 1):
        keep = np.random.default_rng(2).random(topology.nnz) < share
        subset, source = topology.kept(keep)
        assert np.array_equal(source, np.flatnonzero(keep))
        assert source.dtype == np.int32
        assert_canonical(subset)
        assert np.array_equal(mask_of(subset), dense(mask, keep))


@masks
@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_replaced_is_the_union_of_the_kept_and_the_newborn(mask, share):
    topology, rng = topology_of(mask), np.random.default_rng(3)
    keep = rng.random(topology.nnz) < 0.6
    kept, places = topology.kept(keep)
    ranks = np.sort(rng.permutation(kept.n_free)[: int(share * kept.n_free)])
    born = np.flatnonzero(~mask_of(kept))[ranks]
    positions, expected = merge(kept.positions(), places, born)
    for given in ((born,), (ranks, True)):
        union, source = topology.replaced(keep, *given)
        assert_canonical(union)
        assert union.positions().tolist() == positions
        assert source.tolist() == expected
        assert source.dtype == topology.place_dtype
    assert np.array_equal(mask_of(topology), mask)


@masks
def test_has_tells_connections_from_free_places(mask):
    topology = topology_of(mask)
    assert topology.has(np.arange(mask.size)).tolist() == mask.ravel().tolist()
    some = np.arange(mask.size)[::2]
    assert topology.has(some).tolist() == mask.flat[some].tolist()
    assert topology.has(np.empty(0, np.int64)).shape == (0,)


@masks
@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_with_positions_has_old_and_new(mask, share):
    topology, rng = topology_of(mask), np.random.default_rng(3)
    positions = np.flatnonzero(rng.random(mask.size) < share)
    union, expected = topology.with_positions(positions), mask.copy()
    expected.flat[positions] = True
    assert_canonical(union)
    assert np.array_equal(mask_of(union), expected)
    assert np.array_equal(mask_of(topology), mask)
    assert topology.with_positions(topology.positions()) is topology


@masks
@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_restricted_is_what_joins_the_units_that_stay(mask, share):
    topology, rng = topology_of(mask), np.random.default_rng(4)
    for _ in range(5):
        inputs, outputs = (rng.random(n) < share for n in mask.shape)
        part, source = topology.restricted(inputs, outputs)
        assert_canonical(part)
        assert part.shape == (inputs.sum(), outputs.sum())
        assert all(type(n) is int for n in part.shape)
        assert np.array_equal(mask_of(part), mask[np.ix_(inputs, outputs)])
        numbers = dense(mask, np.arange(1, topology.nnz + 1))[np.ix_(inputs, outputs)]
        assert (source + 1).tolist() == numbers[numbers > 0].tolist()
        assert source.dtype == topology.place_dtype


def test_restricted_by_hand():
    # 0 1 .     Without input 1 and output 1:  0 .
    # 2 . 3                                    . 5
    # . 4 5
    topology = Topology.from_positions((3, 3), np.array([0, 1, 3, 5, 7, 8]))
    stay = np.array([True, False, True])
    part, source = topology.restricted(stay, stay)
    assert part.positions().tolist() == [0, 3]
    assert source.tolist() == [0, 5]


def test_places_beyond_32_bits_are_numbered_in_64(monkeypatch):
    monkeypatch.setattr(pattern, "_INT32_MAX", 3)
    topology = Topology.from_positions((3, 4), np.array([0, 5, 6, 11]))
    keep = np.array([1, 0, 1, 1], bool)
    assert topology.kept(keep)[1].dtype == np.int64
    union, source = topology.replaced(keep, np.array([1, 10]))
    assert source.dtype == np.int64
    assert source.tolist() == [0, -1, 2, -1, 3]
    assert union.positions().tolist() == [0, 1, 6, 10, 11]
    matrix = union.to_csr(np.arange(1.0, 6))
    assert (matrix.indices.dtype, matrix.indptr.dtype) == (np.int64, np.int64)
    assert matrix.toarray().tolist() == [[1, 2, 0, 0], [0, 0, 3, 0], [0, 0, 4, 5]]


@pytest.mark.parametrize(
    "born",
    [[4], [0, 0], [-1], [6], [2**33], [0, 4, 5]],
    ids=[
        "taken",
        "repeated",
        "negative",
        "outside",
        "far outside",
        "one of them taken",
    ],
)
def test_wrong_positions_are_refused(born):
    topology = Topology.from_positions((2, 3), np.array([4]))
    with pytest.raises(ValueError, match="free, different and within a layer of 2 x 3"):
        topology.replaced(np.array([True]), np.sort(born))
    with pytest.raises(ValueError, match="free, different and within a layer of 2 x 3"):
        topology.replaced(np.array([True]), np.sort([*born, 2**40]), by_rank=True)
    with pytest.raises(ValueError, match="2 x 3"):
        Topology.from_positions((2, 3), np.array([4, *born]))


def test_it_is_immutable():
    topology = Topology.empty((2, 3))
    for field in dataclasses.fields(topology):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(topology, field.name, None)


@masks
def test_pickling_keeps_the_pattern(mask):
    topology = topology_of(mask)
    same = pickle.loads(pickle.dumps(topology))
    assert_canonical(same)
    assert np.array_equal(mask_of(same), mask)


# Row 66: whoever could write into the arrays could make compiled code crash.


def through_buffers(topology, path):
    buffers = []
    dump = pickle.dumps(topology, protocol=5, buffer_callback=buffers.append)
    return pickle.loads(dump, buffers=[bytearray(buffer) for buffer in buffers])


def mapped(mode):
    def made(topology, path):
        joblib.dump(topology, path / "topology")
        return joblib.load(path / "topology", mmap_mode=mode)

    return made


WAYS = {
    "constructor": lambda t, path: Topology(t.shape, t.indptr.copy(), t.indices.copy()),
    "lists": lambda t, path: Topology(t.shape, list(t.indptr), list(t.indices)),
    "from_positions": lambda t, path: Topology.from_positions(t.shape, t.positions()),
    "empty": lambda t, path: Topology.empty(t.shape),
    "kept": lambda t, path: t.kept(np.ones(t.nnz, bool))[0],
    "replaced": lambda t, path: t.replaced(np.ones(t.nnz, bool), np.empty(0, int))[0],
    "with_positions": lambda t, path: t.with_positions(np.arange(6)),
    "restricted": lambda t, path: t.restricted(*(np.ones(n, bool) for n in t.shape))[0],
    "replace": lambda t, path: dataclasses.replace(t),
    "copy": lambda t, path: copy.copy(t),
    "deepcopy": lambda t, path: copy.deepcopy(t),
    "pickle": lambda t, path: pickle.loads(pickle.dumps(t)),
    "old pickle": lambda t, path: pickle.loads(pickle.dumps(t, protocol=2)),
    "buffers": through_buffers,
    "mapped": mapped("r"),
    "mapped, copy on write": mapped("c"),
    "mapped, writable": mapped("r+"),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_arrays_are_read_only_however_a_topology_is_made(way, tmp_path):
    topology = way(topology_of(MASKS[-2]), tmp_path)
    assert_canonical(topology)
    for array in (topology.indptr, topology.indices, topology.starts(3)):
        assert type(array) is np.ndarray
        assert array.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 10**6
        with pytest.raises(ValueError, match="read-only"):
            array.sort()


def test_nobody_makes_them_writable_by_accident():
    topology = topology_of(MASKS[-2])
    for array in (topology.indptr, topology.indices):
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.setflags(write=True)


def test_the_constructor_copies_what_others_can_write_into():
    indptr, indices = np.array([0, 1, 3]), np.array([2, 0, 1], np.int32)
    topology = Topology((2, 3), indptr, indices)
    assert indptr.flags.writeable
    assert indices.flags.writeable
    indptr[:], indices[:] = 10**6, 10**6
    assert_canonical(topology)
    assert topology.positions().tolist() == [2, 3, 4]


def test_a_mapped_topology_stays_in_its_file(tmp_path):
    topology = mapped("r")(topology_of(MASKS[-2]), tmp_path)
    owner = topology.indices
    while owner.base is not None and not isinstance(owner, np.memmap):
        owner = owner.base
    assert isinstance(owner, np.memmap)


@pytest.mark.parametrize("dtype", ["i1", "u2", "i8", "u8", ">i4", ">i8"])
def test_the_constructor_takes_any_integers(dtype):
    indptr, indices = np.array([0, 1, 3], dtype), np.array([2, 0, 1], dtype)
    shape = np.array([2, 3])
    topology = Topology(shape, np.repeat(indptr, 2)[::2], np.flip(np.flip(indices)))
    assert_canonical(topology)
    assert topology.shape == (2, 3)
    assert all(type(n) is int for n in topology.shape)
    assert topology.positions().tolist() == [2, 3, 4]


@pytest.mark.parametrize(
    ("shape", "indptr", "indices", "message"),
    [
        ((2, 3), [0, 1, 3], [2, 0, 3], r"indices of a Topology must be in \[0, 3\)"),
        ((2, 3), [0, 1, 3], [2, -1, 1], r"indices of a Topology must be in"),
        ((2, 3), [0, 1, 3], [2, 0, 2**32], r"indices of a Topology must be in"),
        ((2, 3), [0, 1, 3], [2, 1, 0], "sorted and different"),
        ((2, 3), [0, 1, 3], [2, 1, 1], "sorted and different"),
        ((3, 3), [0, 2, 2, 2], [1, 1], "sorted and different"),
        ((2, 3), [0, 4, 3], [2, 0, 1], "indptr of a Topology must have 3 entries"),
        ((2, 3), [0, -1, 3], [2, 0, 1], "indptr of a Topology must have 3 entries"),
        ((2, 3), [1, 2, 3], [2, 0, 1], "from 0 to 3"),
        ((2, 3), [0, 1, 2], [2, 0, 1], "from 0 to 3"),
        ((2, 3), [0, 1, 9], [2, 0, 1], "from 0 to 3"),
        ((2, 3), [0, 3], [0, 1, 2], "must have 3 entries"),
        ((2, 3), [], [], "must have 3 entries"),
        ((2, 3), [0.0, 1.0, 3.0], [2, 0, 1], "indptr must be a 1-D array of int"),
        ((2, 3), [0, 1, 3], [2.0, 0.0, 1.0], "indices must be a 1-D array of int"),
        ((2, 3), [0, 1, 3], [True, False, True], "indices must be a 1-D array"),
        ((2, 3), [0, 1, 3], [2, None, 1], "indices must be a 1-D array"),
        ((2, 3), [0, 1, 3], [[2, 0, 1]], "indices must be a 1-D array"),
        ((2, 3), None, None, "indptr must be a 1-D array"),
        ((2,), [0, 1, 3], [2, 0, 1], "shape of a Topology must be two numbers"),
        ((2.0, 3.0), [0, 1, 3], [2, 0, 1], "shape of a Topology"),
        ((2, -3), [0, 1, 3], [2, 0, 1], "shape of a Topology"),
        ((2, 2**31), [0, 1, 3], [2, 0, 1], "shape of a Topology"),
        (None, [0, 1, 3], [2, 0, 1], "shape of a Topology"),
    ],
)
def test_what_is_no_pattern_is_refused(shape, indptr, indices, message):
    with pytest.raises(ValueError, match=message):
        Topology(shape, indptr, indices)


def test_a_damaged_pickle_is_refused():
    topology = topology_of(MASKS[-2])
    state = topology.__getstate__() | {"indices": topology.indices + 10**6}
    with pytest.raises(ValueError, match="indices of a Topology must be in"):
        Topology.empty((1, 1)).__setstate__(state)


@pytest.mark.parametrize("positions", [[1.5], [np.nan], [None], ["x"], [[1]], 1])
def test_positions_are_whole_numbers(positions):
    for grown in (
        lambda: Topology.from_positions((2, 3), positions),
        lambda: Topology.empty((2, 3)).replaced(np.empty(0, bool), positions),
    ):
        with pytest.raises(ValueError, match="must be a 1-D array of integers"):
            grown()


def test_arrays_that_are_aligned_have_a_number_for_each_connection():
    """Compiled code would read outside of shorter ones."""
    topology = topology_of(MASKS[-2])
    for keep in (np.ones(1, bool), np.ones(topology.nnz), np.ones((topology.nnz, 1))):
        with pytest.raises(ValueError, match=f"keep must be {topology.nnz} booleans"):
            topology.kept(keep)
        with pytest.raises(ValueError, match=f"keep must be {topology.nnz} booleans"):
            topology.replaced(keep, np.empty(0, int))
    with pytest.raises(ValueError, match="same size"):
        topology.to_csr(np.ones(1))


def test_scipy_changes_a_csr_array_in_place_and_not_the_topology():
    topology = topology_of(MASKS[-2])
    matrix = topology.to_csr(np.ones(topology.nnz))
    matrix.indices[:] = matrix.indices[::-1].copy()
    matrix.has_sorted_indices = matrix.has_canonical_format = False
    matrix.sort_indices()
    matrix.sum_duplicates()
    assert_canonical(topology)
    assert np.array_equal(mask_of(topology), MASKS[-2])


@masks
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_to_csr_is_the_matrix_and_shares_the_values(mask, dtype):
    topology = topology_of(mask)
    values = np.arange(1, topology.nnz + 1).astype(dtype)
    matrix = topology.to_csr(values)
    assert matrix.shape == mask.shape
    assert matrix.dtype == dtype
    assert matrix.has_canonical_format
    matrix.check_format(full_check=True)
    assert np.array_equal(matrix.toarray(), dense(mask, values))
    if mask.any():
        assert np.shares_memory(matrix.data, values)
    for own in (topology.indptr, topology.indices):
        assert not np.shares_memory(matrix.indptr, own)
        assert not np.shares_memory(matrix.indices, own)


def test_more_places_than_32_bits_count():
    shape, nnz = (60_000, 60_000), 120_000
    assert_canonical(random_topology((2, 2), 2, np.random.default_rng(0)))  # compiles
    tracemalloc.start()
    topology = random_topology(shape, nnz, np.random.default_rng(0))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60 * nnz + 40 * sum(shape)
    assert_canonical(topology)
    assert topology.nnz == nnz
    assert topology.n_free == 60_000**2 - 120_000
    positions = topology.positions()
    assert positions[-1] > 2**31
    assert np.array_equal(
        Topology.from_positions(shape, positions).indices, topology.indices
    )
    last = topology.free_positions(np.array([0, topology.n_free - 1]))
    grown, source = topology.replaced(np.ones(nnz, bool), last)
    assert_canonical(grown)
    assert (source < 0).sum() == 2
    assert np.isin(last, grown.positions()).all()
    assert last[1] > 60_000**2 - 3


@masks
@pytest.mark.parametrize("n_tiles", [1, 2, 5])
def test_starts_of_tiles_are_kept(mask, n_tiles):
    topology = topology_of(mask)
    starts = topology.starts(n_tiles)
    assert starts.shape == (mask.shape[0] * n_tiles + 1,)
    assert np.array_equal(starts[::n_tiles], topology.indptr)
    assert topology.starts(n_tiles) is starts


def test_starts_of_tiles_are_not_pickled():
    topology = random_topology((30, 20), 100, np.random.default_rng(0))
    lean = pickle.dumps(topology)
    topology.starts(4)
    assert pickle.dumps(topology) == lean
