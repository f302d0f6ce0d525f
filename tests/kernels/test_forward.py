"""Forward by output and forward of one sample give the bits of any other forward."""

import numpy as np
import pytest
import reference
from reference import assert_close

from skset import kernels


def full_and_empty_units():
    mask = np.random.default_rng(0).random((40, 13)) < 0.5
    mask[:, [0, -1]] = mask[[0, -1]] = False
    mask[:, 5] = True
    return mask


MASKS = {
    "no connection": np.zeros((3, 2), bool),
    "one unit each": np.ones((1, 1), bool),
    "full and empty units": full_and_empty_units(),
    "wide": np.ones((2, 21), bool),
    "tall": np.ones((90, 2), bool),
}
masks = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


class Case:
    """A layer with random numbers, and its connections in both orders."""

    def __init__(self, mask, dtype, width, zeros=0.0):
        rng = np.random.default_rng(1)
        self.mask, self.dtype = mask, np.dtype(dtype)
        self.indptr, self.indices = reference.by_input(mask)
        self.weights = rng.standard_normal(self.indices.size).astype(dtype)
        self.bias = rng.standard_normal(mask.shape[1]).astype(dtype)
        self.X = rng.standard_normal((mask.shape[0], width)).astype(dtype)
        self.X[rng.random(self.X.shape) < zeros] = 0
        self.Z = np.full((mask.shape[1], width), 77, dtype)

    def forward(self, X, slope=1.0, n_tiles=1):
        """Return the outputs for the inputs X, with the connections input by input."""
        n_in, n_out = self.mask.shape
        Z, starts = np.full((n_out, X.shape[1]), 77, self.dtype), self.indptr
        if n_tiles > 1:
            starts = np.empty(n_in * n_tiles + 1, np.int64)
            kernels.tile_starts(self.indptr, self.indices, n_out, n_tiles, starts)
        pattern = starts, self.indices, self.weights, self.bias
        kernels.forward(0, n_tiles, *pattern, self.dtype.type(slope), X, Z)
        return Z

    def by_output(self):
        """Return starts, inputs and weights, output by output."""
        starts = np.append(0, self.mask.sum(axis=0).cumsum())
        inputs = np.zeros(self.indices.size + kernels.AHEAD, np.int32)
        weights = np.empty_like(self.weights)
        pattern = self.indptr, self.indices, self.weights
        kernels.by_output(*pattern, starts[:-1].copy(), inputs, weights)
        for array in (starts, inputs, weights):
            array.flags.writeable = False
        return starts, inputs, weights

    def forward_by_output(self, slope=1.0, start=0, stop=None):
        stop = self.bias.size if stop is None else stop
        numbers = self.bias, self.dtype.type(slope), self.X, self.Z
        kernels.forward_by_output(start, stop, *self.by_output(), *numbers)
        return self.Z


@masks
def test_connections_are_sorted_by_output(mask):
    case = Case(mask, "float32", 1)
    starts, inputs, weights = case.by_output()
    dense = reference.dense(mask, case.weights)
    assert np.array_equal(starts[1:], mask.sum(axis=0).cumsum())
    assert np.array_equal(inputs[: weights.size], np.nonzero(mask.T)[1])
    assert np.array_equal(weights, dense.T[mask.T])
    assert not inputs[weights.size :].any()


@masks
@dtypes
@pytest.mark.parametrize("slope", [0.0, 0.3, -0.6, 1.0])
def test_it_is_the_dense_product_with_the_bits_of_forward(mask, dtype, slope):
    case = Case(mask, dtype, 96)
    given = case.X.copy(), case.weights.copy(), case.bias.copy()
    Z = case.forward_by_output(slope)
    sums = reference.dense(mask, case.weights).T @ case.X + case.bias[:, None]
    assert_close(Z, np.where(sums > 0, sums, slope * sums))
    assert np.array_equal(Z, case.forward(case.X, slope))
    for before, after in zip(given, (case.X, case.weights, case.bias), strict=True):
        assert np.array_equal(before, after)


@dtypes
@pytest.mark.parametrize("width", range(32, 257, 32))
def test_every_width_gives_each_sample_the_same_bits(dtype, width):
    case = Case(MASKS["full and empty units"], dtype, width, zeros=0.5)
    Z = case.forward_by_output(0.3)
    assert np.array_equal(Z, case.forward(case.X, 0.3))
    for b in {0, width // 2, width - 1}:
        alone = case.forward(np.ascontiguousarray(case.X[:, b : b + 1]), 0.3)
        assert np.array_equal(Z[:, b : b + 1], alone)


@dtypes
@pytest.mark.parametrize("n_tiles", [1, 3])
@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_one_sample_gets_the_bits_that_it_gets_beside_another(slope, n_tiles, dtype):
    case = Case(MASKS["full and empty units"], dtype, 2, zeros=0.5)
    expected = case.forward(case.X, slope, n_tiles)
    for b in range(2):
        alone = case.forward(np.ascontiguousarray(case.X[:, b : b + 1]), slope, n_tiles)
        assert np.array_equal(alone, expected[:, b : b + 1])


@dtypes
def test_one_sample_that_is_nan_or_infinite(dtype):
    case = Case(MASKS["tall"], dtype, 1)
    case.bias[:] = [-np.inf, np.inf]
    assert case.forward(case.X, 0.0).tolist() == [[0], [np.inf]]
    case.X[8] = np.nan
    assert np.isnan(case.forward(case.X, 0.0)).all()


@dtypes
@pytest.mark.parametrize("width", [32, 64, 96])
def test_it_writes_only_its_own_rows(dtype, width):
    case = Case(MASKS["full and empty units"], dtype, width)
    Z = case.forward_by_output(start=3, stop=9)
    assert np.array_equal(Z[3:9], case.forward(case.X)[3:9])
    assert (np.delete(Z, range(3, 9), axis=0) == 77).all()


@dtypes
@pytest.mark.parametrize("width", [32, 64])
def test_nan_stays_nan_and_infinite_sums_are_bent(dtype, width):
    case = Case(MASKS["tall"], dtype, width)
    case.bias[:] = [-np.inf, np.inf]
    for Z in (case.forward(case.X, 0.0), case.forward_by_output(0.0)):
        assert (Z[0] == 0).all()
        assert (Z[1] == np.inf).all()
    case.bias[:] = 0
    case.X[8, width - 1] = np.nan
    for Z in (case.forward(case.X, 0.0), case.forward_by_output(0.0)):
        assert np.isnan(Z[:, -1]).all()
        assert np.isfinite(Z[:, :-1]).all()
