"""`FiltersDisplay` and `ReconstructionDisplay` show what a `SparseRBM` has learned."""

import numpy as np
import pandas as pd
import pytest
from inspection.fits import classifier, digits, impatient, machine
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skset import SparseRBM
from skset.inspection import FiltersDisplay, ReconstructionDisplay

pytestmark = impatient

filters_of = FiltersDisplay.from_estimator
reconstructions_of = ReconstructionDisplay.from_estimator


def test_filters_are_the_weights_of_the_strongest_units():
    display = filters_of(machine(), n_units=6, n_columns=3)
    weights = machine().network_.layers[0].to_csr().toarray().T
    units = np.argsort(-np.abs(weights).sum(1), kind="stable")[:6]
    assert display.units.tolist() == units.tolist()
    assert (display.filters == weights[units].reshape(6, 8, 8)).all()
    image = np.ma.filled(display.image_.get_array(), np.nan)
    assert image.shape == (1 + 2 * 9, 1 + 3 * 9)
    for place, unit in enumerate(units):
        top, left = 1 + 9 * (place // 3), 1 + 9 * (place % 3)
        tile = image[top : top + 8, left : left + 8]
        assert (tile == weights[unit].reshape(8, 8)).all()
    assert np.isnan(image[::9]).all()
    assert np.isnan(image[:, ::9]).all()
    low, high = display.image_.get_clim()
    assert low == -high
    assert high == np.quantile(np.abs(weights[units][weights[units] != 0]), 0.995)


def test_there_are_no_more_filters_than_units_and_empty_tiles_stay_empty():
    display = filters_of(machine(), image_shape=(4, 16), n_columns=7)
    assert display.filters.shape == (24, 4, 16)
    image = np.ma.filled(display.image_.get_array(), np.nan)
    assert np.isnan(image[-5:, -17 * 4 :]).all()


def test_a_machine_without_weights_is_drawn():
    empty = FiltersDisplay(filters=np.zeros((2, 3, 3)), units=np.arange(2)).plot()
    assert empty.image_.get_clim() == (-1, 1)


def test_rows_are_originals_reconstructions_and_chains():
    X = digits()[:4]
    display = reconstructions_of(
        machine(), X, n_steps=(1, 3), response="samples", random_state=0
    )
    assert display.labels == ["original", "reconstruction", "1 step", "3 steps"]
    assert display.images.shape == (4, 4, 8, 8)
    rows = display.images.reshape(4, 4, 64)
    np.testing.assert_allclose(rows[0], X)
    np.testing.assert_allclose(rows[1], machine().reconstruct(X), rtol=1e-6)
    rng = np.random.default_rng(np.random.RandomState(0).randint(2**31))
    network = machine().network_
    V = network.gibbs(np.array(X.T, network.dtype, order="C"), rng)
    assert (rows[2] == V.T).all()
    assert (rows[3] == network.gibbs(V, rng, n_steps=2).T).all()
    ticks = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert ticks == display.labels
    image = np.ma.filled(display.image_.get_array(), np.nan)
    np.testing.assert_allclose(image[1:9, 10:18], X[1].reshape(8, 8))


def test_probabilities_are_those_of_the_samples():
    X = digits()[:4]
    drawn = {
        response: reconstructions_of(machine(), X, n_steps=(2,), response=response)
        for response in ("samples", "probabilities")
    }
    samples = drawn["samples"].images[2].reshape(4, 64)
    expected = machine().reconstruct(samples)
    found = drawn["probabilities"].images[2].reshape(4, 64)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_machine_stays_as_it_is():
    before, after = (SparseRBM(8, n_iter=1, random_state=0) for _ in range(2))
    for model in (before, after):
        model.fit(digits())
    reconstructions_of(after, digits(), n_samples=2, n_steps=(1,))
    assert (before.gibbs(digits()[:3]) == after.gibbs(digits()[:3])).all()


@pytest.mark.parametrize("container", [pd.DataFrame, sparse.csr_array, np.asarray])
def test_pipelines_and_containers(container):
    X = container(digits() * 16)
    scaler = MinMaxScaler(clip=True) if container is not sparse.csr_array else None
    model = make_pipeline(scaler, SparseRBM(8, n_iter=1, random_state=0))
    X = X if scaler else container(digits())
    model.fit(X)
    shown = reconstructions_of(model, X, n_samples=3, n_steps=()).images[0]
    expected = model[0].transform(X[:3]) if scaler else digits()[:3]
    np.testing.assert_allclose(shown.reshape(3, 64), expected)
    assert filters_of(model).filters.shape == (8, 8, 8)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_samples": 0}, ValueError, "n_samples"),
        ({"n_steps": (0,)}, ValueError, "n_steps"),
        ({"n_steps": (3, 2)}, ValueError, "n_steps must increase"),
        ({"response": "mean"}, ValueError, "response must be one of"),
        ({"image_shape": (8, 7)}, ValueError, "has not 64 pixels"),
        ({"ax": 3}, TypeError, "ax must be"),
    ],
)
def test_bad_arguments_of_reconstructions(arguments, error, message):
    with pytest.raises(error, match=message):
        reconstructions_of(machine(), digits(), **arguments)


def test_values_outside_0_and_1_are_refused():
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        reconstructions_of(machine(), digits() * 16)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"n_units": 0}, ValueError),
        ({"n_columns": 0}, ValueError),
        ({"image_shape": (8.0, 8)}, TypeError),
        ({"ax": "top"}, TypeError),
    ],
)
def test_bad_arguments_of_filters(arguments, error):
    with pytest.raises(error):
        filters_of(machine(), **arguments)


def test_what_is_no_square_needs_a_shape():
    model = SparseRBM(4, n_iter=1, random_state=0).fit(digits()[:, :60])
    with pytest.raises(ValueError, match="60 features are no square"):
        filters_of(model)
    assert filters_of(model, image_shape=(6, 10)).filters.shape == (4, 6, 10)


def test_other_estimators_are_refused():
    with pytest.raises(TypeError, match="A SparseRBM is needed"):
        filters_of(classifier())
    with pytest.raises(NotFittedError):
        reconstructions_of(SparseRBM(), digits())
