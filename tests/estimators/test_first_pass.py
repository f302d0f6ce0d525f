"""Facts of all rows, found part by part: the same as from all rows at once."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from estimators.cases import impatient, nothing_changes, selector, small, toy
from scipy import sparse

from skset.estimators import QuickSelection, SETClassifier, SETRegressor, SparseRBM
from skset.estimators import _number_facts as number_facts
from skset.estimators._first_pass import (
    facts_of,
    learned_from,
    merged,
    samples_of,
    weighed,
)
from skset.estimators._number_facts import NumberFacts

pytestmark = [
    impatient,
    pytest.mark.filterwarnings("ignore:The network took only:UserWarning"),
]
N = 60


def data(seed=0, n_features=4):
    rng = np.random.default_rng(seed)
    X = rng.normal(1e3, 1, (N, n_features))
    X[:, 1] = 7  # does not vary
    X[rng.random(N) < 0.7, 2] = 0
    return X, rng.integers(0, 3, N), rng.random(N) * 1e30


def parts_of(cuts, *arrays):
    for start, stop in zip([0, *cuts], [*cuts, N], strict=True):
        yield [None if a is None else a[start:stop] for a in arrays]


def facts_over(estimator, cuts, X, y=None, weight=None):
    parts = list(parts_of(cuts, X, y, weight))
    found = [facts_of(estimator, *p, name=f"part {i}") for i, p in enumerate(parts)]
    facts = merged(pickle.loads(pickle.dumps(found)))
    if facts.weighed is None:
        again = [weighed(estimator, facts, *part) for part in parts]
        facts = facts.with_weighed(pickle.loads(pickle.dumps(again)))
    return facts


def prepared(estimator, cuts, *arrays):
    """Return what a fit has before its network, from parts."""
    facts, twin = facts_over(estimator, cuts, *arrays), copy.copy(estimator)
    p = twin._read_parameters()
    learned_from(twin, p, facts)
    return twin, p, facts


def fitted(estimator, X, y=None, weight=None):
    return copy.copy(estimator).fit(X, y, weight)


CASES = {
    "classes": small(SETClassifier, temperature=1.0, alpha=0.1),
    "balanced": small(
        SETClassifier, class_weight="balanced", temperature=1.0, alpha=0.1
    ),
    "class weights": small(
        SETClassifier, class_weight={1: 5.0}, temperature=1.0, alpha=0.1
    ),
    "global": small(SETClassifier, standardize="global", temperature=1.0, alpha=0.1),
    "selector": selector(supervised="auto"),
    "weighed selector": selector(supervised=True, class_weight={0: 2.0}),
}


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_facts_of_parts_are_those_of_all_rows(name, weighted, form):
    X, y, weight = data()
    given = form(X), y, weight if weighted else None
    model = fitted(CASES[name], *given)
    for cuts, tolerance in (([], 0), ([1, 7, 40], 1e-9)):
        twin, _, facts = prepared(CASES[name], cuts, *given)
        assert twin._targets.classes.tolist() == [0, 1, 2]
        assert twin.n_features_in_ == 4
        assert twin.auto_params_ == model.auto_params_
        for of in ("shift", "factor"):
            ours, wanted = getattr(twin._scaling, of), getattr(model._scaling, of)
            np.testing.assert_allclose(ours, wanted, rtol=tolerance)
        assert facts.size == (N, N, 4)


@pytest.mark.parametrize("loss", ["squared_error", "huber", "absolute_error"])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_numbers_have_the_same_scale(loss, n_outputs):
    X, _, weight = data()
    weight[:5] = 0
    y = np.random.default_rng(1).standard_exponential((N, n_outputs)) * 1e3
    y = y[:, 0] if n_outputs == 1 else y
    estimator = small(SETRegressor, loss=loss)
    model = fitted(estimator, X, y, weight)
    for cuts, tolerance in (([], 0), ([3, 30], 1e-12)):
        twin, _, _ = prepared(estimator, cuts, X, y, weight)
        for of in ("mean", "scale"):
            ours, wanted = getattr(twin._targets, of), getattr(model._targets, of)
            np.testing.assert_allclose(ours, wanted, rtol=tolerance)


def test_visible_biases_are_the_same():
    X = np.random.default_rng(0).random((N, 5)).astype(np.float32).astype(float)
    weight = data()[2]
    model = fitted(SparseRBM(4, n_iter=1, random_state=0), X, None, weight)
    assert model.n_features_in_ == 5
    for cuts, tolerance in (([], 0), ([1, 20], 1e-12)):
        _, p, _ = prepared(SparseRBM(4, random_state=0), cuts, X, None, weight)
        _, wanted, _ = prepared(SparseRBM(4, random_state=0), [], X, None, weight)
        np.testing.assert_allclose(
            p.inputs.smoothed_means(float),
            wanted.inputs.smoothed_means(float),
            rtol=tolerance,
        )
        shares = weight / weight.sum()
        means = (N * shares @ X + 0.5) / (N + 1)
        np.testing.assert_allclose(p.inputs.smoothed_means(float), means, rtol=1e-12)


def test_the_facts_have_no_rows():
    X, y, weight = np.random.default_rng(0).random((3, 20_000)), None, None
    X = np.ascontiguousarray(X.T)
    y = (X[:, 0] > 0.5).astype(int)
    for estimator in (small(SETClassifier), selector(supervised="auto")):
        facts = facts_of(estimator, X, y, weight)
        assert len(pickle.dumps(facts)) < 10_000


def test_a_part_may_lack_a_class_or_all_weight():
    X, y, weight = data()
    order = np.argsort(y, kind="stable")
    X, y, weight = X[order], y[order], weight.copy()
    weight[:10] = 0
    cuts = [10, int((y == 0).sum())]
    for params in ({}, {"class_weight": "balanced"}, {"class_weight": {2: 0.5}}):
        twin, _, facts = prepared(small(SETClassifier, **params), cuts, X, y, weight)
        assert twin.classes_.tolist() == [0, 1, 2]
        assert facts.size == (N, N - 10, 4)
        model = fitted(small(SETClassifier, **params), X, y, weight)
        np.testing.assert_allclose(
            twin._scaling.factor, model._scaling.factor, rtol=1e-9
        )


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 3.0, 1: 0.25}])
def test_samples_of_parts_count_as_in_the_whole(class_weight):
    X, y, weight = data()
    estimator = small(SETClassifier, class_weight=class_weight)
    twin, p, facts = prepared(estimator, [20, 45], X, y, weight)
    whole = samples_of(twin, p, facts, X, y, weight)
    rows = np.arange(N)[:, None]
    wanted, _ = whole.weights_of_steps(rows)
    found = []
    for part in parts_of([20, 45], X, y, weight):
        samples = samples_of(twin, p, facts, *part)
        found.append(samples.weights_of_steps(np.arange(len(part[0]))[:, None])[0])
    np.testing.assert_allclose(np.concatenate(found), wanted, rtol=1e-6)
    model = fitted(estimator.set_params(batch_size=N, shuffle=False), X, y, weight)
    own = model._targets.combined_weight(y, weight)
    np.testing.assert_allclose(wanted[:, 0], own / own.mean(), rtol=1e-6)


def test_weights_of_all_sizes_can_be_added():
    X, y, _ = data()
    for unit in (1e-300, 1.0, 1e300):
        weight = np.linspace(1, 2, N) * unit
        weight[30:] *= 1e-8
        twin, _, _ = prepared(small(SETClassifier), [30], X, y, weight)
        model = fitted(small(SETClassifier), X, y, weight)
        np.testing.assert_allclose(
            twin._scaling.factor, model._scaling.factor, rtol=1e-9
        )


# What y is.


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (np.arange(N) % 3, "classification"),
        (np.arange(N) % 30, "regression"),  # 15 in each half
        (np.arange(N) / 7, "regression"),
        (np.r_[np.zeros(30), np.linspace(0, 1, 30)], "regression"),
        (np.array(["a", "b"] * 30), "classification"),
        (np.arange(2 * N).reshape(N, 2) % 2, "classification"),
        (np.r_[np.zeros((30, 2)), np.full((30, 2), 0.5)], "regression"),
        (None, False),
    ],
)
def test_a_selector_finds_out_what_y_is(y, kind):
    X = data()[0]
    twin, _, facts = prepared(selector(supervised="auto"), [30], X, y)
    assert facts.supervision == kind
    assert twin.supervised_ == kind
    assert fitted(selector(supervised="auto"), X, y).supervised_ == kind
    np.testing.assert_array_equal(twin._ranking.low, X.min(axis=0))
    np.testing.assert_array_equal(twin._ranking.high, X.max(axis=0))


def test_few_rows_with_many_classes_give_no_warning():
    X, y = data()[0], np.arange(N) % 25
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepared(small(SETClassifier), [22], X, y)


def test_a_category_is_a_class_in_all_parts():
    X, y = data()[0], pd.Series(np.arange(N) % 40).astype("category")
    estimator = selector(supervised="auto")
    found = [facts_of(estimator, X[:30], y[:30]), facts_of(estimator, X[30:], y[30:])]
    assert merged(found).supervision == "classification"


# Quantiles.


def test_quantiles_of_many_rows_are_near(monkeypatch):
    monkeypatch.setattr(number_facts, "MOST_POINTS", 2000)
    monkeypatch.setattr(number_facts, "FEWER_POINTS", 500)
    rng = np.random.default_rng(0)
    y, weight = rng.standard_normal(100_000), rng.random(100_000)
    facts = None
    for start in range(0, y.size, 1500):
        some = slice(start, start + 1500)
        part = NumberFacts.of(y[some], weight[some], 0, True)
        facts = part if facts is None else NumberFacts.merged([facts, part], "ab")
    assert facts.points[0][0].size <= 2000
    shares = np.array([0.25, 0.5, 0.75])
    found = np.array(facts.quantiles(shares)) * facts.largest
    places = [weight[y <= value].sum() / weight.sum() for value in found]
    np.testing.assert_allclose(places, shares, atol=0.01)


def test_numbers_of_one_part_only_have_weight():
    y = np.arange(10.0)
    none = NumberFacts.of(y, np.zeros(10), 0, True)
    some = NumberFacts.of(y, np.ones(10), 0, True)
    joined = NumberFacts.merged([none, some, none], ["a", "b", "c"])
    assert joined.mean == some.mean
    assert joined.n_rows == 10


# Parts that do not fit together.


def bad_parts():
    X, y, weight = data()
    halves = X[:30], X[30:]
    frames = [pd.DataFrame(half, columns=list("abcd")) for half in halves]
    other = frames[1].rename(columns={"d": "e"})
    good = X[:30], y[:30]
    two = np.tile([[0, 1]], (30, 1))
    classifier, regressor = small(SETClassifier), small(SETRegressor)
    return {
        "width": (
            classifier,
            good,
            (X[30:, :3], y[30:]),
            "B has 3 features, but A",
        ),
        "names": (
            classifier,
            (frames[0], y[:30]),
            (other, y[30:]),
            "B has other",
        ),
        "no names": (classifier, (frames[0], y[:30]), (X[30:], y[30:]), "B has other"),
        "weights": (classifier, good, (*good, weight[:30]), "B has a sample_weight"),
        "kinds": (
            classifier,
            good,
            (X[30:], ["a"] * 30),
            "A are numbers, those of B",
        ),
        "multilabel": (classifier, good, (X[30:], two), "B is a multilabel"),
        "columns": (
            classifier,
            (X[:30], two),
            (X[30:], two[:, [0, 1, 1]]),
            "B has 3",
        ),
        "outputs": (regressor, good, (X[30:], two), "B has 2 outputs, but that of A"),
        "y": (
            selector(supervised="auto"),
            (X[:30], np.linspace(0, 1, 30)),
            (X[30:], ["a"] * 30),
            "y of B has labels",
        ),
        "no y": (selector(supervised="auto"), good, (X[30:],), "y of B has nothing"),
        "gaps": (classifier, good, (np.full((5, 4), np.nan), y[:5]), "^B: Input X con"),
        "empty": (classifier, good, (X[:0], y[:0]), "^B: Found array with 0 sample"),
        "lengths": (classifier, good, (X[30:], y[31:]), "^B: Found input variables"),
        "negative": (SparseRBM(), (X[:30] / 1e6,), (-X[:30],), "^B: Negative values"),
        "dates": (
            regressor,
            good,
            (X[30:], pd.date_range("2020", periods=30)),
            "^B: Input y has dtype",
        ),
    }


@pytest.mark.parametrize("case", bad_parts())
def test_errors_name_the_part(case):
    estimator, *parts, match = bad_parts()[case]
    with (
        nothing_changes(estimator),
        pytest.raises((ValueError, TypeError), match=match),
    ):
        merged([facts_of(estimator, *p, name=n) for p, n in zip(parts, "AB", strict=1)])


@pytest.mark.parametrize(
    ("params", "weight", "match"),
    [
        ({}, 0.0, "sample_weight must have at least one"),
        ({"class_weight": {0: 0, 1: 0, 2: 0}}, 1.0, "class_weight, multiplied"),
        ({"class_weight": {7: 1.0}}, 1.0, r"class_weight names \['7'\]"),
    ],
)
def test_all_parts_together_are_checked(params, weight, match):
    X, y, _ = data()
    with pytest.raises(ValueError, match=match):
        prepared(small(SETClassifier, **params), [30], X, y, np.full(N, weight))


def test_a_later_class_is_refused():
    X, y, _ = data()
    twin, p, facts = prepared(small(SETClassifier), [30], X, y)
    with pytest.raises(ValueError, match=r"here: `y` has classes not in.*\[9\]"):
        samples_of(twin, p, facts, X, np.full(N, 9), caller="here")


def test_the_estimator_is_not_changed():
    X, y = toy(SETClassifier)
    for model in (small(SETClassifier), small(SETClassifier).fit(X, y)):
        with nothing_changes(model):
            facts_of(model, X[:, :3], 1 - y)
    model = QuickSelection(2, random_state=0)
    with nothing_changes(model):
        facts_of(model, X, y)
