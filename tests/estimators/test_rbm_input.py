"""Bad and odd input of a machine: what is refused leaves it exactly as it was."""

import numpy as np
import pytest
from estimators.cases import (
    assert_same_machine,
    bits,
    fresh_and_fitted_machines,
    machine,
    nothing_changes,
    parts,
    refused,
)
from estimators.test_bad_input import BAD_X
from estimators.test_input_types import ROUNDED, SAME, framed
from estimators.test_sparse_input import MALFORMED
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import MinMaxScaler

FITS = ["fit", "partial_fit"]
ANSWERS = ["transform", "reconstruct", "gibbs", "free_energy", "score_samples", "score"]
both_fits = pytest.mark.parametrize("fit", FITS)
every_answer = pytest.mark.parametrize("answer", ANSWERS)
every_method = pytest.mark.parametrize("method", [*FITS, *ANSWERS])


def models_for(method, X):
    """Return machines to call the method of: an unfitted one where it may be."""
    fresh, fitted = fresh_and_fitted_machines(X)
    return [fresh, fitted] if method in FITS else [fitted]


def assert_refused(method, bad, match, error=ValueError):
    for model in models_for(method, bits()):
        with refused(error, match, model, bad):
            getattr(model, method)(bad)


@every_method
@pytest.mark.parametrize(("error", "match", "spoil"), BAD_X.values(), ids=BAD_X)
def test_bad_X_is_refused(error, match, spoil, method):
    assert_refused(method, spoil(bits()), match, error)


# Values outside [0, 1].


def put(value):
    def spoil(X):
        X = X.copy()
        X[3, 2] = value
        return X

    return spoil


def added_up(X):
    """Return a matrix with two entries of 0.6 in one place."""
    S = sparse.csr_array(np.where(np.arange(5) == 2, 0.6, X))
    return sparse.csr_array(
        (np.r_[0.6, S.data], np.r_[2, S.indices], np.r_[0, S.indptr[1:] + 1]),
        shape=X.shape,
    )


OUTSIDE = {
    "above": put(1.01),
    "below": put(-0.01),
    "far above": put(255.0),
    "above, float32": lambda X: put(2.0)(X).astype(np.float32),
    "int": lambda X: X.astype(int) * 2,
    "below, int": lambda X: -X.astype(int),
    "list": lambda X: put(1.01)(X).tolist(),
    "above, sparse": lambda X: sparse.csr_array(put(1.01)(X)),
    "below, sparse": lambda X: sparse.csc_matrix(put(-0.01)(X)),
    "all below, sparse": lambda X: sparse.csr_array(-np.ones_like(X)),
    "duplicates": added_up,
}


@every_method
@pytest.mark.parametrize("spoil", OUTSIDE.values(), ids=OUTSIDE)
def test_values_that_are_no_probabilities_are_refused(spoil, method):  # row 42
    match = r"(?s)values in \[0, 1\].*X has values from .*MinMaxScaler.*Binarizer"
    assert_refused(method, spoil(bits()), match)


def test_refusal_names_the_values():
    X = put(3.5)(put(-2.0)(bits()) - 0.0)
    X[0, 0] = -2.0
    with pytest.raises(ValueError, match=r"from -2 to 3\.5\. Scale"):
        machine().fit(X)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rounding_of_a_scaler_is_no_harm(container, dtype):
    X = np.where(bits() > 0, 1.0000000000000002, -2e-16)
    scaled = MinMaxScaler().fit_transform(np.random.default_rng(0).normal(size=X.shape))
    for given in (X, X.astype(np.float32) * np.float32(1 + 2e-7), scaled):
        S = container(given)
        model = machine(dtype=dtype).fit(S).partial_fit(S)
        for answer in ANSWERS:
            assert np.isfinite(getattr(model, answer)(S)).all()


def test_entries_that_cancel_or_add_up_to_probabilities_are_taken():
    X = bits()
    S = sparse.csr_array(X)
    entries = np.r_[S.data * 3, S.data * -2], np.tile(S.tocoo().coords, 2)
    messy = sparse.coo_array(entries, shape=X.shape)
    with nothing_changes(messy):
        model = machine().fit(messy)
    assert_same_machine(model, machine().fit(X))
    np.testing.assert_array_equal(model.transform(messy), model.transform(X))


@both_fits
def test_messy_matrix_of_the_machines_own_type_stays_as_it_is(fit):
    """Nothing is converted, so that nothing may be sorted or added up in its place."""
    X = bits().astype(np.float32)
    rows = [np.flatnonzero(row) for row in X]
    indices = np.concatenate([np.r_[row[::-1], row] for row in rows])
    indptr = np.cumsum([0, *(2 * row.size for row in rows)])
    halves = np.full(indices.size, 0.5, np.float32)
    messy = sparse.csr_array((halves, indices, indptr), shape=X.shape)
    np.testing.assert_array_equal(messy.toarray(), X)
    with nothing_changes(messy):
        model = getattr(machine(dtype="float32"), fit)(messy)
        said = [getattr(model, answer)(messy) for answer in ANSWERS]
    again = getattr(machine(dtype="float32"), fit)(X)
    assert_same_machine(model, again)
    for answer, one in zip(ANSWERS, said, strict=True):
        np.testing.assert_array_equal(one, getattr(again, answer)(X))


# Sparse matrices that do not hold together.


@pytest.mark.parametrize(("form", "kind", "spoil"), MALFORMED)
def test_malformed_matrix_is_refused(form, kind, spoil):  # row 25
    X = np.hstack([bits(), bits()[:, :1]])
    bad = getattr(sparse, f"{form}_{kind}")(X)
    spoil(bad)
    fresh, fitted = fresh_and_fitted_machines(X)
    for model, method in [(fresh, "fit"), *((fitted, m) for m in [*FITS, *ANSWERS])]:
        with refused(ValueError, "indices|index", model):
            getattr(model, method)(bad)


# Features, and machines that are not fitted.


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("method", ["partial_fit", *ANSWERS])
def test_wrong_number_of_features_is_refused(method, container):  # row 20
    X = bits()
    _, model = fresh_and_fitted_machines(X)
    match = "X has 4 features, but SparseRBM is expecting 5 features"
    few = container(X[:, :4])
    with refused(ValueError, match, model, few):
        getattr(model, method)(few)


@pytest.mark.parametrize("method", ["partial_fit", *ANSWERS])
@pytest.mark.parametrize(
    "change",
    [
        lambda F: F[F.columns[::-1]],
        lambda F: F.drop(columns="f2"),
        lambda F: F.assign(more=0.0),
    ],
    ids=["reordered", "missing", "extra"],
)
def test_other_names_than_in_fit_are_refused(change, method):  # row 21
    F = framed(bits())
    model = machine().partial_fit(F)
    model.transform(F)
    match = "feature names should match those that were passed during fit"
    with refused(ValueError, match, model, other := change(F)):
        getattr(model, method)(other)


def test_names_on_one_side_only_are_warned_of():  # row 22
    X = bits()
    named, bare = machine().fit(framed(X)), machine().fit(X)
    assert named.feature_names_in_.tolist() == ["f0", "f1", "f2", "f3", "f4"]
    assert not hasattr(bare, "feature_names_in_")
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        from_bare = named.transform(X)
    with pytest.warns(UserWarning, match="has feature names"):
        from_named = bare.transform(framed(X))
    np.testing.assert_array_equal(from_bare, from_named)


def test_names_that_are_not_all_strings_are_refused():  # row 23
    F = framed(bits()).rename(columns={"f1": 1})
    model = machine()
    with refused(TypeError, "only supported if all input features have string", model):
        model.fit(F)


@every_answer
def test_unfitted_machine_says_so(answer):  # row 32
    with refused(NotFittedError, "is not fitted yet", model := machine()):
        getattr(model, answer)(bits())


# Data without information, or few.


def constant(X):
    X[:, 2], X[:, 3] = 1.0, 0.0


def empty_row(X):
    X[0] = 0.0


PLAIN = {
    "constant features": constant,
    "zero row": empty_row,
    "all zero": lambda X: X.fill(0.0),
    "all one": lambda X: X.fill(1.0),
    "all half": lambda X: X.fill(0.5),
}


@both_fits
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("spoil", PLAIN.values(), ids=PLAIN)
def test_data_without_information_are_taken(spoil, container, fit):  # row 14
    X = bits()
    spoil(X)
    model = getattr(machine(), fit)(container(X))
    assert all(np.isfinite(part).all() for part in parts(model))
    assert np.isfinite(model.feature_importances_).all()
    for answer in ANSWERS:
        assert np.isfinite(getattr(model, answer)(container(X))).all()


@both_fits
@pytest.mark.parametrize("n", [1, 2, 11])
def test_any_number_of_samples_is_enough(fit, n):
    model = getattr(machine(batch_size=1), fit)(bits()[:n])
    assert model.transform(bits()).shape == (40, 6)


@both_fits
def test_one_feature_and_one_component_are_enough(fit):
    X = bits()[:, :1]
    model = getattr(machine(1, density=1.0), fit)(X)
    assert model.components_.shape == (1, 1)
    assert np.isfinite(model.score(X))


def test_batch_larger_than_the_data_is_clipped_with_a_warning():  # row 38
    X = bits()
    with pytest.warns(UserWarning, match="Got batch_size=41.* clipped"):
        clipped = machine(batch_size=41).fit(X)
    assert_same_machine(clipped, machine(batch_size=40).fit(X))


def test_batch_larger_than_a_call_is_clipped_without_a_word():
    clipped = machine(batch_size=41).partial_fit(bits())
    assert_same_machine(clipped, machine(batch_size=40).partial_fit(bits()))


# Types.


@both_fits
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_storage_does_not_matter(change, dtype, fit):  # row 19
    X = np.random.default_rng(0).random((40, 5))
    if dtype == "float32":
        X = X.astype(np.float32).astype(float)
    other = change(X)
    with nothing_changes(other):
        twin = getattr(machine(dtype=dtype), fit)(other)
        answers = [getattr(twin, answer)(other) for answer in ANSWERS]
    model = getattr(machine(dtype=dtype), fit)(X)
    assert_same_machine(twin, model)
    for answer, said in zip(ANSWERS, answers, strict=True):
        expected = np.asarray(getattr(model, answer)(X))
        np.testing.assert_array_equal(said, expected.astype(np.asarray(said).dtype))


@pytest.mark.parametrize("dtype", ROUNDED.values(), ids=ROUNDED)
def test_narrow_types_equal_their_float64_values(dtype):
    X = bits()
    assert_same_machine(machine().fit(X.astype(dtype)), machine().fit(X))
