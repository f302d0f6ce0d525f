"""How many features a `QuickSelection` keeps, and how long it trains."""

import numpy as np
import pytest
from estimators.cases import (
    assert_same_selection,
    every_supervised,
    impatient,
    selector,
    toy_for,
)
from sklearn.utils._param_validation import InvalidParameterError

from skset.estimators import QuickSelection

pytestmark = impatient


# The number of features.


@pytest.mark.parametrize(
    ("wanted", "n"), [(1, 1), (4, 4), (0.5, 2), (1.0, 5), (0.01, 1), ("all", 5)]
)
def test_number_or_share_of_features(wanted, n):  # row 41
    X, _ = toy_for(False)
    model = selector(wanted).fit(X)
    assert model.n_features_to_select_ == model.support_.sum() == n
    assert model.transform(X).shape == (40, n)


@pytest.mark.parametrize(
    ("share", "n"), [(0.29, 29), (0.57, 57), (0.58, 58), (0.126, 13), (0.124, 12)]
)
def test_share_is_rounded_to_the_nearest_number(share, n):
    """As 0.29 * 100 is 28.999999999999996, cutting it off would leave 28."""
    model = selector(share).fit(toy_for(False, n_features=100)[0])
    assert model.n_features_to_select_ == model.support_.sum() == n


def test_more_features_than_there_are_selects_all_with_a_warning():  # row 41
    X, _ = toy_for(False)
    with pytest.warns(UserWarning, match="n_features_to_select=6 is greater than n_f"):
        model = selector(6).fit(X)
    np.testing.assert_array_equal(model.transform(X), X)


def test_number_may_be_changed_without_another_fit():
    X, _ = toy_for(False)
    model = selector(2).fit(X)
    for wanted, n in [(3, 3), (0.2, 1), ("all", 5), (2, 2)]:
        model.set_params(n_features_to_select=wanted)
        expected = X[:, np.sort(np.argsort(model.ranking_)[:n])]
        np.testing.assert_array_equal(model.transform(X), expected)


BAD_NUMBERS = [0, -1, 1.5, 0.0, True, np.nan, "some", None, [2]]


@pytest.mark.parametrize("bad", BAD_NUMBERS)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_what_is_no_number_of_features_is_refused(bad, method):  # row 41
    X, _ = toy_for(False)
    model = selector(bad)
    with pytest.raises(InvalidParameterError, match="'n_features_to_select' parameter"):
        getattr(model, method)(X)


@pytest.mark.parametrize("bad", BAD_NUMBERS)
def test_what_is_no_number_of_features_is_refused_after_fit_too(bad):
    X, _ = toy_for(False)
    model = selector(2).fit(X)
    chosen = model.transform(X)
    model.set_params(n_features_to_select=bad)
    for use in (
        lambda: model.transform(X),
        lambda: model.inverse_transform(chosen),
        model.get_support,
        model.get_feature_names_out,
        lambda: model.support_,
        lambda: model.n_features_to_select_,
    ):
        with pytest.raises(InvalidParameterError, match="'n_features_to_select'"):
            use()
    model.set_params(n_features_to_select=2)
    np.testing.assert_array_equal(model.transform(X), chosen)


def test_an_epsilon_that_is_meant_for_adam_is_refused():  # row 67
    match = "'epsilon' parameter of QuickSelection must be .*adam_epsilon of SETClass"
    with pytest.raises(InvalidParameterError, match=match):
        selector(epsilon=1e-8).fit(toy_for(False)[0])


# The number of epochs.

# Samples, and epochs without and with labels: 600 or 1,200 steps, rounded up to whole
# epochs of n / batch_size steps, but never fewer epochs than 10 nor more than 100.
EPOCHS = [
    (3, 100, 100),
    (40, 100, 100),
    (300, 60, 28),
    (2000, 30, 30),
    (10_000, 10, 16),
    (20_000, 10, 10),
]


@pytest.mark.parametrize(("n", "without", "with_labels"), EPOCHS)
def test_auto_makes_as_many_epochs_as_the_steps_need(n, without, with_labels):
    params = {"max_iter": "auto", "batch_size": "auto"}
    for supervised, expected in [
        (False, without),
        ("classification", with_labels),
        ("regression", with_labels),
    ]:
        X, y = toy_for(supervised, n_samples=n)
        model = selector(supervised=supervised, **params).fit(X, y)
        assert model.n_iter_ == len(model.loss_curve_) == expected
        assert 10 <= model.n_iter_ <= 100


@pytest.mark.parametrize(("size", "epochs"), [(10, 20), (13, 25), (300, 100), (1, 10)])
def test_auto_counts_the_steps_of_the_batches_that_are_made(size, epochs):
    X, _ = toy_for(False, n_samples=300)
    assert selector(max_iter="auto", batch_size=size).fit(X).n_iter_ == epochs


@every_supervised
def test_auto_is_the_same_as_its_number_of_epochs(supervised):
    """The learning rate comes to 0 at their end."""
    X, y = toy_for(supervised, n_samples=300)
    params = {"supervised": supervised, "batch_size": "auto"}
    auto = selector(max_iter="auto", **params).fit(X, y)
    assert_same_selection(selector(max_iter=auto.n_iter_, **params).fit(X, y), auto)


def test_auto_makes_one_epoch_of_a_call_of_partial_fit():
    X, _ = toy_for(False)
    auto, other = selector(max_iter="auto"), selector(max_iter=1)
    for n in (1, 2):
        assert auto.partial_fit(X).n_iter_ == n
        assert_same_selection(auto, other.partial_fit(X))


def test_by_default_training_goes_on_to_its_end():
    X, _ = toy_for(False, n_samples=300)
    model = QuickSelection(2, hidden_layer_sizes=(20,), random_state=0, tol=1e9)
    assert model.fit(X).n_iter_ == 60


def test_static_topology_stays_as_it_was_drawn():
    X, _ = toy_for(False)
    params = {"method": "static", "density": 0.3}
    model = selector(**params).partial_fit(X)
    drawn = [(W.indptr.copy(), W.indices.copy()) for W in model.coefs_]
    for W, (indptr, indices) in zip(model.partial_fit(X).coefs_, drawn, strict=True):
        np.testing.assert_array_equal(W.indptr, indptr)
        np.testing.assert_array_equal(W.indices, indices)
    assert selector(**params).fit(X).nnz_ == model.nnz_
