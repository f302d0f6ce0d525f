from itertools import pairwise

import numpy as np
import pytest
from reference import assert_canonical, mask_of
from scipy import stats

from skset.topology import Topology, are_joined, joined_anew, random_topology


def stack(*layers):
    """Return topologies, given (shape, positions) of each."""
    return [
        Topology.from_positions(shape, np.array(positions, np.int64))
        for shape, positions in layers
    ]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([((2, 3), [4])], True),
        ([((2, 3), [])], False),
        # From input 1 to unit 0, from there to output 1.
        ([((2, 2), [2]), ((2, 2), [1])], True),
        # Unit 0 is reached, but only unit 1 leads on.
        ([((2, 2), [0, 2]), ((2, 2), [2, 3])], False),
        ([((2, 2), []), ((2, 2), [0, 1, 2, 3])], False),
        ([((2, 2), [0, 1, 2, 3]), ((2, 2), [])], False),
        # One way round: 1 - 2 - 0 - 1.
        ([((2, 3), [5]), ((3, 2), [4]), ((2, 2), [1])], True),
        ([((2, 3), [5]), ((3, 2), [4]), ((2, 2), [2])], False),
    ],
)
def test_layers_are_joined_by_a_path(layers, expected):
    joined = are_joined(stack(*layers))
    assert joined is expected


@pytest.mark.parametrize("seed", range(30))
def test_layers_are_joined_where_the_product_of_the_masks_is_not_0(seed):
    rng = np.random.default_rng(seed)
    units = rng.integers(1, 6, 4)
    topologies = [
        random_topology((a, b), min(a * b, int(rng.integers(3))), rng)
        for a, b in pairwise(units)
    ]
    paths = np.linalg.multi_dot([mask_of(t).astype(int) for t in topologies])
    assert are_joined(topologies) == paths.any()


@pytest.mark.parametrize("nnz", [(1, 1, 1), (5, 1, 2), (12, 20, 10), (11, 19, 1)])
def test_joined_anew_is_joined_and_as_large(nnz):
    rng = np.random.default_rng(0)
    shapes = (3, 4), (4, 5), (5, 2)
    for _ in range(20):
        before = [
            random_topology(shape, n, rng) for shape, n in zip(shapes, nnz, strict=True)
        ]
        anew = joined_anew(before, rng)
        assert are_joined(anew)
        for one, other in zip(anew, before, strict=True):
            assert_canonical(one)
            assert one.shape == other.shape
            assert one.nnz == other.nnz


def test_every_path_is_equally_likely():
    rng, before = np.random.default_rng(0), stack(((2, 3), [0]), ((3, 2), [5]))
    counts = np.zeros((2, 3, 2), int)
    for _ in range(1200):
        first, last = (t.positions()[0] for t in joined_anew(before, rng))
        assert first % 3 == last // 2
        counts[first // 3, first % 3, last % 2] += 1
    assert stats.chisquare(counts.ravel()).pvalue > 0.001
