"""What names stand for, and the published methods."""

from dataclasses import dataclass, fields
from typing import ClassVar

import pytest

from skset.strategies import (
    DENSITY_SCHEDULES,
    DROPS,
    GROWS,
    INITS,
    METHODS,
    SCHEDULES,
    SELECTION_METHODS,
    UNIT_PRUNINGS,
    ConstantDensity,
    ConstantSchedule,
    CosineGrow,
    CosineSchedule,
    CubicDensity,
    ErdosRenyi,
    Evolution,
    GradientGrow,
    GuidedGrow,
    ImportancePruning,
    LinearSchedule,
    MagnitudeDrop,
    MESTDrop,
    Method,
    MomentumGrow,
    Needs,
    NeuronGrow,
    RandomDrop,
    RandomGrow,
    SensitivityDrop,
    SETDrop,
    Snip,
    ThresholdDrop,
    UnfiredGrow,
    Uniform,
    UniformPlus,
    made,
)

# Names that were published; new ones need no line here.
PUBLISHED = [
    (INITS, "erdos_renyi", ErdosRenyi),
    (INITS, "uniform", Uniform),
    (INITS, "uniform_plus", UniformPlus),
    (INITS, "snip", Snip),
    (DROPS, "set", SETDrop),
    (DROPS, "magnitude", MagnitudeDrop),
    (DROPS, "random", RandomDrop),
    (DROPS, "sensitivity", SensitivityDrop),
    (DROPS, "mest", MESTDrop),
    (DROPS, "threshold", ThresholdDrop),
    (GROWS, "random", RandomGrow),
    (GROWS, "random_unfired", UnfiredGrow),
    (GROWS, "gradient", GradientGrow),
    (GROWS, "momentum", MomentumGrow),
    (GROWS, "cosine", CosineGrow),
    (GROWS, "guided", GuidedGrow),
    (GROWS, "neuron", NeuronGrow),
    (SCHEDULES, "constant", ConstantSchedule),
    (SCHEDULES, "linear", LinearSchedule),
    (SCHEDULES, "cosine", CosineSchedule),
    (DENSITY_SCHEDULES, "constant", ConstantDensity),
    (DENSITY_SCHEDULES, "cubic", CubicDensity),
    (UNIT_PRUNINGS, "strength", ImportancePruning),
]


@pytest.mark.parametrize(("table", "name", "strategy"), PUBLISHED)
def test_published_names_stay(table, name, strategy):
    assert table[name] is strategy
    assert made(name, table) == strategy()


EVOLUTIONS = {
    "set": Evolution(
        drop=SETDrop(),
        grow=RandomGrow(),
        schedule=ConstantSchedule(zeta=0.3, stop=1.0),
        density_schedule=ConstantDensity(),
        update_interval=None,
        newborn="zero",
    ),
    "static": Evolution(
        drop=SETDrop(),
        grow=RandomGrow(),
        schedule=ConstantSchedule(zeta=0.0, stop=1.0),
        density_schedule=ConstantDensity(),
        update_interval=None,
        newborn="zero",
    ),
    "rigl": Evolution(
        drop=MagnitudeDrop(),
        grow=GradientGrow(random_share=0.0, n_samples=None),
        schedule=CosineSchedule(zeta=0.3, stop=0.75),
        density_schedule=ConstantDensity(),
        update_interval=100,
        newborn="zero",
    ),
    "granet": Evolution(
        drop=MagnitudeDrop(),
        grow=GradientGrow(random_share=0.0, n_samples=None),
        schedule=CosineSchedule(zeta=0.5, stop=1.0),
        density_schedule=CubicDensity(initial=None, stop=0.7),
        update_interval=None,
        newborn="zero",
    ),
    "ctre": Evolution(
        drop=MagnitudeDrop(),
        grow=CosineGrow(
            mode="sequential",
            patience=40,
            centred=False,
            random_share=0.0,
            n_samples=None,
        ),
        schedule=ConstantSchedule(zeta=0.2, stop=1.0),
        density_schedule=ConstantDensity(),
        update_interval=None,
        newborn="he_uniform",
    ),
    "mest": Evolution(
        drop=MESTDrop(lam=0.5, n_samples=None),
        grow=RandomGrow(),
        schedule=LinearSchedule(zeta=0.2, stop=0.75),
        density_schedule=ConstantDensity(),
        update_interval=None,
        newborn="zero",
    ),
    "gse": Evolution(
        drop=MagnitudeDrop(),
        grow=GuidedGrow(gamma=1.0, uniform_share=0.1, random_share=0.0, n_samples=None),
        schedule=CosineSchedule(zeta=0.2, stop=0.6),
        density_schedule=ConstantDensity(),
        update_interval=None,
        newborn="zero",
    ),
}


def test_there_are_no_other_methods():
    assert METHODS.keys() == EVOLUTIONS.keys()
    assert all(isinstance(method, Method) for method in METHODS.values())


@pytest.mark.parametrize("name", EVOLUTIONS)
def test_published_methods_part_by_part(name):
    assert METHODS[name].evolution() == EVOLUTIONS[name]


@pytest.mark.parametrize("name", EVOLUTIONS)
def test_a_given_part_replaces_the_methods_own_and_no_other(name):
    method, own = METHODS[name], EVOLUTIONS[name]
    parts = {
        "drop": ThresholdDrop(0.5),
        "grow": MomentumGrow(random_share=0.5),
        "density_schedule": CubicDensity(initial=0.9),
        "update_interval": 7,
        "newborn": "init",
    }
    for part, given in parts.items():
        evolution = method.evolution(**{part: given})
        assert getattr(evolution, part) is given
        for other in ("schedule", *(parts.keys() - {part})):
            assert getattr(evolution, other) == getattr(own, other)
    evolution = method.evolution(**parts, zeta_schedule=LinearSchedule(0.1))
    assert evolution == Evolution(
        drop=ThresholdDrop(0.5),
        grow=MomentumGrow(random_share=0.5),
        schedule=LinearSchedule(zeta=0.1, stop=1.0),
        density_schedule=CubicDensity(initial=0.9, stop=0.7),
        update_interval=7,
        newborn="init",
    )


@pytest.mark.parametrize("name", EVOLUTIONS)
def test_none_replaces_nothing(name):
    parts = [field.name for field in fields(Method) if field.name != "stop"]
    nothing = dict.fromkeys(parts)
    assert METHODS[name].evolution(**nothing) == EVOLUTIONS[name]


def test_parts_may_be_names():
    evolution = METHODS["set"].evolution(
        drop="random", grow="neuron", zeta_schedule="linear", density_schedule="cubic"
    )
    assert evolution == Evolution(
        RandomDrop(), NeuronGrow(), LinearSchedule(0.3), CubicDensity(), None, "zero"
    )


@pytest.mark.parametrize(
    ("method", "given", "expected"),
    [
        ("set", {"zeta": 0.1}, ConstantSchedule(0.1)),
        ("set", {"zeta": 0.0}, ConstantSchedule(0.0)),
        ("static", {"zeta": 0.2}, ConstantSchedule(0.2)),
        ("rigl", {"zeta": 0.1}, CosineSchedule(0.1, stop=0.75)),
        # The method's own end, where the schedule is given by name.
        ("rigl", {"zeta_schedule": "linear"}, LinearSchedule(0.3, stop=0.75)),
        ("set", {"zeta_schedule": "cosine"}, CosineSchedule(0.3, stop=1.0)),
        (
            "mest",
            {"zeta_schedule": "constant", "zeta": 0.4},
            ConstantSchedule(0.4, stop=0.75),
        ),
        # An object has its own end, and its own zeta unless one is given.
        ("rigl", {"zeta_schedule": LinearSchedule(0.7)}, LinearSchedule(0.7)),
        (
            "set",
            {"zeta_schedule": CosineSchedule(0.7, stop=0.5), "zeta": 0.1},
            CosineSchedule(0.1, stop=0.5),
        ),
        (
            "set",
            {"zeta_schedule": CosineSchedule(0.7), "zeta": 0.0},
            CosineSchedule(0.0),
        ),
    ],
    ids=str,
)
def test_zeta_and_its_schedule(method, given, expected):
    assert METHODS[method].evolution(**given).schedule == expected


def test_a_schedule_without_zeta_is_taken_as_it_is():
    def halves(progress):
        return 0.5

    for given in ({}, {"zeta": 0.1}):
        evolution = METHODS["rigl"].evolution(zeta_schedule=halves, **given)
        assert evolution.schedule is halves


def test_methods_stay_as_they_are():
    METHODS["set"].evolution(zeta=0.1, drop="random", newborn="init")
    assert METHODS["set"] == Method(
        zeta=0.3,
        drop="set",
        grow="random",
        zeta_schedule="constant",
        stop=1.0,
        density_schedule="constant",
        update_interval=None,
        newborn="zero",
    )


def test_what_growths_ask_for():
    needs = {
        name: [
            what
            for what in ("explored", "momentum", "training_set")
            if METHODS["set"].evolution(grow=name).asks_for(what)
        ]
        for name in GROWS
    }
    asking = {name: found for name, found in needs.items() if found}
    assert asking == {
        "random_unfired": ["explored"],
        "momentum": ["momentum"],
        "cosine": ["training_set"],
    }


def test_an_evolution_tells_who_asks():
    @dataclass(frozen=True)
    class Drop(RandomDrop):
        needs: ClassVar = Needs(momentum=True, explored=True)

    evolution = METHODS["set"].evolution(drop=Drop(), grow="momentum")
    assert evolution.asks_for("momentum") == ["drop", "grow"]
    assert evolution.asks_for("explored") == ["drop"]
    assert evolution.asks_for("training_set") == []


def test_an_evolution_refuses_needs_that_nobody_reads():
    @dataclass(frozen=True)
    class Drop(RandomDrop):
        needs_momentum: ClassVar = True

    evolution = METHODS["set"].evolution(drop=Drop())
    with pytest.raises(ValueError, match="drop has an attribute 'needs_momentum'"):
        evolution.asks_for("explored")


def test_methods_of_selection_have_another_zeta_for_set_alone():
    assert SELECTION_METHODS["set"] == Method(zeta=0.2)
    others = SELECTION_METHODS.keys() - {"set"}
    assert others | {"set"} == METHODS.keys()
    assert all(SELECTION_METHODS[name] is METHODS[name] for name in others)


def test_what_is_made_of_a_name_and_of_an_object():
    assert made("magnitude", DROPS) == MagnitudeDrop()
    assert made("threshold", DROPS, threshold=0.5) == ThresholdDrop(0.5)
    drop = RandomDrop()
    assert made(drop, DROPS) is drop
    assert made(print, DROPS) is print
