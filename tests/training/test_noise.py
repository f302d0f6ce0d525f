from dataclasses import FrozenInstanceError
from itertools import combinations

import numpy as np
import pytest
from model.cases import (
    OUTPUTS,
    assert_same_network,
    epochs,
    problem,
    sparse_network,
    training,
)
from reference import DenseNet
from scipy import sparse, stats

import skset.training.noise as module
from skset import kernels
from skset.model import Reconstruction, Samples
from skset.training import GaussianNoise

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
seeds = pytest.mark.parametrize("seed", [None, 5], ids=["fresh", "seeded"])
UNITS = [6, 8, 6]


def added(noise, rows, n_features=6, dtype="float64", rng=None, to=0.0):
    """Return what is added to a batch, of shape (rows, features)."""
    source = source_of(noise, (n_features, len(rows)), dtype, rng)
    return added_by(source, rows, n_features, dtype, to)


def source_of(noise, shape=(6, 7), dtype="float64", rng=None):
    return noise.source(shape, rng or np.random.default_rng(0), np.dtype(dtype))


def added_by(source, rows, n_features=6, dtype="float64", to=0.0):
    A = np.full((n_features, len(rows)), to, dtype)
    source.add(A, np.asarray(rows))
    assert A.dtype == dtype
    return A.T - A.dtype.type(to)


@dtypes
@seeds
@pytest.mark.parametrize("scale", [0.2, 3.0])
def test_mean_and_deviation(scale, seed, dtype):
    values = added(GaussianNoise(scale, seed), range(2000), 50, dtype) / scale
    assert values.mean() == pytest.approx(0, abs=0.02)
    assert values.std() == pytest.approx(1, abs=0.01)
    assert (values**4).mean() == pytest.approx(3, abs=0.15)
    # Neither samples nor features share theirs.
    assert np.abs(values.mean(axis=0)).max() < 5 / np.sqrt(2000)
    assert np.abs(values.mean(axis=1)).max() < 6 / np.sqrt(50)
    assert np.abs(np.corrcoef(values[:, :5].T) - np.eye(5)).max() < 0.12


@dtypes
@seeds
def test_it_is_added(seed, dtype):
    noise = GaussianNoise(0.5, seed)
    np.testing.assert_allclose(
        added(noise, range(7), dtype=dtype, to=3.0),
        added(noise, range(7), dtype=dtype),
        atol=1e-6,
    )


@dtypes
@seeds
def test_a_scale_of_0_adds_nothing(seed, dtype):
    assert not added(GaussianNoise(0.0, seed), range(7), dtype=dtype).any()


def test_fresh_noise_is_new_in_every_call():
    source = source_of(GaussianNoise(1.0))
    calls = [added_by(source, range(7)) for _ in range(5)]
    for one, two in combinations(calls, 2):
        assert not np.isin(one, two).any()


def test_fresh_noise_is_new_in_every_source():
    rng = np.random.default_rng(0)
    first, second = (added(GaussianNoise(1.0), range(7), rng=rng) for _ in range(2))
    assert not np.isin(first, second).any()


@pytest.mark.parametrize(
    ("n_values", "size"),
    [
        (1, 2**16),
        (2**12, 2**16),
        (5000, 80_000),
        (2**16 - 1, 2**20 - 16),
        (2**16, 2**20),
        (2**40, 2**20),
    ],
)
@dtypes
def test_fresh_noise_is_cut_from_a_normal_pool(n_values, size, dtype):
    pool = source_of(GaussianNoise(0.5), (n_values, 1), dtype).pool
    assert (pool.shape, pool.dtype) == ((size,), dtype)
    assert np.unique(pool).size > (0.9 if dtype == "float32" else 0.9999) * size
    assert stats.kstest(pool[:50_000] / 0.5, "norm").pvalue > 0.001
    # Neighbours have nothing in common.
    for lag in (1, 2, 100):
        assert abs(np.corrcoef(pool[lag:], pool[:-lag])[0, 1]) < 4.5 / np.sqrt(size)


@dtypes
def test_every_input_gets_a_random_piece_of_the_pool(dtype, monkeypatch):
    """All places are equally likely, the first and the last too, in every call."""
    monkeypatch.setattr(module, "POOL_SIZES", (26, 26))
    source = source_of(GaussianNoise(1.0), dtype=dtype)
    pool = source.pool.copy()
    pieces = np.lib.stride_tricks.sliding_window_view(pool, 7)
    assert np.unique(pool).size == 26
    places = np.array(
        [
            places_in(pool, added_by(source, range(7), 6, dtype).T, pieces)
            for _ in range(1000)
        ]
    )
    assert np.array_equal(source.pool, pool)
    counts = np.bincount(places.ravel(), minlength=20)
    assert counts.size == 20
    assert 0.001 < stats.chisquare(counts).pvalue < 0.999
    # Neither another input's place nor that of the last call tells anything.
    for one, two in [(places[:, 0], places[:, 1]), (places[:-1, 0], places[1:, 0])]:
        table = np.histogram2d(one, two, bins=5, range=[(0, 20)] * 2)[0]
        assert stats.chi2_contingency(table).pvalue > 0.001


def places_in(pool, noise, pieces):
    """Return where in the pool the noise (n_inputs, batch) is from."""
    places = [int(np.flatnonzero(pool == values[0])[0]) for values in noise]
    assert np.array_equal(pieces[places], noise)
    return places


@dtypes
@pytest.mark.parametrize("width", [25, 26])
def test_a_batch_may_be_as_wide_as_the_pool(width, dtype, monkeypatch):
    monkeypatch.setattr(module, "POOL_SIZES", (26, 26))
    source = source_of(GaussianNoise(1.0), dtype=dtype)
    noise = added_by(source, range(width), 30, dtype).T
    pieces = np.lib.stride_tricks.sliding_window_view(source.pool, width)
    places = places_in(source.pool, noise, pieces)
    assert set(places) == set(range(27 - width))


def test_a_batch_may_be_wider_than_the_pool(monkeypatch):
    interpreted = getattr(kernels.add_slices, "py_func", kernels.add_slices)
    monkeypatch.setattr(kernels, "add_slices", interpreted)  # which checks bounds
    monkeypatch.setattr(module, "POOL_SIZES", (1 << 6, 1 << 10))
    noise = added(GaussianNoise(0.5), range(3000), 20)
    assert noise.std() == pytest.approx(0.5, rel=0.1)


def test_fresh_noise_is_decided_by_the_generator():
    one, same, other = (
        added(GaussianNoise(1.0), range(7), rng=np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.isin(one, other).any()


@dtypes
def test_seeded_noise_belongs_to_the_row(dtype):
    noise = GaussianNoise(0.7, 5)
    whole = added(noise, range(30), dtype=dtype)
    assert np.unique(whole).size == whole.size
    for rows in ([3], [29, 0, 7], [4, 4, 11], range(10, 30)):
        # Whatever generator, batch size and batch come.
        generator = np.random.default_rng(len(rows))
        before = generator.bit_generator.state
        part = added(noise, rows, dtype=dtype, rng=generator)
        assert np.array_equal(part, whole[list(rows)])
        assert generator.bit_generator.state == before
    source = source_of(noise, dtype=dtype)
    for rows in ([3], [29, 0, 7], [3]):
        assert np.array_equal(added_by(source, rows, dtype=dtype), whole[rows])
    for other in (0, 6):
        another = added(GaussianNoise(0.7, other), range(30), dtype=dtype)
        assert not np.isin(another, whole).any()


def test_a_seed_of_0_is_a_seed():
    noise = GaussianNoise(1.0, 0)
    one, two = (
        added(noise, range(3), rng=np.random.default_rng(seed)) for seed in (1, 2)
    )
    assert np.array_equal(one, two)


def test_it_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        GaussianNoise(0.2).scale = 0.3


# In training


class Recorder(GaussianNoise):
    """Notes the arguments of source, and what was added to each sample, by call."""

    def source(self, *args):
        self.sources.append(args)
        source = super().source(*args)
        add = source.add

        def noted(A, rows):
            before = A.copy()
            add(A, rows)
            self.calls.append(dict(zip(rows.tolist(), (A - before).T, strict=True)))

        source.add = noted
        return source


def recorder(scale, seed):
    noise = Recorder(scale, seed)
    object.__setattr__(noise, "calls", [])
    object.__setattr__(noise, "sources", [])
    return noise


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_step_sees_noisy_inputs_and_clean_targets(output):
    """One plain step is the gradient at the noisy inputs."""
    network = sparse_network([6, 8, 3], output=output)
    X, y, Y = problem(output)
    assert_step_is_at_noisy_inputs(network, Samples(X, y), X, Y)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_a_reconstruction_is_that_of_the_clean_inputs(form):
    network = sparse_network(UNITS, output="identity")
    X = problem("identity")[0]
    assert_step_is_at_noisy_inputs(network, Reconstruction(form(X)), X, X)


def assert_step_is_at_noisy_inputs(network, samples, X, Y):
    noise = recorder(0.5, None)
    trained, (loss,) = epochs(1, network, samples, noise=noise)
    noisy = X + np.array([noise.calls[0][s] for s in range(len(X))])
    assert np.abs(noisy - X).max() > 0.5
    net = DenseNet(network)
    assert loss == pytest.approx(net.loss(noisy, Y), rel=1e-12)
    of_W, of_b = net.gradients(noisy, Y)
    for before, after, W, b, mask in zip(
        network.layers, trained.layers, of_W, of_b, net.masks, strict=True
    ):
        moved = before.weights - after.weights
        np.testing.assert_allclose(moved, 0.1 * W[mask], atol=1e-12)
        np.testing.assert_allclose(before.bias - after.bias, 0.1 * b, atol=1e-12)


@seeds
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_enormous_noise_does_not_reach_the_targets(form, seed):
    network = sparse_network(UNITS, output="identity")
    for layer in network.layers:
        layer.weights[:] = layer.bias[:] = 0  # predicts 0 whatever comes in
    X = problem("identity")[0]
    noise = GaussianNoise(1e6, seed)
    _, (loss,) = epochs(1, network, Reconstruction(form(X)), noise=noise)
    assert loss == pytest.approx((X**2).mean() / 2, rel=1e-12)


@dtypes
@seeds
def test_a_training_has_one_source_for_batches_of_every_width(seed, dtype):
    X = problem("identity", dtype=dtype)[0]
    network = sparse_network(UNITS, output="identity", dtype=dtype)
    noise = recorder(0.2, seed)
    with training(network, Reconstruction(X), batch_size=10, noise=noise) as running:
        source = running.rule._noise
        pool = getattr(source, "pool", None)
        before = None if pool is None else pool.copy()
        for _ in range(2):
            next(running)
    assert set(running.rule._workspaces) == {10, 3}
    assert running.rule._noise is source
    assert noise.sources == [((6, 10), running.state.rng, np.dtype(dtype))]
    assert [len(call) for call in noise.calls] == [10, 10, 3] * 2
    assert (pool is None) == (seed is not None)
    if pool is not None:
        assert (source.pool is pool, pool.dtype) == (True, dtype)
        assert np.array_equal(pool, before)  # and nothing is written into it


def test_a_training_without_noise_has_no_source():
    X = problem("identity")[0]
    with training(sparse_network(UNITS, output="identity"), Reconstruction(X)) as one:
        assert one.rule._noise is None
        untouched = np.random.default_rng(0).bit_generator.state
        assert one.state.rng.bit_generator.state == untouched  # and draws nothing


@seeds
def test_epochs_share_the_noise_of_a_sample_only_if_it_is_seeded(seed):
    noise = recorder(0.5, seed)
    X = problem("identity")[0]
    network = sparse_network(UNITS, output="identity")
    epochs(3, network, Reconstruction(X), noise=noise, batch_size=10, shuffle=True)
    assert [len(call) for call in noise.calls] == [10, 10, 3] * 3
    by_epoch = []
    for epoch in range(3):
        a, b, c = noise.calls[3 * epoch : 3 * epoch + 3]
        values = a | b | c
        by_epoch.append(np.array([values[s] for s in range(len(X))]))
    for one, two in [(0, 1), (0, 2), (1, 2)]:
        equal = np.isclose(by_epoch[one], by_epoch[two], atol=1e-12, rtol=0)
        assert equal.all() if seed is not None else not equal.any()
    assert by_epoch[0].std() == pytest.approx(0.5, rel=0.2)


@seeds
def test_the_seed_of_the_training_decides_every_bit(seed):
    X = problem("identity")[0]
    X[np.abs(X) < 0.5] = 0
    network = sparse_network(UNITS, output="identity")

    def trained(X, seed_of_training, n_threads=1):
        return epochs(
            3,
            network,
            Reconstruction(X),
            noise=GaussianNoise(0.5, seed),
            batch_size=5,
            shuffle=True,
            dropout=0.2,
            n_threads=n_threads,
            seed=seed_of_training,
        )

    one, losses = trained(X, 0)
    for same in (trained(X, 0), trained(sparse.csr_array(X), 0), trained(X, 0, 2)):
        assert same[1] == losses
        assert_same_network(one, same[0])
    assert trained(X, 1)[1] != losses


@seeds
def test_noise_of_scale_0_changes_no_bit(seed):
    X = problem("identity")[0]
    network, samples = sparse_network(UNITS, output="identity"), Reconstruction(X)
    without, losses = epochs(3, network, samples)
    for scale, same in [(0.0, True), (0.1, False)]:
        noise = GaussianNoise(scale, seed)
        other, other_losses = epochs(3, network, samples, noise=noise)
        assert (other_losses == losses) == same
        if same:
            assert_same_network(without, other)
