"""`StableSelection`: what is chosen again and again, its bound, and bad input."""

import pickle
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from estimators.cases import brief, fingerprint, impatient, nothing_changes, refused
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import (
    RFE,
    SelectFromModel,
    SelectKBest,
    VarianceThreshold,
    f_classif,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

import skset
from skset import QuickSelection, StableSelection
from skset.estimators._error_bounds import false_selections, tail
from skset.estimators._resample_choices import prototype
from skset.estimators._resamples import complementary, drawn_resamples
from skset.metrics import selection_stability

pytestmark = [
    impatient,
    brief,
    pytest.mark.filterwarnings("ignore:n_features_to_select=:UserWarning"),
    pytest.mark.filterwarnings("ignore:No features were selected:UserWarning"),
]


def quick(n=3, **params):
    """Return a selector that is fitted in milliseconds."""
    params = {"hidden_layer_sizes": (8,), "max_iter": 3, "batch_size": "auto", **params}
    return QuickSelection(n, **params)


def stable(estimator=None, **params):
    """Return a stable selection of few resamples."""
    estimator = quick() if estimator is None else estimator
    return StableSelection(estimator, **{"n_resamples": 4, "random_state": 0, **params})


def table(n_samples=60, n_features=30, n_true=3):
    """Return rows of two classes that differ in the first columns."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((n_samples, n_features)), np.arange(n_samples) % 2
    X[:, :n_true] += 2 * y[:, None]
    return X, y


class Recorder(SelectKBest):
    """A selector that remembers what it was fitted on."""

    seen = []  # noqa: RUF012 (of all clones)

    def fit(self, X, y=None, sample_weight=None):
        self.seen.append((X.copy(), None if y is None else np.array(y), sample_weight))
        return super().fit(X, y)


@pytest.fixture
def recorder(monkeypatch):
    monkeypatch.setattr(Recorder, "seen", [])
    return Recorder(k=3)


# scikit-learn's contract.


RANDOM = "resamples depend on the number of rows"
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": RANDOM,
    "check_sample_weight_equivalence_on_sparse_data": RANDOM,
}


@parametrize_with_checks(
    # With a selector whose `fit` takes weights; others are refused theirs.
    [stable(n_resamples=2), stable(n_resamples=2, n_features_per_resample="auto")],
    expected_failed_checks=lambda selector: EXPECTED_FAILURES,
)
def test_it_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings(
    "ignore:X (does not have valid|has) feature names:UserWarning"
)
@pytest.mark.parametrize(
    "check",
    [
        "check_dataframe_column_names_consistency",
        "check_transformer_get_feature_names_out",
        "check_transformer_get_feature_names_out_pandas",
        "check_set_output_transform",
        "check_set_output_transform_pandas",
        "check_global_output_transform_pandas",
        "check_param_validation",
        "check_inplace_ensure_writeable",
    ],
)
def test_it_passes_the_checks_that_must_be_called_by_name(check):
    getattr(estimator_checks, check)("StableSelection", stable(n_resamples=2))


@pytest.mark.filterwarnings("ignore:Features .* constant:UserWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_in_a_pipeline_and_a_search():
    X, y = load_digits(return_X_y=True)
    X, y = X[:200] / 16, y[:200]
    model = make_pipeline(stable(SelectKBest(k=20)), LogisticRegression(max_iter=2000))
    search = GridSearchCV(model, {"stableselection__threshold": [0.6, 1.0]}, cv=2)
    search.fit(X, y)
    assert search.best_score_ > 0.6
    assert search.best_estimator_[0].n_features_to_select_ > 5


# What is chosen.


def test_the_selection_is_what_most_resamples_choose():
    X, y = table()
    model = stable(SelectKBest(k=5), n_resamples=20, threshold=0.7).fit(X, y)
    assert model.selections_.shape == (20, 30)
    assert model.selections_.dtype == bool
    assert (model.selections_.sum(axis=1) == 5).all()
    frequencies = np.mean(model.selections_, axis=0)
    np.testing.assert_array_equal(model.selection_frequencies_, frequencies)
    np.testing.assert_array_equal(model.get_support(), frequencies >= 0.7)
    assert list(model.get_support(indices=True)[:3]) == [0, 1, 2]
    assert model.n_features_to_select_ == model.get_support().sum()
    assert model.stability_ == selection_stability(model.selections_)
    assert model.error_bound_ == false_selections(5, 30, 0.7, 10, "r-concave")
    np.testing.assert_array_equal(
        model.ranking_.argsort(), np.argsort(-frequencies, kind="stable")
    )
    np.testing.assert_array_equal(model.transform(X), X[:, model.support_])


def test_a_frequency_that_is_the_threshold_is_enough():
    X, y = table()
    model = stable(SelectKBest(k=5), n_resamples=10).fit(X, y)
    for threshold in (0.6, 0.7, 0.9, 1.0):
        other = clone(model).set_params(threshold=threshold).fit(X, y)
        wanted = model.selections_.sum(axis=0) >= round(10 * threshold)
        np.testing.assert_array_equal(other.support_, wanted)


@pytest.mark.parametrize(
    "estimator",
    [
        VarianceThreshold(0.9),
        SelectFromModel(LogisticRegression()),
        RFE(LogisticRegression(), n_features_to_select=4, step=0.3),
        SelectKBest(k=4),
        quick(4),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_any_selector_will_do(estimator):
    X, y = table()
    model = stable(estimator).fit(X, y)
    assert model.selections_.any()
    assert not model.selections_.all()


def test_without_an_estimator_the_bound_chooses_the_number():
    X, y = table()
    model = StableSelection(n_resamples=4, random_state=0).fit(X, y)
    per_resample = model.selections_.sum(axis=1)
    assert (per_resample == per_resample[0]).all()
    bounds = [
        false_selections(q, 30, 0.6, 2, "r-concave") for q in per_resample[0] + [0, 1]
    ]
    assert bounds[0] <= 1 < bounds[1]
    assert model.error_bound_ == bounds[0]


def test_threshold_auto_is_the_least_that_reaches_the_bound():
    X, y = table()
    model = stable(
        SelectKBest(k=4), n_resamples=20, threshold="auto", max_false_selections=0.8
    ).fit(X, y)
    bounds = [
        false_selections(4, 30, model.threshold_ + shift, 10, "r-concave")
        for shift in (0, -1 / 20)
    ]
    assert bounds[0] <= 0.8 < bounds[1]
    assert model.error_bound_ == bounds[0]


def test_a_bound_that_no_threshold_reaches_is_told():
    X, y = table()
    model = stable(SelectKBest(k=25), threshold="auto")
    with pytest.warns(UserWarning, match="No threshold reaches max_false_selections="):
        model.fit(X, y)
    assert model.threshold_ == 1


def test_features_without_importance_are_never_chosen():
    """Their ranks are those of the order in X, the same in every resample."""
    X, y = table()
    X[:, 10:] = 0
    model = stable(quick(20)).fit(X, y)
    assert not model.selections_[:, 10:].any()
    assert model.selections_[:, :10].all()


def test_without_labels_and_with_numbers():
    X = table()[0]
    assert stable().fit(X).n_features_in_ == 30
    numbers = X[:, 0] + X[:, 1]
    model = stable(quick(2, max_iter=30), n_resamples=10).fit(X, numbers)
    assert list(model.get_support(indices=True)) == [0, 1]


def test_noise_is_hardly_ever_selected():
    """Less often than the bound says, which is one feature."""
    rng = np.random.default_rng(0)
    y, found = np.arange(50) % 2, []
    for _ in range(20):
        X = rng.standard_normal((50, 200))
        model = stable(SelectKBest(f_classif, k=6), n_resamples=20).fit(X, y)
        found.append(model.n_features_to_select_)
    assert model.error_bound_ < 1.1
    assert np.mean(found) <= model.error_bound_


# Resamples.


@pytest.mark.parametrize("labels", [None, np.repeat([0, 1, 2], [30, 11, 2])])
@pytest.mark.parametrize("n_each", [21, 10, 1])
def test_pairs_have_no_common_row_and_the_same_classes(labels, n_each):
    counts = np.zeros(43)
    for seed in range(300):
        rng = np.random.default_rng(seed)
        pair = complementary(43, n_each, labels, rng)
        assert [len(rows) for rows in pair] == [n_each, n_each]
        assert len(np.unique(np.concatenate(pair))) == 2 * n_each
        counts[np.concatenate(pair)] += 1
        if labels is not None:
            found = [np.bincount(labels[rows], minlength=3) for rows in pair]
            wanted = np.bincount(labels) * n_each / 43
            assert (np.abs(np.array(found) - wanted) <= 1.5).all()
    mean = 300 * 2 * n_each / 43
    assert (np.abs(counts - mean) <= 5 * np.sqrt(mean)).all()


def test_the_selector_sees_the_rows_of_its_resample(recorder):
    X, y = table()
    X[:, -1] = np.arange(60)
    weight = np.arange(60) + 1.0
    stable(recorder, n_resamples=6).fit(X, y, sample_weight=weight)
    assert len(Recorder.seen) == 6
    for pair in zip(Recorder.seen[::2], Recorder.seen[1::2], strict=True):
        rows = [part[0][:, -1].astype(int) for part in pair]
        np.testing.assert_array_equal(np.sort(np.concatenate(rows)), np.arange(60))
        for of, (_, labels, weights) in zip(rows, pair, strict=True):
            np.testing.assert_array_equal(labels, y[of])
            np.testing.assert_array_equal(weights, weight[of])
            assert labels.sum() == 15


def test_a_fraction_takes_fewer_rows(recorder):
    X, y = table()
    stable(recorder, sample_fraction=0.25).fit(X, y)
    assert [len(X) for X, _, _ in Recorder.seen] == [15] * 4


def test_all_rows_decide_whether_numbers_are_classes():
    """A half may have so few different ones that they would be classes there."""
    learned = [
        prototype(quick(), y, False, None).supervised
        for y in (np.arange(60) % 25, np.arange(60) % 20, None)
    ]
    assert learned == ["regression", "classification", False]


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_the_result_does_not_depend_on_the_number_of_jobs(n_jobs):
    X, y = table()
    one, many = stable().fit(X, y), stable(n_jobs=n_jobs).fit(X, y)
    np.testing.assert_array_equal(one.selections_, many.selections_)
    assert one.selections_.any()


def test_seeds_differ_between_resamples_and_agree_between_fits():
    X, y = table(n_true=0)
    model = stable(quick(2), n_resamples=8)
    first, again = model.fit(X, y).selections_, clone(model).fit(X, y).selections_
    np.testing.assert_array_equal(first, again)
    other = clone(model).set_params(random_state=1).fit(X, y).selections_
    assert (first != other).any()
    seeds, _ = drawn_resamples(0, None, 60, 30, 8)
    assert len(set(seeds)) == 8


def test_one_thread_for_each_selector_if_several_are_fitted_at_once():
    assert prototype(quick(n_jobs=2), None, False, 2).n_jobs == 1
    assert prototype(quick(n_jobs=2), None, False, None).n_jobs == 2


# Input.


def test_frames_and_sparse_tables_give_the_same():
    X, y = table()
    X[X < 0] = 0
    dense = stable().fit(X, y)
    frame = pd.DataFrame(X, columns=[f"gene{k}" for k in range(30)])
    named = stable().fit(frame, pd.Series(y)).set_output(transform="pandas")
    np.testing.assert_array_equal(named.selections_, dense.selections_)
    chosen = [f"gene{k}" for k in dense.get_support(indices=True)]
    assert list(named.get_feature_names_out()) == chosen
    assert list(named.transform(frame).columns) == chosen
    for form in (sparse.csr_array, sparse.csc_matrix, sparse.coo_array):
        scarce = stable().fit(form(X), y)
        assert scarce.transform(form(X)).shape == (60, len(chosen))
        assert scarce.selections_.shape == dense.selections_.shape


def test_nothing_that_is_given_is_changed():
    X, y = table()
    weight = np.ones(60)
    with nothing_changes(X, y, weight):
        stable().fit(X, y, sample_weight=weight)
    estimator = quick()
    before = fingerprint(estimator)
    stable(estimator).fit(X, y)
    assert fingerprint(estimator) == before


def test_pickles_and_files(tmp_path):
    X, y = table()
    model = stable().fit(X, y)
    skset.save(model, tmp_path / "stable.npz")
    again = pickle.loads(pickle.dumps(model)), skset.load(tmp_path / "stable.npz")
    for copy in again:
        np.testing.assert_array_equal(copy.transform(X), model.transform(X))
    other = StableSelection(SelectKBest(k=2), n_resamples=4)
    with pytest.raises(ValueError, match=r"StableSelection\.estimator cannot be saved"):
        skset.save(other, tmp_path / "never.npz")


X, Y = table(40, 5, 1)
BROKEN = sparse.csr_array(X)
BROKEN.indices = BROKEN.indices + 3


@pytest.mark.parametrize(
    ("X", "y", "error", "match"),
    [
        (np.where(X > 2, np.nan, X), Y, ValueError, "NaN"),
        (np.where(X > 2, np.inf, X), Y, ValueError, "infinity"),
        (X, Y[:30], ValueError, "inconsistent numbers of samples"),
        (X[:, 0], Y, ValueError, "Expected 2D array"),
        (X[:1], Y[:1], ValueError, "1 sample"),
        (X[:, :0], Y, ValueError, r"0 feature\(s\)"),
        (X + 1j, Y, ValueError, "Complex data not supported"),
        (BROKEN, Y, ValueError, "ind(ices|ex)"),
        (X.astype("M8[s]"), Y, TypeError, "dtype"),
        (np.full((40, 2), "a"), Y, ValueError, "could not convert string to float"),
    ],
)
def test_bad_tables_are_refused_and_change_nothing(X, y, error, match):
    fitted = stable(quick(2)).fit(*table(40, 5, 1))
    for model in (stable(quick(2)), fitted):
        with refused(error, match, model):
            model.fit(X, y)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"n_resamples": 5}, "n_resamples must be even"),
        ({"n_resamples": 0}, "The 'n_resamples' parameter"),
        ({"threshold": 0.5}, "The 'threshold' parameter"),
        ({"threshold": True}, "The 'threshold' parameter"),
        ({"threshold": np.nan}, "The 'threshold' parameter"),
        ({"sample_fraction": 0.6}, "The 'sample_fraction' parameter"),
        ({"max_false_selections": 0}, "The 'max_false_selections' parameter"),
        ({"n_features_per_resample": 1.5}, "The 'n_features_per_resample' parameter"),
        ({"assumption": "unimodal"}, "The 'assumption' parameter"),
        ({"n_jobs": 0}, "The 'n_jobs' parameter"),
        ({"random_state": "x"}, "The 'random_state' parameter"),
        ({"estimator": LogisticRegression()}, "The 'estimator' parameter"),
        (
            {"threshold": "auto", "n_features_per_resample": "auto"},
            "Only one of threshold and n_features_per_resample",
        ),
        (
            {"estimator": SelectKBest(k=2), "n_features_per_resample": 2},
            "needs an estimator whose ranking_ ranks all features",
        ),
        (
            {"estimator": RFE(LogisticRegression()), "n_features_per_resample": "auto"},
            "needs an estimator whose ranking_ ranks all features",
        ),
    ],
)
def test_bad_parameters_are_refused(params, match):
    model = stable().set_params(**params)
    with refused(ValueError, match, model):
        model.fit(X, Y)


def test_bad_weights_are_refused():
    with pytest.raises(ValueError, match=r"SelectKBest.fit takes none"):
        stable(SelectKBest(k=2)).fit(X, Y, sample_weight=np.ones(40))
    with pytest.raises(ValueError, match="sample_weight"):
        stable().fit(X, Y, sample_weight=-np.ones(40))


def test_before_a_fit_and_after_one_that_chose_nothing():
    with pytest.raises(NotFittedError):
        stable().transform(X)
    with pytest.raises(NotFittedError):
        stable().get_support()
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((40, 300))
    model = stable(SelectKBest(k=1), n_resamples=10, threshold=1.0).fit(noise, Y)
    with pytest.warns(UserWarning, match="No features were selected"):
        assert model.transform(noise).shape == (40, 0)


# The bound.


def test_the_bound_by_hand():
    assert false_selections(10, 100, 0.75, 25, "none") == pytest.approx(100 / 100 / 0.5)
    assert false_selections(50, 60, 0.6, 25, "none") == pytest.approx(50 / 0.6)
    assert false_selections(0, 100, 0.6, 25, "r-concave") == 0


def test_the_bound_grows_with_the_number_and_falls_with_the_threshold():
    for assumption in ("r-concave", "none"):
        by_q = [false_selections(q, 500, 0.7, 25, assumption) for q in range(1, 40)]
        assert all(a < b for a, b in pairwise(by_q))
        thresholds = np.arange(26, 51) / 50
        by_t = [false_selections(20, 500, t, 25, assumption) for t in thresholds]
        assert all(a >= b for a, b in pairwise(by_t))
    assert false_selections(20, 500, 0.7, 25, "r-concave") < 0.5 * false_selections(
        20, 500, 0.7, 25, "none"
    )


@pytest.mark.parametrize("r", [-1 / 2, -1 / 4])
@pytest.mark.parametrize(("mean", "least", "n"), [(0.05, 12, 25), (0.1, 35, 50)])
def test_no_r_concave_distribution_has_a_greater_tail(mean, least, n, r):
    """f is r-concave if f ** r is convex: convex sequences of this mean are drawn."""
    rng, i, greatest = np.random.default_rng(0), np.arange(n + 1), 0.0
    bound = tail(mean, least, n, r)
    for _ in range(3000):
        knots = rng.integers(0, n, 3)
        heights = 10.0 ** rng.uniform(-3, 3, 3)
        bends = np.maximum(i[:, None] - knots, 0) @ heights
        start, end = 10.0 ** rng.uniform(-3, 2), rng.integers(least, n + 1)
        g = start + bends + 10.0 ** rng.uniform(-3, 2) * i
        f = np.where(i <= end, g ** (1 / r), 0)
        f /= f.sum()
        if f @ i <= mean * n:  # less mean, less tail
            greatest = max(greatest, f[least:].sum())
    assert 0.2 * bound < greatest <= bound


def test_the_bound_of_an_extremal_distribution_is_reached():
    """The weights (a + i) ** (1 / r) up to the end are r-concave themselves."""
    i = np.arange(26)
    for a in (0.05, 0.2, 1.0):
        f = (a + i) ** -2.0
        f /= f.sum()
        mean = f @ i / 25
        found = [tail(mean, least, 25, -1 / 2) for least in (10, 15, 25)]
        wanted = [f[least:].sum() for least in (10, 15, 25)]
        assert (np.array(found) >= np.array(wanted) - 1e-12).all()
        assert found[2] == pytest.approx(wanted[2], rel=1e-3)
