"""What a fitted machine has and answers: numpy's formulas on its public attributes."""

import numpy as np
import pytest
from estimators.cases import bits, change_layer, machine, nothing_changes
from estimators.test_sparse_input import FORMATS, with_index_type
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import BernoulliRBM

ANSWERS = ["transform", "reconstruct", "free_energy", "score_samples"]
every_answer = pytest.mark.parametrize("answer", ANSWERS)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def trained(dtype=np.float64, **params):
    """Return a machine with weights that count, and what it was trained on."""
    X = np.where(np.arange(40)[:, None] < 20, bits(), bits() * 0.7 + 0.1)
    return machine(dtype=dtype, learning_rate=1.0, n_iter=10, **params).fit(X), X


def arrays(model):
    W = model.components_.toarray().astype(float)
    return W, model.intercept_hidden_, model.intercept_visible_


# What it has.


def test_attributes():
    X = bits(n_samples=43, n_features=7)
    model = machine(9, n_iter=4, density=0.4, final_drop=False).fit(X)
    W = model.components_
    assert isinstance(W, sparse.csr_array)
    W.check_format(full_check=True)
    assert W.has_canonical_format
    assert W.shape == (9, 7)
    assert model.intercept_hidden_.shape == (9,)
    assert model.intercept_visible_.shape == (7,)
    assert model.nnz_ == W.nnz == W.data.size == round(0.4 * 63)
    assert model.density_ == W.nnz / 63
    assert model.n_features_in_ == 7
    assert model.n_iter_ == len(model.reconstruction_error_curve_) == 4
    assert all(type(error) is float for error in model.reconstruction_error_curve_)
    assert model.t_ == 4 * 43


@every_dtype
def test_weights_are_of_the_type_asked_for(dtype):
    model, _ = trained(dtype)
    learned = model.components_, model.intercept_hidden_, model.intercept_visible_
    assert {part.dtype for part in learned} == {np.dtype(dtype)}


def test_importances_are_strengths_that_add_up_to_one():
    model, _ = trained()
    strengths = abs(model.components_.toarray()).sum(axis=0)
    expected = strengths / strengths.sum()
    np.testing.assert_allclose(model.feature_importances_, expected, rtol=1e-12)
    assert np.ptp(expected) > 0.01


def test_names_of_the_components():
    names = [f"sparserbm{i}" for i in range(6)]
    assert machine().fit(bits()).get_feature_names_out().tolist() == names


ATTRIBUTES = ["components_", "intercept_hidden_", "intercept_visible_", "nnz_"]
ATTRIBUTES += ["density_", "feature_importances_"]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_unfitted_machine_has_no_fitted_attribute(name):
    with pytest.raises(AttributeError, match="not fitted"):
        getattr(machine(), name)


def test_unfitted_machine_has_neither_names_nor_anything_learned():
    model = machine()
    with pytest.raises(NotFittedError):
        model.get_feature_names_out()
    learned = {name for name in dir(model) if name.endswith("_") and name[0] != "_"}
    assert not [name for name in learned if hasattr(model, name)]


# What it answers.


def brute_force(model, X):
    """Return sum_i log P(v_i | others) by the energies of X with each unit flipped."""
    W, c, a = arrays(model)

    def free_energy(V):
        return -V @ a - np.logaddexp(0, V @ W.T + c).sum(axis=1)

    total = np.zeros(len(X))
    for i in range(X.shape[1]):
        on, off = X.copy(), X.copy()
        on[:, i], off[:, i] = 1, 0
        odds = free_energy(off) - free_energy(on)
        total -= X[:, i] * np.logaddexp(0, -odds)
        total -= (1 - X[:, i]) * np.logaddexp(0, odds)
    return total


EXPECTED = {
    "transform": lambda X, W, c, a: expit(X @ W.T + c),
    "reconstruct": lambda X, W, c, a: expit(expit(X @ W.T + c) @ W + a),
    "free_energy": lambda X, W, c, a: -X @ a - np.logaddexp(0, X @ W.T + c).sum(axis=1),
}


@every_dtype
@every_answer
def test_answer_is_what_the_weights_say(answer, dtype):
    model, X = trained(dtype)
    if answer == "score_samples":
        expected = brute_force(model, X)
    else:
        expected = EXPECTED[answer](X, *arrays(model))
    tolerance = 1e-10 if dtype == np.float64 else 1e-4
    np.testing.assert_allclose(getattr(model, answer)(X), expected, rtol=tolerance)


@every_dtype
@pytest.mark.parametrize("size", [701, 1600, 1e5, 3e38])
def test_answers_are_finite_and_right_whatever_the_weights(size, dtype):
    """Training refuses weights beyond 700; a machine can be made of them."""
    model, X = trained(dtype)
    rng = np.random.default_rng(1)
    weights = (size * rng.choice([-1, 1], model.nnz_)).astype(dtype)
    weights[::4] = 0.5
    change_layer(model, 0, weights=weights)
    X = X.astype(dtype).astype(float)
    expected = {
        "free_energy": EXPECTED["free_energy"](X, *arrays(model)),
        "score_samples": brute_force(model, X),
    }
    lost = 1e-13 * size  # what sums of such numbers round away in float64
    for name in ANSWERS:
        said = getattr(model, name)(X)
        assert np.isfinite(said).all()
        if name in expected:
            np.testing.assert_allclose(said, expected[name], rtol=1e-6, atol=lost)


def test_visible_units_whose_sums_overflow_both_ways():
    """Two sums in float32, of the even and of the odd connections: inf - inf."""
    model = machine(4, density=1.0, dtype=np.float32).fit(bits().astype("f4"))
    weights = np.tile(np.array([3e38, -3e38, 3e38, -1e38], "f4"), model.nnz_ // 4)
    bias = np.full(4, 1000, "f4")  # so that for zeros all hidden units are on
    change_layer(model, 0, weights=weights, bias=bias)
    assert np.isnan(model.network_.mean_visibles(np.ones((4, 3), "f4"))).all()
    zeros = np.zeros((3, 5), "f4")
    assert (model.reconstruct(zeros) == 1).all()
    assert model.gibbs(zeros).all()


def test_score_is_the_weighted_mean():
    model, X = trained()
    weight = np.random.default_rng(1).random(40)
    said = model.score_samples(X)
    assert model.score(X) == pytest.approx(said.mean(), rel=1e-12)
    assert model.score(X, y="whatever") == model.score(X)
    expected = said @ weight / weight.sum()
    assert model.score(X, sample_weight=weight) == pytest.approx(expected, rel=1e-12)
    assert expected != pytest.approx(said.mean(), rel=1e-3)
    assert type(model.score(X, sample_weight=weight)) is float


def test_dense_machine_of_scikit_learn_says_the_same():
    model, X = trained(density=1.0, final_drop=False)
    dense = BernoulliRBM(6)
    dense.components_, dense.intercept_hidden_, dense.intercept_visible_ = arrays(model)
    np.testing.assert_allclose(model.transform(X), dense.transform(X), rtol=1e-12)
    np.testing.assert_allclose(model.free_energy(X), dense._free_energy(X), rtol=1e-12)


OF_TYPE = {
    "float32": (lambda X: X.astype(np.float32), np.float32),
    "float64": (lambda X: X, np.float64),
    "float16": (lambda X: X.astype(np.float16), np.float64),
    "int": (lambda X: X.astype(int), np.float64),
    "bool": (lambda X: X > 0, np.float64),
    "list": (lambda X: X.astype(np.float32).tolist(), np.float64),
    "sparse float32": (lambda X: sparse.coo_matrix(X.astype("f4")), np.float32),
    "sparse float64": (sparse.csc_array, np.float64),
}


@every_dtype
@pytest.mark.parametrize(("change", "expected"), OF_TYPE.values(), ids=OF_TYPE)
def test_type_of_probabilities_follows_the_input(change, expected, dtype):
    X = bits()
    model = machine(dtype=dtype).fit(X)
    assert model.transform(change(X)).dtype == expected
    assert model.reconstruct(change(X)).dtype == expected
    for answer in (model.free_energy, model.score_samples):
        assert answer(change(X)).dtype == np.float64
    assert model.gibbs(change(X)).dtype == bool


def test_type_of_a_frame_is_that_of_all_its_columns():
    pd = pytest.importorskip("pandas")
    F = pd.DataFrame(bits().astype(np.float32), columns=list("abcde"))
    model = machine().fit(F)
    assert model.transform(F).dtype == np.float32
    assert model.transform(F.astype({"c": float})).dtype == np.float64


# To the last bit.


@every_dtype
@every_answer
@pytest.mark.parametrize("size", [1, 17, 64])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_answers_in_chunks_are_bit_for_bit_the_same(answer, dtype, size, container):
    X = np.random.default_rng(1).random((300, 5))  # more than a batch of 256
    X[::3] = X[::3] > 0.6
    answer = getattr(machine(30, dtype=dtype).fit(X), answer)
    chunks = [answer(container(X[i : i + size])) for i in range(0, 300, size)]
    assert np.concatenate(chunks).tobytes() == answer(container(X)).tobytes()


@pytest.mark.parametrize("index_type", [np.int32, np.int64])
@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("form", FORMATS)
def test_every_sparse_format_answers_as_dense(form, kind, index_type):
    X = np.where(bits() > 0, np.random.default_rng(0).random((40, 5)), 0)
    S = with_index_type(getattr(sparse, f"{form}_{kind}")(X), index_type)
    model = machine().fit(X)
    for answer in ANSWERS:
        with nothing_changes(S, model):
            said = getattr(model, answer)(S)
        np.testing.assert_array_equal(said, getattr(model, answer)(X))
    assert S.format == form


@every_answer
def test_answers_change_nothing_and_are_new_arrays(answer):
    model, X = trained()
    with nothing_changes(model, X):
        first = getattr(model, answer)(X)
        second = getattr(model, answer)(X)
    assert not np.shares_memory(first, second)
    assert not np.shares_memory(first, X)


# Samples.


def test_samples_are_bits_that_go_on_from_call_to_call():
    model, X = trained()
    with nothing_changes(X):
        calls = [model.gibbs(X) for _ in range(3)]
    assert all(V.dtype == bool and V.shape == X.shape for V in calls)
    assert (calls[0] != calls[1]).any()
    assert (calls[1] != calls[2]).any()
    V = calls[-1]
    for _ in range(3):  # on and on, from its own result
        V = model.gibbs(V)
    assert 0 < V.mean() < 1


def test_every_fit_begins_the_same_sequence():
    model, X = trained()
    sequence = [model.gibbs(X) for _ in range(3)]
    for again in (trained()[0], model.fit(X)):
        for V in sequence:
            np.testing.assert_array_equal(again.gibbs(X), V)


def test_random_state_seeds_the_first_call_after_a_fit():
    (one, X), (other, _) = trained(), trained()
    first = one.gibbs(X)
    assert (other.set_params(random_state=1).gibbs(X) != first).any()


def test_sparse_input_is_sampled_from_as_dense():
    (one, X), (other, _) = trained(), trained()
    np.testing.assert_array_equal(one.gibbs(X), other.gibbs(sparse.csr_matrix(X)))


@pytest.mark.parametrize("fraction", [False, True])
def test_samples_have_the_distribution_of_a_gibbs_step(fraction):
    """Against the sum over all states of the hidden units."""
    model, X = trained()
    W, c, a = arrays(model)
    row = X[-1] if fraction else bits()[-1]
    H = (np.arange(2**6)[:, None] >> np.arange(6)) % 2
    log_odds = row @ W.T + c
    expected = softmax(H @ log_odds) @ expit(H @ W + a)
    V = model.gibbs(np.tile(row, (20_000, 1)))
    np.testing.assert_allclose(V.mean(axis=0), expected, atol=0.015)
    assert np.ptp(expected) > 0.1


def test_steps_of_gibbs_are_calls_of_gibbs():
    X = bits()
    one, other = (trained()[0] for _ in range(2))
    V = X
    for _ in range(3):
        V = one.gibbs(V)
    np.testing.assert_array_equal(other.gibbs(X, n_steps=3), V)


@pytest.mark.parametrize("n_steps", [0, 1.5, "2"])
def test_number_of_steps_is_positive(n_steps):
    model, X = trained()
    with (
        nothing_changes(model),
        pytest.raises((TypeError, ValueError), match="n_steps"),
    ):
        model.gibbs(X, n_steps=n_steps)
