"""`Turnover`: new connections and ages, against sets of places."""

from types import SimpleNamespace

import numpy as np
import pytest

from skset.topology import Topology, random_topology
from skset.training import Turnover


def stand_in(topologies, kept_units=None):
    """Return what a turnover looks at: a training whose network has these layers."""
    layers = [SimpleNamespace(topology=topology) for topology in topologies]
    state = SimpleNamespace(network=SimpleNamespace(layers=layers))
    return SimpleNamespace(state=state, kept_units=kept_units)


def of(topology):
    return topology.positions().tolist()


@pytest.mark.parametrize("with_ages", [True, False])
def test_new_connections_and_ages_of_random_patterns(with_ages):
    rng, shape = np.random.default_rng(0), (7, 5)
    training = stand_in([random_topology(shape, 12, rng)])
    turnover = Turnover(training, with_ages)
    ages = dict.fromkeys(of(turnover.topologies[0]), 0)
    for nnz in (12, 10, 0, 3, 35, 20):
        now = random_topology(shape, nnz, rng)
        training.state = stand_in([now]).state
        n_new = len(set(of(now)) - ages.keys())
        assert turnover.note_epoch() == [n_new]
        ages = {place: ages.get(place, 0) + 1 for place in of(now)}
        if with_ages:
            assert turnover.ages[0].tolist() == list(ages.values())
        else:
            assert turnover.ages == []


def test_a_layer_that_is_left_alone_only_ages():
    training = stand_in([random_topology((4, 4), 6, np.random.default_rng(0))])
    turnover = Turnover(training)
    for n in (1, 2, 3):
        assert turnover.note_epoch() == [0]
        assert turnover.ages[0].tolist() == [n] * 6


def test_units_that_are_pruned_take_their_connections_along():
    """The middle one of three hidden units goes, and the last gets its number."""
    first = Topology.from_positions((2, 3), [0, 1, 5])
    second = Topology.from_positions((3, 2), [0, 2, 5])
    training = stand_in([first, second])
    turnover = Turnover(training)
    assert turnover.note_epoch() == [0, 0]
    after = [  # (1, 0) of the first is new, all others live
        Topology.from_positions((2, 2), [0, 2, 3]),
        Topology.from_positions((2, 2), [0, 3]),
    ]
    training.state = stand_in(after).state
    training.kept_units = [np.array([True, False, True])]
    assert turnover.note_epoch() == [1, 0]
    assert [ages.tolist() for ages in turnover.ages] == [[2, 1, 2], [2, 2]]
