import numpy as np
import pytest
import reference
from scipy import stats
from strategies.cases import context_of, layer, literal_context

from skset.strategies import (
    GROWS,
    Context,
    CosineGrow,
    GradientGrow,
    GuidedGrow,
    MagnitudeDrop,
    MomentumGrow,
    NeuronGrow,
    RandomGrow,
    UnfiredGrow,
)
from skset.strategies import grow as module
from skset.topology import evolve, is_blind, random_topology

grows = pytest.mark.parametrize("grow", [g() for g in GROWS.values()], ids=GROWS)
SCORED = [GradientGrow, MomentumGrow, NeuronGrow, CosineGrow, GuidedGrow]
scored = pytest.mark.parametrize("grow", SCORED)

# A D' is 1 2 -3 / 0 1 0.
INPUTS, OTHERS = [[1, 2], [0, -1]], [[1, 0], [0, 1], [-3, 0]]


def grown(grow, topology, n, context, seed=0):
    """Return the sorted positions."""
    born = grow(topology, n, np.random.default_rng(seed), context)
    assert born.dtype == np.int64
    assert born.size == np.unique(born).size == n
    assert not topology.has(np.sort(born)).any()
    return np.sort(born).tolist()


def outcomes(grow, topology, n, context, n_seeds=60):
    return {tuple(grown(grow, topology, n, context, seed)) for seed in range(n_seeds)}


def singles(*positions):
    return {(position,) for position in positions}


# What holds for all


@grows
@pytest.mark.parametrize("nnz", [0, 1, 30, 62, 63])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_growth_is_free_different_and_as_many_as_asked_for(grow, nnz, dtype):
    topology = random_topology((9, 7), nnz, np.random.default_rng(0))
    context = context_of(topology, np.ones(nnz, dtype))
    for n in {0, 1, topology.n_free // 2, topology.n_free}:
        if n <= topology.n_free:
            born = grown(grow, topology, n, context)
            assert n == 0 or (born[0] >= 0 and born[-1] < 63)


@grows
def test_nothing_that_is_given_changes(grow):
    topology = random_topology((9, 7), 20, np.random.default_rng(0))
    context = context_of(topology, np.linspace(-1, 1, 20))
    arrays = (
        *(context.inputs, context.outputs, context.deltas, context.weights),
        *(*context.recent, topology.indptr, topology.indices),
    )
    before = [array.tobytes() for array in arrays]
    grown(grow, topology, 9, context)
    assert [array.tobytes() for array in arrays] == before


# At random


def test_random_growth_is_uniform_over_the_free_places():
    topology = layer((4, 5), [0, 7, 8, 19])
    rng = np.random.default_rng(0)
    counts = np.zeros(20, int)
    for _ in range(3000):
        counts[RandomGrow()(topology, 2, rng)] += 1
    free = np.delete(counts, [0, 7, 8, 19])
    assert free.sum() == 6000
    assert stats.chisquare(free).pvalue > 0.001


@pytest.mark.parametrize(
    ("taken", "explored", "n", "expected"),
    [
        # Nobody has been at 4 and 5.
        ([0], [0, 1, 2, 3], 1, singles(4, 5)),
        ([0], [0, 1, 2, 3], 2, {(4, 5)}),
        # One more than there is room for: anywhere else.
        ([0], [0, 1, 2, 3], 3, {(1, 4, 5), (2, 4, 5), (3, 4, 5)}),
        ([0], [0, 1, 2, 3], 5, {(1, 2, 3, 4, 5)}),
        # All have been everywhere.
        ([0, 3], [0, 1, 2, 3, 4, 5], 1, singles(1, 2, 4, 5)),
        # Nothing has been anywhere else.
        ([0, 3], [0, 3], 1, singles(1, 2, 4, 5)),
        ([], [], 1, singles(0, 1, 2, 3, 4, 5)),
    ],
)
def test_random_unfired_grows_where_no_connection_ever_was(
    taken, explored, n, expected
):
    context = Context(explored=layer((2, 3), explored))
    assert outcomes(UnfiredGrow(), layer((2, 3), taken), n, context) == expected


def test_random_unfired_is_uniform_where_no_connection_ever_was():
    topology, rng = layer((3, 4), [0, 5]), np.random.default_rng(0)
    context = Context(explored=layer((3, 4), [0, 1, 2, 5]))
    counts = np.zeros(12, int)
    for _ in range(2000):
        counts[UnfiredGrow()(topology, 3, rng, context)] += 1
    assert stats.chisquare(counts[[3, 4, 6, 7, 8, 9, 10, 11]]).pvalue > 0.001
    assert counts[[0, 1, 2, 5]].sum() == 0


# By the gradient and the momentum


@pytest.mark.parametrize("grow", [GradientGrow(), MomentumGrow(), GuidedGrow(gamma=99)])
@pytest.mark.parametrize(
    ("taken", "n", "expected"),
    [
        ([], 1, {(2,)}),
        ([2], 1, {(1,)}),
        ([2], 2, {(0, 1), (1, 4)}),  # those at 0 and 4 are equal
        ([2], 3, {(0, 1, 4)}),
        ([2], 4, {(0, 1, 3, 4), (0, 1, 4, 5)}),  # 3 and 5 have none: at random
        ([2], 5, {(0, 1, 3, 4, 5)}),
        ([0, 1, 2, 4], 1, singles(3, 5)),
    ],
)
def test_growth_where_the_gradient_is_greatest(grow, taken, n, expected):
    context = literal_context(INPUTS, OTHERS, taken=taken or [5])
    assert outcomes(grow, layer((2, 3), taken), n, context) == expected


def test_momentum_grows_by_the_last_steps_and_not_by_the_sample():
    factors = np.array([[0.0], [1]]), np.array([[0.0], [0], [2]])
    context = literal_context(INPUTS, OTHERS, recent=factors)
    assert grown(MomentumGrow(), layer((2, 3), []), 1, context) == [5]


def test_momentum_grows_at_random_before_the_first_step():
    none_yet = np.empty((2, 0)), np.empty((3, 0))
    context = literal_context(INPUTS, OTHERS, recent=none_yet)
    born = outcomes(MomentumGrow(), layer((2, 3), [2]), 1, context)
    assert born == singles(0, 1, 3, 4, 5)


@pytest.mark.parametrize("grow", [GradientGrow, MomentumGrow, GuidedGrow])
@pytest.mark.parametrize(
    ("share", "n_best"), [(0, 5), (0.19, 5), (0.2, 4), (0.5, 3), (0.99, 1), (1, 0)]
)
def test_a_share_is_grown_at_random(grow, share, n_best):
    A, D = np.zeros((30, 1)), np.arange(20, 0, -1.0)[:, None]
    A[0] = 1  # so that 0, 1, 2, ... are the best, in this order
    context = literal_context(A, D, taken=[599])
    extra = {"gamma": 5000} if grow is GuidedGrow else {}
    grow, topology = grow(random_share=share, **extra), layer((30, 20), [599])
    others = np.zeros(600, int)
    for seed in range(200):
        born = grown(grow, topology, 5, context, seed)
        assert born[:n_best] == list(range(n_best))
        others[born[n_best:]] += 1
    if n_best < 5:
        assert not others[:n_best].any()
        by_input = others[n_best:599].copy()
        by_input.resize(30, 20)
        assert stats.chisquare(by_input[:29].sum(axis=1)).pvalue > 0.001


# By unit importances


@pytest.mark.parametrize(
    ("taken", "n", "expected"),
    [
        # |w g| is 6 at 0 and 2 at 4: inputs are worth 6 and 2, outputs 6, 2 and 0, and
        # pairs 36 12 0 / 12 4 0.
        ([], 1, {(0,)}),  # what was dropped a moment ago may come again
        ([0], 1, singles(1, 3)),
        ([0], 2, {(1, 3)}),
        ([0], 3, {(1, 3, 4)}),
        ([0, 4], 3, {(1, 2, 3), (1, 3, 5)}),
        ([0, 4], 4, {(1, 2, 3, 5)}),
    ],
)
def test_growth_between_important_units(taken, n, expected):
    context = literal_context(
        [[1], [2]], [[3], [1], [5]], taken=[0, 4], weights=np.array([2.0, -1.0])
    )
    assert context.gradients.tolist() == [3, 2]
    assert outcomes(NeuronGrow(), layer((2, 3), taken), n, context) == expected


def test_units_are_important_by_all_their_connections():
    # |w g| is 1 at 0, 1, 2 and 2 at 5, which makes 3 and 2 of the inputs, 1, 1 and 3 of
    # the outputs.
    context = literal_context(
        [[1], [1]],
        [[1], [-1], [1]],
        taken=[0, 1, 2, 5],
        weights=np.array([1.0, 1, -1, -2]),
    )
    topology = layer((2, 3), [0, 1, 2])
    assert grown(NeuronGrow(), topology, 1, context) == [5]
    assert outcomes(NeuronGrow(), topology, 2, context) == {(3, 5), (4, 5)}


# By the likeness of activity

# Cosines with the first input: 0.949, 0.894, 0.316; correlations: 1, 0, -1. The second
# input is silent, and without variation.
ACTIVE = [[3, 1, 3, 1], [0, 0, 0, 0]]
ALIKE = [[1, 0, 1, 0], [5, 5, 5, 5], [0, 1, 0, 1]]


@pytest.mark.parametrize(
    ("centred", "taken", "n", "expected"),
    [
        (False, [], 1, {(0,)}),
        (False, [], 2, {(0, 1)}),
        (False, [], 3, {(0, 1, 2)}),
        (False, [0], 1, {(1,)}),
        (False, [], 4, {(0, 1, 2, 3), (0, 1, 2, 4), (0, 1, 2, 5)}),
        (True, [], 1, {(0,), (2,)}),
        (True, [], 2, {(0, 2)}),
        (True, [0], 1, {(2,)}),
        (True, [], 3, {(0, 1, 2), (0, 2, 3), (0, 2, 4), (0, 2, 5)}),
        (True, [0, 2], 1, singles(1, 3, 4, 5)),
    ],
)
@pytest.mark.parametrize("mode", ["sequential", "simultaneous"])
def test_growth_between_units_that_are_active_alike(centred, taken, n, expected, mode):
    context = literal_context(ACTIVE, ALIKE, taken=taken)
    grow = CosineGrow(centred=centred, mode=mode)
    assert outcomes(grow, layer((2, 3), taken), n, context) == expected


def test_likeness_is_that_of_outputs_and_of_any_size_or_sign():
    context = literal_context([[1, 2], [0, 1]], [[1e-6, 0], [-200, -400], [3, 3]])
    context = literal_context(
        context.inputs, context.outputs, deltas=np.zeros_like(context.deltas)
    )
    for n, expected in [(1, [1]), (2, [1, 2]), (3, [1, 2, 4]), (4, [1, 2, 4, 5])]:
        assert grown(CosineGrow(), layer((2, 3), []), n, context) == expected


@pytest.mark.parametrize(
    ("patience", "longest_stall", "turned"),
    [(40, 0, False), (40, 39, False), (40, 40, True), (40, 77, True), (0, 0, True)],
)
def test_sequential_turns_to_random_growth_once_training_has_stalled(
    patience, longest_stall, turned
):
    context = literal_context(ACTIVE, ALIKE, longest_stall=longest_stall)
    topology = layer((2, 3), [1])
    born = outcomes(CosineGrow(patience=patience), topology, 1, context)
    assert born == (singles(0, 2, 3, 4, 5) if turned else {(0,)})
    born = outcomes(
        CosineGrow(mode="simultaneous", patience=patience), topology, 1, context
    )
    assert born == {(0,)}


@pytest.mark.parametrize(
    ("mode", "n", "expected"),
    [
        # 0 is the best and was dropped a moment ago.
        ("sequential", 1, {(0,)}),
        ("sequential", 2, {(0, 2)}),
        ("simultaneous", 1, singles(0, 2, 3, 4, 5)),
        ("simultaneous", 2, {(0, 2), (2, 3), (2, 4), (2, 5)}),
    ],
)
def test_simultaneous_puts_random_ones_in_the_place_of_what_was_dropped(
    mode, n, expected
):
    context = literal_context(ACTIVE, ALIKE, taken=[0, 1])
    grow = CosineGrow(mode=mode)
    assert outcomes(grow, layer((2, 3), [1]), n, context) == expected


# By candidates


@pytest.mark.parametrize(
    ("rows", "share", "expected"),
    [
        ([[3, 4], [0, 0]], 0.1, [0.95, 0.05]),
        ([[3, 4], [0, 0]], 0.0, [1, 0]),
        ([[3, 4], [0, 0]], 1.0, [0.5, 0.5]),
        ([[3, -4], [0, 15]], 0.0, [0.25, 0.75]),
        ([[3, -4], [0, 15]], 0.5, [0.375, 0.625]),
        ([[0, 0], [0, 0], [0, 0]], 0.1, [1 / 3, 1 / 3, 1 / 3]),
        ([[0, 0], [0, 0]], 0.0, [0.5, 0.5]),
        ([[7, 1]], 0.1, [1]),
    ],
)
def test_candidates_are_drawn_by_the_lengths_of_activity(
    rows, share, expected, monkeypatch
):
    ((_, _, _, _, _, chances, _),) = candidates_asked_for(
        monkeypatch, GuidedGrow(uniform_share=share), rows, rows[::-1], [0], 1
    )
    assert chances[0].tolist() == pytest.approx(expected)
    assert chances[1].tolist() == pytest.approx(expected[::-1])


def candidates_asked_for(monkeypatch, grow, inputs, deltas, taken, n):
    """Return the arguments of each draw of candidates."""
    calls = []

    def best_candidates(*args):
        calls.append(args)
        return np.empty(0, np.int64)

    monkeypatch.setattr(module.patterns, "best_candidates", best_candidates)
    context = literal_context(inputs, deltas, taken=taken)
    topology = layer((len(inputs), len(deltas)), [])
    grow(topology, n, np.random.default_rng(0), context)
    return calls


@pytest.mark.parametrize(
    ("gamma", "n", "expected"),
    [(1.0, 2, 4), (2.5, 2, 10), (0.1, 2, 2), (1.0, 6, 6), (100, 1, 400)],
)
def test_so_many_candidates_for_each_connection_before_the_drop(
    gamma, n, expected, monkeypatch
):
    ((A, D, n_wanted, _, n_candidates, _, _),) = candidates_asked_for(
        monkeypatch, GuidedGrow(gamma=gamma), INPUTS, OTHERS, [0, 1, 2, 4], n
    )
    assert (n_wanted, n_candidates) == (n, expected)
    assert A.tolist() == INPUTS
    assert D.tolist() == OTHERS


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_out", [1, 2, 3])
def test_chances_of_few_units_are_chances(dtype, n_out):
    topology = layer((30, n_out), [0, 2, 3])
    for seed in range(50):
        context = context_of(topology, np.ones(3, dtype), seed=seed)
        assert len(grown(GuidedGrow(), topology, 4, context)) == 4


def test_silent_units_are_candidates_by_the_uniform_share_alone():
    A, D = np.ones((6, 1)), np.ones((5, 1))
    A[2:] = 1e-12
    context = literal_context(A, D, taken=[0])
    topology = layer((6, 5), [])
    alone, mixed = (
        outcomes(GuidedGrow(gamma=1, uniform_share=share), topology, 1, context, 100)
        for share in (0, 0.5)
    )
    assert {position // 5 for (position,) in alone} == {0, 1}
    assert {position // 5 for (position,) in mixed} == {0, 1, 2, 3, 4, 5}


@scored
def test_scored_growth_is_that_of_a_dense_sort(grow):
    topology = random_topology((40, 30), 300, np.random.default_rng(0))
    weights = np.random.default_rng(1).standard_normal(300)
    context = context_of(topology, weights)
    A, B = context.inputs, context.deltas
    if grow is NeuronGrow:
        mask = reference.mask_of(topology)
        shares = reference.dense(mask, np.abs(weights * (A @ B.T)[mask]))
        A, B = shares.sum(axis=1)[:, None], shares.sum(axis=0)[:, None]
    if grow is CosineGrow:
        A, B = (
            rows / np.linalg.norm(rows, axis=1)[:, None]
            for rows in (context.inputs, context.outputs)
        )
    extra = {"gamma": 1000} if grow is GuidedGrow else {}
    kept, _ = topology.kept(np.arange(300) % 3 > 0)
    _, expected = reference.strongest_pairs(A, B, 100, reference.mask_of(kept))
    assert grown(grow(**extra), kept, 100, context) == expected.tolist()


# Wrong parameters


@pytest.mark.parametrize(
    ("grow", "wrong", "message"),
    [
        *(
            (grow, {"random_share": value}, r"random_share must be in \[0, 1\], got")
            for grow in SCORED
            for value in (-0.1, 1.1, np.nan)
        ),
        (CosineGrow, {"mode": "both"}, "mode must be 'sequential' or 'simultaneous'"),
        (CosineGrow, {"mode": None}, "mode must be 'sequential' or 'simultaneous'"),
        (CosineGrow, {"patience": -1}, "patience must be >= 0, got"),
        (CosineGrow, {"patience": np.nan}, "patience must be >= 0, got"),
        (GuidedGrow, {"gamma": 0}, "gamma must be positive and finite, got"),
        (GuidedGrow, {"gamma": -1}, "gamma must be positive and finite, got"),
        (GuidedGrow, {"gamma": np.inf}, "gamma must be positive and finite, got"),
        (GuidedGrow, {"gamma": np.nan}, "gamma must be positive and finite, got"),
        (
            GuidedGrow,
            {"uniform_share": -0.1},
            r"uniform_share must be in \[0, 1\], got",
        ),
        (GuidedGrow, {"uniform_share": 1.1}, r"uniform_share must be in \[0, 1\], got"),
        (GuidedGrow, {"uniform_share": np.nan}, r"uniform_share must be in"),
    ],
)
def test_wrong_parameters_are_refused(grow, wrong, message):
    with pytest.raises(ValueError, match=message):
        grow(**wrong)


def test_the_papers_defaults():
    assert CosineGrow() == CosineGrow(
        mode="sequential", patience=40, centred=False, random_share=0.0, n_samples=None
    )
    assert GuidedGrow() == GuidedGrow(
        gamma=1.0, uniform_share=0.1, random_share=0.0, n_samples=None
    )


# Blind growth


def test_random_growth_is_blind_and_its_ranks_are_its_positions():
    topology = random_topology((20, 15), 100, np.random.default_rng(0))
    for n in (1, 30, 200):
        positions = RandomGrow()(topology, n, np.random.default_rng(1))
        ranks = RandomGrow().free_ranks(200, n, np.random.default_rng(1))
        assert np.array_equal(topology.free_positions(ranks), positions)
    assert is_blind(RandomGrow())
    assert not any(is_blind(grow) for grow in (UnfiredGrow(), GradientGrow(), len))


class FirstGrow(RandomGrow):
    """A subclass that grows in another way, where there is room first."""

    def __call__(self, topology, n, rng, context=None):
        return topology.free_positions(np.arange(n))


def test_a_subclass_of_random_growth_is_asked_for_positions():
    assert not is_blind(FirstGrow())
    topology = random_topology((20, 15), 100, np.random.default_rng(0))
    rewirings = [
        evolve(
            topology,
            np.arange(100.0),
            zeta=0.2,
            drop=MagnitudeDrop(),
            grow=grow,
            rng=np.random.default_rng(1),
        )
        for grow in (RandomGrow(), FirstGrow())
    ]
    assert rewirings[0].topology.positions().tolist() != (
        rewirings[1].topology.positions().tolist()
    )
    newborn = rewirings[1].topology.positions()[rewirings[1].source < 0]
    kept = topology.kept(np.arange(100) >= 20)[0]
    assert newborn.tolist() == kept.free_positions(np.arange(20)).tolist()
