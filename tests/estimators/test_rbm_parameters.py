"""Bad parameters, bad weights and divergence: the machine stays exactly as it was."""

import inspect

import numpy as np
import pytest
from estimators.cases import (
    bits,
    change_layer,
    fresh_and_fitted_machines,
    machine,
    refused,
)
from estimators.test_parameters import (
    BAD_VALUES,
    NOT_A_NAME,
    NOT_BELOW_ONE,
    NOT_BOOL,
    NOT_COUNT,
    NOT_POSITIVE,
)
from estimators.test_rbm import brute_force
from estimators.test_rbm_input import ANSWERS, FITS, both_fits, models_for
from estimators.test_sample_weight import BAD_WEIGHTS
from sklearn.exceptions import NotFittedError

from skset.estimators import SparseRBM
from skset.topology import random_topology

# Parameters.

BAD = {
    **BAD_VALUES,
    "n_components": [*NOT_COUNT, "auto", [8]],
    "batch_size": [*NOT_COUNT, "auto"],
    "learning_rate": [*NOT_POSITIVE, "constant"],
    "learning_rate_schedule": [*NOT_A_NAME, "adaptive"],
    "momentum": NOT_BELOW_ONE,
    "n_gibbs": NOT_COUNT,
    "n_iter": NOT_COUNT,
    "persistent": NOT_BOOL,
}
NAMES = list(inspect.signature(SparseRBM).parameters)


def test_every_parameter_is_constrained_and_has_bad_values_here():
    assert set(SparseRBM._parameter_constraints) == set(NAMES) <= set(BAD)


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in NAMES for value in BAD[name]]
)
def test_bad_value_is_refused_by_name_in_fit_and_not_before(name, value):  # row 36
    X = bits()
    assert SparseRBM(**{name: value}).get_params()[name] is value
    match = rf"(?s)The '{name}' parameter of SparseRBM must be .*Got .*"
    fresh, fitted = fresh_and_fitted_machines(X, **{name: value})
    for call in (fresh.fit, fitted.fit, fresh.partial_fit):
        with refused(ValueError, match, X, call.__self__):
            call(X)


def test_an_epsilon_that_is_meant_for_adam_is_refused():  # row 67
    with pytest.raises(ValueError, match=r"at least 0\.001, which sets") as said:
        machine(density=None, epsilon=1e-8).fit(bits())
    assert "adam" not in str(said.value).lower()


def test_unknown_names_and_positions_are_refused():  # row 37
    with pytest.raises(TypeError, match="unexpected keyword"):
        SparseRBM(foo=1)
    with pytest.raises(TypeError, match="positional"):
        SparseRBM(3, 20)
    with refused(ValueError, "Invalid parameter 'foo'", model := SparseRBM(3)):
        model.set_params(foo=1)


# Weights.


@pytest.mark.parametrize("method", [*FITS, "score"])
@pytest.mark.parametrize(("weight", "match"), BAD_WEIGHTS.values(), ids=BAD_WEIGHTS)
def test_bad_weights_are_refused(weight, match, method):
    X = bits()
    for model in models_for(method, X):
        with refused(ValueError, match, model, X):
            getattr(model, method)(X, sample_weight=weight)


# Divergence.

DIVERGING = {
    "rate": {"learning_rate": 1e38},
    "rate, float64": {"learning_rate": 1e308, "dtype": np.float64},
    "rate, finite but absurd": {"learning_rate": 1e5, "alpha": 0.0},
    "penalty": {"alpha": 1e30},
    "rate, chains": {"learning_rate": 1e38, "persistent": True},
}


@both_fits
@pytest.mark.parametrize("params", DIVERGING.values(), ids=DIVERGING)
def test_divergence_is_refused_in_its_epoch(params, fit):  # row 3
    X = bits()
    match = "non-finite.*in epoch [12]. learning_rate is too large"
    same = {"dtype": params.get("dtype", np.float32)}
    for model in fresh_and_fitted_machines(X, fitted_with=same, **params):
        with refused(ValueError, match, model, X):
            getattr(model, fit)(X)
    with pytest.raises(NotFittedError):
        machine(**params).transform(X)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("largest", [90.0, 300.0, 699.0])
def test_answers_are_finite_for_the_largest_weights_that_are_no_divergence(
    largest, dtype
):
    X = np.where(np.arange(40)[:, None] < 20, bits(), 0.3)
    model = machine(density=1.0, dtype=dtype).fit(X)
    weights = model.network_.layer.weights
    signs = np.where(weights > 0, 1, -1).astype(dtype)
    change_layer(model, 0, weights=largest * signs)
    for answer in ANSWERS:
        assert np.isfinite(getattr(model, answer)(X)).all(), answer
    said, expected = model.score_samples(X), brute_force(model, X)
    np.testing.assert_allclose(said, expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("wrong", [(5, 12), (6, 6), (4, 6)])
def test_init_of_another_shape_is_refused(wrong):
    def init(shapes, rng):
        return [random_topology(wrong, 4, rng)]

    with pytest.raises(ValueError, match="init must return a Topology for each"):
        machine(6, init=init).fit(bits())
