"""Schedules of the learning rate that are one's own, and the solvers that have them."""

import pickle
import warnings

import numpy as np
import pytest
from estimators.cases import (
    assert_same_network,
    first_call,
    impatient,
    refused,
    selector,
    small,
    toy,
    toy_for,
)
from scipy import sparse
from sklearn.base import clone

from skset.training import AdamW

pytestmark = impatient
SOLVERS = ["sgd", "adam", "adamw"]
every_solver = pytest.mark.parametrize("solver", SOLVERS)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def same(share):
    return 1


def half_a_cosine(share):
    return 0.5 * (1.0 + float(np.cos(np.pi * share)))


def warmed_up(share):
    return min(1.0, share / 0.2)


@every_solver
@every_dtype
@pytest.mark.parametrize(
    ("name", "schedule"), [("constant", same), ("cosine", half_a_cosine)]
)
def test_a_callable_can_say_what_a_name_says(Estimator, solver, name, schedule, dtype):
    X, y = toy(Estimator)
    params = {"solver": solver, "dtype": dtype, "learning_rate_init": 0.5**8}
    by_name = small(Estimator, learning_rate=name, **params).fit(X, y)
    own = small(Estimator, learning_rate=schedule, **params).fit(X, y)
    assert_same_network(by_name, own)
    of_sparse = small(Estimator, learning_rate=schedule, **params)
    assert_same_network(own, of_sparse.fit(sparse.csr_array(X), y))


@every_solver
def test_it_sees_the_share_of_the_training(Estimator, solver):
    X, y = toy(Estimator)
    seen = []

    def noted(share):
        seen.append(share)
        return 1.0

    # With alpha="auto" a short training would ask the schedule too.
    params = {"solver": solver, "batch_size": 10, "max_iter": 3, "alpha": 0.1}
    small(Estimator, learning_rate=noted, **params).fit(X, y)
    np.testing.assert_allclose(seen, np.arange(12) / 12)


def test_in_partial_fit_max_iter_calls_are_the_whole(Estimator):
    X, y = toy(Estimator)
    seen = []

    def noted(share):
        seen.append(share)
        return 1.0

    model = small(Estimator, learning_rate=noted, max_iter=4, batch_size=20)
    first_call(model, X, y)
    for _ in range(5):
        model.partial_fit(X, y)
    np.testing.assert_allclose(seen, np.minimum(np.arange(12) / 8, 1.0))


def test_a_rate_of_0_changes_nothing(Estimator):
    X, y = toy(Estimator)
    params = {"method": "static", "warm_start": True, "final_drop": False}
    model = small(Estimator, **params).fit(X, y)
    before = [W.data.copy() for W in model.coefs_]
    model.set_params(learning_rate=lambda share: 0, solver="sgd", momentum=0).fit(X, y)
    for W, data in zip(model.coefs_, before, strict=True):
        np.testing.assert_array_equal(W.data, data)


@pytest.mark.parametrize(
    "wrong", [-1e-9, np.nan, np.inf, None, "0.1", True, 1j, [1.0], np.ones(2)], ids=str
)
@every_solver
def test_what_is_no_factor_is_refused(Estimator, solver, wrong):
    X, y = toy(Estimator)
    fitted = small(Estimator, solver=solver).fit(X, y)
    for model in (small(Estimator, solver=solver), fitted):
        model.set_params(learning_rate=lambda share: wrong)
        before = vars(model).copy()
        for fit in (model.fit, lambda X, y, model=model: first_call(model, X, y)):
            with pytest.raises(ValueError, match="learning_rate must return a finite"):
                fit(X, y)
            assert vars(model) == before


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, np.array])
def test_numbers_of_numpy_are_factors(Estimator, kind):
    X, y = toy(Estimator)
    plain = small(Estimator, learning_rate=same).fit(X, y)
    other = small(Estimator, learning_rate=lambda share: kind(1)).fit(X, y)
    assert_same_network(plain, other)


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_a_schedule_is_meant_to_end_at_max_iter(Estimator):
    X, y = toy(Estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = small(Estimator, learning_rate=warmed_up, max_iter=2).fit(X, y)
    assert model.n_iter_ == 2


def test_it_goes_through_clones_and_pickles(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator, learning_rate=warmed_up)
    assert clone(model).get_params()["learning_rate"] is warmed_up
    first_call(model, X, y)
    other = pickle.loads(pickle.dumps(model))
    assert_same_network(model.partial_fit(X, y), other.partial_fit(X, y))


def test_a_selector_has_it_too():
    X, _ = toy_for(False)
    own = selector(learning_rate=half_a_cosine).fit(X)
    assert_same_network(own, selector(learning_rate="cosine").fit(X))


# AdamW.


@every_dtype
def test_adamw_without_decay_is_adam(Estimator, dtype):
    X, y = toy(Estimator)
    one, other = (
        small(Estimator, solver=solver, alpha=0.0, dtype=dtype).fit(X, y)
        for solver in ("adam", "adamw")
    )
    assert_same_network(one, other)


def test_alpha_of_adamw_is_a_decay_and_no_penalty(Estimator):
    """Nothing is learned from weights of 0; a step takes its share of each weight."""
    X, y = toy(Estimator)
    params = {"method": "static", "final_drop": False, "dtype": np.float64}
    params.update(solver="adamw", alpha=0.5, learning_rate_init=0.1, batch_size=40)
    model = small(Estimator, **params, max_iter=1).fit(X, y)
    free = small(Estimator, **{**params, "alpha": 0.0}, max_iter=1).fit(X, y)
    start = small(Estimator, **{**params, "learning_rate_init": 1e-300}, max_iter=1)
    start.fit(X, y)
    assert model.loss_ == free.loss_
    for decayed, plain, first in zip(
        model.coefs_, free.coefs_, start.coefs_, strict=True
    ):
        np.testing.assert_allclose(decayed.data, plain.data - 0.05 * first.data)


@pytest.mark.parametrize("learning_rate", ["invscaling", "adaptive"])
def test_adamw_adapts_the_rate_itself(Estimator, learning_rate):
    X, y = toy(Estimator)
    one, other = (
        small(Estimator, solver="adamw", learning_rate=schedule).fit(X, y)
        for schedule in (learning_rate, "constant")
    )
    assert_same_network(one, other)


def test_adamw_has_a_momentum_to_grow_by(Estimator):
    X, y = toy(Estimator)
    params = {"solver": "adamw", "grow": "momentum", "density": 0.5}
    assert small(Estimator, **params).fit(X, y).nnz_ > 0
    model = small(Estimator, **params, beta_1=0.0)
    with refused(ValueError, "the solver has none", model):
        model.fit(X, y)
    assert model._optimiser(model._read_parameters()) == AdamW(0.0, alpha=model.alpha)


def test_a_selector_takes_adamw():
    X, _ = toy_for(False)
    one, other = (
        selector(solver=solver, alpha=0.0).fit(X) for solver in ("adam", "adamw")
    )
    assert_same_network(one, other)
