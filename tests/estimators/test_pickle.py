"""Pickles: whole, small, and honest about the version that made them."""

import copy
import mmap
import os
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from estimators.cases import (
    BOTH,
    assert_same_network,
    bits,
    fingerprint,
    first_call,
    impatient,
    machine,
    scores,
    selector,
    small,
    toy,
)
from sklearn.base import clone

import skset
from skset.estimators import SETClassifier, SETRegressor, _version_stamp

pytestmark = impatient


def through_joblib(model, path):
    joblib.dump(model, path / "model.joblib")
    return joblib.load(path / "model.joblib")


def mapped(model, path):
    joblib.dump(model, path / "model.joblib")
    return joblib.load(path / "model.joblib", mmap_mode="r")


WAYS = {
    "pickle": lambda model, path: pickle.loads(pickle.dumps(model)),
    "deepcopy": lambda model, path: copy.deepcopy(model),
    "copy": lambda model, path: copy.copy(model),
    "joblib": through_joblib,
    "joblib, mapped": mapped,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_copy_predicts_and_goes_on_as_the_original(Estimator, way, dtype, tmp_path):
    # row 55
    X, y = toy(Estimator)
    model = first_call(small(Estimator, dtype=dtype, zeta=0.5), X, y)
    other = way(model, tmp_path)
    assert scores(other, X).tobytes() == scores(model, X).tobytes()
    assert other.loss_curve_ == model.loss_curve_
    assert other.get_params() == model.get_params()
    assert sorted(vars(other)) == sorted(vars(model))
    assert_same_network(other, model)
    twin = first_call(small(Estimator, dtype=dtype, zeta=0.5), X, y)
    for _ in range(2):
        other.partial_fit(X, y)
        twin.partial_fit(X, y)
    assert_same_network(other, twin)


def test_training_a_copy_leaves_the_original(Estimator):
    X, y = toy(Estimator)
    model = first_call(small(Estimator), X, y)
    before = scores(model, X)
    curve = list(model.loss_curve_)
    copy.copy(model).partial_fit(X, y)
    copy.deepcopy(model).partial_fit(X, y)
    assert scores(model, X).tobytes() == before.tobytes()
    assert model.loss_curve_ == curve


def test_mapped_weights_are_read_only_and_warm_start_copies_them(Estimator, tmp_path):
    # row 55
    X, y = toy(Estimator)
    model = mapped(small(Estimator, warm_start=True).fit(X, y), tmp_path)
    weights = model._network.layers[0].weights
    assert is_mapped(weights)
    assert not weights.flags.writeable
    model.fit(X, y)
    assert not is_mapped(model._network.layers[0].weights)


def is_mapped(array):
    """Return whether the memory of an array is a file's."""
    while array is not None and not isinstance(array, mmap.mmap):
        array = getattr(array, "base", None)
    return array is not None


@pytest.mark.filterwarnings("ignore:The network took only:UserWarning")
@pytest.mark.parametrize("kind", ["SETClassifier", "SETRegressor", "selector", "rbm"])
def test_a_model_that_has_answered_is_the_same(kind):
    """What it has computed to answer, and keeps, is not in its pickle."""
    X, y = bits(), bits()[:, 0]
    make = {
        "SETClassifier": lambda: small(SETClassifier),
        "SETRegressor": lambda: small(SETRegressor),
        "selector": selector,
        "rbm": machine,
    }
    model = make[kind]().fit(X, y)
    before = fingerprint(model), len(pickle.dumps(model))
    getattr(model, "predict" if hasattr(model, "predict") else "transform")(X)
    assert (fingerprint(model), len(pickle.dumps(model))) == before


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_layer_that_has_answered_follows_its_own_weights(copied):
    X, y = toy(SETClassifier)
    model = small(SETClassifier).fit(X, y)
    scores(model, X)
    layer = copied(model.network_.layers[0])
    for view, own in zip(layer.views, (layer.weights, layer.bias), strict=True):
        assert np.shares_memory(view, own)


def test_pickles_are_read_in_another_process(tmp_path):  # row 55
    kept = []
    for Estimator in BOTH:
        X, y = toy(Estimator)
        model = small(Estimator).fit(X, y)
        kept.append((model, X, scores(model, X)))
    joblib.dump(kept, tmp_path / "all.joblib")
    program = (
        "import joblib, sys\n"
        "for model, X, said in joblib.load(sys.argv[1]):\n"
        "    again = getattr(model, 'predict_proba', model.predict)(X)\n"
        "    assert again.tobytes() == said.tobytes()\n"
    )
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "all.joblib")],
        check=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )


def test_fitted_network_at_rest_has_no_optimiser_state(Estimator):
    X, y = toy(Estimator, n_samples=200)
    params = {"hidden_layer_sizes": (100, 100), "solver": "adam", "max_iter": 1}
    fitted = small(Estimator, **params).fit(X, y)
    going_on = first_call(small(Estimator, **params), X, y)
    assert len(pickle.dumps(fitted)) < len(pickle.dumps(going_on))


@pytest.mark.parametrize("fitted", [False, True])
def test_pickle_of_another_version_is_warned_of(Estimator, fitted, monkeypatch):
    # row 56
    X, y = toy(Estimator)
    model = small(Estimator)
    if fitted:
        model.fit(X, y)
    monkeypatch.setattr(_version_stamp, "__version__", "0.0.1-old")
    old = pickle.dumps(model)
    monkeypatch.undo()
    match = rf"{Estimator.__name__}.*0\.0\.1-old.*{skset.__version__}"
    with pytest.warns(UserWarning, match=match):
        model = pickle.loads(old)
    assert not hasattr(model, "_skset_version")
    if fitted:
        assert np.isfinite(model.predict(X)).all()


def test_clone_forgets_what_was_learned(Estimator):  # row 55
    X, y = toy(Estimator)
    model = small(Estimator, zeta=0.4).fit(X, y)
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    assert not hasattr(twin, "coefs_")
    assert_same_network(twin.fit(X, y), model)


def test_state_holds_no_numba_object_and_nothing_of_the_data():
    X, y = toy(SETClassifier, n_samples=5000)
    model = small(SETClassifier, max_iter=1).fit(X, y)
    dump = pickle.dumps(model)
    assert b"numba" not in dump
    assert len(dump) < 20_000
