"""What can be written of a fitted network: nothing but all of it, checked."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from estimators.cases import (
    assert_same_machine,
    assert_same_network,
    bits,
    first_call,
    impatient,
    machine,
    nothing_changes,
    scores,
    small,
    toy,
)
from estimators.networks import KINDS, X, arrays, fingerprint_of, labelled, made_for
from scipy import sparse

from skset.estimators import QuickSelection, SETClassifier, SETRegressor, SparseRBM
from skset.model import Samples

pytestmark = impatient


# Whose arrays can be written.


def through_pickle(model, path):
    return pickle.loads(pickle.dumps(model))


def through_joblib(model, path, **options):
    joblib.dump(model, path / "model.joblib")
    return joblib.load(path / "model.joblib", **options)


def mapped(model, path):
    return through_joblib(model, path, mmap_mode="r")


def mapped_copies(model, path):
    return through_joblib(model, path, mmap_mode="c")


def deep(model, path):
    return copy.deepcopy(model)


def as_it_is(model, path):
    return model


WAYS = [as_it_is, through_pickle, through_joblib, mapped, mapped_copies, deep]


def fitted_in_every_way(kind):
    V, y = (bits(), None) if kind is SparseRBM else toy(kind)
    new = machine if kind is SparseRBM else lambda: small(kind)
    network, given = made_for(kind) if kind in KINDS else (None, ())
    yield new().fit(V, y)
    yield new().partial_fit(V) if kind is SparseRBM else first_call(new(), V, y)
    if network is not None:
        yield kind.from_network(network, *given)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_arrays_of_a_fitted_network_are_read_only(kind, way, tmp_path):
    for model in fitted_in_every_way(kind):
        found = way(model, tmp_path)
        for array in arrays(found.network_):
            assert not array.flags.writeable
            with pytest.raises(ValueError, match="read-only"):
                array[:1] = 0
        before = fingerprint_of(found.network_)
        V = bits() if kind is SparseRBM else X
        if kind is SparseRBM:
            found.partial_fit(V)
        else:
            found.partial_fit(V, (V[:, 0] > V[:, 1]).astype(int))
        assert fingerprint_of(found.network_) != before
        assert fingerprint_of(way(model, tmp_path).network_) == before or (
            way is as_it_is
        )


def test_an_unfitted_estimator_is_unpickled(tmp_path):
    for kind in [*KINDS, QuickSelection]:
        model = through_pickle(kind(), tmp_path)
        assert not model.__sklearn_is_fitted__()


# What scipy's methods do to the arrays that are handed out.
METHODS = {
    "eliminate_zeros": lambda A: A.eliminate_zeros(),
    "sum_duplicates": lambda A: A.sum_duplicates(),
    "sort_indices": lambda A: A.sort_indices(),
    "prune": lambda A: A.prune(),
    "resize": lambda A: A.resize((2, 2)),
    "setdiag": lambda A: A.setdiag(3),
    "a value": lambda A: A.__setitem__((0, 0), 9),
    "a value that is there": lambda A: A.__setitem__((0, int(A.indices[0])), 9),
    "in-place product": lambda A: A.__imul__(2),
    "in-place quotient": lambda A: A.__itruediv__(2),
    "in-place sum": lambda A: A.__iadd__(A),
    "the data": lambda A: A.data.fill(0),
    "the indices": lambda A: A.indices.fill(0),
    "the pointers": lambda A: A.indptr.fill(0),
    "nan_to_num": lambda A: np.nan_to_num(A.data, copy=False),
    "the flag": lambda A: A.data.setflags(write=True),
}


@pytest.mark.parametrize("change", METHODS.values(), ids=METHODS)
def test_nothing_that_is_done_to_coefs_reaches_the_network(change):
    model, _ = labelled([0, 1])
    coefs = [c.copy() for c in model.coefs_]
    for c in coefs:
        c.data[::2] = 0  # something to eliminate
    model.coefs_ = coefs
    before, said = fingerprint_of(model.network_), model.predict_proba(X)
    try:
        change(model.coefs_[0])
    except ValueError as error:
        assert_is_read_only(error)
    assert fingerprint_of(model.network_) == before
    assert np.array_equal(model.predict_proba(X), said)
    layer = model.network_.layers[0]
    assert layer.topology.nnz == layer.weights.size == coefs[0].nnz


def assert_is_read_only(error):
    assert any(word in str(error) for word in ("read-only", "WRITEABLE"))


# Weights that are assigned.


def other_coefs(model, density=0.5):
    """Return matrices of the same shapes on another pattern."""
    rng = np.random.default_rng(7)
    return [
        sparse.random_array(c.shape, density=density, format="csr", random_state=rng)
        for c in model.coefs_
    ]


@pytest.mark.parametrize("kind", [SETClassifier, SETRegressor])
@pytest.mark.parametrize("form", ["csr", "csc", "coo", "dense"])
def test_assigned_weights_are_those_that_predict(kind, form):
    V, y = toy(kind)
    model = small(kind, dtype=np.float64).fit(V, y)
    coefs = other_coefs(model)
    given = [c.toarray() if form == "dense" else c.asformat(form) for c in coefs]
    biases = [np.arange(b.size) / 7 for b in model.intercepts_]
    curve, n_iter = list(model.loss_curve_), model.n_iter_
    model.coefs_, model.intercepts_ = given, biases
    A = V
    for depth, (W, b) in enumerate(zip(coefs, biases, strict=True)):
        A = A @ W.toarray() + b
        A = A.clip(0) if depth < len(coefs) - 1 else A
    Z = model.network_.weighted_sums(Samples(V)).T
    np.testing.assert_allclose(Z, A, rtol=1e-12, atol=1e-12)
    assert scores(model, V).shape[0] == len(V)
    for found, expected in zip(model.coefs_, coefs, strict=True):
        assert np.array_equal(found.toarray(), expected.toarray())
    assert model.nnz_ == sum(c.nnz for c in coefs)
    assert (model.loss_curve_, model.n_iter_) == (curve, n_iter)


def test_assigned_arrays_are_copied_and_read_only():
    model, _ = labelled([0, 1])
    coefs, biases = other_coefs(model), [b + 1 for b in model.intercepts_]
    model.coefs_, model.intercepts_ = coefs, biases
    before = fingerprint_of(model.network_)
    for array in [*(c.data for c in coefs), *biases]:
        array[:] = 0
    assert fingerprint_of(model.network_) == before
    assert not any(array.flags.writeable for array in arrays(model.network_))


def test_weights_are_cast_to_the_dtype_of_the_network():
    model, _ = labelled([0, 1])
    model.coefs_ = other_coefs(model)
    assert [c.dtype for c in model.coefs_] == [np.float32] * 3
    model.intercepts_ = [b.astype(int) for b in model.intercepts_]
    assert [b.dtype for b in model.intercepts_] == [np.float32] * 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c[:2], "as many coefs as intercepts"),
        (lambda c: [c[0], c[1].T, c[2]], "intercepts.1. must have shape"),
        (lambda c: [c[0][:4], *c[1:]], "must keep the numbers of units"),
        (lambda c: [c[0] * np.nan, *c[1:]], "coefs.0. has values that are not finite"),
        (lambda c: [c[0] * 1e300, *c[1:]], "coefs.0. has values that are not finite"),
        (lambda c: [c[0].astype(str), *c[1:]], "coefs.0. must hold real numbers"),
        (lambda c: None, "coefs must be a sequence"),
        (lambda c: 3, "coefs must be a sequence"),
    ],
)
def test_weights_that_cannot_be_assigned(change, message):
    model, _ = labelled([0, 1])
    dense = [c.toarray().astype(float) for c in model.coefs_]
    with nothing_changes(model), pytest.raises((TypeError, ValueError), match=message):
        model.coefs_ = change(dense)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: b[:2], "as many coefs as intercepts"),
        (lambda b: [b[0][:3], *b[1:]], r"intercepts.0. must have shape \(8,\)"),
        (lambda b: [b[0] * np.inf, *b[1:]], "intercepts.0. has values"),
        (lambda b: None, "intercepts must be a sequence"),
    ],
)
def test_biases_that_cannot_be_assigned(change, message):
    model, _ = labelled([0, 1])
    ones = [b + 1 for b in model.intercepts_]
    with nothing_changes(model), pytest.raises((TypeError, ValueError), match=message):
        model.intercepts_ = change(ones)


@pytest.mark.parametrize("name", ["coefs_", "intercepts_"])
def test_nothing_is_assigned_before_a_fit(name):
    model = SETClassifier()
    with pytest.raises(AttributeError, match="not fitted yet"):
        setattr(model, name, [])
    assert not hasattr(model, "network_")


def test_partial_fit_goes_on_from_what_was_assigned_with_a_new_optimiser():
    y = (X[:, 0] > X[:, 1]).astype(int)
    params = {"method": "static", "shuffle": False, "dtype": np.float64}
    model = first_call(small(SETClassifier, **params), X, y)
    model.partial_fit(X, y)
    coefs, biases = other_coefs(model, density=1.0), [b + 1 for b in model.intercepts_]
    model.coefs_, model.intercepts_ = coefs, biases
    network = model.network_
    model.partial_fit(X, y)
    made = SETClassifier.from_network(
        network,
        [0, 1],
        method="static",
        shuffle=False,
        learning_rate="constant",
    )
    assert_same_network(model, made.partial_fit(X, y))
    assert model.n_iter_ == 3


def test_biases_that_are_assigned_do_not_forget_the_last_drop():
    """Else a network would melt from fit to fit."""
    y = (X[:, 0] > X[:, 1]).astype(int)
    model = small(SETClassifier, density=0.5, zeta=0.4, warm_start=True).fit(X, y)
    dropped = [layer.n_dropped for layer in model.network_.layers]
    assert sum(dropped) > 0
    model.intercepts_ = [b.copy() for b in model.intercepts_]
    assert [layer.n_dropped for layer in model.network_.layers] == dropped
    nnz = model.nnz_
    assert model.set_params(final_drop=False).fit(X, y).nnz_ == nnz + sum(dropped)
    model.set_params(final_drop=True).fit(X, y).coefs_ = model.coefs_
    assert [layer.n_dropped for layer in model.network_.layers] == [0, 0]


def test_a_copy_is_assigned_alone():
    model, _ = labelled([0, 1])
    with nothing_changes(model):
        twin = copy.copy(model)
        twin.coefs_ = other_coefs(model)
    assert_same_network(through_pickle(twin, None), twin)
    one = machine().fit(bits())
    assert_same_machine(through_pickle(one, None), one)
