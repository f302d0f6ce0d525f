from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from network.cases import (
    OUTPUTS,
    assert_same_network,
    epochs,
    problem,
    sparse_network,
    training,
)
from reference import DenseNet
from scipy import sparse

from skset.network import GaussianNoise, Reconstruction, Samples

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
seeds = pytest.mark.parametrize("seed", [None, 5], ids=["fresh", "seeded"])
UNITS = [6, 8, 6]


def added(noise, rows, n_features=6, dtype="float64", rng=None, to=0.0):
    """Return what is added to a batch, of shape (rows, features)."""
    A = np.full((n_features, len(rows)), to, dtype)
    buffer = np.full_like(A, np.nan)
    noise.add(A, np.asarray(rows), rng or np.random.default_rng(0), buffer)
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
    rng = np.random.default_rng(0)
    first, second = (added(GaussianNoise(1.0), range(7), rng=rng) for _ in range(2))
    assert not np.isin(first, second).any()


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
        generator = np.random.default_rng(len(rows))
        before = generator.bit_generator.state
        part = added(noise, rows, dtype=dtype, rng=generator)
        assert np.array_equal(part, whole[list(rows)])
        assert generator.bit_generator.state == before
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
    """Notes what was added to each sample, call by call."""

    def add(self, A, rows, rng, buffer):
        before = A.copy()
        super().add(A, rows, rng, buffer)
        self.calls.append(dict(zip(rows.tolist(), (A - before).T, strict=True)))


def recorder(scale, seed):
    noise = Recorder(scale, seed)
    object.__setattr__(noise, "calls", [])
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
def test_every_width_of_a_batch_has_its_buffer(dtype):
    X = problem("identity", dtype=dtype)[0]
    network = sparse_network(UNITS, output="identity", dtype=dtype)
    for noise in (None, GaussianNoise(0.2)):
        with training(
            network, Reconstruction(X), batch_size=10, noise=noise
        ) as running:
            next(running)
        assert set(running._workspaces) == {10, 3}
        for width, work in running._workspaces.items():
            if noise is None:
                assert work.noise is None
            else:
                assert (work.noise.shape, work.noise.dtype) == ((6, width), dtype)
                assert not np.shares_memory(work.noise, work.A[0])


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
