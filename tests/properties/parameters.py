"""Strategies that draw from the whole parameter space of every estimator."""

import numpy as np
from hypothesis import strategies as st

from skset import strategies as skset_strategies
from skset.estimators import QuickSelection, SETClassifier, SETRegressor, SparseRBM
from skset.model import (
    ACTIVATIONS,
    GELU,
    INITIAL_WEIGHTS,
    LOSSES,
    Huber,
    LeakyReLU,
)
from skset.strategies import DENSITY_SCHEDULES, GROWS, INITS, METHODS, SCHEDULES
from skset.topology import Topology

__all__ = ["SPACES", "parameter_sets", "wrong_values"]

NUMBER_LOSSES = LOSSES.keys() - {"log_loss"}

booleans = st.booleans()
shares = st.floats(0, 1, exclude_max=True)
densities = st.one_of(st.floats(1e-4, 1), st.just(1.0))
few = st.integers(1, 4)


# What a user may write.


def drops_the_largest(weights, zeta, rng):
    keep = np.ones(weights.size, bool)
    keep[np.argsort(-np.abs(weights))[: int(zeta * weights.size)]] = False
    return keep


def grows_the_first(topology, n, rng, signals):
    return topology.free_positions(np.arange(n))


def connects_the_diagonal(shapes, rng):
    return [Topology.from_positions(s, np.arange(min(s)) * (s[1] + 1)) for s in shapes]


def falls(progress):
    return 0.4 * (1 - progress)


def thins(progress, final):
    return min(1.0, final * (2 - progress))


class EveryOther:
    """Prunes every other unit, whenever it may."""

    def due(self, before, now):
        return now > before

    def __call__(self, strengths):
        return np.arange(strengths.size) % 2 == 0


def made(name, **fields):
    """Return a strategy that makes objects of a class, of which some fields vary."""
    cls = getattr(skset_strategies, name)
    return st.fixed_dictionaries({}, optional=fields).map(lambda given: cls(**given))


random_init = {
    "epsilon": st.floats(1e-2, 100),
    "density": st.none() | densities,
    "dense_output": booleans,
}
n_samples = {"n_samples": st.none() | st.integers(1, 30)}
schedule = {"zeta": st.floats(0, 1), "stop": st.floats(1e-3, 1)}

inits = st.one_of(
    st.sampled_from(sorted(INITS)),
    *(made(name, **random_init) for name in ("ErdosRenyi", "Uniform", "UniformPlus")),
    made("Snip", **random_init, max_connections=st.integers(1, 99)),
    st.lists(densities, min_size=1, max_size=4),
    st.just(connects_the_diagonal),
)
drops = st.one_of(
    st.none(),
    st.sampled_from(["set", "magnitude", "random", "sensitivity", "mest", "threshold"]),
    *(made(name) for name in ("SETDrop", "MagnitudeDrop", "RandomDrop")),
    made("ThresholdDrop", threshold=st.floats(0, 1)),
    made("SensitivityDrop", **n_samples),
    made("MESTDrop", lam=st.floats(0, 10), **n_samples),
    st.just(drops_the_largest),
)
grows = st.one_of(
    st.none(),
    st.sampled_from(sorted(GROWS)),
    *(made(n, **n_samples) for n in ("GradientGrow", "NeuronGrow")),
    *(made(name) for name in ("RandomGrow", "UnfiredGrow", "MomentumGrow")),
    made(
        "CosineGrow",
        mode=st.sampled_from(["sequential", "simultaneous"]),
        patience=st.integers(0, 2),
        centred=booleans,
        **n_samples,
    ),
    made("GuidedGrow", gamma=st.floats(0.01, 5), uniform_share=st.floats(0, 1)),
    st.just(grows_the_first),
)
zeta_schedules = st.one_of(
    st.none(),
    st.sampled_from(sorted(SCHEDULES)),
    *(
        made(name, **schedule)
        for name in ("ConstantSchedule", "LinearSchedule", "CosineSchedule")
    ),
    st.just(falls),
)
density_schedules = st.one_of(
    st.none(),
    st.sampled_from(sorted(DENSITY_SCHEDULES)),
    made("CubicDensity", initial=st.none() | densities, stop=st.floats(1e-3, 1)),
    st.just(thins),
)
unit_prunings = st.one_of(
    st.none(),
    st.just("strength"),
    made(
        "ImportancePruning",
        quantile=st.floats(0, 0.9),
        start=st.floats(0, 0.4),
        stop=st.floats(0.4, 1),
        every=st.floats(0.05, 1),
    ),
    st.just(EveryOther()),
)

one_activation = st.sampled_from([*sorted(ACTIVATIONS), LeakyReLU(0.3), GELU()])

EVOLUTION = {
    "epsilon": st.floats(1e-3, 100),
    "density": st.none() | densities,
    "init": inits,
    "method": st.sampled_from(sorted(METHODS)),
    "zeta": st.none() | shares,
    "drop": drops,
    "grow": grows,
    "zeta_schedule": zeta_schedules,
    "density_schedule": density_schedules,
    "update_interval": st.none() | few | st.just("epoch"),
    "newborn": st.sampled_from([None, "zero", "init", "he_uniform"]),
    "dtype": st.sampled_from([np.float32, np.float64, "float32", "float64"]),
    "random_state": st.integers(0, 2**32 - 1),
    "n_jobs": st.sampled_from([None, 1, 2, -1]),
    "verbose": st.sampled_from([False, True, 0, 2]),
}
NETWORK = {
    **EVOLUTION,
    "hidden_layer_sizes": st.integers(1, 12) | st.lists(st.integers(1, 9), max_size=3),
    "weight_init": st.sampled_from(["auto", *sorted(INITIAL_WEIGHTS)]),
    "unit_pruning": unit_prunings,
    "activation": one_activation | st.lists(one_activation, max_size=3),
    "dropout": st.just(0.0) | st.floats(0, 0.9),
    "solver": st.sampled_from(["sgd", "adam", "adamw"]),
    "alpha": st.just("auto") | st.floats(0, 10),
    "standardize": st.sampled_from(["auto", True, False, "global"]),
    "batch_size": st.just("auto") | st.integers(1, 20),
    "learning_rate": st.sampled_from(
        ["constant", "invscaling", "adaptive", "cosine", falls]
    ),
    "learning_rate_init": st.just("auto") | st.floats(1e-6, 0.3),
    "max_iter": few,
    "tol": st.floats(0, 1),
    "n_iter_no_change": st.just("auto") | st.just(np.inf) | few,
    "early_stopping": booleans,
    "validation_fraction": st.floats(0.05, 0.95),
    "momentum": st.floats(0, 1),
}
PERCEPTRON = {
    **NETWORK,
    "negative_slope": st.none() | st.floats(0, 2),
    "final_drop": booleans,
    "power_t": st.floats(0, 2),
    "max_norm": st.none() | st.floats(1e-3, 10),
    "delta_dtype": st.sampled_from([None, "bfloat16"]),
    "max_fun": few,
    "shuffle": booleans,
    "scoring": st.sampled_from(["loss", None]),
    "nesterovs_momentum": booleans,
    "beta_1": shares,
    "beta_2": shares,
    "adam_epsilon": st.floats(1e-12, 1),
    "warm_start": booleans,
}
class_weights = st.sampled_from([None, "balanced"])
SPACES = {
    SETClassifier: {
        **PERCEPTRON,
        "label_smoothing": shares,
        "temperature": st.just("auto") | st.floats(0.1, 10),
        "class_weight": class_weights,
    },
    SETRegressor: {
        **PERCEPTRON,
        "loss": st.sampled_from([*sorted(NUMBER_LOSSES), Huber(0.1)]),
        "quantile": st.floats(0, 1, exclude_min=True, exclude_max=True),
    },
    QuickSelection: {
        **NETWORK,
        "n_features_to_select": st.integers(1, 9)
        | st.floats(0, 1, exclude_min=True)
        | st.just("all"),
        "supervised": st.sampled_from([False, True, "classification", "regression"]),
        "importance": st.sampled_from(["coverage", "strength", "attribution"]),
        "accumulate": booleans,
        "keep_history": booleans,
        "max_iter": few,  # "auto" is ten epochs at least
        "noise": st.floats(0, 2),
        "resample_noise": booleans,
        "class_weight": class_weights,
    },
    SparseRBM: {
        **EVOLUTION,
        "n_components": st.integers(1, 12),
        "final_drop": booleans,
        "learning_rate": st.floats(1e-6, 1),
        "learning_rate_schedule": st.sampled_from(["constant", "cosine"]),
        "momentum": shares,
        "alpha": st.floats(0, 1),
        "n_gibbs": st.integers(1, 3),
        "persistent": booleans,
        "batch_size": st.integers(1, 20),
        "n_iter": few,
        "warm_start": booleans,
    },
}


@st.composite
def parameter_sets(draw, Estimator):
    """Return random valid values of a random choice of parameters."""
    space = SPACES[Estimator]
    n = draw(st.integers(0, 12))
    names = draw(
        st.lists(st.sampled_from(sorted(space)), unique=True, min_size=n, max_size=n)
    )
    return {name: draw(space[name]) for name in names}


# Most of them are in no parameter's range, all in few.
wrong_values = st.sampled_from(
    [
        *(None, True, -1, 0, 0.5, 1.5, 2, np.nan, np.inf, -np.inf, "x", "", b"x", 1j),
        *([], [0], (3.5,), (-1, 2), [True], {}, {0: 1}, int, np.array([2, 3])),
        *(np.array("set"), np.float32(0.25), np.int8(3), range(2), "auto", print),
    ]
)
