"""Only relations of sample weights count (rows 28, 29, 61 and 63)."""

import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from properties.cases import (
    ESTIMATORS,
    METHODS,
    Problem,
    answers,
    assert_mentions,
    assert_same,
    assert_sound,
    learned,
    problems,
    quiet,
    refusals,
    tiny,
)

from skset.estimators import QuickSelection, SETClassifier, SETRegressor

SETS = [SETClassifier, SETRegressor]


@st.composite
def cases(draw, estimators=ESTIMATORS):
    """Return an estimator, parameters, and a problem with weights, some of them 0."""
    Estimator = draw(st.sampled_from(estimators))
    supervised = draw(st.sampled_from([False, "classification", "regression"]))
    problem = draw(problems(Estimator, supervised))
    weights = st.sampled_from([0.0, 0.125, 0.3, 1.0, 2.0, 3.0, 7.7])
    n = len(problem.X)
    weight = np.array(draw(st.lists(weights, min_size=n, max_size=n)))
    if not weight.any():
        weight[draw(st.integers(0, n - 1))] = 1.0
    problem.weight = weight
    params = {"alpha": draw(st.sampled_from([0.0, 1e-4, 0.1, 1.0]))}
    if Estimator is QuickSelection:
        params["supervised"] = supervised
        params["importance"] = draw(st.sampled_from(["coverage", "strength"]))
    return Estimator, params, problem


def weighted(problem, weight):
    return Problem(problem.X, problem.y, weight, problem.classes)


def both(case, weight, call="fit", **more):
    """Return what is learned with the problem's weights, and with these."""
    Estimator, params, problem = case
    note(f"{Estimator.__name__}({params | more}), {problem}, {weight}")
    return [
        METHODS[call](tiny(Estimator, **params, **more), weighted(problem, w))
        for w in (problem.weight, weight)
    ]


@settings(max_examples=100)
@given(cases(), st.integers(-99, 99), st.sampled_from(list(METHODS)))
def test_weights_times_a_power_of_two_give_the_same_bits(case, exponent, method):
    with quiet():
        one, other = both(case, case[2].weight * 2.0**exponent, method)
    assert_same(learned(other), learned(one))
    assert_sound(other, case[2].X)


@settings(max_examples=60)
@given(cases(SETS), st.floats(-30, 30))
def test_weights_times_a_number_give_the_same_model(case, exponent):
    static = {"method": "static", "dtype": np.float64}
    with quiet():
        one, other = both(case, case[2].weight * 10.0**exponent, **static)
    assert_close(one, other)


@settings(max_examples=60)
@given(cases(SETS))
def test_a_row_without_weight_is_as_if_it_were_not_there(case):
    with quiet():
        one, other = whole_batches(case, np.flatnonzero(case[2].weight))
    assert_close(one, other)


@settings(max_examples=60)
@given(cases(SETS), st.data())
def test_a_whole_weight_is_the_row_so_many_times(case, data):
    _, params, problem = case
    times = np.array(
        data.draw(
            st.lists(
                st.integers(0, 3), min_size=len(problem.X), max_size=len(problem.X)
            )
        )
    )
    times[0] = 1
    problem.weight = times.astype(float)
    params["alpha"] = 0.0  # which is divided by the number of rows
    rows = np.repeat(np.arange(times.size), times)
    with quiet():
        one, other = whole_batches(case, rows, weight=np.ones(rows.size))
    assert_close(one, other)


def whole_batches(case, rows, weight=None):
    """Return models of the weighted problem, and of these rows, by whole batches."""
    Estimator, params, problem = case
    if problem.classes is not None and problem.y.ndim == 1:  # the same outputs
        classes = problem.classes
    elif Estimator is SETClassifier:
        classes = np.arange(3)
    else:
        classes = None
    weight = problem.weight[rows] if weight is None else weight
    part = Problem(problem.X[rows], problem.y[rows], weight, classes)
    models = []
    for data in (Problem(problem.X, problem.y, problem.weight, classes), part):
        model = tiny(
            Estimator,
            **params,
            batch_size=len(data.X),
            shuffle=False,
            method="static",
            dtype=np.float64,
        )
        models.append(METHODS["partial_fit"](model, data))
    return models


def assert_close(one, other):
    expected = learned(one)
    for name, array in learned(other).items():
        if name != "t_":  # rows without weight are counted
            scale = max(1.0, np.abs(expected[name]).max(initial=0))
            np.testing.assert_allclose(
                array, expected[name], rtol=1e-6, atol=1e-9 * scale, err_msg=name
            )


extremes = st.sampled_from([0.0, 5e-324, 1e-300, 1e-30, 1.0, 1e30, 1e300, 1.7e308])


@settings(max_examples=60)
@given(cases(), st.data(), st.sampled_from(list(METHODS)))
def test_any_weights_are_refused_by_name_or_give_a_sound_model(case, data, method):
    Estimator, params, problem = case
    n = len(problem.X)
    weight = np.array(data.draw(st.lists(extremes, min_size=n, max_size=n)))
    note(f"{Estimator.__name__}({params}), {problem}, {weight}")
    model = tiny(Estimator, **params)
    with quiet():
        if not weight.any():
            with pytest.raises(ValueError, match="at least one non-zero"):  # row 29
                METHODS[method](model, weighted(problem, weight))
            return
        try:
            METHODS[method](model, weighted(problem, weight))
        except ValueError as error:
            assert_mentions(error, "weight")
            refusals["weights"] += 1
            return
        assert_sound(model, problem.X)
        answers(model, problem.X)
