"""Any sparse matrix: the same as its dense twin, or a ValueError; never a crash."""

import numpy as np
from estimators.cases import nothing_changes
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
from properties.inputs import holds_together, sparse_of, spoil

from skset.estimators import QuickSelection, SparseRBM


@st.composite
def cases(draw):
    """Return an estimator, a problem, and its X as a sparse matrix."""
    Estimator = draw(st.sampled_from(ESTIMATORS))
    supervised = draw(st.sampled_from([False, "classification", "regression"]))
    problem = draw(problems(Estimator, supervised))
    params = {"dtype": draw(st.sampled_from([np.float32, np.float64]))}
    if Estimator is QuickSelection:
        params["supervised"] = supervised
    return Estimator, params, problem, draw(sparse_of(problem.X))


def fitted(Estimator, params, problem, method):
    return METHODS[method](tiny(Estimator, **params), problem)


def with_X(problem, X):
    return Problem(X, problem.y, problem.weight, problem.classes)


@settings(max_examples=120)
@given(cases(), st.sampled_from(list(METHODS)))
def test_any_sparse_matrix_gives_what_its_dense_twin_gives(case, method):
    Estimator, params, problem, S = case  # row 26
    note(f"{S!r} of {problem.X.tolist()}")
    np.testing.assert_array_equal(S.toarray(), problem.X)
    with quiet():
        dense = fitted(Estimator, params, problem, method)
        with nothing_changes(S, problem.y):
            model = fitted(Estimator, params, with_X(problem, S), method)
            found = answers(model, S)
        assert_same(learned(model), learned(dense))
        assert_same(found, answers(dense, problem.X))
        assert_sound(model, S)


@settings(max_examples=200)
@given(cases(), st.data())
def test_a_broken_matrix_is_refused_and_a_whole_one_is_learned_from(case, data):
    Estimator, params, problem, S = case  # rows 25 to 27
    S = spoil(data.draw, S)
    whole = holds_together(S)
    note(f"{S.format}, {vars(S)}, holds together: {whole}")
    if not whole:
        refusals["a broken matrix"] += 1
        assert_refused(Estimator, params, problem, S)
        return
    dense = S.toarray()
    if Estimator is SparseRBM and not ((dense >= 0) & (dense <= 1)).all():
        return
    with quiet():
        model = fitted(Estimator, params, with_X(problem, S), "fit")
        twin = fitted(Estimator, params, with_X(problem, dense), "fit")
    assert_same(learned(model), learned(twin))


def assert_refused(Estimator, params, problem, S):
    """Hold that every method refuses the matrix and stays as it was."""
    fresh = tiny(Estimator, **params)
    with quiet():
        model = fitted(Estimator, params, problem, "fit")
        calls = [
            lambda: METHODS["fit"](fresh, with_X(problem, S)),
            lambda: METHODS["fit"](model, with_X(problem, S)),
            lambda: METHODS["partial_fit"](model, with_X(problem, S)),
            lambda: answers(model, S),
        ]
        if hasattr(model, "transform"):
            calls.append(lambda: model.transform(S))
        for call in calls:
            with nothing_changes(fresh, model):
                try:
                    call()
                except ValueError as error:
                    assert_mentions(error, "ind(ices|ex)")
                else:
                    raise AssertionError("The matrix was not refused.")
