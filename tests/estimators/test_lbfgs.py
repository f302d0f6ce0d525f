"""`solver="lbfgs"`: rounds over all samples, between which the topology evolves."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
from estimators.cases import (
    BOTH,
    assert_same_network,
    impatient,
    nothing_changes,
    refused,
    scores,
    small,
    toy,
)
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skset.estimators import QuickSelection, SETClassifier, SETRegressor
from skset.estimators import _perceptron as perceptron

ROUND = perceptron.LBFGS_ROUND
every_estimator = pytest.mark.parametrize("kind", BOTH)


def lbfgs(kind, **params):
    """Return a network for a few iterations of L-BFGS, with half of its connections."""
    defaults = {"solver": "lbfgs", "density": 0.5, "max_iter": 5}
    return small(kind, **defaults | params)


def long(kind, **params):
    """Return one of two whole rounds and a part of a third."""
    return lbfgs(kind, max_iter=2 * ROUND + 3, tol=0.0, alpha=1.0, **params)


@pytest.fixture(params=BOTH)
def problem(request):
    return request.param, *toy(request.param, n_samples=60)


# How long it takes.


@impatient
@pytest.mark.parametrize("n_iter", [1, ROUND - 1, ROUND, ROUND + 1, 2 * ROUND + 3])
def test_every_iteration_is_counted_and_on_the_curve(problem, n_iter):
    kind, X, y = problem
    model = lbfgs(kind, max_iter=n_iter, tol=0.0, alpha=1.0).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == n_iter
    assert model.t_ == n_iter * len(X)
    assert model.loss_ == model.loss_curve_[-1]
    first = model.loss_curve_[:ROUND]
    assert all(a >= b for a, b in pairwise(first))


@impatient
def test_static_is_one_round(problem):
    kind, X, y = problem
    model = long(kind, method="static").fit(X, y)
    curve = model.loss_curve_
    assert all(a >= b for a, b in pairwise(curve))
    of_two = long(kind, method="static", update_interval=ROUND).fit(X, y)
    assert_same_network(model, of_two)


@impatient
def test_it_is_one_line_of_verbose_for_each_round(problem, capsys):
    kind, X, y = problem
    long(kind, verbose=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"Epoch {n} of {2 * ROUND + 3}" for n in (ROUND, 2 * ROUND, 2 * ROUND + 3)
    ]
    long(kind, method="static", verbose=True).fit(X, y)
    assert len(capsys.readouterr().out.splitlines()) == 1


@impatient
def test_update_interval_is_the_length_of_a_round(problem, capsys):
    kind, X, y = problem
    lbfgs(kind, update_interval=2, max_iter=6, tol=0.0, verbose=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"Epoch {n} of 6" for n in (2, 4, 6)
    ]


def test_it_warns_only_where_it_has_not_converged(problem):
    kind, X, y = problem
    with pytest.warns(ConvergenceWarning, match="Maximum iterations .3. reached"):
        lbfgs(kind, method="static", max_iter=3).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = lbfgs(kind, method="static", max_iter=500, alpha=5.0).fit(X, y)
    assert model.n_iter_ < 500


def test_max_fun_ends_it_with_a_warning(problem):
    kind, X, y = problem
    with pytest.warns(ConvergenceWarning):
        model = long(kind, max_fun=ROUND + 8, final_drop=False).fit(X, y)
    assert ROUND - 8 < model.n_iter_ < ROUND + 8
    assert model.loss_ == model.loss_curve_[-1]
    whole = long(kind, final_drop=False, max_fun=10**6)
    with pytest.warns(ConvergenceWarning):
        assert whole.fit(X, y).n_iter_ == 2 * ROUND + 3


# What it learns.


@impatient
@pytest.mark.parametrize("method", ["set", "rigl", "granet", "mest", "gse", "ctre"])
def test_every_method(problem, method):
    kind, X, y = problem
    model = long(kind, method=method, final_drop=False)
    model.fit(X, y)
    start = clone(model).set_params(max_iter=1, method="static").fit(X, y)
    assert model.nnz_ == start.nnz_ == round(0.5 * model.network_.n_possible)
    patterns = [
        [layer.topology.positions().tolist() for layer in m.network_.layers]
        for m in (model, start)
    ]
    assert patterns[0] != patterns[1]
    assert model.score(X, y) > 0.6
    assert_same_network(clone(model).fit(X, y), model)


@impatient
def test_momentum_is_not_there(problem):
    kind, X, y = problem
    model = lbfgs(kind, grow="momentum")
    with refused(ValueError, "grow='momentum' looks at the optimiser's", model):
        model.fit(X, y)


@impatient
def test_the_final_drop_comes_after_the_last_round(problem):
    kind, X, y = problem
    with_drop, without = long(kind, zeta=0.4), long(kind, zeta=0.4, final_drop=False)
    assert with_drop.fit(X, y).nnz_ < without.fit(X, y).nnz_
    assert with_drop.loss_curve_ == without.loss_curve_


@impatient
@pytest.mark.parametrize("zeta", [0.0, 0.3])
def test_a_density_that_falls_falls_between_rounds(problem, zeta):
    """Were there one round, what is left would not be trained."""
    kind, X, y = problem
    nnz = []

    class Noting(kind):
        def _record(self, loss, training):
            nnz.append(training.state.network.nnz)
            super()._record(loss, training)

    model = long(
        Noting, density_schedule="cubic", zeta=zeta, density=0.3, final_drop=False
    )
    model.fit(X, y)
    assert len(nnz) == 3
    assert nnz[0] > nnz[1] > nnz[2] >= model.nnz_
    assert model.nnz_ == small(kind, density=0.3, method="static").fit(X, y).nnz_


@impatient
def test_units_are_pruned_between_rounds(problem):
    kind, X, y = problem
    params = {"hidden_layer_sizes": (40,), "update_interval": 4, "max_iter": 40}
    model = lbfgs(kind, unit_pruning="strength", tol=0.0, **params).fit(X, y)
    assert model.hidden_layer_sizes_[0] < 40
    assert np.isfinite(scores(model, X)).all()
    static = lbfgs(kind, unit_pruning="strength", method="static", **params, tol=0.0)
    assert static.fit(X, y).hidden_layer_sizes_[0] < 40


@impatient
@pytest.mark.parametrize("loss", ["squared_error", "huber", "poisson", "gamma"])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_every_loss_of_numbers(loss, n_outputs):
    X, _ = toy(SETRegressor, n_samples=60)
    y = np.exp(X[:, :n_outputs] / 2)
    y = y[:, 0] if n_outputs == 1 else y
    params = {"loss": loss, "max_iter": 60, "alpha": 0.01, "density": 1.0}
    model = lbfgs(SETRegressor, method="static", **params).fit(X, y)
    assert model.score(X, y) > 0.9
    curve = model.loss_curve_
    assert all(a >= b for a, b in pairwise(curve))


@impatient
def test_labels():
    X, _ = toy(SETClassifier, n_samples=60)
    Y = (X[:, :3] > X[:, 1:4]).astype(int)
    params = {"max_iter": 60, "alpha": 0.01, "density": 1.0}
    model = lbfgs(SETClassifier, method="static", **params).fit(X, Y)
    assert model.score(X, Y) > 0.9
    assert model.predict(X).shape == Y.shape


@impatient
def test_sparse_X_is_the_same_as_dense(problem):
    kind, X, y = problem
    X[np.abs(X) < 0.5] = 0
    assert_same_network(long(kind).fit(X, y), long(kind).fit(sparse.csr_array(X), y))


@impatient
def test_samples_without_weight_are_as_if_they_were_not_there():
    X, y = toy(SETRegressor, n_samples=60)
    weight = np.random.default_rng(0).integers(0, 2, 60).astype(float)
    some = weight > 0
    one = long(SETRegressor).fit(X, y, sample_weight=weight)
    assert_same_network(one, long(SETRegressor).fit(X[some], y[some]))


@impatient
@pytest.mark.parametrize("factor", [1e-20, 0.25, 1e20])
def test_only_the_proportions_of_weights_count(factor):
    X, y = toy(SETClassifier, n_samples=60)
    weight = np.random.default_rng(0).uniform(0.1, 1, 60)
    one = lbfgs(SETClassifier, class_weight="balanced").fit(X, y, weight)
    other = lbfgs(SETClassifier, class_weight="balanced").fit(X, y, factor * weight)
    for a, b in zip(one.coefs_, other.coefs_, strict=True):
        np.testing.assert_allclose(a.toarray(), b.toarray(), rtol=1e-3, atol=1e-5)


@impatient
@pytest.mark.parametrize("n_jobs", [2, -1])
def test_any_number_of_jobs(problem, n_jobs):
    kind, X, y = problem
    assert_same_network(long(kind).fit(X, y), long(kind, n_jobs=n_jobs).fit(X, y))


@impatient
@pytest.mark.parametrize("hidden", [(), (8, 6)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_number_of_layers(problem, hidden, dtype):
    kind, X, y = problem
    params = {"hidden_layer_sizes": hidden, "dtype": dtype, "density": 1.0}
    model = long(kind, **params).fit(X, y)
    assert len(model.coefs_) == len(hidden) + 1
    assert model.network_.dtype == dtype
    assert model.score(X, y) > 0.5


# How it goes on, and where it stops.


@impatient
def test_warm_start_goes_on(problem):
    kind, X, y = problem
    params = {"method": "static", "final_drop": False, "dtype": np.float64}
    model = lbfgs(kind, warm_start=True, tol=0.0, **params).fit(X, y)
    curve = list(model.loss_curve_)
    model.fit(X, y)
    assert model.n_iter_ == 5
    assert model.t_ == 10 * len(X)
    assert model.loss_curve_[:5] == curve
    assert model.loss_curve_[5] < curve[-1]
    adam = model.set_params(solver="adam", max_iter=1)
    assert adam.fit(X, y).loss_curve_[:10] == model.loss_curve_[:10]


@impatient
@pytest.mark.parametrize("scoring", ["loss", None])
def test_early_stopping_keeps_the_best_of_the_rounds(problem, scoring):
    kind, X, y = problem
    params = {"early_stopping": True, "scoring": scoring, "n_iter_no_change": 2}
    model = lbfgs(kind, max_iter=400, update_interval=5, alpha=0.0, **params)
    model.fit(X, y)
    n_rounds = len(model.validation_scores_)
    assert n_rounds < 80
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert np.argmax(model.validation_scores_) < n_rounds - 1


@impatient
def test_the_training_stops_where_rounds_no_longer_help(problem):
    kind, X, y = problem
    params = {"update_interval": 3, "n_iter_no_change": 2, "tol": 0.5}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = lbfgs(kind, max_iter=3000, **params).fit(X, y)
    assert model.n_iter_ < 100


@every_estimator
def test_dropout_is_refused(kind):
    X, y = toy(kind)
    model = lbfgs(kind, dropout=0.2)
    with refused(ValueError, "dropout must be 0 for solver='lbfgs'", model):
        model.fit(X, y)


@every_estimator
@pytest.mark.parametrize("max_fun", [0, -1, 1.5, None, "many"])
def test_wrong_numbers_of_evaluations(kind, max_fun):
    model = lbfgs(kind, max_fun=max_fun)
    with refused(ValueError, "The 'max_fun' parameter", model):
        model.fit(*toy(kind))


def test_a_selector_does_not_have_it():
    X, y = toy(SETClassifier)
    with pytest.raises(ValueError, match="The 'solver' parameter of QuickSelection"):
        QuickSelection(2, solver="lbfgs").fit(X, y)
    assert "max_fun" not in QuickSelection().get_params()


@every_estimator
def test_partial_fit_is_there_for_other_solvers_only(kind):
    model = lbfgs(kind)
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit") as raised:
        model.partial_fit(*toy(kind))
    assert "needs all samples at once" in str(raised.value.__cause__)
    for solver in ("adam", "sgd", "adamw"):
        assert hasattr(model.set_params(solver=solver), "partial_fit")


@every_estimator
def test_values_that_overflow_leave_the_estimator_unfitted(kind):
    X, y = toy(kind)
    model = lbfgs(kind, dtype=np.float64, standardize=False)
    with nothing_changes(model), pytest.raises(ValueError, match="non-finite"):
        model.fit(X * 1e300, y)


# Callbacks.


class Counting:
    """A callback that counts rounds, and stops after some."""

    def __init__(self, last=None):
        self.last, self.n_iters = last, []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, **given):
        pass

    def on_fit_task_end(self, estimator, context, **given):
        if context.task_name == "epoch":
            self.n_iters.append(estimator.n_iter_)
        return len(self.n_iters) == self.last


@impatient
@pytest.mark.parametrize("last", [None, 2])
def test_a_round_is_a_task(problem, last):
    kind, X, y = problem
    if not hasattr(kind, "set_callbacks"):
        pytest.skip("scikit-learn has callbacks from 1.9 on")
    callback = Counting(last)
    model = long(kind).set_callbacks(callback).fit(X, y)
    ends = [ROUND, 2 * ROUND, 2 * ROUND + 3][:last]
    assert callback.n_iters == ends
    assert model.n_iter_ == ends[-1]
