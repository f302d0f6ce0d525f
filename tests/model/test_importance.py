from itertools import islice

import numpy as np
import pytest
import reference
from model.cases import ACTIVATIONS, assert_same_network, problem, sparse_network
from reference import DenseNet, assert_close
from scipy import sparse

import skset.model.greedy_coverage as greedy
import skset.model.importance as module
from skset.model import (
    Reconstruction,
    Samples,
    attribution,
    contributions,
    coverage,
    path_strength,
    reconstruction_paths,
    strength,
)

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
depths = pytest.mark.parametrize("hidden", [[8], [8, 7], [8, 7, 5]], ids=len)
activations = pytest.mark.parametrize("activation", ACTIVATIONS)


def rng():
    return np.random.default_rng(0)


def inputs(**kwargs):
    X = problem("softmax", **kwargs)[0]
    X[np.abs(X) < 0.3] = 0
    return X


# Strengths


@dtypes
@pytest.mark.parametrize("hidden", [[], [8], [8, 7], [8, 7, 5]], ids=len)
@pytest.mark.parametrize("density", [0.15, 0.5, 1])
def test_strength_and_path_strength_are_sums_of_dense_matrices(hidden, density, dtype):
    network = sparse_network([12, *hidden, 3], dtype=dtype, density=density)
    magnitudes = [np.abs(W) for W in DenseNet(network).W]
    paths = np.linalg.multi_dot([*magnitudes, np.ones(3)])
    expected = magnitudes[0].sum(axis=1)
    assert strength(network).dtype == path_strength(network).dtype == np.float64
    assert_close(strength(network), expected, dtype)
    assert_close(path_strength(network), paths, dtype)
    if density < 0.5:  # some inputs lead nowhere, some only to units that do
        assert (expected == 0).any()
        assert (path_strength(network)[expected == 0] == 0).all()
        assert len(hidden) < 2 or ((expected > 0) & (paths == 0)).any()


# Attribution and contributions


@activations
@depths
def test_attribution_is_the_mean_absolute_derivative(activation, hidden):
    network = sparse_network([6, *hidden, 3], activation)
    X = inputs()
    derivatives = np.empty((3, *X.shape))
    for j, direction in enumerate(1e-6 * np.eye(6)):
        up, down = Samples(X + direction), Samples(X - direction)
        change = network.weighted_sums(up) - network.weighted_sums(down)
        derivatives[:, :, j] = change / 2e-6
    expected = np.abs(derivatives).mean(axis=1).sum(axis=0)
    actual = attribution(network, Samples(X), rng())
    assert actual.dtype == np.float64
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-9)


def exact_contributions(network, X):
    products = DenseNet(network).output_gradients(X.astype(float)) * X
    centred = products - products.mean(axis=1, keepdims=True)
    return centred.reshape(-1, X.shape[1]).T


@dtypes
@activations
@depths
def test_contributions_before_projection(activation, hidden, dtype, monkeypatch):
    network = sparse_network([6, *hidden, 3], activation, dtype=dtype)
    X = inputs(dtype=dtype)
    # Every output gets dimensions of its own, one for each sample; the rows are divided
    # by the root of their number.
    blocks = iter((np.sqrt(69) * np.eye(69)).astype(dtype).reshape(3, 23, 69))
    monkeypatch.setattr(module, "MAX_DIMENSIONS", 69)
    monkeypatch.setattr(module, "_signs", lambda *_: next(blocks))
    monkeypatch.setattr(module.blocks, "__defaults__", (4,))  # inputs at a time
    rows = contributions(network, Samples(X), rng())
    assert (rows.shape, rows.dtype) == ((6, 69), dtype)
    assert next(blocks, None) is None
    assert_close(rows, exact_contributions(network, X), dtype, factor=5)


@dtypes
def test_signs_are_random(dtype):
    signs = module._signs((400, 300), rng(), np.dtype(dtype))
    assert (signs.shape, signs.dtype) == ((400, 300), dtype)
    assert np.array_equal(np.unique(signs), [-1, 1])
    assert abs(signs.mean()) < 4 / np.sqrt(signs.size)
    for rows in (signs, signs.T):  # neither rows nor columns know of each other
        cosines = rows @ rows.T / rows.shape[1] - np.eye(len(rows))
        assert np.abs(cosines).max() < 6 / np.sqrt(rows.shape[1])
        assert cosines.std() == pytest.approx(1 / np.sqrt(rows.shape[1]), rel=0.05)


def assert_keeps_lengths_and_angles(rows, exact, dimensions):
    """Hold that inner products are right to 6 standard deviations, and unbiased."""
    lengths = np.linalg.norm(exact, axis=1)
    error = (rows @ rows.T - exact @ exact.T) / np.outer(lengths, lengths)
    assert 1e-3 < np.abs(error).max() < 6 * np.sqrt(2 / dimensions)
    assert np.diag(error).mean() == pytest.approx(0, abs=2 / np.sqrt(dimensions))


def test_projected_contributions_keep_lengths_and_angles():
    network, X = sparse_network([30, 20, 3]), inputs(n_samples=300, n_features=30)
    rows = contributions(network, Samples(X), rng())
    assert rows.shape == (30, 512)
    assert_keeps_lengths_and_angles(rows, exact_contributions(network, X), 512)


@pytest.mark.parametrize(("many", "dimensions"), [(150, 140), (149, 70)])
def test_many_inputs_get_half_as_many_dimensions(many, dimensions, monkeypatch):
    monkeypatch.setattr(module, "MAX_DIMENSIONS", 140)
    monkeypatch.setattr(module, "MANY_INPUTS", many)
    network, X = autoencoder([20], n=150), inputs(n_features=150)
    for rows, exact in [
        (contributions(network, Samples(X), rng()), exact_contributions(network, X)),
        (
            reconstruction_paths(network, Reconstruction(X), rng()),
            exact_paths(network, X),
        ),
    ]:
        assert rows.shape == (150, dimensions)
        assert_keeps_lengths_and_angles(rows, exact, dimensions)


@pytest.mark.parametrize(
    ("max_samples", "max_values", "n"),
    [(1024, 1 << 24, 23), (10, 1 << 24, 10), (1024, 60, 11), (23, 0, 1)],
)
def test_a_batch_is_some_of_the_samples(max_samples, max_values, n, monkeypatch):
    class Recorder(Samples):
        def gather(self, rows, out):
            seen.append(rows.tolist())
            super().gather(rows, out)

    monkeypatch.setattr(module, "MAX_SAMPLES", max_samples)
    monkeypatch.setattr(module, "MAX_VALUES", max_values)
    network, X, seen = sparse_network([6, 8, 3]), inputs(), []
    actual = attribution(network, Recorder(X), rng())
    (rows,) = seen
    assert len(set(rows)) == len(rows) == n
    assert set(rows) <= set(range(23))
    gradients = DenseNet(network).output_gradients(X[rows])
    np.testing.assert_allclose(actual, np.abs(gradients).mean(axis=1).sum(axis=0))
    attribution(network, Recorder(X), np.random.default_rng(1))
    assert (seen[1] == rows) == (n == 23)


# Reconstruction


def autoencoder(hidden, n=10, **kwargs):
    return sparse_network([n, *hidden, n], output="identity", **kwargs)


def exact_paths(network, X):
    net = DenseNet(network)
    product = net.W[0]
    slopes = net.hidden_slopes(X.astype(float))
    for slope, W in zip(slopes, net.W[1:], strict=True):
        product = product @ np.diag(slope.mean(axis=0)) @ W
    np.fill_diagonal(product, 0)
    return product


@dtypes
@activations
@depths
def test_reconstruction_paths_are_products_of_dense_matrices(activation, hidden, dtype):
    network = autoencoder(hidden, activation=activation, dtype=dtype)
    X = inputs(n_features=10, dtype=dtype)
    rows = reconstruction_paths(network, Reconstruction(X), rng())
    assert (type(rows), rows.dtype) == (np.ndarray, dtype)
    assert_close(rows, exact_paths(network, X), dtype, factor=5)


@dtypes
@depths
def test_what_is_projected_has_no_diagonal_either(hidden, dtype, monkeypatch):
    network = autoencoder(hidden, n=150, activation="leaky_relu", dtype=dtype)
    X = inputs(n_features=150, dtype=dtype)
    # In place of signs, the units times what the rows are divided by.
    units = iter((np.sqrt(140) * np.eye(150)).astype(dtype))
    monkeypatch.setattr(module, "MAX_DIMENSIONS", 140)
    monkeypatch.setattr(
        module, "_signs", lambda shape, *_: np.array([*islice(units, shape[1])]).T
    )
    rows = reconstruction_paths(network, Reconstruction(X), rng())
    assert (rows.shape, rows.dtype) == ((150, 140), dtype)
    assert_close(rows, exact_paths(network, X)[:, :140], dtype, factor=20)


@pytest.mark.parametrize("hidden", [[30], [30, 20]], ids=len)
def test_projected_paths_keep_lengths_and_angles(hidden, monkeypatch):
    network = autoencoder(hidden, n=150, density=0.2)
    X = inputs(n_features=150)
    monkeypatch.setattr(module, "MAX_DIMENSIONS", 140)
    rows = reconstruction_paths(network, Reconstruction(X), rng())
    assert rows.shape == (150, 140)
    assert_keeps_lengths_and_angles(rows, exact_paths(network, X), 140)


@dtypes
@pytest.mark.parametrize("max_dimensions", [4, 512])
@pytest.mark.parametrize("rows_of", [attribution, contributions, reconstruction_paths])
def test_sparse_inputs_give_the_same_and_nothing_is_changed(
    rows_of, max_dimensions, dtype, monkeypatch
):
    monkeypatch.setattr(module, "MAX_DIMENSIONS", max_dimensions)
    network = autoencoder([8, 7], dtype=dtype)
    before, X = network.copy(), inputs(n_features=10, dtype=dtype)
    given = X.copy()
    one = rows_of(network, Samples(given), rng())
    assert one.dtype == (float if rows_of is attribution else dtype)
    assert np.array_equal(rows_of(network, Samples(sparse.csr_array(X)), rng()), one)
    assert np.array_equal(given, X)
    assert_same_network(network, before)


# Coverage


def random_rows(shape, seed, dtype="float64"):
    """Return rows that overlap and whose lengths differ."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((3, shape[1]))
    rows = rng.standard_normal(shape) + rng.standard_normal((shape[0], 3)) @ common
    rows *= rng.uniform(0.1, 3, (shape[0], 1))
    return rows.astype(dtype)


def order_of(importance):
    return np.argsort(-importance, kind="stable").tolist()


@dtypes
@pytest.mark.parametrize("shape", [(20, 30), (30, 20), (40, 6), (1, 5), (7, 1)])
@pytest.mark.parametrize("share", [1.0, 0.5, 0.1])
@pytest.mark.parametrize("ridge", [0.003, 0.03, 1.0])
def test_coverage_is_the_naive_one_pick_by_pick(shape, share, ridge, dtype):
    rows = random_rows(shape, 0, dtype)
    before = rows.copy()
    # After the rank, the gains in single precision are rounding errors.
    n_picks = min(*shape, 12) if dtype == "float32" else 40
    importance = coverage(rows, share=share, ridge=ridge, n_picks=n_picks)
    order, gains = reference.coverage(rows, share, ridge, n_picks)
    assert order_of(importance)[:n_picks] == order[:n_picks]
    expected = np.minimum.accumulate(gains[:n_picks])
    rtol = {"float32": 2e-3, "float64": 1e-6}[dtype]
    np.testing.assert_allclose(importance[order[:n_picks]], expected, rtol=rtol)
    assert np.array_equal(rows, before)
    assert importance.dtype == np.float64


CASES = [(1.0, 1, 30, 1), (1.0, 10, 30, 1), (0.5, 3, 30, 1), (0.5, 7, 6, 25)]


@pytest.mark.parametrize(("share", "n_picks", "m", "seed"), CASES)
def test_inputs_that_are_not_picked_come_last(share, n_picks, m, seed):
    rows = random_rows((40, m), seed)
    rows[[4, 9]] = 0
    importance = coverage(rows, share=share, n_picks=n_picks)
    order, gains = reference.coverage(rows, share, greedy.RIDGE, n_picks)
    assert order_of(importance) == order
    assert order[-2:] == [4, 9]
    picked, rest = importance[order[:n_picks]], importance[order[n_picks:-2]]
    assert picked.min() > rest.max() > rest.min() > 0
    scale = min(1, picked[-1] / gains[n_picks])
    assert (scale < 1) == (seed == 25)  # where the greatest gain rises after a pick
    np.testing.assert_allclose(rest, scale * gains[n_picks:-2], rtol=1e-6)


@dtypes
@pytest.mark.parametrize("share", [1.0, 0.5])
@pytest.mark.parametrize("pool", [1, 2, 7])
def test_a_pick_from_a_small_pool_is_nearly_the_best(pool, share, dtype, monkeypatch):
    monkeypatch.setattr(greedy, "MAX_POOL", pool)
    monkeypatch.setattr(module.blocks, "__defaults__", (9,))
    rows = random_rows((40, 30), 4, dtype)
    importance = coverage(rows, share=share)
    order, last = order_of(importance), np.inf
    for k in range(20):
        gains = reference.coverage_gains(rows, order[:k], share, greedy.RIDGE)
        assert gains[order[k]] > 0.9 * greedy.STALE * gains.max()
        last = min(last, gains[order[k]])
        assert importance[order[k]] == pytest.approx(last, rel=2e-3)


@dtypes
@pytest.mark.parametrize(
    "length",
    [1.0, 0.25, 3.0, 0.7],
)
def test_picks_of_equal_gains_get_importances_that_fall(length, dtype):
    importance = coverage(length * np.eye(50, dtype=dtype))
    assert (np.diff(importance) < 0).all()
    expected = length**2 / 1.03
    np.testing.assert_allclose(importance, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "share", "dtype"),
    [
        ((60, 5), 1.0, "float32"),
        ((60, 5), 1.0, "float64"),
        ((60, 5), 0.5, "float32"),
        ((60, 5), 0.5, "float64"),
        ((300, 40), 1.0, "float32"),
        ((300, 40), 1.0, "float64"),
        ((300, 40), 0.5, "float32"),
        ((300, 40), 0.5, "float64"),
    ],
)
def test_importances_fall_from_pick_to_pick_and_are_finite(shape, share, dtype):
    rows = random_rows(shape, 2, dtype)
    rows[::7] = rows[0]  # whose gain rounds to anything once it is taken away
    rows[1::7] = 0
    importance = coverage(rows, share=share)
    assert np.isfinite(importance).all()
    assert (importance >= 0).all()
    assert (importance[1::7] == 0).all()
    assert np.unique(importance[importance > 0]).size == (importance > 0).sum()
    fewer = coverage(rows, share=share, n_picks=5)
    first = order_of(importance)[:5]
    assert order_of(fewer)[:5] == first
    assert np.array_equal(fewer[first], importance[first])
    assert np.delete(fewer, first).max() < fewer[first].min()


@dtypes
@pytest.mark.parametrize("shape", [(5, 3), (1, 1), (1, 4)])
def test_rows_of_zeros_are_worth_0(shape, dtype):
    rows = np.zeros(shape, dtype)
    assert coverage(rows).tolist() == [0] * shape[0]
    rows[-1] = 2  # the gain of a row alone is its squared length, but for the floor
    length = 4 * shape[1]
    expected = length**2 / (length + 0.03 * length)
    assert coverage(rows) == pytest.approx([0] * (shape[0] - 1) + [expected])


@dtypes
def test_of_two_that_do_the_same_one_comes_early_and_the_other_late(dtype):
    rows = np.eye(6, dtype=dtype)[[0, 0, 1, 2, 3, 4]]
    rows *= np.array([[4], [4], [3.5], [3], [2.5], [2]], dtype)
    assert order_of(coverage(rows)) == [0, 2, 3, 4, 5, 1]
    # With a small share what a strong one confirms counts for more than what is new.
    assert order_of(coverage(rows, share=0.1)) == [0, 1, 2, 3, 4, 5]


@dtypes
@pytest.mark.parametrize("exponent", [-60, -40, -20, 20, 40, 60])
def test_the_scale_of_the_rows_changes_no_order(exponent, dtype):
    rows = random_rows((40, 20), 3, dtype)
    importance = coverage(rows)
    scaled = coverage(rows * rows.dtype.type(-(2.0**exponent)))
    np.testing.assert_allclose(scaled, importance * 4.0**exponent, rtol=1e-9)
