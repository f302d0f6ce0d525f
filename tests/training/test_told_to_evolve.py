"""Trainings whose topology evolves only when they are told to."""

import pytest
from model.cases import (
    assert_same_network,
    epochs,
    samples_of,
    sparse_network,
    training,
)
from training.cases import UNITS, evolution_of, nnz, positions

from skset.strategies import ImportancePruning


def begun(**more):
    return training(sparse_network(UNITS), samples_of("softmax"), seed=1, **more)


@pytest.mark.parametrize("interval", [None, 1])
def test_without_being_told_no_connection_changes(interval):
    evolution = evolution_of(update_interval=interval)
    with begun(evolution=evolution, evolves=False, batch_size=5) as running:
        before = [positions(layer) for layer in running.state.network.layers]
        for _ in range(3):
            next(running)
        assert [positions(layer) for layer in running.state.network.layers] == before
        running.evolve()
        now = [positions(layer) for layer in running.state.network.layers]
        assert all(old != new for old, new in zip(before, now, strict=True))


def test_told_before_each_epoch_it_is_as_if_it_were_by_itself():
    usual, losses = epochs(
        4,
        sparse_network(UNITS),
        samples_of("softmax"),
        evolution=evolution_of(),
        batch_size=5,
    )
    told = []
    with training(
        sparse_network(UNITS),
        samples_of("softmax"),
        evolution=evolution_of(),
        batch_size=5,
        evolves=False,
    ) as running:
        for epoch in range(4):
            if epoch:
                running.evolve()
            told.append(next(running))
    assert told == losses
    assert_same_network(running.state.network, usual)


def test_the_share_of_the_training_can_be_given():
    evolution = evolution_of("granet")
    with begun(evolution=evolution, evolves=False) as running:
        next(running)
        before = [positions(layer) for layer in running.state.network.layers]
        running.evolve(share=1.0)  # zeta has fallen to 0
        assert [positions(layer) for layer in running.state.network.layers] == before
        counts = nnz(running.state.network)
        running.evolve(share=0.0)
        assert [positions(layer) for layer in running.state.network.layers] != before
        assert nnz(running.state.network) == counts


def test_steps_of_other_trainings_count_in_the_schedules():
    with begun(evolution=evolution_of(), batch_size=5, max_epochs=10) as running:
        assert running.steps_per_epoch == 5
        running.steps_before = 25
        assert running.share_done == 0.5
        next(running)
        assert running.share_done == 0.6


def test_no_unit_is_removed():
    pruning = ImportancePruning(quantile=0.5, start=0.0)
    with begun(
        unit_pruning=pruning, evolution=evolution_of(), evolves=False
    ) as running:
        for _ in range(3):
            next(running)
        assert running.state.network.n_units == UNITS
        assert running.kept_units is None
