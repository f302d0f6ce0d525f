"""The training loop: epochs, threads, when it evolves, and how it diverges."""

from dataclasses import replace
from itertools import chain, islice

import numpy as np
import pytest
from interrupts import await_begin, await_end, helpers
from model.cases import (
    assert_same_network,
    epochs,
    problem,
    samples_of,
    sparse_network,
    steps_before_evolutions,
    training,
)
from reference import DenseNet, assert_canonical
from training.cases import UNITS, evolution_of, nnz, positions

from skset.model import Samples, StreamedSamples
from skset.runtime import helper, team
from skset.strategies import DROPS, GROWS, METHODS
from skset.training import SGD, Adam, LearningRate, StoppedError

SET = evolution_of(zeta=0.4)


# An epoch


def test_an_epoch_takes_every_sample_once_and_the_remainder_too():
    X, y, Y = problem("softmax")
    network = sparse_network(UNITS)
    net = DenseNet(network)
    losses = []
    for start in (0, 10, 20):
        batch = slice(start, start + 10)
        losses.append(net.loss(X[batch], Y[batch], alpha=0.5) * len(X[batch]))
        of_W, of_b = net.gradients(X[batch], Y[batch], alpha=0.5)
        for p, g in zip(net.W + net.b, of_W + of_b, strict=True):
            p -= 0.1 * g
    trained, (loss,) = epochs(1, network, Samples(X, y), batch_size=10, alpha=0.5)
    assert loss == pytest.approx(sum(losses) / 23, rel=1e-12)
    for layer, W, b, mask in zip(trained.layers, net.W, net.b, net.masks, strict=True):
        np.testing.assert_allclose(layer.weights, W[mask], atol=1e-12)
        np.testing.assert_allclose(layer.bias, b, atol=1e-12)


def test_the_mean_loss_weighs_batches_by_their_samples_weights():
    X, y, Y = problem("softmax")
    weight = np.r_[np.zeros(10), np.full(10, 3.0), np.ones(3)]
    network = sparse_network(UNITS)
    _, (loss,) = epochs(
        1, network, Samples(X, y, weight), batch_size=10, learning_rate=0.0
    )
    assert loss == pytest.approx(DenseNet(network).loss(X, Y, weight), rel=1e-12)


def test_shuffling_takes_another_order_in_each_epoch():
    class Recorder(Samples):
        def gather(self, rows, out):
            seen.append(rows.tolist())
            super().gather(rows, out)

    X, y, _ = problem("softmax")
    seen = []
    network = sparse_network(UNITS)
    epochs(2, network, Recorder(X, y), batch_size=10, shuffle=True)
    assert [len(rows) for rows in seen] == [10, 10, 3] * 2
    first, second = [*chain(*seen[:3])], [*chain(*seen[3:])]
    assert sorted(first) == sorted(second) == list(range(23))
    assert first != second != list(range(23)) != first
    seen.clear()
    epochs(1, network, Recorder(X, y), batch_size=10)
    assert [*chain(*seen)] == list(range(23))


def test_progress_and_learning_rate():
    rate = LearningRate(0.1, "cosine")
    network, samples = sparse_network(UNITS), samples_of("softmax")
    with training(
        network, samples, learning_rate=rate, batch_size=10, max_epochs=4
    ) as running:
        rates = []
        for _ in range(4):
            next(running)
            rates.append(rate.now)
    assert (running.state.steps, running.state.epochs) == (12, 4)
    assert running.state.samples == 92
    expected = [0.05 * (1 + np.cos(np.pi * (3 * e - 1) / 12)) for e in range(1, 5)]
    assert rates == pytest.approx(expected)


@pytest.mark.parametrize("optimiser", [SGD(), Adam()], ids=str)
def test_a_training_can_go_on_where_another_ended(optimiser):
    network, samples = sparse_network(UNITS), samples_of("softmax")
    whole, losses = epochs(4, network, samples, optimiser=optimiser)
    with training(network, samples, optimiser=optimiser) as first:
        begun = [next(first), next(first)]
    network, given = first.state.network, {"state": replace(first.state)}
    with training(network, samples, optimiser=optimiser, **given) as second:
        begun += [next(second), next(second)]
    assert begun == losses
    assert_same_network(whole, second.state.network)


# The seed and the threads


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimiser", [SGD(), Adam()], ids=str)
def test_the_seed_decides_every_bit_for_every_number_of_threads(
    optimiser, dtype, monkeypatch
):
    monkeypatch.setattr(team, "MIN_WORK", 0)
    X, y, _ = problem("softmax", dtype=dtype)
    network = sparse_network(UNITS, dtype=dtype)

    def trained(seed, n_threads):
        return epochs(
            4,
            network,
            Samples(X, y),
            optimiser=optimiser,
            learning_rate=0.01,
            evolution=METHODS["set"].evolution(newborn="init"),
            batch_size=5,
            shuffle=True,
            dropout=0.2,
            alpha=0.1,
            n_threads=n_threads,
            seed=seed,
        )

    one, losses = trained(0, 1)
    for n_threads in (1, 2, 3):
        other, other_losses = trained(0, n_threads)
        assert losses == other_losses
        assert_same_network(one, other)
    assert trained(1, 1)[1] != losses


def test_threads_live_only_inside_the_with_block(monkeypatch):
    monkeypatch.setattr(team, "MIN_WORK", 0)
    monkeypatch.setattr(helper, "IDLE", 1000)  # the end of the block ends them
    running = training(sparse_network(UNITS), samples_of("softmax"), n_threads=2)
    before = helpers()
    with running:
        next(running)
        await_begin(1, before)
    await_end(before)


# When the topology evolves


def patterns(network):
    return [positions(layer) for layer in network.layers]


@pytest.mark.parametrize("optimiser", [SGD(), Adam()], ids=str)
def test_evolution_waits_for_the_next_epoch(optimiser):
    with training(
        sparse_network(UNITS),
        samples_of("softmax"),
        optimiser=optimiser,
        evolution=SET,
        batch_size=5,
    ) as running:
        start = patterns(running.state.network)
        next(running)
        assert patterns(running.state.network) == start
        assert running.state.evolution_due
        seen = [running.state.network]
        for _ in range(3):
            next(running)
            assert patterns(running.state.network) != patterns(seen[-1])
            assert nnz(running.state.network) == nnz(seen[-1])
            for layer in running.state.network.layers:
                assert_canonical(layer.topology)
                assert len(layer.moments) == optimiser.n_moments
            # Newborn at 0, and trained since: nothing is seen as it was born.
            assert running.state.network.layers[-1].weights.all()
            seen.append(running.state.network)


@pytest.mark.parametrize("interval", [1, 2, 3, 7])
def test_update_interval_counts_steps_across_epochs(interval):
    evolution = METHODS["set"].evolution(update_interval=interval)
    with training(
        sparse_network(UNITS), samples_of("softmax"), evolution=evolution, batch_size=5
    ) as running:
        evolved_before = steps_before_evolutions(running, 3)
    # 15 steps; what is due after the last one waits for a further epoch.
    assert evolved_before == [s for s in range(1, 15) if s % interval == 0]
    assert running.state.evolution_due == (15 % interval == 0)


def test_a_training_that_is_told_to_stop_takes_no_further_step():
    def schedule(progress):
        if running.state.steps == 2:
            running.stop()
        return 0.1

    evolution = METHODS["set"].evolution(update_interval=1, zeta_schedule=schedule)
    network, samples = sparse_network(UNITS), samples_of("softmax")
    with training(network, samples, evolution=evolution, batch_size=5) as running:
        for _ in range(2):  # in the midst of an epoch, and before one
            with pytest.raises(StoppedError):
                next(running)
    assert running.state.steps == 2
    assert running.state.epochs == 0


def test_the_schedule_sees_the_share_of_the_training_done():
    seen = []

    def schedule(progress):
        seen.append(progress)
        return 0.1

    evolution = METHODS["set"].evolution(zeta_schedule=schedule)
    network, samples = sparse_network(UNITS), samples_of("softmax")
    epochs(4, network, samples, evolution=evolution, batch_size=5, max_epochs=4)
    assert seen == sorted(seen)
    assert seen == pytest.approx([0.25, 0.5, 0.75])


def test_an_interrupt_among_evolutions_leaves_every_layer_whole():
    calls = []

    def grow(topology, n, rng, signals):
        calls.append(topology)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return topology.free_positions(np.arange(n))

    evolution = METHODS["set"].evolution(grow=grow)
    with training(
        sparse_network(UNITS), samples_of("softmax"), evolution=evolution
    ) as running:
        next(running)
        before = running.state.network.layers
        with pytest.raises(KeyboardInterrupt):
            next(running)
    after = running.state.network.layers
    assert [new is old for new, old in zip(after, before, strict=True)] == [
        False,
        False,
        *[True] * (len(before) - 2),
    ]
    for new, old in zip(after, before, strict=True):
        assert_canonical(new.topology)
        assert new.topology.nnz == old.topology.nnz
        assert {a.size for a in (new.weights, *new.moments)} == {new.topology.nnz}


# Divergence


@pytest.mark.parametrize("output", ["identity", "exp", "softmax"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_divergence_is_an_error_in_its_epoch_and_no_warning(output, dtype):
    X, y, _ = problem(output, dtype=dtype)
    network = sparse_network(UNITS, "relu", output, dtype)
    with (
        training(network, Samples(X, y), learning_rate=1e30) as running,
        pytest.raises(ValueError, match=r"non-finite .* epoch \d") as raised,
    ):
        list(islice(running, 100))  # pytest makes warnings errors
    assert f"epoch {running.state.epochs + 1}." in str(raised.value)
    assert running.state.epochs < 100


def test_a_weight_that_is_not_finite_is_found_after_the_last_step():
    X, y, _ = problem("identity")
    X[22] = 1e100  # the last step has a finite loss, and is far too long
    samples = Samples(X, y, np.r_[np.zeros(22), 1.0])
    network = sparse_network([6, 3], output="identity")
    with (
        training(network, samples, batch_size=22, learning_rate=1e150) as running,
        pytest.raises(ValueError, match="non-finite weights"),
    ):
        next(running)
    assert (running.state.steps, running.state.epochs) == (2, 0)


def test_a_loss_that_is_not_finite_is_found_in_its_step():
    X, y, _ = problem("softmax")
    X[3] = np.inf
    network = sparse_network(UNITS, "relu")
    with (
        training(network, Samples(X, y), batch_size=2) as running,
        pytest.raises(ValueError, match="non-finite loss"),
    ):
        next(running)
    assert running.state.steps == 2


@pytest.mark.parametrize("drop", ["set", "magnitude"])
def test_weights_that_diverge_before_an_evolution_are_no_strange_error(drop):
    evolution = METHODS["set"].evolution(drop=DROPS[drop](), update_interval=1)
    with training(
        sparse_network(UNITS), samples_of("softmax"), evolution=evolution, batch_size=5
    ) as running:
        next(running)
        running.state.network.layers[0].weights[3] = np.nan
        running.state.evolution_due = True
        with pytest.raises(ValueError, match="non-finite weights"):
            next(running)


# Samples that come window by window


class Windows:
    """Yields parts of some samples, of so many rows each, and notes what was asked."""

    def __init__(self, X, y, size):
        self.parts = [
            Samples(X[start : start + size], y[start : start + size])
            for start in range(0, len(X), size)
        ]
        self.asked = []

    def __call__(self, rng, batch_size):
        self.asked.append((rng, batch_size))
        yield from self.parts


@pytest.mark.parametrize("size", [5, 10, 20])
def test_windows_in_order_are_one_set_of_samples(size):
    """The last batch of the last window is smaller."""
    X, y, _ = problem("softmax")
    whole = {"batch_size": 5, "shuffle": False, "evolution": SET}
    windows = Windows(X, y, size)
    stream = StreamedSamples(windows, len(X), Samples(X, y))
    one, losses = epochs(3, sparse_network(UNITS), stream, **whole)
    other, wanted = epochs(3, sparse_network(UNITS), Samples(X, y), **whole)
    assert_same_network(one, other)
    assert losses == wanted
    assert windows.asked == [(None, 5)] * 3


def test_rows_are_shuffled_within_a_window():
    X, y, _ = problem("softmax")
    windows = Windows(X, y, 10)
    stream = StreamedSamples(windows, len(X), Samples(X, y))
    shuffled = {"batch_size": 5, "shuffle": True}
    with training(sparse_network(UNITS), stream, **shuffled) as running:
        next(running)
        [(rng, _)] = windows.asked
        assert rng is running.state.rng
        assert running.state.samples == len(X)
        assert running.state.steps == 5


def test_an_evolution_looks_at_the_samples_at_hand():
    X, y, _ = problem("softmax")
    at_hand = Samples(X[:7], y[:7])
    gathered, gather = [], at_hand.gather

    def noted(rows, out):
        gathered.append(rows)
        gather(rows, out)

    at_hand.gather = noted
    stream = StreamedSamples(Windows(X, y, 10), len(X), at_hand)
    guided = evolution_of(zeta=0.4, grow=GROWS["gradient"]())
    given = {"batch_size": 5, "evolution": guided}
    epochs(2, sparse_network(UNITS), stream, **given)
    assert len(gathered) == 1
    assert gathered[0].max() < 7
