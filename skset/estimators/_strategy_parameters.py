"""Parameters that are strategies, given by name or as objects."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from skset.strategies import (
    DENSITY_SCHEDULES,
    DROPS,
    GROWS,
    INITS,
    SCHEDULES,
    UNIT_PRUNINGS,
    ConstantDensity,
    Evolution,
    LayerDensities,
    Method,
    made,
)

__all__ = [
    "given_parameters",
    "made_strategies",
    "nested",
    "set_nested",
    "split_nested",
]

# The parameters that are strategies: their names, and what an evolution calls them.
PARTS: dict[str, Mapping[str, type]] = {
    "init": INITS,
    "drop": DROPS,
    "grow": GROWS,
    "zeta_schedule": SCHEDULES,
    "density_schedule": DENSITY_SCHEDULES,
    "unit_pruning": UNIT_PRUNINGS,
}


def given_parameters(estimator: Any) -> SimpleNamespace:
    """Return all parameters of an estimator, and those that it leaves no choice of.

    Numbers are Python's: numpy's in a grid of parameters may have few bits, and
    overflow beside the number of samples.
    """
    plain = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in estimator.get_params(deep=False).items()
    }
    return SimpleNamespace(**estimator._fixed, **plain)


def made_strategies(p: SimpleNamespace, methods: Mapping[str, Method]) -> None:
    """Make objects of the strategies that parameters name.

    Parameters
    ----------
    p : SimpleNamespace
        All parameters. It gets `evolution`. Its init becomes an object; its unit
        pruning and density schedule become an object or None.
    methods : dict
        The methods by name.

    Raises
    ------
    ValueError
        If there is no method or strategy of that name.
    """
    p.evolution = _evolution(p, methods)
    p.init, p.unit_pruning = _init(p), _unit_pruning(p)
    constant = isinstance(p.evolution.density_schedule, ConstantDensity)
    p.density_schedule = None if constant else p.evolution.density_schedule


def _strategy(p: SimpleNamespace, part: str, methods: Mapping[str, Method]) -> Any:
    """Return one of the strategies as an object, or None if there is none."""
    if part == "init":
        return _init(p)
    if part == "unit_pruning":
        return _unit_pruning(p)
    name = "schedule" if part == "zeta_schedule" else part
    return getattr(_evolution(p, methods), name)


def _evolution(p: SimpleNamespace, methods: Mapping[str, Method]) -> Evolution:
    if p.method not in methods:
        raise ValueError(f"method {p.method!r} is none of {sorted(methods)}.")
    return methods[p.method].evolution(
        zeta=p.zeta,
        drop=p.drop,
        grow=p.grow,
        zeta_schedule=p.zeta_schedule,
        density_schedule=p.density_schedule,
        update_interval=p.update_interval,
        newborn=p.newborn,
    )


def _init(p: SimpleNamespace) -> Any:
    if isinstance(p.init, str):
        return made(p.init, INITS, epsilon=p.epsilon, density=p.density)
    if not callable(p.init):
        return LayerDensities(p.init)
    if p.density is not None and "density" in field_names(p.init):
        return replace(p.init, density=p.density)
    return p.init


def _unit_pruning(p: SimpleNamespace) -> Any:
    return p.unit_pruning and made(p.unit_pruning, UNIT_PRUNINGS)


def nested(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of strategies given as objects, as ``grow__gamma``."""
    return {
        f"{part}__{name}": getattr(params[part], name)
        for part in PARTS.keys() & params.keys()
        for name in field_names(params[part])
    }


def split_nested(
    params: Mapping[str, Any], known: Iterable[str]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return an estimator's own parameters, and by strategy those of strategies.

    `known` has the names of its own.
    """
    own: dict[str, Any] = {}
    of_parts: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, value in params.items():
        part, _, field = name.partition("__")
        if field and part in PARTS and part in known:
            of_parts[part][field] = value
        else:
            own[name] = value
    return own, of_parts


def set_nested(estimator: Any, of_parts: Mapping[str, Mapping[str, Any]]) -> None:
    """Set parameters of an estimator's strategies, see `split_nested`.

    A strategy that is given by its name or by the method becomes an object.
    """
    for part, values in of_parts.items():
        now = _strategy(given_parameters(estimator), part, estimator._methods)
        given, owner = getattr(estimator, part), type(estimator).__name__
        setattr(estimator, part, _changed(now, part, given, values, owner))


def _changed(
    strategy: Any, part: str, given: Any, values: Mapping[str, Any], owner: str
) -> Any:
    """Return a strategy with other parameters.

    Parameters
    ----------
    strategy : object
        The strategy.
    part : str
        Name of the estimator's parameter.
    given : object
        The user's value of it, for errors.
    values : dict
        The new values by name.
    owner : str
        Name of the estimator, for errors.
    """
    known = field_names(strategy)
    if unknown := sorted(set(values) - set(known)):
        raise ValueError(
            f"Invalid parameter {unknown[0]!r} for {part} {given!r} of {owner}. Valid "
            f"parameters are: {known!r}."
        )
    return replace(strategy, **values)


def field_names(strategy: Any) -> list[str]:
    """Return the names of a strategy's parameters; none if it has no fields."""
    if isinstance(strategy, type) or not is_dataclass(strategy):
        return []
    return [field.name for field in fields(strategy)]
