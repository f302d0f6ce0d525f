"""What a parameter may be: everything else is refused by `fit`, never by `__init__`."""

import inspect

import numpy as np
import pytest
from estimators.cases import (
    BOTH,
    first_call,
    fresh_and_fitted,
    impatient,
    named,
    refused,
    small,
    toy,
)
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skset.model import Huber, LogLoss, Tanh
from skset.strategies import ErdosRenyi
from skset.topology import random_topology
from skset.training import LearningRate

pytestmark = impatient

NAN_AND_INF = [np.nan, np.inf, -np.inf]
NOT_REAL = ["foo", None, True, 1j, [1.0], *NAN_AND_INF]
NOT_POSITIVE = [*NOT_REAL, 0.0, -1e-9]
NOT_CONSTANT = [*NOT_POSITIVE, 1e-8, 9.9e-4]
NEGATIVE = [*NOT_REAL, -1e-9, -1]
NOT_COUNT = [*NOT_REAL, 0, -1, 2.5, np.True_]
OUTSIDE_01 = [*NOT_REAL, -0.1, 1.1]
NOT_BELOW_ONE = [*OUTSIDE_01, 1, 1.0]
NOT_A_NAME = ["foo", 1, True, b"set", [], None]
NOT_BOOL = ["foo", None, 2, 1.0, [True]]


def optional(values):
    return [value for value in values if value is not None]


BAD_VALUES = {
    "hidden_layer_sizes": [
        *NOT_COUNT,
        *[(0,), (-1,), (3.5,), (True,), ("8",), (np.nan,), ((8,),), {8: 8}, {8}],
        *[
            "8",
            [[8, 8]],
            [[8], [8, 9]],
            np.array(8),
            np.array([[8]]),
            (n for n in (8,)),
        ],
        (8, None),
    ],
    "epsilon": NOT_CONSTANT,
    "density": [*optional(OUTSIDE_01), 0, 0.0],
    "init": [*NOT_A_NAME, [0.5, 0], (0.5, 1.1), [True, True], ["0.5"], [[0.5]], {0.5}],
    "weight_init": NOT_A_NAME,
    "method": NOT_A_NAME,
    "zeta": optional(NOT_BELOW_ONE),
    "drop": optional(NOT_A_NAME),
    "grow": optional(NOT_A_NAME),
    "zeta_schedule": optional(NOT_A_NAME),
    "density_schedule": [*optional(NOT_A_NAME), "linear", 0.5],
    "update_interval": optional(NOT_COUNT),
    "newborn": [*optional(NOT_A_NAME), np.zeros],
    "unit_pruning": [*optional(NOT_A_NAME), "random", 0.1],
    "final_drop": NOT_BOOL,
    "activation": ["foo", 1, True, b"set", None, ["foo"], [None], {"relu"}, Tanh],
    "negative_slope": optional(NEGATIVE),
    "dropout": NOT_BELOW_ONE,
    "solver": NOT_A_NAME,
    "alpha": NEGATIVE,
    "batch_size": NOT_COUNT,
    "learning_rate": NOT_A_NAME,
    "learning_rate_init": NOT_POSITIVE,
    "power_t": NEGATIVE,
    "max_iter": NOT_COUNT,
    "max_norm": optional(NOT_POSITIVE),
    "delta_dtype": ["float16", "float32", "foo", 1, True, b"bfloat16", np.float32],
    "max_fun": NOT_COUNT,
    "shuffle": NOT_BOOL,
    "tol": NEGATIVE,
    "n_iter_no_change": [value for value in NOT_COUNT if value is not np.inf],
    "early_stopping": NOT_BOOL,
    "validation_fraction": [*OUTSIDE_01, 0, 0.0, 1, 1.0],
    "scoring": [1, True, b"loss", ["loss"], {}],
    "momentum": OUTSIDE_01,
    "nesterovs_momentum": NOT_BOOL,
    "beta_1": NOT_BELOW_ONE,
    "beta_2": NOT_BELOW_ONE,
    "adam_epsilon": NOT_POSITIVE,
    "label_smoothing": NOT_BELOW_ONE,
    "temperature": NOT_POSITIVE,
    "class_weight": ["foo", 1, True, (1, 2), {1, 2}],
    "loss": [*NOT_A_NAME, "log_loss", LogLoss(), Huber],
    "quantile": [*OUTSIDE_01, 0, 0.0, 1, 1.0],
    "warm_start": NOT_BOOL,
    "standardize": [*NOT_BOOL, "column", b"auto", 0.0],
    "dtype": [
        "float16",
        "foo",
        int,
        np.float16,
        np.longdouble,
        None,
        32,
        np.dtype("f4"),
    ],
    # True is an int to scikit-learn here, as everywhere in scikit-learn.
    "random_state": ["foo", -1, 1.5, 2**32, [0], np.random.default_rng(0)],
    "n_jobs": [0, True, 1.5, "all", np.nan, np.inf, [1]],
    "verbose": ["foo", -1, 1.5, None],
}


def said(value):
    """Return the value in words that are the same in every run."""
    return "generator" if inspect.isgenerator(value) else named(repr(value))


CASES = [
    pytest.param(
        Estimator, name, value, id=f"{Estimator.__name__}-{name}-{said(value)}"
    )
    for Estimator in BOTH
    for name in Estimator._parameter_constraints
    for value in BAD_VALUES.get(name, [])
]


def test_every_parameter_is_constrained_and_has_bad_values_here(Estimator):
    names = set(inspect.signature(Estimator).parameters)
    assert set(Estimator._parameter_constraints) == names
    assert names <= set(BAD_VALUES)


@pytest.mark.parametrize(("Estimator", "name", "value"), CASES)
def test_bad_value_is_refused_by_name_in_fit_and_not_before(Estimator, name, value):
    # rows 36 and 39
    X, y = toy(Estimator)
    assert Estimator(**{name: value}).get_params()[name] is value
    match = rf"(?s)The '{name}' parameter of {Estimator.__name__} must be .*Got .*"
    # The generator among the values cannot be hashed, so that only what is fitted is.
    watched = [] if inspect.isgenerator(value) else [0]
    fresh, fitted = fresh_and_fitted(Estimator, X, y, **{name: value})
    for model in (fresh, fitted):
        with refused(ValueError, match, X, y, *[model for _ in watched]):
            model.fit(X, y)
    # scikit-learn's _fit_context looks at parameters in the first call only.
    with refused(ValueError, match, X, y, *[fresh for _ in watched]):
        first_call(fresh, X, y)


# What users of other libraries mean, and are told.
HINTS = {
    "epsilon": (1e-8, r"Adam's epsilon is adam_epsilon here\). Got 1e-08 instead"),
    "learning_rate": (0.01, r"number is learning_rate_init\).* Got 0\.01 instead"),
    "activation": ("sigmoid", r"sigmoid is 'logistic'\).* Got 'sigmoid' instead"),
}


@pytest.mark.parametrize("name", HINTS)
def test_what_other_libraries_call_so_is_answered_with_a_hint(Estimator, name):
    # row 67
    value, hint = HINTS[name]
    model = small(Estimator, **{name: value})
    match = f"The '{name}' parameter of {Estimator.__name__} must be .*{hint}"
    with refused(ValueError, match, model):
        model.fit(*toy(Estimator))


def test_least_epsilon_is_one_in_a_thousand(Estimator):  # row 67
    X, y = toy(Estimator, n_features=2000)
    params = {"hidden_layer_sizes": (1000,), "method": "static", "epsilon": 1e-3}
    model = small(Estimator, **params)
    with pytest.warns(UserWarning, match="no path leads"):
        model.fit(X, y)
    assert model.coefs_[0].nnz == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_layer_sizes", 8),
        ("hidden_layer_sizes", np.int64(8)),
        ("hidden_layer_sizes", [8]),
        ("hidden_layer_sizes", np.array([8])),
        ("hidden_layer_sizes", (np.int32(8),)),
        ("dtype", "float32"),
        ("verbose", 0),
        ("n_jobs", 1),
        ("batch_size", np.int64(32)),
        ("density", None),
    ],
)
def test_ways_to_say_the_same(Estimator, name, value):
    X, y = toy(Estimator)
    plain = small(Estimator, dtype=np.float32, batch_size=32).fit(X, y)
    other = small(Estimator, dtype=np.float32, batch_size=32)
    other.set_params(**{name: value}).fit(X, y)
    np.testing.assert_array_equal(plain.coefs_[0].data, other.coefs_[0].data)
    assert plain.coefs_[0].shape == other.coefs_[0].shape == (5, 8)


def test_any_random_state_of_scikit_learn_is_taken(Estimator):
    X, y = toy(Estimator)
    small(Estimator, random_state=None).fit(X, y)
    one = small(Estimator, random_state=np.random.RandomState(3)).fit(X, y)
    other = small(Estimator, random_state=3).fit(X, y)
    np.testing.assert_array_equal(one.coefs_[0].data, other.coefs_[0].data)


def test_unknown_names_are_refused(Estimator):  # row 37
    with pytest.raises(TypeError, match="unexpected keyword"):
        Estimator(foo=1)
    with refused(ValueError, "Invalid parameter 'foo'", model := Estimator()):
        model.set_params(foo=1)


def test_only_the_layer_sizes_go_without_their_name(Estimator):
    assert Estimator((3,)).hidden_layer_sizes == (3,)
    with pytest.raises(TypeError, match="positional"):
        Estimator((3,), 20)


def test_fit_leaves_the_parameters_as_given(Estimator):
    X, y = toy(Estimator)
    sizes = [8]
    model = small(Estimator, hidden_layer_sizes=sizes, method="set")
    before = model.get_params()
    model.fit(X, y)
    assert model.get_params() == before
    assert model.hidden_layer_sizes is sizes
    assert clone(model).get_params() == before


@pytest.mark.filterwarnings("default::sklearn.exceptions.ConvergenceWarning")
def test_reaching_max_iter_is_warned_of_and_settling_is_not(Estimator):
    X, y = toy(Estimator)
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached"):
        small(Estimator, max_iter=2).fit(X, y)


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_settled_training_stops_early_without_a_warning(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator, max_iter=50, tol=1e3, n_iter_no_change=2).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 4


@pytest.mark.parametrize(
    ("n_samples", "size"),
    [(1, 1), (3, 3), (41, 4), (400, 10), (5120, 128), (10**6, 128)],
)
def test_auto_batch_size_makes_forty_batches(Estimator, n_samples, size):
    model = Estimator()
    p = model._read_parameters()
    assert model._batch_size(p, n_samples, partial=False) == size


def test_auto_weights_are_small_in_the_first_and_the_last_layer(Estimator):
    X, y = toy(Estimator)
    params = {"method": "static", "max_iter": 1, "learning_rate_init": 1e-12}
    auto, he = (
        small(Estimator, **params, weight_init=weight_init).fit(X, y).coefs_
        for weight_init in ("auto", "he")
    )
    for small_one, full in zip(auto, he, strict=True):
        np.testing.assert_allclose(small_one.data, 0.1 * full.data, rtol=1e-5)


def test_cosine_takes_the_learning_rate_down(Estimator, monkeypatch):
    X, y = toy(Estimator)
    rates = []
    after_epoch = LearningRate.after_epoch

    def noted(self, samples):
        rates.append(self.now)
        after_epoch(self, samples)

    monkeypatch.setattr(LearningRate, "after_epoch", noted)
    given = {"learning_rate": "cosine", "max_iter": 4, "learning_rate_init": 0.01}
    small(Estimator, alpha=0.1, **given).fit(X, y)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.001


@pytest.mark.parametrize("wrong", [(5, 9), (6, 8), (5, 8, 1)])
def test_init_of_another_shape_is_refused(Estimator, wrong):
    """A kernel would read outside its arrays."""
    X, y = toy(Estimator)

    def init(shapes, rng):
        topologies = ErdosRenyi(2)(shapes, rng)
        if len(wrong) == 2:
            topologies[0] = random_topology(wrong, 4, rng)
        return topologies[: 4 - len(wrong)]

    with pytest.raises(ValueError, match="init must return a Topology for each"):
        small(Estimator, init=init).fit(X, y)
