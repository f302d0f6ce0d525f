"""Halves are float32 numbers with 8 bits of precision, in arrays of uint16."""

import functools

import numba
import numpy as np
import pytest
import reference

from skset import kernels
from skset.kernels import steps
from skset.kernels.halves import HALF, halved, widened
from skset.kernels.lane_sums import gathered
from skset.kernels.lanes import at, bare, eight, full, load, put, store
from skset.runtime.jit import kernel

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def exact(halves):
    """Return halves as float64 numbers, by the definition of the format."""
    sign, exponent, fraction = halves >> 15, halves >> 7 & 0xFF, halves & 0x7F
    normal = np.ldexp(1 + fraction / 128, exponent.astype(int) - 127)
    small = np.ldexp(fraction / 128, -126)
    return np.where(exponent, normal, small) * np.where(sign, -1.0, 1.0)


FINITE = np.array([n for n in range(1 << 16) if n >> 7 & 0xFF != 0xFF], HALF)


@dtypes
def test_every_half_is_the_number_of_its_format_and_comes_back(dtype):
    numbers = widened(FINITE, dtype)
    assert numbers.dtype == dtype
    assert np.array_equal(numbers, exact(FINITE))
    assert np.array_equal(halved(numbers), FINITE)


@dtypes
def test_numbers_are_rounded_to_the_nearest_of_two_to_the_even_one(dtype):
    bits = np.arange(0x3F80, 0x4200, dtype=HALF)
    low, high = exact(bits[:-1]), exact(bits[1:])
    for share in (0.25, 0.49, 0.5, 0.51, 0.75):
        between = (low + share * (high - low)).astype(dtype)
        even = np.where(bits[:-1] % 2 == 0, bits[:-1], bits[1:])
        nearest = even if share == 0.5 else bits[int(share > 0.5) :][: len(even)]
        assert np.array_equal(halved(between), nearest)
        assert np.array_equal(halved(-between), nearest | 0x8000)


def test_numbers_that_are_not_finite_stay_so_and_those_too_large_become_infinite():
    odd = np.array([np.nan, np.inf, -np.inf, 3.4e38, -3.4e38], np.float32)
    expected = [np.nan, np.inf, -np.inf, np.inf, -np.inf]
    assert np.array_equal(widened(halved(odd), "float32"), expected, equal_nan=True)


def test_other_numbers_are_copied():
    numbers = np.ones(3, np.float32)
    copy = widened(numbers, np.float64)
    assert copy.dtype == numbers.dtype
    assert not np.shares_memory(copy, numbers)


@functools.cache
def carrier(n):
    @kernel
    def carry(rows, places, numbers, wide, back):
        """Load n halves as numbers, and store n numbers as halves."""
        table, line, like = bare(rows), bare(wide), full(n, numbers[0])
        put(line, 0, load(table, places[0], places[1], like))
        given = at(bare(numbers), 0, like)
        store(bare(back), places[0], places[1], given)
        few = full(2, numbers[0])
        js = eight(bare(places), 2)
        put(line, n, gathered(table, js, places[1], few))

    return carry


@dtypes
@pytest.mark.parametrize("n", [1, 2, 4, 8, 16, 32])
def test_halves_are_converted_between_memory_and_registers(n, dtype):
    rng = np.random.default_rng(n)
    rows = rng.choice(FINITE, (5, 37))
    places = np.array([3, 4, *rng.integers(5, size=8)])
    odd = [np.nan, np.inf, -np.inf, 1e-45, -0.0]
    numbers = np.array([*odd, *rng.standard_normal(27)], dtype)
    numbers = rng.permutation(numbers)[:n]
    wide, back = np.zeros(n + 16, dtype), np.zeros((5, 37), HALF)
    carrier(n)(rows, places, numbers, wide, back)
    assert np.array_equal(wide[:n], exact(rows[3, 4 : 4 + n]))
    turned = places[2:][list(kernels.lane_sums.TURNED)]
    assert np.array_equal(wide[n:], exact(rows[turned, 4:6]).ravel())
    expected = np.zeros_like(back)
    expected[3, 4 : 4 + n] = halved(numbers)
    assert np.array_equal(back, expected)


class Case:
    """A layer with deltas in 16 bits, above and below or only below."""

    def __init__(self, dtype, width, above, n_in=14, n_out=40):
        rng = np.random.default_rng(width)
        mask = rng.random((n_in, n_out)) < 0.7
        mask[[0, -1]] = False
        self.indptr, self.indices = reference.by_input(mask)
        nnz, self.n_in = self.indices.size, n_in
        self.weights = rng.standard_normal(nnz).astype(dtype)
        self.moments = np.zeros((2, nnz), dtype)
        self.X = rng.standard_normal((n_in, width)).astype(dtype)
        D = halved(rng.standard_normal((n_out, width)))
        self.D = D if above else widened(D, dtype)

    def backward(self, halves):
        """Return the deltas below and the weights after a step."""
        D, weights, moments = self.D, self.weights.copy(), self.moments.copy()
        DX = np.zeros(self.X.shape, HALF if halves else weights.dtype)
        new = weights.dtype.type
        kernels.backward(
            0,
            self.n_in,
            self.indptr,
            self.indices,
            weights,
            *moments,
            self.X,
            D if halves else widened(D, weights.dtype),
            DX,
            new(0.1),
            kernels.Step.adam(new, 0.1, 0.9, 0.999, 1e-8).penalised(0.01),
        )
        return DX, weights


def assert_rounded_once(actual, exact):
    """Hold that deltas below are those of the other kernel, but for one rounding."""
    (DX, weights), (wide, right) = actual, exact
    reference.assert_close(weights, right)
    error = np.abs(widened(DX, wide.dtype) - wide)
    # Half of the distance of two halves; the last bits of both kernels differ.
    assert (error <= 2**-8 * np.abs(wide) + 1e-5 * np.abs(wide).max()).all()
    assert DX.dtype == HALF


@dtypes
@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("width", [1, 2, 3, 5, 8, 13, 16, 31, 32, 33, 64, 77])
def test_only_what_is_stored_is_rounded(dtype, width, above):
    case = Case(dtype, width, above)
    assert_rounded_once(case.backward(True), case.backward(False))


@dtypes
def test_sums_of_long_rows_from_far_away_are_rounded_once(dtype, monkeypatch):
    if not numba.config.DISABLE_JIT:
        n_out = steps.FAR // 77 + 1
    else:
        monkeypatch.setattr(steps, "FAR", 0)
        n_out = 40
    case = Case(dtype, 77, above=True, n_in=4, n_out=n_out)
    assert_rounded_once(case.backward(True), case.backward(False))


@dtypes
@pytest.mark.parametrize("width", [1, 7, 16, 33])
def test_rows_are_added_up(dtype, width):
    D = halved(np.random.default_rng(0).standard_normal((5, width)))
    sums, expected = np.empty((2, 5), dtype)
    kernels.row_sums(D, sums)
    kernels.row_sums(widened(D, dtype), expected)
    assert np.array_equal(sums, expected)
    reference.assert_close(sums, widened(D, dtype).sum(axis=1))
