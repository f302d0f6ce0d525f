"""Patterns under random sequences of changes, against a dictionary of positions."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import (
    assert_canonical,
    magnitude_drop,
    mask_of,
    merge,
    set_drop,
    strongest_pairs,
)
from strategies.cases import context_of

from skset.strategies import DROPS, GROWS, ThresholdDrop, bound
from skset.topology import (
    Rewiring,
    Topology,
    carry,
    evolve,
    random_topology,
    strongest,
    topk_pairs,
)

THRESHOLD = 0.5
EVERY_DROP = {name: drop() for name, drop in DROPS.items()}
EVERY_DROP["threshold"] = ThresholdDrop(THRESHOLD)
TWINS = {"set": set_drop, "magnitude": magnitude_drop}
REFUSED = "Positions must be free, different and within a layer"


@dataclass
class State:
    """A topology, numbers aligned with it, and what each position has, by the model."""

    topology: Topology
    weights: np.ndarray
    model: dict

    def check(self):
        topology, model = self.topology, self.model
        assert_canonical(topology)
        assert topology.positions().tolist() == sorted(model)
        assert self.weights.tolist() == [model[p] for p in sorted(model)]
        assert topology.nnz == len(model)
        return self

    def moved(self, rewiring, fill, born=()):
        """Return what a rewiring makes of it, by `carry` and by the model."""
        topology, source = rewiring
        weights = carry(self.weights, source, fill)
        before = self.topology.positions()
        after = topology.positions()
        kept = {int(before[k]): self.model[int(before[k])] for k in source if k >= 0}
        positions, expected = merge(
            [int(before[k]) for k in source if k >= 0],
            [int(k) for k in source if k >= 0],
            [int(p) for p in born],
        )
        assert after.tolist() == positions
        assert source.tolist() == expected
        values = np.broadcast_to(fill, after.shape)[source < 0].tolist()
        model = kept | dict(zip(after[source < 0].tolist(), values, strict=True))
        return State(topology, weights, model).check()


def state_of(topology, rng):
    weights = rng.permutation(np.arange(1.0, topology.nnz + 1)) / (topology.nnz + 1)
    weights *= rng.choice([-1, 1], topology.nnz)
    positions = topology.positions().tolist()
    model = dict(zip(positions, weights.tolist(), strict=True))
    return State(topology, weights, model).check()


@st.composite
def states(draw):
    """Small layers place by place, and wide ones at random."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    if draw(st.integers(0, 5)) == 5:
        shape = draw(st.sampled_from([(300, 5), (5, 300), (70, 90)]))
    nnz = int(draw(st.floats(0, 1)) * shape[0] * shape[1])
    return state_of(random_topology(shape, nnz, rng), rng)


# Changes: each takes a state, a generator and a number in [0, 1], and returns a state.


def evolution(state, rng, share):
    """Drop and grow by strategies of every name, noting what they answer."""
    name, grow_name = rng.choice(list(EVERY_DROP)), rng.choice(list(GROWS))
    drop, grow = EVERY_DROP[name], GROWS[grow_name]()
    context = context_of(state.topology, state.weights, seed=rng.integers(99))
    drop, grow = bound("drop", drop, context), bound("grow", grow, context)
    seen = {"born": []}

    def noted_drop(weights, zeta, rng):
        seen["keep"], seen["zeta"] = drop(weights, zeta, rng), zeta
        return seen["keep"]

    def noted_grow(topology, n, rng):
        seen["born"] = grow(topology, n, rng)
        return seen["born"]

    regrow = rng.random() < 0.8
    rewiring = evolve(
        state.topology,
        state.weights,
        zeta=share,
        drop=noted_drop,
        grow=noted_grow if regrow else None,
        rng=rng,
    )
    if "keep" in seen:
        assert_dropped(name, state.weights, seen["keep"], seen["zeta"])
        assert seen["zeta"] <= share
        kept = np.flatnonzero(seen["keep"])
        assert rewiring.source[rewiring.source >= 0].tolist() == kept.tolist()
    if regrow:
        assert rewiring.topology.nnz == state.topology.nnz
    return state.moved(
        rewiring, rng.standard_normal(rewiring.source.size), seen["born"]
    )


def assert_dropped(name, weights, keep, zeta):
    """Hold that exactly so many go as the rule says, and those of the slow twin."""
    n = weights.size - np.count_nonzero(keep)
    n_negative = np.count_nonzero(weights < 0)
    small = np.count_nonzero(np.abs(weights) < THRESHOLD)
    whole = int(zeta * weights.size)
    expected = {
        "set": int(zeta * n_negative) + int(zeta * (weights.size - n_negative)),
        "threshold": min(small, whole),
    }
    assert n == expected.get(name, whole)
    if name in TWINS and np.unique(np.abs(weights)).size == weights.size:
        assert keep.tolist() == TWINS[name](weights.tolist(), zeta)


def choice(state, rng, share):
    """Keep any connections and grow any free positions: what a user's code may do."""
    keep = rng.random(state.topology.nnz) >= share
    kept, source = state.topology.kept(keep)
    assert source.tolist() == np.flatnonzero(keep).tolist()
    free = np.flatnonzero(~mask_of(kept).ravel())
    born = rng.permutation(free)[: int(share * free.size)]
    rewiring = Rewiring(*state.topology.replaced(keep, np.sort(born)))
    return state.moved(rewiring, share, born)


def no_choice(state, rng, share):
    """Positions that are taken, repeated or outside the layer are refused."""
    topology = state.topology
    free = np.flatnonzero(~mask_of(topology).ravel())
    wrong = [-1, topology.shape[0] * topology.shape[1]]
    wrong += rng.permutation(topology.positions())[:1].tolist()
    born = rng.permutation(free)[: 1 + int(share * free.size)].tolist()
    wrong += born[:1]
    born = np.sort([*born, rng.choice(wrong)])
    with pytest.raises(ValueError, match=REFUSED):
        topology.replaced(np.ones(topology.nnz, bool), born)
    with pytest.raises(ValueError, match=REFUSED):
        Topology.from_positions(topology.shape, [*topology.positions(), *born])
    return state


def addition(state, rng, share):
    """Add positions, some of which exist already."""
    n = state.topology.shape[0] * state.topology.shape[1]
    positions = np.flatnonzero(rng.random(n) < share * 0.3)
    grown = state.topology.with_positions(positions)
    everything = sorted({*state.model, *positions.tolist()})
    assert grown.positions().tolist() == everything
    assert_canonical(grown)
    return state_of(grown, rng)


def restriction(state, rng, share):
    """Remove units, but for one at least."""
    sides = [rng.random(n) >= share * 0.3 for n in state.topology.shape]
    for side in sides:
        side[rng.integers(side.size)] = True
    topology, source = state.topology.restricted(*sides)
    assert_canonical(topology)
    expected = mask_of(state.topology)[np.ix_(*sides)]
    assert np.array_equal(mask_of(topology), expected)
    weights = carry(state.weights, source, 0.0)
    numbers = np.zeros(state.topology.shape)
    numbers[mask_of(state.topology)] = state.weights
    assert weights.tolist() == numbers[np.ix_(*sides)][expected].tolist()
    model = dict(zip(topology.positions().tolist(), weights.tolist(), strict=True))
    return State(topology, weights, model).check()


def selection(state, rng, share):
    """Keep the strongest of two layers."""
    other = state_of(random_topology((4, 3), int(rng.integers(1, 13)), rng), rng)
    layers = [state, other]
    weights = [layer.weights for layer in layers]
    total = sum(w.size for w in weights)
    nnz, least = int(share * total), [int(share * w.size / 2) for w in weights]
    rewirings = strongest([x.topology for x in layers], weights, nnz, least, rng)
    least = [min(max(n, 1), w.size) for n, w in zip(least, weights, strict=True)]
    counts = [r.topology.nnz for r in rewirings]
    assert sum(counts) == max(nnz, sum(least))
    assert all(n >= m for n, m in zip(counts, least, strict=True))
    kept = [layer.moved(r, 0.0) for layer, r in zip(layers, rewirings, strict=True)]
    for before, after in zip(weights, kept, strict=True):
        ranked = np.sort(np.abs(before))[::-1]
        found = np.sort(np.abs(after.weights))[::-1]
        assert found.tolist() == ranked[: found.size].tolist()
    return kept[0]


def look(state, rng, share):
    """Look at it in every way, and change nothing."""
    topology, mask = state.topology, mask_of(state.topology)
    places, flat = np.arange(mask.size), mask.ravel()
    assert topology.n_free == np.count_nonzero(~mask)
    assert topology.fan_in.tolist() == mask.sum(axis=0).tolist()
    assert topology.fan_out.tolist() == mask.sum(axis=1).tolist()
    free = np.flatnonzero(~flat)
    ranks = np.flatnonzero(rng.random(free.size) < share)
    assert topology.free_positions(ranks).tolist() == free[ranks].tolist()
    asked = np.flatnonzero(rng.random(places.size) < share)
    assert topology.has(asked).tolist() == flat[asked].tolist()
    n_tiles = int(rng.integers(1, 9))
    starts = topology.starts(n_tiles)
    cuts = [tile * mask.shape[1] // n_tiles for tile in range(n_tiles + 1)]
    tiles = [row[low:high].sum() for row in mask for low, high in pairwise(cuts)]
    assert np.diff(starts).tolist() == tiles
    shuffled = rng.permutation(topology.positions())
    again = Topology.from_positions(topology.shape, shuffled)
    assert np.array_equal(again.indices, topology.indices)
    assert np.array_equal(again.indptr, topology.indptr)
    numbers = topology.to_csr(state.weights).toarray()
    assert numbers[mask].tolist() == state.weights.tolist()
    return state


def greatest(state, rng, share):
    """Find the free pairs with the greatest scores, as a sort of all finds them."""
    topology = state.topology
    L, R = (rng.standard_normal((n, 3)) for n in topology.shape)
    k = int(share * topology.n_free)
    _, expected = strongest_pairs(L, R, k, mask_of(topology))
    found = topk_pairs(L, R, k, topology, rng)
    assert found.tolist() == expected.tolist()
    return state


CHANGES = [evolution] * 3  # of so many kinds
CHANGES += [choice, no_choice, addition, restriction, selection, look, greatest]
steps = st.lists(
    st.tuples(st.sampled_from(CHANGES), st.integers(0, 2**32 - 1), st.floats(0, 1)),
    max_size=8,
)


@settings(max_examples=250)
@given(states(), steps)
def test_patterns_stay_canonical_whatever_happens_to_them(state, steps):
    for change, seed, share in steps:
        before = [part.copy() for part in parts(state.topology)]
        changed = change(state, np.random.default_rng(seed), share)
        # A topology is never changed: it is replaced.
        for part, old in zip(parts(state.topology), before, strict=True):
            assert np.array_equal(part, old)
        state = changed


def parts(topology):
    return topology.indptr, topology.indices
