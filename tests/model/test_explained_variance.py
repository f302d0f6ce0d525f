"""What the targets explain of each input: R2 of a regression, F of the classes."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_selection import f_classif, f_regression
from sklearn.linear_model import LinearRegression

import skset.model.explained_variance as module
from skset.model import ExplainedVariance, Samples

N_CLASSES = 4


def table(n_samples=60, n_features=7):
    """Return inputs of which some follow the classes, and class numbers."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, N_CLASSES, n_samples)
    X = rng.standard_normal((n_samples, n_features))
    X[:, :3] += y[:, None] * [0.2, 1, 5]
    return X, y


def ratios(X, y, n_targets, weight=None, dtype="float64"):
    samples = Samples(X, y, weight, dtype=dtype)
    return ExplainedVariance.of(samples, n_targets).ratios()


def assert_is(found, expected, rtol=1e-8):
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-12)


def test_for_classes_it_is_the_share_between_them():
    X, y = table()
    F, _ = f_classif(X, y)
    between, within = F * (N_CLASSES - 1), len(y) - N_CLASSES
    assert_is(ratios(X, y, N_CLASSES), between / (between + within))


@pytest.mark.parametrize("n_features", [7, 5000])
def test_for_one_number_it_is_the_squared_correlation(n_features):
    X, y = table(n_features=n_features)
    y = y + X[:, 4]
    F, _ = f_regression(X, y)
    assert_is(ratios(X, y[:, None], 1), F / (F + len(y) - 2))


def test_several_targets_explain_together():
    X, _ = table()
    Y = X[:, :3] @ np.array([[1, 0, 1], [2, 1, 0], [0, 1, 3.0]])
    Y = np.column_stack([Y[:, 0] + X[:, 4], Y[:, 1]])
    expected = [LinearRegression().fit(Y, x).score(Y, x) for x in X.T]
    assert_is(ratios(X, Y, 2), expected)
    again = np.column_stack([Y, Y @ [1, -2.0], np.ones(len(Y))])  # nothing new
    assert_is(ratios(X, again, 4), expected)


def test_two_classes_are_one_target_or_two():
    X, y = table()
    y = y % 2
    assert_is(ratios(X, y, 2), ratios(X, y[:, None].astype(float), 1))


@pytest.mark.parametrize("values", [1, 20, 10**6])
def test_blocks_and_calls_add_up(values, monkeypatch):
    monkeypatch.setattr(module, "MAX_VALUES", values)
    X, y = table()
    parts = [slice(0, 25), slice(25, 60)]
    found = [ExplainedVariance.of(Samples(X[p], y[p]), N_CLASSES) for p in parts]
    F, _ = f_classif(X, y)
    together = (found[0] + found[1]).ratios()
    assert_is(together, ratios(X, y, N_CLASSES))
    assert np.argsort(together).tolist() == np.argsort(F).tolist()


@pytest.mark.parametrize("unit", [1, 1e-6, 1e6])
def test_a_weight_is_a_number_of_copies(unit):
    X, y = table()
    weight = np.arange(60) % 3
    found = ratios(X, y, N_CLASSES, unit * weight.astype(float))
    assert_is(found, ratios(np.repeat(X, weight, 0), np.repeat(y, weight), N_CLASSES))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sparse_inputs_give_the_same(dtype):
    X, y = table()
    X = np.where(X > 1, X, 0).astype(dtype)
    one = ratios(X, y, N_CLASSES, dtype=dtype)
    assert np.array_equal(ratios(sparse.csr_array(X), y, N_CLASSES, dtype=dtype), one)


def test_shift_and_unit_do_not_matter():
    X, y = table()
    assert_is(ratios(1e3 + 0.1 * X, y, N_CLASSES), ratios(X, y, N_CLASSES), 1e-4)


def test_what_does_not_vary_is_not_explained():
    X, y = table()
    X[:, 1], X[:, 2] = 0, 1234.56789
    assert not ratios(X, y, N_CLASSES)[1:3].any()
    assert not ratios(X, np.zeros(60, int), N_CLASSES).any()
    assert not ratios(X, y, N_CLASSES, np.zeros(60)).any()
    assert not ratios(X[:1], y[:1], N_CLASSES).any()


def test_what_follows_from_the_classes_is_explained_completely():
    X, y = table()
    X[:, 0] = np.array([3.0, -1, 0, 8])[y]
    found = ratios(X, y, N_CLASSES)
    assert found[0] == pytest.approx(1)
    assert found.max() <= 1
