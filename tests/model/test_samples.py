import numpy as np
import pytest
from model.cases import SCIKIT_LEARNS, dense_network, training
from scipy import sparse
from sklearn.neural_network import MLPRegressor

from skset.model import Reconstruction, Samples

dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def matrix(dtype):
    rng = np.random.default_rng(0)
    return (rng.standard_normal((9, 5)) * (rng.random((9, 5)) < 0.5)).astype(dtype)


def unsorted(X):
    """Return a CSR matrix with every row backwards."""
    csr = sparse.csr_array(X)
    for start, stop in zip(csr.indptr[:-1], csr.indptr[1:], strict=True):
        csr.indices[start:stop] = csr.indices[start:stop][::-1].copy()
        csr.data[start:stop] = csr.data[start:stop][::-1].copy()
    csr.has_sorted_indices = False
    return csr


def duplicated(X):
    """Return a CSR matrix in which every value comes as two halves."""
    csr = sparse.csr_array(X)
    parts = np.repeat(csr.data / 2, 2), np.repeat(csr.indices, 2), 2 * csr.indptr
    return sparse.csr_array(parts, shape=X.shape)


def with_int64(X):
    csr = sparse.csr_array(X)
    csr.indices, csr.indptr = csr.indices.astype("int64"), csr.indptr.astype("int64")
    return csr


def unaligned(X):
    """Return the same numbers, one byte behind where the processor wants them."""
    memory = np.empty(X.nbytes + 1, np.uint8)
    copy = memory[1:].view(X.dtype).reshape(X.shape)
    copy[...] = X
    return copy


FORMS = {
    "dense": lambda X: X,
    "unaligned": unaligned,
    "fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "reversed": lambda X: X[::-1].copy()[::-1],
    "csr_array": sparse.csr_array,
    "csr_matrix": sparse.csr_matrix,
    "unsorted": unsorted,
    "duplicated": duplicated,
    "int64": with_int64,
}


@dtypes
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_gives_the_same_batches(form, dtype):
    X = matrix(dtype)
    given = form(X)
    samples = Samples(given)
    assert (samples.n_samples, samples.n_features) == (9, 5)
    assert samples.dtype == dtype
    for rows in (np.arange(9), np.array([3, 3, 0]), np.array([8])):
        batch = np.full((5, rows.size), np.nan, dtype)
        samples.gather(rows, batch)
        assert np.array_equal(batch, X[rows].T)


@dtypes
@pytest.mark.parametrize("given", ["float64", "float32", "int16", "bool"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_some_rows_of_any_type_are_cast_by_batches(form, given, dtype):
    X, some = (2 * matrix("float64")).astype(given), np.array([8, 2, 5, 0])
    if form is duplicated and X.dtype.kind != "f":
        X = X.astype(float)  # halves
    for samples in (
        Samples(form(X), rows=some, dtype=dtype),
        Reconstruction(form(X), rows=some, dtype=dtype),
    ):
        assert (samples.n_samples, samples.dtype) == (4, dtype)
        assert samples.weights(np.arange(2))[0].dtype == dtype
        for rows in (np.arange(4), np.array([3, 3, 0])):
            batch = np.full((5, rows.size), np.nan, dtype)
            samples.gather(rows, batch)
            assert np.array_equal(batch, X[some[rows]].T.astype(dtype))
    targets = samples.targets(np.array([1, 2]))  # of the reconstruction
    assert targets.dtype == dtype
    assert np.array_equal(targets, X[[2, 5]].T.astype(dtype))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_input_is_not_changed_and_may_be_read_only(form):
    X = form(matrix("float32"))
    parts = (X.data, X.indices, X.indptr) if sparse.issparse(X) else (X,)
    before = [part.copy() for part in parts]
    for part in parts:
        part.flags.writeable = False
    Samples(X).gather(np.arange(9), np.empty((5, 9), np.float32))
    for part, old in zip(parts, before, strict=True):
        assert np.array_equal(part, old)


@dtypes
def test_without_weights_every_sample_counts_1(dtype):
    weight, total = Samples(matrix(dtype)).weights(np.array([2, 5, 7, 7]))
    assert weight.tolist() == [0.25] * 4
    assert weight.dtype == dtype
    assert total == 4


@dtypes
def test_weights_are_scaled_to_add_up_to_1(dtype):
    samples = Samples(matrix(dtype), weight=np.array([0, 1, 3, 0, 0, 0, 4, 0, 0.5]))
    weight, total = samples.weights(np.array([6, 1, 2, 0]))
    assert weight.tolist() == [0.5, 0.125, 0.375, 0]
    assert weight.dtype == dtype
    assert total == 8


def test_weights_of_zero_stay_zero():
    weight, total = Samples(matrix("float32"), weight=np.zeros(9)).weights(np.arange(3))
    assert weight.tolist() == [0, 0, 0]
    assert total == 0


@dtypes
def test_weights_of_a_step_are_in_units_of_their_mean(dtype):
    """Of those that are not 0; these are counted too."""
    rows = np.array([6, 1, 2, 0])
    samples = Samples(matrix(dtype), weight=np.array([0, 1, 3, 0, 0, 0, 4, 0, 8]))
    [weight], [n_weighted] = samples.weights_of_steps(rows[None])
    assert weight.tolist() == np.array([4 / 12, 1 / 12, 3 / 12, 0], dtype).tolist()
    assert weight.dtype == dtype
    assert n_weighted == 3
    pairs = rows.reshape(2, 2)
    weights, n_weighted = samples.weights_of_steps(pairs)
    expected = np.array([[4 / 8, 1 / 8], [3 / 4, 0]], dtype)
    assert weights.tolist() == expected.tolist()
    assert n_weighted.tolist() == [2, 1]
    weights, n_weighted = Samples(matrix(dtype)).weights_of_steps(pairs)
    assert (weights.tolist(), n_weighted.tolist()) == ([[0.5] * 2] * 2, [2, 2])
    none = Samples(matrix(dtype), weight=np.zeros(9)).weights_of_steps(pairs)
    assert (none[0].tolist(), none[1].tolist()) == ([[0] * 2] * 2, [0, 0])
    tiny = np.array([0, 1e-300, 0, 7, 0, 0, 0, 0, 0])  # 0 in float32
    assert Samples(matrix(dtype), weight=tiny).weights_of_steps(rows[None])[1] == [1]


def test_targets_are_columns():
    X, rows = matrix("float64"), np.array([4, 0])
    Y = np.arange(18.0).reshape(9, 2)
    assert Samples(X, Y).targets(rows).tolist() == Y[rows].T.tolist()
    assert Samples(X, np.arange(9)).targets(rows).tolist() == [4, 0]
    assert Samples(X, Y).targets(slice(None)).shape == (2, 9)


# Reconstruction


@dtypes
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_targets_of_a_reconstruction_are_its_inputs(form, dtype):
    X = matrix(dtype)
    samples = Reconstruction(form(X))
    for rows in (np.arange(9), np.array([3, 3, 0]), np.array([8])):
        targets = samples.targets(rows)
        assert targets.dtype == dtype
        assert np.array_equal(targets, X[rows].T)
        batch = np.empty((5, rows.size), dtype)
        samples.gather(rows, batch)
        assert np.array_equal(batch, targets)


@pytest.mark.parametrize("form", ["dense", "csr_array"])
def test_the_targets_of_a_reconstruction_are_those_of_the_rows_asked_for(form):
    X, rows, others = matrix("float64"), np.array([4, 0, 8]), np.array([1, 2, 3])
    samples, batch = Reconstruction(FORMS[form](X)), np.empty((5, 3))
    samples.gather(rows, batch)
    batch += 1  # noise
    assert np.array_equal(samples.targets(rows), X[rows].T)
    assert np.array_equal(samples.targets(others), X[others].T)
    assert np.array_equal(samples.targets(rows), X[rows].T)


def test_targets_and_inputs_of_a_reconstruction_do_not_share_memory():
    X = matrix("float64")
    samples = Reconstruction(X)
    samples.targets(np.arange(9))[...] = 7
    assert np.array_equal(samples.targets(np.arange(9)), matrix("float64").T)
    assert np.array_equal(X, matrix("float64"))


def test_a_reconstruction_has_sample_weights_too():
    samples = Reconstruction(matrix("float64"), np.arange(9.0))
    weight, total = samples.weights(np.array([1, 3]))
    assert (weight.tolist(), total) == ([0.25, 0.75], 4)
    assert Reconstruction(matrix("float64")).weights(np.arange(9))[1] == 9


@pytest.mark.parametrize("activation", [*SCIKIT_LEARNS, "all_relu"])
@pytest.mark.parametrize("form", ["dense", "csr_array", "duplicated"])
def test_a_dense_autoencoder_is_scikit_learns(form, activation):
    same = {"all_relu": "relu"}.get(activation, activation)  # with slope 0
    X = matrix("float64")
    mlp = MLPRegressor(
        hidden_layer_sizes=(4, 3),
        activation=same,
        solver="sgd",
        alpha=0.0,
        batch_size=4,
        learning_rate_init=0.05,
        momentum=0.0,
        nesterovs_momentum=False,
        shuffle=False,
        random_state=0,
    )
    mlp.partial_fit(X, X)  # plain gradient descent keeps nothing but the weights
    network = dense_network(mlp.coefs_, mlp.intercepts_, activation, "identity")
    samples = Reconstruction(FORMS[form](X))
    with training(network, samples, learning_rate=0.05, batch_size=4) as running:
        for _ in range(4):
            mlp.partial_fit(X, X)
            assert next(running) == pytest.approx(mlp.loss_, rel=1e-10)
    for layer, before, W, b in zip(
        running.state.network.layers,
        network.layers,
        mlp.coefs_,
        mlp.intercepts_,
        strict=True,
    ):
        np.testing.assert_allclose(layer.weights, W.ravel(), atol=1e-12)
        np.testing.assert_allclose(layer.bias, b, atol=1e-12)
        assert np.abs(layer.weights - before.weights).max() > 1e-4
