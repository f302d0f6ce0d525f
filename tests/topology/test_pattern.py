import dataclasses
import pickle
import tracemalloc

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
def test_merged_is_the_union(mask, share):
    topology = topology_of(mask)
    free = np.flatnonzero(~mask)
    born = np.sort(np.random.default_rng(3).permutation(free)[: int(share * free.size)])
    numbers = 2 * np.arange(topology.nnz)
    union, source = topology.merged(numbers, born)
    assert_canonical(union)
    positions, expected = merge(topology.positions(), numbers, born)
    assert union.positions().tolist() == positions
    assert source.tolist() == expected
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
    kept, source = topology.kept(np.array([1, 0, 1, 1], bool))
    union, source = kept.merged(source, np.array([1, 10]))
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
        topology.merged(np.arange(1), np.sort(born))
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
    grown, source = topology.merged(np.arange(nnz), last)
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
