"""The last training steps, and the momentum that is their product."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
from model.cases import samples_of, sparse_network, training
from reference import assert_close

from skset.strategies import METHODS
from skset.training import SGD, Adam
from skset.training.momentum import RecentSteps

UNITS = [6, 9, 7, 3]
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def fake_step(rng, shapes, batch, dtype=float):
    """Return layers with random inputs and deltas."""
    return [
        SimpleNamespace(
            inputs=rng.standard_normal((n_in, batch)).astype(dtype),
            deltas=rng.standard_normal((n_out, batch)).astype(dtype),
        )
        for n_in, n_out in shapes
    ]


@dtypes
@pytest.mark.parametrize(("decay", "n_steps"), [(0.5, 4), (0.9, 22), (0.1, 1)])
def test_factors_are_the_decayed_sum_of_the_last_steps(decay, n_steps, dtype):
    """What is older has less than a tenth of its weight left."""
    rng, shapes = np.random.default_rng(0), [(6, 4), (4, 3)]
    batch = RecentSteps.N_SAMPLES // n_steps  # nothing is left out
    recent = RecentSteps(decay)
    steps = [fake_step(rng, shapes, batch, dtype) for _ in range(n_steps + 3)]
    for n, step in enumerate(steps, start=1):
        recent.note(step)
        assert len(recent) == min(n, n_steps)
    assert decay**n_steps <= 0.1 < decay ** (n_steps - 1) or decay == 0.1
    for depth, shape in enumerate(shapes):
        expected = np.zeros(shape)
        for step in steps[-n_steps:]:
            layer = step[depth]
            product = layer.inputs.astype(float) @ layer.deltas.T.astype(float)
            expected = decay * expected + product
        L, R = recent.factors(depth)
        assert L.shape == (shape[0], batch * n_steps)
        assert R.shape == (shape[1], batch * n_steps)
        assert L.dtype == R.dtype == dtype
        assert_close(L @ R.T, expected, dtype, factor=20)


@pytest.mark.parametrize("decay", [1e-9, 0.1, 0.5, 0.9, 0.99, 0.999, 1 - 1e-9])
@pytest.mark.parametrize("batch", [1, 3, 32, 33, 128, 500])
def test_no_more_samples_are_kept_than_are_wanted(decay, batch):
    rng, recent = np.random.default_rng(0), RecentSteps(decay)
    for _ in range(200):
        recent.note(fake_step(rng, [(2, 3)], batch))
    L, R = recent.factors(0)
    assert L.shape[1] == R.shape[1]
    assert 0 < L.shape[1] <= RecentSteps.N_SAMPLES
    assert np.isfinite(L @ R.T).all()


def test_of_large_batches_other_columns_are_kept_from_step_to_step():
    """A Boltzmann machine's have one phase on the left and one on the right."""
    recent = RecentSteps(0.5)  # 4 steps of 32 columns
    columns = np.arange(100.0)[None]
    for _ in range(5):
        recent.note([SimpleNamespace(inputs=columns, deltas=columns)])
    L, R = recent.factors(0)
    kept = [np.arange(start, 100, 4) for start in (1, 2, 3, 0)]
    assert np.array_equal(L[0], np.concatenate(kept))
    ages = np.repeat([3, 2, 1, 0], [len(part) for part in kept])
    np.testing.assert_allclose(R[0], L[0] * 0.5**ages)


def test_what_is_noted_stays_when_its_arrays_are_written_anew():
    recent, step = RecentSteps(0.5), fake_step(np.random.default_rng(0), [(6, 4)], 5)
    before = copy.deepcopy(step)
    recent.note(step)
    step[0].inputs[:] = step[0].deltas[:] = np.nan
    L, R = recent.factors(0)
    assert np.array_equal(L, before[0].inputs)
    assert np.array_equal(R, before[0].deltas)


@pytest.mark.parametrize("activation", ["tanh", "relu", "all_relu"])
@pytest.mark.parametrize(
    "optimiser",
    [SGD(0.5), SGD(0.5, nesterov=False), Adam(beta_1=0.5)],
    ids=str,
)
def test_the_steps_of_a_training_are_the_momentum_of_its_weights(optimiser, activation):
    """Up to a factor: that of existing connections is in the optimiser's state."""
    evolution = METHODS["static"].evolution(grow="momentum")
    network = sparse_network(UNITS, activation)
    given = {"batch_size": 8, "learning_rate": 0.01}
    with training(
        network,
        samples_of("softmax"),
        evolution=evolution,
        optimiser=optimiser,
        **given,
    ) as running:
        next(running)
    recent = running.state.recent_steps
    assert len(recent) == 3
    factor = -100 if isinstance(optimiser, SGD) else 2  # 1 / (1 - beta_1)
    for depth, layer in enumerate(running.state.network.layers):
        L, R = recent.factors(depth)
        rows, columns = layer.topology.in_units, layer.topology.indices
        np.testing.assert_allclose(
            (L @ R.T)[rows, columns], factor * layer.moments[0], atol=1e-12
        )


def test_no_steps_are_kept_unless_they_are_asked_for():
    network, samples = sparse_network(UNITS), samples_of("softmax")
    for grow in ("random", "gradient"):
        evolution = METHODS["set"].evolution(grow=grow)
        with training(network, samples, evolution=evolution) as running:
            next(running)
        assert running.state.recent_steps is None
