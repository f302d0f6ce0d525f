"""Random parameters: a documented error, or a model that is sound in every way."""

import numpy as np
from estimators.cases import nothing_changes
from hypothesis import given, note, settings
from hypothesis import strategies as st
from properties.cases import (
    DOCUMENTED,
    ESTIMATORS,
    METHODS,
    answers,
    assert_copies_equal,
    assert_mentions,
    assert_same,
    assert_sound,
    learned,
    problems,
    quiet,
    refusals,
    threads_at_work,
    tiny,
)
from properties.parameters import SPACES, parameter_sets, wrong_values
from sklearn.base import clone

from skset.estimators import QuickSelection
from skset.strategies import SETDrop, ThresholdDrop

each = st.sampled_from(ESTIMATORS)


def supervised_of(Estimator, params):
    """Return what kind of y the parameters ask for, where the estimator does not."""
    if Estimator is not QuickSelection:
        return False
    supervised = params.get("supervised", False)
    return "classification" if supervised is True else supervised


@st.composite
def cases(draw, Estimator=None):
    """Return a model that is not fitted, and data."""
    Estimator = Estimator or draw(each)
    params = draw(parameter_sets(Estimator))
    problem = draw(problems(Estimator, supervised_of(Estimator, params)))
    return tiny(Estimator, **params), problem


def test_the_spaces_are_whole():
    for Estimator, space in SPACES.items():
        assert space.keys() == Estimator().get_params(deep=False).keys()


@settings(max_examples=220)
@given(cases(), st.sampled_from(list(METHODS)))
def test_a_model_is_sound_or_the_error_is_documented(case, method):
    model, problem = case
    note(f"{model!r}, {problem}")
    if not succeeds(model, problem, method, DOCUMENTED):
        return
    with quiet():
        if answers_are_refused(model, problem.X):
            return
        assert_sound(model, problem.X)
        assert_copies_equal(model, problem.X)
        # rows 53 and 55: the same bits for a clone, for another run, by more threads
        with threads_at_work():
            again = METHODS[method](clone(model).set_params(n_jobs=2), problem)
        assert_same(learned(again), learned(model))


def succeeds(model, problem, method, documented):
    """Fit the model; return False if that is refused as documented.

    Neither data nor global state may change (row 54), and a model only if it succeeds.
    """
    things = problem.X, problem.y, problem.weight, model.get_params(deep=False)
    with quiet(), nothing_changes(*things):
        before = sorted(vars(model))
        try:
            METHODS[method](model, problem)
        except (ValueError, TypeError) as error:
            assert_mentions(error, documented)
            assert sorted(vars(model)) == before
            refusals["parameters"] += 1
            return False
    return True


def answers_are_refused(model, X):
    """Return whether the model's outputs are too large for numbers (row 65)."""
    try:
        answers(model, X)
    except ValueError as error:
        assert_mentions(error, "Input X contains values too large")
        return True
    return False


@settings(max_examples=160)
@given(cases(), st.data())
def test_a_wrong_value_is_refused_by_its_name(case, data):
    model, problem = case  # row 36
    name = data.draw(st.sampled_from(sorted(SPACES[type(model)])))
    value = data.draw(wrong_values)
    if name == "random_state" and value is None:
        return  # numpy's global state is what is asked for
    model.set_params(**{name: value})
    note(f"{name}={value!r}: {model!r}, {problem}")
    mentioned = "|".join([DOCUMENTED, rf"\b{name}\b"])
    if not succeeds(model, problem, "fit", mentioned):
        return
    with quiet():
        if not answers_are_refused(model, problem.X):
            assert_sound(model, problem.X)


# How many connections there are, exactly.


@st.composite
def conserving(draw):
    """Return a model whose method conserves the number of connections."""
    Estimator = draw(
        st.sampled_from([e for e in ESTIMATORS if e is not QuickSelection])
    )
    model, problem = draw(cases(Estimator))
    model.set_params(density_schedule="constant", warm_start=False)
    if hasattr(model, "unit_pruning"):
        model.set_params(unit_pruning=None)
    return model, problem


def counts(model):
    return [layer.topology.nnz for layer in model.network_.layers]


@settings(max_examples=120)
@given(conserving())
def test_connections_are_conserved_exactly_but_for_the_final_drop(case):
    model, problem = case
    final = clone(model).set_params(final_drop=True)
    model.set_params(final_drop=False)
    note(f"{model!r}, {problem}")
    static = clone(model).set_params(method="static", zeta=None, zeta_schedule=None)
    static.set_params(drop=None, grow=None)
    if not succeeds(model, problem, "fit", DOCUMENTED):
        return
    # SET's drop does not look at what is learned, so that this one cannot diverge.
    assert counts(model) == counts(fitted_quietly(static, problem))
    if not succeeds(final, problem, "fit", DOCUMENTED):
        return
    assert counts(final) == counts_after_the_final_drop(model)


@settings(max_examples=40)
@given(conserving())
def test_fits_that_go_on_do_not_melt_the_network(case):
    model, problem = case
    model.set_params(final_drop=False)
    note(f"{model!r}, {problem}")
    if not succeeds(model, problem, "fit", DOCUMENTED):
        return
    whole = counts(model)
    model = clone(model).set_params(final_drop=True, warm_start=True)
    n_before = 0
    for _ in range(3):
        if not succeeds(model, problem, "fit", DOCUMENTED):
            return
        # Only the last drop is for good, and only until the next fit.
        zeta = last_zeta(model, len(curve(model)) - n_before)
        least = [n - int(zeta * n) for n in whole]
        assert all(n >= m for n, m in zip(counts(model), least, strict=True))
        n_before = len(curve(model))
        if not getattr(model, "early_stopping", False):
            assert model.t_ == n_before * len(problem.X)


def curve(model):
    """Return the loss of each epoch since the first fit."""
    return getattr(model, model._curve)


def evolution_of(model):
    return model._read_parameters().evolution


def last_zeta(model, n_epochs):
    """Return what zeta is after so many epochs of the last fit."""
    most = model.max_iter if hasattr(model, "max_iter") else model.n_iter
    return evolution_of(model).schedule(min(1.0, n_epochs / most))


def fitted_quietly(model, problem):
    with quiet():
        return METHODS["fit"](model, problem)


def counts_after_the_final_drop(model):
    """Return how many connections each layer has once some are dropped for good."""
    if getattr(model, "early_stopping", False):  # the best network was not the last
        return counts(model)
    zeta, drop = last_zeta(model, model.n_iter_), evolution_of(model).drop
    # In the units of X, weights of a constant feature have lost their signs.
    layers = getattr(model, "_network", model.network_).layers
    return [layer.topology.nnz - n_dropped(drop, layer, zeta) for layer in layers]


def n_dropped(drop, layer, zeta):
    """Return how many connections a drop takes, no more than there are free places."""
    w, topology = layer.weights, layer.topology
    zeta = min(zeta, topology.n_free / max(topology.nnz, 1))
    n_negative = np.count_nonzero(w < 0)
    if isinstance(drop, SETDrop):
        return int(zeta * n_negative) + int(zeta * (w.size - n_negative))
    if isinstance(drop, ThresholdDrop):
        n_small = np.count_nonzero(np.abs(w) < drop.threshold)
        return min(n_small, int(zeta * w.size))
    return int(zeta * w.size)
