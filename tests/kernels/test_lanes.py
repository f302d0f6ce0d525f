"""Lanes compiled are lanes interpreted: each kernel here also runs as plain Python.

Under ``NUMBA_DISABLE_JIT`` both are the same, and the expected values decide.
"""

import functools
import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from numba.core.errors import TypingError

import skset
from skset.kernels import lane_bits, lanes
from skset.kernels.lane_bits import lowest_bit, multiply_add_pairs, reaching
from skset.kernels.lane_sums import gathered, total
from skset.kernels.lanes import (
    add,
    at,
    bare,
    behind,
    cell,
    converted,
    divide,
    eight,
    full,
    has_halves,
    item,
    leak,
    load,
    multiply,
    multiply_add,
    n_lanes,
    n_rows,
    panel,
    prefetch,
    put,
    root,
    shifted,
    store,
    subtract,
    transposed,
    width,
    zeros,
)
from skset.runtime.jit import kernel

TOLERANCE = {"float32": 1e-5, "float64": 1e-13}
LARGEST = (1 << 31) - 1
ODD = [np.nan, np.inf, -np.inf, 0.0, -0.0, 3.0, -3.0]
RESULTS = [
    "full",
    "zeros",
    "add",
    "subtract",
    "multiply_add a scalar",
    "multiply_add",
    "leak",
    "divide",
    "root",
    "shifted",
    "load",
    "multiply",
]

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
sizes = pytest.mark.parametrize("n", [1, 2, 4, 8, 16, 32])
compiled = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="is interpreted")


@functools.cache
def calculator(n):
    """Return a kernel that calls every function on pieces of n neighbours.

    The pieces begin at the places (row, column); what comes out lies at another one.
    """

    @kernel
    def calculate(places, columns, scalars, rows, vector, results, sums):
        where, heads = bare(places), bare(columns)
        given, line, out, beside = bare(rows), bare(vector), bare(results), bare(sums)
        factor, slope, by = item(bare(scalars), 0), scalars[1], scalars[2]
        like = full(n, factor)
        a = load(given, item(where, 0), item(heads, 0), like)
        prefetch(given, item(where, 0), item(heads, 0), a)
        b = load(given, item(where, 1), item(heads, 1), a)
        c = at(line, item(heads, 2), b)
        to = item(heads, 3)
        store(out, 0, to, like)
        store(out, 1, to, zeros(a))
        store(out, 2, to, add(a, b))
        store(out, 3, to, subtract(a, b))
        store(out, 4, to, multiply_add(factor, a, b))
        store(out, 5, to, multiply_add(a, b, c))
        store(out, 6, to, leak(a, b, slope))
        store(out, 7, to, divide(a, c))
        store(out, 8, to, root(c))
        store(out, 9, to, shifted(a, by))
        store(out, 10, to, load(out, 9, to, a))
        store(out, 11, to, multiply(a, b))
        each = (a, b, c, add(a, b), subtract(b, c), like, zeros(a), leak(b, a, slope))
        for k in range(8):
            sums[10 + k] = total(each[k])
        put(beside, 1, full(8, factor))

    return calculate


def interpreted(function):
    return getattr(function, "py_func", function)


class Case:
    """Rows, a vector and scalars, and places in them."""

    def __init__(self, n, dtype, values=None, seed=0):
        rng = np.random.default_rng(seed)
        self.n, self.dtype = n, dtype
        self.rows = rng.standard_normal((3, n + 9)).astype(dtype)
        self.vector = (0.5 + rng.random(n + 9)).astype(dtype)
        self.scalars = np.array([1.75, 0.3, -2.5], dtype)
        if values is not None:  # in every lane, beside each other
            pool = np.resize(np.array(values, dtype), self.rows.size)
            self.rows[:] = pool.reshape(self.rows.shape)
            self.vector[:] = np.resize(np.roll(pool, 3), self.vector.size)

    def run(self, places=(0, 2), columns=(3, 5, 1, 7), kernel=None):
        kernel = calculator(self.n) if kernel is None else kernel
        results = np.full((len(RESULTS), self.n + 9), 77, self.dtype)
        sums = np.full(20, 77, self.dtype)
        places, columns = np.array(places, np.int32), np.array(columns)
        given = places, columns, self.scalars, self.rows, self.vector
        with np.errstate(all="ignore"):
            kernel(*given, results, sums)
        return results, sums

    def expected(self, places=(0, 2), columns=(3, 5, 1, 7)):
        """Return the results and the sums, number by number."""
        n, (factor, slope, by) = self.n, self.scalars
        a = self.rows[places[0], columns[0] :][:n]
        b = self.rows[places[1], columns[1] :][:n]
        c = self.vector[columns[2] :][:n]
        like, zero = np.full(n, factor), np.zeros(n, self.dtype)
        with np.errstate(all="ignore"):
            results = [
                like,
                zero,
                a + b,
                a - b,
                factor * a + b,
                a * b + c,
                [x if y > 0 else slope * x for x, y in zip(a, b, strict=True)],
                a / c,
                np.sqrt(c),
                a + by,
                a + by,
                a * b,
            ]
            leaked = [x if y > 0 else slope * x for x, y in zip(b, a, strict=True)]
            of = [a, b, c, a + b, b - c, like, zero, leaked]
            return np.array(results), np.array([sum(x) for x in of])

    def check(self, actual, expected, columns=(3, 5, 1, 7)):
        (results, sums), (right, right_sums) = actual, expected
        place = slice(columns[3], columns[3] + self.n)
        for name, one, other in zip(RESULTS, results, right, strict=True):
            self.assert_close(one[place], other, name)
        assert (sums[1:9] == self.scalars[0]).all()
        self.assert_close(sums[10:18], right_sums, "total")
        assert (np.delete(results, place, axis=1) == 77).all()
        assert (np.delete(sums, [*range(1, 9), *range(10, 18)]) == 77).all()

    def assert_close(self, actual, expected, name):
        tolerance = self.n * TOLERANCE[self.dtype]
        assert actual.dtype == self.dtype
        np.testing.assert_allclose(
            actual, expected, rtol=tolerance, atol=tolerance, err_msg=name
        )


def test_all_functions_are_tried_here():
    operations = {*lanes.__all__, *lane_bits.__all__} - {"Bare", "Lanes"}
    assert len(operations) > 20
    assert operations <= set(globals())


@compiled
@pytest.mark.parametrize("module", ["products", "scores"])
def test_operations_are_known_whichever_module_is_imported(module, tmp_path):
    """The instructions stand in a file that no module of kernels imports."""
    calls = {
        "products": "pull_back(0, 1, *pattern, x, x, X, X)",
        "scores": "pair_scores(0, 1, *pattern, X, X, x)",
    }
    name = calls[module].partition("(")[0]
    code = f"""
import numpy as np
from skset.kernels.{module} import {name}
pattern, x, X = (np.array([0, 1]), np.zeros(1, np.int32)), np.ones(1), np.ones((1, 1))
{calls[module]}
"""
    path = str(Path(skset.__file__).parents[1])
    environment = {"PYTHONPATH": path, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


@dtypes
@sizes
def test_every_function_compiled_is_the_function_interpreted(n, dtype):
    case = Case(n, dtype)
    expected = case.expected()
    case.check(case.run(), expected)
    case.check(case.run(kernel=interpreted(calculator(n))), expected)


@dtypes
@sizes
@pytest.mark.parametrize("columns", [(0, 9, 0, 9), (9, 0, 9, 0), (7, 8, 4, 5)], ids=str)
@pytest.mark.parametrize("places", [(0, 2), (2, 1)], ids=str)
def test_pieces_lie_at_any_place(n, dtype, columns, places):
    case = Case(n, dtype)
    expected = case.expected(places, columns)
    case.check(case.run(places, columns), expected, columns)
    python = interpreted(calculator(n))
    case.check(case.run(places, columns, python), expected, columns)


@dtypes
@sizes
@pytest.mark.parametrize("seed", range(len(ODD)))
def test_numbers_that_are_not_finite_and_zeros(n, dtype, seed):
    case = Case(n, dtype, np.roll(ODD, seed))
    expected = case.expected()
    case.check(case.run(), expected)
    case.check(case.run(kernel=interpreted(calculator(n))), expected)


@dtypes
@sizes
@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_one_number_that_is_not_finite_shows_in_its_sums_alone(n, dtype, odd):
    for lane in {0, n // 2, n - 1}:
        case = Case(n, dtype)
        case.rows[0, 3 + lane] = odd
        results, sums = case.run()
        case.check((results, sums), case.expected())
        assert np.isfinite(
            sums[[11, 12, 14, 15, 16]]
        ).all()  # b, c, b - c, factor, zero
        assert np.array_equal(sums[[10, 13]], [odd, odd], equal_nan=True)


@dtypes
def test_leak_bends_what_is_not_positive(dtype):
    case = Case(8, dtype)
    case.scalars[1] = -0.5
    case.rows[0, 3:11] = [1, 2, 3, 4, np.inf, np.nan, 7, 8]
    case.rows[2, 5:13] = [0.0, -0.0, np.nan, 1e-30, -1e-30, 1, np.inf, -np.inf]
    expected = [-0.5, -1, -1.5, 4, -np.inf, np.nan, 7, -4]
    for run in (calculator(8), interpreted(calculator(8))):
        np.testing.assert_array_equal(case.run(kernel=run)[0][6, 7:15], expected)


@dtypes
@sizes
def test_sums_of_integers_are_exact_and_in_their_order(n, dtype):
    case = Case(n, dtype, np.arange(1, 9))
    case.scalars[:] = [3, 2, -5]
    expected = case.expected()[1]
    for run in (calculator(n), interpreted(calculator(n))):
        sums = case.run(kernel=run)[1]
        assert np.array_equal(sums[10:18], expected)


@kernel
def turn(rows, turned):
    """Write the columns of eight rows of eight numbers."""
    table, columns = bare(rows), bare(turned)
    like, other = full(8, rows.dtype.type(0)), full(8, turned.dtype.type(0))
    a, b, c, d, e, f, g, h = transposed(
        load(table, 0, 0, like),
        load(table, 1, 0, like),
        load(table, 2, 0, like),
        load(table, 3, 0, like),
        load(table, 4, 0, like),
        load(table, 5, 0, like),
        load(table, 6, 0, like),
        load(table, 7, 0, like),
    )
    store(columns, 0, 0, converted(a, other))
    store(columns, 1, 0, converted(b, other))
    store(columns, 2, 0, converted(c, other))
    store(columns, 3, 0, converted(d, other))
    store(columns, 4, 0, converted(e, other))
    store(columns, 5, 0, converted(f, other))
    store(columns, 6, 0, converted(g, other))
    store(columns, 7, 0, converted(h, other))


@dtypes
@pytest.mark.parametrize("given", ["float32", "float64"])
def test_rows_are_transposed_and_converted(given, dtype):
    rows = np.random.default_rng(0).standard_normal((8, 8)).astype(given)
    for run in (turn, interpreted(turn)):
        turned = np.full((8, 8), 77, dtype)
        run(rows, turned)
        assert np.array_equal(turned, rows.T.astype(dtype))


@kernel
def hide(vector, n, out):
    """Write eight numbers without the first n."""
    line = bare(vector)
    put(bare(out), 0, behind(at(line, 0, full(8, vector[0])), n))


@dtypes
@pytest.mark.parametrize("n", [0, 1, 5, 8])
def test_zeros_stand_for_the_first_places(n, dtype):
    vector = np.array([np.nan, 2, 3, np.inf, 5, -6, 7, 8], dtype)
    expected = np.r_[np.zeros(n), vector[n:]]
    for run in (hide, interpreted(hide)):
        out = np.full(8, 77, dtype)
        run(vector, n, out)
        np.testing.assert_array_equal(out, expected)


@kernel
def fill(vector, sizes):
    """Write a panel and the numbers of lanes."""
    lanes = panel(vector[0])
    put(bare(vector), 1, lanes)
    sizes[0], sizes[1] = n_lanes(lanes), n_lanes(full(2, vector[0]))


@dtypes
def test_a_panel_has_128_bytes(dtype):
    n = 128 // np.dtype(dtype).itemsize
    for run in (fill, interpreted(fill)):
        vector, sizes = np.arange(7, 7 + n + 2).astype(dtype), np.zeros(2, int)
        run(vector, sizes)
        assert vector.tolist() == [7] * (n + 1) + [7 + n + 1]
        assert sizes.tolist() == [n, 2]


# Arrays


@kernel
def look(place, vector, rows, found):
    """Write the eight neighbours, the one itself, and the lengths."""
    line, table = bare(vector), bare(rows)
    a, b, c, d, e, f, g, h = eight(line, place)
    found[0], found[1], found[2], found[3] = a, b, c, d
    found[4], found[5], found[6], found[7] = e, f, g, h
    found[8] = item(line, place + 7)
    found[9], found[10] = width(line), n_rows(line)
    found[11], found[12] = width(table), n_rows(table)
    prefetch(table, 0, 0, full(1, rows.dtype.type(0)))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("place", [0, 1, 5])
def test_eight_neighbours_and_one(dtype, place):
    vector = np.arange(13).astype(dtype) * 3
    rows = np.zeros((2, 3), dtype)
    expected = [*range(3 * place, 3 * place + 24, 3), 3 * place + 21, 13, 13, 3, 2]
    for run in (look, interpreted(look)):
        found = np.zeros(13)
        run(place, vector, rows, found)
        assert found.tolist() == expected


@kernel
def pick(rows, i, j, picked):
    """Write one number of a row."""
    picked[0] = cell(bare(rows), i, j)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("place", [(0, 0), (0, 4), (2, 0), (1, 3), (2, 4)], ids=str)
def test_one_cell(dtype, place):
    rows = np.arange(15).reshape(3, 5).astype(dtype) * 3
    for run in (pick, interpreted(pick)):
        picked = np.zeros(1)
        run(rows, *place, picked)
        assert picked.tolist() == [3 * (5 * place[0] + place[1])]


# Bits


@kernel
def sift(rows, bound, places):
    """Write which of 64 numbers reach the bound, one by one; return all their bits."""
    table = bare(rows)
    like = full(16, bound)
    a, b = load(table, 0, 0, like), load(table, 0, 16, like)
    c, d = load(table, 0, 32, like), load(table, 0, 48, like)
    every = bits = reaching(a, b, c, d, bound)
    n = 0
    while bits:
        places[n] = lowest_bit(bits)
        bits &= bits - np.uint64(1)
        n += 1
    return every


def sifted(run, values, bound):
    """Return the bits, and the places of those that are set."""
    places = np.full(65, -1)
    bits = run(values[None], np.int32(bound), places)
    n = np.count_nonzero(places >= 0)
    assert (places[n:] == -1).all()
    return int(bits), places[:n].tolist()


@pytest.mark.parametrize("place", [0, 1, 15, 16, 31, 32, 47, 48, 62, 63])
@pytest.mark.parametrize("value", [20, -20, 21, LARGEST, -LARGEST])
def test_one_number_that_reaches_the_bound_is_one_bit(place, value):
    values = np.full(64, 19, np.int32)
    values[place] = value
    for run in (sift, interpreted(sift)):
        assert sifted(run, values, 20) == (1 << place, [place])


@pytest.mark.parametrize("seed", range(5))
def test_bits_are_those_of_the_numbers_that_reach_the_bound(seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(-LARGEST, LARGEST, 64, np.int32, endpoint=True)
    bound = abs(values[seed])
    expected = np.flatnonzero(np.abs(values) >= bound).tolist()
    for run in (sift, interpreted(sift)):
        assert sifted(run, values, bound) == (sum(1 << n for n in expected), expected)


def test_all_bits_and_none():
    values = np.resize(np.array([1, -1], np.int32), 64)
    for run in (sift, interpreted(sift)):
        assert sifted(run, values, 0) == ((1 << 64) - 1, list(range(64)))
        assert sifted(run, values, 1) == ((1 << 64) - 1, list(range(64)))
        assert sifted(run, values, 2) == (0, [])
        assert sifted(run, values, LARGEST) == (0, [])


@compiled
@pytest.mark.parametrize(
    ("n", "dtype"), [(8, "int32"), (16, "int16"), (16, "float32"), (16, "float64")]
)
def test_bits_are_those_of_four_times_sixteen_numbers_of_32_bits(n, dtype):
    one = np.dtype(dtype).type(1)

    @kernel
    def each(vector):
        like = full(n, one)
        a = at(bare(vector), 0, like)
        return reaching(a, a, a, a, one)

    with pytest.raises(TypingError):
        each(np.zeros(16, dtype))


# Pairs


@kernel
def add_pairs(rows, pairs, sums, place):
    """Add the products of 32 numbers of a row with a pair to 16 sums."""
    out = bare(sums)
    z = at(out, 0, full(16, np.int32(0)))
    x = load(bare(rows), place[0], place[1], full(32, np.int16(0)))
    put(out, 0, multiply_add_pairs(cell(bare(pairs), 0, place[2]), x, z))


@pytest.mark.parametrize("place", [(0, 0, 0), (2, 0, 1), (1, 3, 2), (2, 5, 0)], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_pairs_are_multiplied_and_added(place, seed):
    rng = np.random.default_rng(seed)
    least, most = -(1 << 15) + 1, (1 << 15) - 1
    rows = rng.integers(least, most, (3, 37), np.int16, endpoint=True)
    pairs = rng.integers(least, most, (1, 6), np.int16, endpoint=True)
    before = rng.integers(-(1 << 29), 1 << 29, 16, np.int32)
    # The greatest numbers that there are must fit.
    rows[place[0], place[1] : place[1] + 2] = most, least
    pairs[0, 2 * place[2] : 2 * place[2] + 2] = most, most
    before[0] = LARGEST
    x = rows[place[0], place[1] : place[1] + 32].reshape(16, 2).astype(np.int64)
    expected = before + x @ pairs[0, 2 * place[2] : 2 * place[2] + 2].astype(np.int64)
    assert expected[0] == LARGEST
    expected[1:] = (expected[1:] + (1 << 31)) % (1 << 32) - (1 << 31)
    for run in (add_pairs, interpreted(add_pairs)):
        sums = before.copy()
        run(rows, pairs.view(np.int32), sums, place)
        assert sums.tolist() == expected.tolist()


@compiled
@pytest.mark.parametrize(
    ("pair", "x", "z"),
    [
        ("int64", "int16", "int32"),
        ("int32", "int32", "int32"),
        ("int32", "int16", "float32"),
    ],
)
def test_pairs_are_numbers_of_16_bits_in_one_of_32(pair, x, z):
    one, many, sums = (np.dtype(kind).type(1) for kind in (pair, x, z))

    @kernel
    def add_wrong(vector):
        added = multiply_add_pairs(one, full(32, many), full(16, sums))
        put(bare(vector), 0, added)

    with pytest.raises(TypingError):
        add_wrong(np.zeros(16, z))


@compiled
def test_a_bare_array_is_a_view_and_may_be_part_of_one():
    case, whole = Case(4, "float64"), np.zeros((7, 13))
    whole[2:5] = case.rows
    case.rows = whole[2:5]
    case.check(case.run(), case.expected())
    case.vector = whole[3]
    expected = case.expected()
    case.check(case.run(), expected)


@kernel
def whether_halves(array):
    """Return whether the numbers of a bare array are halves."""
    return has_halves(bare(array))


def test_halves_are_known_by_their_type():
    for dtype in ("uint16", "int16", "float32", "float64"):
        assert whether_halves(np.zeros((2, 3), dtype)) == (dtype == "uint16")


@kernel
def length(array):
    """Return the number of rows of a bare array."""
    return n_rows(bare(array))


@compiled
@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 6)).T,
        np.zeros((4, 6))[:, :3],
        np.zeros((4, 6))[::2],
        np.zeros(6)[::2],
        np.zeros(6)[::-1],
    ],
    ids=["transposed", "columns", "every other row", "every other", "backwards"],
)
def test_an_array_with_gaps_is_refused(array):
    assert length(np.ascontiguousarray(array)) == len(array)
    with pytest.raises(TypingError):
        length(array)


@compiled
def test_how_many_lanes_there_are_must_be_known():
    @kernel
    def make(n, results):
        put(bare(results), 0, full(n, 1.0))

    with pytest.raises(TypingError):
        make(4, np.zeros(8))


# Bounds, in a process of its own where they are checked


@kernel
def touch(which, row, place, rows, vector):
    """Touch four or eight neighbours, or one, at the given place."""
    like = full(4, 0.0)
    table, line = bare(rows), bare(vector)
    if which == 0:
        store(table, 0, 0, load(table, row, place, like))
    elif which == 1:
        store(table, row, place, like)
    elif which == 2:
        put(line, 0, at(line, place, like))
    elif which == 3:
        put(line, place, like)
    elif which == 4:
        vector[0] = sum(eight(line, place))
    elif which == 5:
        vector[0] = item(line, place)
    elif which == 6:
        prefetch(table, row, place, like)
    elif which == 7:
        vector[0] = cell(table, row, place)
    elif which == 8:
        rows_of_eight = (0, 0, 0, row, 0, 0, 0, 0)
        vector[0] = total(gathered(table, rows_of_eight, place, like))


REACH = {
    "load": (4, 2),
    "store": (4, 2),
    "at": (4, 1),
    "put": (4, 1),
    "eight": (8, 1),
    "item": (1, 1),
    "prefetch": (4, 2),
    "cell": (1, 2),
    "gathered": (4, 2),
}


def trespasses():
    """Return where the bounds of 3 rows, or of a vector, of 11 are not held."""
    rows, vector = np.zeros((3, 11)), np.zeros(11)
    wrong = []
    for which, (name, (reach, ndim)) in enumerate(REACH.items()):
        inside = [(0, 0), (2, 0), (0, 11 - reach), (2, 11 - reach)]
        outside = [(0, 12 - reach), (2, 12 - reach), (0, 11), (0, -1), (2, 2**40)]
        if ndim == 2:
            outside += [(3, 0), (-1, 0), (3, 11 - reach), (2**40, 0)]
        for places, error in ((inside, None), (outside, IndexError)):
            for row, place in places:
                raised = None
                try:
                    touch(which, row, place, rows, vector)
                except Exception as exception:
                    raised = type(exception)
                if raised is not error:
                    wrong.append((name, row, place, raised))
    return wrong


def test_bounds_are_held_where_numba_checks_them():
    path = [str(Path(skset.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    settings = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_DISABLE_JIT": "0"}
    process = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, **settings, "PYTHONPATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout == "[]\n"


if __name__ == "__main__":
    print(trespasses())
