"""A task grows on free places first."""

import numpy as np
import pytest

from skset.strategies import (
    GROWS,
    Context,
    FreeFirstGrow,
    bound,
    needs_of,
    on_free_places,
)
from skset.topology import Topology, random_topology

SHAPE = (12, 10)


def grown(name, kept, taken, n, seed=0):
    """Return positions that a grow finds, and which are free of both."""
    rng = np.random.default_rng(seed)
    grow = FreeFirstGrow(GROWS[name](), (taken,))
    signals = [rng.standard_normal((units, 7)) for units in (12, 10, 10)]
    context = Context(
        inputs=signals[0],
        outputs=signals[1],
        deltas=signals[2],
        topology=kept,
        weights=np.ones(kept.nnz),
        explored=kept,
        recent=(signals[0], signals[2]),
    )
    return np.sort(bound("grow", grow, context)(kept, n, rng))


def patterns(n_taken, n_kept=20):
    rng = np.random.default_rng(1)
    taken = random_topology(SHAPE, n_taken, rng)
    free = rng.permutation(np.setdiff1d(np.arange(120), taken.positions()))
    return taken, Topology.from_positions(SHAPE, free[:n_kept])


@pytest.mark.parametrize("name", sorted(GROWS))
def test_no_taken_place_is_used_while_there_are_free_ones(name):
    taken, kept = patterns(60)
    positions = grown(name, kept, taken, 30)
    assert np.unique(positions).size == 30
    assert not taken.has(positions).any()
    assert not kept.has(positions).any()


@pytest.mark.parametrize("name", sorted(GROWS))
def test_taken_places_make_up_the_rest(name):
    taken, kept = patterns(90)
    positions = grown(name, kept, taken, 30)  # only 10 are free
    assert np.unique(positions).size == 30
    assert np.count_nonzero(taken.has(positions)) == 20
    assert not kept.has(positions).any()


def test_it_asks_for_what_its_strategy_asks_for():
    for make in GROWS.values():
        grow = make()
        asked = needs_of(FreeFirstGrow(grow, ()), "grow")
        assert asked == needs_of(grow, "grow")


@pytest.mark.parametrize(("wanted", "missing"), [(10, 0), (30, 0), (50, 20)])
def test_a_pattern_is_drawn_on_free_places(wanted, missing):
    taken = random_topology(SHAPE, 90, np.random.default_rng(0))
    drawn = random_topology(SHAPE, wanted, np.random.default_rng(1))
    topology, n_missing = on_free_places(drawn, taken, np.random.default_rng(2))
    assert n_missing == missing
    assert topology.nnz == wanted - missing
    assert not taken.has(topology.positions()).any()


def test_a_broken_grow_is_named():
    taken, kept = patterns(60)
    grow = FreeFirstGrow(lambda *_: "here", (taken,))
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="grow must return 3 positions"):
        grow(kept, 3, rng, Context())
