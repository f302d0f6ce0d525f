"""Allowed values of parameters, in the form of scikit-learn's constraints."""

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np

from skset.estimators._sklearn import (
    HasMethods,
    Interval,
    Options,
    StrOptions,
    validate_parameter_constraints,
)
from skset.strategies import MIN_EPSILON

__all__ = [
    "BELOW_ONE",
    "INSIDE_01",
    "NON_NEGATIVE",
    "PATIENCE",
    "POSITIVE",
    "POSITIVE_INT",
    "ConnectionConstant",
    "Densities",
    "Each",
    "Instance",
    "Jobs",
    "LayerSizes",
    "Names",
    "Number",
    "Strategy",
    "validate",
]


def validate(estimator: Any, params: dict[str, Any]) -> None:
    """Raise unless each parameter of an estimator fits its table.

    Parameters
    ----------
    estimator : SparseEstimator
        Has the table.
    params : dict
        Its parameters.

    Raises
    ------
    InvalidParameterError
        A ValueError that names the parameter and its allowed values.
    """
    validate_parameter_constraints(
        estimator._parameter_constraints,
        params,
        caller_name=type(estimator).__name__,
    )


class Number(Interval):
    """An interval of numbers; unlike in scikit-learn's, a bool is no number."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether the value is a number in the interval."""
        return not isinstance(val, (bool, np.bool_)) and super().is_satisfied_by(val)


class LayerSizes(Number):
    """A sequence of numbers in the interval, which may be empty."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether every element is in the interval."""
        sequence = isinstance(val, (list, tuple, range, np.ndarray))
        if not sequence or getattr(val, "ndim", 1) != 1:
            return False
        return all(super(LayerSizes, self).is_satisfied_by(n) for n in val)

    def __str__(self) -> str:
        return "a sequence of positive integers"


class Densities(LayerSizes):
    """A non-empty sequence of densities."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether every element is a density, and there is one."""
        return super().is_satisfied_by(val) and len(val) > 0

    def __str__(self) -> str:
        return "a non-empty sequence of densities in (0, 1], one for each layer"


class Jobs(Number):
    """An integer that is not 0."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether the value counts threads."""
        return super().is_satisfied_by(val) and val != 0

    def __str__(self) -> str:
        return "an int other than 0"


class ConnectionConstant(Number):
    """The constant of Erdős-Rényi; errors explain that it is not Adam's epsilon.

    Parameters
    ----------
    hint : str
        What else the name may mean.
    """

    def __init__(self, hint: str = "") -> None:
        super().__init__(Real, MIN_EPSILON, None, closed="left")
        self.hint = hint

    def __str__(self) -> str:
        return (
            f"a number of at least {MIN_EPSILON}, which sets how many connections "
            f"there are{self.hint}"
        )


class Names(StrOptions):
    """Names, and a hint about other names that users try.

    Parameters
    ----------
    options : iterable of str
        The names.
    hint : str
        What to use instead.
    """

    def __init__(self, options: Iterable[str], hint: str) -> None:
        super().__init__(set(options))
        self.hint = hint

    def __str__(self) -> str:
        return f"{super().__str__()} ({self.hint})"


class Strategy(HasMethods):
    """An object with certain methods, by default `__call__`; a class is refused."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether the value is a strategy, and not a class."""
        return super().is_satisfied_by(val) and not isinstance(val, type)

    def __str__(self) -> str:
        names = " and ".join(self.methods)
        return f"an object with {names} (not a class)"


class Instance(Options):
    """An object of a class of `skset.model`.

    Parameters
    ----------
    kind : type
        The class.
    """

    def __init__(self, kind: type) -> None:
        super().__init__(kind, set())

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether the value is an object of the class, not the class itself."""
        return isinstance(val, self.type)

    def __str__(self) -> str:
        return f"an object of a class derived from skset.model.{self.type.__name__}"


class Each(Options):
    """A list or tuple of elements of the given kinds.

    Parameters
    ----------
    *kinds : constraint
        What an element may be.
    where : str
        Each element belongs to one of these.
    """

    def __init__(self, *kinds: Any, where: str) -> None:
        super().__init__(object, set())
        self.kinds = kinds
        self.where = where

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether each element is of one of the kinds."""
        return isinstance(val, (list, tuple)) and all(
            any(kind.is_satisfied_by(element) for kind in self.kinds) for element in val
        )

    def __str__(self) -> str:
        return f"a list or tuple with one of these for each {self.where}"


POSITIVE_INT = Number(Integral, 1, None, closed="left")
NON_NEGATIVE = Number(Real, 0, None, closed="left")
POSITIVE = Number(Real, 0, None, closed="neither")
BELOW_ONE = Number(Real, 0, 1, closed="left")
INSIDE_01 = Number(Real, 0, 1, closed="neither")
# Number of epochs to wait for an improvement.
PATIENCE = [POSITIVE_INT, Options(Real, {np.inf})]
