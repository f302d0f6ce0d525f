"""Row 70: X as a memory map, in any order and numeric type, is never copied nor cast.

What is learned from it, and which errors it raises: see test_memory_maps.py.
"""

import tracemalloc

import joblib
import numpy as np
import pytest
from estimators.cases import brief, impatient
from scipy import sparse

from skset.estimators import QuickSelection, SETClassifier, SETRegressor, SparseRBM

pytestmark = [impatient, brief]

# Files of 200 MB, that of uint8 of 100 MB.
N_ROWS = 100_000
N_FEATURES = {"float64": 250, "float32": 500, ">f4": 500, "uint8": 1000}


@pytest.fixture
def large_file(tmp_path):
    """Return a function that makes a memory map of 100 or 200 MB, of zeros and ones."""
    path = tmp_path / "X.npy"

    def made(dtype, order):
        shape = N_ROWS, N_FEATURES[dtype]
        pattern = np.random.default_rng(0).random((1000, shape[1])) < 0.3
        X = np.lib.format.open_memmap(path, "w+", dtype, shape, order == "F")
        for start in range(0, N_ROWS, 1000):
            X[start : start + 1000] = pattern
        return np.load(path, mmap_mode="r")

    yield made
    path.unlink()  # pytest keeps what is in tmp_path


def takes_less(limit, work):
    """Say that a piece of work takes less memory than a limit, in bytes."""
    work()  # compiles and imports, which would count as well
    tracemalloc.start()
    try:
        work()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < limit


def brief_fit(Estimator, **params):
    """Return an estimator whose fit is little more than one walk through X."""
    return Estimator(
        hidden_layer_sizes=(4,),
        epsilon=0.5,
        max_iter=1,
        batch_size=500,
        random_state=0,
        **params,
    )


FILES = [
    ("float32", "F"),
    ("float64", "C"),
    ("float64", "F"),
    (">f4", "C"),
    ("uint8", "F"),
]


@pytest.mark.parametrize(("dtype", "order"), FILES)
def test_a_classifier_does_not_copy_a_memory_map(large_file, dtype, order):
    X, y = large_file(dtype, order), np.arange(N_ROWS) % 2
    model = brief_fit(SETClassifier, early_stopping=True)
    takes_less(X.nbytes / 8, lambda: model.fit(X, y).predict_proba(X))


def test_partial_fit_does_not_copy_a_memory_map(large_file):
    X, y = large_file("float64", "F"), np.arange(N_ROWS) % 2
    takes_less(
        X.nbytes / 8, lambda: brief_fit(SETClassifier).partial_fit(X, y, classes=[0, 1])
    )


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_regressor_gathers_no_rows_to_score(large_file, order):
    X, y = large_file("float64", order), np.arange(N_ROWS) % 7
    model = brief_fit(SETRegressor)
    takes_less(X.nbytes / 8, lambda: model.fit(X, y).score(X, y))
    model.set_params(early_stopping=True, scoring="r2", validation_fraction=0.5)
    takes_less(X.nbytes / 8, lambda: model.fit(X, y))
    takes_less(X.nbytes / 8, lambda: model.fit(X, y, X_val=X, y_val=y))


@pytest.mark.parametrize("supervised", [False, True])
def test_a_selector_does_not_copy_a_memory_map(large_file, supervised):
    X, y = large_file("float64", "F"), np.arange(N_ROWS) % 2
    model = brief_fit(
        QuickSelection,
        n_features_to_select=5,
        supervised=supervised,
        early_stopping=True,
    )
    takes_less(X.nbytes / 8, lambda: model.fit(X, y).transform(X))


@pytest.mark.parametrize(("dtype", "order"), [("float64", "F"), ("uint8", "C")])
def test_a_machine_does_not_copy_a_memory_map(large_file, dtype, order):
    X = large_file(dtype, order)
    model = SparseRBM(4, epsilon=0.5, n_iter=1, batch_size=500, random_state=0)
    takes_less(X.nbytes / 8, lambda: model.fit(X).transform(X))


@pytest.fixture
def large_sparse(tmp_path):
    """Return a CSR matrix of 200 MB whose arrays are memory maps.

    In each row one column comes twice.
    """
    rng = np.random.default_rng(0)
    n_values = 166
    offsets = rng.integers(3, size=(N_ROWS, n_values), dtype=np.int32)
    indices = np.arange(0, 3 * n_values, 3, dtype=np.int32) + offsets
    indices[:, 1] = indices[:, 0]
    data = rng.random(indices.size).round(2) / 2
    indptr = np.arange(0, indices.size + 1, n_values)
    X = sparse.csr_array((data, indices.ravel(), indptr), shape=(N_ROWS, 500))
    path = tmp_path / "X.joblib"
    joblib.dump(X, path)
    del X, data, indices, offsets
    yield joblib.load(path, mmap_mode="r")
    path.unlink()


@pytest.mark.filterwarnings("ignore:All importances are 0")  # of so small a network
def test_nobody_copies_sparse_memory_maps(large_sparse):
    X, y = large_sparse, np.arange(N_ROWS) % 2
    assert isinstance(X.data, np.memmap)
    takes_less(
        X.data.nbytes / 6,
        lambda: brief_fit(SETClassifier, early_stopping=True).fit(X, y).predict(X),
    )
    takes_less(
        X.data.nbytes / 6, lambda: brief_fit(QuickSelection, early_stopping=True).fit(X)
    )
    takes_less(
        X.data.nbytes / 6,
        lambda: (
            SparseRBM(4, n_iter=1, batch_size=500, random_state=0).fit(X).transform(X)
        ),
    )


def test_early_stopping_copies_no_array_either():
    X = np.ones((50_000, 500), np.float32)
    X[:, ::3] = 0
    y = np.arange(len(X)) % 2
    takes_less(
        X.nbytes / 4, lambda: brief_fit(SETClassifier, early_stopping=True).fit(X, y)
    )
