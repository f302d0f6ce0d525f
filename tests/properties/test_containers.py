"""Any container and dtype: the same model as from float64 in C order."""

import numpy as np
import pandas as pd
from estimators.cases import nothing_changes
from hypothesis import given, note, settings
from hypothesis import strategies as st
from properties.cases import (
    ESTIMATORS,
    METHODS,
    Problem,
    answers,
    assert_same,
    assert_sound,
    learned,
    problems,
    quiet,
    tiny,
)
from properties.inputs import CONTAINERS, DTYPES, ONLY_PLAIN

from skset.estimators import QuickSelection, SETClassifier, SETRegressor

VECTORS = {
    "array": lambda y: y,
    "list": lambda y: y.tolist(),
    "strided": lambda y: np.repeat(y, 2, axis=0)[::2],
    "backwards": lambda y: y[::-1].copy()[::-1],
    "series": lambda y: pd.Series(y) if y.ndim == 1 else pd.DataFrame(y),
    "object": lambda y: y.astype(object) if y.dtype.kind == "U" else y,
    "category": lambda y: (
        # Categories of booleans are objects to numpy.
        pd.Series(y).astype("category") if y.ndim == 1 and y.dtype.kind in "iU" else y
    ),
    "tuple": lambda y: tuple(y.tolist()),
}


@st.composite
def cases(draw):
    """Return an estimator, parameters and data with weights or without."""
    Estimator = draw(st.sampled_from(ESTIMATORS))
    supervised = draw(st.sampled_from([False, "classification", "regression"]))
    problem = draw(problems(Estimator, supervised))
    params = {"dtype": draw(st.sampled_from([np.float32, np.float64]))}
    if Estimator is QuickSelection:
        params["supervised"] = supervised
    if draw(st.booleans()):
        rng = np.random.default_rng(draw(st.integers(0, 999)))
        problem.weight = rng.integers(1, 5, len(problem.X)) / 2
    return Estimator, params, problem


@st.composite
def dressed(draw, X):
    """Return X with values that some dtype has, and that in any container."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    name = draw(st.sampled_from(sorted(CONTAINERS)))
    if dtype.kind == "u":
        X = np.abs(X)
    X = X.astype(dtype)
    plain = X.astype(np.float64)
    if name in ONLY_PLAIN:
        X = plain
    note(f"{dtype} in {name}")
    return plain, CONTAINERS[name](X)


def run(Estimator, params, problem, method):
    """Return a model with what it says, everything given in the same containers."""
    model = METHODS[method](tiny(Estimator, **params), problem)
    return learned(model), answers(model, problem.X), model


@settings(max_examples=250)
@given(cases(), st.data(), st.sampled_from(list(METHODS)))
def test_a_container_does_not_matter(case, data, method):
    Estimator, params, problem = case  # row 19
    X, other = data.draw(dressed(problem.X))
    change = VECTORS[data.draw(st.sampled_from(sorted(VECTORS)))]
    y, weight = (None if v is None else change(v) for v in (problem.y, problem.weight))
    plain = Problem(X, problem.y, problem.weight, problem.classes)
    twin = Problem(other, y, weight, problem.classes)
    note(f"{Estimator.__name__}({params}), {twin}")
    with quiet():
        expected, said, _ = run(Estimator, params, plain, method)
        with nothing_changes(X, other, y, weight):
            found, answered, model = run(Estimator, params, twin, method)
        assert_same(found, expected)
        assert answered.keys() == said.keys()
        for name, answer in answered.items():
            assert_equal(answer, said[name], follows(Estimator, name, other))
        assert_sound(model, other if hasattr(other, "columns") else X)


def follows(Estimator, name, X):
    """Return whether an answer is in float32 because X is."""
    follows_input = Estimator is SETRegressor or name in ("transform", "reconstruct")
    return follows_input and getattr(X, "dtype", None) == np.float32


def assert_equal(answer, expected, is_single):
    answer = np.asarray(answer)
    assert answer.shape == expected.shape
    if is_single:
        assert answer.dtype == np.float32
        np.testing.assert_allclose(answer, expected, rtol=1e-6, atol=1e-30)
    elif answer.dtype.kind == "O" or answer.dtype.kind in "US":
        assert answer.tolist() == expected.tolist()
    else:
        assert answer.dtype == expected.dtype
        assert answer.tobytes() == expected.tobytes()


@settings(max_examples=60)
@given(st.data())
def test_labels_come_back_in_their_own_type(data):
    problem = data.draw(problems(SETClassifier))  # row 11
    with quiet():
        model = METHODS["fit"](tiny(SETClassifier), problem)
        predicted = model.predict(problem.X)
    if problem.y.ndim == 1:
        assert model.classes_.dtype == problem.y.dtype == predicted.dtype
        assert model.classes_.tolist() == np.unique(problem.y).tolist()
    else:
        assert set(np.unique(predicted)) <= {0, 1}
