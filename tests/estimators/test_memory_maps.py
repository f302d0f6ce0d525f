"""Row 70: a memory map gives the same network, and the same errors, as an array.

How little memory that takes: see test_memory.py.
"""

import mmap
import re

import joblib
import numpy as np
import pytest
from estimators.cases import (
    assert_same_machine,
    assert_same_network,
    assert_same_selection,
    brief,
    impatient,
    machine,
    nothing_changes,
    refused,
    scores,
    selector,
    small,
    toy,
)
from scipy import sparse
from sklearn.metrics import r2_score

from skset.estimators import (
    SETClassifier,
    SETRegressor,
    _blocks,
    _input,
    _rows_in_place,
)

pytestmark = [impatient, brief]


@pytest.fixture(params=["one block", "many blocks"])
def block(request, monkeypatch):
    """Have X looked at in one block, or in many."""
    if request.param == "many blocks":
        monkeypatch.setattr(_blocks, "BLOCK", 7)


def new_path(folder):
    return folder / f"{len(list(folder.iterdir()))}.npy"


def mapped(X, folder, order="C"):
    path = new_path(folder)
    np.save(path, np.asarray(X, order=order))
    return np.load(path, mmap_mode="r")


def mapped_sparse(X, folder):
    path = new_path(folder)
    joblib.dump(X, path)
    return joblib.load(path, mmap_mode="r")


def mapped_twice(X, folder):
    """Return a mapped matrix, unsorted, in which every value comes as two halves."""
    csr = sparse.csr_array(X[::-1] / 2)
    data, indices = np.repeat(csr.data, 2)[::-1], np.repeat(csr.indices, 2)[::-1]
    indptr = 2 * (csr.nnz - csr.indptr[::-1])
    backwards = sparse.csr_array((data, indices, indptr), shape=X.shape)
    return mapped_sparse(backwards, folder)


def mapped_with_int64(X, folder):
    csr = sparse.csr_array(X)
    csr.indices, csr.indptr = csr.indices.astype("int64"), csr.indptr.astype("int64")
    return mapped_sparse(csr, folder)


FORMS = {
    "C": mapped,
    "F": lambda X, folder: mapped(X, folder, "F"),
    "reversed": lambda X, folder: mapped(X[::-1], folder)[::-1],
    "every second": lambda X, folder: mapped(np.repeat(X, 2, axis=1), folder)[:, ::2],
    "part of F": lambda X, folder: mapped(np.repeat(X, 2, axis=0), folder, "F")[::2],
    "CSR": lambda X, folder: mapped_sparse(sparse.csr_array(X), folder),
    "CSR twice": mapped_twice,
    "CSR int64": mapped_with_int64,
}
DENSE_TYPES = ["float16", "longdouble", ">f8", ">f4", "int16", "uint8", "bool"]
each_form_and_type = pytest.mark.parametrize(
    ("form", "dtype"),
    [
        *((form, dtype) for form in FORMS for dtype in ("float32", "float64")),
        *(("C", dtype) for dtype in DENSE_TYPES),
        *(("F", dtype) for dtype in DENSE_TYPES),
        *(("CSR", dtype) for dtype in ("longdouble", "int16", "uint8", "bool")),
    ],
)


def twins(form, dtype, X, folder):
    """Return X as a memory map of the type, and in memory as float64."""
    X = X.astype(dtype)
    return FORMS[form](X, folder), X.astype(np.float64)


@each_form_and_type
def test_a_network_learns_a_memory_map_as_an_array(form, dtype, tmp_path, Estimator):
    X, y = toy(Estimator, n_samples=60)
    X, twin = twins(form, dtype, 5 + 3 * X, tmp_path)
    model, other = (small(Estimator, early_stopping=True) for _ in range(2))
    with nothing_changes(X, y):
        model.fit(X, y)
    other.fit(twin, y)
    assert_same_network(model, other)
    assert model.validation_scores_ == other.validation_scores_
    # Predicted numbers have the type of X.
    np.testing.assert_allclose(scores(model, X), scores(other, twin), rtol=1e-6)


@each_form_and_type
def test_a_selector_learns_a_memory_map_as_an_array(form, dtype, tmp_path, block):
    X, _ = toy(SETClassifier)
    X, twin = twins(form, dtype, 5 + 3 * X, tmp_path)
    model, other = selector().fit(X), selector().fit(twin)
    assert_same_selection(model, other)
    for low in (model._ranking.low, other._ranking.low):
        assert low.tobytes() == twin.min(axis=0).tobytes()
    for high in (model._ranking.high, other._ranking.high):
        assert high.tobytes() == twin.max(axis=0).tobytes()


@each_form_and_type
def test_a_machine_learns_a_memory_map_as_an_array(form, dtype, tmp_path, block):
    X = np.random.default_rng(0).random((40, 5)).round(1)
    X[:, 1] = 0.25
    X, twin = twins(form, dtype, X, tmp_path)
    weight = np.random.default_rng(1).random(40)
    for given in (None, weight):
        model, other = machine(), machine()
        assert_same_machine(
            model.fit(X, sample_weight=given), other.fit(twin, sample_weight=given)
        )
    assert np.array_equal(model.transform(X), other.transform(twin))


@pytest.mark.parametrize("scoring", [None, "loss"])
@pytest.mark.parametrize("dtype", ["float64", "uint8"])
def test_what_is_large_in_memory_is_cast_by_batches(
    scoring, dtype, Estimator, monkeypatch
):
    X, y = toy(Estimator, n_samples=60)
    X = (5 + 3 * X).astype(dtype)
    params = {"early_stopping": True, "scoring": scoring}
    at_once = small(Estimator, **params).fit(X, y)
    assert not _input.stays_as_given(X, "float32")
    monkeypatch.setattr(_input, "CAST_AT_ONCE", 4 * X.size - 1)
    assert _input.stays_as_given(X, "float32")
    assert not _input.stays_as_given(np.asfortranarray(X), "float32")  # slow batches
    assert_same_network(at_once, small(Estimator, **params).fit(X, y))


@pytest.mark.parametrize("form", ["C", "F", "CSR"])
def test_a_scorer_gets_the_rows_held_out_as_they_are(form, tmp_path):
    X, y = toy(SETRegressor, n_samples=60)
    X, twin = twins(form, "float64", X, tmp_path)
    seen = []

    def spy(model, X, y):
        seen.append(X)
        return r2_score(y, model.predict(X))

    for given in (X, type(X)(twin) if sparse.issparse(X) else twin):
        model = small(SETRegressor, early_stopping=True, scoring=spy, max_iter=1)
        model.fit(given, y)
    of_map, of_array = seen
    assert of_map.dtype == of_array.dtype == np.float64
    assert of_map.shape == (6, 5)
    assert abs(of_map - of_array).max() == 0


@pytest.mark.parametrize("form", FORMS)
def test_rows_held_out_stay_in_their_place_for_scorers_of_scikit_learn(
    form, tmp_path, Estimator, monkeypatch
):
    """Whatever they ask the estimator for, they get the same numbers."""
    X, y = toy(Estimator, n_samples=60)
    X, twin = twins(form, "float64", 5 + 3 * X, tmp_path)
    weight = np.random.default_rng(0).random(60)
    own = {SETClassifier: ["accuracy", "roc_auc", "neg_log_loss"], SETRegressor: ["r2"]}
    expected = {}
    for scoring in (None, *own[Estimator]):
        model = small(Estimator, early_stopping=True, scoring=scoring)
        expected[scoring] = model.fit(twin, y, weight).validation_scores_
    monkeypatch.delattr(_rows_in_place, "picked")
    for scoring in expected:
        model = small(Estimator, early_stopping=True, scoring=scoring)
        found = model.fit(X, y, weight).validation_scores_
        np.testing.assert_allclose(found, expected[scoring], rtol=1e-6)


class Doubtful(SETClassifier):
    def predict(self, X):
        return super().predict(np.asarray(X))


def test_a_subclass_may_make_an_array_of_rows_in_place(tmp_path):
    X, y = toy(SETClassifier, n_samples=60)
    params = {"early_stopping": True, "scoring": "accuracy"}
    scores = [
        small(Kind, **params).fit(mapped(X, tmp_path), y).validation_scores_
        for Kind in (SETClassifier, Doubtful)
    ]
    assert scores[0] == scores[1]


# What is a memory map.


def test_memory_maps_are_known_through_views(tmp_path):
    X = mapped(np.eye(4), tmp_path)
    joblib.dump([X], tmp_path / "X.joblib")
    with open(X.filename, "rb") as file:
        raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    maps = [
        X,
        np.asarray(X),
        np.asarray(X)[1:, ::2].T,
        X.view(np.ndarray).reshape(2, 8),
        joblib.load(tmp_path / "X.joblib", mmap_mode="r")[0],
        np.frombuffer(raw, np.uint8)[None],
        np.asarray(memoryview(raw))[:10][None],
    ]
    for array in maps:
        assert _input.stays_as_given(array, "float32")
    for array in (np.eye(4), X + 1, X.copy(), X[[0, 1]], np.zeros((3, 3)).view()):
        assert not _input.stays_as_given(array, "float32")


# Errors: the same words as for an array.


def fails(model, *data):
    try:
        model.fit(*data)
    except ValueError as error:
        return str(error)
    return pytest.fail("nothing was raised")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
@pytest.mark.parametrize("form", FORMS)
def test_errors_are_those_of_an_array(value, form, tmp_path, block, Estimator):
    X, y = toy(Estimator)
    fitted = small(Estimator).fit(X, y)
    for place in [(0, 0), (17, 3), (39, 4)]:
        bad = X.copy()
        bad[place] = value
        # Rows 1, 2 and 27.
        said = fails(
            small(Estimator), sparse.csr_array(bad) if "CSR" in form else bad, y
        )
        assert said.startswith("Input X contains ")
        given = FORMS[form](bad, tmp_path)
        assert fails(small(Estimator), given, y) == said
        with refused(ValueError, re.escape(said), fitted):
            fitted.predict(given)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_large_finite_numbers_are_none_too_many(dtype, tmp_path, block):
    """Their sum overflows, and none of them does."""
    X, y = toy(SETClassifier)
    X = mapped(np.where(X > 0, 3e38, -3e38).astype(dtype), tmp_path, "F")
    model = small(SETClassifier, dtype=np.float64, solver="adam").fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()


BAD_SHAPES = {
    "1-D": lambda X: X[:, 0],  # row 15
    "3-D": lambda X: X[None],
    "complex": lambda X: X.astype(complex),  # row 16
    "no rows": lambda X: X[:0],  # row 12
    "fewer rows": lambda X: X[:39],  # row 6
}


@pytest.mark.parametrize("change", BAD_SHAPES.values(), ids=BAD_SHAPES)
def test_other_errors_are_those_of_an_array_too(change, tmp_path):
    X, y = toy(SETClassifier)
    X = change(X.astype(np.float32))
    said = fails(small(SETClassifier), X, y)
    given = mapped(X, tmp_path) if X.size else X
    assert fails(small(SETClassifier), given, y) == said


def test_another_number_of_features_is_refused(Estimator, tmp_path):
    X, y = toy(Estimator)
    model = small(Estimator).fit(X, y)
    given = mapped(X[:, :4], tmp_path, "F")
    # Row 20.
    with refused(ValueError, "X has 4 features, but SET.* is expecting 5", model):
        model.predict(given)


def test_values_beyond_probabilities_are_refused_in_every_block(tmp_path, block):
    X = np.zeros((40, 5))
    X[39, 4] = -0.5
    for form in FORMS.values():  # row 42
        given = form(X, tmp_path)
        assert "X has values from -0.5 to 0." in fails(machine(), given)
    X[39, 4] = 1 + 1.005e-6  # in float32 no more than what scaling leaves
    machine().fit(X)
    machine().fit(mapped(X, tmp_path))


def test_sums_of_columns_do_not_depend_on_the_order_in_memory(tmp_path):
    """Also of three rows, which are added up in one go where numpy may choose."""
    X = np.array([[1, 0.75], [0.5, 0.25], [0.25, 0]])
    weight = np.array([1, 1.5, 2])
    for width in (1, 2):
        mapped = np.memmap(tmp_path / f"{width}", float, "w+", 0, (3, width), "F")
        mapped[:] = X[:, :width]
        one, other = (machine(dtype=np.float64) for _ in range(2))
        one.set_params(batch_size=3).fit(mapped, sample_weight=weight)
        other.set_params(batch_size=3).fit(X[:, :width], sample_weight=weight)
        assert_same_machine(one, other)
