"""`KeptRows`: a uniform sample of the rows of a stream."""

import numpy as np
import pytest

from skset.estimators._kept_rows import KeptRows
from skset.model import RowBlock


def kept_of(n_rows, n_most, size, weight=None, seed=0):
    kept = KeptRows(n_most, np.random.default_rng(seed))
    for start in range(0, n_rows, size):
        numbers = np.arange(start, min(start + size, n_rows))
        some = None if weight is None else weight[numbers]
        kept.add(RowBlock(numbers[:, None].astype(float), numbers, some))
    return kept


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_the_sample_does_not_depend_on_windows(size):
    rows = kept_of(1000, 100, size).rows()
    assert rows.n_rows == 100
    np.testing.assert_array_equal(rows.X[:, 0], rows.y)
    assert (np.diff(rows.y) > 0).all()  # in the order in which they came
    np.testing.assert_array_equal(rows.y, kept_of(1000, 100, 333).rows().y)


def test_each_row_is_kept_as_often():
    counts = np.zeros(60)
    for seed in range(600):
        counts[kept_of(60, 20, 11, seed=seed).rows().y] += 1
    # 600 / 3, with a standard error of 11.5.
    assert abs(counts - 200).max() < 5 * 11.5


def test_few_rows_are_all_kept():
    rows = kept_of(30, 100, 7, weight=np.zeros(30)).rows()
    np.testing.assert_array_equal(rows.y, range(30))


def test_rows_without_weight_make_room():
    weight = np.tile([0.0, 0, 0, 1], 50)
    rows = kept_of(200, 40, 9, weight).rows()
    assert (rows.weight == 1).all()


def test_kept_rows_are_their_own():
    kept, memory = KeptRows(10, np.random.default_rng(0)), np.ones((5, 2))
    kept.add(RowBlock(memory))
    memory[:] = 7
    assert (kept.rows().X == 1).all()
