"""`StrategyParameters`: parameters that are strategies, given by name or as objects."""

from collections import defaultdict
from dataclasses import fields, is_dataclass, replace
from typing import Any

from skset.estimators._parameters import plain
from skset.strategies import (
    DENSITY_SCHEDULES,
    DROPS,
    GROWS,
    INITS,
    METHODS,
    SCHEDULES,
    UNIT_PRUNINGS,
    LayerDensities,
    made,
)

__all__ = ["StrategyParameters"]

TABLES = {
    "init": INITS,
    "drop": DROPS,
    "grow": GROWS,
    "zeta_schedule": SCHEDULES,
    "density_schedule": DENSITY_SCHEDULES,
    "unit_pruning": UNIT_PRUNINGS,
}


class StrategyParameters:
    """Mixin of estimators whose strategies have parameters of their own.

    They are read and set as ``grow__gamma`` and the like, so that a grid search finds
    them. To be put left of `BaseEstimator`.
    """

    density: Any
    density_schedule: Any
    drop: Any
    epsilon: Any
    grow: Any
    init: Any
    method: Any
    newborn: Any
    update_interval: Any
    zeta: Any
    zeta_schedule: Any

    def get_params(self, deep=True):
        """Get the parameters of this estimator.

        Parameters
        ----------
        deep : bool, default=True
            Whether to add those of strategies that are given as objects, as
            ``grow__gamma``.

        Returns
        -------
        params : dict
            Values by name.
        """
        params = super().get_params(deep=deep)  # type: ignore[misc]
        if deep:
            for part in TABLES.keys() & params.keys():
                strategy = params[part]
                for name in _field_names(strategy):
                    params[f"{part}__{name}"] = getattr(strategy, name)
        return params

    def set_params(self, **params):
        """Set parameters of this estimator.

        Parameters
        ----------
        **params : dict
            Values by name. ``grow__gamma`` sets a parameter of the growth, whether that
            is given as an object, by its name or by the method's. It is an object from
            then on, an init with the `epsilon` of now.

        Returns
        -------
        self : estimator
            This estimator.

        Raises
        ------
        ValueError
            If there is no parameter of that name.
        """
        own, nested = {}, defaultdict[str, dict](dict)
        for name, value in params.items():
            part, _, field = name.partition("__")
            if field and part in TABLES and hasattr(self, part):
                nested[part][field] = value
            else:
                own[name] = value
        super().set_params(**own)  # type: ignore[misc]
        for part, values in nested.items():
            setattr(self, part, self._changed(part, values))
        return self

    def _changed(self, part, values):
        """Return a strategy of this estimator with other parameters."""
        strategy = self._resolved(part)
        known = _field_names(strategy)
        if unknown := sorted(set(values) - set(known)):
            raise ValueError(
                f"Invalid parameter {unknown[0]!r} for {part} "
                f"{getattr(self, part)!r} of {type(self).__name__}. Valid parameters "
                f"are: {known!r}."
            )
        return replace(strategy, **values)

    def _resolved(self, part):
        """Return a strategy as an object, or None where there is none."""
        if part == "init":
            return self._init()
        if part == "unit_pruning":
            pruning = getattr(self, part)
            return pruning and made(pruning, UNIT_PRUNINGS)
        name = "schedule" if part == "zeta_schedule" else part
        return getattr(self._evolution(), name)

    def _init(self):
        """Return the init as an object."""
        init, density = self.init, plain(self.density)
        if isinstance(init, str):
            return made(init, INITS, epsilon=plain(self.epsilon), density=density)
        if not callable(init):
            return LayerDensities(init)
        if density is not None and "density" in _field_names(init):
            return replace(init, density=density)
        return init

    def _method(self):
        """Return the preset of what is not given."""
        if self.method not in METHODS:
            raise ValueError(f"method {self.method!r} is none of {sorted(METHODS)}.")
        return METHODS[self.method]

    def _evolution(self):
        return self._method().evolution(
            zeta=plain(self.zeta),
            drop=self.drop,
            grow=self.grow,
            zeta_schedule=self.zeta_schedule,
            density_schedule=self.density_schedule,
            update_interval=plain(self.update_interval),
            newborn=self.newborn,
        )


def _field_names(strategy):
    """Return the names of a strategy's own parameters, none if it has no fields."""
    if isinstance(strategy, type) or not is_dataclass(strategy):
        return []
    return [field.name for field in fields(strategy)]
