"""Tiny fits in which every kernel runs, so that it is compiled and kept on disk."""

import warnings
from itertools import product
from mmap import mmap
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import sparse

from skset.estimators import QuickSelection, SETClassifier, SETRegressor, SparseRBM

__all__ = ["warm_up"]

N_SAMPLES, N_FEATURES = 22, 6
VARIANTS: tuple[dict[str, Any], ...] = (
    {},
    {"density": 0.3, "dropout": 0.2, "method": "static"},
)
EVOLVING: tuple[dict[str, Any], ...] = (
    {"method": "gse"},
    {"method": "granet"},
    {"grow": "neuron"},
)


def warm_up() -> None:
    """Fit all estimators, in all ways for which there are kernels of their own.

    They are used as a user uses them, so that what is compiled is what will be needed,
    however the kernels change.
    """
    rng = np.random.default_rng(0)
    X = rng.random((N_SAMPLES, N_FEATURES))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so short a training converges nowhere
        for dtype, sparsely in product((np.float32, np.float64), (False, True)):
            data = sparse.csr_array(X) if sparsely else X
            for solver in ("sgd", "adam"):
                _fit_perceptrons(data, rng, dtype=dtype, solver=solver)
                _fit_selectors(data, rng, dtype=dtype, solver=solver)
            _fit_machines(data, dtype=dtype)
        for dtype in (np.float32, np.float64):
            _fit_evolving(X, dtype=dtype)
            _predict_many(dtype=dtype)
        _fit_wide(rng)


def _targets(rng: Generator) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return classes, labels of several kinds, and numbers."""
    classes = np.arange(N_SAMPLES) % 3
    return classes, classes[:, None] == [0, 1], rng.random(N_SAMPLES)


def _fit_perceptrons(X: Any, rng: Generator, **params: Any) -> None:
    # The batches are of unequal width, and there are units without connections.
    params |= {"hidden_layer_sizes": (5, 4), "batch_size": 9, "max_iter": 2}
    classes, several, numbers = _targets(rng)
    for Estimator, y in (
        (SETClassifier, classes),
        (SETClassifier, several),
        (SETRegressor, numbers),
    ):
        for more in VARIANTS:
            model = Estimator(random_state=0, **params, **more)
            model.fit(X, y, np.ones(N_SAMPLES)).partial_fit(X, y)
            model.predict(X)


def _fit_evolving(X: Any, **params: Any) -> None:
    params |= {"hidden_layer_sizes": (5, 4), "density": 0.4, "max_iter": 3}
    for more in EVOLVING:
        model = SETClassifier(batch_size=9, update_interval=1, **params, **more)
        model.fit(X, np.arange(N_SAMPLES) % 3)


def _predict_many(**params: Any) -> None:
    # From 512 samples on, connections are sorted by output. Large memory maps are cast
    # batch by batch.
    n = 1 << 14
    for given in (np.float32, np.float64):
        memory = mmap(-1, n * N_FEATURES * np.dtype(given).itemsize)
        many = np.frombuffer(memory, given).reshape(n, N_FEATURES)
        model = SETClassifier((5,), max_iter=1, **params)
        model.fit(many, np.arange(n) % 3).predict(many)


def _fit_selectors(X: Any, rng: Generator, **params: Any) -> None:
    params |= {"hidden_layer_sizes": (5,), "batch_size": 9, "max_iter": 2}
    classes, _, numbers = _targets(rng)
    fits = (False, None), ("classification", classes), ("regression", numbers)
    for importance in ("coverage", "strength", "attribution"):
        for supervised, y in fits:
            selector = QuickSelection(
                2,
                supervised=supervised,
                importance=importance,
                random_state=0,
                **params,
            )
            selector.fit(X, y).transform(X)


def _fit_machines(X: Any, **params: Any) -> None:
    params |= {"batch_size": 9, "n_iter": 2, "random_state": 0}
    for persistent in (False, True):
        machine = SparseRBM(5, persistent=persistent, n_gibbs=2, **params)
        machine.fit(X).partial_fit(X).transform(X)
    machine.score_samples(X)
    machine.free_energy(X)
    machine.reconstruct(X)
    machine.gibbs(X)


def _fit_wide(rng: Generator) -> None:
    # More than the 8 MB of activations up to which a layer's outputs are not cut.
    X = rng.random((512, N_FEATURES))
    for n_jobs in (1, 2):  # threads have kernels to wait for each other
        model = SETClassifier((5000,), batch_size=512, max_iter=1, n_jobs=n_jobs)
        model.fit(X, np.arange(512) % 2)
