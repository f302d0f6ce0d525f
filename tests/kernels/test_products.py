import numba
import numpy as np
import pytest
import reference
from numba.core.errors import TypingError
from reference import assert_close

from skset import kernels
from skset.runtime import team
from skset.runtime.team import Team


def with_empty_units(shape, seed=0):
    mask = np.random.default_rng(seed).random(shape) < 0.5
    mask[[0, -1]] = False
    mask[:, [0, -1]] = False
    return mask


def one_connection(shape):
    mask = np.zeros(shape, bool)
    mask[1, 2] = True
    return mask


MASKS = {
    "no connection": np.zeros((3, 2), bool),
    "one unit each": np.ones((1, 1), bool),
    "one connection": one_connection((3, 4)),
    "empty units": with_empty_units((14, 13)),
    "full": np.ones((9, 11), bool),
    "wide": np.ones((2, 21), bool),
    "tall": np.ones((21, 2), bool),
}
DTYPES = ["float32", "float64"]
WORK = 10**6
ADAM, DECAY = (0.1, 0.9, 0.99, 1e-8), 0.2
SGD_STEPS = {
    "plain": (0.1, 0.9, 1.0, 0.0),
    "nesterov": (0.1, 0.9, 0.9, 0.1),
}

masks = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
dtypes = pytest.mark.parametrize("dtype", DTYPES)
rules = pytest.mark.parametrize("rule", ["plain", "nesterov", "adam", "adamw"])
compiled = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="is interpreted")
widths = pytest.mark.parametrize("width", [1, 2, 7, 16, 33])


def step_of(rule, new, rate=ADAM[0]):
    """Return the numbers of a step; those of Adam may have a correction in the rate."""
    if rule == "adamw":
        return kernels.Step.adam(new, rate, *ADAM[1:]).decayed(ADAM[0] * DECAY)
    if rule == "adam":
        return kernels.Step.adam(new, rate, *ADAM[1:]).penalised(0.01)
    return kernels.Step.descent(new, *SGD_STEPS[rule]).penalised(0.01)


class Case:
    """A layer with random numbers, as bare arrays and as matrices."""

    def __init__(self, mask, dtype, width, seed=0):
        rng = np.random.default_rng(seed)
        dtype = np.dtype(dtype)

        def new(*shape):
            return rng.standard_normal(shape).astype(dtype)

        n_in, n_out = mask.shape
        self.mask, self.dtype, self.width = mask, dtype, width
        self.indptr, self.indices = reference.by_input(mask)
        nnz = self.indices.size
        self.weights, self.bias = new(nnz), new(n_out)
        self.moments = [new(nnz), new(nnz) ** 2]
        self.X, self.D = new(n_in, width), new(n_out, width)
        self.Z, self.DX = new(n_out, width), new(n_in, width)
        self.input_bias = new(n_in)

    def dense(self, values):
        return reference.dense(self.mask, values)

    def forward(self, start=0, stop=None, run=None, n_tiles=1, slope=1.0):
        stop = n_tiles if stop is None else stop
        n_in, n_out = self.mask.shape
        starts = np.empty(n_in * n_tiles + 1, np.int64)
        kernels.tile_starts(self.indptr, self.indices, n_out, n_tiles, starts)
        args = (starts, self.indices, self.weights, self.bias)
        args = (*args, self.dtype.type(slope), self.X, self.Z)
        if run is None:
            kernels.forward(start, stop, *args)
        else:
            run(kernels.forward, WORK, np.arange(n_tiles + 1), *args)
        return self.Z

    def expected_forward(self, slope=1.0):
        Z = self.dense(self.weights).T @ self.X + self.bias[:, None]
        return np.where(Z > 0, Z, slope * Z)

    def pull_back(self, start=0, stop=None, run=None):
        stop = self.mask.shape[0] if stop is None else stop
        args = (self.indptr, self.indices, self.weights, self.input_bias)
        if run is None:
            kernels.pull_back(start, stop, *args, self.D, self.DX)
        else:
            run(kernels.pull_back, WORK, self.indptr, *args, self.D, self.DX)
        return self.DX

    def backward(self, rule, start=0, stop=None, run=None, DX=None, slope=1.0):
        """Run the backward kernel; return DX, weights and moments after it."""
        stop = self.mask.shape[0] if stop is None else stop
        DX = self.DX if DX is None else DX
        moments = self.moments[: 2 if rule.startswith("adam") else 1]
        second = moments[1] if len(moments) == 2 else np.empty(0, self.dtype)
        args = (self.weights, moments[0], second, self.X, self.D, DX)
        args = (*args, self.dtype.type(slope), step_of(rule, self.dtype.type))
        kernel = kernels.backward
        if run is None:
            kernel(start, stop, self.indptr, self.indices, *args)
        else:
            run(kernel, WORK, self.indptr, self.indptr, self.indices, *args)
        return DX, self.weights, *moments

    def expected_pull_back(self):
        return self.dense(self.weights) @ self.D + self.input_bias[:, None]

    def expected_backward(self, rule, slope=1.0):
        W, X, D = self.dense(self.weights), self.X, self.D
        gradient = (X @ D.T)[self.mask]
        state = self.weights, *self.moments
        if rule == "adamw":
            # The kernel's rate holds the bias correction, which is 1 at t = infinity.
            after = reference.adamw_step(*state, gradient, 10**6, *ADAM, alpha=DECAY)
            return (W @ D) * np.where(X > 0, 1, slope), *after
        gradient = gradient + 0.01 * self.weights
        if rule == "adam":
            after = reference.adam_step(*state, gradient, 10**6, *ADAM)
        else:
            args = (0.1, 0.9, rule == "nesterov")
            after = reference.sgd_step(self.weights, self.moments[0], gradient, *args)
        return (W @ D) * np.where(X > 0, 1, slope), *after


@masks
@dtypes
@widths
def test_forward_is_the_dense_product(mask, dtype, width):
    case = Case(mask, dtype, width)
    assert_close(case.forward(), case.expected_forward())


@masks
@dtypes
@pytest.mark.parametrize("slope", [0.0, 0.3, -0.6])
def test_sums_that_are_not_positive_leak(mask, dtype, slope):
    case = Case(mask, dtype, 21)
    assert_close(case.forward(slope=slope), case.expected_forward(slope))


@masks
@dtypes
@pytest.mark.parametrize("n_tiles", [2, 3, 5, 40])
def test_tiles_change_no_bit(mask, dtype, n_tiles):
    case, other = Case(mask, dtype, 19), Case(mask, dtype, 19)
    whole = case.forward(slope=0.1)
    assert np.array_equal(other.forward(n_tiles=n_tiles, slope=0.1), whole)


@dtypes
@pytest.mark.parametrize("width", range(1, 70))
def test_every_batch_width(dtype, width):
    case = Case(with_empty_units((7, 33)), dtype, width)
    assert_close(case.forward(), case.expected_forward())
    assert_close(case.pull_back(), case.expected_pull_back())
    expected = case.expected_backward("nesterov")
    for actual, right in zip(case.backward("nesterov"), expected, strict=True):
        assert_close(actual, right)


@masks
@dtypes
@widths
def test_pull_back_is_the_dense_product_of_the_other_side(mask, dtype, width):
    case = Case(mask, dtype, width)
    given = case.weights.copy(), case.D.copy(), case.input_bias.copy()
    actual = case.pull_back()
    assert actual.dtype == dtype
    assert_close(actual, case.expected_pull_back())
    for before, after in zip(
        given, (case.weights, case.D, case.input_bias), strict=True
    ):
        assert np.array_equal(before, after)


@masks
@dtypes
def test_pull_back_is_what_backward_gives_the_layer_below(mask, dtype):
    case = Case(mask, dtype, 9)
    case.input_bias[:] = 0
    pulled = case.pull_back().copy()
    assert_close(case.backward("plain")[0], pulled)


@masks
@dtypes
@rules
@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_deltas_are_times_the_derivative_of_the_inputs(mask, dtype, rule, slope):
    case = Case(mask, dtype, 23)
    case.X[case.X < -1] = 0
    expected = case.expected_backward(rule, slope)
    for actual, right in zip(case.backward(rule, slope=slope), expected, strict=True):
        assert_close(actual, right, factor=5)


@masks
@dtypes
@widths
@rules
def test_backward_is_the_dense_gradient_and_step(mask, dtype, width, rule):
    case = Case(mask, dtype, width)
    expected = case.expected_backward(rule)
    for actual, right in zip(case.backward(rule), expected, strict=True):
        assert actual.dtype == dtype
        assert_close(actual, right, factor=5)


@dtypes
def test_forward_writes_only_its_own_rows(dtype):
    case = Case(MASKS["empty units"], dtype, 5)
    before = case.Z.copy()
    case.forward(1, 3, n_tiles=4)  # of 13 outputs those from 3 to 9
    assert_close(case.Z[3:9], case.expected_forward()[3:9])
    assert np.array_equal(case.Z[:3], before[:3])
    assert np.array_equal(case.Z[9:], before[9:])


@dtypes
def test_pull_back_writes_only_its_own_rows(dtype):
    case = Case(MASKS["empty units"], dtype, 5)
    before = case.DX.copy()
    case.pull_back(4, 9)
    assert_close(case.DX[4:9], case.expected_pull_back()[4:9])
    assert np.array_equal(case.DX[:4], before[:4])
    assert np.array_equal(case.DX[9:], before[9:])


@rules
@dtypes
def test_backward_writes_only_what_belongs_to_its_units(rule, dtype):
    case = Case(MASKS["empty units"], dtype, 5)
    whole = Case(MASKS["empty units"], dtype, 5).backward(rule)
    before = [a.copy() for a in (case.DX, case.weights, *case.moments)]
    low, high = case.indptr[4], case.indptr[9]
    rows, *values = zip(case.backward(rule, 4, 9), whole, before, strict=False)
    for (actual, right, old), start, stop in [
        (rows, 4, 9),
        *((v, low, high) for v in values),
    ]:
        assert np.array_equal(actual[start:stop], right[start:stop])
        assert np.array_equal(actual[:start], old[:start])
        assert np.array_equal(actual[stop:], old[stop:])


@rules
def test_input_deltas_without_rows_are_left_alone(rule):
    case, other = (Case(MASKS["full"], "float32", 5) for _ in range(2))
    _, *whole = case.backward(rule)
    _, *without = other.backward(rule, DX=np.empty((0, 5), np.float32))
    for a, b in zip(whole, without, strict=True):
        assert np.array_equal(a, b)


@rules
@dtypes
@masks
def test_threads_change_no_bit(rule, dtype, mask, monkeypatch):
    monkeypatch.setattr(team, "MIN_WORK", 0)
    for n_threads in (2, 3):
        serial, parallel = Case(mask, dtype, 9), Case(mask, dtype, 9)
        with Team(n_threads) as workers:
            shared = parallel.forward(run=workers.run, n_tiles=2 * n_threads)
            assert np.array_equal(serial.forward(), shared)
            pulled = serial.pull_back(), parallel.pull_back(run=workers.run)
            assert np.array_equal(*pulled)
            both = serial.backward(rule), parallel.backward(rule, run=workers.run)
        for a, b in zip(*both, strict=True):
            assert np.array_equal(a, b)


def test_a_team_really_shares_large_work_and_only_that(monkeypatch):
    calls = []

    def count(start, stop):
        calls.append((start, stop))

    indptr = np.array([0, 10, 20, 30, 40])
    monkeypatch.setattr(team, "MIN_WORK", 400)
    monkeypatch.setattr(team.Gain, "together", True)
    with Team(2) as workers:
        workers.run(count, 399, indptr)
        assert calls == [(0, 4)]
        calls.clear()
        workers.run(count, 400, indptr)
    assert sorted(calls) == [(0, 2), (2, 4)]
    calls.clear()
    workers.run(count, 400, indptr)  # outside the `with` there are no threads
    assert calls == [(0, 4)]


@pytest.mark.parametrize("failing", [0, 2])
def test_an_error_in_any_part_is_raised(failing, monkeypatch):
    def fail(start, stop):
        if start == failing:
            raise ZeroDivisionError

    monkeypatch.setattr(team, "MIN_WORK", 0)
    with Team(2) as workers, pytest.raises(ZeroDivisionError):
        workers.run(fail, WORK, np.array([0, 10, 20, 30, 40]))


@dtypes
def test_a_sample_gets_the_same_bits_whatever_the_batch(dtype):
    case = Case(MASKS["empty units"], dtype, 16)
    alone, pulled = case.forward().copy(), case.pull_back().copy()
    for width in (17, 29, 32, 47, 48, 64, 80, 112, 128, 240):
        for offset in {0, 1, min(16, width - 16), width - 16}:
            batch = Case(MASKS["empty units"], dtype, width)
            batch.X[:, offset : offset + 16] = case.X
            batch.weights, batch.bias = case.weights, case.bias
            assert np.array_equal(batch.forward()[:, offset : offset + 16], alone)
            batch.D[:, offset : offset + 16] = case.D
            batch.input_bias = case.input_bias
            assert np.array_equal(batch.pull_back()[:, offset : offset + 16], pulled)


@dtypes
@pytest.mark.parametrize("place", [(0, 0), (10, 6)])
def test_nan_stays_nan(dtype, place):
    case = Case(MASKS["full"][:, :11].T.copy(), dtype, 7)
    case.X[place] = np.nan
    Z = case.forward()
    assert np.isnan(Z[:, place[1]]).all()
    assert np.isnan(Z).sum() == Z.shape[0]
    case.D[3, 4] = np.nan
    assert np.isnan(case.pull_back()[:, 4]).all()
    assert np.isnan(case.DX).sum() == case.DX.shape[0]
    case.D[:] = 1
    DX, weights, velocity = case.backward("plain")
    row = slice(case.indptr[place[0]], case.indptr[place[0] + 1])
    assert np.isfinite(DX).all()
    assert np.isnan(weights[row]).all()
    assert np.isnan(velocity).sum() == 9


@dtypes
def test_updates_of_a_bias_are_the_textbook_steps(dtype):
    rng = np.random.default_rng(0)
    w, m, v, g = rng.standard_normal((4, 12)).astype(dtype)
    v = v**2
    new = np.dtype(dtype).type
    expected = reference.sgd_step(w, m, g + 0.01 * w, 0.1, 0.9, True)
    actual = w.copy(), m.copy()
    kernels.update(*actual, w[:0], g, step_of("nesterov", new))
    for a, b in zip(actual, expected, strict=True):
        assert_close(a, b)
    rate = 0.1 * np.sqrt(1 - 0.99**3) / (1 - 0.9**3)
    decayed = reference.adamw_step(w, m, v, g, 3, *ADAM, alpha=DECAY)
    penalised = reference.adam_step(w, m, v, g + 0.01 * w, 3, *ADAM)
    for rule, expected in (("adam", penalised), ("adamw", decayed)):
        actual = w.copy(), m.copy(), v.copy()
        kernels.update(*actual, g, step_of(rule, new, rate))
        for a, b in zip(actual, expected, strict=True):
            assert_close(a, b)


@rules
def test_a_bias_is_neither_penalised_nor_decayed(rule):
    step = step_of(rule, np.float32)
    free = step.without_penalty()
    assert (step.l2, step.decay) != (0, 0) == (free.l2, free.decay)
    assert free == step._replace(l2=0, decay=0)
    assert {type(number) for number in free[1:]} == {np.float32}


@masks
@dtypes
def test_a_step_that_only_writes_the_gradient(mask, dtype):
    case = Case(mask, dtype, 9)
    weights = case.weights.copy()
    step = kernels.Step.gradient(case.dtype.type).penalised(0.5)
    case.moments[0][:] = np.nan
    args = (case.moments[0], case.moments[0][:0], case.X, case.D, case.DX)
    slope = case.dtype.type(1)
    kernels.backward(
        0, len(mask), case.indptr, case.indices, case.weights, *args, slope, step
    )
    assert np.array_equal(case.weights, weights)
    assert_close(case.moments[0], (case.X @ case.D.T)[mask] + 0.5 * weights)
    assert_close(case.DX, case.dense(weights) @ case.D)


@dtypes
def test_relu_of_a_sum_that_overflowed_downwards_is_zero(dtype):
    case = Case(MASKS["full"], dtype, 19)
    case.bias[:3] = [-np.inf, np.inf, np.nan]
    case.X[:] = 1
    Z = case.forward(slope=0.0)
    assert (Z[0] == 0).all()
    assert (Z[1] == np.inf).all()
    assert np.isnan(Z[2]).all()
    assert (case.forward(slope=0.1)[0] == -np.inf).all()


# A network at rest is read-only.


def close(case, names):
    """Put read-only views in place of some arrays of a case."""
    for name in names.split():
        view = getattr(case, name).view()
        view.flags.writeable = False
        setattr(case, name, view)


@dtypes
def test_products_take_networks_that_are_read_only(dtype):
    given = Case(MASKS["empty units"], dtype, 7)
    expected = given.forward(n_tiles=2).copy(), given.pull_back().copy()
    close(given, "indptr indices weights bias input_bias X D")
    given.Z[:] = given.DX[:] = 7
    assert np.array_equal(given.forward(n_tiles=2), expected[0])
    assert np.array_equal(given.pull_back(), expected[1])


@rules
@dtypes
def test_backward_takes_read_only_patterns_and_signals(rule, dtype):
    given, other = (Case(MASKS["empty units"], dtype, 7) for _ in range(2))
    expected = other.backward(rule)
    close(given, "indptr indices X D")
    for actual, right in zip(given.backward(rule), expected, strict=True):
        assert np.array_equal(actual, right)


@compiled
@rules
def test_backward_refuses_weights_that_are_read_only(rule):
    case = Case(MASKS["full"], "float32", 7)
    close(case, "weights")
    with pytest.raises(TypingError):
        case.backward(rule)


# Arrays of more than 2**31 bytes; what is never touched takes no memory.

FAR_ROWS, FAR_WIDTH = 2**24 + 1024, 33


def far_rows():
    rows = np.zeros((FAR_ROWS, FAR_WIDTH), np.float32)
    assert rows.nbytes > 2**31
    rows[-1] = np.arange(FAR_WIDTH)
    return rows


def test_rows_beyond_two_gigabytes_are_read():
    case = Case(np.ones((2, 1), bool), "float32", FAR_WIDTH)
    case.D, case.indices = far_rows(), np.full(2, FAR_ROWS - 1, np.int32)
    case.input_bias[:] = 0
    expected = np.outer(case.weights, case.D[-1])
    gradient = case.X @ case.D[-1]
    assert_close(case.pull_back(), expected)
    before = case.weights.copy()
    case.moments[0][:] = 0
    DX, weights, _ = case.backward("plain")
    assert_close(DX, expected)
    assert_close(weights, before - 0.1 * (gradient + 0.01 * before), factor=5)


def test_rows_beyond_two_gigabytes_are_written():
    n_tiles = FAR_ROWS // 1024
    Z, X = far_rows(), np.arange(1, FAR_WIDTH + 1, dtype=np.float32)[None]
    indptr, indices = np.array([0, 1]), np.array([FAR_ROWS - 1], np.int32)
    starts = np.empty(n_tiles + 1, np.int64)
    kernels.tile_starts(indptr, indices, FAR_ROWS, n_tiles, starts)
    weights, bias = np.full(1, 3, np.float32), np.ones(FAR_ROWS, np.float32)
    one = np.float32(1)
    args = (starts, indices, weights, bias, one, X, Z)
    kernels.forward(n_tiles - 1, n_tiles, *args)
    assert np.array_equal(Z[-1], 3 * X[0] + 1)
    assert (Z[-1024:-1] == 1).all()
    assert not Z[-1025].any()


@dtypes
@widths
@pytest.mark.parametrize("slope", [0.0, 0.25])
def test_bend_multiplies_deltas_where_outputs_are_not_positive(dtype, width, slope):
    rng = np.random.default_rng(0)
    Z, D = rng.standard_normal((2, 5, width)).astype(dtype)
    Z[:, 0] = 0
    out = np.full_like(D, 7)
    kernels.bend(1, 4, Z, D, out.dtype.type(slope), out)
    expected = D * reference.leaky_derivative(Z, slope)
    np.testing.assert_array_equal(out[1:4], expected[1:4].astype(dtype))
    assert (out[[0, 4]] == 7).all()
