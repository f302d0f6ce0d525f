"""Sums over lanes compiled are those interpreted, and those of numpy."""

import functools

import numpy as np
import pytest

from skset.kernels import lane_sums
from skset.kernels.lane_sums import (
    TURNED,
    folded,
    gathered,
    group_totals,
    products,
    repeated,
    tile_total,
    tiled,
    total,
    totals,
)
from skset.kernels.lanes import at, bare, eight, full, put
from skset.runtime.jit import kernel

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def interpreted(function):
    return getattr(function, "py_func", function)


def integers(n, dtype, seed=0):
    """Return small integers, of which every sum is exact."""
    return np.random.default_rng(seed).integers(-50, 50, n).astype(dtype)


@functools.cache
def wide(n):
    @kernel
    def calculate(a, b, out):
        """Write products of a and b, both folded, and the total of a."""
        one, other, line = bare(a), bare(b), bare(out)
        x, y = at(one, 0, full(n, a[0])), at(other, 0, full(n, a[0]))
        put(line, 0, products(x, y))
        put(line, 8, folded(x, y))
        out[8 + n] = total(x)

    return calculate


@kernel
def four(p, out):
    """Write the totals of four times eight numbers."""
    given, line, like = bare(p), bare(out), full(8, p[0])
    parts = at(given, 0, like), at(given, 8, like), at(given, 16, like)
    put(line, 0, totals(parts[0], parts[1], parts[2], at(given, 24, like)))


@functools.cache
def narrow(n):
    @kernel
    def calculate(rows, places, values, out):
        """Write what is done with eight rows side by side."""
        table, line, like = bare(rows), bare(out), full(n, rows[0, 0])
        beside = gathered(table, eight(bare(places), 1), 2, like)
        put(line, 0, beside)
        put(line, 32, repeated(eight(bare(values), 0), like))
        put(line, 64, group_totals(beside))
        put(line, 72, tile_total(beside, like))
        put(line, 80, tiled(tile_total(beside, like)))

    return calculate


def test_all_operations_are_tried_here():
    assert len(lane_sums.__all__) == 9
    assert set(lane_sums.__all__) <= set(globals())


@dtypes
@pytest.mark.parametrize("n", [1, 2, 4, 8, 16, 32])
def test_products_folds_and_totals(n, dtype):
    a, b = integers(n, dtype), integers(n, dtype, seed=1)
    expected = np.full(48, 77, dtype)
    size, half = min(n, 8), n // 2
    expected[:size] = [(a * b)[lane::8].sum() for lane in range(size)]
    parts = [v[:half] + v[half:] for v in (a, b)] if n > 1 else [a, b]
    expected[8 : 8 + n] = np.concatenate(parts)[:n] if n > 1 else a
    expected[8 + n] = a.sum()
    if n == 1:
        return check_one_lane(a, b, dtype)
    for run in (wide(n), interpreted(wide(n))):
        out = np.full(48, 77, dtype)
        run(a, b, out)
        assert out.tolist() == expected.tolist()
    return None


def check_one_lane(a, b, dtype):
    """Hold that a vector of one number is multiplied and added up too."""

    @kernel
    def calculate(a, b, out):
        x, y = at(bare(a), 0, full(1, a[0])), at(bare(b), 0, full(1, a[0]))
        put(bare(out), 0, products(x, y))
        out[1] = total(x)

    for run in (calculate, interpreted(calculate)):
        out = np.zeros(2, dtype)
        run(a, b, out)
        assert out.tolist() == [a[0] * b[0], a[0]]


@dtypes
def test_totals_of_halves(dtype):
    p = integers(32, dtype)
    halves = p.reshape(4, 2, 4).sum(axis=2)
    for run in (four, interpreted(four)):
        out = np.empty(8, dtype)
        run(p, out)
        assert out.tolist() == [*halves[:, 0], *halves[:, 1]]


@dtypes
@pytest.mark.parametrize("n", [1, 2, 4])
def test_eight_narrow_rows_side_by_side(n, dtype):
    rows = integers((20, 7), dtype)
    places = np.array([0, 3, 19, 3, 0, 7, 8, 1, 12], np.int32)
    values = integers(8, dtype, seed=1)
    pieces = rows[places[1:], 2 : 2 + n]
    expected = np.full(112, 77, dtype)
    expected[: 8 * n] = pieces[list(TURNED)].ravel()
    expected[32 : 32 + 8 * n] = np.repeat(values[list(TURNED)], n)
    expected[64:72] = pieces.sum(axis=1)
    expected[72 : 72 + n] = pieces.sum(axis=0)
    expected[80 : 80 + 8 * n] = np.tile(pieces.sum(axis=0), 8)
    for run in (narrow(n), interpreted(narrow(n))):
        out = np.full(112, 77, dtype)
        run(rows, places, values, out)
        assert out.tolist() == expected.tolist()


@dtypes
@pytest.mark.parametrize("place", [1, 4, 8])
def test_a_number_that_is_not_finite_stays_in_its_sum(place, dtype):
    """Its neighbours' sums are those without it."""
    rows = integers((20, 7), dtype)
    places = np.arange(9, dtype=np.int32)
    rows[places[place], 3] = np.nan
    for run in (narrow(4), interpreted(narrow(4))):
        out = np.full(112, 77, dtype)
        run(rows, places, integers(8, dtype), out)
        assert np.flatnonzero(np.isnan(out[64:72])).tolist() == [place - 1]
