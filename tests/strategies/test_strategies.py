"""What holds for every strategy, and the table of names."""

import dataclasses
import pickle

import numpy as np
import pytest

from skset.strategies import (
    DROPS,
    GROWS,
    INITS,
    METHODS,
    SCHEDULES,
    ConstantSchedule,
    CosineSchedule,
    ErdosRenyi,
    Evolution,
    MagnitudeDrop,
    Method,
    RandomGrow,
    SETDrop,
    Uniform,
)

TABLES = {"init": INITS, "drop": DROPS, "grow": GROWS, "schedule": SCHEDULES}
NAMED = {
    name: strategy for table in TABLES.values() for name, strategy in table.items()
}
named = pytest.mark.parametrize("strategy", NAMED.values(), ids=NAMED)


@named
def test_strategies_are_frozen_dataclasses(strategy):
    one = strategy()
    assert dataclasses.is_dataclass(strategy)
    assert one == strategy()
    assert hash(one) == hash(strategy())
    assert eval(repr(one), {strategy.__name__: strategy}) == one
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.anything = 1


@pytest.mark.parametrize(
    ("strategy", "one", "other"),
    [
        (ErdosRenyi, {"epsilon": 3}, {"epsilon": 4}),
        (Uniform, {"density": 0.1}, {"density": 0.2}),
        (ConstantSchedule, {"zeta": 0.1}, {"zeta": 0.2}),
        (CosineSchedule, {"zeta": 0.1}, {"zeta": 0.2}),
    ],
)
def test_parameters_decide_equality_and_show(strategy, one, other):
    assert strategy(**one) == strategy(**one) != strategy(**other)
    ((name, value),) = one.items()
    assert f"{name}={value}" in repr(strategy(**one))
    assert pickle.loads(pickle.dumps(strategy(**one))) == strategy(**one)
    assert dataclasses.replace(strategy(**one), **other) == strategy(**other)


def test_different_strategies_differ():
    assert SETDrop() != MagnitudeDrop()
    assert ErdosRenyi() != Uniform()
    assert ConstantSchedule() != CosineSchedule()


@pytest.mark.parametrize("init", INITS.values(), ids=INITS)
@pytest.mark.parametrize(
    "wrong",
    [
        {"epsilon": 0},
        {"epsilon": -1},
        {"epsilon": np.nan},
        {"density": 0},
        {"density": 1.1},
        {"density": np.nan},
    ],
    ids=str,
)
def test_wrong_densities_are_refused(init, wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        init(**wrong)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("zeta", [-0.1, 1.1, np.nan])
def test_wrong_zetas_are_refused(schedule, zeta):
    with pytest.raises(ValueError, match="zeta must be"):
        schedule(zeta)


@pytest.mark.parametrize("zeta", [0, 0.3, 1])
def test_schedules_at_their_beginning_middle_and_end(zeta):
    constant, cosine = ConstantSchedule(zeta), CosineSchedule(zeta)
    progress = 0, 0.5, 1
    assert [constant(p) for p in progress] == [zeta] * 3
    assert [cosine(p) for p in progress] == pytest.approx(
        [zeta, zeta / 2, 0], abs=1e-15
    )
    assert cosine(1 / 3) == pytest.approx(0.75 * zeta)
    assert cosine(1) >= 0


def test_published_methods():
    assert METHODS["set"].evolution() == Evolution(
        SETDrop(), RandomGrow(), ConstantSchedule(0.3), None, "zero"
    )
    assert METHODS["static"].evolution().schedule(0.5) == 0
    for method in METHODS.values():
        assert isinstance(method, Method)
        assert isinstance(method.evolution(), Evolution)


def test_given_parts_replace_a_methods_own():
    drop = MagnitudeDrop()
    evolution = METHODS["set"].evolution(
        zeta=0.1,
        drop=drop,
        grow=None,
        zeta_schedule="cosine",
        update_interval=7,
        newborn="init",
    )
    assert evolution == Evolution(drop, RandomGrow(), CosineSchedule(0.1), 7, "init")
    assert evolution.drop is drop
    assert METHODS["set"].evolution(drop="magnitude").drop == drop
    assert METHODS["static"].evolution(zeta=0.2).schedule == ConstantSchedule(0.2)
    own = CosineSchedule(0.7)
    assert METHODS["set"].evolution(zeta=0.1, zeta_schedule=own).schedule is own
    assert METHODS["set"].zeta == 0.3


def test_zeta_0_replaces_a_methods_own():
    assert METHODS["set"].evolution(zeta=0.0).schedule == ConstantSchedule(0.0)
