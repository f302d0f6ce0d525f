"""Steps by one kernel are the steps layer by layer, and threads change no bit."""

import weakref
from itertools import chain

import numpy as np
import pytest
from model.cases import (
    LOSS_CASES,
    assert_same_network,
    epochs,
    problem,
    sparse_network,
    targets_for,
    training,
)
from reference import assert_close

from skset.kernels import steps as steps_of_kernels
from skset.kernels import whole_steps
from skset.model import Samples
from skset.runtime import team
from skset.strategies import METHODS
from skset.training import SGD, Adam, AdamW, Evolver, backpropagation, plan
from skset.training.moves import Moves, padded_width

UNITS = [6, 11, 8, 3]
OPTIMISERS = [SGD(), SGD(0.5, nesterov=False), Adam(), AdamW()]
SET = METHODS["set"].evolution(zeta=0.3)

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
many_losses = pytest.mark.parametrize(("loss", "output"), LOSS_CASES, ids=str)


@pytest.fixture
def layer_by_layer(monkeypatch):
    """Return a function that trains with Python between the layers."""

    def train(*args, **kwargs):
        with monkeypatch.context() as patched:
            patched.setattr(
                backpropagation.Backpropagation, "_compiles", lambda *_: False
            )
            return epochs(*args, **kwargs)

    return train


@pytest.fixture
def shared(monkeypatch):
    """Let threads share the smallest work."""
    monkeypatch.setattr(team, "MIN_WORK", 0)


def assert_close_networks(a, b, dtype):
    for x, y in zip(a.layers, b.layers, strict=True):
        for one, other in (
            (x.weights, y.weights),
            (x.bias, y.bias),
            *zip(x.moments, y.moments, strict=True),
        ):
            assert_close(one, other, dtype)


def kernels_called(monkeypatch):
    """Return a list that gets the parts of every call of the kernel."""
    calls = []
    together = team.Team.together

    def noting(self, kernel, work, *args):
        calls.append((kernel, args[-2], args[-1].size))
        return together(self, kernel, work, *args)

    monkeypatch.setattr(team.Team, "together", noting)
    return calls


@dtypes
@many_losses
def test_a_step_is_the_one_layer_by_layer(loss, output, dtype, layer_by_layer):
    X, y, _ = problem(targets_for(loss, output), dtype=dtype)
    weight = np.random.default_rng(0).random(len(X)).astype(dtype)
    network = sparse_network(UNITS, "all_relu", output, dtype)
    options = {"loss": loss, "alpha": 0.3, "batch_size": 5, "optimiser": Adam()}
    options |= {"learning_rate": 0.01}
    samples = Samples(X, y, weight)
    one, losses = epochs(2, network, samples, **options)
    other, expected = layer_by_layer(2, network, samples, **options)
    assert_close_networks(one, other, dtype)
    assert losses == pytest.approx(expected, rel=1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=str)
@pytest.mark.parametrize("units", [[6, 3], [6, 9, 3], [6, 5, 7, 5, 4, 3]], ids=str)
def test_any_depth_and_optimiser(units, optimiser, layer_by_layer):
    X, y, _ = problem("softmax", n_samples=40)
    network = sparse_network(units, "leaky_relu")
    options = {"optimiser": optimiser, "batch_size": 8, "learning_rate": 0.02}
    options |= {"alpha": 0.0 if isinstance(optimiser, AdamW) else 0.5}
    one, losses = epochs(3, network, Samples(X, y), **options)
    other, expected = layer_by_layer(3, network, Samples(X, y), **options)
    assert_close_networks(one, other, "float64")
    assert losses == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("width", [1, 2, 3, 4, 7, 8, 9, 16, 31, 32, 33, 70, 200])
@dtypes
def test_any_width_of_a_batch(width, dtype, layer_by_layer):
    X, y, _ = problem("softmax", n_samples=max(width, 5), dtype=dtype)
    network = sparse_network([6, 40, 30, 3], "relu", dtype=dtype)
    options = {"batch_size": width, "learning_rate": 0.01}
    one, _ = epochs(2, network, Samples(X, y), **options)
    other, _ = layer_by_layer(2, network, Samples(X, y), **options)
    assert_close_networks(one, other, dtype)


@pytest.mark.parametrize(
    "evolution", [METHODS["static"].evolution(), SET], ids=["static", "set"]
)
@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_several_steps_in_a_call_are_as_many_calls(
    evolution, n_threads, monkeypatch, shared
):
    X, y, _ = problem("softmax", n_samples=41)
    weight = np.random.default_rng(0).integers(0, 3, 41).astype(float)
    weight[8:12] = 0  # a whole batch
    calls = kernels_called(monkeypatch)

    def trained(most, n_threads):
        monkeypatch.setattr(backpropagation, "MOST_STEPS", most)
        calls.clear()
        found = epochs(
            3,
            sparse_network(UNITS, "relu"),
            Samples(X, y, weight),
            batch_size=4,
            shuffle=True,
            evolution=evolution,
            optimiser=Adam(),
            alpha=0.1,
            n_threads=n_threads,
        )
        return found, [size for *_, size in calls]

    (one, losses), sizes = trained(1, 1)
    assert sizes == [1] * 33
    (other, same), sizes = trained(4, n_threads)
    assert sizes == [4, 4, 2, 1] * 3  # the last batch has one sample
    assert_same_network(one, other)
    assert losses == same


def test_steps_end_where_the_topology_evolves(monkeypatch):
    calls = kernels_called(monkeypatch)
    evolution = METHODS["rigl"].evolution(update_interval=3)
    X, y, _ = problem("softmax", n_samples=40)
    epochs(
        2,
        sparse_network(UNITS, "relu"),
        Samples(X, y),
        batch_size=4,
        evolution=evolution,
    )
    sizes = [size for *_, size in calls]
    assert sum(sizes) == 20
    assert set(np.cumsum(sizes)) >= {3, 6, 9, 10, 12, 15, 18, 20}


def test_what_is_momentum_is_noted_after_every_step(monkeypatch):
    calls = kernels_called(monkeypatch)
    evolution = METHODS["set"].evolution(grow="momentum")
    X, y, _ = problem("softmax", n_samples=40)
    epochs(
        1,
        sparse_network(UNITS, "relu"),
        Samples(X, y),
        batch_size=4,
        optimiser=SGD(),
        evolution=evolution,
    )
    assert [size for *_, size in calls] == [1] * 10


@dtypes
def test_threads_that_share_chunks_change_no_bit(dtype, monkeypatch, shared):
    """With several chunks of connections in a layer, and several tiles."""
    X, y, _ = problem("softmax", n_samples=30, n_features=90, dtype=dtype)
    network = sparse_network([90, 150, 100, 3], "relu", dtype=dtype, density=0.6)
    assert max(layer.topology.nnz for layer in network.layers) > steps_of_kernels.CHUNK
    found = [
        epochs(
            3,
            network,
            Samples(X, y),
            batch_size=7,
            optimiser=Adam(),
            alpha=0.1,
            n_threads=n_threads,
        )
        for n_threads in (1, 2, 3, 7)
    ]
    for other, losses in found[1:]:
        assert_same_network(found[0][0], other)
        assert losses == found[0][1]


@pytest.mark.parametrize(
    "kind", ["float32", "float64", "int64", "columns", "rows", "csr"]
)
def test_any_table_is_gathered(kind, layer_by_layer):
    """By the kernel, cast to the type of the network, if it can be read as it is."""
    from scipy.sparse import csr_array

    X, y, _ = problem("softmax", n_samples=30)
    X = np.round(10 * X)
    given = {
        "columns": lambda: np.asfortranarray(X),
        "rows": lambda: np.repeat(X, 2, axis=0)[::2],
        "csr": lambda: csr_array(X.astype("float32")),
    }.get(kind, lambda: X.astype(kind))()
    network = sparse_network(UNITS, "relu", dtype="float32")
    rows = np.arange(29, 3, -1)
    samples = Samples(given, y[rows], rows=rows, dtype="float32")
    assert samples.source.any() == (kind in ("float32", "float64"))
    options = {"batch_size": 9, "learning_rate": 1e-3}
    one, _ = epochs(2, network, samples, **options)
    other, _ = layer_by_layer(2, network, samples, **options)
    assert_close_networks(one, other, "float32")


@many_losses
def test_python_is_entered_once_or_twice(loss, output, monkeypatch):
    calls = kernels_called(monkeypatch)
    X, y, _ = problem(targets_for(loss, output))
    network = sparse_network(UNITS, "relu", output)
    epochs(1, network, Samples(X, y), loss=loss)
    parts = [part for _, part, _ in calls]
    forward, backward = whole_steps.FORWARD, whole_steps.BACKWARD
    if loss.compiled(output):
        assert parts == [forward + whole_steps.LOSS + backward]
    else:
        assert parts == [forward, backward]


@pytest.mark.parametrize("output", ["softmax", "logistic", "identity"])
def test_with_many_outputs_numpy_computes_the_loss(output, monkeypatch):
    X, y, _ = problem(output)
    network = sparse_network(UNITS, "relu", output)
    calls = kernels_called(monkeypatch)
    one, losses = epochs(2, network, Samples(X, y), alpha=0.1)
    monkeypatch.setattr(plan, "MOST_OUTPUTS", 3 * len(X) - 1)
    other, same = epochs(2, network, Samples(X, y), alpha=0.1)
    assert len(calls) == 2 + 4
    assert_close_networks(one, other, "float64")
    assert losses == pytest.approx(same, rel=1e-12)


@pytest.mark.parametrize("place", [0, 9, 22])
def test_nothing_is_learned_from_a_loss_that_is_not_finite(place):
    X, y, _ = problem("softmax")
    X[place] = np.nan
    network = sparse_network(UNITS, "relu")
    clean = np.arange(place // 2 * 2)
    with (
        training(network, Samples(X, y), batch_size=2) as running,
        pytest.raises(ValueError, match="non-finite loss"),
    ):
        next(running)
    before = network
    if clean.size:
        before, _ = epochs(1, network, Samples(X[clean], y[clean]), batch_size=2)
    assert_same_network(running.state.network, before)


def test_large_work_is_left_to_calls_that_can_be_interrupted(monkeypatch):
    calls = kernels_called(monkeypatch)
    X, y, _ = problem("softmax")
    network = sparse_network(UNITS, "relu")
    one, losses = epochs(2, network, Samples(X, y))
    assert len(calls) == 2
    monkeypatch.setattr(backpropagation, "LARGEST_WORK", network.nnz * len(X) - 1)
    other, same = epochs(2, network, Samples(X, y))
    assert len(calls) == 2
    assert_close_networks(one, other, "float64")
    assert losses == pytest.approx(same, rel=1e-12)


def test_units_of_chunks_cover_all_units_once():
    rng = np.random.default_rng(0)
    size = steps_of_kernels.CHUNK
    for counts in (
        rng.integers(0, 300, 200),
        np.zeros(5, int),
        np.array([0, 3 * size, 0, 0, 1, size, 0]),
        np.full(3, size),
    ):
        indptr = np.r_[0, counts.cumsum()]
        n = getattr(whole_steps.chunks_of, "py_func", whole_steps.chunks_of)(indptr[-1])
        bounds = [
            getattr(
                steps_of_kernels.unit_of_chunk,
                "py_func",
                steps_of_kernels.unit_of_chunk,
            )(chunk, n, indptr)
            for chunk in range(n + 1)
        ]
        assert (bounds[0], bounds[-1]) == (0, counts.size)
        assert bounds == sorted(bounds)
        sizes = np.diff(indptr[bounds])
        assert sizes.max() <= size + counts.max()
        assert list(chain.from_iterable(map(range, bounds, bounds[1:]))) == [
            *range(counts.size)
        ]


@pytest.mark.parametrize(
    ("width", "single", "double"),
    [
        *((1, 1, 1), (3, 4, 4), (5, 5, 5), (6, 8, 8), (9, 9, 9), (12, 16, 16)),
        *((17, 17, 17), (24, 32, 24), (31, 32, 32), (44, 48, 48), (64, 64, 64)),
        (200, 208, 200),
    ],
)
def test_rows_are_padded_to_cache_lines_if_that_is_little(width, single, double):
    assert padded_width(width, 4) == single
    assert padded_width(width, 8) == double


def test_padding_has_no_weight_and_is_not_counted():
    X, y, _ = problem("softmax", n_samples=20)
    rows, weights = np.arange(14).reshape(2, 7), np.full((2, 7), 1 / 7)
    moves = Moves(Samples(X, y), rows, weights, []).padded()
    assert moves.rows.tolist() == [[*range(7), 0], [*range(7, 14), 7]]
    assert moves.weights.tolist() == [[1 / 7] * 7 + [0]] * 2


@dtypes
def test_last_step_shows_no_padding(dtype):
    X, y, _ = problem("softmax", dtype=dtype)
    network = sparse_network(UNITS, "relu", dtype=dtype)
    with training(network, Samples(X, y), batch_size=23) as running:
        next(running)
        signals = running.rule.last_step()
    assert {signal.inputs.shape[1] for signal in signals} == {23}
    assert np.array_equal(signals[0].inputs, X.T)


def test_no_layer_is_kept_while_the_network_evolves(monkeypatch):
    """Else all old layers would exist beside the new ones."""
    X, y, _ = problem("softmax")
    evolve, seen = Evolver.evolve, []

    def noting(self, state, *args):
        old = weakref.ref(state.network.layers[0])
        evolve(self, state, *args)
        seen.append(old())

    monkeypatch.setattr(Evolver, "evolve", noting)
    epochs(3, sparse_network(UNITS, "relu"), Samples(X, y), evolution=SET)
    assert seen == [None, None]
