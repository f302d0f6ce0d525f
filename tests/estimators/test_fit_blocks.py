"""`fit_blocks`: the fit of a table that is read in blocks."""

import numpy as np
import pandas as pd
import polars
import pytest
from estimators.cases import (
    assert_same_network,
    fingerprint,
    impatient,
    selector,
    small,
)
from scipy import sparse

import skset
from skset.estimators import SETClassifier, SETRegressor, SparseRBM, fit_blocks

pytestmark = [
    impatient,
    pytest.mark.filterwarnings("ignore:The network took only:UserWarning"),
]
N = 120
SIZES = [1, 7, 50, N]


class Again:
    """An iterable that begins anew each time and has no numbers."""

    def __init__(self, blocks):
        self.blocks = list(blocks)

    def __iter__(self):
        return iter(self.blocks)


def cut(size, *parts):
    """Return blocks of so many rows; parts that are None are left out."""
    parts = [part for part in parts if part is not None]
    starts = range(0, parts[0].shape[0], size)
    return [tuple(part[n : n + size] for part in parts) for n in starts]


def data(kind, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(5, 2, (N, 5))
    X[:, 1] = 3  # does not vary
    X[rng.random(N) < 0.6, 2] = 0
    signal = X[:, 0] - X[:, 3]
    weight = np.ceil(3 * rng.random(N))
    weight[::9] = 0
    names = np.array(["low", "mid", "high"])
    labels = np.stack([signal > 0, signal > 1, X[:, 3] > 5], axis=1) + 0
    spans = X.max(axis=0) - X.min(axis=0) + 1
    return {
        "classes": (X, np.digitize(signal, [-1, 1]), weight),
        "binary": (X, signal > 0, weight),
        "strings": (X, names[np.digitize(signal, [-1, 1])], weight),
        "labels": (X, labels, weight),
        "numbers": (X, 100 + 50 * signal, weight),
        "counts": (X, np.maximum(np.floor(signal), 0), weight),
        "outputs": (X, np.stack([signal, X[:, 3] * 1e3], axis=1), weight),
        "alone": (X, None, weight),
        "units": ((X - X.min(axis=0)) / spans, None, weight),
    }[kind]


CASES = {
    "classifier": (small(SETClassifier), "classes"),
    "binary": (small(SETClassifier), "binary"),
    "strings": (small(SETClassifier, class_weight={"low": 3}), "strings"),
    "balanced": (small(SETClassifier, class_weight="balanced"), "classes"),
    "multilabel": (small(SETClassifier), "labels"),
    "balanced labels": (small(SETClassifier, class_weight="balanced"), "labels"),
    "sgd": (small(SETClassifier, solver="sgd", learning_rate="adaptive"), "classes"),
    "grown": (small(SETClassifier, method="rigl", update_interval=2), "classes"),
    "sensed": (small(SETClassifier, init="snip"), "classes"),
    "pruned": (small(SETClassifier, unit_pruning="strength"), "classes"),
    "dropout": (small(SETClassifier, dropout=0.3, max_norm=1.0), "classes"),
    "global": (small(SETClassifier, standardize="global"), "classes"),
    "float64": (small(SETClassifier, dtype=np.float64, max_iter="auto"), "classes"),
    "regressor": (small(SETRegressor), "numbers"),
    "outputs": (small(SETRegressor, loss="absolute_error"), "outputs"),
    "quantile": (small(SETRegressor, loss="quantile"), "numbers"),
    "huber": (small(SETRegressor, loss="huber", standardize=False), "numbers"),
    "poisson": (small(SETRegressor, loss="poisson"), "counts"),
    "selector": (selector(supervised="auto", max_iter="auto"), "classes"),
    "selector of numbers": (selector(supervised=True), "numbers"),
    "selector of X": (selector(supervised="auto"), "alone"),
    "relevance": (selector(supervised=True, importance="relevance"), "classes"),
    "history": (selector(keep_history=True, importance="strength"), "alone"),
    "machine": (SparseRBM(6, n_iter=3, random_state=0), "units"),
    "chains": (SparseRBM(6, n_iter=2, persistent=True, random_state=0), "units"),
}
every_case = pytest.mark.parametrize("case", CASES)


def clone_of(model):
    return type(model)(**model.get_params(deep=False))


def fits(model, X, y, weight):
    return clone_of(model).fit(X, y, sample_weight=weight)


def all_of(model):
    """Return a hash of each attribute."""
    return {name: fingerprint(value) for name, value in vars(model).items()}


# All rows in one window.


@every_case
@pytest.mark.parametrize("weighted", [False, True])
def test_one_window_is_fit(case, weighted):
    model, kind = CASES[case]
    X, y, weight = data(kind)
    weight = weight if weighted else None
    if weighted and y is None:
        pytest.skip("a block without y has no weights")
    read = fit_blocks(clone_of(model), cut(50, X, y, weight))
    assert all_of(read) == all_of(fits(model, X, y, weight))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", ["balanced", "regressor", "selector", "machine"])
def test_one_window_of_sparse_rows_is_fit(case, dtype):
    model, kind = CASES[case]
    X, y, _ = data(kind)
    X = sparse.csr_array(X.astype(dtype))
    read = fit_blocks(clone_of(model), cut(50, X, y))
    assert all_of(read) == all_of(fits(model, X, y, None))


def test_weights_beside_no_y():
    model, kind = CASES["machine"]
    X, _, weight = data(kind)
    blocks = [(X[:50], None, weight[:50]), (X[50:], None, weight[50:])]
    read = fit_blocks(clone_of(model), blocks)
    assert all_of(read) == all_of(fits(model, X, None, weight))


@pytest.mark.parametrize("frame", [pd.DataFrame, polars.DataFrame])
def test_frames_keep_their_names(frame):
    X, y, _ = data("strings")
    columns = [f"c{n}" for n in range(X.shape[1])]

    def blocks():
        for rows, labels in cut(50, X, y):
            yield frame(dict(zip(columns, rows.T, strict=True))), pd.Series(labels)

    model = fit_blocks(small(SETClassifier), blocks)
    whole = small(SETClassifier).fit(frame(dict(zip(columns, X.T, strict=True))), y)
    # The oldest scikit-learn does not know the columns of the newest polars.
    known = hasattr(whole, "feature_names_in_")
    assert known or frame is polars.DataFrame
    assert hasattr(model, "feature_names_in_") == known
    if known:
        assert model.feature_names_in_.tolist() == columns
    assert model.classes_.tolist() == ["high", "low", "mid"]
    assert_same_network(model, small(SETClassifier).fit(X, y))


def test_uint8_is_read():
    X = np.random.default_rng(0).integers(0, 255, (N, 5), dtype=np.uint8)
    y = X[:, 0] > 99
    model = fit_blocks(small(SETClassifier), cut(50, X, y))
    assert_same_network(model, small(SETClassifier).fit(X, y))


def test_blocks_of_both_floats_are_one_table():
    X, y, _ = data("classes")
    X = X.astype(np.float32)
    blocks = [(X[:50], y[:50]), (X[50:].astype(float), y[50:])]
    model = fit_blocks(small(SETClassifier), blocks)
    assert_same_network(model, small(SETClassifier).fit(X.astype(float), y))


def test_an_earlier_fit_leaves_nothing():
    X, y, _ = data("classes")
    frame = pd.DataFrame(X, columns=list("abcde"))
    for model in (small(SETClassifier), selector(supervised="auto")):
        again = clone_of(model).fit(frame.assign(f=1.0), y % 2)
        fit_blocks(again, cut(50, X, y))
        assert all_of(again) == all_of(fits(model, X, y, None))


# Several windows.


@pytest.mark.parametrize("window", [32, 50])
@every_case
def test_blocks_of_any_size_give_the_same(case, window):
    """Their order is kept."""
    model, kind = CASES[case]
    X, y, _ = data(kind)
    found = [
        all_of(fit_blocks(clone_of(model), Again(cut(size, X, y)), window=window))
        for size in (7, N)
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_any_blocks_weighted_and_of_any_form(form, size):
    X, y, weight = data("classes")
    model = small(SETClassifier, class_weight="balanced")
    blocks = cut(size, form(X), y, weight)
    read = fit_blocks(clone_of(model), Again(blocks), window=40)
    whole = fit_blocks(clone_of(model), Again([(form(X), y, weight)]), window=40)
    assert all_of(read) == all_of(whole)


@pytest.mark.parametrize("params", [{}, {"class_weight": {0: 2, 2: 0}}])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("window", [12, 35, 96])
def test_in_the_same_order_windows_do_not_matter(params, form, window):
    """No row is shuffled, and no fact of all rows has a rounding error here."""
    X, y, weight = data("classes")
    model = small(
        SETClassifier, shuffle=False, standardize=False, batch_size=12, **params
    )
    blocks = cut(50, form(X), y, weight)
    read = fit_blocks(clone_of(model), blocks, window=window)
    assert_same_network(read, fits(model, form(X), y, weight))
    assert read.loss_curve_ == fits(model, form(X), y, weight).loss_curve_


def test_all_rows_are_taken_in_each_epoch():
    X, y, _ = data("classes")
    model = fit_blocks(small(SETClassifier), cut(7, X, y), window=40, epochs=5)
    assert model.n_iter_ == 5
    assert model.t_ == 5 * N
    assert len(model.loss_curve_) == 5


def test_it_learns():
    X = np.random.default_rng(0).standard_normal((2000, 10))
    y = (X[:, 0] + X[:, 1] > 0) + 0
    model = SETClassifier((50,), random_state=0)
    fit_blocks(model, cut(100, X, y), window=256, epochs=8)
    assert model.score(X, y) > 0.95


def test_threads_do_not_matter():
    X, y, _ = data("classes")
    models = [
        fit_blocks(small(SETClassifier, n_jobs=n), cut(50, X, y), window=40)
        for n in (None, 2)
    ]
    assert_same_network(*models)


@pytest.mark.parametrize("name", ["max_iter", "n_iter"])
def test_epochs_stand_for_the_parameter(name):
    if name == "n_iter":
        X, y, _ = data("units")
        model = SparseRBM(6, n_iter=30, random_state=0)
    else:
        X, y, _ = data("classes")
        model = small(SETClassifier, max_iter=30, learning_rate="cosine")
    read = fit_blocks(clone_of(model), cut(50, X, y), epochs=2)
    assert read.get_params()[name] == 30
    wanted = clone_of(model).set_params(**{name: 2}).fit(X, y)
    assert fingerprint(read._network) == fingerprint(wanted._network)


# Order.


class Numbered:
    """A sequence that remembers which blocks were read."""

    def __init__(self, blocks):
        self.blocks = blocks
        self.read = []

    def __len__(self):
        return len(self.blocks)

    def __getitem__(self, index):
        self.read.append(index)
        return self.blocks[index]


@pytest.mark.parametrize("shuffle", [True, False])
def test_blocks_of_a_sequence_come_in_a_random_order(shuffle):
    X, y, _ = data("classes")
    blocks = Numbered(cut(10, X, y))
    fit_blocks(small(SETClassifier, shuffle=shuffle), blocks, window=40)
    passes = np.reshape(blocks.read, (4, 12))  # the first pass, and three epochs
    np.testing.assert_array_equal(np.sort(passes), np.tile(range(12), (4, 1)))
    in_order = (passes == range(12)).all(axis=1)
    assert in_order.tolist() == [True, *[not shuffle] * 3]
    assert len({tuple(order) for order in passes}) == (4 if shuffle else 1)


def test_rows_of_one_window_are_read_once():
    X, y, _ = data("classes")
    blocks = Numbered(cut(10, X, y))
    fit_blocks(small(SETClassifier, class_weight="balanced"), blocks)
    assert blocks.read == list(range(12))


def test_a_callable_is_called_for_each_pass():
    X, y, _ = data("classes")
    calls = []

    def blocks():
        calls.append(1)
        return iter(cut(50, X, y))

    model = fit_blocks(small(SETClassifier), blocks, window=40)
    assert len(calls) == 4
    wanted = fit_blocks(small(SETClassifier), Again(cut(50, X, y)), window=40)
    assert_same_network(model, wanted)


def test_it_is_a_public_name():
    assert skset.fit_blocks is fit_blocks
