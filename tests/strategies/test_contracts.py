"""What strategies ask for, what they see, and how they are called."""

from dataclasses import FrozenInstanceError, dataclass, fields
from functools import partial
from typing import ClassVar

import numpy as np
import pytest
from reference import dense, mask_of
from strategies.cases import context_of, layer, literal_context

import skset.network
from skset.strategies import (
    DROPS,
    GROWS,
    INITS,
    Context,
    ErdosRenyi,
    Needs,
    RandomDrop,
    RandomGrow,
    bound,
    initial_topologies,
    needs_of,
)
from skset.topology import random_topology

EVERY = [
    *(("init", init()) for init in INITS.values()),
    *(("drop", drop()) for drop in DROPS.values()),
    *(("grow", grow()) for grow in GROWS.values()),
]
SHAPES = [(9, 8), (8, 3)]


def asking(needs, base=RandomDrop):
    """Return a strategy that declares these needs."""
    return type("Asking", (base,), {"needs": needs})()


# Needs


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"samples": -1}, "samples must be a whole number, 0 or more, or a function"),
        ({"samples": 2.5}, "samples must be a whole number, .* got 2.5"),
        ({"samples": True}, "samples must be a whole number, .* got True"),
        ({"samples": None}, "samples must be a whole number, .* got None"),
        ({"samples": "all"}, "samples must be a whole number, .* got 'all'"),
        ({"explored": 1}, "explored must be True or False, got 1"),
        ({"momentum": None}, "momentum must be True or False, got None"),
        ({"training_set": "yes"}, "training_set must be True or False, got 'yes'"),
        ({"sensitivities": 0}, "sensitivities must be True or False, got 0"),
    ],
    ids=str,
)
def test_needs_of_a_wrong_type_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Needs(**wrong)


def test_a_misspelt_need_is_refused():
    with pytest.raises(TypeError, match="momentun"):
        Needs(momentun=True)


@pytest.mark.parametrize("samples", [0, 7, np.int64(7), len, lambda topology: 3])
def test_samples_are_a_number_or_a_function(samples):
    assert Needs(samples=samples).samples is samples


@pytest.mark.parametrize(("parameter", "strategy"), EVERY, ids=str)
def test_every_strategy_of_ours_asks_for_what_it_can_get(parameter, strategy):
    assert isinstance(needs_of(strategy, parameter), Needs)


@pytest.mark.parametrize("parameter", ["init", "drop", "grow"])
def test_who_declares_nothing_needs_nothing(parameter):
    def function(*args):
        return None

    for strategy in (function, partial(function), RandomGrow(), ErdosRenyi()):
        assert needs_of(strategy, parameter) == Needs()


@pytest.mark.parametrize("parameter", ["drop", "grow"])
@pytest.mark.parametrize("samples", [5, len])
def test_needs_may_be_an_attribute_a_property_or_a_functions(parameter, samples):
    class Property:
        @property
        def needs(self):
            return Needs(samples=samples)

    def function(*args):
        return None

    function.needs = Needs(samples=samples)
    for strategy in (asking(Needs(samples=samples)), Property(), function):
        assert needs_of(strategy, parameter) == Needs(samples=samples)


@pytest.mark.parametrize("parameter", ["init", "drop", "grow"])
@pytest.mark.parametrize(
    "name",
    [
        "needs_signals",
        "needs_explored",
        "needs_sample",
        "needs_",
        "need",
        "sample_size",
    ],
)
def test_needs_of_another_name_are_refused(parameter, name):
    def function(*args):
        return None

    setattr(function, name, True)
    for strategy in (function, type("Old", (RandomGrow,), {name: True})()):
        message = rf"{parameter} has an attribute '{name}'.* needs = Needs\(samples=256"
        with pytest.raises(ValueError, match=message):
            needs_of(strategy, parameter)


def test_with_needs_other_attributes_are_the_strategys_own():
    @dataclass(frozen=True)
    class Own(RandomGrow):
        sample_size: int = 9

        @property
        def needs(self):
            return Needs(samples=self.sample_size)

    assert needs_of(Own(), "grow").samples == 9


@pytest.mark.parametrize("wrong", [None, 256, True, {"samples": 256}, "samples", Needs])
def test_needs_must_be_needs(wrong):
    with pytest.raises(ValueError, match=r"drop\.needs must be a Needs, got"):
        needs_of(asking(wrong), "drop")


@pytest.mark.parametrize(
    ("parameter", "need"),
    [
        ("init", "samples"),
        ("init", "explored"),
        ("init", "momentum"),
        ("drop", "sensitivities"),
        ("grow", "sensitivities"),
    ],
)
def test_needs_that_cannot_be_met_are_refused(parameter, need):
    needs = Needs(**{need: 1 if need == "samples" else True})
    with pytest.raises(ValueError, match=f"{parameter} cannot need {need}, only "):
        needs_of(asking(needs), parameter)


# Context


def test_a_context_is_frozen_and_its_arrays_read_only():
    topology = random_topology((9, 8), 20, np.random.default_rng(0))
    context = context_of(topology, np.ones(20))
    for field in fields(Context):
        with pytest.raises(FrozenInstanceError):
            setattr(context, field.name, 0)
    arrays = context.inputs, context.outputs, context.deltas, context.weights
    for array in (*arrays, context.gradients, *context.recent):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


def test_the_caller_can_still_write():
    A = np.ones((2, 3))
    context = Context(A)
    A[0] = 5
    assert context.inputs[0].tolist() == [5, 5, 5]


@pytest.mark.parametrize(
    ("name", "need"),
    [
        ("inputs", "samples=256"),
        ("outputs", "samples=256"),
        ("deltas", "samples=256"),
        ("gradients", "samples=256"),
        ("explored", "explored=True"),
        ("recent", "momentum=True"),
        ("sensitivities", "sensitivities=True"),
    ],
)
def test_what_was_not_asked_for_says_what_to_declare(name, need):
    topology = layer((2, 3), [0, 4])
    context = Context(topology=topology, weights=np.ones(2))
    with pytest.raises(AttributeError, match=rf"Declare needs = Needs\({need}\)"):
        getattr(context, name)


def test_a_context_shows_where_it_is_and_no_arrays():
    context = Context(np.ones((2, 3)), layer=1, n_layers=3, epoch=4, progress=0.5)
    expected = "Context(longest_stall=0, layer=1, n_layers=3, epoch=4, progress=0.5)"
    assert repr(context) == expected


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_are_those_of_a_dense_product_computed_once(dtype):
    topology = random_topology((9, 8), 20, np.random.default_rng(0))
    context = context_of(topology, np.ones(20, dtype))
    mask = mask_of(topology)
    expected = np.where(mask, context.inputs @ context.deltas.T, 0)
    assert context.gradients.dtype == dtype
    np.testing.assert_allclose(
        dense(mask, context.gradients), expected, rtol=1e-4, atol=1e-5
    )
    assert context.gradients is context.gradients


def test_the_old_name_gives_a_context_and_a_warning():
    with pytest.warns(FutureWarning, match=r"import Context from skset\.strategies"):
        Signals = skset.network.Signals
    assert Signals is Context
    A, D, t = np.ones((2, 3)), np.ones((4, 3)), layer((2, 4), [1, 2])
    old = Signals(A, D, D, t, np.ones(2), t, (A, D), 7)
    assert (old.topology, old.explored, old.longest_stall) == (t, t, 7)
    assert old.gradients.tolist() == [3, 3]


# Calls


def noted(*args):
    """Return the arguments, as a strategy."""
    return args


@pytest.mark.parametrize("parameter", ["init", "drop", "grow"])
@pytest.mark.parametrize("declares", [False, True])
def test_who_gets_a_context(parameter, declares):
    class Strategy:
        def __call__(self, *args):
            return args

    if declares:
        Strategy.needs = Needs()
    context = literal_context([[1]], [[1]])
    given = bound(parameter, Strategy(), context)("a", 2)
    if declares or parameter == "grow":
        assert given == ("a", 2, context)
    else:
        assert given == ("a", 2)


def test_a_plain_function_is_called_as_ever():
    assert bound("drop", noted, Context()) is noted
    assert bound("grow", noted, "context")(1, 2, 3) == (1, 2, 3, "context")


@dataclass(frozen=True)
class Halves:
    """Fill a half of each layer, and tell what was seen."""

    needs: ClassVar = Needs()
    seen: ClassVar = []

    def __call__(self, shapes, rng, context):
        self.seen.append(context)
        while shapes:
            shape = shapes.pop(0)
            yield random_topology(shape, shape[0] * shape[1] // 2, rng)


@dataclass(frozen=True)
class Sensing(Halves):
    needs: ClassVar = Needs(sensitivities=True)


def test_an_init_gets_a_list_of_its_own_and_a_context():
    rng, shapes = np.random.default_rng(0), list(SHAPES)
    topologies = initial_topologies(Halves(), shapes, rng, noted)
    assert [t.nnz for t in topologies] == [36, 12]
    assert shapes == SHAPES
    context = Halves.seen[-1]
    assert context.n_layers == 2
    assert not hasattr(context, "sensitivities")
    initial_topologies(Sensing(), SHAPES, rng, noted)
    assert Halves.seen[-1].sensitivities is noted
    initial_topologies(Sensing(), SHAPES, rng)  # of one layer, or a machine
    with pytest.raises(AttributeError, match="A network of one layer has no sensiti"):
        Halves.seen[-1].sensitivities([])


def test_what_an_init_returns_is_checked():
    with pytest.raises(ValueError, match="init must return a Topology for each"):
        initial_topologies(lambda shapes, rng: None, SHAPES, np.random.default_rng(0))
