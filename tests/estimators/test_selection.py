"""What `QuickSelection` selects: features that tell of others or of y."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from estimators.cases import (
    IMPORTANCES,
    assert_same_network,
    assert_same_selection,
    brief,
    every_importance,
    every_ranking,
    every_supervised,
    impatient,
    selector,
    toy_for,
)
from scipy import sparse

from skset.estimators import QuickSelection

pytestmark = impatient


def trained(n_features_to_select, **params):
    """Return a selector that trains as long as by default."""
    defaults = {"hidden_layer_sizes": (50,), "random_state": 0}
    return QuickSelection(n_features_to_select, **{**defaults, **params})


def noise(n_samples, n_features):
    return np.random.default_rng(0).standard_normal((n_samples, n_features))


def three_factors():
    """Return 40 columns; 10 to 21 are four noisy copies of each of three factors."""
    X = noise(300, 40)
    X[:, 10:22] = np.repeat(noise(300, 3), 4, axis=1) + 0.3 * X[:, 10:22]
    return X


# It finds what there is to be found.


@pytest.mark.parametrize(
    ("importance", "epsilon"), [("coverage", 13), ("strength", 5), ("attribution", 13)]
)
def test_features_that_tell_of_others_are_found_without_labels(importance, epsilon):
    """Strength finds them while connections are too few to copy every feature."""
    model = trained(12, importance=importance, epsilon=epsilon).fit(three_factors())
    chosen = model.get_support(indices=True)
    assert len(set(chosen) & set(range(10, 22))) >= 8  # by chance 3.6


def test_coverage_takes_one_feature_of_each_factor_first():
    chosen = trained(3).fit(three_factors()).get_support(True)
    assert set((chosen - 10) // 4) == {0, 1, 2}


@pytest.mark.parametrize("importance", [*IMPORTANCES, "relevance"])
@pytest.mark.parametrize("supervised", ["classification", "regression"])
def test_features_that_tell_of_the_target_are_found_among_noise(importance, supervised):
    X = noise(300, 30)
    y = X[:, 3] - X[:, 8] + X[:, 15]
    if supervised == "classification":
        y = y > 0
    model = trained(3, importance=importance, supervised=supervised).fit(X, y)
    assert model.get_support(indices=True).tolist() == [3, 8, 15]


@every_importance
def test_features_that_matter_only_together_are_found(importance):
    X = noise(400, 10)
    y = X[:, 2] * X[:, 7] > 0
    model = trained(2, importance=importance, supervised=True, noise=0.2).fit(X, y)
    assert model.get_support(indices=True).tolist() == [2, 7]


def test_relevance_finds_few_features_among_very_many():
    """With 40 rows of 2,000 columns the network alone finds few of them."""
    X, y = noise(40, 2000), np.arange(40) % 2
    X[:, :10] += 1.5 * y[:, None]
    found = {
        kind: np.count_nonzero(
            trained(10, importance=kind, supervised=True).fit(X, y).support_[:10]
        )
        for kind in ("coverage", "relevance")
    }
    assert found["relevance"] >= max(6, found["coverage"])


def test_coverage_takes_one_of_each_pair_before_second_copies():
    X = noise(400, 20)
    X[:, 5:10] = X[:, :5]
    model = trained(5, supervised="regression").fit(X, X[:, :5].sum(axis=1))
    chosen = model.get_support(indices=True)
    assert chosen.max() < 10
    assert sorted(chosen % 5) == [0, 1, 2, 3, 4]


# Importances and ranking.


@every_ranking
def test_ranking_orders_the_importances_which_are_shares(supervised, importance):
    X, y = toy_for(supervised, n_features=9)
    model = selector(supervised=supervised, importance=importance).fit(X, y)
    importances = model.feature_importances_
    assert importances.min() >= 0
    assert importances.sum() == pytest.approx(1)
    assert sorted(model.ranking_) == list(range(1, 10))
    np.testing.assert_array_equal(
        np.argsort(model.ranking_), np.argsort(-importances, kind="stable")
    )
    np.testing.assert_array_equal(model.support_, model.ranking_ <= 2)
    np.testing.assert_array_equal(model.transform(X), X[:, model.support_])


# The selection.


def test_selection_as_mask_indices_names_and_back_again():
    X, _ = toy_for(False)
    F = pd.DataFrame(X, columns=list("abcde"))
    model = selector(2).set_output(transform="pandas").fit(F)
    mask, indices = model.get_support(), model.get_support(indices=True)
    assert np.flatnonzero(mask).tolist() == indices.tolist()
    names = [list("abcde")[i] for i in indices]
    assert model.get_feature_names_out().tolist() == names
    assert model.transform(F).columns.tolist() == names
    back = model.inverse_transform(X[:, mask])
    np.testing.assert_array_equal(back, np.where(mask, X, 0))
    sparse_back = model.inverse_transform(sparse.csr_array(X[:, mask]))
    np.testing.assert_array_equal(sparse_back.toarray(), back)


# What is learned from, and how.


@every_supervised
def test_accumulated_strength_is_the_sum_over_the_epochs(supervised):
    X, y = toy_for(supervised)
    params = {"supervised": supervised, "importance": "strength"}
    total, last = selector(**params), selector(**params, accumulate=False)
    strengths = []
    for _ in range(3):
        total.partial_fit(X, y)
        last.partial_fit(X, y)
        strengths.append(abs(total.coefs_[0]).sum(axis=1) * total.input_scale_)
        for model, expected in [(total, sum(strengths)), (last, strengths[-1])]:
            np.testing.assert_allclose(
                model.feature_importances_, expected / expected.sum(), rtol=1e-5
            )


@every_supervised
def test_attribution_is_accumulated_unless_not_wanted(supervised):
    X, y = toy_for(supervised)
    params = {"supervised": supervised, "importance": "attribution"}
    total = selector(**params).fit(X, y)
    last = selector(**params, accumulate=False).fit(X, y)
    assert_same_network(total, last)
    assert not np.allclose(total.feature_importances_, last.feature_importances_)


@every_ranking
def test_history_has_a_row_for_each_epoch(supervised, importance):
    X, y = toy_for(supervised)
    X[:, 3] = 1.0
    params = {"supervised": supervised, "importance": importance}
    model = selector(**params, keep_history=True).fit(X, y)
    assert model.importances_history_.shape == (model.n_iter_, 5)
    np.testing.assert_allclose(model.importances_history_.sum(axis=1), 1)
    assert (model.importances_history_[:, 3] == 0).all()
    assert not hasattr(model.set_params(keep_history=False).fit(X, y), HISTORY)


HISTORY = "importances_history_"


@every_ranking
def test_keeping_the_history_does_not_change_the_result(supervised, importance):
    X, y = toy_for(supervised)
    params = {"supervised": supervised, "importance": importance}
    kept = selector(**params, keep_history=True).fit(X, y)
    assert_same_selection(kept, selector(**params).fit(X, y))


def test_history_grows_with_partial_fit():
    X, _ = toy_for(False)
    model = selector(keep_history=True)
    for n in (1, 2, 3):
        assert model.partial_fit(X).importances_history_.shape == (n, 5)
    assert not hasattr(model.set_params(keep_history=False).partial_fit(X), HISTORY)


def test_noise_changes_what_is_learned_and_may_stay_the_same_in_all_epochs():
    X, _ = toy_for(False)
    fits = {
        (scale, new): selector(noise=scale, resample_noise=new).fit(X)
        for scale, new in product([0, 0.5], [True, False])
    }
    assert_same_selection(fits[0, True], fits[0, False])
    for one, other in [((0, True), (0.5, True)), ((0.5, True), (0.5, False))]:
        with pytest.raises(AssertionError):
            assert_same_network(fits[one], fits[other])
    again = selector(noise=0.5, resample_noise=False).fit(X)
    assert_same_selection(fits[0.5, False], again)


# Labels, numbers or neither.


@every_importance
def test_without_supervision_y_is_ignored(importance):
    X, y = toy_for(False)
    model = selector(importance=importance).fit(X)
    assert not hasattr(model, "classes_")
    for ignored in (y, np.full(40, np.nan), "nonsense", y[:3]):
        again = selector(importance=importance).fit(X, ignored)
        assert_same_selection(again, model)


@pytest.mark.parametrize(
    ("y", "alike"),
    [
        (np.arange(40) % 3, "classification"),
        (np.array(["a", "b"] * 20), "classification"),
        (np.arange(40) % 2 == 0, "classification"),
        (np.linspace(0, 1, 40), "regression"),
        (np.linspace(0, 1, 80).reshape(40, 2), "regression"),
        (np.eye(2, dtype=int)[np.arange(40) % 2], "classification"),
    ],
    ids=["integers", "strings", "bools", "numbers", "2-D numbers", "multilabel"],
)
def test_supervision_takes_continuous_y_for_numbers_and_other_for_classes(y, alike):
    X, _ = toy_for(False)
    model = selector(supervised=True).fit(X, y)
    assert_same_selection(model, selector(supervised=alike).fit(X, y))
    assert hasattr(model, "classes_") == (alike == "classification")


def test_whole_numbers_may_be_learned_as_numbers():
    X, _ = toy_for(False)
    y = np.arange(40) % 3
    classes = selector(supervised=True).fit(X, y)
    numbers = selector(supervised="regression").fit(X, y)
    assert classes.classes_.tolist() == [0, 1, 2]
    assert [model.coefs_[-1].shape[1] for model in (classes, numbers)] == [3, 1]


def test_fit_forgets_the_classes_of_an_earlier_fit():
    X, y = toy_for("classification")
    model = selector(supervised=True).fit(X, y).set_params(supervised=False).fit(X)
    assert not hasattr(model, "classes_")
    assert_same_selection(model, selector().fit(X))


@every_importance
def test_scale_of_the_numbers_does_not_matter(importance):
    X, y = toy_for("regression")
    params = {"supervised": True, "importance": importance, "dtype": "float64"}
    one, other = (selector(**params).fit(X, z) for z in (y, 1000 * y + 5))
    importances = one.feature_importances_, other.feature_importances_
    np.testing.assert_allclose(*importances, rtol=1e-6)


@pytest.mark.parametrize("weight", [{0: 1.0, 1: 5.0}, "balanced"], ids=str)
def test_class_weight_is_the_weight_of_its_samples(weight):
    X, y = toy_for("classification")
    y[:12] = 0
    each = [1.0, 5.0] if isinstance(weight, dict) else 20 / np.bincount(y)
    by_class = selector(supervised=True, class_weight=weight, dtype="float64")
    by_sample = selector(supervised=True, dtype="float64")
    by_class.fit(X, y)
    by_sample.fit(X, y, sample_weight=np.asarray(each)[y])
    assert_same_selection(by_class, by_sample)


@brief
@every_supervised
def test_early_stopping_returns_the_best_network(supervised):
    X, y = toy_for(supervised)
    params = {"supervised": supervised, "learning_rate_init": 0.1}
    params |= {"early_stopping": True, "learning_rate": "constant"}
    model = selector(**params, max_iter=60, n_iter_no_change=3).fit(X, y)
    scores = model.validation_scores_
    assert len(scores) == model.n_iter_ < 60
    assert model.best_validation_score_ == max(scores) > scores[-1]
    short = selector(**params, max_iter=int(np.argmax(scores)) + 1).fit(X, y)
    assert_same_network(short, model)


def test_too_few_steps_are_warned_of():
    X, _ = toy_for(False)
    with pytest.warns(UserWarning, match="took only 48 training steps"):
        selector(max_iter=12).fit(X)  # 13 would make 52, as in all other tests


def test_network_that_has_died_is_warned_of():
    """The features are then ranked by their order."""
    X, y = toy_for("regression")
    params = {"hidden_layer_sizes": (20, 20), "learning_rate_init": 1.0, "alpha": 0.0}
    params |= {"dtype": "float64", "random_state": 4, "standardize": False}
    model = selector(supervised="regression", **params)
    with pytest.warns(UserWarning, match="All importances are 0"):
        model.fit(1e8 * X, y)
    np.testing.assert_array_equal(model.ranking_, range(1, 6))


@pytest.mark.parametrize("name", ["coefs_", "intercepts_"])
def test_weights_of_a_selector_cannot_be_assigned(name):
    """Its importances are those of the network that was trained."""
    model = selector().fit(toy_for(False)[0])
    ranking = model.ranking_
    with pytest.raises(AttributeError, match="the ranking is not of them"):
        setattr(model, name, getattr(model, name))
    np.testing.assert_array_equal(model.ranking_, ranking)
