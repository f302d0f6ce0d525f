"""What holds for every strategy."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

import skset
from skset import strategies
from skset.strategies import (
    DENSITY_SCHEDULES,
    DROPS,
    GROWS,
    INITS,
    METHODS,
    SCHEDULES,
    UNIT_PRUNINGS,
    ConstantSchedule,
    CosineGrow,
    CosineSchedule,
    CubicDensity,
    ErdosRenyi,
    Evolution,
    GradientGrow,
    GuidedGrow,
    ImportancePruning,
    LayerDensities,
    LinearSchedule,
    MESTDrop,
    Method,
    MomentumGrow,
    NeuronGrow,
    SensitivityDrop,
    Snip,
    ThresholdDrop,
    Uniform,
    UniformPlus,
)

TABLES = {
    "init": INITS,
    "drop": DROPS,
    "grow": GROWS,
    "zeta_schedule": SCHEDULES,
    "density_schedule": DENSITY_SCHEDULES,
    "unit_pruning": UNIT_PRUNINGS,
}
ESTIMATORS = [
    skset.SETClassifier,
    skset.SETRegressor,
    skset.SparseRBM,
    skset.QuickSelection,
]
# For each parameter of a strategy a value that is not the default.
SAMPLED = {"n_samples": 50}
SCORED = SAMPLED | {"random_share": 0.25}
OF_DENSITIES = {"epsilon": 3, "density": 0.1, "dense_output": True}
OF_ZETA = {"zeta": 0.1, "stop": 0.5}
GIVEN = {
    ErdosRenyi: OF_DENSITIES,
    Uniform: OF_DENSITIES,
    UniformPlus: OF_DENSITIES,
    Snip: OF_DENSITIES | {"max_connections": 500},
    LayerDensities: {"densities": (0.1, 0.2)},
    SensitivityDrop: SAMPLED,
    MESTDrop: SAMPLED | {"lam": 0.1},
    ThresholdDrop: {"threshold": 0.5},
    GradientGrow: SCORED,
    MomentumGrow: {"random_share": 0.25},
    CosineGrow: SCORED | {"mode": "simultaneous", "patience": 7, "centred": True},
    GuidedGrow: SCORED | {"gamma": 2.0, "uniform_share": 0.5},
    NeuronGrow: SCORED,
    ConstantSchedule: OF_ZETA,
    LinearSchedule: OF_ZETA,
    CosineSchedule: OF_ZETA,
    CubicDensity: {"initial": 0.5, "stop": 0.5},
    ImportancePruning: {"quantile": 0.5, "start": 0.1, "stop": 0.9, "every": 0.2},
}
# The part of an estimator that each of them is.
PARTS = {
    strategy: part for part, table in TABLES.items() for strategy in table.values()
} | {LayerDensities: "init"}
PARAMETERS = {strategy: GIVEN.get(strategy, {}) for strategy in PARTS}
each = pytest.mark.parametrize("strategy", PARAMETERS, ids=lambda s: s.__name__)
each_parameter = pytest.mark.parametrize(
    ("strategy", "name"),
    [(strategy, name) for strategy, given in PARAMETERS.items() for name in given],
    ids=lambda part: getattr(part, "__name__", part),
)
DEFAULTS = {LayerDensities: {"densities": (0.5, 0.5)}}


def default(strategy):
    return strategy(**DEFAULTS.get(strategy, {}))


def other(strategy):
    """Return the strategy with all of its parameters changed."""
    return strategy(**PARAMETERS[strategy])


def test_every_parameter_is_tried_here():
    assert GIVEN.keys() <= PARTS.keys()
    for strategy, given in PARAMETERS.items():
        assert {field.name for field in dataclasses.fields(strategy)} == given.keys()
        for name, value in given.items():
            assert getattr(default(strategy), name) != value


def test_every_strategy_is_public():
    assert {s.__name__ for s in PARAMETERS} | {"Method", "Evolution"} <= set(
        strategies.__all__
    )
    assert sorted(strategies.__all__) == sorted(set(strategies.__all__))


@each
@pytest.mark.parametrize("make", [default, other])
def test_strategies_are_frozen_dataclasses(strategy, make):
    one = make(strategy)
    assert dataclasses.is_dataclass(strategy)
    assert one == make(strategy)
    assert hash(one) == hash(make(strategy))
    assert eval(repr(one), {strategy.__name__: strategy}) == one
    assert pickle.loads(pickle.dumps(one)) == one
    assert copy.deepcopy(one) == one
    assert clone(one, safe=False) == one
    assert vars(pickle.loads(pickle.dumps(one))) == vars(one)
    for name in ("anything", *PARAMETERS[strategy]):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, name, 1)


@each_parameter
def test_each_parameter_decides_equality_and_shows(strategy, name):
    plain, value = default(strategy), PARAMETERS[strategy][name]
    changed = dataclasses.replace(plain, **{name: value})
    assert changed != plain
    assert changed == dataclasses.replace(plain, **{name: value})
    assert f"{name}={value!r}" in repr(changed)
    assert pickle.loads(pickle.dumps(changed)) == changed
    back = dataclasses.replace(changed, **{name: getattr(plain, name)})
    assert back == plain


def test_different_strategies_differ():
    every = [default(strategy) for strategy in PARAMETERS]
    assert len(set(every)) == len(every)
    assert len({repr(one) for one in every}) == len(every)


@each
@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("make", [default, other])
def test_clones_of_estimators_have_equal_strategies(strategy, estimator, make):
    part, one = PARTS[strategy], make(strategy)
    if part == "unit_pruning" and estimator is skset.SparseRBM:
        pytest.skip("it has no hidden units to remove")
    model = estimator(**{part: one})
    assert getattr(model, part) is one
    for same in (clone(model), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert type(getattr(same, part)) is strategy
        assert getattr(same, part) == one
        assert repr(same) == repr(model)
    params = model.get_params()
    for name in PARAMETERS[strategy]:
        assert params[f"{part}__{name}"] == getattr(one, name)
    assert f"{part}__n" not in model.get_params(deep=False)


@each_parameter
@pytest.mark.parametrize("estimator", [skset.SETClassifier, skset.SparseRBM])
def test_each_parameter_is_set_in_an_estimator(strategy, name, estimator):
    part, plain = PARTS[strategy], default(strategy)
    if part == "unit_pruning" and estimator is skset.SparseRBM:
        pytest.skip("it has no hidden units to remove")
    value = PARAMETERS[strategy][name]
    model = estimator(**{part: plain})
    (setting,) = ParameterGrid({f"{part}__{name}": [value]})
    same = clone(model).set_params(**setting)
    assert getattr(same, part) == dataclasses.replace(plain, **{name: value})
    assert getattr(model, part) is plain


@pytest.mark.parametrize("part", TABLES)
@pytest.mark.parametrize("estimator", [skset.SETClassifier, skset.QuickSelection])
def test_estimators_take_every_name(part, estimator):
    for name, strategy in TABLES[part].items():
        model = estimator(**{part: name})
        assert getattr(clone(model), part) == name
        if PARAMETERS[strategy]:
            field = next(iter(PARAMETERS[strategy]))
            model.set_params(**{f"{part}__{field}": PARAMETERS[strategy][field]})
            assert type(getattr(model, part)) is strategy
            assert getattr(getattr(model, part), field) == PARAMETERS[strategy][field]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_estimators_take_every_method(method, estimator):
    assert clone(estimator(method=method)).method == method


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_methods_and_evolutions_are_frozen_dataclasses(method):
    for one in (method, method.evolution()):
        assert dataclasses.is_dataclass(one)
        assert hash(one) == hash(copy.deepcopy(one))
        assert pickle.loads(pickle.dumps(one)) == one
        assert eval(repr(one), vars(strategies)) == one
        with pytest.raises(dataclasses.FrozenInstanceError):
            one.newborn = "init"
    assert isinstance(method, Method)
    assert isinstance(method.evolution(), Evolution)


def test_numbers_may_be_numpys():
    assert ErdosRenyi(epsilon=np.float32(3)) == ErdosRenyi(epsilon=3)
    assert ConstantSchedule(np.float64(0.1)) == ConstantSchedule(0.1)
    assert GradientGrow(n_samples=np.int64(5)) == GradientGrow(n_samples=5)
