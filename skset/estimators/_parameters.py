"""The parameters that the sparse networks share: what each may be."""

from numbers import Integral, Real

import numpy as np

from skset.estimators._sklearn import (
    HasMethods,
    Interval,
    Options,
    RealNotInt,
    StrOptions,
    validate_parameter_constraints,
)
from skset.model import ACTIVATIONS, INITIAL_WEIGHTS
from skset.strategies import (
    DENSITY_SCHEDULES,
    DROPS,
    GROWS,
    INITS,
    METHODS,
    MIN_EPSILON,
    SCHEDULES,
    UNIT_PRUNINGS,
)

__all__ = [
    "CLASS_WEIGHT",
    "RBM_CONSTRAINTS",
    "SELECTION_CONSTRAINTS",
    "SHARED_CONSTRAINTS",
    "validate",
]


def validate(estimator):
    """Raise unless each parameter of an estimator is what its table says.

    Raises
    ------
    InvalidParameterError
        A ValueError that names the parameter and what it must be.
    """
    validate_parameter_constraints(
        estimator._parameter_constraints,
        estimator.get_params(deep=False),
        caller_name=type(estimator).__name__,
    )


class Number(Interval):
    """An interval that, unlike scikit-learn's, does not take a bool for a number."""

    def is_satisfied_by(self, val):
        """Return whether the value is a number in the interval."""
        return not isinstance(val, (bool, np.bool_)) and super().is_satisfied_by(val)


class LayerSizes(Number):
    """A non-empty sequence of numbers in the interval."""

    def is_satisfied_by(self, val):
        """Return whether every element is in the interval, and there is one."""
        sequence = isinstance(val, (list, tuple, range, np.ndarray))
        if not sequence or getattr(val, "ndim", 1) != 1:
            return False
        return len(val) > 0 and all(
            super(LayerSizes, self).is_satisfied_by(n) for n in val
        )

    def __str__(self):
        return "a non-empty sequence of positive integers"


class Densities(LayerSizes):
    """A non-empty sequence of densities."""

    def __str__(self):
        return "a non-empty sequence of densities in (0, 1], one for each layer"


class Jobs(Number):
    """An integer that is not 0."""

    def is_satisfied_by(self, val):
        """Return whether the value counts threads."""
        return super().is_satisfied_by(val) and val != 0

    def __str__(self):
        return "an int other than 0"


class Constant(Number):
    """The constant of Erdos-Renyi, which is not that of Adam.

    Parameters
    ----------
    hint : str
        What else may be meant by the name.
    """

    def __init__(self, hint):
        super().__init__(Real, MIN_EPSILON, None, closed="left")
        self.hint = hint

    def __str__(self):
        return (
            f"a number of at least {MIN_EPSILON}, which sets how many connections "
            f"there are{self.hint}"
        )


class Names(StrOptions):
    """Names, and a hint for those who look for something else.

    Parameters
    ----------
    options : iterable of str
        The names.
    hint : str
        What to do instead.
    """

    def __init__(self, options, hint):
        super().__init__(set(options))
        self.hint = hint

    def __str__(self):
        return f"{super().__str__()} ({self.hint})"


class Strategy(HasMethods):
    """An object with methods, by default `__call__`, that is not a class."""

    def is_satisfied_by(self, val):
        """Return whether the value is a strategy, not merely a class of them."""
        return super().is_satisfied_by(val) and not isinstance(val, type)

    def __str__(self):
        names = " and ".join(self.methods)
        return f"an object with {names} (not a class)"


def _named(table, *methods):
    return [StrOptions(set(table)), Strategy(["__call__", *methods])]


POSITIVE_INT = Number(Integral, 1, None, closed="left")
NON_NEGATIVE = Number(Real, 0, None, closed="left")
POSITIVE = Number(Real, 0, None, closed="neither")
BELOW_ONE = Number(Real, 0, 1, closed="left")

CLASS_WEIGHT = [None, dict, list, StrOptions({"balanced"})]

SHARED_CONSTRAINTS: dict = {
    "hidden_layer_sizes": [
        LayerSizes(Integral, 1, None, closed="left"),
        POSITIVE_INT,
    ],
    "epsilon": [Constant(" (Adam's epsilon is adam_epsilon here)")],
    "density": [None, Number(Real, 0, 1, closed="right")],
    "init": [*_named(INITS), Densities(Real, 0, 1, closed="right")],
    "weight_init": [StrOptions({"auto", *INITIAL_WEIGHTS})],
    "method": [StrOptions(set(METHODS))],
    "zeta": [None, BELOW_ONE],
    "drop": [None, *_named(DROPS)],
    "grow": [None, *_named(GROWS)],
    "zeta_schedule": [None, *_named(SCHEDULES)],
    "density_schedule": [None, *_named(DENSITY_SCHEDULES)],
    "update_interval": [None, POSITIVE_INT, StrOptions({"epoch"})],
    "newborn": [None, StrOptions({"zero", "init", "he_uniform"})],
    "unit_pruning": [None, *_named(UNIT_PRUNINGS, "due")],
    "final_drop": ["boolean"],
    "activation": [Names(ACTIVATIONS, "the sigmoid is 'logistic'")],
    "negative_slope": [None, NON_NEGATIVE],
    "dropout": [BELOW_ONE],
    "solver": [StrOptions({"sgd", "adam", "lbfgs"})],
    "max_fun": [POSITIVE_INT],
    "alpha": [NON_NEGATIVE],
    "batch_size": [StrOptions({"auto"}), POSITIVE_INT],
    "learning_rate": [
        Names(
            {"constant", "invscaling", "adaptive", "cosine"},
            "how it changes; the number is learning_rate_init",
        )
    ],
    "learning_rate_init": [POSITIVE],
    "power_t": [NON_NEGATIVE],
    "max_iter": [POSITIVE_INT],
    "shuffle": ["boolean"],
    "tol": [NON_NEGATIVE],
    "n_iter_no_change": [POSITIVE_INT, Options(Real, {np.inf})],
    "early_stopping": ["boolean"],
    "validation_fraction": [Number(Real, 0, 1, closed="neither")],
    "scoring": [None, str, callable],
    "momentum": [Number(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "beta_1": [BELOW_ONE],
    "beta_2": [BELOW_ONE],
    "adam_epsilon": [POSITIVE],
    "warm_start": ["boolean"],
    "dtype": [
        StrOptions({"float32", "float64"}),
        Options(type, {np.float32, np.float64}),
    ],
    "random_state": ["random_state"],
    "n_jobs": [None, Jobs(Integral, None, None, closed="neither")],
    "verbose": ["verbose"],
}

_NOT_OF_SELECTION = {
    *("negative_slope", "final_drop", "power_t", "shuffle", "scoring", "warm_start"),
    *("nesterovs_momentum", "beta_1", "beta_2", "adam_epsilon"),
}
SELECTION_CONSTRAINTS: dict = {
    **{
        name: kinds
        for name, kinds in SHARED_CONSTRAINTS.items()
        if name not in _NOT_OF_SELECTION
    },
    "epsilon": [Constant(" (Adam's, the adam_epsilon of SETClassifier, is none here)")],
    "n_features_to_select": [
        StrOptions({"all"}),
        POSITIVE_INT,
        Interval(RealNotInt, 0, 1, closed="right"),
    ],
    "supervised": ["boolean", StrOptions({"auto", "classification", "regression"})],
    "importance": [StrOptions({"coverage", "strength", "attribution"})],
    "accumulate": ["boolean"],
    "keep_history": ["boolean"],
    "max_iter": [StrOptions({"auto"}), POSITIVE_INT],
    "noise": [NON_NEGATIVE],
    "resample_noise": ["boolean"],
    "class_weight": CLASS_WEIGHT,
}

_OF_RBM = (
    *("epsilon", "density", "init", "method", "zeta", "drop", "grow", "zeta_schedule"),
    *(
        "density_schedule",
        "update_interval",
        "newborn",
        "final_drop",
        "alpha",
        "warm_start",
        "dtype",
    ),
    *("random_state", "n_jobs", "verbose"),
)
RBM_CONSTRAINTS: dict = {
    **{name: SHARED_CONSTRAINTS[name] for name in _OF_RBM},
    "epsilon": [Constant("")],
    "n_components": [POSITIVE_INT],
    "learning_rate": [POSITIVE],
    "learning_rate_schedule": [StrOptions({"constant", "cosine"})],
    "momentum": [BELOW_ONE],
    "n_gibbs": [POSITIVE_INT],
    "persistent": ["boolean"],
    "batch_size": [POSITIVE_INT],
    "n_iter": [POSITIVE_INT],
}
