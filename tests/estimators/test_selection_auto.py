"""`n_features_to_select="auto"`: the number of features, found out in `fit`."""

import pickle

import numpy as np
import pytest
from estimators.cases import assert_same_selection, impatient, refused, selector
from scipy import sparse
from sklearn.base import clone

from skset import StableSelection
from skset.estimators import _number_of_features
from skset.estimators._number_of_features import least_number, numbers_tried
from skset.estimators._warnings import INTERRUPTED, warn

pytestmark = impatient

N_TRUE = 3
TRUE = list(range(N_TRUE))


def data(n_samples=80, n_features=12, shift=2.0):
    """Return rows of two classes that differ in the first three features."""
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((n_samples, n_features)), np.arange(n_samples) % 2
    X[:, :N_TRUE] += shift * y[:, None]
    return X, y


def auto(**params):
    return selector("auto", **{"supervised": "auto", **params})


def chosen(model):
    return np.flatnonzero(model.support_).tolist()


# The rule.


@pytest.mark.parametrize(
    ("n", "numbers"),
    [
        (1, [1]),
        (5, [1, 2, 3, 4, 5]),
        (30, [1, 2, 3, 4, 6, 8, 11, 16, 23, 30]),
    ],
)
def test_numbers_tried_grow_by_the_root_of_two(n, numbers):
    assert numbers_tried(n) == numbers


def test_at_most_a_thousand_features_are_tried():
    assert numbers_tried(50_000)[-1] == numbers_tried(1000)[-1] == 1000


def test_least_number_within_one_standard_error_by_hand():
    """Against row 2, row 1 loses 1 and 1 and gains 1 in 16: mean 1/16, error .11."""
    losses = np.zeros((3, 16))
    losses[0, :8] = 1
    losses[1, :2], losses[2, 2] = 1, 1
    weight = np.ones(16)
    assert least_number(losses, weight) == 1
    losses[1, 3:5] = 1  # mean 3/16, error sqrt(4 + 1 - 9 / 16) / 16 = .13
    assert least_number(losses, weight) == 2


def test_equal_losses_give_the_least_number():
    assert least_number(np.ones((4, 10)), np.ones(10)) == 0


def test_rows_count_by_their_weights():
    losses, weight = np.zeros((2, 16)), np.ones(16)
    losses[0, :2], losses[1, 2] = 1, 1
    assert least_number(losses, weight) == 0
    weight[2] = 0.01
    assert least_number(losses, weight) == 1


# What is chosen.


def test_true_features_of_two_classes_are_found():
    X, y = data()
    model = auto().fit(X, y)
    assert model.n_features_to_select_ == model.support_.sum() <= N_TRUE + 1
    assert chosen(model)[0] in TRUE
    assert model.transform(X).shape == (80, model.n_features_to_select_)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_numbers_need_all_features_that_they_are_made_of(n_outputs):
    X, _ = data(shift=0)
    y = X[:, :2] @ [[1.0, 1.0], [1.0, -1.0]]
    model = auto(max_iter=40).fit(X, y[:, 0] if n_outputs == 1 else y)
    assert model.supervised_ == "regression"
    assert chosen(model) == [0, 1]


def test_several_labels_for_each_sample():
    X, _ = data(shift=0)
    model = auto(max_iter=40).fit(X, (X[:, :2] > 0).astype(int))
    assert chosen(model) == [0, 1]


def test_a_signal_of_two_features_together_is_found():
    """A linear judge would see nothing in it."""
    X, _ = data(200, 4, shift=0)
    model = auto(max_iter=60).fit(X, X[:, 0] * X[:, 1] > 0)
    assert {0, 1} <= set(chosen(model))


def test_features_that_tell_nothing_leave_few():
    X, y = data(shift=0)
    assert auto().fit(X, y).n_features_to_select_ < 12


def test_the_ranking_is_that_of_a_fixed_number():
    X, y = data()
    model = auto().fit(X, y)
    assert_same_selection(model, selector(2, supervised="auto").fit(X, y))
    legacy = selector(2, supervised="auto")
    for each in (legacy, model):
        each.set_params(random_state=np.random.RandomState(3)).fit(X, y)
    assert_same_selection(model, legacy)


def test_no_row_ranks_the_features_by_which_it_is_judged(monkeypatch):
    X, y = data()
    X[:, -1] = np.arange(80)  # the row's number
    ranked, judged = [], []
    order, tables = _number_of_features._order, _number_of_features._standardised

    def noted_order(selector, p, rows, seed):
        ranked.append(set(rows[0][:, -1]))
        return order(selector, p, rows, seed)

    def noted_tables(X, X_test, columns):
        judged.append((set(X[:, -1]), set(X_test[:, -1])))
        return tables(X, X_test, columns)

    monkeypatch.setattr(_number_of_features, "_order", noted_order)
    monkeypatch.setattr(_number_of_features, "_standardised", noted_tables)
    auto().fit(X, y)
    assert len(ranked) == len(judged) == 5
    for rows, (learned, tested) in zip(ranked, judged, strict=True):
        assert learned <= rows
        assert not tested & rows
    assert set.union(*(tested for _, tested in judged)) == set(range(80))


# Input.


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_same_seed_finds_the_same_number(n_jobs):
    X, y = data(shift=0.7)
    one, other = (auto(n_jobs=n).fit(X, y) for n in (None, n_jobs))
    assert_same_selection(one, other)
    assert one.n_features_to_select_ == other.n_features_to_select_


def test_sparse_x_finds_the_number_of_dense_x():
    X, y = data()
    X[np.abs(X) < 0.5] = 0
    dense, other = auto().fit(X, y), auto().fit(sparse.csr_array(X), y)
    assert dense.n_features_to_select_ == other.n_features_to_select_


def test_rows_without_weight_do_not_count():
    X, y = data()
    more = np.concatenate([X, -X]), np.concatenate([y, y])
    weight = np.repeat([2.0, 0.0], 80)
    expected = auto(max_iter=60, batch_size=80).fit(X, y)
    model = auto(max_iter=60, batch_size=80).fit(*more, weight)
    assert model.n_features_to_select_ == expected.n_features_to_select_


def test_weights_decide_which_rows_the_number_is_for():
    """One feature tells all in heavy rows, in light ones three have to be added up."""
    X, _ = data(160, shift=0)
    y = (X[:, :N_TRUE].sum(axis=1) > 0).astype(int)
    y[::2] = X[::2, 0] > 0
    heavy = np.where(np.arange(160) % 2, 1e-6, 1.0)
    model = auto(max_iter=20).fit(X, y, heavy)
    assert chosen(model) == [0]
    assert auto(max_iter=20).fit(X, y, 1 - heavy).n_features_to_select_ > 1


def test_strings_and_rare_classes():
    X, y = data()
    labels = np.where(y, "yes", "no").astype(object)
    labels[0] = "once"
    model = auto().fit(X, labels)
    assert 1 <= model.n_features_to_select_ <= 12


def test_one_class_and_one_row_keep_one_feature():
    X, y = data()
    assert auto().fit(X, 0 * y).n_features_to_select_ == 1
    assert auto(max_iter=60, batch_size=1).fit(X[:1], [1.5]).n_features_to_select_ == 1


def test_early_stopping_sets_rows_aside_before():
    X, y = data()
    model = auto(early_stopping=True, validation_fraction=0.2).fit(X, y)
    assert 1 <= model.n_features_to_select_ <= 12


@pytest.mark.parametrize("supervised", [False, "auto"])
def test_without_y_it_is_refused(supervised):
    X, y = data()
    model = auto(supervised=supervised)
    with refused(ValueError, "n_features_to_select='auto' needs y", model, X):
        model.fit(X, None if supervised else y)


def test_an_interrupted_fold_ends_the_fit(monkeypatch):
    X, y = data()
    model, fit = auto(), type(auto()).fit

    def interrupted(self, *args):
        fitted = fit(self, *args)
        if self is not model:
            warn(INTERRUPTED)
        return fitted

    monkeypatch.setattr(type(model), "fit", interrupted)
    with refused(KeyboardInterrupt, None, model, X):
        model.fit(X, y)


# After the fit.


def test_numbers_may_be_set_and_auto_comes_back():
    X, y = data()
    model = auto().fit(X, y)
    found = model.n_features_to_select_
    for wanted, n in [(5, 5), (0.5, 6), ("all", 12), ("auto", found)]:
        model.set_params(n_features_to_select=wanted)
        assert model.support_.sum() == n


def test_auto_after_a_fit_with_a_number_is_an_error():
    X, y = data()
    model = selector(2, supervised="auto").fit(X, y)
    model.set_params(n_features_to_select="auto")
    for use in (lambda: model.support_, lambda: model.transform(X), model.get_support):
        with pytest.raises(ValueError, match=r"is found out by fit.*Call fit again"):
            use()
    assert model.fit(X, y).n_features_to_select_ >= 1


def test_partial_fit_refuses_auto_and_forgets_the_number():
    X, y = data()
    model = auto()
    with refused(ValueError, "partial_fit cannot find out the number", model, X):
        model.partial_fit(X, y)
    model.fit(X, y).set_params(n_features_to_select=4).partial_fit(X, y)
    model.set_params(n_features_to_select="auto")
    with pytest.raises(ValueError, match="is found out by fit"):
        model.transform(X)


def test_copies_know_the_number_and_clones_do_not():
    X, y = data()
    model = auto().fit(X, y)
    copied = pickle.loads(pickle.dumps(model))
    assert copied.n_features_to_select_ == model.n_features_to_select_
    assert not hasattr(clone(model), "n_features_to_select_")


def test_stable_selection_takes_a_selector_that_finds_its_number():
    X, y = data()
    model = StableSelection(auto(), n_resamples=4, random_state=0).fit(X, y)
    assert set(chosen(model)) <= set(range(12))
    assert model.selections_.any(axis=1).all()
